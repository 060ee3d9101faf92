import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { WorkerEvent } from '../../../internal/worker/state.ts'
import { initialState, transition } from '../../../internal/worker/state.ts'
import type { WorkerState } from '../../../internal/worker/types.ts'

const last = { code: 'worker_died', message: 'it ended' }
const address = { kind: 'tcp', host: '127.0.0.1', port: 1 } as const

const events: Readonly<Record<WorkerEvent['kind'], WorkerEvent>> = {
  spawn: { kind: 'spawn', at: 2, generation: 2, attempt: 1 },
  answered: { kind: 'answered', at: 2, pid: 7, address },
  switch: { kind: 'switch', at: 2, generation: 2, pid: 8, address },
  unanswered: { kind: 'unanswered', at: 2, reason: 'silence' },
  'back-off': { kind: 'back-off', at: 2, attempt: 2, delayMs: 500, last },
  'give-up': { kind: 'give-up', at: 2, reason: last, retrying: true },
  drain: { kind: 'drain', at: 2 },
  stop: { kind: 'stop', at: 2 },
}

const states: Readonly<Record<WorkerState['kind'], WorkerState>> = {
  stopped: initialState(1),
  starting: { kind: 'starting', generation: 1, attempt: 1, since: 1 },
  ready: { kind: 'ready', generation: 1, pid: 7, address, since: 1 },
  unhealthy: { kind: 'unhealthy', generation: 1, pid: 7, address, since: 1, reason: 'silence' },
  'backing-off': { kind: 'backing-off', generation: 1, attempt: 2, since: 1, delayMs: 500, last },
  draining: { kind: 'draining', generation: 1, since: 1 },
  failed: { kind: 'failed', generation: 1, since: 1, reason: last, retrying: false },
}

/** Every legal step; all others throw. */
const legal: Readonly<
  Record<WorkerState['kind'], Partial<Record<WorkerEvent['kind'], WorkerState['kind']>>>
> = {
  stopped: { spawn: 'starting' },
  starting: {
    spawn: 'starting',
    answered: 'ready',
    'back-off': 'backing-off',
    'give-up': 'failed',
    drain: 'draining',
    stop: 'stopped',
  },
  ready: {
    spawn: 'starting',
    switch: 'ready',
    unanswered: 'unhealthy',
    'back-off': 'backing-off',
    'give-up': 'failed',
    drain: 'draining',
    stop: 'stopped',
  },
  unhealthy: {
    spawn: 'starting',
    switch: 'ready',
    answered: 'ready',
    'back-off': 'backing-off',
    'give-up': 'failed',
    drain: 'draining',
    stop: 'stopped',
  },
  'backing-off': { spawn: 'starting', stop: 'stopped' },
  draining: { stop: 'stopped' },
  failed: { spawn: 'starting', 'give-up': 'failed', stop: 'stopped' },
}

describe('a worker', () => {
  for (const state of Object.values(states)) {
    for (const event of Object.values(events)) {
      const next = legal[state.kind][event.kind]
      it(`that is ${state.kind} ${next === undefined ? 'refuses' : `becomes ${next} by`} ${event.kind}`, () => {
        if (next === undefined) assert.throws(() => transition(state, event), /cannot take the event/)
        else assert.equal(transition(state, event).kind, next)
      })
    }
  }

  it('that switches names the generation that serves from now on', () => {
    const next = transition(states.unhealthy, events.switch)
    assert.deepEqual(next, { kind: 'ready', generation: 2, pid: 8, address, since: 2 })
  })

  it('keeps its generation and takes the time of the event', () => {
    const next = transition(states.ready, events['give-up'])
    assert.deepEqual(next, { kind: 'failed', generation: 1, since: 2, reason: last, retrying: true })
  })
})
