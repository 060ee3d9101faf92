import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AuthCounts } from '../../../internal/metrics/auth-counts.ts'
import { Exposition, prefersOpenMetrics } from '../../../internal/metrics/exposition.ts'
import { LagMeter } from '../../../internal/metrics/lag.ts'
import { LiveMetrics } from '../../../internal/metrics/live-metrics.ts'
import type { MetricsSources } from '../../../internal/metrics/sources.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { readExposition, valueOf } from '../../support/exposition.ts'
import { upstream } from '../../support/upstream.ts'

const usual: MetricsSources = {
  build: { version: '1.2.3', commit: 'abc', node: '26.10.0' },
  routes: () => ['api', 'internal', 'none'],
  workers: () => [
    { name: 'api', state: 'ready', process: null },
    {
      name: 'api.1',
      state: 'backing-off',
      process: { restarts: { crash: 2, hang: 1 }, memoryBytes: 1024, cpuSeconds: 2.5 },
    },
    { name: 'files', state: 'ready', process: { restarts: {}, memoryBytes: null, cpuSeconds: null } },
  ],
  held: () => 4,
  logDropped: () => 7,
  reload: () => ({ succeeded: false, at: 1_700_000_000_500 }),
  certificateExpiresAt: () => 1_800_000_000_000,
  maintenance: () => [],
  scrapeTargets: () => [],
}

function exposition(
  t: Cleanup,
  sources: Partial<MetricsSources> = {},
): { readonly traffic: LiveMetrics; readonly exposed: Exposition } {
  const traffic = new LiveMetrics()
  const lag = new LagMeter()
  t.after(() => lag.close())
  return {
    traffic,
    exposed: new Exposition({ traffic, lag, auth: new AuthCounts(), sources: { ...usual, ...sources } }),
  }
}

/** Names and labels of the contract. */
const promised: Readonly<Record<string, string>> = {
  requests_total: 'route,method,code',
  request_duration_seconds: 'route',
  response_ttfb_seconds: 'route',
  requests_in_flight: 'route',
  rejected_total: 'reason',
  upstream_errors_total: 'worker,reason',
  upstream_retries_total: 'worker',
  websockets_open: 'route',
  websockets_closed_total: 'route,reason',
  websocket_duration_seconds: 'route',
  bytes_total: 'route,direction',
  worker_state: 'worker,state',
  worker_restarts_total: 'worker,reason',
  worker_memory_bytes: 'worker',
  worker_cpu_seconds_total: 'worker',
  held_requests: '',
  log_dropped_total: '',
  config_reload_success: '',
  config_reload_success_timestamp_seconds: '',
  eventloop_lag_seconds: '',
  build_info: 'version,commit,node',
  tls_certificate_expiry_seconds: '',
}

function countSomething(traffic: LiveMetrics): void {
  const record = {
    id: 'a',
    kind: 'http',
    method: 'GET',
    route: 'api',
    worker: 'api',
    client: '192.0.2.1',
    status: 502,
    reason: 'upstream_failed',
    startedAt: performance.now(),
    endedAt: performance.now(),
    ttfbMs: 1,
    bytesIn: 1,
    bytesOut: 2,
  } as const
  traffic.entered('api')
  traffic.settled(record)
  traffic.upstreamFailed('api', 'closed')
  traffic.retried('api')
  const socket = { ...record, kind: 'websocket', status: 101, reason: 'drain' } as const
  traffic.entered('api')
  traffic.opened(socket)
  traffic.settled(socket)
}

