/** `fluxlit sessions list|revoke`: who is signed in, and ending that. */

import type { SessionChoice, SessionEntry, SessionsReport } from '../admin/sessions.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { connect, type ControlFlags } from './control.ts'
import type { Terminal } from './control-terminal.ts'
import { renderProblems } from './render.ts'
import { plain, spanText } from './status-table.ts'

/** Flags of `sessions`. */
export interface SessionsFlags extends ControlFlags {
  readonly action: 'list' | 'revoke'
  readonly id?: readonly string[] | undefined
  readonly user?: string | undefined
  readonly all?: boolean | undefined
  readonly json?: boolean | undefined
}

type Sessions = Extract<SessionsReport, { kind: 'sessions' }>

/** Lists or ends sessions; resolves to 0, or to 1 when none of those that were named is there. @throws StartupError */
export async function sessions(flags: SessionsFlags, terminal: Terminal): Promise<number> {
  const chosen = choiceOf(flags)
  const client = await connect(flags, terminal)
  const report = await (flags.action === 'list' ? client.sessions(chosen) : client.endSessions(chosen))
  const missing = report.kind === 'none' ? [] : missingFrom(report, chosen)
  if (flags.json === true) terminal.out(`${JSON.stringify(report, null, 2)}\n`)
  else if (report.kind === 'none') terminal.out(noSessions(report.modes))
  else terminal.out(flags.action === 'list' ? renderList(report, Date.now()) : renderEnded(report))
  if (missing.length > 0) terminal.err(renderProblems(missing, 'error', terminal.colour.err))
  return missing.length > 0 || (report.kind === 'none' && flags.action === 'revoke')
    ? exitCode.failed
    : exitCode.ok
}

/** Exactly one way to say whose; to list, none means all. */
function choiceOf({ action, id: ids = [], user, all = false }: SessionsFlags): SessionChoice {
  const ways = [ids.length > 0, user !== undefined, all].filter(Boolean).length
  if (ways > 1) throw usage('name sessions, or --user, or --all: one of them')
  if (action === 'revoke' && ways === 0)
    throw usage('say which: ids of `fluxlit sessions list`, --user EMAIL, or --all')
  const wrong = ids.find((id) => !/^[0-9a-f]{16}$/.test(id))
  if (wrong !== undefined)
    throw usage(`this is not the id of a session: ${JSON.stringify(plain(wrong).slice(0, 80))}`)
  if (user === '') throw usage('--user wants an address or a subject')
  if (user !== undefined) return { kind: 'user', user }
  return ids.length > 0 ? { kind: 'ids', ids } : { kind: 'all' }
}

function missingFrom({ sessions: found }: Sessions, chosen: SessionChoice): readonly Problem[] {
  const hint = 'see `fluxlit sessions list`'
  if (chosen.kind === 'user' && found.length === 0)
    return [{ code: 'unknown_session', message: `there is no session of ${plain(chosen.user)}`, hint }]
  if (chosen.kind !== 'ids') return []
  const gone = chosen.ids.filter((id) => found.every((session) => session.id !== id))
  return gone.map((id) => ({ code: 'unknown_session', message: `there is no session ${id}`, hint }))
}

function noSessions(modes: readonly string[]): string {
  if (modes.length === 0) return 'there are no sessions: this gateway signs nobody in\n'
  return `there are no sessions: every request shows who asks (auth.modes: ${modes.map(plain).join(', ')})\n`
}

const headings = ['ID', 'USER', 'EMAIL', 'SIGNED IN', 'LAST USED', 'ENDS IN', 'SOCKETS']

/** The table of `fluxlit sessions list`. @param now wall-clock milliseconds */
export function renderList({ sessions: found, store }: Sessions, now: number): string {
  if (found.length === 0) return 'nobody is signed in\n'
  const rows = [headings, ...found.map((session) => cells(session, now))]
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const total = found.length === 1 ? '1 session' : `${found.length} sessions`
  return `${lines.join('\n')}\n\n${total} in ${storeNames[store]}; sockets are those of this gateway\n`
}

const storeNames = { memory: 'memory', sqlite: 'the state directory', redis: 'Redis' } as const

function cells(session: SessionEntry, now: number): readonly string[] {
  const ago = (time: string | null): string =>
    time === null ? '-' : `${spanText((now - Date.parse(time)) / 1000)} ago`
  return [
    session.id,
    plain(session.user ?? '-'),
    plain(session.email ?? '-'),
    ago(session.signed_in_at),
    ago(session.last_used_at),
    spanText((Date.parse(session.expires_at) - now) / 1000),
    String(session.sockets),
  ].map((cell) => (cell === '' ? '-' : cell))
}

function renderEnded({ sessions: ended }: Sessions): string {
  const lines = ended.map(({ id, user, email, sockets }) => {
    const whose = email ?? user
    const closed = sockets === 0 ? '' : `, ${sockets} ${sockets === 1 ? 'socket' : 'sockets'} closed`
    return `ended ${id}${whose === null ? '' : ` of ${plain(whose)}`}${closed}\n`
  })
  return lines.length === 0 ? 'no session was ended\n' : lines.join('')
}

function usage(message: string): StartupError {
  return new StartupError([{ code: 'usage', message, hint: 'see fluxlit sessions --help' }], exitCode.usage)
}
