import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createRegistry } from '../../../internal/metrics/families.ts'
import { addGatewayFamilies } from '../../../internal/metrics/gateway-families.ts'
import { LagMeter } from '../../../internal/metrics/lag.ts'
import { LiveMetrics } from '../../../internal/metrics/live-metrics.ts'
import { workerStates, type MetricsSources } from '../../../internal/metrics/sources.ts'
import { addTrafficFamilies } from '../../../internal/metrics/traffic-families.ts'
import { addWorkerFamilies } from '../../../internal/metrics/worker-families.ts'
import { allQueries } from '../../support/queries.ts'

const sources: MetricsSources = {
  build: { version: '1', commit: 'c', node: '26' },
  routes: () => [],
  workers: () => [],
  maintenance: () => [],
  held: () => 0,
  logDropped: () => 0,
  reload: () => ({ succeeded: true, at: 0 }),
  certificateExpiresAt: () => null,
  scrapeTargets: () => [],
}

/** Labels that Prometheus itself adds, and the one of histograms. */
const always = ['instance', 'job', 'le']

/** Of others: what is passed on from Streamlit, and what Prometheus says of its targets. */
const foreign: Readonly<Record<string, readonly string[]>> = { streamlit_active_sessions: ['worker'], up: [] }

/** Labels by the name that queries use, `_bucket` and so on included. */
function exported(): ReadonlyMap<string, readonly string[]> {
  const registry = createRegistry('prometheus')
  const lag = new LagMeter()
  lag.close()
  const traffic = new LiveMetrics()
  addTrafficFamilies(registry, traffic, sources)
  addWorkerFamilies(registry, traffic, sources, new Map())
  addGatewayFamilies(registry, lag, sources)
  const families = registry.getMetricsAsArray().map((metric): readonly [string, readonly string[]] => {
    const labels: unknown = Reflect.get(metric, 'labelNames')
    assert.ok(Array.isArray(labels), metric.name)
    return [metric.name, labels.map(String)]
  })
  const all = families.flatMap(([name, labels]) =>
    ['', '_bucket', '_sum', '_count'].map((end) => [name + end, labels] as const),
  )
  return new Map([...all, ...Object.entries(foreign)])
}

/** Everything in a query that is a name of a metric: no function, no word of the language, no label. */
function metricsIn(query: string): readonly string[] {
  const bare = query
    .replaceAll(/"[^"]*"/g, '""')
    .replaceAll(/\b(by|on|without|ignoring)\s*\([^)]*\)/g, ' ')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
  const words = bare.match(/[a-zA-Z_:][\w:]*(?!\s*\()\b(?!\s*\()/g) ?? []
  return words.filter((word) => !['unless', 'and', 'or', 'on', 'by'].includes(word))
}

function labelsIn(query: string): readonly string[] {
  const matched = [...query.matchAll(/([a-z_]+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, label = '']) => label)
  const grouped = [...query.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(/,\s*/),
  )
  return [...matched, ...grouped].filter((label) => label !== '')
}

test('the dashboard and the alerts ask for metrics and labels that there are', () => {
  const known = exported()
  const queries = allQueries()
  assert.ok(queries.length > 35, `${queries.length} queries`)
  for (const { where, text } of queries) {
    const names = metricsIn(text)
    assert.ok(names.length > 0, `${where}: no metric in ${text}`)
    for (const name of names) assert.ok(known.has(name), `${where}: no metric ${name}`)
    const labels = [...always, ...names.flatMap((name) => known.get(name) ?? [])]
    for (const label of labelsIn(text))
      assert.ok(labels.includes(label), `${where}: no label ${label} in ${text}`)
    for (const [, state = ''] of text.matchAll(/state="([^"]*)"/g))
      assert.ok(
        workerStates.some((one) => one === state),
        `${where}: no state ${state}`,
      )
  }
})

test('the check finds a metric and a label that do not exist', () => {
  assert.deepEqual(metricsIn('sum by (route) (rate(fluxlit_nope_total{a="b"}[5m])) > 0.1 and up == 0'), [
    'fluxlit_nope_total',
    'up',
  ])
  assert.deepEqual(labelsIn('sum by (route, le) (x{code=~"5..",instance!="i"})'), [
    'code',
    'instance',
    'route',
    'le',
  ])
})
