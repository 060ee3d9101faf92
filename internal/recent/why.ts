/** What became of one request, and why. */

import { failures } from '../fault/failure.ts'
import type { Reach, RecentRequests } from './recent.ts'
import type { RecentRequest } from './request.ts'
import type { Traceback, Tracebacks } from './tracebacks.ts'

/** The answer to `fluxlit why ID`. The field names are an interface; fields are added, never renamed. */
export type WhyReport =
  | {
      readonly kind: 'ended'
      readonly request: RecentRequest
      /** One sentence. */
      readonly summary: string
      /** How the route was chosen: `mount /api`; null when there was none. */
      readonly rule: string | null
      /** What happened to its worker meanwhile, oldest first. */
      readonly worker_events: readonly WorkerEvent[]
      /** What its worker printed meanwhile, oldest first; it may belong to another request of the same moment. */
      readonly tracebacks: readonly Traceback[]
    }
  /** A WebSocket that is still open. */
  | {
      readonly kind: 'open'
      readonly request_id: string
      readonly route: string
      readonly client: string
      /** RFC 3339. */
      readonly opened_at: string
    }
  | {
      readonly kind: 'unknown'
      readonly request_id: string
      readonly reach: Reach
      /** Of each sort. */ readonly size: number
    }

/** One change of a worker's state, or one death. */
export interface WorkerEvent {
  /** RFC 3339. */
  readonly time: string
  readonly text: string
}

/** Where the answer is looked for. */
export interface WhyParts {
  readonly recent: RecentRequests
  readonly size: number
  readonly tracebacks: Tracebacks
  /** WebSockets that are open. */
  readonly open: () => Iterable<{
    readonly id: string
    readonly route: string
    readonly client: string
    readonly startedAt: number
  }>
  /** How requests come to a worker; null when there is none of that name. */
  readonly rule: (worker: string) => string | null
  /** Everything remembered of a worker, in any order. */
  readonly events: (worker: string) => readonly WorkerEvent[]
}

/** A death is noticed, and a traceback heard of, a little later than the request that met it ends. */
const noticedMs = 500
const heardMs = 1_000

/** Tracebacks that are told: an open WebSocket may have seen many. */
const mostTracebacks = 3

/** Looks a request up. @param id as clients were told it */
export function why(id: string, parts: WhyParts): WhyReport {
  const request = parts.recent.find(id)
  if (request !== null) return ended(request, parts)
  for (const { id: one, route, client, startedAt } of parts.open()) {
    const opened_at = new Date(performance.timeOrigin + startedAt).toISOString()
    if (one === id) return { kind: 'open', request_id: id, route, client, opened_at }
  }
  return { kind: 'unknown', request_id: id, reach: parts.recent.reach, size: parts.size }
}

function ended(request: RecentRequest, { events, rule, tracebacks }: WhyParts): WhyReport {
  const { worker, route } = request
  const from = Date.parse(request.started_at)
  const to = Date.parse(request.ended_at)
  const near = events(route).filter(
    ({ time }) => Date.parse(time) >= from && Date.parse(time) <= to + noticedMs,
  )
  return {
    kind: 'ended',
    request,
    summary: summaryOf(request),
    rule: rule(route),
    worker_events: near.toSorted((one, other) => Date.parse(one.time) - Date.parse(other.time)),
    tracebacks: worker === null ? [] : tracebacks.between(worker, from, to + heardMs).slice(-mostTracebacks),
  }
}

function summaryOf({ reason, status, worker, kind }: RecentRequest): string {
  if (reason in failures) {
    const sentence = Object.entries(failures).find(([code]) => code === reason)?.[1][2] ?? ''
    return `${status} by the gateway, ${reason}: ${sentence}`
  }
  if (kind === 'websocket' && reason !== 'ok') return `a WebSocket that ended: ${reason.replaceAll('_', ' ')}`
  if (worker === null) return `${status}, answered by the gateway itself`
  return status >= 500
    ? `${status} by the worker itself: the gateway passed its answer on`
    : `${status} by the worker`
}
