/** `[timeouts]` and the workers' own tables to one complete set of limits for each. */

import type { Config, Timeouts, WorkerConfig, WorkerTimeouts } from './config.ts'
import type { ResolveContext } from './context.ts'

/** The general limits, and those of every worker that is asked over a connection. */
export function resolveTimeouts(
  context: ResolveContext,
  workers: readonly WorkerConfig[],
): Pick<Config, 'timeouts' | 'workerTimeouts'> {
  const general = generalOf(context)
  const own = workers
    .filter(({ kind }) => kind !== 'process' && kind !== 'static')
    .map(({ name }): readonly [string, WorkerTimeouts] => [name, timeoutsOf(context, name, general)])
  return { timeouts: general, workerTimeouts: Object.fromEntries(own) }
}

function generalOf({ settings: { timeouts } }: ResolveContext): Timeouts {
  return {
    headersMs: timeouts.headers,
    bodyIdleMs: timeouts.body_idle,
    keepAliveMs: timeouts.keep_alive,
    connectMs: timeouts.connect,
    responseHeadersMs: timeouts.response_headers,
    responseIdleMs: timeouts.response_idle,
    websocketIdleMs: timeouts.websocket_idle,
    holdMs: timeouts.hold,
  }
}

function timeoutsOf({ settings }: ResolveContext, name: string, general: Timeouts): WorkerTimeouts {
  const own = settings.workers[name]?.timeouts
  return {
    connectMs: own?.connect ?? general.connectMs,
    responseHeadersMs: own?.response_headers ?? general.responseHeadersMs,
    responseIdleMs: own?.response_idle ?? general.responseIdleMs,
    websocketIdleMs: own?.websocket_idle ?? general.websocketIdleMs,
  }
}
