/** `fluxlit why ID`: what became of one request, for whoever was told its id on an error page. */

import { isRequestId } from '../admin/request-id.ts'
import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import type { RecentRequest } from '../recent/request.ts'
import type { WhyReport } from '../recent/why.ts'
import { connect, type ControlFlags } from './control.ts'
import type { Terminal } from './control-terminal.ts'
import { renderProblems } from './render.ts'
import { plain, spanText } from './status-table.ts'

/** Flags of `why`. */
export interface WhyFlags extends ControlFlags {
  readonly id: string
  readonly json?: boolean | undefined
}

/** Prints what is known; resolves to 0, or to 1 when nothing is. @throws StartupError */
export async function why(flags: WhyFlags, terminal: Terminal): Promise<number> {
  const id = flags.id.trim()
  if (!isRequestId(id)) throw new StartupError([badId(flags.id)], exitCode.usage)
  const client = await connect(flags, terminal)
  const report = await client.why(id)
  if (flags.json === true) terminal.out(`${JSON.stringify(report, null, 2)}\n`)
  else if (report.kind === 'unknown')
    terminal.err(renderProblems([unknownProblem(report, Date.now())], 'error', terminal.colour.err))
  else terminal.out(renderWhy(report, Date.now()))
  return report.kind === 'unknown' ? exitCode.failed : exitCode.ok
}

/** The report as lines. @param now wall-clock milliseconds */
export function renderWhy(report: Exclude<WhyReport, { kind: 'unknown' }>, now: number): string {
  if (report.kind === 'open')
    return lines(`request ${report.request_id}: a WebSocket that is open`, [
      ['opened', `${report.opened_at}, ${ago(report.opened_at, now)}`],
      ['route', report.route],
      ['client', report.client],
    ])
  const { request, summary, rule, tracebacks, worker_events: events } = report
  const text = lines(`request ${request.request_id}: ${summary}`, [
    ['asked', `${request.method} ${request.path} by ${request.client}`],
    ['when', `${request.started_at}, ${ago(request.ended_at, now)}`],
    ['took', tookText(request)],
    ['route', rule === null ? request.route : `${request.route}, by ${rule}`],
    ['worker', workerText(request)],
    ['waited', request.held_ms === 0 ? 'for no worker' : `${request.held_ms} ms for its worker`],
    ['moved', `${request.bytes_in} bytes in, ${request.bytes_out} bytes out`],
    ...(request.error === null ? [] : [['error', request.error] as const]),
    ...events.map((event) => ['meanwhile', `${event.time} ${event.text}`] as const),
  ])
  const printed = tracebacks.map(
    ({ time, worker, text: said }) =>
      `\n  ${worker} printed at ${time}, for this request or another one of that moment:\n${indented(said)}\n`,
  )
  return text + printed.map(plain).join('')
}

function lines(title: string, facts: readonly (readonly [string, string])[]): string {
  const rows = facts.map(([name, text]) => `  ${name.padEnd(9)}  ${plain(text)}\n`)
  return `${plain(title)}\n${rows.join('')}`
}

function tookText({ duration_ms: duration, ttfb_ms: first }: RecentRequest): string {
  return first === null
    ? `${duration} ms, without an answer`
    : `${duration} ms, its answer began after ${first} ms`
}

function workerText({ worker, generation, upstream, attempts }: RecentRequest): string {
  if (worker === null) return 'it was sent to none'
  const sent = attempts > 1 ? `, sent ${attempts} times` : ''
  return `${worker}, generation ${generation ?? '-'}, at ${upstream ?? '-'}${sent}`
}

function ago(time: string, now: number): string {
  return `${spanText((now - Date.parse(time)) / 1_000)} ago`
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  | ${line}`)
    .join('\n')
}

function badId(id: string): Problem {
  return {
    code: 'usage',
    message: `this is not the id of a request: ${JSON.stringify(plain(id).slice(0, 80))}`,
    hint: 'error pages show it behind "Request", every answer has it in X-Request-ID',
  }
}

/** How far back the memory goes tells whether it is worth looking into the log. */
function unknownProblem(
  { reach, request_id: id, size }: Extract<WhyReport, { kind: 'unknown' }>,
  now: number,
): Problem {
  const message = `no request ${id} is remembered`
  if (size === 0)
    return {
      code: 'unknown_request',
      message,
      hint: '`log.recent` is 0: nothing is remembered; the log has it',
    }
  const detail = [
    ['that failed', reach.failed],
    ['that were refused', reach.refused],
    ['that were answered', reach.answered],
  ].map(
    ([sort, since]) =>
      `requests ${sort}: ${since === null || since === undefined ? 'all since the start' : `the last ${size}, back to ${since} (${ago(since, now)})`}`,
  )
  return {
    code: 'unknown_request',
    message,
    detail,
    hint: 'it is still on its way, was answered by another gateway, or is in the log only: look for request_id there',
  }
}
