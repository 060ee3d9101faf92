/** The metrics of workers. */

import { addCounter, addGauge, type AnyRegistry, type Reading } from './families.ts'
import type { LiveMetrics } from './live-metrics.ts'
import { workerStates, type MetricsSources, type ProcessReading } from './sources.ts'

/** Adds them to a registry. @param scrapeFailures by worker */
export function addWorkerFamilies(
  registry: AnyRegistry,
  traffic: LiveMetrics,
  { workers, maintenance }: MetricsSources,
  scrapeFailures: ReadonlyMap<string, number>,
): void {
  const processes = (): readonly (readonly [string, ProcessReading])[] =>
    workers().flatMap(({ name, process }) => (process === null ? [] : [[name, process] as const]))
  addGauge(registry, {
    name: 'worker_state',
    help: '1 for the state a worker is in, 0 for the others; one that has replicas is told as a whole and one by one.',
    labels: ['worker', 'state'],
    read: () =>
      workers().flatMap(({ name, state }) =>
        workerStates.map((known): Reading => [known === state ? 1 : 0, name, known]),
      ),
  })
  addGauge(registry, {
    name: 'worker_maintenance',
    help: '1 while clients of a worker are told that it is worked on.',
    labels: ['worker'],
    read: () => maintenance().map(([name, isOn]): Reading => [isOn ? 1 : 0, name]),
  })
  addCounter(registry, {
    name: 'worker_restarts_total',
    help: 'Starts of a process after its first one, by reason.',
    labels: ['worker', 'reason'],
    read: () =>
      processes().flatMap(([name, { restarts }]) =>
        Object.entries(restarts).map(([reason, count]): Reading => [count, name, reason]),
      ),
  })
  addGauge(registry, {
    name: 'worker_memory_bytes',
    help: 'Resident memory of a process and its descendants; pages they share count for each.',
    labels: ['worker'],
    read: () => processes().flatMap(([name, { memoryBytes }]) => ifKnown(memoryBytes, name)),
  })
  addCounter(registry, {
    name: 'worker_cpu_seconds_total',
    help: 'User and system time of a worker, over all processes it has had.',
    labels: ['worker'],
    read: () => processes().flatMap(([name, { cpuSeconds }]) => ifKnown(cpuSeconds, name)),
  })
  addCounter(registry, {
    name: 'upstream_errors_total',
    help: 'Requests to a worker that brought no complete answer, by what went wrong.',
    labels: ['worker', 'reason'],
    read: () =>
      [...traffic.upstreamErrors.entries()].map(([name, reason, count]): Reading => [count, name, reason]),
  })
  addCounter(registry, {
    name: 'upstream_retries_total',
    help: 'Requests that were sent to a worker once more.',
    labels: ['worker'],
    read: () => [...traffic.retries].map(([name, count]): Reading => [count, name]),
  })
  addCounter(registry, {
    name: 'worker_scrape_failures_total',
    help: 'Times a Streamlit worker did not tell its own metrics in time and in a form that is understood.',
    labels: ['worker'],
    read: () => [...scrapeFailures].map(([name, count]): Reading => [count, name]),
  })
}

function ifKnown(value: number | null, name: string): readonly Reading[] {
  return value === null ? [] : [[value, name]]
}
