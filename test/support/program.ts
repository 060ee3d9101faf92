import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

import type { Cleanup } from './cleanup.ts'

/** A process a test started and reads line by line. */
export interface Program {
  readonly pid: number
  readonly process: ChildProcess
  readonly stdin: Writable
  /** Resolves with its exit status and the signal that ended it. */
  readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>
  /** The next line of its standard output; rejects when that ended, with what it wrote to standard error. */
  line(): Promise<string>
}

/** Starts a program; killed with its group after the test if it is `detached`, alone otherwise. */
export function startProgram(
  t: Cleanup,
  [command, ...args]: readonly [string, ...string[]],
  options: SpawnOptions = {},
): Program {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] })
  const { pid, stdin, stdout, stderr } = child
  if (pid === undefined) throw new Error(`cannot start ${command}`)
  t.after(() => end(options.detached === true ? -pid : pid))
  stdin.on('error', () => {})
  const said = collect(stderr)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const exited = once(child, 'exit').then(([code, signal]): [number | null, NodeJS.Signals | null] => [
    code,
    signal,
  ])
  return {
    pid,
    process: child,
    stdin,
    exited,
    async line() {
      const next = await lines.next()
      if (next.done === true) throw new Error(`${command} wrote no line; its errors: ${said()}`)
      return next.value
    },
  }
}

function collect(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return () => text
}

function end(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}
