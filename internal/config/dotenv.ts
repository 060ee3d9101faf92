/** Files with NAME=value lines: `.env` beside the configuration, and a worker's `env_file`. */

import type { Problem } from '../fault/startup.ts'

/** One variable and the line it stands on. */
export interface DotenvEntry {
  readonly name: string
  readonly value: string
  readonly line: number
}

/** What a file holds, and every line that could not be read. */
export interface DotenvResult {
  readonly entries: readonly DotenvEntry[]
  readonly problems: readonly Problem[]
}

/**
 * Reads NAME=value lines: optional `export`, `#` comments, 'verbatim' and "escaped\n" quotes (which may span
 * lines). `$NAME` is not expanded: a password with a dollar sign means what it says.
 *
 * @param file the name used in messages
 */
export function parseDotenv(text: string, file: string): DotenvResult {
  const entries: DotenvEntry[] = []
  const problems: Problem[] = []
  const source = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n')
  let at = 0
  let line = 1
  while (at < source.length) {
    const read = readLine(source, at)
    if (read.kind === 'entry') entries.push({ name: read.name, value: read.value, line })
    if (read.kind === 'bad') problems.push(lineProblem(`${file}:${line}`, read.hint))
    line += source.slice(at, read.end).split('\n').length - 1
    at = read.end
  }
  return { entries, problems }
}

type LineRead =
  | { readonly kind: 'nothing'; readonly end: number }
  | { readonly kind: 'entry'; readonly name: string; readonly value: string; readonly end: number }
  | { readonly kind: 'bad'; readonly hint: string; readonly end: number }

function readLine(source: string, at: number): LineRead {
  const newline = source.indexOf('\n', at)
  const end = newline === -1 ? source.length : newline + 1
  const line = source.slice(at, end)
  if (/^\s*(#[^\n]*)?\n?$/.test(line)) return { kind: 'nothing', end }
  const head = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=[ \t]*/.exec(line)
  const name = head?.[1]
  if (head === null || name === undefined) return { kind: 'bad', hint: 'write NAME=value', end }
  const start = at + head[0].length
  const quote = source[start]
  return quote === '"' || quote === "'"
    ? readQuoted(source, start, name, end)
    : readBare(source.slice(start, end), name, end)
}

function readBare(rest: string, name: string, end: number): LineRead {
  const value = rest.replace(/(^|[ \t])#.*/, '').trim()
  return value.includes('\0')
    ? { kind: 'bad', hint: 'remove the NUL character', end }
    : { kind: 'entry', name, value, end }
}

function readQuoted(source: string, start: number, name: string, lineEnd: number): LineRead {
  const pattern =
    source[start] === '"'
      ? /"((?:[^"\\]|\\[\s\S])*)"[ \t]*(?:#[^\n]*)?(?:\n|$)/y
      : /'([^']*)'[ \t]*(?:#[^\n]*)?(?:\n|$)/y
  pattern.lastIndex = start
  const match = pattern.exec(source)
  if (match === null) return { kind: 'bad', hint: 'close the quote, with nothing behind it', end: lineEnd }
  const raw = match[1] ?? ''
  const value =
    source[start] === '"'
      ? raw.replace(/\\([\s\S])/g, (_, letter: string) => escapes[letter] ?? `\\${letter}`)
      : raw
  return { kind: 'entry', name, value, end: pattern.lastIndex }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' }

/** The line is not quoted: it may hold a secret. */
function lineProblem(where: string, hint: string): Problem {
  return { code: 'bad_env_file', message: 'this line is not NAME=value', where, hint }
}
