import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app, apiOnly } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { nextPiece, open, read, responseTo } from '../support/http.ts'
import { load } from '../support/load.ts'

test('33: a stop under load completes what is in flight; nobody gets a broken answer', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  const slow = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const request = open(`${running.url}/api/until/go`)
      request.end()
      const response = await responseTo(request)
      assert.equal(await nextPiece(response), 'started\n')
      return response
    }),
  )
  const reads = load(t, { url: `${running.url}/api/`, lanes: 4, untilRefused: true })
  await reads.more(20)
  running.signal('SIGTERM')
  await reads.ended()
  await writeFile(join(running.directory, 'go'), '')
  for (const response of slow) assert.equal((await read(response)).body, 'finished\n')
  assert.equal((await running.exited).code, 0, running.output)
  // A connection the kernel had taken and the gateway had not is reset when the listener closes; nothing was answered.
  assert.deepEqual(
    reads.failed.filter((sent) => sent.status !== null || !/^ECONN(REFUSED|RESET)$/.test(sent.body)),
    [],
  )
})

test('33: during the drain delay a load notices nothing but the end', async (t) => {
  const toml = `${apiOnly.toml}\n[drain]\ndelay = "1s"\n`
  const running = await (await gateway(t, { ...apiOnly, toml })).ready()
  const reads = load(t, { url: `${running.url}/api/`, lanes: 2, untilRefused: true })
  await reads.more(5)
  running.signal('SIGTERM')
  await running.record('the stop', ({ msg }) => msg === 'stopping')
  await reads.more(5)
  await reads.ended()
  assert.deepEqual(
    reads.failed.filter((sent) => sent.status !== null || !/^ECONN(REFUSED|RESET)$/.test(sent.body)),
    [],
  )
  assert.equal((await running.exited).code, 0, running.output)
})

test('37: every socket, of the API and of Streamlit, is closed with 1012', async (t) => {
  const toml = `${apiOnly.toml}[workers.ui]\nscript = "headers.py"\n[drain]\ntimeout = "2s"\n`
  const files = { 'api.py': app('api.py'), 'headers.py': app('headers.py') }
  const running = await (await gateway(t, { toml, files })).ready()
  const sockets = [
    ...Array.from({ length: 8 }, () => new WebSocket(`${running.socketUrl}/api/echo`)),
    ...Array.from({ length: 8 }, () => new WebSocket(`${running.socketUrl}/_stcore/stream`, ['streamlit'])),
  ]
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  const codes = Promise.all(sockets.map(async (socket) => Number((await once(socket, 'close'))[0])))
  const { code } = await running.stop()
  assert.deepEqual([...new Set(await codes)], [1012])
  assert.equal(code, 0, running.output)
})

test('35: a worker that ignores SIGTERM is killed after its grace, which is a warning', async (t) => {
  const deaf = `trap '' TERM; while :; do sleep 1000; done`
  const toml = `[workers.deaf]
kind = "process"
command = ["sh", "-c", ${JSON.stringify(deaf)}]
stop_grace = "500ms"
`
  const running = await (await gateway(t, { toml })).ready()
  const { code } = await running.stop()
  assert.equal(code, 0, running.output)
  const warning = await running.record('the warning', ({ msg }) => /killed/.test(String(msg)))
  assert.equal(warning['worker'], 'deaf')
  assert.deepEqual(running.processes(), [])
})

test('36: what a worker started in a session of its own ends with the gateway too', async (t) => {
  const toml = `[workers.forking]
kind = "process"
command = ["sh", "-c", "setsid sleep 100000 & echo forked; exec sleep 100000"]
`
  const running = await (await gateway(t, { toml })).ready()
  await running.record('the fork', (record) => JSON.stringify(record).includes('forked'))
  assert.equal((await running.stop()).code, 0, running.output)
  assert.deepEqual(running.processes(), [])
})
