/** The metrics of requests and WebSockets. */

import { addCounter, addGauge, addHistogram, type AnyRegistry, type Reading } from './families.ts'
import type { Distribution } from './distribution.ts'
import type { LiveMetrics } from './live-metrics.ts'
import type { RouteTraffic } from './route-traffic.ts'
import type { MetricsSources } from './sources.ts'

/** Adds them to a registry. */
export function addTrafficFamilies(
  registry: AnyRegistry,
  traffic: LiveMetrics,
  { routes, held }: MetricsSources,
): void {
  // Before its first request a route is at zero, not unknown.
  const all = (): readonly (readonly [string, RouteTraffic])[] => {
    for (const name of routes()) traffic.route(name)
    return [...traffic.routes]
  }
  const each = (readings: (route: RouteTraffic) => Iterable<Reading>) =>
    function* (): Generator<Reading> {
      for (const [name, route] of all())
        for (const [value, ...labels] of readings(route)) yield [value, name, ...labels]
    }
  const distributions =
    (choose: (route: RouteTraffic) => Distribution) => (): (readonly [Distribution, string])[] =>
      all().map(([name, route]) => [choose(route), name])

  addCounter(registry, {
    name: 'requests_total',
    help: 'Requests that ended, by the status that was sent. A WebSocket is one with status 101, counted when it opens.',
    labels: ['route', 'method', 'code'],
    read: each((route) => counted(route)),
  })
  addHistogram(registry, {
    name: 'request_duration_seconds',
    help: 'From the head of a request to the end of its answer; of a WebSocket to its 101.',
    labels: ['route'],
    read: distributions(({ duration }) => duration),
  })
  addHistogram(registry, {
    name: 'response_ttfb_seconds',
    help: 'From the head of a request to the head of its answer.',
    labels: ['route'],
    read: distributions(({ ttfb }) => ttfb),
  })
  addGauge(registry, {
    name: 'requests_in_flight',
    help: 'Requests on their way now, waiting ones included, open WebSockets not.',
    labels: ['route'],
    read: each(({ inFlight }) => [[inFlight]]),
  })
  addCounter(registry, {
    name: 'rejected_total',
    help: 'Requests that the gateway refused or could not serve, by the code in its answer.',
    labels: ['reason'],
    read: () => [...traffic.rejected].map(([reason, count]): Reading => [count, reason]),
  })
  addGauge(registry, {
    name: 'held_requests',
    help: 'Requests that wait for a worker now.',
    labels: [],
    read: () => [[held()]],
  })
  addCounter(registry, {
    name: 'bytes_total',
    help: 'Bytes of bodies, counted when a request ends, and of WebSockets, counted as they pass.',
    labels: ['route', 'direction'],
    read: each(({ bytes }) => [
      [bytes.in, 'in'],
      [bytes.out, 'out'],
    ]),
  })
  addSocketFamilies(registry, each, distributions)
}

function addSocketFamilies(
  registry: AnyRegistry,
  each: (readings: (route: RouteTraffic) => Iterable<Reading>) => () => Iterable<Reading>,
  distributions: (
    choose: (route: RouteTraffic) => Distribution,
  ) => () => Iterable<readonly [Distribution, string]>,
): void {
  addGauge(registry, {
    name: 'websockets_open',
    help: 'WebSockets open now.',
    labels: ['route'],
    read: each(({ sockets }) => [[sockets.size]]),
  })
  addCounter(registry, {
    name: 'websockets_closed_total',
    help: 'WebSockets that ended, by who ended them: client, worker, drain (the gateway) or other.',
    labels: ['route', 'reason'],
    read: each(({ closes }) => [...closes].map(([reason, count]): Reading => [count, reason])),
  })
  addHistogram(registry, {
    name: 'websocket_duration_seconds',
    help: 'How long WebSockets that ended were open.',
    labels: ['route'],
    read: distributions(({ socketDuration }) => socketDuration),
  })
}

function* counted(route: RouteTraffic): Generator<Reading> {
  for (const { method, code, count } of route.requests()) yield [count, method, String(code)]
}
