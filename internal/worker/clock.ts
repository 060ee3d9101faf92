/**
 * Time and chance as a parameter, so that tests can decide both. Waits use monotonic time: a system clock that
 * jumps must neither shorten a backoff nor forget a crash.
 */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start. */
  now(): number
  /** Wall-clock milliseconds since 1970, for display only. */
  wall(): number
  /** Uniform in [0, 1). */
  random(): number
  /** Runs `action` once after `ms` milliseconds unless the returned function is called before. */
  after(ms: number, action: () => void): () => void
}

/** The clock of the running process. */
export function systemClock(): Clock {
  return {
    now: () => performance.now(),
    wall: () => Date.now(),
    random: () => Math.random(),
    after: (ms, action) => {
      const timer = setTimeout(action, ms)
      return () => clearTimeout(timer)
    },
  }
}
