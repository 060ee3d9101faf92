/** The metrics as Prometheus reads them, in the format it asks for. */

import type { AuthCounts } from './auth-counts.ts'
import { addAuthFamilies } from './auth-families.ts'
import { createRegistry, type Format } from './families.ts'
import { addGatewayFamilies } from './gateway-families.ts'
import type { LagMeter } from './lag.ts'
import type { LiveMetrics } from './live-metrics.ts'
import { scrape, type Scraped } from './scrape.ts'
import type { MetricsSources } from './sources.ts'
import { renderScraped } from './streamlit.ts'
import { addTrafficFamilies } from './traffic-families.ts'
import { addWorkerFamilies } from './worker-families.ts'

/** One reading of everything. */
export interface MetricsText {
  readonly contentType: string
  readonly body: string
}

/** What an exposition is made of. */
export interface ExpositionParts {
  readonly traffic: LiveMetrics
  readonly lag: LagMeter
  readonly auth: AuthCounts
  readonly sources: MetricsSources
}

/** Reads everything when it is asked for. */
export class Exposition {
  readonly #parts: ExpositionParts
  /** Scrapes that failed, by worker. */
  readonly #failures = new Map<string, number>()
  /** Two, because a registry of one format changes the names of the metrics in it. */
  readonly #registries = {
    prometheus: createRegistry('prometheus'),
    openmetrics: createRegistry('openmetrics'),
  }
  #scraping: Promise<readonly Scraped[]> | null = null

  constructor(parts: ExpositionParts) {
    this.#parts = parts
    for (const registry of Object.values(this.#registries)) {
      addTrafficFamilies(registry, parts.traffic, parts.sources)
      addWorkerFamilies(registry, parts.traffic, parts.sources, this.#failures)
      addAuthFamilies(registry, parts.auth)
      addGatewayFamilies(registry, parts.lag, parts.sources)
    }
  }

  /** The metrics, in the format that suits an `Accept` field; takes up to a second when a worker is busy. */
  async read(accept: string | undefined): Promise<MetricsText> {
    const format: Format = prefersOpenMetrics(accept ?? '') ? 'openmetrics' : 'prometheus'
    const registry = this.#registries[format]
    // First, because failures are counted.
    const scraped = await this.#scrape()
    const own = await registry.metrics()
    const theirs = await renderScraped(scraped, format)
    const end = '# EOF\n'
    const body = own.endsWith(end) ? own.slice(0, -end.length) + theirs + end : own + theirs
    return { contentType: registry.contentType, body }
  }

  /** Whoever asks while an answer is awaited gets the same one: a worker is never asked twice at the same time. */
  #scrape(): Promise<readonly Scraped[]> {
    this.#scraping ??= this.#scrapeAll().finally(() => (this.#scraping = null))
    return this.#scraping
  }

  async #scrapeAll(): Promise<readonly Scraped[]> {
    const targets = this.#parts.sources.scrapeTargets()
    const answers = await Promise.all(targets.map(scrape))
    for (const [index, { worker }] of targets.entries())
      if (answers[index] === null) this.#failures.set(worker, (this.#failures.get(worker) ?? 0) + 1)
    return answers.filter((answer) => answer !== null)
  }
}

/** Whether `Accept` (RFC 9110 12.5.1) ranks OpenMetrics at least as high as the older text form. */
export function prefersOpenMetrics(accept: string): boolean {
  const ranks = accept.split(',').map((entry) => {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return { type, weight: weight === undefined ? 1 : Number(weight.slice(2)) }
  })
  const best = (name: string): number =>
    Math.max(
      0,
      ...ranks.filter(({ type, weight }) => type === name && weight > 0).map(({ weight }) => weight),
    )
  const open = best('application/openmetrics-text')
  return open > 0 && open >= best('text/plain')
}
