/** Watching directories for what people change in them. */

import { watch, type FSWatcher } from 'node:fs'
import { join, relative, sep } from 'node:path'

/** What to watch. Paths absolute. */
export interface WatchOptions {
  /** Watched with everything below them. */
  readonly trees: readonly string[]
  /** Watched without what is below them. */
  readonly directories: readonly string[]
  /** Whether a path relative to a tree is left out, with everything below it. */
  readonly isExcluded: (path: string) => boolean
  /** Milliseconds of quiet after which changes are told together: an editor or a checkout writes many times. */
  readonly quietMs: number
  /** Told absolute paths, each once. */
  readonly onChange: (paths: readonly string[]) => void
  /** A directory that cannot be watched (gone, or the system allows no more); the others still are. */
  readonly onError: (directory: string, error: Error) => void
}

/** Something to end. */
export interface Watching {
  close(): void
}

/** Starts to watch. */
export function watchDirectories(options: WatchOptions): Watching {
  const quiet = new Quiet(options.quietMs, options.onChange)
  const trees = withoutNested(options.trees)
  const shallow = options.directories.filter((directory) => !trees.some((tree) => isIn(directory, tree)))
  const watchers = [
    ...trees.flatMap((tree) => open(tree, true, options, quiet)),
    ...new Set(shallow).values().flatMap((directory) => open(directory, false, options, quiet)),
  ]
  return {
    close: () => {
      quiet.close()
      for (const watcher of watchers) watcher.close()
    },
  }
}

/** Collects paths until none came for a while. */
export class Quiet {
  readonly #ms: number
  readonly #onQuiet: (paths: readonly string[]) => void
  #paths = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(ms: number, onQuiet: (paths: readonly string[]) => void) {
    this.#ms = ms
    this.#onQuiet = onQuiet
  }

  add(path: string): void {
    this.#paths.add(path)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      const paths = [...this.#paths]
      this.#paths = new Set()
      this.#onQuiet(paths)
    }, this.#ms)
  }

  close(): void {
    clearTimeout(this.#timer)
  }
}

function open(
  directory: string,
  recursive: boolean,
  { isExcluded, onError }: WatchOptions,
  quiet: Quiet,
): readonly FSWatcher[] {
  try {
    // `ignore` keeps Node from walking into a virtual environment with its thousands of directories.
    const watcher = watch(directory, { recursive, ignore: isExcluded }, (_event, name) => {
      if (name !== null && !isExcluded(name)) quiet.add(join(directory, name))
    })
    watcher.on('error', (error: Error) => onError(directory, error))
    return [watcher]
  } catch (error) {
    onError(directory, error instanceof Error ? error : new Error(String(error)))
    return []
  }
}

function withoutNested(directories: readonly string[]): readonly string[] {
  const unique = [...new Set(directories)]
  return unique.filter((each) => !unique.some((other) => other !== each && isIn(each, other)))
}

function isIn(path: string, directory: string): boolean {
  const way = relative(directory, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`))
}
