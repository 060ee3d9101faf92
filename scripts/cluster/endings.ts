/** What has to end with the program, in the order it was said; for the helpers of the tests, which want to be told. */

import type { Cleanup } from '../../test/support/cleanup.ts'

const all: (() => void | Promise<void>)[] = []

/** Takes what a test context would take. */
export const endings: Cleanup = { after: (ending) => void all.push(ending) }

/** Runs them. */
export async function endAll(): Promise<void> {
  for (const ending of all.splice(0)) await ending()
}
