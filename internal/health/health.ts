/** From the workers' states to the answers of the health endpoints. Pure. */

import type { Worker } from '../worker/types.ts'

/** What a health answer is computed from. */
export interface HealthView {
  readonly workers: readonly Pick<Worker, 'name' | 'required' | 'state'>[]
  /** The gateway is on its way out: it still serves, but should get nothing new. */
  readonly draining: boolean
}

/** Body of a readiness answer. */
export interface Readiness {
  readonly status: 'ready' | 'not_ready' | 'draining'
  readonly workers: Readonly<Record<string, { readonly state: string; readonly since: string }>>
}

/**
 * Ready while every required worker is. The hysteresis lies in the worker's own state: it becomes `unhealthy`
 * only after several failed probes, so a long pause in Python does not take the gateway out of rotation.
 */
export function readiness({ workers, draining }: HealthView): Readiness {
  const ready = workers.every((worker) => !worker.required || worker.state.kind === 'ready')
  return {
    status: draining ? 'draining' : ready ? 'ready' : 'not_ready',
    workers: Object.fromEntries(
      workers.map(({ name, state }) => [
        name,
        { state: state.kind, since: new Date(state.since).toISOString() },
      ]),
    ),
  }
}

/** An answer of a health endpoint. */
export interface HealthAnswer {
  readonly status: number
  readonly body: string
  readonly retryAfterS: number | null
}

/**
 * The answers below the API that the Python package gave: `healthz` while the gateway runs, `readyz` for what people
 * see. Null when the name means nothing here.
 */
export function answerAppHealth(name: string, view: HealthView): HealthAnswer | null {
  if (name === 'healthz') return { status: 200, body: '{"status":"ok"}\n', retryAfterS: null }
  if (name !== 'readyz') return null
  const { status, workers } = readiness(view)
  if (status === 'ready')
    return { status: 200, body: '{"status":"ready","streamlit":"ok"}\n', retryAfterS: null }
  const waiting = Object.entries(workers).flatMap(([worker, { state }]) =>
    state === 'ready' ? [] : [`${worker} is ${state}`],
  )
  const detail = status === 'draining' ? 'draining' : waiting.join(', ')
  return { status: 503, body: `${JSON.stringify({ status: 'not_ready', detail })}\n`, retryAfterS: 2 }
}

/** The answer of `/__fluxlit/NAME`, or null when there is no such endpoint. */
export function answerHealth(name: string, view: HealthView): HealthAnswer | null {
  if (name === 'livez') return { status: 200, body: '{"status":"ok"}\n', retryAfterS: null }
  if (name !== 'readyz' && name !== 'healthz') return null
  const state = readiness(view)
  const ok = state.status === 'ready'
  return { status: ok ? 200 : 503, body: `${JSON.stringify(state)}\n`, retryAfterS: ok ? null : 2 }
}
