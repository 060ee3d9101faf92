/** A program the bench starts: on its cores, with its output in a file, and gone at the end. */

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** Something that listens. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** How a program is started. */
export interface Start {
  readonly command: readonly string[]
  /** Takes its standard output and standard error. */
  readonly log: string
  /** Cores as taskset(1) wants them; null leaves it where we are, which is where the load is. */
  readonly cores: string | null
  /** The whole environment besides PATH. */
  readonly env?: Readonly<Record<string, string>>
}

/** How long a program may take until it listens. Far above normal: it tells a hang from a slow machine. */
const listeningSeconds = 20

/** A running program. */
export class Program implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #log: string
  readonly #exited: Promise<unknown>
  #failure: Error | null = null

  constructor({ command, log, cores, env = {} }: Start) {
    const output = openSync(log, 'a')
    const pinned = cores === null ? command : ['taskset', '-c', cores, ...command]
    const [program = '', ...args] = pinned
    this.#log = log
    this.#child = spawn(program, args, {
      stdio: ['ignore', output, output],
      env: { PATH: process.env['PATH'], ...env },
    })
    closeSync(output)
    // 'exit' and not 'close': nothing of it is read by us.
    this.#exited = once(this.#child, 'exit').catch((error: Error) => (this.#failure = error))
  }

  /** @throws Error when it could not be started */
  get pid(): number {
    if (this.#child.pid === undefined) throw this.#failure ?? new Error('the program was not started')
    return this.#child.pid
  }

  /** Whether it still runs. */
  get isRunning(): boolean {
    return this.#failure === null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Resolves when it has ended. */
  get exited(): Promise<unknown> {
    return this.#exited
  }

  /** The end of what it wrote, for messages. */
  get lastWords(): string {
    return readFileSync(this.#log, 'utf8').trim().split('\n').slice(-3).join(' / ')
  }

  /**
   * Resolves once a connection is accepted.
   * @throws Error with its last output when it ends before, or takes longer than 20 s
   */
  async listening(address: Address): Promise<void> {
    const deadline = performance.now() + listeningSeconds * 1000
    while (!(await accepts(address))) {
      if (!this.isRunning) throw this.#failure ?? new Error(`it ended: ${this.lastWords}`)
      if (performance.now() > deadline) throw new Error(`it does not listen: ${this.lastWords}`)
      await pause(1)
    }
  }

  /** @param signal what to send it, when it still runs */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child.kill(signal)
  }

  /** SIGTERM, and after five seconds SIGKILL. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.signal('SIGTERM')
    const late = setTimeout(() => this.signal('SIGKILL'), 5000)
    await this.#exited
    clearTimeout(late)
  }
}

/** A TCP port of the loopback interface nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

/** The options with which `net.connect` reaches an address. */
export function connectOptions(address: Address): { host: string; port: number } | { path: string } {
  return address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }
}

async function accepts(address: Address): Promise<boolean> {
  const socket = connect(connectOptions(address))
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
