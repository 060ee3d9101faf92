import assert from 'node:assert/strict'
import { test } from 'node:test'

import { failure, type FailureFormat } from '../../../internal/fault/failure.ts'
import { escapeHtml, renderFailure } from '../../../internal/fault/page.ts'
import type { RenderedFailure } from '../../../internal/fault/page.ts'
import { json } from '../../support/http.ts'

const formats: readonly FailureFormat[] = ['html', 'text', 'problem']

/** Value of the only field of that name. */
function field({ lines }: RenderedFailure, name: string): string | undefined {
  const found = lines.split('\r\n').filter((line) => line.startsWith(`${name}: `))
  assert.ok(found.length <= 1, `${name} is repeated`)
  return found[0]?.slice(name.length + 2)
}

for (const format of formats) {
  test(`as ${format} a failure carries its status, request id and no cache`, () => {
    const page = renderFailure(failure('bad_origin', 'ü'), format, 'id-1')
    assert.equal(page.status, 403)
    assert.ok(page.lines.endsWith('\r\n'))
    assert.equal(field(page, 'X-Request-ID'), 'id-1')
    assert.equal(field(page, 'Cache-Control'), 'no-store')
    assert.equal(field(page, 'Retry-After'), undefined)
    assert.match(page.body, /id-1/)
    assert.match(page.body, /ü/)
  })
}

test('problem+json has exactly the fields of the contract', () => {
  const page = renderFailure(failure('worker_down'), 'problem', 'id-2')
  assert.equal(field(page, 'Content-Type'), 'application/problem+json')
  assert.deepEqual(json<unknown>(page.body), {
    type: 'about:blank',
    title: 'Unavailable',
    status: 503,
    code: 'worker_down',
    detail: 'The application is not running at the moment.',
    request_id: 'id-2',
  })
})

test('a time to come back is sent as Retry-After and makes the page reload', () => {
  const page = renderFailure({ ...failure('worker_down'), retryAfterS: 7 }, 'html', 'id')
  assert.equal(field(page, 'Retry-After'), '7')
  assert.match(page.body, /http-equiv="refresh" content="7"/)
})

test('the waiting page asks again by itself, with and without scripts', () => {
  const { body, status } = renderFailure({ ...failure('worker_starting'), retryAfterS: 2 }, 'html', 'id')
  assert.equal(status, 503)
  assert.match(body, /<noscript><meta http-equiv="refresh" content="2"><\/noscript>/)
  assert.match(body, /fetch\(location\.href/)
})

test('pages load nothing from elsewhere', () => {
  for (const code of ['worker_starting', 'route_not_found'] as const) {
    assert.doesNotMatch(renderFailure(failure(code), 'html', 'id').body, /https?:|src=|@import|url\(/)
  }
})

test('a refused WebSocket version names the one that is understood, a refused method the others', () => {
  assert.equal(
    field(renderFailure(failure('websocket_version'), 'text', 'id'), 'Sec-WebSocket-Version'),
    '13',
  )
  assert.match(field(renderFailure(failure('method_not_allowed'), 'text', 'id'), 'Allow') ?? '', /\bGET\b/)
})

test('text from outside cannot become markup', () => {
  const evil = '<script>alert("1")</script>&\''
  assert.equal(escapeHtml(evil), '&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#38;&#39;')
  for (const code of ['worker_starting', 'bad_target'] as const) {
    const { body } = renderFailure(failure(code, evil), 'html', evil)
    assert.ok(!body.includes('<script>alert'))
    assert.ok(!body.includes('alert("1")'))
  }
})
