/** All sessions there are, for whoever runs the gateway: who has one, and ending some of them. */

import { openAbout, type SessionAbout } from './about.ts'
import { digest, type KeyRing } from './key-ring.ts'
import type { LiveSession, Sessions } from './sessions.ts'
import type { ListedSession } from './store.ts'

/** One session. Times are wall-clock milliseconds. */
export interface RosterEntry {
  /** Its name in the store. */
  readonly key: string
  /** Its name in the audit log. */
  readonly id: string
  /** Null = it began with a version that kept none, or under a secret that is gone. */
  readonly about: SessionAbout | null
  /** To the minute; null = nobody knows. */
  readonly lastUsedAt: number | null
  /** Its end, if it is used until then. */
  readonly expiresAt: number
}

/** Whose sessions are meant. */
export type Chosen =
  | { readonly kind: 'all' }
  /** An address in any case, or a subject. */
  | { readonly kind: 'user'; readonly user: string }
  /** As {@link RosterEntry.id}. */
  | { readonly kind: 'ids'; readonly ids: readonly string[] }

/** What a session is called where people read it: it opens nothing. In hex, so that on a command line it is no option. */
export function shownId(key: string): string {
  return Buffer.from(digest(key), 'base64url').toString('hex', 0, 8)
}

/** Looks through the store. */
export class Roster {
  readonly #sessions: Sessions
  readonly #ring: KeyRing
  readonly #idleMs: number

  /** @param idleMs how long a session lasts unused; 0 = until its end */
  constructor(sessions: Sessions, ring: KeyRing, idleMs: number) {
    this.#sessions = sessions
    this.#ring = ring
    this.#idleMs = idleMs
  }

  /** Those that were chosen, the one used last first. @throws StoreUnavailable */
  async list(chosen: Chosen): Promise<readonly RosterEntry[]> {
    const all = await this.#sessions.store.list()
    const entries = all.map((listed) => this.#entry(listed)).filter((entry) => isChosen(entry, chosen))
    return entries.toSorted((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0))
  }

  /** Ends one, here and on every other gateway. @returns whether it was there @throws StoreUnavailable */
  end({ key }: RosterEntry): Promise<boolean> {
    return this.#sessions.end(key, 'ended_by_operator')
  }

  #entry({ key, about, expiresAt, idleAt }: ListedSession): RosterEntry {
    const opened = openAbout(this.#ring, key, about)
    const live = this.#sessions.known(key)
    const lastUsedAt = live === null ? this.#lastUse(idleAt, expiresAt) : wallClock(live)
    return { key, id: shownId(key), about: opened, lastUsedAt, expiresAt }
  }

  /** The idle end moves with every use, but not beyond the end. */
  #lastUse(idleAt: number, expiresAt: number): number | null {
    return this.#idleMs === 0 || idleAt >= expiresAt ? null : idleAt - this.#idleMs
  }
}

function wallClock({ usedAt }: LiveSession): number {
  return Math.round(Date.now() - (performance.now() - usedAt))
}

function isChosen({ id, about }: RosterEntry, chosen: Chosen): boolean {
  switch (chosen.kind) {
    case 'all':
      return true
    case 'ids':
      return chosen.ids.includes(id)
    case 'user':
      return about?.user === chosen.user || about?.email?.toLowerCase() === chosen.user.toLowerCase()
  }
}
