/**
 * The audit stream: who did what, one JSON line per event, apart from the log and without levels. Whoever has an event
 * is handed an {@link Audit} by the composition root; where nobody reads them it is {@link noAudit}.
 */

/** Takes one event. Never throws and never waits. Values must already be free of secrets. */
export type Audit = (event: AuditEvent) => void

/** Everything that is audited. */
export type AuditEvent = OperatorEvent | PersonEvent

/** Who asked the gateway itself for something. */
export type Actor =
  /** Over the control socket, which only the gateway's own account and root can open; the rest is what it says. */
  ({ readonly via: 'control' } & Caller) | { readonly via: 'signal'; readonly signal: string }

/** What a client of the control socket says about itself: nothing the kernel has confirmed. */
export interface Caller {
  readonly uid?: number
  readonly user?: string
  readonly pid?: number
  /** Who became that account with sudo. */
  readonly sudo_user?: string
}

/** How something ended that takes time. */
export type AuditResult =
  | { readonly result: 'ok' }
  | { readonly result: 'failed'; readonly reason: string }
  | { readonly result: 'refused'; readonly reason: string }

/** What operators do. */
export type OperatorEvent =
  | {
      readonly event: 'gateway.start'
      readonly version: string
      readonly pid: number
      readonly config: readonly string[]
    }
  | { readonly event: 'gateway.stop'; readonly exit_code: number; readonly reason: string }
  | ({ readonly event: 'restart'; readonly workers: readonly string[]; readonly actor: Actor } & AuditResult)
  | ({ readonly event: 'reload'; readonly actor: Actor } & AuditResult)
  | {
      readonly event: 'maintenance'
      readonly on: boolean
      /** Empty = all. */
      readonly workers: readonly string[]
      readonly message?: string
      readonly actor: Actor
    }
  | {
      readonly event: 'sessions.end'
      /** Who was meant: one of these, or everybody. */
      readonly user?: string
      readonly ids?: readonly string[]
      /** Hashed ids. */
      readonly ended: readonly string[]
      readonly actor: Actor
    }
  | { readonly event: 'drain' | 'stop'; readonly actor: Actor }

/** What is known of the person, or program, behind a request. */
export interface AuditedRequest {
  readonly request_id: string
  /** Address the request comes from, by the trust rule. */
  readonly client: string
  /** Keyed hash of the session's id, never the id. */
  readonly session?: string
  /** Subject, as the identity provider names it. */
  readonly sub?: string
}

/** What people do, and what is refused to them. */
export type PersonEvent = AuditedRequest &
  (
    | { readonly event: 'login.start' | 'login.ok' | 'proxy.untrusted' }
    | { readonly event: 'login.denied' | 'jwt.reject' | 'ws.close'; readonly reason: string }
    | { readonly event: 'logout'; /** `local`, `provider`, `back-channel`, ... */ readonly kind: string }
    | { readonly event: 'refresh'; readonly result: string }
    | {
        readonly event: 'authz.deny'
        /** As the configuration names it. */
        readonly rule: string
        /** Set when a page asked in the person's name. */
        readonly via?: 'streamlit'
      }
    | { readonly event: 'header.stripped'; readonly name: string }
  )

/** Nobody reads it. */
export const noAudit: Audit = () => undefined

/** The event as a line of the stream. */
export function auditLine(event: AuditEvent, now: Date): string {
  const { event: name, ...rest } = event
  return `${JSON.stringify({ time: now.toISOString(), event: name, ...rest })}\n`
}
