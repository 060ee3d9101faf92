/** Where cases are tried: something that listens, and a worker behind it that remembers. */

import type { Config } from '../../internal/config/config.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { front, mounted } from '../support/front.ts'
import type { Front } from '../support/front.ts'
import type { RawMessage } from '../support/message.ts'
import type { Wire } from '../support/raw.ts'
import type { Setting } from './case.ts'
import { recorder } from './recorder.ts'
import type { Recorder } from './recorder.ts'

/** What a worker has seen of one case. */
export interface Taken {
  /** Complete requests in order of arrival, without probes. */
  readonly requests: readonly RawMessage[]
  /** Beginnings of requests that never became complete, as text; where that cannot be told, their number counts. */
  readonly partial: readonly string[]
}

/** Something under test. */
export interface Place {
  /** A new connection to it. */
  connect(setting: Setting): Promise<Wire>
  /** What the worker has seen since the last call; waits until nothing is on its way any more. */
  taken(): Promise<Taken>
  /** Forgets and ends whatever a failed case has left behind. */
  abandon(): Promise<void>
}

/** A place whose worker is a {@link Recorder}. */
export interface RecordedPlace extends Place {
  readonly recorder: Recorder
}

/** Keys of the configuration for each setting; as environment variables in `binary-place.ts`. */
export const settings: Readonly<Record<Setting, Partial<Config>>> = {
  plain: {},
  trusting: { trustedProxies: ['127.0.0.0/8'] },
  'named hosts': { allowedHosts: ['a'] },
}

/** A gateway in the test's own process in front of a recording worker, at `/api` and at `/`. */
export async function sourcePlace(t: Cleanup): Promise<RecordedPlace> {
  const recording = await recorder(t)
  return recordedPlace(
    recording,
    lazily((setting) => sourceFront(t, setting, recording.address)),
  )
}

/** A gateway in the test's own process in front of any address. */
export function sourceFront(t: Cleanup, setting: Setting, address: Recorder['address']): Promise<Front> {
  const workers = [
    { config: mounted('http', 'api', '/api'), address },
    { config: mounted('http', 'ui', '/'), address },
  ]
  return front(t, { config: settings[setting], workers })
}

/** A place of a recorder and whatever opens connections to what stands before it. */
export function recordedPlace(
  recording: Recorder,
  doors: (setting: Setting) => Promise<Pick<Front, 'connect'>>,
): RecordedPlace {
  return {
    recorder: recording,
    connect: async (setting) => (await doors(setting)).connect(),
    taken: () => recording.taken(),
    abandon: () => recording.abandon(),
  }
}

/** Opens what a setting needs when it is asked for, and once. */
export function lazily<Door>(open: (setting: Setting) => Promise<Door>): (setting: Setting) => Promise<Door> {
  const opened = new Map<Setting, Promise<Door>>()
  return (setting) => {
    const door = opened.get(setting) ?? open(setting)
    opened.set(setting, door)
    return door
  }
}
