import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'

import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'

/** A request that waited would end the test by its time limit. */
const hold = '[timeouts]\nhold = "1h"\n'

test('a worker run elsewhere that has gone is 503 at once, and used again as soon as its probe says so', async (t) => {
  const path = join(await freshDirectory(t), 'web.sock')
  const server = await serve(t, path)
  const running = await (await gateway(t, { toml: worker(path, 'probe_failures = 1') + hold })).ready()
  assert.equal((await ask(`${running.url}/`)).body, 'here')
  await close(server)
  await running.record('the silence', ({ msg }) => msg === 'worker does not answer')
  await isDown(running)
  await serve(t, path)
  await becameReady(running, 2)
  assert.equal((await ask(`${running.url}/`)).body, 'here')
})

test('a worker run elsewhere that never came is waited for at first, then 503 at once, until it comes', async (t) => {
  const path = join(await freshDirectory(t), 'web.sock')
  const running = await gateway(t, { toml: worker(path, 'ready_timeout = "1s"') + hold })
  const early = ask(`${running.url}/`)
  assert.equal((await early).status, 503, 'who waited is told when nobody waits any more')
  await isDown(running)
  await serve(t, path)
  await becameReady(running, 1)
  assert.equal((await ask(`${running.url}/`)).body, 'here')
})

function worker(path: string, keys: string): string {
  return `[workers.web]\nurl = "unix:${path}"\nmount = "/"\nprobe_interval = "50ms"\n${keys}\n`
}

async function serve(t: Cleanup, path: string): Promise<Server> {
  const server = createServer((_, response) => response.end('here'))
  t.after(() => close(server))
  server.listen(path)
  await once(server, 'listening')
  return server
}

async function close(server: Server): Promise<void> {
  if (!server.listening) return
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}

async function isDown(running: Gateway): Promise<void> {
  const { status, headers, body } = await ask(`${running.url}/`)
  assert.equal(status, 503)
  assert.match(headers['retry-after'] ?? '', /^\d+$/)
  assert.equal(json<{ code: string }>(body).code, 'worker_down')
}

/** Resolves when it has become ready for the nth time. */
async function becameReady(running: Gateway, times: number): Promise<void> {
  let seen = 0
  await running.record(`ready ${times} times`, ({ msg }) => {
    if (msg === 'worker ready') seen += 1
    return seen === times
  })
}
