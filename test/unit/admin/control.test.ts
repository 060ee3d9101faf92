import assert from 'node:assert/strict'
import { test } from 'node:test'

import { encodeEvent, parseEvent, parseProblems, type ControlEvent } from '../../../internal/admin/control.ts'

const events: readonly ControlEvent[] = [
  { kind: 'progress', line: 'api: starting\nwith a break' },
  { kind: 'done', outcome: { ok: true, lines: ['done'] } },
  {
    kind: 'done',
    outcome: { ok: false, problems: [{ code: 'x', message: 'y', where: 'z', hint: 'h', detail: ['d'] }] },
  },
]

test('an event is one line, and is read as it was written', () => {
  for (const event of events) {
    const line = encodeEvent(event)
    assert.equal(line.indexOf('\n'), line.length - 1)
    assert.deepEqual(parseEvent(line), event)
  }
})

const nonsense = [
  '',
  'null',
  '[]',
  '{"kind":"progress"}',
  '{"kind":"other","line":"x"}',
  '{"kind":"done"}',
  '{"kind":"done","outcome":{"ok":true}}',
  '{"kind":"done","outcome":{"ok":false,"problems":[{"code":"x"}]}}',
]

test('a line that is not an event is none', () => {
  for (const line of nonsense) assert.equal(parseEvent(line), null, line)
})

test('problems are read without fields nobody knows; something else is no list of problems', () => {
  assert.deepEqual(parseProblems({ problems: [{ code: 'a', message: 'b', more: 1, hint: 2 }] }), [
    { code: 'a', message: 'b' },
  ])
  assert.equal(parseProblems({ problems: 'a' }), null)
  assert.equal(parseProblems(null), null)
})
