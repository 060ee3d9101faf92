import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { healthcheck, type HealthcheckFlags } from '../../../internal/cli/healthcheck.ts'
import { fakeGateway, reportOf } from '../../fixtures/admin/target.ts'
import { testTerminal } from '../../fixtures/admin/terminal.ts'
import { freshDirectory } from '../../support/directory.ts'
import { upstream } from '../../support/upstream.ts'

async function check(flags: HealthcheckFlags): Promise<readonly [number, string]> {
  const terminal = testTerminal()
  const code = await healthcheck(flags, terminal)
  assert.equal(terminal.written.err, '')
  return [code, terminal.written.out]
}

test('a ready gateway is 0', async (t) => {
  const { socket } = await fakeGateway(t)
  assert.deepEqual(await check({ socket }), [0, 'ready\n'])
})

test('a gateway that waits for a required worker is 1, with the workers it waits for', async (t) => {
  const { socket, target } = await fakeGateway(t)
  const report = reportOf({
    api: { state: 'starting' },
    ui: { state: 'failed', reason: 'exit status 1' },
    extra: { state: 'failed', required: false },
  })
  target.report = { ...report, gateway: { ...report.gateway, state: 'not_ready' } }
  assert.deepEqual(await check({ socket }), [1, 'not ready: api is starting; ui is failed: exit status 1\n'])
})

test('a draining gateway is 1', async (t) => {
  const { socket, target } = await fakeGateway(t)
  target.drain()
  assert.deepEqual(await check({ socket }), [1, 'not ready: draining\n'])
})

test('no gateway is 1 in one line, not a usage error', async (t) => {
  const socket = join(await freshDirectory(t), 'none.sock')
  assert.deepEqual(await check({ socket }), [1, `not ready: there is no socket ${socket}\n`])
})

test('with an address its readyz is asked, below the root path', async (t) => {
  const asked: (string | undefined)[] = []
  const { url } = await upstream(t, (request, response) => {
    asked.push(request.url)
    response.writeHead(request.url === '/tools/__fluxlit/readyz' ? 200 : 503).end('{}')
  })
  assert.deepEqual(await check({ url: `${url}/tools/` }), [0, 'ready\n'])
  const [code, line] = await check({ url })
  assert.deepEqual([code, line], [1, `not ready: ${url}/__fluxlit/readyz answers 503\n`])
  assert.equal((await check({ url: `${url}/api/healthz` }))[0], 1)
  assert.deepEqual(asked, ['/tools/__fluxlit/readyz', '/__fluxlit/readyz', '/api/healthz'])
})

test('a redirect is not ready: something else answers there', async (t) => {
  const { url } = await upstream(t, (_request, response) => {
    response.writeHead(302, { location: '/login' }).end()
  })
  assert.match((await check({ url }))[1], /answers 302/)
})

test('an address nobody listens on is 1 with the reason', async (t) => {
  const { url, server } = await upstream(t, () => {})
  await new Promise((resolve) => {
    server.close(resolve)
  })
  const [code, line] = await check({ url })
  assert.equal(code, 1)
  assert.match(line, /does not answer: ECONNREFUSED\n$/)
})

test('what is no address at all is 1 too: Docker reserves 2', async () => {
  const expected = [1, 'not ready: --url localhost:8000 is not an http or https address\n']
  assert.deepEqual(await check({ url: 'localhost:8000' }), expected)
})
