import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'

/** A Redis server of the test's own, on a socket that nobody else finds. */
export class Redis {
  /** `unix:/path/to/socket`, as the configuration takes it. */
  readonly url: string
  readonly #directory: string
  #words: readonly string[]
  #child: ChildProcess | null = null

  private constructor(directory: string, words: readonly string[]) {
    this.#directory = directory
    this.#words = words
    this.url = `unix:${join(directory, 'redis.sock')}`
  }

  /** Starts one; it ends with the test. @param words of its command line besides; they replace the usual ones */
  static async start(t: Cleanup, words: readonly string[] = []): Promise<Redis> {
    const redis = new Redis(await freshDirectory(t), words)
    t.after(() => redis.stop())
    await redis.start()
    return redis
  }

  /** Path of its socket. */
  get socket(): string {
    return join(this.#directory, 'redis.sock')
  }

  /** Starts it (again), empty. @param words as at the beginning, from now on */
  async start(words = this.#words): Promise<void> {
    this.#words = words
    const child = spawn(
      'redis-server',
      [
        '--port',
        '0',
        '--unixsocket',
        'redis.sock',
        '--unixsocketperm',
        '700',
        '--save',
        '',
        '--appendonly',
        'no',
        ...words,
      ],
      { cwd: this.#directory, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.#child = child
    const lines = createInterface({ input: child.stdout })
    const said: string[] = []
    for await (const line of lines) {
      said.push(line)
      if (line.includes('eady to accept connections')) break
    }
    if (!said.at(-1)?.includes('eady to accept')) throw new Error(`Redis did not start:\n${said.join('\n')}`)
    child.stdout.resume()
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  /** It takes connections and answers nothing. */
  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  /** It answers again. */
  thaw(): void {
    this.#child?.kill('SIGCONT')
  }
}
