/** Many cases, one after the other, and what was found. */

import { checkAnswer } from './answer-check.ts'
import type { AnswerReader } from './engine-answers.ts'
import { answers, requests } from './generate.ts'
import { Llhttp } from './llhttp.ts'
import { minimised } from './minimise.ts'
import { randomFor } from './random.ts'
import { checkRequests, type Verdict } from './request-check.ts'

/** What the bytes of a case come from. */
export type Side = 'request' | 'answer'

/** A case that does not hold. */
export interface Finding {
  readonly side: Side
  readonly seed: number
  readonly index: number
  /** What is wrong with the bytes as they were made. */
  readonly wrong: string
  /** The shortest ones found with which something is. */
  readonly bytes: string
}

/** How often which end was reached, so that it shows whether the cases are worth anything. */
export interface Tally {
  cases: number
  /** A message was accepted and is complete. */
  accepted: number
  refused: number
}

/** Cases of one seed. */
export class Campaign {
  readonly #seed: number
  readonly #reader: AnswerReader
  readonly #llhttp = new Llhttp()
  readonly tallies: Readonly<Record<Side, Tally>> = {
    request: { cases: 0, accepted: 0, refused: 0 },
    answer: { cases: 0, accepted: 0, refused: 0 },
  }

  constructor(seed: number, reader: AnswerReader) {
    this.#seed = seed
    this.#reader = reader
  }

  /** Runs cases `from` up to and without `to`. @returns the first finding, or null */
  async run(side: Side, from: number, to: number): Promise<Finding | null> {
    for (let index = from; index < to; index += 1) {
      const finding = await this.case(side, index)
      if (finding !== null) return finding
    }
    return null
  }

  /** Runs one case. @returns the finding, or null */
  async case(side: Side, index: number): Promise<Finding | null> {
    const random = randomFor(this.#seed, index)
    const { method, bytes } = side === 'answer' ? answers(random) : { method: '', bytes: requests(random) }
    const salt = random.below(2 ** 31)
    const check = (text: string): Verdict | Promise<Verdict> =>
      side === 'answer'
        ? checkAnswer(this.#llhttp, this.#reader, { method, bytes: text }, salt)
        : checkRequests(this.#llhttp, text, salt)
    const verdict = await check(bytes)
    this.#count(side, verdict)
    const { wrong } = verdict
    if (wrong === null) return null
    const shortest = await minimised(bytes, async (text) => (await check(text)).wrong !== null)
    return { side, seed: this.#seed, index, wrong, bytes: shortest }
  }

  #count(side: Side, { ours }: Verdict): void {
    const tally = this.tallies[side]
    tally.cases += 1
    if (ours.messages.some(({ completeIn }) => completeIn !== -1)) tally.accepted += 1
    if (ours.ending === 'refused') tally.refused += 1
  }
}
