/** What metrics are read from besides the traffic: given by the composition root, asked at every reading. */

import type { ScrapeTarget } from './scrape.ts'

/** States of a worker, every one a value of a label. */
export const workerStates = [
  'starting',
  'ready',
  'unhealthy',
  'backing-off',
  'draining',
  'stopped',
  'failed',
] as const

/** One of {@link workerStates}. */
export type WorkerStateName = (typeof workerStates)[number]

/** One worker, or one of its replicas. */
export interface WorkerReading {
  /** `api`, or `api.1` of several. */
  readonly name: string
  readonly state: WorkerStateName
  /** Null for a worker of several processes, whose replicas are readings of their own: sums would count twice. */
  readonly process: ProcessReading | null
}

/** What is counted of one process at a time. */
export interface ProcessReading {
  /** Starts after the first one, by reason. */
  readonly restarts: Readonly<Record<string, number>>
  readonly memoryBytes: number | null
  readonly cpuSeconds: number | null
}

/** How the last change of configuration went; the start was the first one. */
export interface ReloadReading {
  readonly succeeded: boolean
  /** Milliseconds since 1970 of the last one that succeeded. */
  readonly at: number
}

/** Everything that is asked. */
export interface MetricsSources {
  /** Labels of `build_info`. */
  readonly build: Readonly<Record<'version' | 'commit' | 'node', string>>
  /** Names of routes that exist even while nobody has used them. */
  readonly routes: () => readonly string[]
  readonly workers: () => readonly WorkerReading[]
  /** Workers that answer requests, and whether their clients are told that they are worked on. */
  readonly maintenance: () => readonly (readonly [worker: string, isOn: boolean])[]
  /** Requests that wait for a worker now. */
  readonly held: () => number
  /** Log lines that were never written. */
  readonly logDropped: () => number
  readonly reload: () => ReloadReading
  /** Milliseconds since 1970; null without TLS. */
  readonly certificateExpiresAt: () => number | null
  /** Workers that have numbers of their own and could tell them now. */
  readonly scrapeTargets: () => readonly ScrapeTarget[]
}
