import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createTextFormat } from '../../../internal/log/text.ts'

const plain = createTextFormat(false)
const line = (fields: object): string =>
  `${JSON.stringify({ time: '2026-01-02T03:04:05.678Z', level: 'info', ...fields })}\n`

test('a line shows time, level, message and the remaining fields', () => {
  const text = plain(line({ msg: 'listening', url: 'http://a', n: 1, list: [1], gone: null }))
  assert.equal(text, '03:04:05 info  listening url=http://a n=1 list=[1]\n')
})

test('a worker is named before the message', () => {
  assert.equal(plain(line({ msg: 'ready', worker: 'api' })), '03:04:05 info  api ready\n')
})

test("52: every line of a worker's output carries its name", () => {
  const text = plain(line({ msg: 'Traceback\n  x', worker: 'ui', pid: 7, stream: 'stderr' }))
  assert.equal(text, '03:04:05 ui   | Traceback\n         ui   |   x\n')
})

test('terminal escapes in values never reach the terminal', () => {
  for (const record of [
    { msg: '\x1b[2J' },
    { msg: 'm', path: '/\x1b]0;x\x07' },
    { msg: '\r\x9b', worker: 'w', stream: 's' },
  ]) {
    assert.doesNotMatch(plain(line(record)), /[\x00-\x08\x0b-\x1f\x7f\x9b]/)
  }
  assert.match(plain(line({ msg: '\x1b' })), /\\x1b/)
})

test('with colours the same words are there', () => {
  const text = createTextFormat(true)(line({ msg: 'ready', worker: 'api', level: 'error' }))
  assert.match(text, /\x1b\[31m/)
  assert.equal(text.replace(/\x1b\[\d+m/g, ''), '03:04:05 error api ready\n')
})

test('two workers get two colours and keep them', () => {
  const format = createTextFormat(true)
  const colour = (worker: string): string =>
    /\x1b\[(\d+)mw/.exec(format(line({ msg: 'x', worker })))?.[1] ?? ''
  const [first, second] = [colour('w1'), colour('w2')]
  assert.notEqual(first, second)
  assert.equal(colour('w1'), first)
})

test('what is not a record passes as it is', () => {
  for (const text of ['hello\n', '[1]\n', 'null\n', '{\n']) assert.equal(plain(text), text)
})
