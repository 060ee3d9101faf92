import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app, apiOnly } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { upstream } from '../support/upstream.ts'

/** What `/seen` of the test API answers. */
interface Seen {
  readonly path: string
  readonly raw_path: string
  readonly root_path: string
  readonly query: string
  readonly url: string
}

async function seen(url: string, target: string): Promise<Seen> {
  const answer = await ask(url, { target })
  assert.equal(answer.status, 200, `${target}: ${answer.body}`)
  return json<Seen>(answer.body)
}

test('an API and a page share one port', async (t) => {
  const ui = await upstream(t, (request, response) => void response.end(`page ${request.url}`))
  const toml = `
docs_redirect = true
[workers.api]
app = "api:app"
[workers.page]
kind = "http"
url = "${ui.url}"
mount = "/"
`
  const running = await (await gateway(t, { toml, files: { 'api.py': app('api.py') } })).ready()
  const { url } = running

  await t.test('the mount is removed from the path and given as the root path', async () => {
    const request = await seen(url, '/api/seen/a%20b/c?x=1&y=%2F')
    // Starlette and Uvicorn put the root path in front of what they were sent, as ASGI asks.
    assert.equal(request.path.replace(/^\/api(?=\/)/, ''), '/seen/a b/c')
    assert.equal(request.root_path, '/api')
    assert.equal(request.query, 'x=1&y=%2F')
    // Starlette writes the decoded path into its URL.
    assert.equal(request.url, `${url}/api/seen/a b/c?x=1&y=%2F`)
  })

  await t.test('the bytes of a path are forwarded as they came', async () => {
    const request = await seen(url, "/api/seen/%7Euser/a;b=c/@!$&'()*+,=:")
    assert.match(request.raw_path, /\/seen\/%7Euser\/a;b=c\/@!\$&'\(\)\*\+,=:$/)
  })

  await t.test('an escaped letter in the mount is the same letter', async () => {
    assert.match((await seen(url, '/%61pi/seen/x')).raw_path, /\/seen\/x$/)
  })

  await t.test('the documentation of the API works below its mount', async () => {
    const docs = await ask(`${url}/api/docs`)
    assert.equal(docs.status, 200)
    assert.match(docs.body, /url: '\/api\/openapi\.json'/)
    const schema = json<{ servers: unknown }>((await ask(`${url}/api/openapi.json`)).body)
    assert.deepEqual(schema.servers, [{ url: '/api' }])
  })

  await t.test('/docs, /redoc and /openapi.json lead to the API', async () => {
    for (const page of ['docs', 'redoc', 'openapi.json']) {
      const answer = await ask(`${url}/${page}`)
      assert.ok([302, 303, 307, 308].includes(answer.status), `${page}: ${answer.status}`)
      assert.equal(new URL(answer.headers.location ?? '', url).href, `${url}/api/${page}`)
    }
  })

  await t.test('a path that only begins like the mount is not the API', async () => {
    for (const path of ['/apix', '/api-docs', '/API/seen/x', '/xapi/seen']) {
      assert.equal((await ask(url, { target: path })).body, `page ${path}`)
    }
  })

  await t.test('the mount without a slash belongs to the API', async () => {
    const answer = await ask(`${url}/api`)
    assert.doesNotMatch(answer.body, /^page/)
  })

  await t.test('a path that can be read in two ways is refused and reaches nobody', async () => {
    for (const target of [
      '/api%2fseen/x',
      '/api%2Fseen/x',
      '//api/seen/x',
      '/api%5cseen',
      '/x/%2e%2e/api/seen/x',
    ]) {
      const answer = await ask(url, { target })
      assert.equal(answer.status, 400, `${target}: ${answer.status}`)
      assert.equal(json<{ code: string }>(answer.body).code, 'ambiguous_path', target)
    }
  })

  await t.test('dot segments, bad escapes and bytes that do not belong in a path are refused', async () => {
    const targets = ['/api/../x', '/api/./x', '/api/%2e%2e/x', '/api/%zz', '/api/%', '/api/%2', '/api/%00']
    for (const target of [...targets, '/api/%c0%ae', '/api/%ff', '/api\\x', '/api#x', '/api/%0a']) {
      assert.equal((await ask(url, { target })).status, 400, target)
    }
  })

  await t.test('an escape is decoded once, not twice', async () => {
    assert.match((await seen(url, '/api/seen/%252e%252e/x')).raw_path, /%252e%252e/)
  })

  await t.test('the gateway answers for itself below its own prefix and for nothing else there', async () => {
    const live = await ask(`${url}/__fluxlit/livez`)
    assert.equal(live.status, 200)
    assert.deepEqual(JSON.parse(live.body), { status: 'ok' })
    for (const name of ['readyz', 'healthz']) {
      const ready = await ask(`${url}/__fluxlit/${name}`)
      const state = json<{
        status: string
        workers: Record<string, { state: string; since: string }>
      }>(ready.body)
      assert.equal(ready.status, 200)
      assert.equal(state.status, 'ready')
      assert.equal(state.workers['api']?.state, 'ready')
      assert.ok(Number.isFinite(Date.parse(state.workers['api']?.since ?? '')))
    }
    for (const path of ['/__fluxlit', '/__fluxlit/', '/__fluxlit/nothing']) {
      assert.equal((await ask(url + path)).status, 404, path)
    }
  })
})

test('an address where nothing is served is a page for people and a problem for programs', async (t) => {
  const { url } = await (await gateway(t, apiOnly)).ready()
  const page = await ask(`${url}/nothing`, { headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate' } })
  assert.equal(page.status, 404)
  assert.match(page.headers['content-type'] ?? '', /^text\/html/)
  assert.match(page.body, /route_not_found/)

  const problem = await ask(`${url}/nothing`)
  assert.equal(problem.status, 404)
  assert.equal(problem.headers['content-type'], 'application/problem+json')
  const { type, title, status, code, request_id } = json<Record<string, unknown>>(problem.body)
  assert.equal(typeof title, 'string')
  assert.deepEqual({ type, status, code }, { type: 'about:blank', status: 404, code: 'route_not_found' })
  assert.equal(request_id, problem.headers['x-request-id'])
})

test('below a root path the API answers whether or not a proxy in front removed it', async (t) => {
  const toml = `root_path = "/tools"\n${apiOnly.toml}`
  const running = await (await gateway(t, { ...apiOnly, toml })).ready()
  const { url } = running
  const printed = await running.record('listening', (line) => line['msg'] === 'listening')
  assert.equal(printed['url'], `${url}/tools`)
  for (const target of ['/tools/api/seen/x', '/api/seen/x']) {
    const request = await seen(url, target)
    assert.equal(request.root_path, '/tools/api')
    assert.equal(request.url, `${url}/tools/api/seen/x`)
  }
  const schema = json<{ servers: unknown }>((await ask(`${url}/tools/api/openapi.json`)).body)
  assert.deepEqual(schema.servers, [{ url: '/tools/api' }])
  assert.equal((await ask(`${url}/tools/__fluxlit/livez`)).status, 200)
  assert.equal((await ask(`${url}/toolsx/api/seen/x`)).status, 404)
})

test('a host that is not allowed is answered 421, but health checks always work', async (t) => {
  const toml = `allowed_hosts = ["app.example"]\n${apiOnly.toml}`
  const { url } = await (await gateway(t, { ...apiOnly, toml })).ready()
  const answer = (host: string, path: string) => ask(url + path, { headers: { host } })
  assert.equal((await answer('app.example', '/api/')).status, 200)
  assert.equal((await answer('App.Example:8080', '/api/')).status, 200)
  assert.equal((await answer('other.example', '/api/')).status, 421)
  assert.equal((await answer('other.example', '/__fluxlit/livez')).status, 200)
})

test('files of a directory are served below their mount', async (t) => {
  const running = await gateway(t, {
    toml: '[workers.files]\nroot = "public"\nmount = "/files"\n',
    files: { 'public/hello.txt': 'hello from a file\n', 'fluxlit.secret': 'not this one' },
  })
  await running.ready()
  const file = await ask(`${running.url}/files/hello.txt`)
  assert.equal(file.status, 200)
  assert.equal(file.body, 'hello from a file\n')
  assert.match(file.headers['content-type'] ?? '', /^text\/plain/)
  assert.match(String(file.headers['x-request-id']), /./)
  assert.equal((await ask(`${running.url}/files/missing.txt`)).status, 404)
  for (const target of [
    '/files/../fluxlit.secret',
    '/files/%2e%2e/fluxlit.secret',
    '/files/..%2ffluxlit.secret',
  ]) {
    assert.equal((await ask(running.url, { target })).status, 400, target)
  }
})
