/** One source of configuration and how several become one. */

import type { Origin } from './config.ts'
import { isTree, leavesOf, pathKey, putAt, valueAt, emptyTree, type Path, type Tree } from './tree.ts'

/** Raw values from one source, and where each of them stands. */
export interface Layer {
  readonly kind: 'file' | 'environment' | 'flag' | 'detected'
  /** Changed while checking: values that are wrong are reported and taken out. */
  readonly value: Tree
  /** Place of the value at a path, or of the nearest table above it. */
  origin(path: readonly PropertyKey[]): Origin
  /** Base of the `root` key when it is given here; absolute. */
  readonly directory: string
}

/** All layers as one. */
export interface Merged {
  readonly value: Tree
  /** Origin of the value at a path; of the nearest table above it; `default` when nobody gave one. */
  origin(path: readonly PropertyKey[]): Origin
  /** Whether some layer gave a value at exactly this path. */
  has(path: Path): boolean
  /** The layer whose value at a path counts. */
  layerOf(path: Path): Layer | null
  /** Precedence of that layer among the others: a higher number counts more; -1 when nobody gave one. */
  rankOf(path: Path): number
}

/**
 * Puts layers on top of each other: tables are merged key by key, everything else is replaced as a whole.
 *
 * @param layers in order of rising precedence
 */
export function mergeLayers(layers: readonly Layer[]): Merged {
  const value = emptyTree()
  const owners = new Map<string, Layer>()
  for (const layer of layers) {
    for (const [path, leaf] of leavesOf(layer.value)) {
      // An empty table above a filled one adds nothing and must not erase it.
      if (isTree(leaf) && isTree(valueAt(value, path))) continue
      putAt(value, path, leaf)
      for (let depth = 1; depth <= path.length; depth++) {
        const key = pathKey(path.slice(0, depth))
        if (depth === path.length || !owners.has(key)) owners.set(key, layer)
      }
    }
  }
  return {
    value,
    has: (path) => valueAt(value, path) !== undefined,
    layerOf: (path) => owners.get(pathKey(path)) ?? null,
    rankOf: (path) => layers.findIndex((layer) => layer === owners.get(pathKey(path))),
    origin: (path) => originIn(owners, path),
  }
}

function originIn(owners: ReadonlyMap<string, Layer>, path: readonly PropertyKey[]): Origin {
  for (let depth = path.length; depth > 0; depth--) {
    const above = path.slice(0, depth)
    const layer = owners.get(pathKey(above))
    if (layer !== undefined) return layer.origin(path)
  }
  return 'default'
}
