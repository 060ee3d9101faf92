/** What the control verbs see of the process they run in; tests hand in another one. */

import { setTimeout as wait } from 'node:timers/promises'

import { wantsColour } from './render.ts'

/** Standard streams, environment and time. */
export interface Terminal {
  /** Absolute working directory. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Colours on the two streams. */
  readonly colour: { readonly out: boolean; readonly err: boolean }
  /** Whether `out` is a screen that can be redrawn. */
  readonly isScreen: boolean
  out(text: string): void
  err(text: string): void
  /** Waits; resolves early and with false once the user has pressed Ctrl-C. */
  pause(ms: number): Promise<boolean>
}

/** The terminal of this process. From the first `pause` on, Ctrl-C ends pauses and no longer the process. */
export function processTerminal(): Terminal {
  const { env, stdout, stderr } = process
  let interrupted: AbortController | null = null
  return {
    cwd: process.cwd(),
    env,
    colour: { out: wantsColour(stdout, env), err: wantsColour(stderr, env) },
    isScreen: stdout.isTTY && env['TERM'] !== 'dumb',
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    pause: (ms) => {
      interrupted ??= interruptible()
      const { signal } = interrupted
      return wait(ms, true, { signal }).catch(() => false)
    },
  }
}

/** The second Ctrl-C ends the process as usual: a request may hang. */
function interruptible(): AbortController {
  const interrupted = new AbortController()
  process.once('SIGINT', () => interrupted.abort())
  return interrupted
}
