/** Reading Python tracebacks, to show people their own code first. */

import { readFileSync, statSync } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { isExcluded } from './change.ts'

/** A place in a traceback. */
export interface Frame {
  /** Absolute. */
  readonly path: string
  /** Relative to the project when it is inside, for people. */
  readonly shown: string
  readonly line: number
  /** Function or `<module>`; null for a syntax error, which is in none. */
  readonly scope: string | null
  /** Whether it is code of the project rather than of a library. */
  readonly isOwn: boolean
}

/** Lines of a source file around the one that matters. */
export interface Excerpt {
  readonly frame: Frame
  /** Number of the first line. */
  readonly first: number
  readonly lines: readonly string[]
}

/** What a worker said at its end, taken apart. */
export interface Trace {
  /** The last traceback with the line that names the exception; all lines when there is none. */
  readonly lines: readonly string[]
  /** Outermost first. */
  readonly frames: readonly Frame[]
  /** `ValueError: no such table`; null when there is no traceback. */
  readonly exception: string | null
}

const frameForm = /^\s*File "(?<path>.+)", line (?<line>\d+)(?:, in (?<scope>.+))?$/
const linesAround = 4
const largestSource = 1024 * 1024

/**
 * Takes the last traceback out of a worker's output.
 *
 * @param output lines, oldest first
 * @param cwd the worker's directory, absolute: shown paths are relative to it, and what is outside is not its own
 */
export function readTrace(output: readonly string[], cwd: string): Trace {
  const frames = output.flatMap((text, index) => {
    const { path, line, scope } = frameForm.exec(text)?.groups ?? {}
    return path === undefined ? [] : [{ index, frame: frameOf(path, Number(line), scope ?? null, cwd) }]
  })
  const first = frames[0]
  if (first === undefined) return { lines: output, frames: [], exception: null }
  const start = lastStart(output)
  const kept = frames.filter(({ index }) => index > start)
  const lastFrame = kept.at(-1)?.index ?? first.index
  const exception = output.findIndex((line, index) => index > lastFrame && /^\w/.test(line))
  const end = exception === -1 ? output.length : exception + 1
  return {
    lines: output.slice(Math.max(start, 0), end),
    frames: kept.map(({ frame }) => frame),
    exception: output[exception] ?? null,
  }
}

/** The lines around a frame; null when the file cannot be shown. */
export function readExcerpt(frame: Frame): Excerpt | null {
  try {
    if (statSync(frame.path).size > largestSource) return null
    const lines = readFileSync(frame.path, 'utf8').split('\n')
    if (frame.line < 1 || frame.line > lines.length) return null
    const first = Math.max(1, frame.line - linesAround)
    return { frame, first, lines: lines.slice(first - 1, frame.line + linesAround) }
  } catch {
    return null
  }
}

/** A chain of exceptions is one traceback: what follows "During handling ..." belongs to what stands above. */
function lastStart(output: readonly string[]): number {
  const start = output.findLastIndex((line) => line.startsWith('Traceback (most recent call last)'))
  const link = output.slice(0, Math.max(start, 0)).findLastIndex((line) => line.trim() !== '')
  const isChained = /^(During handling of|The above exception was)/.test(output[link] ?? '')
  return isChained ? Math.max(lastStart(output.slice(0, link)), 0) : start
}

function frameOf(path: string, line: number, scope: string | null, cwd: string): Frame {
  const absolute = isAbsolute(path) ? path : join(cwd, path)
  const way = relative(cwd, absolute)
  const isInside = way !== '..' && !way.startsWith(`..${sep}`)
  const isOwn = isInside && !path.startsWith('<') && !isExcluded(way)
  return { path: absolute, shown: isInside ? way : absolute, line, scope, isOwn }
}
