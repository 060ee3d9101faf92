/**
 * The sessions of one gateway: opened by their cookie, kept in memory for as long as they are used, and looked up in the
 * store again every few seconds. Whoever holds one is told when it ends.
 */

import type { OidcConfig, SessionConfig } from '../../config/login-types.ts'
import type { Identity } from '../identity.ts'
import { identityOfSession, readSession, writeSession, type SessionData } from './data.ts'
import { digest, randomId, type KeyRing } from './key-ring.ts'
import { isOver, type SessionEnd, type SessionStore, type StoredSession } from './store.ts'
import { sealAbout } from './about.ts'

/** A session that is open here. */
export interface LiveSession {
  /** Its name in the store. */
  readonly key: string
  /** What its cookie says; opens the record. */
  readonly id: string
  readonly expiresAt: number
  data: SessionData
  /** The same object until something about the person changes. */
  identity: Identity
  /** Fence of the record {@link data} is from. */
  fence: number
  idleAt: number
  /** Monotonic time until which the store need not be asked again. */
  checkAt: number
  /** Monotonic time of the last use. */
  usedAt: number
  /** Value of the handle that Streamlit's pages get; made when first asked for. */
  handle: string | null
}

/** Told of the end of a session, and of a change of who it belongs to. */
export interface SessionListener {
  /** @param session null when it was not open here */
  onEnd(key: string, why: SessionEnd, session: LiveSession | null): void
  onChange(session: LiveSession): void
}

/** What {@link Sessions} is made with. */
export interface SessionsOptions {
  readonly store: SessionStore
  readonly ring: KeyRing
  readonly config: SessionConfig
  readonly oidc: OidcConfig
  /** Wall clock in milliseconds. */
  readonly now?: () => number
}

/** How long a session that was looked up is believed, in milliseconds; removals are told at once. */
const believedMs = 5_000

/** How often the idle end is moved at most, and sessions nobody uses are forgotten, in milliseconds. */
const touchMs = 60_000
const forgottenMs = 10 * 60_000

const cookieForm = /^v1\.([A-Za-z0-9_-]{43})$/

/** All sessions, as far as they are known here. */
export class Sessions {
  readonly store: SessionStore
  readonly #ring: KeyRing
  readonly #config: SessionConfig
  readonly #oidc: OidcConfig
  readonly #now: () => number
  readonly #live = new Map<string, LiveSession>()
  readonly #listeners: SessionListener[] = []
  readonly #sweep: NodeJS.Timeout
  readonly #stopListening: () => void

  constructor({ store, ring, config, oidc, now = Date.now }: SessionsOptions) {
    this.store = store
    this.#ring = ring
    this.#config = config
    this.#oidc = oidc
    this.#now = now
    this.#stopListening = store.onRemoved((key, why) => this.#removed(key, why))
    this.#sweep = setInterval(() => this.#forget(), touchMs).unref()
  }

  listen(listener: SessionListener): void {
    this.#listeners.push(listener)
  }

