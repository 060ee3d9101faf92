import type { Address } from '../../internal/config/config.ts'
import type { Cleanup } from './cleanup.ts'
import { front, mounted } from './front.ts'
import type { Front, FrontOptions } from './front.ts'
import { rawServer, recorder } from './raw.ts'
import type { RawServer, Recorder, Wire } from './raw.ts'
import type { RawMessage } from './message.ts'

/** A client, a front with one worker at `/`, and that worker's end of the wire. */
export interface Through {
  readonly front: Front
  readonly server: RawServer
  readonly client: Wire
}

/** Options of the front other than its workers, and the kind of worker. */
export type ThroughOptions = Partial<FrontOptions> & {
  readonly kind?: 'http' | 'streamlit' | 'uvicorn'
  readonly transport?: Address['kind']
}

/** Opens all three; the worker does what the test writes. */
export async function through(t: Cleanup, options: ThroughOptions = {}): Promise<Through> {
  const server = await rawServer(t, options.transport)
  const opened = await front(t, { ...options, workers: [worker(options, server.address)] })
  return { front: opened, server, client: await opened.connect() }
}

/** The same with a worker that records requests and answers them. */
export async function recorded(
  t: Cleanup,
  options: ThroughOptions & { readonly reply?: (request: RawMessage) => string } = {},
): Promise<{ readonly front: Front; readonly worker: Recorder; readonly client: Wire }> {
  const recording = await recorder(t, options.reply, options.transport)
  const opened = await front(t, { ...options, workers: [worker(options, recording.address)] })
  return { front: opened, worker: recording, client: await opened.connect() }
}

function worker({ kind = 'http' }: ThroughOptions, address: Address): FrontOptions['workers'][number] {
  return { config: mounted(kind, 'ui', '/'), address }
}
