import { randomUUID } from 'node:crypto'
import type { ChildProcess } from 'node:child_process'

import { finished, start } from './binary.ts'
import type { Finished } from './binary.ts'
import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'
import type { Contents } from './directory.ts'
import { processesWith } from './processes.ts'

/** What a gateway under test is started with. */
export interface GatewayOptions extends Contents {
  /** `serve` unless told otherwise. */
  readonly verb?: 'serve' | 'dev'
  /** Text of `fluxlit.toml`; left out when `from` brings one. */
  readonly toml?: string
  /** Leaves `-c fluxlit.toml` out, so that the apps must be found. */
  readonly detect?: boolean
  /** Arguments after `VERB -c fluxlit.toml --port 0`. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Working directory, when it is not the fresh one that holds the files. */
  readonly cwd?: string
  /** Takes the port from the file instead of any free one. */
  readonly ownPort?: boolean
  /** As in {@link Surroundings}. */
  readonly through?: readonly string[]
}

/** One line of the JSON log. */
export type LogRecord = Readonly<Record<string, unknown>>

// Carried by the gateway and everything it starts, so that a test can find every process left behind.
const marker = 'GATEWAY_UNDER_TEST'

/** Starts the built binary in a fresh directory on a free port; resolves once it listens. */
export async function gateway(t: Cleanup, options: GatewayOptions): Promise<Gateway> {
  const files = { ...options.files, ...(options.toml === undefined ? {} : { 'fluxlit.toml': options.toml }) }
  const directory = await freshDirectory(t, { ...options, files })
  const id = randomUUID()
  const file = options.detect === true ? [] : ['-c', 'fluxlit.toml']
  const port = options.ownPort === true ? [] : ['--port', '0']
  const cwd = options.cwd ?? directory
  const child = start([options.verb ?? 'serve', ...file, ...port, ...(options.args ?? [])], {
    cwd,
    // A port of its own for each: on the usual one the first of many would be alone.
    env: { [marker]: id, FLUXLIT_ADMIN_LISTEN: '127.0.0.1:0', ...options.env },
    through: options.through ?? [],
  })
  const running = new Gateway(child, cwd, id)
  t.after(() => running.destroy())
  await running.listening()
  return running
}

/** A gateway under test. */
export class Gateway {
  /** Its working directory: the fresh one with the files, unless another was given. */
  readonly directory: string
  /** Resolves with status and output when it has ended. */
  readonly exited: Promise<Finished>
  readonly #child: ChildProcess
  readonly #id: string
  readonly #records: LogRecord[] = []
  readonly #waiting = new Set<() => void>()
  #output = ''
  #partial = ''
  #ended = false
  #url = ''

  constructor(child: ChildProcess, directory: string, id: string) {
    this.#child = child
    this.directory = directory
    this.#id = id
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    this.exited = finished(child).finally(() => {
      this.#ended = true
      this.#wake()
    })
    // Whoever awaits it sees the failure; nobody has to.
    this.exited.catch(() => undefined)
  }

  /** `http://127.0.0.1:PORT`, without the root path. */
  get url(): string {
    return this.#url
  }

  /** The same for WebSockets. */
  get socketUrl(): string {
    return this.#url.replace(/^http/, 'ws')
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the gateway was not started')
    return this.#child.pid
  }

  /** Everything written so far, for failure messages. */
  get output(): string {
    return this.#output
  }

  /** The log records written so far. */
  get records(): readonly LogRecord[] {
    return this.#records
  }

  /** The first log record, past or to come, of which `matches` is true; rejects when the gateway ends first. */
  async record(what: string, matches: (record: LogRecord) => boolean): Promise<LogRecord> {
    for (let seen = 0; ;) {
      for (; seen < this.#records.length; seen++) {
        const record = this.#records[seen]
        if (record !== undefined && matches(record)) return record
      }
      if (this.#ended) throw new Error(`the gateway ended before: ${what}\n${this.#output}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Resolves once the listener is open. */
  async listening(): Promise<void> {
    const record = await this.record('listening', (line) => listeningUrl(line) !== null)
    this.#url = new URL(listeningUrl(record) ?? '').origin
  }

  /** `http://127.0.0.1:PORT` of the admin listener, or `unix:PATH`. */
  async adminUrl(): Promise<string> {
    const record = await this.record('admin listener', (line) => line['msg'] === 'status and metrics')
    return String(record['url'])
  }

  /** Resolves once every required worker has become ready for the first time. */
  async ready(): Promise<this> {
    await this.record('ready', (line) => line['msg'] === 'ready')
    return this
  }

  /** Sends a signal to the gateway process alone. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** SIGTERM, and how it ended. */
  stop(): Promise<Finished> {
    this.signal('SIGTERM')
    return this.exited
  }

  /** Processes that this gateway started and that still run, itself included. */
  processes(): ReturnType<typeof processesWith> {
    return processesWith(marker, this.#id)
  }

  /** Ends everything that is left of it, first politely so that it removes its sockets. */
  async destroy(): Promise<void> {
    if (!this.#ended) {
      this.signal('SIGTERM')
      // All of it: a program in between may not pass signals on, and who changed accounts does not end with it.
      const late = setTimeout(() => this.#kill(), 15_000)
      await this.exited.catch(() => undefined)
      clearTimeout(late)
    }
    this.#kill()
  }

  #kill(): void {
    for (const { pid } of this.processes()) killQuietly(pid)
  }

  #read(text: string): void {
    this.#output += text
    const lines = (this.#partial + text).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) this.#records.push(parseRecord(line))
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

// Lines that are not JSON are kept too: a test may look for one.
function parseRecord(line: string): LogRecord {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // Falls through: text.
  }
  return { text: line }
}

// Of a JSON log, or of one for people.
function listeningUrl(record: LogRecord): string | null {
  if (record['msg'] === 'listening') return String(record['url'])
  const { text } = record
  return typeof text === 'string' ? (/\blistening\b.*?(http:\/\/\S+)/.exec(text)?.[1] ?? null) : null
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself in between.
  }
}
