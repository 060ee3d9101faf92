/** Reading a status report that came over a socket: another version, or another program, may have written it. */

import type { WhyReport } from '../recent/why.ts'
import type { StatusReport } from './status.ts'

/** What a field has to be; `?` allows null. */
type Shape = 'string' | 'number' | 'boolean' | 'string?' | 'number?' | 'texts' | 'list'

const gatewayShape: Readonly<Record<string, Shape>> = {
  version: 'string',
  pid: 'number',
  url: 'string',
  uptime_s: 'number',
  state: 'string',
  instance: 'string',
  config: 'texts',
  started_at: 'string',
}

const workerShape: Readonly<Record<string, Shape>> = {
  kind: 'string',
  state: 'string',
  since: 'string',
  reason: 'string?',
  generation: 'number?',
  pid: 'number?',
  address: 'string?',
  spawned: 'boolean',
  required: 'boolean',
  mount: 'string?',
  restarts: 'number',
  deaths: 'list',
  last_lines: 'texts',
  in_flight: 'number',
  websockets: 'number',
  sessions_lost: 'number',
}

const deathShape: Readonly<Record<string, Shape>> = { time: 'string', uptime_s: 'number', cause: 'string' }

const reachShape: Readonly<Record<string, Shape>> = {
  failed: 'string?',
  refused: 'string?',
  answered: 'string?',
}

const requestShape: Readonly<Record<string, Shape>> = {
  request_id: 'string',
  kind: 'string',
  method: 'string',
  path: 'string',
  client: 'string',
  route: 'string',
  worker: 'string?',
  generation: 'number?',
  upstream: 'string?',
  attempts: 'number',
  status: 'number',
  reason: 'string',
  started_at: 'string',
  ended_at: 'string',
  duration_ms: 'number',
  ttfb_ms: 'number?',
  held_ms: 'number',
  bytes_in: 'number',
  bytes_out: 'number',
  error: 'string?',
}

/** Whether a parsed JSON value is a status report; fields this version does not know are allowed. */
export function isStatusReport(value: unknown): value is StatusReport {
  if (!isRecord(value) || !fits(value['gateway'], gatewayShape) || !isRecord(value['workers'])) return false
  return Object.values(value['workers']).every(isWorkerStatus)
}

/** Whether a parsed JSON value is the answer to `why`; fields this version does not know are allowed. */
export function isWhyReport(value: unknown): value is WhyReport {
  if (!isRecord(value)) return false
  switch (value['kind']) {
    case 'ended':
      return (
        fits(value, { summary: 'string', rule: 'string?', worker_events: 'list', tracebacks: 'list' }) &&
        fits(value['request'], requestShape)
      )
    case 'open':
      return fits(value, { request_id: 'string', route: 'string', client: 'string', opened_at: 'string' })
    case 'unknown':
      return fits(value, { request_id: 'string', size: 'number' }) && fits(value['reach'], reachShape)
    default:
      return false
  }
}

/** Whether a value is an object with names, not a list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value is a list of texts. */
export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

function isWorkerStatus(value: unknown): boolean {
  if (!isRecord(value) || !fits(value, workerShape)) return false
  const { deaths } = value
  return Array.isArray(deaths) && deaths.every((death) => fits(death, deathShape))
}

function fits(value: unknown, shapes: Readonly<Record<string, Shape>>): boolean {
  return isRecord(value) && Object.entries(shapes).every(([name, shape]) => isA(value[name], shape))
}

function isA(value: unknown, shape: Shape): boolean {
  if (shape === 'texts') return isTexts(value)
  if (shape === 'list') return Array.isArray(value)
  if (shape.endsWith('?') && value === null) return true
  return typeof value === shape.replace('?', '')
}
