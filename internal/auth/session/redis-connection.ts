/** Two connections to Redis: one for commands, one that listens. Both come back by themselves. */

import { createClient } from '@redis/client'

import { StoreUnavailable } from './store.ts'

/** How Redis is reached. */
export interface RedisOptions {
  /** `redis://`, `rediss://`, `unix:/path/to/socket` or `unix://USER:PASSWORD@/path/to/socket?db=NUMBER`. */
  readonly url: string
  /** Certificates that are trusted for `rediss://`; null = the usual ones. */
  readonly ca: readonly string[] | null
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number
  /**
   * Told when it cannot be used any more, and when it can again.
   * @param reason a code of the system, of OpenSSL or of Redis (`NOAUTH`, `READONLY`)
   */
  readonly onState: (state: 'up' | 'down', reason: string) => void
}

type Client = ReturnType<typeof createClient>

const longestPauseMs = 2_000

/** Commands and one subscription. */
export class RedisConnection {
  readonly #commands: Client
  readonly #listening: Client
  readonly #timeoutMs: number
  readonly #onState: RedisOptions['onState']
  #state: 'unknown' | 'up' | 'down' = 'unknown'
  /** The command that Redis has refused; others may work all the same. */
  #refused: string | null = null

  constructor(options: RedisOptions) {
    this.#timeoutMs = options.timeoutMs
    this.#onState = options.onState
    this.#commands = createClient(clientOptions(options))
    this.#listening = createClient(clientOptions(options))
    this.#commands.on('ready', () => {
      if (this.#refused === null) this.#become('up', '')
    })
    this.#commands.on('error', (error: unknown) => this.#become('down', reasonOf(error)))
    // Of the same server: what is wrong with it is said once.
    this.#listening.on('error', () => undefined)
  }

  /** Begins to connect; whoever asks before it succeeded is told that the store is unavailable. */
  open(channel: string, onMessage: (text: string | null) => void): void {
    void this.#commands.connect().catch(() => undefined)
    void this.#listen(channel, onMessage)
  }

  /** Sends one command. @throws StoreUnavailable when there is no answer in time, or none that is no error */
  async send(words: readonly string[], timeoutMs = this.#timeoutMs): Promise<unknown> {
    const late = Promise.withResolvers<never>()
    const giveUp = (): void => late.reject(new Error('no answer in time'))
    // A process that was stopped finds its timers over before it reads what has long arrived.
    const timer = setTimeout(() => setImmediate(giveUp), timeoutMs)
    const [name = ''] = words
    try {
      const reply = await Promise.race([this.#commands.sendCommand([...words]), late.promise])
      if (this.#refused === name) this.#allowed()
      return reply
    } catch (error) {
      this.#look(name, error)
      throw new StoreUnavailable('Redis cannot be used', { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    for (const client of [this.#commands, this.#listening]) if (client.isOpen) client.destroy()
  }

  async #listen(channel: string, onMessage: (text: string | null) => void): Promise<void> {
    // What was said while nobody listened is lost.
    this.#listening.on('ready', () => onMessage(null))
    try {
      await this.#listening.connect()
      await this.#listening.subscribe(channel, onMessage)
    } catch (error) {
      // Or it was closed meanwhile.
      this.#look('SUBSCRIBE', error)
    }
  }

  /** An answer that says no is told like an outage: whoever runs the gateway has to do something. */
  #look(name: string, error: unknown): void {
    const code = refusalOf(error)
    if (code === null || code === 'NOSCRIPT') return
    this.#refused ??= name
    this.#become('down', code)
  }

  #allowed(): void {
    this.#refused = null
    this.#become('up', '')
  }

  #become(state: 'up' | 'down', reason: string): void {
    if (this.#state === state) return
    const first = this.#state === 'unknown'
    this.#state = state
    if (!first || state === 'down') this.#onState(state, reason)
  }
}

function clientOptions({ url, ca, timeoutMs }: RedisOptions): Parameters<typeof createClient>[0] {
  const shared = {
    connectTimeout: timeoutMs,
    reconnectStrategy: (retries: number) => Math.min(100 * 2 ** Math.min(retries, 10), longestPauseMs),
  }
  // A command that waits for a connection would make its request wait for an outage.
  const common = {
    disableOfflineQueue: true,
    commandsQueueMaxLength: 10_000,
    pingInterval: 10_000,
    // An account that may do little may not say what it is called.
    disableClientInfo: true,
  }
  const unix = unixForm.exec(url)
  if (unix !== null) {
    const [, username, password, path = '', database] = unix
    return {
      ...common,
      ...(username ? { username: decodeURIComponent(username) } : {}),
      ...(password ? { password: decodeURIComponent(password) } : {}),
      ...(database === undefined ? {} : { database: Number(database) }),
      socket: { ...shared, tls: false, path },
    }
  }
  const tls = url.startsWith('rediss:') ? { tls: true as const, ...(ca === null ? {} : { ca: [...ca] }) } : {}
  return { ...common, url, socket: { ...shared, ...tls } }
}

const unixForm = /^unix:(?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?)?(\/[^?]*)(?:\?db=(\d+))?$/

/** The code of an answer that is an error (`READONLY You can't write ...`); null for everything else. */
function refusalOf(error: unknown): string | null {
  return error instanceof Error ? (/^([A-Z]{3,}) \S/.exec(error.message)?.[1] ?? null) : null
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  const refusal = refusalOf(error)
  if (refusal !== null) return refusal
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
