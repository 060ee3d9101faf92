/** The service manager's watchdog: it ends a gateway that stops saying that it is alive. */

import type { Notifier } from './notify.ts'

/** What a watchdog is made from. */
export interface WatchdogInput {
  /** For `WATCHDOG_USEC` and `WATCHDOG_PID`. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly notifier: Notifier
  /** Whether the gateway does its work; while it says no (or throws) nothing is sent. */
  readonly healthy: () => boolean
  readonly pid?: number
}

/** Says "alive" from the event loop, so that a blocked loop is found as well. */
export class Watchdog {
  readonly #timer: NodeJS.Timeout | null

  constructor({ env, notifier, healthy, pid = process.pid }: WatchdogInput) {
    const interval = watchdogIntervalMs(env, pid)
    const beat = (): void => {
      if (isTrue(healthy)) notifier.alive()
    }
    this.#timer = interval === null ? null : setInterval(beat, interval)
    this.#timer?.unref()
    if (interval !== null) beat()
  }

  /** Nothing is said any more. Idempotent. */
  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
  }
}

/**
 * How often to say so, in milliseconds: half of what the manager allows, as sd_watchdog_enabled(3) asks for. Null
 * when no watchdog is on, or it is meant for another process.
 */
export function watchdogIntervalMs(env: WatchdogInput['env'], pid: number): number | null {
  const meant = env['WATCHDOG_PID']
  if (meant !== undefined && meant !== String(pid)) return null
  const allowed = env['WATCHDOG_USEC'] ?? ''
  if (!/^[1-9]\d*$/.test(allowed)) return null
  // Longer than a timer can be means practically off, but must not become 1 ms.
  return Math.min(Math.max(1, Number(allowed) / 2000), 2 ** 31 - 1)
}

function isTrue(question: () => boolean): boolean {
  try {
    return question()
  } catch {
    return false
  }
}
