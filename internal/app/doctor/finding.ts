/** What an examination finds, and what examinations are made of. */

import type { Config } from '../../config/config.ts'
import type { Problem } from '../../fault/startup.ts'
import type { LookingRoom } from '../looking.ts'

/** Whether something is as it should be, is worth a look, or keeps the app from working. */
export type FindingState = 'PASS' | 'WARN' | 'FAIL'

/** One thing that was looked at. */
export interface Finding {
  /** Stable; that of the error a start would end with, where there is one. */
  readonly code: string
  readonly state: FindingState
  /** What is so, in one sentence. */
  readonly message: string
  /** Place in the user's files. */
  readonly where?: string
  /** How to mend it; absent for what passed. */
  readonly fix?: string
  /** Further lines: a traceback, lines to copy. */
  readonly detail?: readonly string[]
}

/** What is examined. */
export interface Subject {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where workers can be planned without being started. */
  readonly looking: LookingRoom
  /** Where values came from, by dotted path: `default` when nobody gave one. */
  readonly originOf: (path: string) => string
  /** Address to look at from outside; null = not asked for. */
  readonly url: URL | null
}

/** Looks at one thing. Never rejects for what a user did. */
export type Check = (subject: Subject) => Promise<readonly Finding[]> | readonly Finding[]

/** Something is as it should be. */
export function passed(code: string, message: string): Finding {
  return { code, state: 'PASS', message }
}

/** A problem of a start, as a finding. */
export function found(problem: Problem, state: 'WARN' | 'FAIL'): Finding {
  const { code, message, where, hint, detail } = problem
  return {
    code,
    state,
    message,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { fix: hint }),
    ...(detail === undefined ? {} : { detail }),
  }
}

/** The worst state there is. */
export function worst(findings: readonly Finding[]): FindingState {
  if (findings.some(({ state }) => state === 'FAIL')) return 'FAIL'
  return findings.some(({ state }) => state === 'WARN') ? 'WARN' : 'PASS'
}
