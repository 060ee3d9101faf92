/** The last requests that failed, and what became of any request whose id somebody has. */

import type { WhyReport } from '../../recent/why.ts'
import type { Snapshot } from '../snapshot.ts'
import { element, found, input, Keyed, setShown, setText } from './dom.ts'
import { clock, milliseconds } from './format.ts'

type Failure = Snapshot['failures'][number]

/** The table, the question and its answer. */
export class Failures {
  readonly #none = found('failure-none')
  readonly #table = found('failure-table')
  readonly #id = input('why-id')
  readonly #answer = found('why-answer')
  readonly #rows = new Keyed<Failure>(found('failure-rows'), (failure) => ({
    node: this.#row(failure),
    refresh: () => undefined,
  }))

  constructor() {
    found('why').addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#ask(this.#id.value.trim())
    })
  }

  show({ failures }: Snapshot): void {
    setShown(this.#none, failures.length === 0)
    setShown(this.#table, failures.length > 0)
    this.#rows.show(failures, ({ request_id: id, ended_at: at }) => id + at)
  }

  #row(failure: Failure): HTMLElement {
    const { request_id: id, ended_at: at, status, reason, method, path, route, duration_ms: took } = failure
    const button = element('button', { text: id, class: 'id', attributes: { type: 'button' } })
    button.addEventListener('click', () => {
      this.#id.value = id
      void this.#ask(id)
    })
    const cells = [
      element('td', { text: clock(Date.parse(at)), class: 'number' }),
      element('td', { text: reason === 'ok' ? `${status} by the worker` : `${status} ${reason}` }),
      element('td', {}, element('code', { text: `${method} ${path}` })),
      element('td', { text: route }),
      element('td', { text: milliseconds(took), class: 'number' }),
      element('td', {}, button),
    ]
    return element('tr', {}, ...cells)
  }

  async #ask(id: string): Promise<void> {
    this.#say('asking …')
    try {
      const answer = await fetch(`why?id=${encodeURIComponent(id)}`)
      if (!answer.ok) return this.#say(await answer.text())
      const report: WhyReport = await answer.json()
      this.#say(reportText(report))
    } catch {
      this.#say('The gateway does not answer.')
    }
  }

  #say(text: string): void {
    setShown(this.#answer, true)
    setText(this.#answer, text)
  }
}

function reportText(report: WhyReport): string {
  if (report.kind === 'unknown')
    return `No request ${report.request_id} is remembered; of each sort the last ${report.size} are. The log may have it.`
  if (report.kind === 'open')
    return `A WebSocket to ${report.route} that is open since ${clock(Date.parse(report.opened_at))}, by ${report.client}.`
  const { request, summary, rule, tracebacks, worker_events: events } = report
  return [
    summary,
    `${request.method} ${request.path} by ${request.client}`,
    `${clock(Date.parse(request.started_at))}, ${milliseconds(request.duration_ms)}, of which ${milliseconds(request.held_ms)} waiting for a worker`,
    `route ${request.route}${rule === null ? '' : `, by ${rule}`}`,
    request.worker === null
      ? 'sent to no worker'
      : `worker ${request.worker}, generation ${request.generation ?? '-'}, at ${request.upstream ?? '-'}, sent ${request.attempts} time(s)`,
    ...(request.error === null ? [] : [`error: ${request.error}`]),
    ...events.map(({ time, text }) => `meanwhile, ${clock(Date.parse(time))}: ${text}`),
    ...tracebacks.map(
      ({ worker, text }) => `\n${worker} printed, for this request or another one of that moment:\n${text}`,
    ),
  ].join('\n')
}
