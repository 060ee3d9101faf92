/** Every scenario there is, in the order they are run. */

import { eventLoopScenarios } from './event-loop.ts'
import { latencyScenario } from './latency.ts'
import { requestScenarios } from './requests.ts'
import type { Scenario } from './scenario.ts'
import { slowScenarios } from './slow-clients.ts'
import { startingScenarios } from './starting.ts'
import { streamScenarios } from './streams.ts'
import { transferScenarios } from './transfers.ts'

/** All of them. */
export const scenarios: readonly Scenario[] = [
  ...requestScenarios,
  latencyScenario,
  ...transferScenarios,
  ...streamScenarios,
  ...slowScenarios,
  ...startingScenarios,
  ...eventLoopScenarios,
]

/**
 * The scenarios that words select: a whole name, or its beginning (`slowhttp`, `json`). No word selects all.
 * @throws Error for a word that selects nothing
 */
export function select(words: readonly string[], all = scenarios): readonly Scenario[] {
  for (const word of words) {
    if (!all.some(({ name }) => name.startsWith(word))) {
      throw new Error(`no scenario ${word}; there are: ${all.map(({ name }) => name).join(', ')}`)
    }
  }
  return words.length === 0 ? all : all.filter(({ name }) => words.some((word) => isMeant(word, name, all)))
}

/** A whole name means this one only, even when others begin with it. */
function isMeant(word: string, name: string, all: readonly Scenario[]): boolean {
  return all.some((one) => one.name === word) ? name === word : name.startsWith(word)
}
