import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { HeaderRules } from '../../../internal/config/config.ts'
import { parseRemoved, parseSet } from '../../../internal/config/header-text.ts'
import { parseMaxAge } from '../../../internal/config/max-age.ts'
import { renderReport } from '../../../internal/config/report.ts'
import { isPerHop } from '../../../internal/exchange/names.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { load, loadValid, problemLines, project } from './project.ts'

const api = '[workers.api]\nkind = "uvicorn"\nurl = "http://127.0.0.1:9000"\n'
const ui = '[workers.ui]\nkind = "streamlit"\nurl = "http://127.0.0.1:9001"\n'
const queue = '[workers.queue]\nkind = "process"\ncommand = ["sleep", "9"]\n'
const https = 'public_base_url = "https://app.example"\n'

/** Problems of a file whose `[headers]` has these lines, without their places. */
async function refused(t: Cleanup, lines: string): Promise<readonly string[]> {
  const result = load(await project(t, { 'fluxlit.toml': `${https}${api}[headers]\n${lines}\n` }))
  assert(result.kind === 'problems', `accepted: ${lines}`)
  return result.problems.map(({ code, message, hint }) => `${code}: ${message} (${hint ?? ''})`)
}

async function warned(t: Cleanup, toml: string): Promise<readonly string[]> {
  const { warnings } = loadValid(await project(t, { 'fluxlit.toml': toml }))
  return warnings.map(({ code, where }) => `${where}: ${code}`)
}

const defaults: HeaderRules = {
  hsts: null,
  contentTypeOptions: true,
  referrerPolicy: 'strict-origin-when-cross-origin',
  frames: { kind: 'any' },
  set: [],
  remove: [],
}

test('by default types are believed, referrers are short, and any page may show these in a frame', async (t) => {
  const { config } = loadValid(await project(t, { 'fluxlit.toml': api + ui + queue }))
  assert.deepEqual(config.headers, { general: defaults, workers: { api: defaults, ui: defaults } })
})

test("a worker's table changes what it names and keeps the rest", async (t) => {
  const toml = `${https}${api}[workers.api.headers]
frame_options = "deny"
referrer_policy = ""
set = { X-Team = "api", x-mode = "fast" }
remove = ["X-Old", "x-general"]
${ui}[headers]
hsts = "365d"
hsts_include_subdomains = true
hsts_preload = true
content_type_options = false
frame_ancestors = ["'self'", "https://portal.example"]
set = { X-General = "g", X-Mode = "slow" }
remove = ["X-Powered-By", "x-team"]
`
  const { headers } = loadValid(await project(t, { 'fluxlit.toml': toml })).config
  const general: HeaderRules = {
    hsts: { maxAgeS: 31_536_000, includeSubdomains: true, preload: true },
    contentTypeOptions: false,
    referrerPolicy: 'strict-origin-when-cross-origin',
    frames: { kind: 'ancestors', sources: ["'self'", 'https://portal.example'] },
    set: [
      ['X-General', 'g'],
      ['X-Mode', 'slow'],
    ],
    remove: ['x-powered-by', 'x-team'],
  }
  assert.deepEqual(headers.general, general)
  assert.deepEqual(headers.workers['ui'], general)
  assert.deepEqual(headers.workers['api'], {
    ...general,
    referrerPolicy: '',
    frames: { kind: 'options', value: 'DENY' },
    set: [
      ['X-Team', 'api'],
      ['x-mode', 'fast'],
    ],
    remove: ['x-powered-by', 'x-old', 'x-general'],
  })
})

test('a worker can take frame rules and HSTS back', async (t) => {
  const own = '[workers.api.headers]\nframe_options = ""\nhsts = "0s"\n'
  const toml = `${https}${api}${own}[headers]\nhsts = "1d"\nhsts_include_subdomains = true\nframe_options = "deny"\n`
  const { headers } = loadValid(await project(t, { 'fluxlit.toml': toml })).config
  assert.deepEqual(headers.workers['api'], defaults)
})

