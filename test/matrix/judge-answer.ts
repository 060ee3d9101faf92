/** Tries one answer of a worker and says what is wrong with what the client sees of it. */

import { field, takeMessage } from '../support/message.ts'
import type { RawMessage } from '../support/message.ts'
import type { Wire } from '../support/raw.ts'
import type { AnswerCase, AnswerOutcome } from './answer-case.ts'
import type { Fields } from './case.ts'
import type { Delivery } from './delivery.ts'
import { shown } from './expectation.ts'
import type { RecordedPlace } from './place.ts'
import { check, finalAnswer, isClosed, judged, probe } from './trial.ts'

type Relayed = Extract<AnswerOutcome, { readonly kind: 'relayed' }>

/** Tries one answer, which arrives at the gateway in these pieces. Null = as required, otherwise what was not. */
export async function judgeAnswer(
  place: RecordedPlace,
  item: AnswerCase,
  how: Delivery,
): Promise<string | null> {
  const { recorder } = place
  return judged(place, 'plain', async (open) => {
    const client = await open()
    recorder.script = { ...item, how }
    client.send(item.request)
    const gone = await react(client, item, () => recorder.carriersEnded())
    recorder.script = null
    await probe(await open(), 'another connection')
    if (gone === 'closed') await recorder.carriersEnded()
    if (gone === 'open') check(!recorder.carriers().includes(true), "the worker's connection was given up")
    check(
      recorder.carriers().length === (item.asked ?? 1),
      `the worker was asked ${recorder.carriers().length} times`,
    )
    await place.taken()
  })
}

/** What must have become of the worker's connection. */
function react(
  client: Wire,
  item: AnswerCase,
  carriersEnded: () => Promise<unknown>,
): Promise<Relayed['worker']> {
  const { outcome } = item
  switch (outcome.kind) {
    case 'relayed':
      return isRelayed(client, item, outcome, carriersEnded)
    case 'replaced':
      return isReplaced(client, item)
    case 'cut':
      return isCut(client, item)
  }
}

async function isRelayed(
  client: Wire,
  item: AnswerCase,
  outcome: Relayed,
  carriersEnded: () => Promise<unknown>,
): Promise<Relayed['worker']> {
  const answer = await finalAnswer(client, methodOf(item))
  if (outcome.or502 === true && answer.status === 502) {
    await goesOn(client, answer, 'either')
    return 'closed'
  }
  check(answer.status === outcome.status, `status ${answer.status} instead of ${outcome.status}`)
  check(answer.body === outcome.body, `the body ${shown(answer.body)} instead of ${shown(outcome.body)}`)
  const wrong = fieldDifferences(answer, outcome.fields)
  check(wrong.length === 0, wrong.join('; '))
  // Bytes that come late find an idle connection and end it; behind the next request nobody could tell them apart.
  if (outcome.worker === 'closed') await carriersEnded()
  await goesOn(client, answer, outcome.client)
  return outcome.worker
}

async function isReplaced(client: Wire, item: AnswerCase): Promise<'closed'> {
  const answer = await finalAnswer(client, methodOf(item))
  check(answer.status === 502, `status ${answer.status} instead of 502`)
  check(field(answer, 'x-request-id') !== undefined, 'the answer has no X-Request-ID')
  await goesOn(client, answer, 'either')
  return 'closed'
}

/** Nothing the client got may look complete, but for a 502. */
async function isCut(client: Wire, item: AnswerCase): Promise<'closed'> {
  const ending = await Promise.race([client.ended, complete(client, item)])
  const taken = takeMessage(client.pending, { kind: 'response', head: false, over: ending === 'end' })
  if (taken?.message.status === 502) {
    await goesOn(client, await client.answer(), 'either')
    return 'closed'
  }
  check(taken === null, `the client got a complete answer: ${shown(taken?.message)}`)
  return 'closed'
}

/** Resolves when the client has a complete answer although its connection goes on. */
async function complete(client: Wire, item: AnswerCase): Promise<'complete'> {
  const look = (): boolean =>
    takeMessage(client.pending, { kind: 'response', head: methodOf(item) === 'HEAD', over: false }) !== null
  while (!look()) await new Promise<void>((resolve) => client.socket.once('data', () => resolve()))
  return 'complete'
}

async function goesOn(client: Wire, answer: RawMessage, connection: Relayed['client']): Promise<void> {
  const closes = answer.framing === 'close' || field(answer, 'connection')?.toLowerCase() === 'close'
  if (connection !== 'either')
    check(closes === (connection === 'closed'), `Connection: ${field(answer, 'connection')}`)
  if (closes) await isClosed(client)
  else await probe(client, 'the same connection')
}

/** Fields that a gateway adds or replaces in any answer. */
const itsOwn = new Set([
  'x-request-id',
  'connection',
  'keep-alive',
  'date',
  'transfer-encoding',
  // The default of [headers].
  'x-content-type-options',
  'referrer-policy',
])

function fieldDifferences(answer: RawMessage, expected: Fields): readonly string[] {
  const seen = new Map<string, string[]>()
  for (const [name, value] of answer.fields) {
    const lower = name.toLowerCase()
    if (itsOwn.has(lower)) continue
    // Of a body that is there, the length is framing; without one it is a statement of the worker's.
    if (lower === 'content-length' && answer.framing === 'length') continue
    seen.set(lower, [...(seen.get(lower) ?? []), value])
  }
  return [...new Set([...seen.keys(), ...Object.keys(expected)])].flatMap((name) => {
    const wanted = [expected[name] ?? []].flat()
    const got = seen.get(name) ?? []
    return got.join('\0') === wanted.join('\0') ? [] : [`${name}: ${shown(got)} instead of ${shown(wanted)}`]
  })
}

function methodOf({ request }: AnswerCase): string {
  return request.split(' ', 1)[0] ?? ''
}
