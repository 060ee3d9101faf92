import assert from 'node:assert/strict'
import { test } from 'node:test'

import { piecesOf, timelineSeconds, timelineText } from '../../../../internal/admin/page/timeline.ts'
import { span } from '../../../../internal/admin/page/format.ts'
import type { WorkerStatus } from '../../../../internal/admin/status.ts'

const at = (seconds: number): number => Date.parse('2026-01-01T00:00:00Z') + seconds * 1_000
const change = (seconds: number, state: WorkerStatus['state']): WorkerStatus['history'][number] => ({
  time: new Date(at(seconds)).toISOString(),
  state,
  generation: 1,
})

test('a bar has one piece per state, as long as it lasted', () => {
  const history = [change(60, 'starting'), change(66, 'ready'), change(90, 'backing-off')]
  const pieces = piecesOf(history, at(120), 120)
  assert.deepEqual(
    pieces.map(({ state, from, seconds }) => [state, from, seconds]),
    [
      ['starting', 0.5, 6],
      ['ready', 0.55, 24],
      ['backing-off', 0.75, 30],
    ],
  )
  assert.equal(timelineText(pieces, span), 'starting 6s, ready 24s, backing-off 30s')
})

test('what began before the bar begins with it, and what ended before is not in it', () => {
  const history = [change(0, 'starting'), change(2, 'ready')]
  const pieces = piecesOf(history, at(1_000), 900)
  assert.deepEqual(pieces, [{ state: 'ready', from: 0, share: 1, seconds: 900 }])
})

test('a clock that was set back makes no negative piece', () => {
  assert.deepEqual(piecesOf([change(500, 'ready')], at(100), 60), [])
})

test('the bar of a young gateway is shorter, never below a minute', () => {
  assert.deepEqual([5, 200, 5_000].map(timelineSeconds), [60, 200, 900])
})
