/**
 * Tells when files may have changed. What is watched are directories, because files are replaced by renaming:
 * by certbot a link in the files' directory, by Kubernetes a link to the directory that a further link leads to.
 */

import { lstatSync, readlinkSync, watch, type FSWatcher } from 'node:fs'
import { dirname, join, sep } from 'node:path'

/** What is watched, and who is told. */
export interface FileWatchParts {
  /** Absolute paths as the configuration names them; they need not exist. */
  readonly files: readonly string[]
  /** From the first sign of a change until `onChange`, so that files replaced one after the other are read together; milliseconds. */
  readonly settleMs: number
  /** Something near the files changed, perhaps they. A throw is passed on to `onError`. */
  readonly onChange: () => void
  /** Changes may go unnoticed from now on: a limit of the system, a directory that may not be read. */
  readonly onError: (error: unknown) => void
}

/** Watches from its construction until {@link close}. Never keeps the process alive. */
export class FileWatch {
  readonly #parts: FileWatchParts
  #watchers: readonly FSWatcher[] = []
  #timer: NodeJS.Timeout | null = null
  #closed = false

  constructor(parts: FileWatchParts) {
    this.#parts = parts
    this.#watchers = this.#open()
  }

  /** Ends it; nobody is told anything afterwards. Idempotent. */
  close(): void {
    this.#closed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const watcher of this.#watchers) watcher.close()
    this.#watchers = []
  }

  #open(): readonly FSWatcher[] {
    const directories = new Set(this.#parts.files.flatMap((file) => [...directoriesBehind(file)]))
    return [...directories].flatMap((directory) => {
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#touched())
        watcher.on('error', (error) => this.#parts.onError(error))
        return [watcher]
      } catch (error) {
        this.#parts.onError(error)
        return []
      }
    })
  }

  /** Later signs do not move the end of the wait: somebody may write into the directory all the time. */
  #touched(): void {
    if (this.#closed) return
    this.#timer ??= setTimeout(() => this.#settled(), this.#parts.settleMs).unref()
  }

  #settled(): void {
    this.#timer = null
    const before = this.#watchers
    // The links may lead elsewhere now. The new watchers come first, so that no change falls between the two.
    this.#watchers = this.#open()
    for (const watcher of before) watcher.close()
    try {
      this.#parts.onChange()
    } catch (error) {
      this.#parts.onError(error)
    }
  }
}

/** As many as Linux follows (path_resolution(7)). */
const mostLinks = 40

/**
 * Every directory in which a change can make `file` another one: those of the links on the way to it, and the one
 * it is in; where the way ends early, the directory in which it would go on.
 * @param file absolute
 */
export function directoriesBehind(file: string): ReadonlySet<string> {
  const found = new Set<string>()
  const steps = stepsOf(file)
  let at: string = sep
  for (let links = 0; links <= mostLinks;) {
    const step = steps.shift()
    if (step === undefined) return found.add(dirname(at))
    const next = step === '..' ? dirname(at) : join(at, step)
    const kind = step === '..' ? 'plain' : kindOf(next)
    if (kind === 'missing') return found.add(at)
    if (kind === 'plain') {
      at = next
      continue
    }
    found.add(at)
    steps.unshift(...stepsOf(kind.target))
    if (kind.target.startsWith(sep)) at = sep
    links += 1
  }
  return found
}

function stepsOf(path: string): string[] {
  return path.split(sep).filter((step) => step !== '' && step !== '.')
}

function kindOf(path: string): 'plain' | 'missing' | { readonly target: string } {
  try {
    return lstatSync(path).isSymbolicLink() ? { target: readlinkSync(path) } : 'plain'
  } catch {
    // Also what may not be looked at: the directory above it is all there is to see.
    return 'missing'
  }
}
