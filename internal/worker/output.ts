import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

/** One thing a worker said: a line, or a whole Python traceback. */
export interface OutputEvent {
  readonly worker: string
  /** Process the pipe belongs to: the worker itself, or a command of `before_start`. */
  readonly pid: number | null
  readonly stream: 'stdout' | 'stderr'
  /** Without the final line break; several lines for a traceback. */
  readonly text: string
  /** The line parsed, when it was one JSON object: apps that log in JSON keep their fields. */
  readonly fields?: Readonly<Record<string, unknown>>
}

/** Longest line passed on, in UTF-16 units; the rest is cut off. */
const longestLine = 64 * 1024
const cutMark = ' … [cut]'

/** How many lines {@link LastLines} remembers. */
const remembered = 20

/** The last lines of a worker from both its streams, for the message when it dies. */
export class LastLines {
  #lines: string[] = []

  add(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > remembered) this.#lines.shift()
  }

  /** Oldest first. */
  get lines(): readonly string[] {
    return [...this.#lines]
  }
}

/**
 * Cuts a stream of bytes into lines. A character split over two chunks stays whole, `\r` overwrites as on a
 * terminal (progress bars), an endless line is cut, and what has no line break at the end is a line too.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder('utf8')
  readonly #onLine: (line: string) => void
  #rest = ''
  #isCut = false

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  write(chunk: Buffer): void {
    const parts = (this.#rest + this.#decoder.write(chunk)).split('\n')
    this.#rest = parts.pop() ?? ''
    for (const part of parts) this.#finish(part)
    if (this.#rest.length > longestLine) this.#cut()
  }

  end(): void {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    if (rest !== '') this.#finish(rest)
  }

  #finish(line: string): void {
    const shown = overwritten(line)
    if (!this.#isCut) this.#onLine(shown.length > longestLine ? cut(shown) : shown)
    this.#isCut = false
  }

  #cut(): void {
    const shown = overwritten(this.#rest)
    const isTooLong = shown.length > longestLine
    this.#rest = isTooLong ? '' : shown
    if (isTooLong && !this.#isCut) this.#onLine(cut(shown))
    this.#isCut ||= isTooLong
  }
}

/** Reads a pipe to its end whatever happens: a worker whose pipe fills up hangs with every request. */
export function readLines(stream: Readable, onLine: (line: string) => void, onEnd: () => void): void {
  const splitter = new LineSplitter(onLine)
  stream.on('data', (chunk: Buffer) => splitter.write(chunk))
  stream.on('error', () => stream.destroy())
  stream.once('close', () => {
    splitter.end()
    onEnd()
  })
}

function overwritten(line: string): string {
  const text = line.endsWith('\r') ? line.slice(0, -1) : line
  return text.slice(text.lastIndexOf('\r') + 1)
}

function cut(line: string): string {
  return line.slice(0, longestLine) + cutMark
}
