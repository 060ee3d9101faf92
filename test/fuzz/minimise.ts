/**
 * Makes a failing input as short as it can: takes out pieces of half the length, a quarter, ... as long as it still
 * fails (Zeller's ddmin), up to a number of attempts.
 */
export async function minimised(
  bytes: string,
  fails: (bytes: string) => boolean | Promise<boolean>,
  attempts = 3_000,
): Promise<string> {
  let best = bytes
  let left = attempts
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < best.length && left > 0;) {
      const shorter = best.slice(0, at) + best.slice(at + size)
      left -= 1
      if (await fails(shorter)) best = shorter
      else at += size
    }
  }
  return best
}
