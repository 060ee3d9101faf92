/** Sign-ins as operators see and end them: `fluxlit sessions`. Nothing here opens a session. */

import { isRecord, isTexts } from './shape.ts'

/** One session. Times are RFC 3339. */
export interface SessionEntry {
  /** As the audit log has it. */
  readonly id: string
  /** Subject; null = it began with an older version, or under a secret that is gone. */
  readonly user: string | null
  readonly email: string | null
  readonly name: string | null
  readonly signed_in_at: string | null
  /** Null = sessions have no idle end by which it could be told. */
  readonly last_used_at: string | null
  readonly expires_at: string
  /** WebSockets that are open at this gateway. */
  readonly sockets: number
}

/** Sessions there are, or why there can be none. */
export type SessionsReport =
  | {
      readonly kind: 'none'
      /** How people are known instead; empty = not at all. */
      readonly modes: readonly string[]
    }
  | {
      readonly kind: 'sessions'
      readonly store: 'memory' | 'sqlite' | 'redis'
      readonly sessions: readonly SessionEntry[]
    }

/** Whose sessions are meant; exactly one. */
export type SessionChoice =
  | { readonly kind: 'all' }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'ids'; readonly ids: readonly string[] }

/** Reads a choice of a request: `{}`, `{"user":"..."}` or `{"ids":["..."]}`. */
export function parseChoice({ user, ids }: Readonly<Record<string, unknown>>): SessionChoice | null {
  if (user === undefined && ids === undefined) return { kind: 'all' }
  if (typeof user === 'string' && user !== '' && ids === undefined) return { kind: 'user', user }
  return isTexts(ids) && ids.length > 0 && user === undefined ? { kind: 'ids', ids } : null
}

/** Makes what {@link parseChoice} reads. */
export function choiceBody(choice: SessionChoice): Readonly<Record<string, unknown>> {
  if (choice.kind === 'user') return { user: choice.user }
  return choice.kind === 'ids' ? { ids: choice.ids } : {}
}

/** Whether a value that came over a socket is a report. */
export function isSessionsReport(value: unknown): value is SessionsReport {
  if (!isRecord(value)) return false
  if (value['kind'] === 'none') return isTexts(value['modes'])
  const { sessions } = value
  return value['kind'] === 'sessions' && Array.isArray(sessions) && sessions.every(isEntry)
}

function isEntry(value: unknown): boolean {
  return isRecord(value) && typeof value['id'] === 'string' && typeof value['expires_at'] === 'string'
}
