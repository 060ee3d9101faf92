/** Tracebacks that workers printed lately. */

/** One of them. */
export interface Traceback {
  /** RFC 3339. */
  readonly time: string
  /** The worker, or one of its replicas: `api.1`. */
  readonly worker: string
  /** Cut in front when it is long: what went wrong stands at the end. */
  readonly text: string
}

const remembered = 100
const longest = 8 * 1024

/** Remembers the last ones of all workers. */
export class Tracebacks {
  #last: readonly Traceback[] = []

  /** Takes what a worker wrote; everything that is no traceback is left alone. */
  heard({ worker, text }: { readonly worker: string; readonly text: string }): void {
    if (!text.includes('Traceback (most recent call last)')) return
    const shown = text.length > longest ? `… ${text.slice(-longest)}` : text
    this.#last = [...this.#last, { time: new Date().toISOString(), worker, text: shown }].slice(-remembered)
  }

  /** Those of a worker between two moments, milliseconds since 1970; oldest first. */
  between(worker: string, from: number, to: number): readonly Traceback[] {
    return this.#last.filter((one) => {
      const at = Date.parse(one.time)
      return (one.worker === worker || one.worker.startsWith(`${worker}.`)) && at >= from && at <= to
    })
  }
}
