/**
 * Reads the text form of OpenMetrics 1.0 as another program wrote it. Only what is understood in full is taken, and
 * only so much of it: whoever writes an application decides what stands there.
 */

/** A family that can be told on: one number per set of labels. */
export interface ScrapedFamily {
  /** Without `_total`. */
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly ScrapedSample[]
}

/** One line. */
export interface ScrapedSample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** More lines than this are somebody's mistake, and would all be stored. */
const mostSamples = 1_000
const longestText = 200

const nameForm = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const sampleForm = new RegExp(`^(${nameForm})(?:\\{(.*)\\})? (\\S+)(?: \\S+)?(?: #.*)?$`)
const metaForm = new RegExp(`^# (TYPE|HELP) (${nameForm}) (.*)$`)
const labelForm = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/y
const numberForm = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

interface Draft {
  type: string
  help: string
  readonly samples: ScrapedSample[]
}

/**
 * The families of a text; null when any line of it is not OpenMetrics, because then nobody knows what the others mean.
 * Histograms, summaries and the rarer types are left out, and so is what follows the first 1 000 samples.
 */
export function parseOpenMetrics(text: string): readonly ScrapedFamily[] | null {
  const drafts = new Map<string, Draft>()
  let samples = 0
  for (const line of text.split('\n')) {
    if (line === '' || line === '# EOF') continue
    if (line.startsWith('#')) {
      readMeta(drafts, line)
      continue
    }
    const sample = readSample(line)
    if (sample === null) return null
    const draft = draftOf(drafts, sample.name)
    if (draft === null || samples >= mostSamples) continue
    draft.samples.push({ labels: sample.labels, value: sample.value })
    samples += 1
  }
  return [...drafts].flatMap(([name, draft]) => familyOf(name, draft))
}

/** Other comments, `UNIT` among them, say nothing that is passed on. */
function readMeta(drafts: Map<string, Draft>, line: string): void {
  const [, keyword, name = '', rest = ''] = metaForm.exec(line) ?? []
  if (keyword === undefined) return
  const draft = drafts.get(name) ?? { type: 'unknown', help: '', samples: [] }
  if (keyword === 'TYPE') draft.type = rest
  // Quotes would have to be escaped in one of the two formats and not in the other.
  else draft.help = rest.replaceAll(/[\\"]n?/g, ' ').slice(0, longestText)
  drafts.set(name, draft)
}

/** The family a sample belongs to: of a counter only its total, of a gauge the sample of its own name. */
function draftOf(drafts: Map<string, Draft>, sample: string): Draft | null {
  const own = drafts.get(sample)
  if (own !== undefined) return own.type === 'counter' ? null : own
  const counter = sample.endsWith('_total') ? drafts.get(sample.slice(0, -'_total'.length)) : undefined
  return counter?.type === 'counter' ? counter : null
}

function familyOf(name: string, { type, help, samples }: Draft): readonly ScrapedFamily[] {
  if (samples.length === 0) return []
  if (type === 'counter') return [{ name, type, help, samples }]
  return type === 'gauge' || type === 'unknown' ? [{ name, type: 'gauge', help, samples }] : []
}

function readSample(line: string): { name: string; labels: Record<string, string>; value: number } | null {
  const [, name, inner = '', number = ''] = sampleForm.exec(line) ?? []
  const labels = readLabels(inner)
  if (name === undefined || labels === null) return null
  if (/^[+-]?(inf|infinity|nan)$/i.test(number)) return { name, labels, value: Number.NaN }
  return numberForm.test(number) ? { name, labels, value: Number(number) } : null
}

function readLabels(text: string): Record<string, string> | null {
  const labels: Record<string, string> = {}
  let at = 0
  while (at < text.length) {
    labelForm.lastIndex = at
    const [whole, name, value = ''] = labelForm.exec(text) ?? []
    if (whole === undefined || name === undefined || Object.hasOwn(labels, name)) return null
    // Reserved: `__name__` would be another metric.
    if (name.startsWith('__')) return null
    labels[name] = unescape(value).slice(0, longestText)
    at += whole.length
  }
  return labels
}

function unescape(value: string): string {
  return value.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
}
