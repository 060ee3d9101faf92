/** One worker: what it is, how it has been, what goes through it, and why it was started again. */

import type { RouteSnapshot, Snapshot, WorkerSnapshot } from '../snapshot.ts'
import { element, Facts, Keyed, setAttribute, setShown, setText } from './dom.ts'
import { bytes, clock, count, milliseconds, span } from './format.ts'
import { Plot } from './plot.ts'
import { GaugeSeries, TrafficSeries } from './series.ts'
import { piecesOf, timelineSeconds, timelineText, type Piece } from './timeline.ts'

/** Deaths that are shown. */
const shownDeaths = 10

/** A worker and its numbers at one moment. */
export interface Shown {
  readonly name: string
  readonly worker: WorkerSnapshot
  /** Null for a worker that answers no requests. */
  readonly route: RouteSnapshot | null
  readonly snapshot: Snapshot
  /** Milliseconds since 1970 by the gateway's clock. */
  readonly now: number
}

/** The card of a worker; made once, refreshed every second. */
export class WorkerCard {
  readonly node: HTMLElement
  readonly #state = element('span', { class: 'badge' })
  readonly #kind = element('span', { class: 'soft' })
  readonly #maintenance = element('span', {
    class: 'badge',
    text: 'maintenance',
    attributes: { 'data-state': 'maintenance' },
  })
  readonly #notice = element('p', { class: 'notice' })
  readonly #reason = element('p', { class: 'reason' })
  readonly #bar = element('div', { class: 'timeline', attributes: { role: 'img' } })
  readonly #begin = element('span')
  readonly #facts: Facts
  readonly #pieces: Keyed<readonly [string, Piece]>
  readonly #plots = element('div', { class: 'plots' })
  readonly #rates = new Plot({
    title: 'Requests per second',
    curves: [
      { label: 'all', colour: 'blue' },
      { label: '5xx', colour: 'red' },
    ],
    format: (value) => (value >= 10 || Number.isInteger(value) ? count(value) : value.toFixed(1)),
    atLeast: 4,
  })
  readonly #latency = new Plot({
    title: 'Latency',
    curves: [
      { label: 'p50', colour: 'green' },
      { label: 'p90', colour: 'amber' },
      { label: 'p99', colour: 'violet' },
    ],
    format: milliseconds,
    atLeast: 5,
  })
  readonly #memory = new Plot({
    title: 'Memory',
    curves: [{ label: 'resident', colour: 'teal' }],
    format: bytes,
    atLeast: 1024 * 1024,
    isBinary: true,
  })
  readonly #traffic = new TrafficSeries()
  readonly #usage = new GaugeSeries()
  readonly #restarts: Restarts
  readonly #lines = element('pre', { attributes: { tabindex: '0' } })
  readonly #output: HTMLDetailsElement
  #wasWell = true

  constructor({ name, route, worker }: Shown) {
    const id = `worker-${name}`
    const head = element(
      'div',
      { class: 'head' },
      element('h3', { text: name, attributes: { id } }),
      this.#state,
      this.#maintenance,
      this.#kind,
    )
    const scale = element(
      'div',
      { class: 'scale', attributes: { 'aria-hidden': 'true' } },
      this.#begin,
      element('span', { text: 'now' }),
    )
    const facts = element('dl', { class: 'facts' })
    this.#facts = new Facts(facts)
    this.#pieces = new Keyed(this.#bar, makePiece)
    this.#restarts = new Restarts()
    this.#output = element('details', {}, element('summary', { text: 'Last lines of output' }), this.#lines)
    if (route !== null) this.#plots.append(this.#rates.node, this.#latency.node)
    if (worker.spawned) this.#plots.append(this.#memory.node)
    this.node = element(
      'article',
      { class: 'card', attributes: { 'aria-labelledby': id, 'data-worker': name } },
      head,
      this.#notice,
      this.#reason,
      this.#bar,
      scale,
      facts,
      this.#plots,
      this.#restarts.node,
      this.#output,
    )
  }

  readonly refresh = (shown: Shown): void => {
    const { worker, route, snapshot, now } = shown
    const until = snapshot.seconds_until
    setText(this.#state, worker.state)
    setAttribute(this.#state, 'data-state', worker.state)
    setText(
      this.#kind,
      [worker.kind, worker.mount ?? 'no mount', worker.required ? '' : 'optional']
        .filter((word) => word !== '')
        .join(' · '),
    )
    setShown(this.#maintenance, worker.maintenance !== null)
    setShown(this.#notice, worker.maintenance !== null)
    setText(this.#notice, worker.maintenance?.message ?? '')
    setText(this.#reason, worker.reason ?? '')
    setShown(this.#reason, worker.reason !== null)
    this.#showTimeline(worker, now, timelineSeconds(snapshot.gateway.uptime_s))
    this.#facts.show(factsOf(shown))
    if (route !== null) {
      this.#traffic.add(route.seconds, until)
      this.#rates.show(this.#traffic.rates(until), until)
      this.#latency.show(this.#traffic.latencies(until), until)
    }
    this.#usage.add(until, [worker.memory_bytes])
    if (worker.spawned) this.#memory.show(this.#usage.columns(), until)
    this.#restarts.show(worker)
    this.#showOutput(worker)
  }

  #showTimeline({ history }: WorkerSnapshot, now: number, seconds: number): void {
    const pieces = piecesOf(history, now, seconds)
    this.#pieces.show(
      pieces.map((piece, index) => [String(index), piece]),
      ([key]) => key,
    )
    const words = timelineText(pieces, span)
    setText(this.#begin, `${span(seconds)} ago`)
    setAttribute(this.#bar, 'aria-label', `Last ${span(seconds)}: ${words}`)
    setAttribute(this.#bar, 'title', words)
  }

  /** Opens by itself when the worker is not well, once: whoever closes it again is not overruled. */
  #showOutput({ last_lines: lines, state }: WorkerSnapshot): void {
    const isWell = state === 'ready' || state === 'starting' || state === 'stopped'
    if (this.#wasWell && !isWell) this.#output.open = true
    this.#wasWell = isWell
    setShown(this.#output, lines.length > 0)
    setText(this.#lines, lines.join('\n'))
  }
}

function makePiece(): {
  readonly node: HTMLElement
  readonly refresh: (piece: readonly [string, Piece]) => void
} {
  const node = element('i')
  return {
    node,
    refresh: ([, { state, from, share }]) => {
      setAttribute(node, 'data-state', state)
      // Set one by one, which a strict content security policy allows, unlike a `style` attribute.
      node.style.left = `${(from * 100).toFixed(2)}%`
      node.style.width = `${(share * 100).toFixed(2)}%`
    },
  }
}

function factsOf({ worker, route, now }: Shown): readonly (readonly [string, string])[] {
  const since = span((now - Date.parse(worker.since)) / 1_000)
  const process: readonly (readonly [string, string])[] = worker.spawned
    ? [
        ['Process', worker.pid === null ? replicasText(worker) : String(worker.pid)],
        ['Generation', worker.generation === null ? '-' : String(worker.generation)],
        ['Memory', worker.memory_bytes === null ? '-' : bytes(worker.memory_bytes)],
        ['CPU time', worker.cpu_seconds === null ? '-' : span(worker.cpu_seconds)],
      ]
    : []
  const traffic: readonly (readonly [string, string])[] =
    route === null
      ? []
      : [
          ['Requests', count(route.requests)],
          ['5xx', count(route.errors)],
          ['In flight', count(route.in_flight)],
          ['Open sockets', count(route.websockets)],
        ]
  const lost: readonly (readonly [string, string])[] =
    worker.sessions_lost === 0 ? [] : [['Sessions lost', count(worker.sessions_lost)]]
  return [['In this state for', since], ...process, ...traffic, ...lost]
}

function replicasText({ replicas }: WorkerSnapshot): string {
  if (replicas.length === 0) return '-'
  return replicas.map(({ name, pid, state }) => `${name}: ${pid ?? state}`).join(', ')
}

/** Why a worker was started again, and what its processes said last. */
class Restarts {
  readonly node: HTMLDetailsElement
  readonly #summary = element('summary')
  readonly #reasons = element('p', { class: 'soft' })
  readonly #deaths: Keyed<WorkerSnapshot['deaths'][number]>

  constructor() {
    const list = element('ol', { class: 'deaths' })
    this.#deaths = new Keyed(list, makeDeath)
    this.node = element('details', {}, this.#summary, this.#reasons, list)
  }

  show({ restarts, restart_reasons: reasons, deaths }: WorkerSnapshot): void {
    setShown(this.node, restarts > 0 || deaths.length > 0)
    setText(this.#summary, `${count(restarts)} ${restarts === 1 ? 'restart' : 'restarts'}`)
    const words = Object.entries(reasons).map(([reason, times]) => `${reason} ${times}`)
    setText(this.#reasons, words.join(', '))
    this.#deaths.show(deaths.toReversed().slice(0, shownDeaths), ({ time, cause }) => time + cause)
  }
}

function makeDeath(death: WorkerSnapshot['deaths'][number]): {
  readonly node: HTMLElement
  readonly refresh: () => void
} {
  const { cause, lines = [], time, uptime_s: uptime } = death
  const said = element('span', { text: `${clock(Date.parse(time))} after ${span(uptime)}: ${cause}` })
  const node = element('li', {}, said)
  if (lines.length > 0) node.append(element('pre', { text: lines.join('\n'), attributes: { tabindex: '0' } }))
  return { node, refresh: () => undefined }
}
