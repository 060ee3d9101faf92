/** Results as a person reads them: tables for the terminal and for docs/performance.md, and the picture. */

import { baseline, direct, judge, summarise } from './results.ts'
import type { Budget, Measure, Results, ScenarioResult, Surroundings } from './results.ts'
import { barChart } from './svg.ts'
import type { BarGroup } from './svg.ts'
import { digits, markdownTable, textTable } from './table.ts'
import type { Table } from './table.ts'

/** A scenario that was run. */
export type Ran = Extract<ScenarioResult, { kind: 'ran' }>

/** Whose budgets are judged, and which bar is coloured. */
export const subject = 'fluxlit'

/** One scenario for the terminal, with what is to be said below its table. */
export function scenarioText(result: ScenarioResult): string {
  if (result.kind === 'skipped') return `${result.title} (${result.name}): skipped, ${result.reason}`
  const remarks = [...budgetRemarks(result), ...voidRemarks(result)].map((remark) => `  ${remark}`)
  return [`${result.title} (${result.name})`, textTable(tableOf(result)), ...remarks].join('\n')
}

/** The written part of docs/performance.md. @param image path of the SVG, relative to the page */
export function markdownReport(results: Results, image: string): string {
  const sections = results.scenarios.map((scenario) => {
    if (scenario.kind === 'skipped')
      return `### ${scenario.title}\n\n\`${scenario.name}\`: skipped, ${scenario.reason}.`
    const remarks = [...budgetRemarks(scenario), ...voidRemarks(scenario)].map((remark) => `* ${remark}`)
    const parts = [`### ${scenario.title}`, `\`${scenario.name}\``, markdownTable(tableOf(scenario))]
    return [...parts, ...(remarks.length > 0 ? [remarks.join('\n')] : [])].join('\n\n')
  })
  return [surroundingsText(results), `![The first measure of every scenario](${image})`, ...sections].join(
    '\n\n',
  )
}

/** The first measure of every scenario in which somebody was measured, as bars; ratio budgets as a dashed line. */
export function picture(results: Results): string {
  return barChart(
    'FluxLit beside other proxies',
    results.scenarios.flatMap((scenario) => (scenario.kind === 'ran' ? barGroups(scenario) : [])),
  )
}

/** One row per peer: the first measure with median, worst and ratio (or difference), of the others the median. */
export function tableOf({ measures, budgets, peers }: Ran): Table {
  const [first, ...others] = measures
  if (first === undefined) return { headings: ['peer'], alignments: ['left'], rows: [] }
  const isAdded = budgets.some(({ kind }) => kind === 'added')
  const headings = [
    'peer',
    heading(first),
    'worst',
    ...(isAdded ? ['added', 'worst added'] : ['x nginx', 'worst x']),
    ...others.map(heading),
  ]
  const rows = peers.map(({ peer }) => {
    const summary = summarise(peers, peer, first)
    const compared = isAdded ? summary?.added : summary?.ratio
    const cells = [summary?.median, summary?.worst, compared?.median, compared?.worst]
    const rest = others.map((measure) => summarise(peers, peer, measure)?.median)
    return [peer, ...[...cells, ...rest].map((value) => (value === undefined ? '-' : digits(value)))]
  })
  return { headings, alignments: ['left'], rows }
}

function heading({ label, unit }: Measure): string {
  return unit === '' ? label : `${label}, ${unit}`
}

function budgetRemarks({ budgets, measures, peers }: Ran): readonly string[] {
  return budgets.flatMap((budget) => {
    const measure = measures.find(({ key }) => key === budget.measure)
    if (measure === undefined) return []
    const verdict = judge(budget, measure, summarise(peers, subject, measure))
    return verdict === 'unknown' ? [] : [`${measure.label}: ${budgetText(budget, measure)}: ${verdict}`]
  })
}

function budgetText({ kind, limit, goal }: Budget, { unit }: Measure): string {
  const wordings = { ratio: 'x nginx', value: ` ${unit}`, added: ` ${unit} more than direct` } as const
  const wording = wordings[kind]
  return `budget ${limit}${wording}${goal === undefined ? '' : `, goal ${goal}${wording}`}`
}

function voidRemarks({ peers }: Ran): readonly string[] {
  return peers.flatMap(({ peer, rounds }) =>
    rounds.flatMap((round, index) =>
      round.kind === 'void' ? [`${peer}, round ${index + 1}: void, ${round.reason}`] : [],
    ),
  )
}

function barGroups({ title, measures, budgets, peers }: Ran): readonly BarGroup[] {
  const [first] = measures
  if (first === undefined) return []
  const bars = peers.flatMap(({ peer }) => {
    const summary = summarise(peers, peer, first)
    return summary === null ? [] : [{ label: peer, value: summary.median, isSubject: peer === subject }]
  })
  if (bars.length === 0) return []
  const budget = budgets.find(({ measure }) => measure === first.key)
  const limit = limitOf(budget, new Map(bars.map(({ label, value }) => [label, value])))
  return [{ title: `${title}: ${heading(first)}`, bars, ...(limit === undefined ? {} : { limit }) }]
}

/** Where a budget lies on the scale of the bars. */
function limitOf(budget: Budget | undefined, medians: ReadonlyMap<string, number>): number | undefined {
  if (budget === undefined || budget.kind === 'value') return budget?.limit
  const base = medians.get(budget.kind === 'ratio' ? baseline : direct)
  if (base === undefined) return undefined
  return budget.kind === 'ratio' ? budget.limit * base : budget.limit + base
}

function surroundingsText({ surroundings, rounds, seconds }: Results): string {
  const { started, machine, cores, kernel, load, versions } = surroundings
  return [
    `Measured ${started.slice(0, 10)} on ${machine} (${cores} cores, ${kernel}, load ${digits(load)} at the start),`,
    `${rounds} alternating rounds of ${seconds} s: ${versionText(versions)}.`,
  ].join('\n')
}

function versionText(versions: Surroundings['versions']): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')
}
