/** What is counted of people and programs showing who they are; no label ever names one of them. */

import { PairCounts } from './pair-counts.ts'

/** Counts since the start of the process. */
export class AuthCounts {
  /** By mode and result. */
  readonly requests = new PairCounts()
  readonly logins = new Map<string, number>()
  readonly refreshes = new Map<string, number>()
  readonly keyFetches = new Map<string, number>()
  readonly socketsClosed = new Map<string, number>()
  storeErrors = 0
  /** Sessions there are now; null = none are kept here. */
  sessions: () => number | null = () => null

  /** Adds one to one of the counts by a single label. */
  add(counts: Map<string, number>, label: string): void {
    counts.set(label, (counts.get(label) ?? 0) + 1)
  }
}
