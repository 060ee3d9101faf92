import { relative } from 'node:path'

/** Where a process was when it was asked by SIGABRT. */
export interface StuckAt {
  /** Half a sentence: `app/main.py:42 in compute_report`. */
  readonly place: string
  /** What Python's faulthandler wrote, line by line. */
  readonly stack: readonly string[]
}

interface Frame {
  readonly file: string
  readonly line: string
  readonly name: string
}

/** Longer dumps are cut: a hundred threads tell no more than the first twenty. */
const longestDump = 400

/** Code of Python itself and of installed packages: not where the user looks first. */
const foreign = /(^<)|\/(site-packages|dist-packages)\/|\/lib(64)?\/python\d|\/bootstrap\.py$/

/**
 * Collects what the faulthandler of a Python process writes to its standard error on SIGABRT, so that it becomes
 * one event instead of a hundred lines.
 */
export class StackDump {
  readonly #cwd: string
  readonly #lines: string[] = []
  #state: 'waiting' | 'armed' | 'reading' = 'waiting'

  /** @param cwd the worker's directory: files below it are shown relative */
  constructor(cwd: string) {
    this.#cwd = cwd
  }

  /** From now on a dump is expected. */
  arm(): void {
    if (this.#state === 'waiting') this.#state = 'armed'
  }

  /** Whether a line belongs to the dump; everything after its beginning does. */
  take(line: string): boolean {
    if (this.#state === 'armed' && line.startsWith('Fatal Python error: Aborted')) this.#state = 'reading'
    if (this.#state !== 'reading') return false
    if (this.#lines.length < longestDump) this.#lines.push(line)
    return true
  }

  /** Where it was; null when it did not say. */
  get stuckAt(): StuckAt | null {
    if (this.#lines.length === 0) return null
    const frame = this.#decisive()
    const place =
      frame === undefined ? 'a place Python could not tell' : `${this.#shown(frame)} in ${frame.name}`
    return { place, stack: this.#lines }
  }

  // The signal is handled by the main thread, which runs the event loop: what it does there is what blocks.
  // With nothing of the user's in it, another thread may hold the interpreter.
  #decisive(): Frame | undefined {
    const threads = this.#threads()
    const ordered = [...threads.filter(({ isCurrent }) => isCurrent), ...threads]
    const own = ordered.flatMap(({ frames }) => frames.filter(({ file }) => !foreign.test(file)).slice(0, 1))
    return own[0] ?? ordered[0]?.frames[0]
  }

  #threads(): readonly { readonly isCurrent: boolean; readonly frames: readonly Frame[] }[] {
    const threads: { isCurrent: boolean; frames: Frame[] }[] = []
    for (const text of this.#lines) {
      const head = /^(Current thread|Thread) 0x.*\(most recent call first\):/.exec(text)
      if (head !== null) threads.push({ isCurrent: head[1] === 'Current thread', frames: [] })
      const [, file, line, name] = /^ {2}File "(.*)", line (\d+|\?\?\?) in (.*)$/.exec(text) ?? []
      if (file !== undefined && line !== undefined && name !== undefined)
        threads.at(-1)?.frames.push({ file, line, name })
    }
    return threads
  }

  #shown({ file, line }: Frame): string {
    const path = relative(this.#cwd, file)
    return `${path.startsWith('..') ? file : path}:${line}`
  }
}
