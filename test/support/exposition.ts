/** A strict reader of what Prometheus reads: what `promtool check metrics` would say something about is a throw. */

/** One family of an exposition. */
export interface Family {
  readonly name: string
  readonly type: string
  readonly help: string
  /** Values by the text of the series: `fluxlit_requests_total{route="api",method="GET",code="200"}`. */
  readonly series: ReadonlyMap<string, number>
}

const sampleForm = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$/
const labelsForm = /^\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"(?:,(?!\})|(?=\})))*\}$/
const reserved: Readonly<Record<string, RegExp>> = { histogram: /_(bucket|sum|count)$/, counter: /_total$/ }

/** Families by name. @throws Error naming the line */
export function readExposition(
  text: string,
  format: 'prometheus' | 'openmetrics' = 'prometheus',
): Map<string, Family> {
  const families = new Map<string, Family & { series: Map<string, number> }>()
  const all = new Set<string>()
  let current: (Family & { series: Map<string, number> }) | null = null
  const lines = text.split('\n')
  if (lines.pop() !== '') throw new Error('the last line does not end')
  if (format === 'openmetrics' && lines.pop() !== '# EOF') throw new Error('the last line is not # EOF')
  for (const [index, line] of lines.entries()) {
    const fail = (what: string): never => {
      throw new Error(`line ${index + 1}: ${what}: ${line}`)
    }
    if (line === '' && format === 'prometheus') continue
    const help = /^# HELP (\S+) (.+)$/.exec(line)
    if (help !== null) {
      const [, name = '', words = ''] = help
      if (families.has(name)) fail('a family a second time')
      if (/"/.test(words)) fail('a quote in a help')
      current = { name, type: typeBelow(lines[index + 1] ?? '', name), help: words, series: new Map() }
      families.set(name, current)
      continue
    }
    if (line.startsWith('# TYPE ')) continue
    const [, name = '', labels = '', value = ''] = sampleForm.exec(line) ?? fail('not a sample')
    if (current === null || !belongs(name, current, format)) return fail('not of the family above it')
    if (labels !== '' && !labelsForm.test(labels)) fail('labels')
    if (/[{,](quantile|__\w+)=/.test(labels)) fail('a reserved label')
    if (!/^[-+]?(\d+(\.\d+)?([eE][-+]?\d+)?|Inf|NaN)$/.test(value)) fail('not a number')
    const series = name + labels
    if (all.has(series)) fail('a series a second time')
    all.add(series)
    current.series.set(series, Number(value.replace('Inf', 'Infinity')))
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

/** The value of a series that has to be there. */
export function valueOf(families: ReadonlyMap<string, Family>, series: string): number {
  for (const { series: all } of families.values()) {
    const value = all.get(series)
    if (value !== undefined) return value
  }
  const near = [...families.values()].flatMap((family) => [...family.series.keys()])
  const name = series.replace(/\{.*/, '')
  throw new Error(
    `no series ${series}; there are: ${near.filter((other) => other.startsWith(name)).join(' ')}`,
  )
}

function typeBelow(line: string, name: string): string {
  const [, named, type = ''] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? []
  if (named !== name) throw new Error(`no type below the help of ${name}: ${line}`)
  return type
}

function belongs(sample: string, { name, type }: Family, format: string): boolean {
  if (type === 'histogram') return sample.replace(/_(bucket|sum|count)$/, '') === name && sample !== name
  return sample === (type === 'counter' && format === 'openmetrics' ? `${name}_total` : name)
}

function checkFamily({ name, type, series }: Family): void {
  for (const [reservedType, ending] of Object.entries(reserved)) {
    if (reservedType !== type && ending.test(name)) throw new Error(`${name} is no ${reservedType}`)
  }
  if (type === 'counter')
    for (const [key, value] of series) if (!(value >= 0)) throw new Error(`${key} is below 0`)
  if (type === 'histogram') checkHistogram(series)
}

/** Buckets only grow, and the last one is the count. */
function checkHistogram(series: ReadonlyMap<string, number>): void {
  const last = new Map<string, number>()
  for (const [key, value] of series) {
    const [, others = ''] = /_bucket\{(.*)le="[^"]*"\}$/.exec(key) ?? []
    if (key.includes('_bucket')) {
      if (value < (last.get(others) ?? 0)) throw new Error(`${key} is below the bucket before it`)
      last.set(others, value)
    }
    if (/_count(\{|$)/.test(key)) {
      const labels = /\{(.*)\}$/.exec(key)?.[1]
      const total = last.get(labels === undefined ? '' : `${labels},`)
      if (total !== value) throw new Error(`${key} is not its last bucket, ${total}`)
    }
  }
}