for (const format of ['prometheus', 'openmetrics'] as const) {
  test(`${format}: every metric of the contract is there with its labels, and nothing about it is wrong`, async (t) => {
    const { traffic, exposed } = exposition(t)
    countSomething(traffic)
    const accept = format === 'openmetrics' ? 'application/openmetrics-text' : undefined
    // Twice: a registry must not change by being read.
    await exposed.read(accept)
    const { body, contentType } = await exposed.read(accept)
    assert.match(
      contentType,
      format === 'openmetrics'
        ? /^application\/openmetrics-text; version=1\.0\.0/
        : /^text\/plain; version=0\.0\.4/,
    )
    const families = readExposition(body, format)
    for (const [name, labels] of Object.entries(promised)) {
      const family = families.get(`fluxlit_${format === 'openmetrics' ? name.replace(/_total$/, '') : name}`)
      assert.ok(family !== undefined, name)
      const [series = ''] = family.series.keys()
      const found = [...series.matchAll(/[{,](\w+)=/g)]
        .map(([, label]) => label)
        .filter((label) => label !== 'le')
      assert.equal(found.join(','), labels, name)
    }
    for (const name of families.keys()) assert.match(name, /^fluxlit_/)
  })
}

test('values are those of the sources', async (t) => {
  const { exposed } = exposition(t)
  const families = readExposition((await exposed.read(undefined)).body)
  const values = {
    'fluxlit_worker_state{worker="api",state="ready"}': 1,
    'fluxlit_worker_state{worker="api",state="failed"}': 0,
    'fluxlit_worker_state{worker="api.1",state="backing-off"}': 1,
    'fluxlit_worker_restarts_total{worker="api.1",reason="crash"}': 2,
    'fluxlit_worker_memory_bytes{worker="api.1"}': 1024,
    'fluxlit_worker_cpu_seconds_total{worker="api.1"}': 2.5,
    fluxlit_held_requests: 4,
    fluxlit_log_dropped_total: 7,
    fluxlit_config_reload_success: 0,
    fluxlit_config_reload_success_timestamp_seconds: 1_700_000_000.5,
    fluxlit_tls_certificate_expiry_seconds: 1_800_000_000,
    'fluxlit_build_info{version="1.2.3",commit="abc",node="26.10.0"}': 1,
    'fluxlit_requests_in_flight{route="api"}': 0,
  }
  for (const [series, value] of Object.entries(values)) assert.equal(valueOf(families, series), value, series)
  // The whole has no process of its own: its replicas have.
  assert.deepEqual(
    [...(families.get('fluxlit_worker_memory_bytes')?.series.keys() ?? [])],
    ['fluxlit_worker_memory_bytes{worker="api.1"}'],
  )
})

test('without TLS there is no expiry, not one in 1970', async (t) => {
  const { exposed } = exposition(t, { certificateExpiresAt: () => null })
  const families = readExposition((await exposed.read(undefined)).body)
  assert.equal(families.get('fluxlit_tls_certificate_expiry_seconds')?.series.size, 0)
})

test('a worker is asked for its own numbers once for all who read at the same time', async (t) => {
  let asked = 0
  const { port } = await upstream(t, (_request, response) => {
    asked += 1
    response
      .writeHead(200, { 'content-type': 'text/plain' })
      .end('# TYPE active_sessions gauge\nactive_sessions 2\n')
  })
  const target = { worker: 'ui', address: { kind: 'tcp', host: '127.0.0.1', port } as const, path: '/' }
  const { exposed } = exposition(t, { maintenance: () => [], scrapeTargets: () => [target] })
  const [one, other] = await Promise.all([
    exposed.read(undefined),
    exposed.read('application/openmetrics-text'),
  ])
  assert.equal(asked, 1)
  assert.equal(valueOf(readExposition(one.body), 'streamlit_active_sessions{worker="ui"}'), 2)
  const open = readExposition(other.body, 'openmetrics')
  assert.equal(valueOf(open, 'streamlit_active_sessions{worker="ui"}'), 2)
})

test('a worker that says nothing is a count, and everything else is there', async (t) => {
  const gone = { worker: 'ui', address: { kind: 'unix', path: '/nonexistent/x.sock' } as const, path: '/' }
  const { exposed } = exposition(t, { maintenance: () => [], scrapeTargets: () => [gone] })
  const families = readExposition((await exposed.read(undefined)).body)
  assert.equal(valueOf(families, 'fluxlit_worker_scrape_failures_total{worker="ui"}'), 1)
  assert.equal(valueOf(families, 'fluxlit_held_requests'), 4)
})

test('OpenMetrics is for those who ask for it at least as much as for the older form', () => {
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const asked: readonly (readonly [string, boolean])[] = [
    ['', false],
    ['*/*', false],
    ['text/plain', false],
    [prometheus, true],
    ['application/openmetrics-text;q=0.3, text/plain;q=0.7', false],
    ['application/openmetrics-text;q=0', false],
    ['APPLICATION/OpenMetrics-Text', true],
    ['application/openmetrics-text;q=x', false],
  ]
  for (const [accept, expected] of asked) assert.equal(prefersOpenMetrics(accept), expected, accept)
})
