/** The configuration for people and programs: every value with its origin, secrets hidden. */

import type { Problem } from '../fault/startup.ts'
import type { Config, Spawned, WorkerConfig } from './config.ts'
import type { ReportValues } from './context.ts'
import { allKeys, anyName } from './keys.ts'
import { shownArguments, shownText, shownValue } from './secret.ts'
import { isTree } from './tree.ts'

/** What `fluxlit check` shows. Free of secrets. */
export interface ConfigReport {
  /** Files in order of rising precedence, or `detected`. */
  readonly sources: readonly string[]
  /** What detection chose, in words; empty when there was a file. */
  readonly notes: readonly string[]
  readonly values: ReportValues
  readonly workers: readonly WorkerConfig[]
  readonly warnings: readonly Problem[]
}

/** Makes the report of a resolved configuration; values of variables that look secret are hidden. */
export function makeReport(
  config: Config,
  values: ReportValues,
  notes: readonly string[],
  warnings: readonly Problem[],
): ConfigReport {
  return {
    sources: config.sources,
    notes,
    values: inSchemaOrder(values),
    workers: config.workers.map(withoutSecrets),
    warnings,
  }
}

/** General keys, then each worker's, then the tables; within each in the order of the schema. */
function inSchemaOrder(values: ReportValues): ReportValues {
  const order = new Map(allKeys().map((key, index) => [key.path.join('.'), index]))
  const workers = new Set(
    [...values.keys()]
      .map((path) => path.split('.'))
      .filter(([top]) => top === 'workers')
      .map(([, name]) => name),
  )
  const owners = [...workers]
  const rank = (path: string): readonly [section: number, key: number] => {
    const [top = '', name, key = ''] = path.split('.')
    const table = order.get('workers') ?? 0
    if (top === 'workers')
      return [table + owners.indexOf(name) / owners.length, order.get(`workers.${anyName}.${key}`) ?? 0]
    return [order.get(top) ?? 0, order.get(path) ?? order.get(`${top}.${name}`) ?? 0]
  }
  const ranked = [...values].map((entry) => ({ entry, rank: rank(entry[0]) }))
  return new Map(
    ranked.toSorted((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1]).map(({ entry }) => entry),
  )
}

function withoutSecrets(worker: WorkerConfig): WorkerConfig {
  switch (worker.kind) {
    case 'static':
      return worker
    case 'uvicorn':
      return worker.run.kind === 'url' ? worker : { ...worker, run: hidden(worker.run) }
    case 'streamlit':
      return worker.run.kind === 'url' ? worker : { ...worker, run: hidden(worker.run) }
    case 'http':
      return worker.run.kind === 'url'
        ? worker
        : { ...worker, run: hidden({ ...worker.run, command: shownCommand(worker.run.command) }) }
    case 'process':
      return { ...worker, run: hidden({ ...worker.run, command: shownCommand(worker.run.command) }) }
  }
}

function hidden<R extends Spawned>(run: R): R {
  const { below, file, above } = run.envSources
  return {
    ...run,
    env: shownVariables(run.env),
    envSources: { below: shownVariables(below), file, above: shownVariables(above) },
    args: shownArguments(run.args),
    beforeStart: run.beforeStart.map((command) =>
      typeof command === 'string' ? shownText(command) : shownCommand(command),
    ),
  }
}

function shownVariables(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, shownValue(name, value)]))
}

function shownCommand(command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  const [, ...rest] = shownArguments(command)
  return [command[0], ...rest]
}

/** Aligned text, one block per table, in the order of the schema. */
export function renderReport(report: ConfigReport): string {
  const lines = [`# from ${report.sources.join(', ')}`, ...report.notes.map((note) => `# ${note}`)]
  const rows = [...report.values].map(([path, { value, origin }]) => ({
    ...split(path),
    value: written(value),
    origin,
  }))
  for (const table of new Set(rows.map((row) => row.table))) {
    const block = rows.filter((row) => row.table === table)
    lines.push('', ...(table === '' ? [] : [`[${table}]`]), ...aligned(block))
  }
  return `${lines.join('\n')}\n`
}

/** The last step is the key, everything before it the table. */
function split(path: string): { table: string; key: string } {
  const at = /\.("(?:[^"\\]|\\.)*"|[^."]+)$/.exec(path)
  return at === null ? { table: '', key: path } : { table: path.slice(0, at.index), key: at[1] ?? '' }
}

function aligned(rows: readonly { key: string; value: string; origin: string }[]): readonly string[] {
  const keyWidth = Math.max(...rows.map((row) => row.key.length))
  // One long value should not push every origin off the screen.
  const valueWidth = Math.min(44, Math.max(...rows.map((row) => row.value.length)))
  return rows.map((row) => `${row.key.padEnd(keyWidth)} = ${row.value.padEnd(valueWidth)}  # ${row.origin}`)
}

/** A value as TOML. */
function written(value: unknown): string {
  if (value === null || value === undefined) return '""'
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  if (isTree(value))
    return `{${Object.entries(value)
      .map(([key, each]) => ` ${key} = ${written(each)}`)
      .join(',')} }`
  return JSON.stringify(value)
}

/** The report for programs. Field names and their order are stable. */
export function reportJson(report: ConfigReport): unknown {
  return {
    ok: true,
    sources: report.sources,
    notes: report.notes,
    values: Object.fromEntries(report.values),
    workers: report.workers,
    warnings: report.warnings,
  }
}

/** The answer for programs when the configuration is not valid. */
export function problemsJson(problems: readonly Problem[], warnings: readonly Problem[] = []): unknown {
  return { ok: false, problems, warnings }
}
