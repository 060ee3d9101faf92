/** An end that somebody asked for. */

/**
 * Resolves as the work does, unless SIGINT or SIGTERM comes first.
 * @throws Error on such a signal, so that everything that was started is ended on the way out
 */
export async function unlessInterrupted<T>(work: Promise<T>): Promise<T> {
  const interrupted = Promise.withResolvers<never>()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const stop = (): void => interrupted.reject(new Error('interrupted'))
  for (const signal of signals) process.on(signal, stop)
  // What is under way fails when its programs are ended; that is nobody's concern any more.
  work.catch(() => undefined)
  try {
    return await Promise.race([work, interrupted.promise])
  } finally {
    for (const signal of signals) process.off(signal, stop)
  }
}
