import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { test } from 'node:test'

import { Turns } from '../../../internal/http1/turn.ts'

test('jobs are done in order, so many in a turn', async () => {
  const turns = new Turns(2)
  const done: number[] = []
  for (let job = 0; job < 5; job += 1) turns.add(() => done.push(job))
  assert.deepEqual(done, [])
  await nextTurn()
  assert.deepEqual(done, [0, 1])
  await nextTurn()
  assert.deepEqual(done, [0, 1, 2, 3])
  await nextTurn()
  assert.deepEqual(done, [0, 1, 2, 3, 4])
})

test('a job may add another, which has its turn later', async () => {
  const turns = new Turns(8)
  const done: string[] = []
  turns.add(() => {
    done.push('first')
    turns.add(() => done.push('second'))
  })
  await nextTurn()
  assert.deepEqual(done, ['first'])
  await nextTurn()
  assert.deepEqual(done, ['first', 'second'])
})
