import assert from 'node:assert/strict'
import { stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { status, verb } from '../support/verb.ts'

const toml = `[workers.api]
app = "trouble:app"
[workers.files]
root = "public"
mount = "/files"
[workers.queue]
kind = "process"
command = ["sh", "-c", "echo waiting for work; exec sleep 1000"]
required = false
`
const files = { 'trouble.py': app('trouble.py'), 'public/a.txt': 'a' }

test('the verbs against a running gateway', async (t) => {
  const running = await (await gateway(t, { toml, files })).ready()

  await t.test('status --json says what the gateway is and what every worker does', async () => {
    const { gateway: own, workers } = await status(running)
    assert.equal(own.pid, running.pid)
    assert.equal(own.url, running.url)
    assert.equal(own.state, 'ready')
    assert.equal(own.instance, join(running.directory, 'fluxlit.toml'))
    assert.deepEqual(own.config, ['fluxlit.toml'])
    assert.match(own.version, /^\d+\.\d+\.\d+/)
    assert.equal(new Date(own.started_at).toISOString(), own.started_at)
    assert.deepEqual(Object.keys(workers), ['api', 'files', 'queue'])

    const { api, files: statics, queue } = workers
    const { pid } = json<{ pid: number }>((await ask(`${running.url}/api/`)).body)
    assert.deepEqual(
      { ...api, since: '', address: '', last_lines: [], history: [], traffic: null, memory_bytes: null },
      {
        kind: 'uvicorn',
        state: 'ready',
        since: '',
        reason: null,
        generation: 1,
        pid,
        address: '',
        spawned: true,
        required: true,
        mount: '/api',
        restarts: 0,
        deaths: [],
        history: [],
        last_lines: [],
        in_flight: 0,
        websockets: 0,
        traffic: null,
        memory_bytes: null,
        sessions_lost: 0,
        maintenance: null,
      },
    )
    assert.match(api?.address ?? '', /^unix:\//)
    assert.ok((api?.last_lines.length ?? 0) > 0)
    assert.deepEqual(
      api?.history.map(({ state, generation }) => [state, generation]),
      [
        ['starting', 1],
        ['ready', 1],
      ],
    )
    assert.deepEqual([statics?.kind, statics?.spawned, statics?.pid], ['static', false, null])
    assert.deepEqual([queue?.kind, queue?.mount, queue?.required], ['process', null, false])
    assert.deepEqual(queue?.last_lines, ['waiting for work'])
  })

  await t.test('status for people names every worker', async () => {
    const { code, stdout } = await verb(running, 'status')
    assert.equal(code, 0)
    for (const word of ['api', 'files', 'queue', 'ready', String(running.pid)])
      assert.ok(stdout.includes(word), stdout)
  })

  await t.test('only this account reaches the control socket', async () => {
    const address = (await status(running)).workers['api']?.address ?? ''
    const socket = join(dirname(address.replace('unix:', '')), 'control.sock')
    assert.equal((await stat(socket)).mode & 0o777, 0o600)
    assert.equal((await stat(dirname(socket))).mode & 0o777, 0o700)
  })

  await t.test(
    'an unknown worker is exit 2, with the name that was meant, and nothing is restarted',
    async () => {
      const { code, stderr } = await verb(running, 'restart', 'apj')
      assert.equal(code, 2)
      assert.match(stderr, /^error\[unknown_worker\]: .*apj/m)
      assert.match(stderr, /hint: did you mean `api`/)
      assert.equal((await status(running)).workers['api']?.restarts, 0)
    },
  )

  await t.test('healthcheck is 0 while it is ready, over the socket and over the network', async () => {
    assert.equal((await verb(running, 'healthcheck')).code, 0)
    assert.equal((await verb(running, 'healthcheck', '--url', running.url)).code, 0)
  })

  await t.test('40: SIGUSR2 writes the same into the log', async () => {
    running.signal('SIGUSR2')
    const line = await running.record('the state', ({ msg }) => msg === 'state')
    const said = json<Awaited<ReturnType<typeof status>>>(JSON.stringify(line['status']))
    assert.equal(said.gateway.pid, running.pid)
    assert.deepEqual(Object.keys(said.workers), ['api', 'files', 'queue'])
  })

  await t.test(
    'drain: not ready for load balancers and health checks, and everything is served',
    async () => {
      const { code, stdout } = await verb(running, 'drain')
      assert.equal(code, 0)
      assert.match(stdout, /draining/)
      const ready = await ask(`${running.url}/__fluxlit/readyz`)
      assert.deepEqual([ready.status, json<{ status: string }>(ready.body).status], [503, 'draining'])
      assert.equal((await ask(`${running.url}/__fluxlit/livez`)).status, 200)
      assert.equal((await ask(`${running.url}/api/`)).status, 200)
      assert.equal((await ask(`${running.url}/files/a.txt`)).status, 200)
      assert.equal((await status(running)).gateway.state, 'draining')
      const check = await verb(running, 'healthcheck')
      assert.equal(check.code, 1)
      assert.match(check.stdout, /not ready: draining/)
      assert.equal((await verb(running, 'healthcheck', '--url', running.url)).code, 1)
    },
  )

  await t.test('stop waits until the process has gone, and leaves nothing', async () => {
    const { code, stdout } = await verb(running, 'stop')
    assert.equal(code, 0)
    assert.match(stdout, /stopped/)
    assert.equal((await running.exited).code, 0, running.output)
    assert.deepEqual(running.processes(), [])
    const check = await verb(running, 'healthcheck')
    assert.equal(check.code, 1)
    assert.match(check.stdout, /not ready/)
  })
})

test('a gateway whose worker still starts is not healthy, and says which one it waits for', async (t) => {
  const slow = 'import time\nfrom pathlib import Path\nwhile not Path("go").exists():\n    time.sleep(0.02)\n'
  const running = await gateway(t, {
    toml: '[workers.api]\napp = "trouble:app"\n',
    files: { 'trouble.py': slow + app('trouble.py') },
  })
  const check = await eventually('the worker is being started', async () => {
    const asked = await verb(running, 'healthcheck')
    return asked.stdout.includes('starting') ? asked : undefined
  })
  assert.equal(check.code, 1)
  assert.match(check.stdout, /not ready: api is starting/)
  await writeFile(join(running.directory, 'go'), '')
  await running.ready()
  assert.equal((await verb(running, 'healthcheck')).code, 0)
})

test('where no gateway runs, every verb says so and where it looked', async (t) => {
  const directory = await freshDirectory(t)
  for (const name of ['status', 'restart', 'reload', 'drain', 'stop']) {
    const { code, stderr } = await verb({ directory }, name)
    assert.equal(code, 1, name)
    assert.match(stderr, /^error\[no_gateway\]: /m, name)
  }
})

test('13: two gateways of one configuration are told apart by their process id', async (t) => {
  const one = await (await gateway(t, { toml, files })).ready()
  const two = await (await gateway(t, { cwd: one.directory })).ready()
  const both = await verb(one, 'status')
  assert.equal(both.code, 1)
  assert.match(both.stderr, /^error\[several_gateways\]: /m)
  assert.equal((await verb(one, 'stop', '--pid', String(two.pid))).code, 0)
  assert.equal((await two.exited).code, 0)
  assert.equal((await status(one)).gateway.pid, one.pid)
})
