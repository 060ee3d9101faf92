/** The gateway itself, and everything of all routes together. */

import type { Snapshot } from '../snapshot.ts'
import { Facts, found, Keyed, row, setShown, setText } from './dom.ts'
import { bytes, clock, count, milliseconds, span } from './format.ts'
import { Plot, type Colour } from './plot.ts'
import { GaugeSeries } from './series.ts'

const colours: readonly Colour[] = ['blue', 'violet', 'green', 'amber', 'teal', 'red']

/** What is the same for the gateway and all workers: memory, sockets, the event loop. */
export class Overview {
  readonly #facts = new Facts(found('gateway-facts'))
  readonly #plots = found('gateway-plots')
  readonly #lagPlot = new Plot({
    title: 'Event loop, latest timer',
    curves: [{ label: 'late by', colour: 'amber' }],
    format: milliseconds,
    atLeast: 20,
  })
  readonly #lag = new GaugeSeries()
  /** Made anew when the workers are others. */
  #shared: Shared | null = null

  constructor() {
    this.#plots.append(this.#lagPlot.node)
  }

  show(snapshot: Snapshot): void {
    const { gateway, seconds_until: until } = snapshot
    this.#facts.show([
      ['Up for', span(gateway.uptime_s)],
      ['Process', String(gateway.pid)],
      ['Memory', bytes(gateway.memory_bytes)],
      ['CPU time', span(gateway.cpu_seconds)],
      ['Held requests', count(gateway.held_requests)],
      ['Open files', filesText(snapshot)],
      ['Log lines lost', count(gateway.log_dropped)],
      ...certificateFact(snapshot),
    ])
    this.#lag.add(until, [gateway.eventloop_lag_ms])
    this.#lagPlot.show(this.#lag.columns(), until)
    const names = Object.keys(snapshot.workers)
    if (this.#shared?.names.join() !== names.join()) {
      this.#shared?.leave()
      this.#shared = new Shared(names, this.#plots)
    }
    this.#shared.show(snapshot)
  }
}

/** The plots with one curve per worker. */
class Shared {
  readonly names: readonly string[]
  readonly #sockets: Plot
  readonly #memory: Plot
  readonly #openSockets = new GaugeSeries()
  readonly #resident = new GaugeSeries()

  constructor(names: readonly string[], parent: Element) {
    this.names = names
    const curves = names.map((label, index) => ({ label, colour: colours[index % colours.length] ?? 'blue' }))
    this.#sockets = new Plot({ title: 'Open WebSockets', curves, format: count, atLeast: 4 })
    this.#memory = new Plot({
      title: 'Memory',
      curves: [{ label: 'gateway', colour: 'grey' }, ...curves],
      format: bytes,
      atLeast: 1024 * 1024,
      isBinary: true,
    })
    parent.append(this.#sockets.node, this.#memory.node)
  }

  show({ gateway, routes, workers, seconds_until: until }: Snapshot): void {
    this.#openSockets.add(
      until,
      this.names.map((name) => routes[name]?.websockets ?? null),
    )
    this.#resident.add(until, [
      gateway.memory_bytes,
      ...this.names.map((name) => workers[name]?.memory_bytes ?? null),
    ])
    this.#sockets.show(this.#openSockets.columns(), until)
    this.#memory.show(this.#resident.columns(), until)
  }

  leave(): void {
    this.#sockets.node.remove()
    this.#memory.node.remove()
  }
}

function filesText({ gateway: { open_files: open, max_files: most } }: Snapshot): string {
  return `${open === null ? '-' : count(open)} of ${most === null ? '-' : count(most)}`
}

function certificateFact({ gateway, time }: Snapshot): readonly (readonly [string, string])[] {
  const { certificate_expires_at: end } = gateway
  if (end === null) return []
  const left = (Date.parse(end) - Date.parse(time)) / 1_000
  return [['Certificate', left > 0 ? `${span(left)} left` : 'expired']]
}

/** The tables: routes, refusals, sockets. */
export class Tables {
  readonly #routes = new Keyed<readonly string[]>(found('route-rows'), () => {
    const { node, say } = row(['', 'number', 'number', 'number', 'number', 'number', 'number'])
    return { node, refresh: say }
  })
  readonly #sockets = new Keyed<readonly string[]>(found('socket-rows'), () => {
    const { node, say } = row(['', '', '', 'number', 'number', 'number'])
    return { node, refresh: say }
  })
  readonly #rejected = new Facts(found('rejected'))
  readonly #note = found('socket-note')

  show({ routes, rejected, sockets, time }: Snapshot): void {
    this.#routes.show(
      Object.entries(routes).map(([name, route]) => [
        name,
        count(route.requests),
        count(route.errors),
        count(route.in_flight),
        count(route.websockets),
        bytes(route.bytes_in),
        bytes(route.bytes_out),
      ]),
      ([name = '']) => name,
    )
    const refusals = Object.entries(rejected).map(([code, times]) => [code, count(times)] as const)
    this.#rejected.show(refusals.length === 0 ? [['Nothing', '0']] : refusals)
    const open = Object.values(routes).reduce((sum, { websockets }) => sum + websockets, 0)
    setText(
      this.#note,
      open > sockets.length
        ? `${count(open)} are open; these are the last ${sockets.length}.`
        : `${count(open)} open.`,
    )
    const now = Date.parse(time)
    this.#sockets.show(
      sockets
        .toReversed()
        .map((socket) => [
          socket.request_id,
          socket.route,
          socket.client,
          span((now - Date.parse(socket.opened_at)) / 1_000),
          bytes(socket.bytes_in),
          bytes(socket.bytes_out),
        ]),
      ([id = '']) => id,
    )
    const table = this.#note.nextElementSibling
    if (table instanceof HTMLElement) setShown(table, sockets.length > 0)
  }
}

/** Name, state and versions. */
export function showIdentity({ gateway, versions, reload }: Snapshot): void {
  const state = found('state')
  setText(state, gateway.state.replace('_', ' '))
  state.setAttribute('data-state', gateway.state)
  setText(found('where'), gateway.url)
  document.title = `${gateway.state === 'ready' ? '' : '⚠ '}FluxLit ${gateway.url}`
  setText(
    found('versions'),
    `FluxLit ${versions.fluxlit} (${versions.commit}), Node ${versions.node} · ${gateway.instance}`,
  )
  const at = `${new Date(reload.at).toLocaleDateString()} ${clock(Date.parse(reload.at))}`
  setText(
    found('reload'),
    reload.succeeded
      ? `In force since ${at}.`
      : `In force since ${at}. The last reload failed, and what ran before goes on; the log says why.`,
  )
}

/** Says what has become of workers to whoever cannot see it. */
export class Announcer {
  readonly #said = found('said')
  #states = new Map<string, string>()

  show({ workers }: Snapshot): void {
    const states = new Map(Object.entries(workers).map(([name, { state }]) => [name, state]))
    const changed = [...states].filter(
      ([name, state]) => this.#states.size > 0 && this.#states.get(name) !== state,
    )
    if (changed.length > 0)
      setText(this.#said, changed.map(([name, state]) => `worker ${name}: ${state}`).join(', '))
    this.#states = states
  }
}
