/** Sessions in the memory of this process: gone with it, and bounded. */

import {
  isOver,
  type ListedSession,
  type NewSession,
  type RemovalListener,
  type SessionEnd,
  type SessionStore,
  type StoredSession,
  type Turn,
} from './store.ts'

interface Entry extends StoredSession {
  readonly about: Buffer
  readonly indexes: readonly string[]
  /** The last turn, and until when it lasts by the monotonic clock. */
  readonly turn: number
  readonly turnUntil: number
}

/** What a memory store is made with. */
export interface MemoryStoreOptions {
  /** Above this many the ones that were used longest ago end. */
  readonly most: number
  /** Wall clock in milliseconds. */
  readonly now?: () => number
}

/** See {@link SessionStore}. */
export class MemoryStore implements SessionStore {
  readonly #most: number
  readonly #now: () => number
  /** The one used longest ago is first. */
  readonly #sessions = new Map<string, Entry>()
  readonly #indexes = new Map<string, Set<string>>()
  readonly #names = new Map<string, number>()
  readonly #listeners = new Set<RemovalListener>()
  constructor({ most, now = Date.now }: MemoryStoreOptions) {
    this.#most = most
    this.#now = now
  }

  get(key: string): StoredSession | null {
    const entry = this.#sessions.get(key)
    if (entry === undefined) return null
    if (!isOver(entry, this.#now())) return entry
    this.#drop(key, entry, 'expired')
    return null
  }

  create(key: string, session: NewSession): Promise<void> {
    this.#sessions.set(key, { ...session, fence: 0, turn: 0, turnUntil: 0 })
    for (const index of session.indexes) this.#keysOf(index).add(key)
    for (const [oldest, entry] of this.#sessions) {
      if (this.#sessions.size <= this.#most && !isOver(entry, this.#now())) break
      this.#drop(oldest, entry, 'expired')
    }
    return Promise.resolve()
  }

  replace(key: string, fence: number, sealed: Buffer): Promise<boolean> {
    const entry = this.get(key) === null ? undefined : this.#sessions.get(key)
    if (entry === undefined || entry.fence > fence) return Promise.resolve(false)
    this.#sessions.set(key, { ...entry, fence, sealed })
    return Promise.resolve(true)
  }

  touch(key: string, idleAt: number): Promise<void> {
    const entry = this.#sessions.get(key)
    if (entry === undefined) return Promise.resolve()
    this.#sessions.delete(key)
    this.#sessions.set(key, { ...entry, idleAt })
    return Promise.resolve()
  }

  remove(key: string, why: SessionEnd): Promise<boolean> {
    const entry = this.#sessions.get(key)
    if (entry !== undefined) this.#drop(key, entry, why)
    return Promise.resolve(entry !== undefined)
  }

  find(index: string): Promise<readonly string[]> {
    return Promise.resolve([...(this.#indexes.get(index) ?? [])].filter((key) => this.get(key) !== null))
  }

  takeTurn(key: string, ttlMs: number): Promise<Turn | null> {
    const entry = this.#sessions.get(key)
    const now = performance.now()
    if (entry === undefined || entry.turnUntil > now) return Promise.resolve(null)
    const fence = entry.turn + 1
    this.#sessions.set(key, { ...entry, turn: fence, turnUntil: now + ttlMs })
    return Promise.resolve({ fence })
  }

  keepTurn(key: string, { fence }: Turn, ttlMs: number): Promise<boolean> {
    return Promise.resolve(this.#moveTurn(key, fence, ttlMs))
  }

  endTurn(key: string, { fence }: Turn): Promise<void> {
    this.#moveTurn(key, fence, 0)
    return Promise.resolve()
  }

  once(name: string, ttlMs: number): Promise<boolean> {
    const now = this.#now()
    for (const [known, until] of this.#names) if (until <= now) this.#names.delete(known)
    if (this.#names.has(name)) return Promise.resolve(false)
    this.#names.set(name, now + ttlMs)
    return Promise.resolve(true)
  }

  list(): Promise<readonly ListedSession[]> {
    const now = this.#now()
    const alive = [...this.#sessions].filter(([, entry]) => !isOver(entry, now))
    return Promise.resolve(
      alive.map(([key, { about, expiresAt, idleAt }]) => ({ key, about, expiresAt, idleAt })),
    )
  }

  count(): Promise<number> {
    return Promise.resolve(this.#sessions.size)
  }

  onRemoved(listener: RemovalListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #moveTurn(key: string, fence: number, ttlMs: number): boolean {
    const entry = this.#sessions.get(key)
    const now = performance.now()
    if (entry === undefined || entry.turn !== fence || entry.turnUntil <= now) return false
    this.#sessions.set(key, { ...entry, turnUntil: ttlMs === 0 ? 0 : now + ttlMs })
    return true
  }

  #keysOf(index: string): Set<string> {
    const known = this.#indexes.get(index)
    if (known !== undefined) return known
    const fresh = new Set<string>()
    this.#indexes.set(index, fresh)
    return fresh
  }

  #drop(key: string, { indexes }: Entry, why: SessionEnd): void {
    this.#sessions.delete(key)
    for (const index of indexes) {
      const keys = this.#indexes.get(index)
      keys?.delete(key)
      if (keys?.size === 0) this.#indexes.delete(index)
    }
    for (const listener of this.#listeners) listener(key, why)
  }
}
