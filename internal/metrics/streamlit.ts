/** Streamlit's own metrics under names of ours, one label more: which worker said it. */

import { Counter, Gauge } from 'prom-client'
import { createRegistry, type AnyRegistry, type Format } from './families.ts'
import type { ScrapedFamily, ScrapedSample } from './openmetrics.ts'
import type { Scraped } from './scrape.ts'

/** One family as several workers told it. */
interface Merged {
  readonly type: ScrapedFamily['type']
  readonly help: string
  readonly samples: ScrapedSample[]
}

/** Lines to append to our own, `''` for none. Names begin with `streamlit_`: they can be no name of ours. */
export async function renderScraped(scraped: readonly Scraped[], format: Format): Promise<string> {
  const families = merge(scraped)
  if (families.size === 0) return ''
  const registry = createRegistry(format)
  for (const [name, family] of families) addFamily(registry, name, family)
  const text = await registry.metrics()
  return format === 'openmetrics' ? text.replace(/# EOF\n$/, '') : `\n${text}`
}

/** Of two workers that disagree about what a name means the first one counts. */
function merge(scraped: readonly Scraped[]): ReadonlyMap<string, Merged> {
  const families = new Map<string, Merged>()
  for (const { worker, families: told } of scraped) {
    for (const { name: theirs, type, help, samples } of told) {
      const plain = theirs.startsWith('streamlit_') ? theirs : `streamlit_${theirs}`
      const name = type === 'counter' ? `${plain}_total` : plain
      const known = families.get(name) ?? { type, help, samples: [] }
      if (known.type !== type) continue
      families.set(name, known)
      for (const { labels, value } of samples) known.samples.push({ value, labels: labelled(labels, worker) })
    }
  }
  return families
}

/** An application may have a label of that name; Prometheus calls such a one the same. */
function labelled(
  { worker: theirs, ...labels }: ScrapedSample['labels'],
  worker: string,
): ScrapedSample['labels'] {
  return { worker, ...labels, ...(theirs === undefined ? {} : { exported_worker: theirs }) }
}

function addFamily(registry: AnyRegistry, name: string, { type, help, samples }: Merged): void {
  const configuration = {
    name,
    help: `${help === '' ? name : help} (told by Streamlit)`,
    labelNames: [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))],
    registers: [registry],
  }
  const metric = type === 'counter' ? new Counter(configuration) : new Gauge(configuration)
  for (const { labels, value } of samples)
    metric.inc({ ...labels }, Number.isNaN(value) || (type === 'counter' && value < 0) ? 0 : value)
}
