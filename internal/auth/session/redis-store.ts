/**
 * Sessions in Redis, for several gateways. Every key of Redis is touched by itself, so that a cluster can hold them;
 * the rules that need more than one step are scripts.
 */

import type { Allowance } from '../rate.ts'
import { RedisConnection, type RedisOptions } from './redis-connection.ts'
import { askRate } from './redis-rate.ts'
import {
  isOver,
  longestTurnMs,
  sessionEnd,
  StoreUnavailable,
  type ListedSession,
  type NewSession,
  type RemovalListener,
  type SessionEnd,
  type SessionStore,
  type StoredSession,
  type Turn,
} from './store.ts'

/** What a Redis store is made with. */
export interface RedisStoreOptions extends RedisOptions {
  /** In front of every key: gateways that share sessions share it. */
  readonly prefix: string
  /** Wall clock in milliseconds. */
  readonly now?: () => number
}

/** KEYS[1] session, ARGV[1] fence, ARGV[2] sealed. */
const replaceScript = `
local fence = redis.call('HGET', KEYS[1], 'fence')
if not fence or tonumber(fence) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'sealed', ARGV[2])
return 1`

/** KEYS[1] session, ARGV[1] idle end; the key of Redis ends with whichever comes first. */
const touchScript = `
local expires = redis.call('HGET', KEYS[1], 'expires')
if not expires then return 0 end
redis.call('HSET', KEYS[1], 'idle', ARGV[1])
redis.call('PEXPIREAT', KEYS[1], math.min(tonumber(expires), tonumber(ARGV[1])))
return 1`

