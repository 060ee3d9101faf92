/** A traceback is complete when nothing followed for this long, in milliseconds. */
const quietMs = 100

const start = /^\s*(\+ Exception Group )?Traceback \(most recent call last\):/

/** More lines than this are passed on as several events. */
const longestBlock = 1000

/**
 * Joins the lines of a Python traceback into one block, so that it is one event in the log. Everything else
 * passes through at once.
 */
export class TracebackJoiner {
  readonly #onBlock: (text: string) => void
  #lines: string[] = []
  /** Within the indented frames, or after the line that names the exception. */
  #part: 'outside' | 'frames' | 'named' = 'outside'
  #timer: NodeJS.Timeout | undefined

  constructor(onBlock: (text: string) => void) {
    this.#onBlock = onBlock
  }

  write(line: string): void {
    const next = this.#partAfter(line)
    if (next === 'outside') {
      this.flush()
      this.#onBlock(line)
      return
    }
    // From `named` only another exception's own traceback leads back into frames.
    const isNew = this.#part === 'outside' || (this.#part === 'named' && start.test(line))
    if (isNew || this.#lines.length >= longestBlock) this.flush()
    this.#part = next
    this.#lines.push(line)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.flush(), quietMs)
    this.#timer.unref()
  }

  /** Passes on what is held back. */
  flush(): void {
    clearTimeout(this.#timer)
    if (this.#lines.length > 0) this.#onBlock(this.#lines.join('\n').trimEnd())
    this.#lines = []
    this.#part = 'outside'
  }

  // The line of the exception itself is the first that is not indented; another traceback may hang on to it
  // ("During handling of the above exception ...").
  #partAfter(line: string): 'outside' | 'frames' | 'named' {
    if (start.test(line)) return 'frames'
    if (this.#part === 'outside') return 'outside'
    if (/^(During handling of the above exception|The above exception was)/.test(line)) return 'frames'
    if (line === '' || /^\s/.test(line)) return this.#part
    return this.#part === 'frames' ? 'named' : 'outside'
  }
}

/** A line parsed as one JSON object, or undefined when it is something else. */
export function jsonFields(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{') || !text.endsWith('}')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
