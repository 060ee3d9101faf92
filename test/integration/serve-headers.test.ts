import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app, apiOnly } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import type { Question } from '../support/http.ts'
import { upstream } from '../support/upstream.ts'

/** A request as FastAPI saw it; every name with all its values. */
interface Seen {
  readonly client: string
  readonly url: string
  readonly values: (name: string) => readonly string[]
}

async function seen(url: string, question: Question = {}): Promise<Seen> {
  const answer = await ask(`${url}/api/seen/x`, question)
  assert.equal(answer.status, 200, answer.body)
  const {
    client,
    url: itsUrl,
    headers,
  } = json<{
    client: string
    url: string
    headers: readonly (readonly [string, string])[]
  }>(answer.body)
  const values = (name: string) => headers.filter(([key]) => key === name).map(([, value]) => value)
  return { client, url: itsUrl, values }
}

const requestIdForm = /^[A-Za-z0-9._-]{1,64}$/

for (const transport of ['unix', 'tcp']) {
  test(`FastAPI over ${transport} sees the request as the browser made it`, async (t) => {
    const { url } = await (
      await gateway(t, { ...apiOnly, env: { FLUXLIT_WORKERS_API_TRANSPORT: transport } })
    ).ready()

    await t.test('Host is kept byte for byte', async () => {
      const request = await seen(url, { headers: { host: 'Shop.Example:8443' } })
      assert.deepEqual(request.values('host'), ['Shop.Example:8443'])
      assert.equal(request.url, 'http://Shop.Example:8443/api/seen/x')
    })

    await t.test('forwarded headers carry exactly one value each', async () => {
      const request = await seen(url, { headers: { host: 'shop.example:8080' } })
      assert.deepEqual(request.values('x-forwarded-for'), ['127.0.0.1'])
      assert.deepEqual(request.values('x-forwarded-proto'), ['http'])
      assert.deepEqual(request.values('x-forwarded-host'), ['shop.example:8080'])
      assert.deepEqual(request.values('x-forwarded-port'), ['8080'])
      assert.deepEqual(request.values('x-forwarded-prefix'), ['/api'])
      assert.deepEqual(request.values('via'), ['1.1 fluxlit'])
      assert.equal(request.client, '127.0.0.1')
    })

    await t.test('what a stranger says about itself is replaced', async () => {
      const request = await seen(url, {
        headers: {
          host: 'shop.example',
          'X-Forwarded-For': '6.6.6.6',
          'X-Forwarded-Proto': 'https',
          'X-Forwarded-Host': 'evil.example',
          'X-Forwarded-Port': '666',
          'X-Forwarded-Prefix': '/evil',
          Forwarded: 'for=6.6.6.6',
          'X-Real-IP': '6.6.6.6',
          'X-Original-URL': '/admin',
          X_Forwarded_For: '6.6.6.6',
          'X-Request-ID': 'chosen-by-the-client',
          'X-Fluxlit-Email': 'boss@shop.example',
        },
      })
      assert.deepEqual(request.values('x-forwarded-for'), ['127.0.0.1'])
      assert.deepEqual(request.values('x-forwarded-proto'), ['http'])
      assert.deepEqual(request.values('x-forwarded-host'), ['shop.example'])
      assert.deepEqual(request.values('x-forwarded-port'), ['80'])
      assert.deepEqual(request.values('x-forwarded-prefix'), ['/api'])
      for (const name of ['forwarded', 'x-real-ip', 'x-original-url', 'x_forwarded_for', 'x-fluxlit-email']) {
        assert.deepEqual(request.values(name), [], name)
      }
      assert.notEqual(request.values('x-request-id')[0], 'chosen-by-the-client')
      assert.equal(request.url, 'http://shop.example/api/seen/x')
    })

    await t.test('headers of one hop stay behind and ordinary ones arrive', async () => {
      const request = await seen(url, {
        headers: {
          connection: 'close, X-Mine',
          'x-mine': '1',
          'keep-alive': 'timeout=5',
          te: 'trailers',
          'accept-language': 'de',
          cookie: '_streamlit_xsrf=abc; a=b',
          authorization: 'Bearer token',
        },
      })
      for (const name of ['x-mine', 'keep-alive', 'te']) assert.deepEqual(request.values(name), [], name)
      assert.deepEqual(request.values('accept-language'), ['de'])
      assert.deepEqual(request.values('cookie'), ['_streamlit_xsrf=abc; a=b'])
      assert.deepEqual(request.values('authorization'), ['Bearer token'])
    })
  })
}

test('forwarded headers of a trusted proxy count', async (t) => {
  const { url } = await (await gateway(t, { ...apiOnly, args: ['--proxy-headers'] })).ready()
  const request = await seen(url, {
    headers: {
      host: '10.0.0.7:8000',
      'X-Forwarded-For': '6.6.6.6, 203.0.113.9',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'shop.example',
      'X-Request-ID': 'from.the_balancer-1',
    },
  })
  assert.deepEqual(request.values('x-forwarded-for'), ['203.0.113.9'])
  assert.deepEqual(request.values('x-forwarded-proto'), ['https'])
  assert.deepEqual(request.values('x-request-id'), ['from.the_balancer-1'])
  assert.equal(request.client, '203.0.113.9')
  assert.equal(request.url, 'https://shop.example/api/seen/x')
})

test('every response carries the request id that the worker saw', async (t) => {
  const broken = await upstream(t, (request) => void request.socket.destroy())
  const gone = await upstream(t, () => undefined)
  gone.server.close()
  const toml = `${apiOnly.toml}
[workers.broken]
url = "${broken.url}"
mount = "/broken"
required = false
[workers.gone]
url = "${gone.url}"
mount = "/gone"
required = false
`
  const { url } = await (await gateway(t, { toml, files: { 'api.py': app('api.py') } })).ready()

  await t.test('on success it is the one FastAPI was given', async () => {
    const answer = await ask(`${url}/api/seen/x`)
    const { headers } = json<{ headers: readonly (readonly [string, string])[] }>(answer.body)
    const atWorker = headers.filter(([name]) => name === 'x-request-id').map(([, value]) => value)
    assert.match(String(answer.headers['x-request-id']), requestIdForm)
    assert.deepEqual(atWorker, [answer.headers['x-request-id']])
  })

  await t.test('it is another one for every request', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await ask(`${url}/api/`)).headers['x-request-id']),
    )
    assert.equal(new Set(ids).size, 3)
  })

  const refusals: readonly (readonly [string, string, readonly number[], Question])[] = [
    ['a worker’s own 404', '/api/nothing', [404], {}],
    ['a worker’s own 422', '/api/big', [422], {}],
    ['nothing served there', '/nothing', [404], {}],
    ['a bad path', '/', [400], { target: '/api/%zz' }],
    ['a bad Host', '/', [400], { headers: { host: 'a b' } }],
    ['a worker that hangs up', '/broken/', [502, 503], {}],
    ['a worker that is not there', '/gone/', [502, 503], {}],
    ['a refused method', '/api/', [405], { method: 'TRACE' }],
    ['a health check', '/__fluxlit/livez', [200], {}],
  ]
  for (const [what, path, statuses, question] of refusals) {
    await t.test(what, async () => {
      const answer = await ask(url + path, question)
      assert.ok(statuses.includes(answer.status), `status ${answer.status}`)
      assert.match(String(answer.headers['x-request-id']), requestIdForm)
    })
  }
})
