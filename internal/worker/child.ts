import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

import type { BootFailure } from './boot-report.ts'
import { parseBootReport } from './boot-report.ts'
import { hiding } from './hidden.ts'
import { describeExit, describeSpawnError } from './exit.ts'
import type { OutputEvent } from './output.ts'
import { LastLines, readLines } from './output.ts'
import { oomKills } from '../host/memory-group.ts'
import { isGroupAlive, killGroup } from './process-group.ts'
import { jsonFields, TracebackJoiner } from './traceback.ts'
import type { StuckAt } from './stack-dump.ts'
import { StackDump } from './stack-dump.ts'
import type { ExitReason } from './types.ts'

/** What to start. The command and the directory were looked at before: Node confuses the two when one is missing. */
export interface ChildInput {
  readonly worker: string
  /** The worker's place in the configuration, for messages. */
  readonly where: string
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** True for our bootstrap, which knows descriptors 3 (lifeline) and 4 (report). */
  readonly isBootstrap: boolean
  /** The account it runs under; left out = ours. */
  readonly account?: { readonly uid: number; readonly gid: number } | null
  readonly onOutput: (event: OutputEvent) => void
  /** Ends its group should the gateway be killed; left out = only the bootstrap's lifeline does. */
  readonly watcher?: ProcessWatcher | undefined
}

/** Knows the process groups that must not outlive the gateway. */
export interface ProcessWatcher {
  /** The leader of a new group. */
  watch(pid: number): void
  /** The group has ended. */
  forget(pid: number): void
}

/** How the end of a child went. */
export interface StopOutcome {
  /** False when it ignored SIGTERM for the whole grace and had to be killed. */
  readonly obeyed: boolean
}

/** The pipes of a child that ended may be held open by an escaped grandchild; no longer than this, in milliseconds. */
const pipeGraceMs = 500

/** How long the kernel may take to remove a killed group, and how often it is looked at, in milliseconds. */
const groupGraceMs = 2000
const groupPollMs = 20

/** How long a process that hangs may take to say where, in milliseconds. */
const abortGraceMs = 2000

/** One process in a group of its own, with its output read and its end told. */
export class Child {
  /** Process id, or null when it could not be started. */
  readonly pid: number | null
  /** Resolves once: the leader ended, the rest of its group was killed, its last output was read. */
  readonly exited: Promise<ExitReason>
  readonly #process: ChildProcess | null
  readonly #last = new LastLines()
  #report: BootFailure | null = null
  readonly #dump: StackDump
  readonly #oomKills = oomKills()
  #sent = { term: false, kill: false, abort: false }
  #hasEnded = false
  #stopping: Promise<StopOutcome> | undefined

  constructor(input: ChildInput) {
    this.#dump = new StackDump(input.cwd)
    const started = launch(input)
    this.#process = started instanceof Error ? null : started
    this.pid = this.#process?.pid ?? null
    if (this.pid !== null) input.watcher?.watch(this.pid)
    if (started instanceof Error) {
      this.#hasEnded = true
      this.exited = Promise.resolve(describeSpawnError(started, input.argv[0]))
    } else {
      this.exited = this.#follow(started, input)
    }
  }

  /** The last lines it wrote, oldest first. */
  get lastLines(): readonly string[] {
    return this.#last.lines
  }

  /** What the bootstrap said about a failed start, once it did. */
  get report(): BootFailure | null {
    return this.#report
  }

  /** Where it was when it was asked by {@link abort}; null when it was not, or did not say. */
  get stuckAt(): StuckAt | null {
    return this.#dump.stuckAt
  }

