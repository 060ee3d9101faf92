/** Two connections to Redis: one for commands, one that listens. Both come back by themselves. */

import { createClient } from '@redis/client'

import { StoreUnavailable } from './store.ts'

/** How Redis is reached. */
export interface RedisOptions {
  /** `redis://`, `rediss://` or `unix:/path/to/socket`. */
  readonly url: string
  /** Certificates that are trusted for `rediss://`; null = the usual ones. */
  readonly ca: readonly string[] | null
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number
  /** Told when it cannot be reached any more, and when it can again. */
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

  constructor(options: RedisOptions) {
    this.#timeoutMs = options.timeoutMs
    this.#onState = options.onState
    this.#commands = createClient(clientOptions(options))
    this.#listening = createClient(clientOptions(options))
    this.#commands.on('ready', () => this.#become('up', ''))
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
    try {
      return await Promise.race([this.#commands.sendCommand([...words]), late.promise])
    } catch (error) {
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
    } catch {
      // Closed meanwhile.
    }
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
  const common = { disableOfflineQueue: true, commandsQueueMaxLength: 10_000, pingInterval: 10_000 }
  if (url.startsWith('unix:'))
    return { ...common, socket: { ...shared, tls: false, path: url.slice('unix:'.length) } }
  const tls = url.startsWith('rediss:') ? { tls: true as const, ...(ca === null ? {} : { ca: [...ca] }) } : {}
  return { ...common, url, socket: { ...shared, ...tls } }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
