/** Raw configuration as nested tables, before the schema has looked at it, and the paths into it. */

/** Keys from the top down, such as `['workers', 'api', 'app']`. */
export type Path = readonly string[]

/** A table whose values are not yet checked. Made without a prototype: `__proto__` is a key like any other. */
export interface Tree {
  [key: string]: unknown
}

/** An empty table. */
export function emptyTree(): Tree {
  return { __proto__: null }
}

/** Whether a raw value is a table (not a list, a date or null). */
export function isTree(value: unknown): value is Tree {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** The path as it is written in a file: `workers.api.app`; keys that need quotes get them. */
export function dotted(path: readonly PropertyKey[]): string {
  return path
    .map(String)
    .map((key) => (/^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key)))
    .join('.')
}

/** Text that identifies a path in a map; unlike {@link dotted} it is cheap and unambiguous. */
export function pathKey(path: readonly PropertyKey[]): string {
  return path.map(String).join('\0')
}

/** The value at a path, or undefined. */
export function valueAt(tree: Tree, path: readonly PropertyKey[]): unknown {
  let at: unknown = tree
  for (const key of path) {
    if (Array.isArray(at)) at = at[Number(key)]
    else if (isTree(at) && Object.hasOwn(at, key)) at = at[String(key)]
    else return undefined
  }
  return at
}

/** Puts a value at a path, making tables on the way; whatever is not a table on the way is replaced. */
export function putAt(tree: Tree, path: Path, value: unknown): void {
  let at = tree
  for (const key of path.slice(0, -1)) {
    const next = Object.hasOwn(at, key) ? at[key] : undefined
    at = isTree(next) ? next : (at[key] = emptyTree())
  }
  const last = path.at(-1)
  if (last !== undefined) at[last] = value
}

/** Takes the value at a path away. */
export function removeAt(tree: Tree, path: Path): void {
  const parent = valueAt(tree, path.slice(0, -1))
  const last = path.at(-1)
  if (isTree(parent) && last !== undefined) delete parent[last]
}

/** Every value that is not a table, and every empty table, with its path. */
export function* leavesOf(tree: Tree, above: Path = []): Generator<readonly [Path, unknown]> {
  for (const [key, value] of Object.entries(tree)) {
    const path = [...above, key]
    if (isTree(value) && Object.keys(value).length > 0) yield* leavesOf(value, path)
    else yield [path, value]
  }
}
