/** What the gateway owes the system it runs on: the service manager, its watchdog, and orphans as PID 1. */

import type { Logger } from '../log/types.ts'
import { passedSockets } from '../host/activation.ts'
import { openLibc } from '../host/libc.ts'
import { createNotifier, type Notifier } from '../host/notify.ts'
import { OwnChildren } from '../host/own-children.ts'
import { Reaper } from '../host/reaper.ts'
import { Watchdog } from '../host/watchdog.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import type { SupervisedWorker } from '../worker/types.ts'
import type { PublicSocket } from './bind.ts'

/** The ties to the system, open for as long as the gateway runs. */
export interface System extends Disposable {
  readonly notifier: Notifier
  /** A socket the service manager opened for us. */
  readonly passed: PublicSocket | null
}

/** Opens them. Must come before the first child process. @throws StartupError when passed sockets are broken */
export function openSystem(env: Readonly<Record<string, string | undefined>>, logger: Logger): System {
  const activation = passedSockets(env)
  if ('code' in activation) throw new StartupError([activation], exitCode.usage)
  for (const { name, fd } of activation.unused) logger.warn({ name, fd }, 'passed socket is not used')
  const libc = openLibc()
  // Before anything can start a child.
  const children = new OwnChildren()
  const notifier = createNotifier({ env, libc, logger })
  const reaper = new Reaper({ libc, isOurs: (pid) => children.has(pid) })
  // The beat comes from the event loop that also carries the traffic: while it beats, requests are answered.
  const watchdog = new Watchdog({ env, notifier, healthy: () => true })
  return {
    notifier,
    passed: activation.http,
    [Symbol.dispose]() {
      watchdog.close()
      reaper.close()
      children.close()
    },
  }
}

/** One line for `systemctl status`: `api ready, ui starting`. */
export function statusLine(workers: readonly SupervisedWorker[]): string {
  return workers.map(({ name, state }) => `${name} ${state.kind}`).join(', ')
}
