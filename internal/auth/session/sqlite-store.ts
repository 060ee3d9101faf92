/**
 * Sessions in a file of the state directory, with the SQLite that Node brings: a restart signs nobody out. Several
 * processes may have it open, as two gateways do while one takes over from the other.
 */

import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'

import {
  isOver,
  longestTurnMs,
  StoreUnavailable,
  type ListedSession,
  type NewSession,
  type RemovalListener,
  type SessionEnd,
  type SessionStore,
  type StoredSession,
  type Turn,
} from './store.ts'

/** What an SQLite store is made with. */
export interface SqliteStoreOptions {
  /** Absolute path of the file. */
  readonly path: string
  /** Wall clock in milliseconds. */
  readonly now?: () => number
}

/** How often rows that are over are removed, in milliseconds. */
const sweepMs = 60_000

const layout = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 2000;
  CREATE TABLE IF NOT EXISTS sessions (
    key TEXT PRIMARY KEY, sealed BLOB NOT NULL, fence INTEGER NOT NULL, expires_at INTEGER NOT NULL,
    idle_at INTEGER NOT NULL, turn INTEGER NOT NULL, turn_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS indexes (
    name TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS indexes_of_key ON indexes (key);
  CREATE TABLE IF NOT EXISTS abouts (key TEXT PRIMARY KEY, about BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS names (name TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

const statements = {
  get: 'SELECT sealed, fence, expires_at, idle_at FROM sessions WHERE key = ?',
  create: 'INSERT OR REPLACE INTO sessions VALUES (?, ?, 0, ?, ?, 0, 0)',
  index: 'INSERT OR IGNORE INTO indexes VALUES (?, ?)',
  replace:
    'UPDATE sessions SET sealed = ?, fence = ? WHERE key = ? AND fence <= ? AND expires_at > ? AND idle_at > ?',
  touch: 'UPDATE sessions SET idle_at = ? WHERE key = ?',
  remove: 'DELETE FROM sessions WHERE key = ?',
  describe: 'INSERT OR REPLACE INTO abouts VALUES (?, ?)',
  undescribe: 'DELETE FROM abouts WHERE key = ?',
  list: 'SELECT key, about, expires_at, idle_at FROM sessions LEFT JOIN abouts USING (key) WHERE expires_at > ? AND idle_at > ?',
  unindex: 'DELETE FROM indexes WHERE key = ?',
  find: 'SELECT key FROM indexes JOIN sessions USING (key) WHERE name = ? AND expires_at > ? AND idle_at > ?',
  take: 'UPDATE sessions SET turn = turn + 1, turn_until = ? WHERE key = ? AND turn_until NOT BETWEEN ? AND ? RETURNING turn',
  keep: 'UPDATE sessions SET turn_until = ? WHERE key = ? AND turn = ? AND turn_until > ?',
  forget: 'DELETE FROM names WHERE name = ? AND until <= ?',
  once: 'INSERT OR IGNORE INTO names VALUES (?, ?)',
  count: 'SELECT count(*) AS sessions FROM sessions WHERE expires_at > ? AND idle_at > ?',
  over: 'SELECT key FROM sessions WHERE expires_at <= ? OR idle_at <= ? LIMIT 1000',
  // A version that keeps none removes none.
  oldAbouts: 'DELETE FROM abouts WHERE key NOT IN (SELECT key FROM sessions)',
  oldNames: 'DELETE FROM names WHERE until <= ?',
} as const

/** See {@link SessionStore}. */
export class SqliteStore implements SessionStore {
  readonly #database: DatabaseSync
  readonly #prepared = new Map<keyof typeof statements, StatementSync>()
  readonly #now: () => number
  readonly #listeners = new Set<RemovalListener>()
  readonly #sweep: NodeJS.Timeout

  /** @throws Error when the file cannot be made or is not a database */
  constructor({ path, now = Date.now }: SqliteStoreOptions) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    // Ours from the first moment on; what SQLite puts beside it gets the same mode.
    closeSync(openSync(path, 'a', 0o600))
    this.#database = new DatabaseSync(path)
    this.#now = now
    try {
      chmodSync(path, 0o600)
      this.#database.exec(layout)
    } catch (error) {
      this.#database.close()
      throw error
    }
    this.#sweep = setInterval(() => this.#removeOver(), sweepMs).unref()
  }

  get(key: string): StoredSession | null {
    const row = this.#try(() => this.#statement('get').get(key))
    const sealed = row?.['sealed']
    if (row === undefined || !(sealed instanceof Uint8Array)) return null
    const session = {
      sealed: Buffer.from(sealed),
      fence: Number(row['fence']),
      expiresAt: Number(row['expires_at']),
      idleAt: Number(row['idle_at']),
    }
    return isOver(session, this.#now()) ? null : session
  }

  async create(key: string, { sealed, expiresAt, idleAt, indexes, about }: NewSession): Promise<void> {
    this.#together(() => {
      this.#statement('create').run(key, sealed, expiresAt, idleAt)
      this.#statement('describe').run(key, about)
      for (const index of indexes) this.#statement('index').run(index, key)
    })
  }

  async replace(key: string, fence: number, sealed: Buffer): Promise<boolean> {
    const now = this.#now()
    return this.#changes(() => this.#statement('replace').run(sealed, fence, key, fence, now, now))
  }

  async touch(key: string, idleAt: number): Promise<void> {
    this.#changes(() => this.#statement('touch').run(idleAt, key))
  }

  async remove(key: string, why: SessionEnd): Promise<boolean> {
    const existed = this.#together(() => {
      this.#statement('unindex').run(key)
      this.#statement('undescribe').run(key)
      return Number(this.#statement('remove').run(key).changes) > 0
    })
    if (existed) for (const listener of this.#listeners) listener(key, why)
    return existed
  }

  async find(index: string): Promise<readonly string[]> {
    const now = this.#now()
    return this.#try(() => this.#statement('find').all(index, now, now)).map((row) => String(row['key']))
  }

  async takeTurn(key: string, ttlMs: number): Promise<Turn | null> {
    const now = this.#now()
    const row = this.#try(() => this.#statement('take').get(now + ttlMs, key, now + 1, now + longestTurnMs))
    return row === undefined ? null : { fence: Number(row['turn']) }
  }

  async keepTurn(key: string, { fence }: Turn, ttlMs: number): Promise<boolean> {
    const now = this.#now()
    return this.#changes(() => this.#statement('keep').run(now + ttlMs, key, fence, now))
  }

  async endTurn(key: string, { fence }: Turn): Promise<void> {
    this.#changes(() => this.#statement('keep').run(0, key, fence, 0))
  }

  async once(name: string, ttlMs: number): Promise<boolean> {
    const now = this.#now()
    return this.#together(() => {
      this.#statement('forget').run(name, now)
      return Number(this.#statement('once').run(name, now + ttlMs).changes) > 0
    })
  }

  async list(): Promise<readonly ListedSession[]> {
    const now = this.#now()
    return this.#try(() => this.#statement('list').all(now, now)).map((row) => ({
      key: String(row['key']),
      about: row['about'] instanceof Uint8Array ? Buffer.from(row['about']) : null,
      expiresAt: Number(row['expires_at']),
      idleAt: Number(row['idle_at']),
    }))
  }

  async count(): Promise<number> {
    const now = this.#now()
    return Number(this.#try(() => this.#statement('count').get(now, now))?.['sessions'])
  }

  onRemoved(listener: RemovalListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep)
    if (this.#database.isOpen) this.#database.close()
  }

  #removeOver(): void {
    const now = this.#now()
    try {
      const rows = this.#statement('over').all(now, now)
      for (const row of rows) void this.remove(String(row['key']), 'expired')
      this.#statement('oldAbouts').run()
      this.#statement('oldNames').run(now)
    } catch {
      // A full disk, or another process that writes: the next sweep comes.
    }
  }

  #statement(name: keyof typeof statements): StatementSync {
    const known = this.#prepared.get(name)
    if (known !== undefined) return known
    const prepared = this.#database.prepare(statements[name])
    this.#prepared.set(name, prepared)
    return prepared
  }

  #changes(work: () => { readonly changes: number | bigint }): boolean {
    return Number(this.#try(work).changes) > 0
  }

  /** All of it or nothing. */
  #together<T>(work: () => T): T {
    return this.#try(() => {
      this.#database.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        this.#database.exec('COMMIT')
        return result
      } catch (error) {
        this.#database.exec('ROLLBACK')
        throw error
      }
    })
  }

  #try<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new StoreUnavailable('the session file cannot be used', { cause: error })
    }
  }
}
