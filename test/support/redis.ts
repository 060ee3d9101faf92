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
  #child: ChildProcess | null = null

  private constructor(directory: string) {
    this.#directory = directory
    this.url = `unix:${join(directory, 'redis.sock')}`
  }

  /** Starts one; it ends with the test. */
  static async start(t: Cleanup): Promise<Redis> {
    const redis = new Redis(await freshDirectory(t))
    t.after(() => redis.stop())
    await redis.start()
    return redis
  }

  /** Starts it (again), empty. */
  async start(): Promise<void> {
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
      ],
      { cwd: this.#directory, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    this.#child = child
    const lines = createInterface({ input: child.stdout })
    for await (const line of lines) if (line.includes('eady to accept connections')) break
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
