/** Tries one case and says what is wrong, if anything. Knows bytes and connections, nothing of a gateway's inside. */

import { field, allFields } from '../support/message.ts'
import type { RawMessage } from '../support/message.ts'
import type { Wire } from '../support/raw.ts'
import type { Answered, Broken, Expected, Forwarded, Refused, RequestCase, Upgraded } from './case.ts'
import { deliver } from './delivery.ts'
import type { Delivery } from './delivery.ts'
import { differences, shown } from './expectation.ts'
import type { Awaited } from './expectation.ts'
import { greeting } from './line.ts'
import type { Place, Taken } from './place.ts'
import { check, finalAnswer, isClosed, judged, probe } from './trial.ts'

/** A case under way. */
interface Trial {
  readonly place: Place
  readonly item: RequestCase
  readonly client: Wire
}

/** Tries a case. Null = everything came out as required, otherwise what did not. */
export async function judge(place: Place, item: RequestCase, how: Delivery): Promise<string | null> {
  return judged(place, item.setting ?? 'plain', async (open) => {
    const client = await open()
    const trial = { place, item, client }
    const sent = deliver(client.socket, item.bytes, how).then(() => void (item.ends === true && client.end()))
    const awaited = await react(trial)
    await sent
    await probe(await open(), 'another connection')
    compare(await place.taken(), awaited, item)
  })
}

function react(trial: Trial): Promise<readonly Awaited[]> {
  const { outcome } = trial.item
  switch (outcome.kind) {
    case 'refused':
      return isRefused(trial, outcome)
    case 'broken':
      return isBroken(trial, outcome)
    case 'answered':
      return isAnswered(trial, outcome)
    case 'forwarded':
      return isForwarded(trial, outcome)
    case 'upgraded':
      return isUpgraded(trial, outcome)
  }
}

async function isRefused(
  { client }: Trial,
  outcome: Refused,
  first?: RawMessage,
): Promise<readonly Awaited[]> {
  const answer = first ?? (await client.answer())
  hasStatus(answer, outcome.statuses)
  check(field(answer, 'connection')?.toLowerCase() === 'close', 'the refusal does not say Connection: close')
  await isClosed(client)
  return []
}

async function isBroken(
  { client }: Trial,
  { statuses }: Broken,
  first?: RawMessage,
): Promise<readonly Awaited[]> {
  const text = await client.rest()
  if (first !== undefined) hasStatus(first, statuses)
  else
    check(
      text === '' || statuses.some((status) => text.startsWith(`HTTP/1.1 ${status} `)),
      `answered with ${shown(text)}`,
    )
  return []
}

async function isAnswered({ client, item }: Trial, outcome: Answered): Promise<readonly Awaited[]> {
  const answer = await client.answer(methodOf(item.bytes))
  hasStatus(answer, [outcome.status])
  await goesOn(client, answer, 'either')
  return []
}

async function isForwarded(trial: Trial, outcome: Forwarded): Promise<readonly Awaited[]> {
  const { client, item } = trial
  if (item.afterContinue !== undefined) {
    check((await client.until('\r\n\r\n')).startsWith('HTTP/1.1 100 '), 'there was no 100')
    client.send(item.afterContinue)
  }
  const awaited: Awaited[] = []
  for (const expected of outcome.requests) {
    const answer = await firstAnswer(trial, outcome, expected)
    if (outcome.or !== undefined && (answer === null || outcome.or.statuses.includes(answer.status))) {
      return outcome.or.kind === 'refused'
        ? isRefused(trial, outcome.or, answer ?? undefined)
        : isBroken(trial, outcome.or, answer ?? undefined)
    }
    if (answer === null) throw new Error('there was no answer')
    hasStatus(answer, [outcome.status])
    isItsOwn(answer, expected, outcome)
    awaited.push({ expected, id: idOf(answer), sent: item.bytes })
    if (awaited.length === outcome.requests.length) await goesOn(client, answer, outcome.connection)
  }
  return awaited
}

async function isUpgraded({ client, item }: Trial, { request }: Upgraded): Promise<readonly Awaited[]> {
  const answer = await client.answer()
  hasStatus(answer, [101])
  if (!item.bytes.endsWith(greeting.sent)) client.send(greeting.sent)
  const returned = await client.bytes(greeting.returned.length)
  check(returned === greeting.returned, `the message came back as ${shown(returned)}`)
  // A worker has seen all of a tunnel only when it has ended.
  client.reset()
  return [{ expected: request, id: idOf(answer), sent: item.bytes }]
}

/** Null when the connection ends without an answer and may. */
async function firstAnswer(
  { client }: Trial,
  { or }: Forwarded,
  { start }: Expected,
): Promise<RawMessage | null> {
  try {
    return await finalAnswer(client, methodOf(start))
  } catch (error) {
    if (or?.kind === 'broken') return null
    throw error
  }
}

async function goesOn(client: Wire, answer: RawMessage, connection: Forwarded['connection']): Promise<void> {
  const closes = field(answer, 'connection')?.toLowerCase() === 'close'
  if (connection !== 'either')
    check(closes === (connection === 'closed'), `Connection: ${field(answer, 'connection')}`)
  if (closes) await isClosed(client)
  else await probe(client, 'the same connection')
}

function isItsOwn(answer: RawMessage, { start }: Expected, { status }: Forwarded): void {
  if (status !== 200 || start.startsWith('HEAD ')) return
  check(answer.body === `seen ${start.split(' ', 2).join(' ')}`, `the answer is ${shown(answer.body)}`)
}

function hasStatus(answer: RawMessage, statuses: readonly number[]): void {
  check(statuses.includes(answer.status), `status ${answer.status} instead of ${statuses.join(' or ')}`)
  check(allFields(answer, 'x-request-id').length === 1, 'the answer has no X-Request-ID, or several')
}

function idOf(answer: RawMessage): string {
  return field(answer, 'x-request-id') ?? ''
}

function methodOf(text: string): string {
  return text.split(' ', 1)[0] ?? ''
}

function compare({ requests, partial }: Taken, awaited: readonly Awaited[], { outcome }: RequestCase): void {
  check(requests.length === awaited.length, `the worker saw ${shown(requests.map(({ start }) => start))}`)
  const wrong = requests.flatMap((seen, index) => {
    const wanted = awaited[index]
    return wanted === undefined ? [] : differences(seen, wanted)
  })
  check(wrong.length === 0, `the worker saw ${wrong.join('; ')}`)
  const mayBeginOne =
    outcome.kind === 'broken' || (outcome.kind === 'forwarded' && outcome.or?.kind === 'broken')
  check(mayBeginOne || partial.length === 0, `the worker saw the beginning of a request: ${shown(partial)}`)
}
