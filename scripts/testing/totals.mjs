/**
 * A reporter for node:test that writes one line of JSON: how many tests passed, failed and were skipped in the
 * whole run. It stands beside the readable reporter, whose text is for people and changes between versions.
 */

/** @typedef {{passed: number, failed: number, skipped: number}} Totals */

/**
 * @param {AsyncIterable<{type: string, data: any}>} events
 * @returns {AsyncGenerator<string>}
 */
// oxlint-disable-next-line import/no-default-export -- node:test takes a reporter's default export
export default async function* totals(events) {
  for await (const { type, data } of events) {
    // Without a file it is the summary of the run; each file gives one of its own before.
    if (type !== 'test:summary' || data.file !== undefined) continue
    const { passed, failed, cancelled, skipped, todo } = data.counts
    yield `${JSON.stringify({ passed, failed: failed + cancelled, skipped: skipped + todo })}\n`
  }
}

/** @param {readonly Totals[]} parts @returns {Totals} */
export function sum(parts) {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const part of parts) {
    total.passed += part.passed
    total.failed += part.failed
    total.skipped += part.skipped
  }
  return total
}

/** @param {Totals} totals @returns {string} `12 passed, 0 failed, 1 skipped` */
export function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
