/** Sign-ins, as operators see and end them over the control socket. */

import { SessionsUnavailable } from '../admin/control.ts'
import type { SessionChoice, SessionEntry, SessionsReport } from '../admin/sessions.ts'
import type { Roster, RosterEntry } from '../auth/session/roster.ts'
import { StoreUnavailable } from '../auth/session/store.ts'
import type { SocketGuard } from '../auth/socket-guard.ts'
import type { Config } from '../config/config.ts'

/** What is asked of. */
export interface SessionDeskRoom {
  readonly config: Pick<Config, 'auth'>
  readonly roster: Roster | null
  readonly sockets: SocketGuard
}

/** Sessions there are. @throws SessionsUnavailable */
export function listSessions(room: SessionDeskRoom, chosen: SessionChoice): Promise<SessionsReport> {
  return report(room, async (roster) => {
    const entries = await roster.list(chosen)
    return entries.map((entry) => shown(entry, room.sockets.openOf(entry.key)))
  })
}

/** Ends sessions. @returns those it has ended, with the sockets they had @throws SessionsUnavailable */
export function endSessions(room: SessionDeskRoom, chosen: SessionChoice): Promise<SessionsReport> {
  return report(room, async (roster) => {
    const ended: SessionEntry[] = []
    for (const entry of await roster.list(chosen)) {
      const sockets = room.sockets.openOf(entry.key)
      if (await roster.end(entry)) ended.push(shown(entry, sockets))
    }
    return ended
  })
}

async function report(
  { config: { auth }, roster }: SessionDeskRoom,
  work: (roster: Roster) => Promise<readonly SessionEntry[]>,
): Promise<SessionsReport> {
  const login = auth?.login ?? null
  if (roster === null || login === null) return { kind: 'none', modes: auth?.modes ?? [] }
  try {
    return { kind: 'sessions', store: login.session.store.kind, sessions: await work(roster) }
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new SessionsUnavailable(error.message, { cause: error })
    throw error
  }
}

function shown({ id, about, lastUsedAt, expiresAt }: RosterEntry, sockets: number): SessionEntry {
  return {
    id,
    user: about?.user ?? null,
    email: about?.email ?? null,
    name: about?.name ?? null,
    signed_in_at: about === null ? null : new Date(about.signedInAt).toISOString(),
    last_used_at: lastUsedAt === null ? null : new Date(lastUsedAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    sockets,
  }
}
