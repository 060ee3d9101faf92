/**
 * The vocabulary of the control socket: what can be asked of a running gateway, and how a long answer is told
 * piece by piece.
 *
 * `POST /sessions` and `POST /sessions/end` (a choice of `admin/sessions`) answer a {@link SessionsReport}, the second one of
 * the sessions that were ended. `GET /status` answers a {@link StatusReport}; `POST /why` (`{"id":"..."}`) a
 * {@link WhyReport}; `POST /maintenance` (a {@link MaintenanceRequest}) a {@link MaintenanceOutcome}; `POST /drain` and `POST /stop` answer `{"ok":true}` at once;
 * `POST /restart` (`{"workers":["api"]}`, none = all) and `POST /reload` answer one JSON value per line, a
 * {@link ControlEvent} each, `done` last. A refusal is `{"problems":[...]}` with 400, 404, 405, 409, 413, 500 or 503.
 */

import type { Problem } from '../fault/startup.ts'
import type { AuditResult } from '../log/audit.ts'
import type { WhyReport } from '../recent/why.ts'
import type { SessionChoice, SessionsReport } from './sessions.ts'
import { isRecord, isTexts } from './shape.ts'
import type { StatusReport } from './status.ts'

/** How a restart or reload ended. Not ok: what was running before still is. */
export type ControlOutcome =
  | { readonly ok: true; /** What was done, for people. */ readonly lines: readonly string[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Who is to be told, and what. */
export interface MaintenanceRequest {
  readonly on: boolean
  /** Names that exist; empty = all, also those that come later. */
  readonly workers: readonly string[]
  /** A sentence or two; of no meaning when it ends. */
  readonly message: string
}

/** What came of it. */
export interface MaintenanceOutcome {
  /** Why a restart of the gateway forgets it; null when it is kept. */
  readonly lost: string | null
}

/** The store of sessions does not answer. */
export class SessionsUnavailable extends Error {
  override readonly name = 'SessionsUnavailable'
}

/** The gateway as the control socket sees it; implemented by the composition root. */
export interface ControlTarget {
  status(): StatusReport
  /** What became of a request, and why. @param id as clients were told it */
  why(id: string): WhyReport
  /** Ready says `draining` from now on; requests are still served. Idempotent. */
  drain(): void
  /** Tells clients of workers that they are worked on, or serves them again. */
  maintenance(request: MaintenanceRequest): MaintenanceOutcome
  /** Sign-ins there are. Rejects with {@link SessionsUnavailable} when their store does not answer. */
  sessions(chosen: SessionChoice): Promise<SessionsReport>
  /** Ends sign-ins, at every gateway. As `sessions` otherwise. @returns those it has ended */
  endSessions(chosen: SessionChoice): Promise<SessionsReport>
  /** Begins the graceful stop and returns at once. Idempotent. */
  stop(): void
  /**
   * New generations beside the old ones. Never called while another restart or reload runs, nor after `stop`.
   *
   * @param workers names that exist; empty = all that the gateway starts
   * @param progress takes one line for people, at any time until the promise settles
   */
  restart(workers: readonly string[], progress: (line: string) => void): Promise<ControlOutcome>
  /** Reads the configuration again and changes what differs. As `restart` otherwise. */
  reload(progress: (line: string) => void): Promise<ControlOutcome>
}

/** One line of the answer to a restart or reload. */
export type ControlEvent =
  | { readonly kind: 'progress'; readonly line: string }
  | { readonly kind: 'done'; readonly outcome: ControlOutcome }

/** Media type of answers that are told line by line. */
export const eventsType = 'application/x-ndjson'

/** One line, its line break included. */
export function encodeEvent(event: ControlEvent): string {
  return `${JSON.stringify(event)}\n`
}

/** How a restart or reload ended, for the audit stream. */
export function auditResult(outcome: ControlOutcome): AuditResult {
  if (outcome.ok) return { result: 'ok' }
  return { result: 'failed', reason: outcome.problems.map(({ message }) => message).join('; ') }
}

/** The event in a line, or null when there is none this version understands. */
export function parseEvent(line: string): ControlEvent | null {
  const value = parseJson(line)
  if (!isRecord(value)) return null
  if (value['kind'] === 'progress' && typeof value['line'] === 'string')
    return { kind: 'progress', line: value['line'] }
  const outcome = value['kind'] === 'done' ? parseOutcome(value['outcome']) : null
  return outcome === null ? null : { kind: 'done', outcome }
}

/** The problems of a refusal; null when the value is not one. */
export function parseProblems(value: unknown): readonly Problem[] | null {
  const list = isRecord(value) ? value['problems'] : null
  if (!Array.isArray(list)) return null
  const problems = list.map(parseProblem)
  return problems.every((problem) => problem !== null) ? problems : null
}

/** The value of a JSON text; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function parseOutcome(value: unknown): ControlOutcome | null {
  if (!isRecord(value)) return null
  if (value['ok'] === true && isTexts(value['lines'])) return { ok: true, lines: value['lines'] }
  const problems = value['ok'] === false ? parseProblems(value) : null
  return problems === null ? null : { ok: false, problems }
}

function parseProblem(value: unknown): Problem | null {
  if (!isRecord(value)) return null
  const { code, message, where, hint, detail } = value
  if (typeof code !== 'string' || typeof message !== 'string') return null
  return {
    code,
    message,
    ...(typeof where === 'string' ? { where } : {}),
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(isTexts(detail) ? { detail } : {}),
  }
}
