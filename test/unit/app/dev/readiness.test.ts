import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Readiness } from '../../../../internal/app/dev/readiness.ts'
import { StandIn } from '../../../fixtures/dev/project.ts'

/** Whether a promise has resolved by the next turn of the loop. */
async function isDone(promise: Promise<void>): Promise<boolean> {
  let done = false
  void promise.then(() => (done = true))
  await new Promise((resolve) => setImmediate(resolve))
  return done
}

test('it is settled when every worker has answered or failed', async () => {
  const [api, ui, elsewhere] = [new StandIn('api'), new StandIn('ui'), new StandIn('far', false)]
  const readiness = new Readiness()
  readiness.follow([api, ui, elsewhere])
  api.ready()
  assert.equal(await isDone(readiness.settled), false)
  const reason = { code: 'x', message: 'x' }
  ui.become({ kind: 'failed', generation: 1, since: 0, reason, retrying: false })
  assert.equal(await isDone(readiness.settled), true)
  assert.equal(typeof readiness.readyMs('api'), 'number')
  assert.equal(readiness.readyMs('ui'), null)
})

test('the time counts to the first answer', async () => {
  const api = new StandIn('api')
  const readiness = new Readiness()
  readiness.follow([api])
  api.ready()
  const first = readiness.readyMs('api')
  await new Promise((resolve) => setImmediate(resolve))
  api.become({ kind: 'starting', generation: 2, attempt: 1, since: 0 })
  api.ready()
  assert.equal(readiness.readyMs('api'), first)
})
