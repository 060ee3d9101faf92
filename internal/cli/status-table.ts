/** A status report as text for people. */

import { stripVTControlCharacters, styleText } from 'node:util'

import type { StatusReport, WorkerStatus } from '../admin/status.ts'

type Style = 'green' | 'yellow' | 'red' | 'gray' | 'bold'
type Paint = (style: Style, text: string) => string

/** Lines of output shown below a worker that is not ready. */
const shownLines = 5

const styles: Readonly<Record<string, Style>> = {
  ready: 'green',
  failed: 'red',
  not_ready: 'red',
  unhealthy: 'red',
  'backing-off': 'red',
  stopped: 'gray',
}

const headings = ['WORKER', 'STATE', 'FOR', 'PID', 'GEN', 'RESTARTS', 'REQUESTS', 'SOCKETS', 'MOUNT']
const numeric = new Set(['PID', 'GEN', 'RESTARTS', 'REQUESTS', 'SOCKETS'])

/**
 * The table of `fluxlit status`, ending in a line break.
 *
 * @param now wall-clock milliseconds, for how long ago things were
 */
export function renderStatus(report: StatusReport, options: { colour: boolean; now: number }): string {
  const paint: Paint = (style, text) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text
  const workers = Object.entries(report.workers)
  const rows = workers.map(([name, worker]) => cells(name, worker, options.now))
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const lines = [
    ...summary(report, paint),
    '',
    paint('gray', aligned(headings, widths).join('  ').trimEnd()),
    ...workers.flatMap(([, worker], index) => [
      painted(aligned(rows[index] ?? [], widths), worker.state, paint),
      ...notes(worker, options.now).map((note) => paint('gray', `  ${note}`)),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

/** Text from elsewhere without anything a terminal would obey. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '')
}

/** `2d 4h`, `2h 13m`, `3m 12s`, `9s`: the two largest units. */
export function spanText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
  ]
  if (days > 0) return `${days}d ${hours}h`
  if (hours > 0) return `${hours}h ${minutes}m`
  return minutes > 0 ? `${minutes}m ${whole % 60}s` : `${whole}s`
}

function summary({ gateway }: StatusReport, paint: Paint): readonly string[] {
  const state = paint(styles[gateway.state] ?? 'yellow', plain(gateway.state.replace('_', ' ')))
  return [
    `${paint('bold', 'fluxlit')} ${plain(gateway.version)}  ${state}  ${plain(gateway.url)}`,
    paint('gray', `pid ${gateway.pid}, up ${spanText(gateway.uptime_s)}, ${plain(gateway.instance)}`),
  ]
}

function cells(name: string, worker: WorkerStatus, now: number): readonly string[] {
  return [
    plain(name) + (worker.required ? '' : ' (optional)'),
    plain(worker.state),
    spanText((now - Date.parse(worker.since)) / 1000),
    String(worker.pid ?? '-'),
    String(worker.generation ?? '-'),
    String(worker.restarts),
    String(worker.in_flight),
    String(worker.websockets),
    plain(worker.mount ?? '-'),
  ]
}

function aligned(row: readonly string[], widths: readonly number[]): readonly string[] {
  return row.map((cell, column) =>
    numeric.has(headings[column] ?? '')
      ? cell.padStart(widths[column] ?? 0)
      : cell.padEnd(widths[column] ?? 0),
  )
}

function painted([name = '', state = '', ...rest]: readonly string[], kind: string, paint: Paint): string {
  return [name, paint(styles[kind] ?? 'yellow', state), ...rest].join('  ').trimEnd()
}

/** Below the row of a worker: why it is not ready, its last death, what it lost. */
function notes(worker: WorkerStatus, now: number): readonly string[] {
  const death = worker.deaths.at(-1)
  const ago = death === undefined ? '' : spanText((now - Date.parse(death.time)) / 1000)
  const output = worker.state === 'ready' || worker.state === 'stopped' ? [] : worker.last_lines
  return [
    ...maintenanceNote(worker, now),
    ...trafficNote(worker),
    ...(worker.reason === null ? [] : [plain(worker.reason)]),
    ...(death === undefined
      ? []
      : [`last death ${ago} ago, after ${spanText(death.uptime_s)}: ${plain(death.cause)}`]),
    ...(worker.sessions_lost === 0 ? [] : [`Streamlit sessions lost: ${worker.sessions_lost}`]),
    ...output.slice(-shownLines).map((line) => `| ${plain(line)}`),
  ]
}

// A gateway of an older version does not say.
function maintenanceNote({ maintenance }: Partial<WorkerStatus>, now: number): readonly string[] {
  if (maintenance === null || maintenance === undefined) return []
  const since = spanText((now - Date.parse(maintenance.since)) / 1000)
  return [`maintenance for ${since}: ${plain(maintenance.message)}`]
}

// The same.
function trafficNote({ traffic, memory_bytes: memory }: Partial<WorkerStatus>): readonly string[] {
  const words = [
    ...(traffic === null || traffic === undefined
      ? []
      : [
          `last minute: requests ${traffic.requests_per_s}/s, errors ${traffic.errors_per_s}/s`,
          `p50 ${traffic.p50_ms} ms, p90 ${traffic.p90_ms} ms, p99 ${traffic.p99_ms} ms`,
        ]),
    ...(memory === null || memory === undefined ? [] : [`memory ${Math.round(memory / 1024 / 1024)} MiB`]),
  ]
  return words.length === 0 ? [] : [words.join('; ')]
}
