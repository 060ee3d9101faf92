/** Real Uvicorn as the worker: what it makes of the gateway's bytes is what an app would act on. */

import { join } from 'node:path'

import type { Address } from '../../internal/config/config.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { ask, json } from '../support/http.ts'
import { field } from '../support/message.ts'
import type { RawMessage } from '../support/message.ts'
import { startProgram } from '../support/program.ts'
import { python, repository } from '../support/python.ts'
import { lazily, sourceFront } from './place.ts'
import type { Place, Taken } from './place.ts'

/** A gateway in the test's own process in front of Uvicorn with one of its two parsers; ended after the test. */
export async function uvicornPlace(t: Cleanup, parser: 'httptools' | 'h11'): Promise<Place> {
  const script = join(repository, 'test', 'support', 'apps', 'recorder.py')
  const port = Number(await startProgram(t, [python(), script, parser]).line())
  const address: Address = { kind: 'tcp', host: '127.0.0.1', port }
  const fronts = lazily((setting) => sourceFront(t, setting, address))
  const taken = async (): Promise<Taken> => {
    const { body } = await ask(`http://127.0.0.1:${port}/arrived`)
    const { requests, partial } = json<Arrived>(body)
    return { requests: requests.map(asMessage), partial }
  }
  return {
    connect: async (setting) => (await fronts(setting)).connect(),
    taken,
    abandon: async () => void (await taken()),
  }
}

/** What the app tells. */
interface Arrived {
  readonly requests: readonly Pick<RawMessage, 'start' | 'fields' | 'body'>[]
  readonly partial: readonly string[]
}

function asMessage(seen: Arrived['requests'][number]): RawMessage {
  const chunked = field(seen, 'transfer-encoding') === 'chunked'
  const length = field(seen, 'content-length') !== undefined
  return { ...seen, status: 0, framing: chunked ? 'chunked' : length ? 'length' : 'none' }
}
