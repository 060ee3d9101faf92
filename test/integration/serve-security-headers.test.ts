import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { gateway, type Gateway } from '../support/gateway.ts'
import { ask, shakeHands } from '../support/http.ts'
import { askSecurely, freshPair, tlsTable } from '../support/tls.ts'
import { upstream } from '../support/upstream.ts'
import { pidOf, verb } from '../support/verb.ts'

const workers = `[workers.api]
app = "api:app"
[workers.ui]
script = "headers.py"
[workers.files]
root = "public"
mount = "/files"
`

const files = {
  'api.py': app('api.py'),
  'headers.py': app('headers.py'),
  'public/note.txt': 'a note\n',
  'public/deep/index.html': '<p>deep</p>\n',
}

/** One address of every kind of answer, with its status. */
const everything: readonly (readonly [what: string, path: string, status: number])[] = [
  ['an API', '/api/', 200],
  ['an API that refuses', '/api/nothing', 404],
  ['a page', '/', 200],
  ["Streamlit's health", '/_stcore/health', 200],
  ['a file of the page', '/static/nothing.js', 404],
  ['a file', '/files/note.txt', 200],
  ['a directory', '/files/deep', 308],
  ['a file that is missing', '/files/nothing', 404],
  ["the gateway's health", '/__fluxlit/livez', 200],
  ['nothing of the gateway', '/__fluxlit/nothing', 404],
  ['a path that is refused', '/api/%zz', 400],
]

/** What an answer tells browsers, and what software it says is behind it; a field said twice is joined. */
function protections(headers: IncomingHttpHeaders): readonly string[] {
  const names = [
    'strict-transport-security',
    'x-content-type-options',
    'referrer-policy',
    'x-frame-options',
    'content-security-policy',
    'permissions-policy',
    'server',
    'x-powered-by',
  ]
  return names.flatMap((name) => (headers[name] === undefined ? [] : [`${name}: ${String(headers[name])}`]))
}

const defaults = ['x-content-type-options: nosniff', 'referrer-policy: strict-origin-when-cross-origin']

test('by default every answer protects its browser, may be framed, and names no software', async (t) => {
  const { url, socketUrl } = await (await gateway(t, { toml: workers, files })).ready()
  for (const [what, path, status] of everything)
    await t.test(what, async () => {
      const answer = await ask(url, { target: path })
      assert.deepEqual([answer.status, protections(answer.headers)], [status, defaults])
    })

  await t.test('a socket, which is refused like a page and opened without a `Server`', async () => {
    const refused = await shakeHands(`${socketUrl}/api/refuse`)
    assert.deepEqual(protections(refused.headers), defaults)
    const opened = await shakeHands(`${socketUrl}/api/echo`)
    assert.equal(opened.kind, 'open')
    if (opened.kind === 'open') opened.socket.destroy()
    assert.equal(opened.headers['server'], undefined)
  })
})

test('what the configuration says holds for every answer, over what the application says', async (t) => {
  const chatty = await upstream(t, (_request, response) => {
    response.setHeader('Server', 'legacy/1.0')
    response.setHeader('X-Powered-By', ['one', 'two'])
    response.setHeader('Permissions-Policy', 'camera=*')
    response.setHeader('X-Frame-Options', 'DENY')
    response.setHeader('Strict-Transport-Security', 'max-age=5')
    response.setHeader('Set-Cookie', ['a=1', 'b=2'])
    response.end('legacy')
  })
  const toml = `${workers}
[workers.legacy]
url = "${chatty.url}"
mount = "/legacy"
[workers.api.headers]
frame_options = "deny"
referrer_policy = ""
set = { X-Team = "api" }
${tlsTable(await freshPair(t), 'redirect_from = "127.0.0.1:0"')}
[headers]
hsts = "365d"
frame_ancestors = ["'self'", "https://portal.example"]
set = { Permissions-Policy = "camera=()" }
remove = ["X-Powered-By"]
`
  const running = await (await gateway(t, { toml, files })).ready()
  const { url } = running
  const year = 'strict-transport-security: max-age=31536000'
  const camera = 'permissions-policy: camera=()'
  const framed = [
    year,
    ...defaults,
    "content-security-policy: frame-ancestors 'self' https://portal.example",
    camera,
  ]
  const ofApi = [year, 'x-content-type-options: nosniff', 'x-frame-options: DENY', camera]

  for (const [what, path, status] of everything)
    await t.test(what, async () => {
      const { status: found, headers } = await askSecurely(url, { target: path })
      // What never reached the API is not its answer.
      const expected = path.startsWith('/api') && found !== 400 ? ofApi : framed
      assert.deepEqual([found, protections(headers)], [status, expected])
      assert.equal(headers['x-team'], expected === ofApi ? 'api' : undefined)
    })

  await t.test('an application that speaks for itself is believed, except where told otherwise', async () => {
    const { headers } = await askSecurely(`${url}/legacy/`)
    assert.deepEqual(protections(headers), [
      'strict-transport-security: max-age=5',
      ...defaults,
      'x-frame-options: DENY',
      camera,
    ])
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
  })

  await t.test('HSTS is not said on the plain port, where anybody could say it', async () => {
    const { url: plain } = await running.record('redirecting', ({ msg }) => msg === 'redirecting')
    for (const [target, status] of [
      ['/', 308],
      ['/__fluxlit/livez', 200],
    ] as const) {
      const answer = await ask(String(plain), { target })
      assert.deepEqual([answer.status, protections(answer.headers)], [status, framed.slice(1)])
    }
  })
})

test('behind a proxy HSTS follows what a trusted one says about the scheme', async (t) => {
  const toml = `${workers}\n[headers]\nhsts = "1d"\n`
  const trusting = await (await gateway(t, { toml, files, args: ['--proxy-headers'] })).ready()
  assert.equal(await hsts(trusting, 'https'), 'max-age=86400')
  assert.equal(await hsts(trusting, 'http'), undefined)

  await t.test('and a reload changes what is said without a new worker', async () => {
    const pid = await pidOf(trusting, 'api')
    const next = join(trusting.directory, 'next.toml')
    await writeFile(next, toml.replace('1d', '2d'))
    await rename(next, join(trusting.directory, 'fluxlit.toml'))
    const { code, stderr } = await verb(trusting, 'reload')
    assert.equal(code, 0, stderr)
    assert.equal(await hsts(trusting, 'https'), 'max-age=172800')
    assert.equal(await pidOf(trusting, 'api'), pid)
  })

  const wary = await (await gateway(t, { toml, files })).ready()
  assert.equal(await hsts(wary, 'https'), undefined)
})

/** HSTS of the answer to somebody who says to have come over `scheme`. */
async function hsts(running: Gateway, scheme: string): Promise<string | undefined> {
  const { headers } = await ask(`${running.url}/api/`, { headers: { 'X-Forwarded-Proto': scheme } })
  return headers['strict-transport-security']
}