  /** It hangs: SIGABRT, on which Python writes where every thread is, and soon SIGKILL to the group. Idempotent. */
  abort(): void {
    if (this.#hasEnded || this.#process === null || this.#sent.abort) return
    this.#sent.abort = true
    this.#dump.arm()
    this.#process.kill('SIGABRT')
    const timer = setTimeout(() => this.destroy(), abortGraceMs)
    void this.exited.then(() => clearTimeout(timer))
  }

  /**
   * SIGTERM to the leader only: it alone knows in which order its own children stop. After the grace SIGKILL to
   * the whole group. Resolves when nothing of the group is left; idempotent.
   */
  stop(graceMs: number): Promise<StopOutcome> {
    this.#stopping ??= this.#stop(graceMs)
    return this.#stopping
  }

  /** SIGKILL to the whole group, now. Idempotent. */
  destroy(): void {
    if (this.#hasEnded) return
    this.#sent.kill = true
    this.#killGroup()
  }

  async #stop(graceMs: number): Promise<StopOutcome> {
    if (!this.#hasEnded && this.#process !== null) {
      this.#sent.term = true
      this.#process.kill('SIGTERM')
    }
    const timer = setTimeout(() => this.destroy(), graceMs)
    await this.exited
    clearTimeout(timer)
    await this.#groupGone()
    return { obeyed: !this.#sent.kill }
  }

  async #follow(child: ChildProcess, input: ChildInput): Promise<ExitReason> {
    const drained = this.#read(child, input)
    const { promise, resolve } = Promise.withResolvers<ExitReason>()
    // `exit`, not `close`: a grandchild that keeps a pipe open must not delay the restart.
    child.once('exit', (code, signal) =>
      resolve(describeExit(code, signal, this.#sent, signal === 'SIGKILL' ? this.#ranOut() : null)),
    )
    child.once('error', (error) => {
      if (child.pid === undefined) resolve(describeSpawnError(error, input.argv[0]))
    })
    const reason = await promise
    this.#hasEnded = true
    // What the leader left behind goes with it.
    this.#killGroup()
    if (this.pid !== null) input.watcher?.forget(this.pid)
    await within(drained, pipeGraceMs)
    return reason
  }

  // Resolves when every pipe is closed.
  #read(child: ChildProcess, input: ChildInput): Promise<unknown> {
    const { worker, onOutput } = input
    const hide = hiding(input.env)
    const open: Promise<void>[] = []
    for (const stream of ['stdout', 'stderr'] as const) {
      const joiner = new TracebackJoiner((text) => onOutput(event(worker, child.pid, stream, text)))
      const line = (written: string): void => {
        const text = hide(written)
        if (stream === 'stderr' && this.#dump.take(text)) return
        this.#last.add(text)
        joiner.write(text)
      }
      open.push(reading(child[stream], line, () => joiner.flush()))
    }
    if (input.isBootstrap) {
      const report = (text: string): void => {
        this.#report ??= parseBootReport(hide(text), input.where)
      }
      open.push(reading(child.stdio[4], report, () => {}))
      ignoreErrors(child.stdio[3])
    }
    return Promise.all(open)
  }

  #ranOut(): boolean | null {
    const now = oomKills()
    return now === null || this.#oomKills === null ? null : now > this.#oomKills
  }

  #killGroup(): void {
    if (this.pid !== null) killGroup(this.pid)
  }

  // Killed processes take a moment to disappear, and one that waits for a dead disk does not at all.
  async #groupGone(): Promise<void> {
    const until = performance.now() + groupGraceMs
    while (this.pid !== null && isGroupAlive(this.pid) && performance.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, groupPollMs))
    }
  }
}

function launch({ argv, cwd, env, isBootstrap, account }: ChildInput): ChildProcess | NodeJS.ErrnoException {
  const [command, ...args] = argv
  const pipes = isBootstrap ? (['pipe', 'pipe'] as const) : []
  try {
    // Detached: its own process group, so that Ctrl-C in a terminal reaches workers only through us and the
    // whole group can be killed at once.
    return spawn(command, args, {
      cwd,
      env: { ...env },
      detached: true,
      ...(account ? { uid: account.uid, gid: account.gid } : {}),
      stdio: ['ignore', 'pipe', 'pipe', ...pipes],
    })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function event(
  worker: string,
  pid: number | undefined,
  stream: 'stdout' | 'stderr',
  text: string,
): OutputEvent {
  const fields = jsonFields(text)
  return { worker, pid: pid ?? null, stream, text, ...(fields === undefined ? {} : { fields }) }
}

function reading(stream: unknown, onLine: (line: string) => void, onEnd: () => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (!isReadable(stream)) return Promise.resolve()
  readLines(stream, onLine, () => {
    onEnd()
    resolve()
  })
  return promise
}

function ignoreErrors(stream: unknown): void {
  if (!isReadable(stream)) return
  // The worker's end of the lifeline closes when it dies; that is told by `exit`.
  stream.on('error', () => {})
  stream.resume()
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'on' in stream && 'resume' in stream
}

async function within(work: Promise<unknown>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  await Promise.race([work, promise])
  clearTimeout(timer)
}
