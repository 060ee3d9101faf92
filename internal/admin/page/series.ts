/** What the plots are drawn from: the last five minutes, one column of numbers per second. */

import type { SecondSnapshot } from '../snapshot.ts'

/** Seconds that are shown. */
export const shownSeconds = 300

/** Columns of equal length: the seconds, then one per curve; null = nothing known. */
export type Columns = readonly [readonly number[], ...(readonly (number | null)[])[]]

/** The traffic of one route. */
export class TrafficSeries {
  readonly #seconds = new Map<number, SecondSnapshot>()

  /** Takes what ended since the last time. @param until first second that is not told yet */
  add(seconds: readonly SecondSnapshot[], until: number): void {
    for (const one of seconds) this.#seconds.set(one.second, one)
    for (const second of this.#seconds.keys()) {
      // In the order they came in.
      if (second >= until - shownSeconds) break
      this.#seconds.delete(second)
    }
  }

  /** Requests and errors per second; none in a second that is not there. */
  rates(until: number): Columns {
    return this.#columns(until, [(one) => one?.requests ?? 0, (one) => one?.errors ?? 0])
  }

  /** Percentiles in milliseconds; unknown in a second that is not there. */
  latencies(until: number): Columns {
    return this.#columns(until, [
      (one) => one?.p50_ms ?? null,
      (one) => one?.p90_ms ?? null,
      (one) => one?.p99_ms ?? null,
    ])
  }

  /** The last second in which something ended. */
  get last(): SecondSnapshot | null {
    return [...this.#seconds.values()].at(-1) ?? null
  }

  #columns(
    until: number,
    curves: readonly ((second: SecondSnapshot | undefined) => number | null)[],
  ): Columns {
    const seconds = Array.from({ length: shownSeconds }, (_, index) => until - shownSeconds + index)
    return [seconds, ...curves.map((curve) => seconds.map((second) => curve(this.#seconds.get(second))))]
  }
}

/** Numbers that are read once per snapshot: memory, open sockets. Nothing is known of the time before the page. */
export class GaugeSeries {
  readonly #readings: { readonly second: number; readonly values: readonly (number | null)[] }[] = []

  add(second: number, values: readonly (number | null)[]): void {
    if (this.#readings.at(-1)?.second === second) this.#readings.pop()
    this.#readings.push({ second, values })
    while ((this.#readings[0]?.second ?? second) < second - shownSeconds) this.#readings.shift()
  }

  columns(): Columns {
    const curves = Math.max(0, ...this.#readings.map(({ values }) => values.length))
    const each = Array.from({ length: curves }, (_, index) =>
      this.#readings.map(({ values }) => values[index] ?? null),
    )
    return [this.#readings.map(({ second }) => second), ...each]
  }
}
