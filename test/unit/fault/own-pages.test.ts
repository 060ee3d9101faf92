import assert from 'node:assert/strict'
import { test } from 'node:test'

import { failure } from '../../../internal/fault/failure.ts'
import type { OwnPages } from '../../../internal/fault/own-pages.ts'
import { renderFailure } from '../../../internal/fault/page.ts'

const own: OwnPages = {
  lang: 'de',
  templates: {
    '404':
      '<html lang="{lang}">{status} {title} {code} {detail} {request_id} [{retry_after}] {margin:0} { code }',
    '503': 'unavailable {retry_after}',
    maintenance: 'worked on: {detail}',
    error: 'any {code}',
  },
}

test('a page of one\u2019s own gets its values, made safe for HTML, and braces of other kinds stay', () => {
  const { body, lines, status } = renderFailure(failure('route_not_found', '<b>&"'), 'html', 'id-1', own)
  assert.equal(status, 404)
  assert.equal(
    body,
    '<html lang="de">404 Not found route_not_found &#60;b&#62;&#38;&#34; id-1 [] {margin:0} { code }',
  )
  assert.match(lines, /^Content-Type: text\/html; charset=utf-8\r\n/)
  assert.match(lines, /\r\nContent-Language: de\r\n/)
})

test('a value is never taken for a placeholder itself', () => {
  assert.match(
    renderFailure(failure('route_not_found', '{request_id}$&'), 'html', 'id-1', own).body,
    /\{request_id\}\$&#38; id-1/,
  )
})

test('the page is the one of the code, else of the status, else the one for everything', () => {
  const body = (...given: Parameters<typeof failure>): string =>
    renderFailure(failure(...given), 'html', 'id-1', own).body
  assert.equal(body('maintenance', 'Noon.'), 'worked on: Noon.')
  assert.equal(
    renderFailure({ ...failure('worker_down'), retryAfterS: 2 }, 'html', 'i', own).body,
    'unavailable 2',
  )
  assert.equal(body('bad_target'), 'any bad_target')
  assert.match(body('worker_starting'), /This page continues by itself/)
  const starting = { ...own, templates: { starting: 'soon' } }
  assert.equal(renderFailure(failure('worker_starting'), 'html', 'i', starting).body, 'soon')
  assert.match(renderFailure(failure('bad_target'), 'html', 'i', starting).body, /<h1>Bad request target/)
})

test('programs, sockets and pings are answered as without', () => {
  for (const format of ['problem', 'text', 'ping'] as const)
    assert.deepEqual(
      renderFailure(failure('route_not_found'), format, 'i', own),
      renderFailure(failure('route_not_found'), format, 'i'),
    )
})
