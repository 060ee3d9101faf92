/** Tells the service manager how the gateway is doing (sd_notify(3)). */

import { spawn } from 'node:child_process'

import type { Logger } from '../log/types.ts'
import type { Libc } from './libc.ts'

/** What a service manager is told. Nothing throws; outside of systemd nothing happens. */
export interface Notifier {
  /** Serving; also the end of a reload. `status` is one line for `systemctl status`. */
  ready(status?: string): void
  /** One line for `systemctl status`. */
  status(text: string): void
  /** A reload begins; it ends with {@link ready}. */
  reloading(): void
  /** The stop begins. */
  stopping(status?: string): void
  /** Alive, for the watchdog. */
  alive(): void
  /** A start or stop that takes longer than the unit allows may take this many milliseconds more from now. */
  extendTimeout(ms: number): void
  /** Another process is the main one from now on. */
  mainPid(pid: number): void
}

/** What a notifier is made from. */
export interface NotifierInput {
  /** For `NOTIFY_SOCKET`. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly libc: Libc
  readonly logger: Logger
  /** Program that sends where the C library cannot be called; for tests. */
  readonly program?: string
}

/** Stands in where nobody wants to know. */
export const noNotifier: Notifier = {
  ready() {},
  status() {},
  reloading() {},
  stopping() {},
  alive() {},
  extendTimeout() {},
  mainPid() {},
}

/** The way to the service manager named by `NOTIFY_SOCKET`; a null object when there is none. */
export function createNotifier({ env, libc, logger, program }: NotifierInput): Notifier {
  const address = env['NOTIFY_SOCKET']
  if (address === undefined || address === '') return noNotifier
  if (!/^[@/]./.test(address)) {
    logger.warn(
      { address },
      'NOTIFY_SOCKET is of a kind that is not supported, the service manager is not told',
    )
    return noNotifier
  }
  if (!libc.isAvailable) return new SystemdNotifier(byProgram(address, env['PATH'], program, logger))
  return new SystemdNotifier((lines) => {
    if (!libc.sendDatagram(address, lines.join('\n'))) {
      logger.debug({ address }, 'the service manager did not take a message')
    }
  })
}

type Send = (lines: readonly string[]) => void

class SystemdNotifier implements Notifier {
  readonly #send: Send

  constructor(send: Send) {
    this.#send = send
  }

  ready(status?: string): void {
    this.#send(['READY=1', ...statusLine(status)])
  }

  status(text: string): void {
    this.#send(statusLine(text))
  }

  reloading(): void {
    // The time tells the manager which READY=1 is the answer; `hrtime` is the CLOCK_MONOTONIC it asks for.
    this.#send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`])
  }

  stopping(status?: string): void {
    this.#send(['STOPPING=1', ...statusLine(status)])
  }

  alive(): void {
    this.#send(['WATCHDOG=1'])
  }

  extendTimeout(ms: number): void {
    this.#send([`EXTEND_TIMEOUT_USEC=${Math.ceil(ms) * 1000}`])
  }

  mainPid(pid: number): void {
    this.#send([`MAINPID=${pid}`])
  }
}

// A line break would start another assignment.
function statusLine(text: string | undefined): readonly string[] {
  return text === undefined ? [] : [`STATUS=${text.replaceAll(/[\0-\x1f\x7f]+/g, ' ')}`]
}

/** Sends through systemd's own program, one message after the other. The unit then needs `NotifyAccess=all`. */
function byProgram(
  address: string,
  path: string | undefined,
  program = 'systemd-notify',
  logger: Logger,
): Send {
  let last = Promise.resolve()
  const env = { NOTIFY_SOCKET: address, PATH: path ?? '/usr/bin:/bin' }
  return (lines) => {
    last = last.then(() => run(program, lines, env, logger))
  }
}

function run(
  program: string,
  lines: readonly string[],
  env: Record<string, string>,
  logger: Logger,
): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(program, [...lines], { env, stdio: 'ignore' })
    child.once('error', (error) => {
      logger.debug({ reason: error.message }, 'the service manager could not be told')
      resolve()
    })
    child.once('exit', () => resolve())
  })
}
