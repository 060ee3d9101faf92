import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { repository, virtualEnvironment } from './python.ts'

/** How a process ended, and all it wrote. */
export interface Finished {
  /** Exit status, or null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Where and with what the binary is run. */
export interface Surroundings {
  readonly cwd: string
  /** Added to the clean environment below; undefined removes a variable from it. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A program and its first arguments that start the binary, which becomes its last ones: `unshare`, an activator. */
  readonly through?: readonly string[]
}

/** The executable under test: what `npm run build` left, or the one `BINARY` names; throws when it is missing. */
export function binary(): string {
  const path = process.env['BINARY'] ?? join(repository, 'dist', 'fluxlit')
  if (!existsSync(path)) throw new Error('no dist/fluxlit: run `npm run build` first')
  return path
}

/** Starts `fluxlit` in a process group of its own, with nothing of the test runner's environment but PATH. */
export function start(args: readonly string[], { cwd, env = {}, through = [] }: Surroundings): ChildProcess {
  const [program = '', ...words] = [...through, binary(), ...args]
  return spawn(program, words, {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: cwd,
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      VIRTUAL_ENV: virtualEnvironment(),
      ...env,
    },
  })
}

/** Runs `fluxlit` to its end. */
export function run(args: readonly string[], surroundings: Surroundings): Promise<Finished> {
  return finished(start(args, surroundings))
}

/** Resolves when a child process has ended and its output is read to the end. */
export function finished(child: ChildProcess): Promise<Finished> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}