test('a header that would break the message, every answer, or nothing is refused with the reason', async (t) => {
  const expected: readonly (readonly [string, RegExp])[] = [
    [
      'set = { Content-Length = "1" }',
      /name that cannot be used: "Content-Length" \(it belongs to one connection/,
    ],
    ['set = { X-Request-ID = "1" }', /the gateway writes the id/],
    ['set = { Set-Cookie = "a=1" }', /it belongs to one answer/],
    ['set = { "A B" = "1" }', /letters, digits/],
    ['set = { Feature-Policy = "x" }', /it is called Permissions-Policy now/],
    ['set = { Sec-WebSocket-Accept = "x" }', /handshake/],
    ['set = { X-A = "a\\r\\nX-B: b" }', /one line/],
    ['set = { X-A = "" }', /into `remove`/],
    ['set = { X-A = " a" }', /spaces/],
    ['set = { X-A = "\u00e9" }', /ASCII/],
    ['set = { X-A = 1 }', /must be a text, found 1/],
    ['set = { X-Frame-Options = "ALLOW-FROM https://a.example" }', /frame_ancestors/],
    ['set = { X-XSS-Protection = "1; mode=block" }', /attackable/],
    ['set = { X-Content-Type-Options = "sniff" }', /nosniff/],
    ['set = { Strict-Transport-Security = "31536000" }', /max-age=/],
    ['set = { Referrer-Policy = "unsafe-url" }', /tokens included/],
    ['remove = ["Transfer-Encoding"]', /it belongs to one connection/],
    ['remove = ["Content-Type"]', /do not work without it/],
    ['referrer_policy = "unsafe-url"', /tokens included/],
    ['referrer_policy = "none"', /policies are no-referrer,/],
    ['frame_options = "allow"', /must be "", "deny" or "sameorigin"/],
    ['frame_ancestors = ["self"]', /write "'self'"/],
    ['frame_ancestors = ["*"]', /remove frame_ancestors/],
    ['frame_ancestors = ["https://a.example/x"]', /write "https:\/\/a.example"/],
    ['frame_ancestors = ["a.example; script-src *"]', /write an origin/],
    ['hsts = "365"', /add a unit/],
    ['hsts = "99999d"', /at most/],
  ]
  for (const [line, reason] of expected) assert.match((await refused(t, line)).join('\n'), reason, line)
})

test('what contradicts itself is refused', async (t) => {
  const expected: readonly (readonly [string, RegExp])[] = [
    ['frame_options = "deny"\nframe_ancestors = ["a.example"]', /^conflicting_keys.*are given together/],
    [`frame_ancestors = ["'none'", "a.example"]`, /^conflicting_keys.*'none' beside others/],
    ['set = { X-A = "1" }\nremove = ["x-a"]', /^conflicting_keys.*sets X-A and removes it/],
    ['set = { X-A = "1", x-a = "2" }', /^conflicting_keys.*names x-a twice/],
    ['hsts_include_subdomains = true', /^bad_value.*no effect without `hsts`/],
    [
      'hsts = "30d"\nhsts_include_subdomains = true\nhsts_preload = true',
      /^bad_value.*needs `hsts` of a year/,
    ],
    ['hsts = "365d"\nhsts_preload = true', /^bad_value.*needs `hsts` of a year/],
    [
      'set = { Access-Control-Allow-Origin = "*", Access-Control-Allow-Credentials = "true" }',
      /^conflicting_keys.*browsers refuse/,
    ],
  ]
  for (const [line, reason] of expected) assert.match((await refused(t, line)).join('\n'), reason, line)
})

test('every field of one hop is refused, in set and in remove', () => {
  const names = 'connection keep-alive te trailer transfer-encoding upgrade alt-svc proxy-authenticate'.split(
    ' ',
  )
  assert(names.every(isPerHop))
  const more = ['proxy-connection', 'proxy-authorization', 'http2-settings', 'Content-Length', 'X-Request-Id']
  for (const name of [...names, ...more])
    assert.deepEqual([parseSet(name).kind, parseRemoved(name).kind], ['bad', 'bad'], name)
})

test('a place is named also for what an environment variable sets', async (t) => {
  const directory = await project(t, { 'fluxlit.toml': https + api })
  const variables = {
    FLUXLIT_HEADERS_SET: '{"X-A": "1"}',
    FLUXLIT_HEADERS_REMOVE: 'x-b, x-c',
    FLUXLIT_WORKERS_API_HEADERS_HSTS: '30d',
  }
  const { headers } = loadValid(directory, { env: variables }).config
  assert.deepEqual(headers.general.set, [['X-A', '1']])
  assert.deepEqual(headers.general.remove, ['x-b', 'x-c'])
  assert.equal(headers.workers['api']?.hsts?.maxAgeS, 30 * 86_400)
  const wrong = { FLUXLIT_HEADERS_SET: '{"Content-Length": "1"}' }
  assert.match(problemLines(load(directory, { env: wrong })).join(), /^environment FLUXLIT_HEADERS_SET: /)
})

test('HSTS that no browser can ever get is a warning', async (t) => {
  const hsts = '[headers]\nhsts = "30d"\n'
  assert.deepEqual(await warned(t, api + hsts), ['fluxlit.toml:5: hsts_without_https'])
  assert.deepEqual(await warned(t, https + api + hsts), [])
  assert.deepEqual(await warned(t, `trusted_proxies = ["10.0.0.0/8"]\n${api}${hsts}`), [])
})

test("frame rules that shut out Streamlit's own components are a warning at the key that says so", async (t) => {
  const code = 'frames_shut_out'
  assert.deepEqual(await warned(t, `${ui}[headers]\nframe_options = "deny"\n`), [`fluxlit.toml:5: ${code}`])
  const own = '[workers.ui.headers]\nframe_ancestors = ["https://portal.example"]\n'
  assert.deepEqual(await warned(t, ui + own), [`fluxlit.toml:5: ${code}`])
  assert.deepEqual(await warned(t, `${api}[headers]\nframe_options = "deny"\n`), [])
  assert.deepEqual(await warned(t, `${ui}[headers]\nframe_options = "sameorigin"\n`), [])
  assert.deepEqual(await warned(t, `${ui}[headers]\nframe_ancestors = ["'self'", "a.example"]\n`), [])
})

test('the report has every field that is set, and hides what looks secret', async (t) => {
  const own = '[workers.api.headers]\nset = { X-Team = "api" }\n'
  const toml = `${api}${own}[headers]\nset = { X-Api-Key = "hunter2", X-B = "b" }\n`
  const text = renderReport(loadValid(await project(t, { 'fluxlit.toml': toml })).report)
  assert.match(text, /\[workers\.api\.headers\.set\]\nX-Team = "api" +# fluxlit.toml:5/)
  assert.match(text, /\[headers\]\nhsts /)
  assert.match(text, /\[headers\.set\]\nX-Api-Key = "\[redacted\]"/)
  assert(!text.includes('hunter2'))
})

test('a max-age is whole seconds, minutes, hours or days', () => {
  assert.deepEqual(parseMaxAge('2m'), { kind: 'ok', value: 120 })
  assert.deepEqual(parseMaxAge('24855d'), { kind: 'ok', value: 2_147_472_000 })
  assert.deepEqual(parseMaxAge('1.5d'), { kind: 'bad', hint: 'units are s, m, h and d' })
})
