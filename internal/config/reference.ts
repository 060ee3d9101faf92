/** What the documentation says about the configuration, written from the schema. */

import * as z from 'zod'

import {
  allKeys,
  anyElement,
  anyName,
  environmentName,
  isSettableKey,
  headerOf,
  isInside,
  type Key,
} from './keys.ts'
import { configSchema } from './schema.ts'

/** The JSON Schema of fluxlit.toml as it is written (before texts are read). */
export function jsonSchema(): unknown {
  const schema = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-2020-12' })
  return { ...schema, title: 'fluxlit.toml' }
}

/** The reference tables of docs/configuration.md, one per table of the file. */
export function referenceTables(): string {
  const keys = allKeys()
  const sections = [
    section(
      'General',
      keys.filter((key) => key.path.length === 1 && key.type !== 'table'),
    ),
    section(`[workers.${anyName}]`, keys.filter(isOfWorkers)),
    ...keys
      .filter((key) => isOfWorkers(key) && keys.some((below) => isBelow(below, key)))
      .map((table) =>
        section(
          `[workers.${anyName}.${table.path[2]}]`,
          keys.filter((key) => isBelow(key, table)),
          table.description,
        ),
      ),
    ...generalTables(keys).map((table) => section(headerOf(table), ownKeys(table, keys), table.description)),
  ]
  return sections.join('\n\n')
}

/** The tables, and lists of tables, beside the workers' that have keys of their own, each before those inside it. */
export function generalTables(keys: readonly Key[]): readonly Key[] {
  return keys.filter((key) => key.path[0] !== 'workers' && hasKeys(key, keys))
}

/** The keys that stand directly in a table; tables with keys of their own have their own place. */
export function ownKeys(table: Key, keys: readonly Key[]): readonly Key[] {
  return keys.filter((key) => isInside(key, table) && !hasKeys(key, keys))
}

function hasKeys(table: Key, keys: readonly Key[]): boolean {
  // A table inside an element of a list is written in one line.
  if (table.path.includes(anyElement)) return false
  return (table.type === 'table' || table.type === 'list') && keys.some((key) => isInside(key, table))
}

/** Whether a key stands in the table of a worker. */
export function isOfWorkers({ path }: Key): boolean {
  return path[0] === 'workers' && path.length === 3
}

/** Whether a key stands in a table inside a worker's table. */
function isBelow(key: Key, table: Key): boolean {
  return key.path[0] === 'workers' && key.path.length === 4 && key.path[2] === table.path[2]
}

function section(title: string, keys: readonly Key[], introduction = ''): string {
  const rows = keys.map((key) => [
    `\`${key.path.at(-1)}\``,
    key.description,
    key.expects,
    defaultOf(key),
    variableOf(key),
  ])
  const head = ['Key', 'Meaning', 'Value', 'Default', 'Variable']
  const table = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`)
  return [
    `### ${title.startsWith('[') ? `\`${title}\`` : title}`,
    ...(introduction === '' ? [] : ['', introduction]),
    '',
    ...table,
  ].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

function defaultOf(key: Key): string {
  return key.derived ?? `\`${tomlOf(key.fallback)}\``
}

function variableOf(key: Key): string {
  return isSettableKey(key) ? `\`${environmentName(key.path)}\`` : '-'
}

/** A default as TOML. */
export function tomlOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlOf).join(', ')}]`
  return typeof value === 'object' ? '{}' : JSON.stringify(value)
}
