import { setTimeout as pause } from 'node:timers/promises'

/**
 * Asks until the answer is neither undefined nor false; for the few things that tell nobody when they happen
 * (a process gone, a socket in a listing). The deadline only ends a test that has already failed.
 *
 * @param what named in the failure
 * @param question asked again and again; a throw counts as "not yet" and is the cause of the failure
 * @param deadlineMs milliseconds, generous
 */
export async function eventually<T>(
  what: string,
  question: () => T | false | undefined | Promise<T | false | undefined>,
  deadlineMs = 60_000,
): Promise<T> {
  const end = performance.now() + deadlineMs
  let cause: unknown
  do {
    try {
      const answer = await question()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      cause = error
    }
    await pause(25)
  } while (performance.now() < end)
  throw new Error(`never happened: ${what}`, { cause })
}
