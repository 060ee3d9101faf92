/** The metrics of the gateway itself. */

import { addCounter, addGauge, addHistogram, type AnyRegistry, type Reading } from './families.ts'
import type { LagMeter } from './lag.ts'
import { readProcessUsage, type ProcessUsage } from './process-usage.ts'
import type { MetricsSources } from './sources.ts'

/** Adds them to a registry. */
export function addGatewayFamilies(registry: AnyRegistry, lag: LagMeter, sources: MetricsSources): void {
  const { build } = sources
  addGauge(registry, {
    name: 'build_info',
    help: 'Always 1; what runs is in the labels.',
    labels: ['version', 'commit', 'node'],
    read: () => [[1, build.version, build.commit, build.node]],
  })
  addGauge(registry, {
    name: 'config_reload_success',
    help: 'Whether the last change of configuration succeeded; the start counts as one.',
    labels: [],
    read: () => [[sources.reload().succeeded ? 1 : 0]],
  })
  addGauge(registry, {
    name: 'config_reload_success_timestamp_seconds',
    help: 'When the configuration in force was taken up, in seconds since 1970.',
    labels: [],
    read: () => [[sources.reload().at / 1_000]],
  })
  addGauge(registry, {
    name: 'tls_certificate_expiry_seconds',
    help: 'Until when the certificate counts, in seconds since 1970.',
    labels: [],
    read: () => seconds(sources.certificateExpiresAt()),
  })
  addCounter(registry, {
    name: 'log_dropped_total',
    help: 'Log lines that were never written, because their output was stuck or full.',
    labels: [],
    read: () => [[sources.logDropped()]],
  })
  addHistogram(registry, {
    name: 'eventloop_lag_seconds',
    help: 'How late a timer was, four times a second: what a request that arrives then has to wait.',
    labels: [],
    read: () => [[lag.seconds]],
  })
  addProcessFamilies(registry)
}

function addProcessFamilies(registry: AnyRegistry): void {
  const startedAt = (Date.now() - process.uptime() * 1_000) / 1_000
  addCounter(registry, {
    name: 'process_cpu_seconds_total',
    help: 'User and system time of the gateway.',
    labels: [],
    read: () => [[readProcessUsage().cpuSeconds]],
  })
  for (const [name, help, choose] of processGauges) {
    addGauge(registry, { name, help, labels: [], read: () => known(choose(readProcessUsage())) })
  }
  addGauge(registry, {
    name: 'process_start_time_seconds',
    help: 'When the gateway was started, in seconds since 1970.',
    labels: [],
    read: () => [[startedAt]],
  })
}

const processGauges: readonly (readonly [string, string, (usage: ProcessUsage) => number | null])[] = [
  ['process_resident_memory_bytes', 'Resident memory of the gateway.', ({ residentBytes }) => residentBytes],
  ['process_heap_bytes', 'Memory of JavaScript objects in the gateway.', ({ heapBytes }) => heapBytes],
  [
    'process_external_memory_bytes',
    'Memory of buffers in the gateway.',
    ({ externalBytes }) => externalBytes,
  ],
  ['process_open_fds', 'Descriptors the gateway has open.', ({ openFiles }) => openFiles],
  ['process_max_fds', 'Descriptors the gateway may have open.', ({ maxFiles }) => maxFiles],
]

function known(value: number | null): readonly Reading[] {
  return value === null ? [] : [[value]]
}

function seconds(milliseconds: number | null): readonly Reading[] {
  return milliseconds === null ? [] : [[milliseconds / 1_000]]
}
