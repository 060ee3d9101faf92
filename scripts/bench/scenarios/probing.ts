/** A health check that asks on and on, on a new connection each time, while something else goes on. */

import type { RequestsOptions, RequestsResult } from '../load/programs/requests.ts'
import { Task } from '../load/task.ts'
import type { Target } from '../load/target.ts'
import type { Measure } from '../output/results.ts'

/** Requests a second: enough for a p99, too few to be a load. */
const probesPerSecond = 50

/** What FluxLit answers itself. */
export const livez = '/__fluxlit/livez'

/** What the probe tells. */
export const probeMeasures: readonly Measure[] = [
  { key: 'p99', label: 'probe p99', unit: 'ms', better: 'lower' },
  { key: 'p50', label: 'probe p50', unit: 'ms', better: 'lower' },
  { key: 'max', label: 'probe max', unit: 'ms', better: 'lower' },
]

/** A result of both, and why the probe is not content (`''` when it is). */
export interface Probed<R> {
  readonly result: R
  readonly figures: Readonly<Record<string, number>>
  readonly complaint: string
}

/**
 * Does something while a probe asks, at least for `seconds`.
 * @param path what the probe gets; anything but 200 within 10 s is a complaint
 */
export async function whileProbing<R>(
  target: Target,
  path: string,
  seconds: number,
  work: () => Promise<R>,
): Promise<Probed<R>> {
  const options: RequestsOptions = { target, path, rate: probesPerSecond, connections: 'fresh', seconds }
  await using task = new Task<RequestsResult>('requests', options)
  await task.ready()
  const [probe, result] = await Promise.all([task.run(), work()])
  const { p50, p99, max, ok, sent, reason } = probe
  const complaint = ok < sent ? `${sent - ok} of ${sent} probes failed: ${reason}` : ''
  return { result, figures: { p50, p99, max }, complaint }
}
