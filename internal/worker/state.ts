import type { Address } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { WorkerState } from './types.ts'

/** What can happen to a worker. `at` is wall-clock milliseconds and becomes `since` of the new state. */
export type WorkerEvent =
  | { readonly kind: 'spawn'; readonly at: number; readonly generation: number; readonly attempt: number }
  | {
      readonly kind: 'answered'
      readonly at: number
      readonly pid: number | null
      readonly address: Address | null
    }
  | {
      readonly kind: 'switch'
      readonly at: number
      readonly generation: number
      readonly pid: number | null
      readonly address: Address | null
    }
  | { readonly kind: 'unanswered'; readonly at: number; readonly reason: string }
  | {
      readonly kind: 'back-off'
      readonly at: number
      readonly attempt: number
      readonly delayMs: number
      readonly last: Problem
    }
  | { readonly kind: 'give-up'; readonly at: number; readonly reason: Problem; readonly retrying: boolean }
  | { readonly kind: 'drain'; readonly at: number }
  | { readonly kind: 'stop'; readonly at: number }

/** The state of a worker nobody has started. */
export function initialState(at: number): WorkerState {
  return { kind: 'stopped', since: at }
}

/**
 * The one place where a worker changes state.
 *
 * @throws Error when the event cannot happen in this state: a bug in the caller, never an outcome
 */
export function transition(state: WorkerState, event: WorkerEvent): WorkerState {
  switch (event.kind) {
    case 'spawn':
      return spawned(state, event)
    case 'answered':
      return answered(state, event)
    case 'switch': {
      // Requests go to another generation that answers already; nobody waits.
      expect(state, event, 'ready', 'unhealthy')
      const { at, generation, pid, address } = event
      return { kind: 'ready', generation, pid, address, since: at }
    }
    case 'unanswered':
      return unanswered(state, event)
    case 'back-off': {
      const { generation } = expect(state, event, 'starting', 'ready', 'unhealthy')
      const { at, attempt, delayMs, last } = event
      return { kind: 'backing-off', generation, attempt, since: at, delayMs, last }
    }
    case 'give-up': {
      // `failed` again: what had failed for good is tried on after all.
      const { generation } = expect(state, event, 'starting', 'ready', 'unhealthy', 'failed')
      const { at, reason, retrying } = event
      return { kind: 'failed', generation, since: at, reason, retrying }
    }
    case 'drain': {
      const { generation } = expect(state, event, 'starting', 'ready', 'unhealthy')
      return { kind: 'draining', generation, since: event.at }
    }
    case 'stop':
      if (state.kind === 'stopped') throw illegal(state, event)
      return { kind: 'stopped', since: event.at }
    default:
      throw illegal(state, event)
  }
}

type Of<Kind extends WorkerState['kind']> = Extract<WorkerState, { kind: Kind }>
type EventOf<Kind extends WorkerEvent['kind']> = Extract<WorkerEvent, { kind: Kind }>

function spawned(state: WorkerState, event: EventOf<'spawn'>): WorkerState {
  // `starting` again: a start that never counted (its port was taken in between) is replaced by another.
  // From `ready`: the old generation ends before its successor answers, by `stop-first` or by a crash.
  expect(state, event, 'stopped', 'starting', 'ready', 'unhealthy', 'backing-off', 'failed')
  return { kind: 'starting', generation: event.generation, attempt: event.attempt, since: event.at }
}

function answered(state: WorkerState, event: EventOf<'answered'>): WorkerState {
  const { generation } = expect(state, event, 'starting', 'unhealthy')
  return { kind: 'ready', generation, pid: event.pid, address: event.address, since: event.at }
}

function unanswered(state: WorkerState, event: EventOf<'unanswered'>): WorkerState {
  const { generation, pid, address } = expect(state, event, 'ready')
  return { kind: 'unhealthy', generation, pid, address, since: event.at, reason: event.reason }
}

function expect<Kind extends WorkerState['kind']>(
  state: WorkerState,
  event: WorkerEvent,
  ...kinds: readonly Kind[]
): Of<Kind> {
  if (!isOneOf(state, kinds)) throw illegal(state, event)
  return state
}

function isOneOf<Kind extends WorkerState['kind']>(
  state: WorkerState,
  kinds: readonly Kind[],
): state is Of<Kind> {
  return kinds.some((kind) => kind === state.kind)
}

function illegal(state: WorkerState, event: WorkerEvent): Error {
  return new Error(`a worker that is ${state.kind} cannot take the event ${event.kind}`)
}