  /** Opens a session that begins now. @returns it, and the value of its cookie */
  async begin(data: SessionData): Promise<{ readonly session: LiveSession; readonly cookie: string }> {
    const id = randomId()
    const key = digest(id)
    const now = this.#now()
    const expiresAt = now + this.#config.absoluteMs
    const sealed = this.#seal(id, data)
    const stored = { sealed, expiresAt, idleAt: this.#idleAt(now, expiresAt) }
    const { subject, email, name } = identityOfSession(data, key, expiresAt, this.#oidc)
    const about = sealAbout(this.#ring, key, { user: subject, email, name, signedInAt: data.signedInAt })
    await this.store.create(key, { ...stored, about, indexes: indexesOf(data) })
    const session = this.#keep(key, id, { ...stored, fence: 0 }, data)
    return { session, cookie: `v1.${id}` }
  }

  /**
   * The session a cookie is for; null = none, or not any more.
   * @param uses whether that counts as use of it
   * @throws StoreUnavailable when nobody can say
   */
  open(cookie: string, uses = true): LiveSession | null | Promise<LiveSession | null> {
    const id = cookieForm.exec(cookie)?.[1]
    return id === undefined ? null : this.#openId(id, uses)
  }

  /** The session a worker's handle is for, as {@link open}. */
  openHandle(handle: string): LiveSession | null | Promise<LiveSession | null> {
    if (!handle.startsWith(handleStart) || handle.length > 256) return null
    const opened = this.#ring.open(
      'handle',
      '',
      '',
      Buffer.from(handle.slice(handleStart.length), 'base64url'),
    )
    return opened === null ? null : this.#openId(opened.plain, true)
  }

  /**
   * What a Streamlit page has instead of the person's cookie or token: of use on the workers' own listener only, and
   * not beyond the end of the session. Sealed, so that it tells nothing and cannot be made by anybody else.
   */
  handleOf(session: LiveSession): string {
    session.handle ??= handleStart + this.#ring.seal('handle', '', '', session.id).toString('base64url')
    return session.handle
  }

  /** Asks the store about a session that is open here. @returns it while it goes on */
  async check(session: LiveSession): Promise<LiveSession | null> {
    session.checkAt = 0
    return this.#openId(session.id, false)
  }

  /** Writes what has changed about a session. @returns false when it is gone, or somebody with a later turn wrote */
  async save(session: LiveSession, fence: number, data: SessionData): Promise<boolean> {
    const saved = await this.store.replace(session.key, fence, this.#seal(session.id, data))
    if (saved) this.adopt(session, fence, data)
    return saved
  }

  /** Takes over what somebody has written. */
  adopt(session: LiveSession, fence: number, data: SessionData): void {
    if (fence < session.fence) return
    const before = session.identity
    session.fence = fence
    session.data = data
    const identity = identityOfSession(data, session.key, session.expiresAt, this.#oidc)
    if (JSON.stringify(identity) === JSON.stringify(before)) return
    session.identity = identity
    for (const listener of this.#listeners) listener.onChange(session)
  }

  /** Ends a session everywhere. @returns whether there was one */
  async end(key: string, why: SessionEnd): Promise<boolean> {
    try {
      return await this.store.remove(key, why)
    } finally {
      // A store that cannot be reached must not keep it open here.
      this.#drop(key, why)
    }
  }

  /** Ends every session of one person, or one that the provider names. @returns how many */
  async endFor(
    issuer: string,
    who: { readonly subject: string | null; readonly sid: string | null },
  ): Promise<number> {
    const bySid = who.sid === null ? null : await this.store.find(sidIndex(issuer, who.sid))
    const bySubject = who.subject === null ? null : await this.store.find(subjectIndex(issuer, who.subject))
    // Both must be true of one session where both are said.
    const keys =
      bySid === null || bySubject === null
        ? (bySid ?? bySubject ?? [])
        : bySid.filter((key) => bySubject.includes(key))
    for (const key of keys) await this.end(key, 'provider_signed_out')
    return keys.length
  }

  /** The session with this name, if it is open here. */
  known(key: string): LiveSession | null {
    return this.#live.get(key) ?? null
  }

  /** Stops looking after them; the store stays open. */
  close(): void {
    clearInterval(this.#sweep)
    this.#stopListening()
  }

  #openId(id: string, uses: boolean): LiveSession | null | Promise<LiveSession | null> {
    const key = digest(id)
    const live = this.#live.get(key)
    if (live !== undefined && performance.now() < live.checkAt) return this.#used(live, uses)
    const stored = this.store.get(key)
    return stored instanceof Promise
      ? stored.then((found) => this.#opened(key, id, found, uses))
      : this.#opened(key, id, stored, uses)
  }

  #opened(key: string, id: string, stored: StoredSession | null, uses: boolean): LiveSession | null {
    const live = this.#live.get(key)
    if (stored === null) {
      this.#drop(key, live === undefined ? 'expired' : endOf(live, this.#now()))
      return null
    }
    if (live !== undefined && live.fence === stored.fence) {
      live.idleAt = Math.max(live.idleAt, stored.idleAt)
      live.checkAt = performance.now() + believedMs
      return this.#used(live, uses)
    }
    const data = this.#read(id, stored.sealed)
    if (data === null) return null
    if (live === undefined) return this.#keep(key, id, stored, data)
    this.adopt(live, stored.fence, data)
    live.checkAt = performance.now() + believedMs
    return this.#used(live, uses)
  }

  #keep(key: string, id: string, stored: StoredSession, data: SessionData): LiveSession {
    const { expiresAt, idleAt, fence } = stored
    const identity = identityOfSession(data, key, expiresAt, this.#oidc)
    const now = performance.now()
    const checkAt = now + believedMs
    const session = { key, id, expiresAt, data, identity, fence, idleAt, checkAt, usedAt: now, handle: null }
    this.#live.set(key, session)
    return session
  }

  #used(session: LiveSession, uses: boolean): LiveSession | null {
    const now = this.#now()
    if (isOver(session, now)) {
      this.#drop(session.key, endOf(session, now))
      return null
    }
    session.usedAt = performance.now()
    if (!uses) return session
    const idleAt = this.#idleAt(now, session.expiresAt)
    // Also when the clock was set back.
    if (Math.abs(idleAt - session.idleAt) > Math.min(touchMs, this.#config.idleMs / 4)) {
      session.idleAt = idleAt
      // What fails is made up for by the next use.
      void this.store.touch(session.key, idleAt).catch(() => undefined)
    }
    return session
  }

  #idleAt(now: number, expiresAt: number): number {
    const { idleMs } = this.#config
    return idleMs === 0 ? expiresAt : Math.min(now + idleMs, expiresAt)
  }

  #removed(key: string | null, why: SessionEnd): void {
    if (key === null) for (const session of this.#live.values()) session.checkAt = 0
    else this.#drop(key, why)
  }

  #drop(key: string, why: SessionEnd): void {
    const session = this.#live.get(key) ?? null
    this.#live.delete(key)
    for (const listener of this.#listeners) listener.onEnd(key, why, session)
  }

  /** Sessions nobody has used for a while are the store's alone. */
  #forget(): void {
    const before = performance.now() - forgottenMs
    for (const [key, session] of this.#live) if (session.usedAt < before) this.#live.delete(key)
  }

  #seal(id: string, data: SessionData): Buffer {
    return this.#ring.seal('session', id, '', writeSession(data))
  }

  #read(id: string, sealed: Buffer): SessionData | null {
    const opened = this.#ring.open('session', id, '', sealed)
    return opened === null ? null : readSession(opened.plain)
  }
}

const handleStart = 'flxs_'

function endOf({ expiresAt, idleAt }: LiveSession, now: number): SessionEnd {
  if (now >= expiresAt) return 'expired'
  return now >= idleAt ? 'idle' : 'signed_out'
}

function indexesOf({ issuer, subject, sid }: SessionData): readonly string[] {
  const bySubject = subjectIndex(issuer, subject)
  return sid === null ? [bySubject] : [bySubject, sidIndex(issuer, sid)]
}

function subjectIndex(issuer: string, subject: string): string {
  return digest(`sub\n${issuer}\n${subject}`)
}

function sidIndex(issuer: string, sid: string): string {
  return digest(`sid\n${issuer}\n${sid}`)
}
