/** What every trial consists of: connections, probes, a sentence about what went wrong, and an end. */

import type { RawMessage } from '../support/message.ts'
import type { Wire } from '../support/raw.ts'
import { message } from './bytes.ts'
import { shown } from './expectation.ts'
import { probePath } from './line.ts'
import type { Place } from './place.ts'

/** Ends only what has failed already: nothing that works waits for it. Milliseconds. */
const deadlineMs = 10_000

/**
 * Runs a trial on connections it opens, closes them, and turns what it throws into a sentence. After a failure the
 * place is cleared, so that the next case starts afresh.
 */
export async function judged(
  place: Place,
  setting: Parameters<Place['connect']>[0],
  trial: (open: () => Promise<Wire>) => Promise<void>,
): Promise<string | null> {
  const opened: Wire[] = []
  const open = async (): Promise<Wire> => {
    const wire = await place.connect(setting)
    opened.push(wire)
    return wire
  }
  try {
    await inTime(trial(open))
    return null
  } catch (error) {
    for (const { socket } of opened) socket.destroy()
    await place.abandon()
    return error instanceof Error ? error.message : String(error)
  } finally {
    for (const { socket } of opened) socket.destroy()
  }
}

/** A request on a connection that must still work, and its own answer. */
export async function probe(wire: Wire, where: string): Promise<void> {
  const target = `${probePath}${Math.random().toString(36).slice(2)}`
  const answer = await wire.send(message(`GET ${target} HTTP/1.1`, ['Host: a'])).answer()
  const right = answer.status === 200 && answer.body === `seen GET ${target}`
  check(right, `a probe on ${where} was answered with ${shown(answer)}`)
}

/** Sends a request that must not be one any more, and waits for the end. */
export async function isClosed(wire: Wire): Promise<void> {
  wire.send(message(`GET ${probePath}closed HTTP/1.1`, ['Host: a'])).end()
  const rest = await wire.rest()
  check(rest === '', `behind the last answer came ${shown(rest)}`)
}

/** Throws the sentence unless it holds. */
export function check(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new Error(sentence)
}

/** The next answer that is not an interim one; those are counted in `interim`. */
export async function finalAnswer(wire: Wire, method: string, interim: number[] = []): Promise<RawMessage> {
  for (;;) {
    const answer = await wire.answer(method)
    if (answer.status >= 200 || answer.status === 101) return answer
    interim.push(answer.status)
  }
}

async function inTime(trial: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('nothing more happened')), deadlineMs)
  })
  try {
    await Promise.race([trial, late])
  } finally {
    clearTimeout(timer)
    // What the late one still waits for fails when its connections are destroyed.
    trial.catch(() => undefined)
  }
}
