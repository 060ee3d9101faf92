/** Shapes of metrics over cells that are kept elsewhere: each is read when it is asked for. */

import { Counter, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client'
import type { Distribution } from './distribution.ts'

/** A registry of either format. */
export type AnyRegistry = Registry | Registry<OpenMetricsContentType>

/** How the text looks: as Prometheus has always read it, or as OpenMetrics 1.0 fixed it. */
export type Format = 'prometheus' | 'openmetrics'

/** An empty registry of a format. */
export function createRegistry(format: Format): AnyRegistry {
  if (format === 'prometheus') return new Registry()
  const registry = new Registry<OpenMetricsContentType>()
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  return registry
}

/** One value with the values of its labels, in the order of the family's names. */
export type Reading = readonly [value: number, ...labels: string[]]

/** What a family is made of. */
export interface FamilyDescription<T> {
  /** Without the common prefix. */
  readonly name: string
  readonly help: string
  readonly labels: readonly string[]
  readonly read: () => Iterable<T>
}

/** Prefix of all names. */
const prefix = 'fluxlit_'

/** A number that only grows; the name ends in `_total`. */
export function addCounter(
  registry: AnyRegistry,
  { name, help, labels, read }: FamilyDescription<Reading>,
): void {
  // oxlint-disable-next-line no-new
  new Counter({
    name: prefix + name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset()
      for (const [value, ...values] of read()) this.inc(labelled(labels, values), value)
    },
  })
}

/** A number that goes up and down. */
export function addGauge(
  registry: AnyRegistry,
  { name, help, labels, read }: FamilyDescription<Reading>,
): void {
  // oxlint-disable-next-line no-new
  new Gauge({
    name: prefix + name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset()
      // Without labels a reset leaves a zero behind, which would say something nobody knows.
      if (labels.length === 0) this.remove()
      for (const [value, ...values] of read()) this.set(labelled(labels, values), value)
    },
  })
}

/** Numbers sorted into buckets. */
export function addHistogram(
  registry: AnyRegistry,
  family: FamilyDescription<readonly [Distribution, ...string[]]>,
): void {
  registry.registerMetric(new ReadHistogram(family))
}

type HistogramValues = Awaited<ReturnType<Histogram['get']>>
type HistogramValue = HistogramValues['values'][number]

/** A histogram of prom-client that tells the numbers of distributions in place of its own. */
class ReadHistogram extends Histogram {
  readonly #plain: Histogram
  readonly #family: FamilyDescription<readonly [Distribution, ...string[]]>

  constructor(family: FamilyDescription<readonly [Distribution, ...string[]]>) {
    const configuration = {
      name: prefix + family.name,
      help: family.help,
      labelNames: family.labels,
      registers: [],
    }
    super(configuration)
    this.#plain = new Histogram(configuration)
    this.#family = family
  }

  override async get(): Promise<HistogramValues> {
    const plain = await this.#plain.get()
    const { labels, read } = this.#family
    const values = [...read()].flatMap(([distribution, ...names]) =>
      valuesOf(plain.name, distribution, labelled(labels, names)),
    )
    return { ...plain, values }
  }

  /** What a registry asks for in place of `get`, where there is one. */
  getForPromString(): Promise<HistogramValues> {
    return this.get()
  }
}

/** Buckets count everything up to their bound. */
function valuesOf(
  name: string,
  { bounds, counts, sum }: Distribution,
  labels: Readonly<Record<string, string>>,
): readonly HistogramValue[] {
  let count = 0
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
    count += counts[index] ?? 0
    const le = Number.isFinite(bound) ? bound : '+Inf'
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

function labelled(names: readonly string[], values: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}