const serverTime = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)`

/** KEYS[1] session, ARGV[1] how long, ARGV[2] longest turn. Redis's own clock: those of the gateways may differ. */
const takeScript = `${serverTime}
local session = redis.call('HMGET', KEYS[1], 'turn', 'until')
if not session[1] then return 0 end
local ends = tonumber(session[2])
if ends > now and ends <= now + tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'turn', tonumber(session[1]) + 1, 'until', now + tonumber(ARGV[1]))
return tonumber(session[1]) + 1`

/** KEYS[1] session, ARGV[1] turn, ARGV[2] how long from now; 0 ends it. */
const keepScript = `${serverTime}
local session = redis.call('HMGET', KEYS[1], 'turn', 'until')
if session[1] ~= ARGV[1] or tonumber(session[2]) <= now then return 0 end
redis.call('HSET', KEYS[1], 'until', ARGV[2] == '0' and 0 or now + tonumber(ARGV[2]))
return 1`

/** Every request waits for it: a Redis that is slower is not asked for a while. Milliseconds. */
const rateMs = 500

/** See {@link SessionStore}. */
export class RedisStore implements SessionStore {
  readonly #connection: RedisConnection
  readonly #prefix: string
  readonly #now: () => number
  readonly #listeners = new Set<RemovalListener>()

  constructor(options: RedisStoreOptions) {
    this.#prefix = options.prefix
    this.#now = options.now ?? Date.now
    this.#connection = new RedisConnection(options)
    this.#connection.open(this.#channel, (text) => this.#hear(text))
  }

  async get(key: string): Promise<StoredSession | null> {
    const fields = await this.#send('HMGET', this.#session(key), 'sealed', 'fence', 'expires', 'idle')
    const [sealed, fence, expires, idle] = textsOf(fields)
    if (sealed === null || sealed === undefined) return null
    const session = {
      sealed: Buffer.from(sealed, 'base64'),
      fence: Number(fence),
      expiresAt: Number(expires),
      idleAt: Number(idle),
    }
    return isOver(session, this.#now()) ? null : session
  }

  async create(key: string, { sealed, expiresAt, idleAt, indexes, about }: NewSession): Promise<void> {
    const name = this.#session(key)
    const texts = ['sealed', sealed.toString('base64'), 'about', about.toString('base64')]
    const record = [...texts, 'fence', '0', 'turn', '0', 'until', '0']
    await this.#send('HSET', name, ...record, 'expires', String(expiresAt), 'idle', String(idleAt))
    await this.#send('PEXPIREAT', name, String(Math.min(expiresAt, idleAt)))
    for (const index of indexes) {
      await this.#send('SADD', this.#index(index), key)
      // All live equally long: the newest ends last.
      await this.#send('PEXPIREAT', this.#index(index), String(expiresAt))
    }
  }

  async replace(key: string, fence: number, sealed: Buffer): Promise<boolean> {
    const done = await this.#run(replaceScript, key, String(fence), sealed.toString('base64'))
    return done === 1
  }

  async touch(key: string, idleAt: number): Promise<void> {
    await this.#run(touchScript, key, String(idleAt))
  }

  async remove(key: string, why: SessionEnd): Promise<boolean> {
    const existed = (await this.#send('DEL', this.#session(key))) === 1
    if (existed) {
      this.#tell(key, why)
      await this.#send('PUBLISH', this.#channel, `${key} ${why}`)
    }
    return existed
  }

  async find(index: string): Promise<readonly string[]> {
    const keys = textsOf(await this.#send('SMEMBERS', this.#index(index)))
    const found: string[] = []
    for (const key of keys) {
      if (key === null) continue
      if ((await this.get(key)) === null) await this.#send('SREM', this.#index(index), key)
      else found.push(key)
    }
    return found
  }

  async takeTurn(key: string, ttlMs: number): Promise<Turn | null> {
    const fence = await this.#run(takeScript, key, String(ttlMs), String(longestTurnMs))
    return typeof fence === 'number' && fence > 0 ? { fence } : null
  }

  async keepTurn(key: string, { fence }: Turn, ttlMs: number): Promise<boolean> {
    return (await this.#run(keepScript, key, String(fence), String(ttlMs))) === 1
  }

  async endTurn(key: string, { fence }: Turn): Promise<void> {
    await this.#run(keepScript, key, String(fence), '0')
  }

  async once(name: string, ttlMs: number): Promise<boolean> {
    const set = await this.#send('SET', `${this.#prefix}once:${name}`, '1', 'NX', 'PX', String(ttlMs))
    return set === 'OK'
  }

  askRate(name: string, allowance: Allowance, taken: 0 | 1): Promise<number> {
    const send = (words: readonly string[]): Promise<unknown> => this.#connection.send(words, rateMs)
    return askRate(send, `${this.#prefix}r:${name}`, allowance, taken)
  }

  async list(): Promise<readonly ListedSession[]> {
    const listed: ListedSession[] = []
    for await (const names of this.#pages()) {
      const read = names.map(async (name) => this.#listed(name))
      listed.push(...(await Promise.all(read)).filter((session) => session !== null))
    }
    // A pass may come by a key twice.
    return [...new Map(listed.map((session) => [session.key, session])).values()]
  }

  async count(): Promise<number> {
    let sessions = 0
    for await (const names of this.#pages()) sessions += names.length
    return sessions
  }

  onRemoved(listener: RemovalListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): Promise<void> {
    this.#connection.close()
    return Promise.resolve()
  }

  /** Names of all sessions, in one pass that other commands may come between. */
  async *#pages(): AsyncGenerator<readonly string[]> {
    let cursor = '0'
    do {
      const page = await this.#send('SCAN', cursor, 'MATCH', `${globText(this.#prefix)}s:*`, 'COUNT', '1000')
      const [next, names] = Array.isArray(page) ? (page as unknown[]) : ['0', []]
      cursor = String(next)
      yield textsOf(names).filter((name) => name !== null)
    } while (cursor !== '0')
  }

  async #listed(name: string): Promise<ListedSession | null> {
    const [about, expires, idle] = textsOf(await this.#send('HMGET', name, 'about', 'expires', 'idle'))
    const session = {
      key: name.slice(this.#session('').length),
      about: typeof about === 'string' ? Buffer.from(about, 'base64') : null,
      expiresAt: Number(expires ?? 0),
      idleAt: Number(idle ?? 0),
    }
    return isOver(session, this.#now()) ? null : session
  }

  get #channel(): string {
    return `${this.#prefix}removed`
  }

  #session(key: string): string {
    return `${this.#prefix}s:${key}`
  }

  #index(index: string): string {
    return `${this.#prefix}i:${index}`
  }

  /** What another gateway said: a key, and why its session ended; null = something may have been missed. */
  #hear(text: string | null): void {
    const [key = null, why] = text?.split(' ') ?? []
    this.#tell(key, sessionEnd(why))
  }

  #tell(key: string | null, why: SessionEnd): void {
    for (const listener of this.#listeners) listener(key, why)
  }

  #send(...words: readonly string[]): Promise<unknown> {
    return this.#connection.send(words)
  }

  #run(script: string, key: string, ...values: readonly string[]): Promise<unknown> {
    return this.#send('EVAL', script, '1', this.#session(key), ...values)
  }
}

/** A text as the pattern of itself. */
function globText(text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&')
}

function textsOf(reply: unknown): readonly (string | null)[] {
  if (!Array.isArray(reply)) throw new StoreUnavailable('Redis gave an answer of an unknown form')
  return reply.map((part: unknown) => (typeof part === 'string' ? part : null))
}
