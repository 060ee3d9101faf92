/** `[[auth.rules]]` and `[[auth.expect]]` of included files: they come behind those of the file that includes them. */

import type { Layer } from './layer.ts'
import { isTree, putAt, removeAt, valueAt } from './tree.ts'

/** The lists of `[auth]` that several files write together. */
export const sharedLists: readonly string[] = ['rules', 'expect']

interface Part {
  readonly layer: Layer
  /** Place of its first element in the list of all. */
  readonly start: number
  readonly count: number
}

/**
 * Moves the lists of included files to the file that includes them, in the order of `include`. The first rule that fits
 * decides, so nothing that is included changes what the including file says.
 */
export function withListsOf(layer: Layer, included: readonly Layer[]): Layer {
  const parts = new Map(sharedLists.map((name) => [name, joined(layer, included, name)]))
  if ([...parts.values()].every(({ length }) => length === 0)) return layer
  return {
    ...layer,
    origin(path) {
      const [table, name, index] = path
      const found = table === 'auth' ? (parts.get(String(name)) ?? []) : []
      const [first] = found
      if (first === undefined) return layer.origin(path)
      const at = Number(index ?? 0)
      const part = found.find(({ start, count }) => at >= start && at < start + count) ?? first
      return part.layer.origin(
        index === undefined ? path : ['auth', String(name), at - part.start, ...path.slice(3)],
      )
    },
  }
}

/** Joins one list; what is no list is left where it is, for the schema to report. */
function joined(layer: Layer, included: readonly Layer[], name: string): readonly Part[] {
  const at = ['auth', name]
  const own = valueAt(layer.value, at) ?? []
  const above = layer.value['auth']
  if (!Array.isArray(own) || (above !== undefined && !isTree(above))) return []
  const all: unknown[] = [...own]
  const parts: Part[] = own.length === 0 ? [] : [{ layer, start: 0, count: own.length }]
  for (const other of included) {
    const list = valueAt(other.value, at)
    if (!Array.isArray(list)) continue
    removeAt(other.value, at)
    removeIfEmpty(other, 'auth')
    parts.push({ layer: other, start: all.length, count: list.length })
    all.push(...list)
  }
  if (all.length > own.length) putAt(layer.value, at, all)
  return all.length > own.length ? parts : []
}

function removeIfEmpty({ value }: Layer, name: string): void {
  const table = value[name]
  if (isTree(table) && Object.keys(table).length === 0) delete value[name]
}
