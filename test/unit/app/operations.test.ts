import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ControlOutcome } from '../../../internal/admin/control.ts'
import { Operations } from '../../../internal/app/operations.ts'

const done: ControlOutcome = { ok: true, lines: [] }

test('operations run one after the other, also behind one that failed', async () => {
  const operations = new Operations()
  const order: string[] = []
  const first = Promise.withResolvers<ControlOutcome>()
  const one = operations.run(() => first.promise)
  const two = operations.run(() => (order.push('two'), Promise.resolve(done)))
  assert.deepEqual(order, [])
  first.reject(new Error('broken'))
  await assert.rejects(one, /broken/)
  assert.equal(await two, done)
  assert.deepEqual(order, ['two'])
})

test('whoever waits at the end of a stop is answered, and what has not begun by then never does', async () => {
  const operations = new Operations()
  const running = operations.run(() => new Promise(() => {}))
  const waiting = operations.run(() => assert.fail('began during the stop'))
  operations.refuse()
  operations.end()
  for (const outcome of [await running, await waiting]) {
    assert.ok(!outcome.ok)
    assert.equal(outcome.problems[0]?.code, 'stopped')
  }
})

test('one that is asked for while the gateway stops is refused', async () => {
  const operations = new Operations()
  operations.refuse()
  const outcome = await operations.run(() => assert.fail('began during the stop'))
  assert.ok(!outcome.ok)
})
