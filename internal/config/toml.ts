/** TOML text to raw values and the line of every key. One parse gives both. */

import { ParseError, parseTOML, type AST } from 'toml-eslint-parser'

import type { Problem } from '../fault/startup.ts'
import { emptyTree, isTree, pathKey, putAt, valueAt, type Path, type Tree } from './tree.ts'

/** A parsed file, or the one problem that kept it from being parsed. */
export type TomlResult =
  | { readonly kind: 'ok'; readonly value: Tree; readonly lines: Lines }
  | { readonly kind: 'problem'; readonly problem: Problem }

/** Line (from 1) by {@link pathKey}; a table's is its header's, a dotted key also counts for the tables above it. */
export type Lines = ReadonlyMap<string, number>

/**
 * Parses TOML 1.0. The parser stops at its first error, so broken TOML is always one problem.
 *
 * @param file the name used in messages
 */
export function parseToml(text: string, file: string): TomlResult {
  try {
    const program = parseTOML(text.replace(/^\uFEFF/, ''), { tomlVersion: '1.0' })
    return { kind: 'ok', ...readProgram(program) }
  } catch (error) {
    if (!(error instanceof ParseError)) throw error
    return { kind: 'problem', problem: syntaxProblem(error, text, file) }
  }
}

/**
 * Builds the values by hand: the parser's own conversion assigns to plain objects, so that a table named
 * `__proto__` would write into the prototype of every object of the process.
 */
function readProgram(program: AST.TOMLProgram): { value: Tree; lines: Lines } {
  const value = emptyTree()
  const lines = new Map<string, number>()
  for (const node of program.body[0].body) {
    if (node.type === 'TOMLKeyValue') {
      readPair(node, [], value, lines)
      continue
    }
    const path = node.resolvedKey.map(String)
    openTable(value, node)
    note(lines, path, node.loc.start.line)
    for (const pair of node.body) readPair(pair, path, value, lines)
  }
  return { value, lines }
}

/** Makes the table of a header; elements of `[[lists]]` are appended. */
function openTable(root: Tree, node: AST.TOMLTable): void {
  let at: Tree | unknown[] = root
  for (const [depth, key] of node.resolvedKey.entries()) {
    const next: unknown = Array.isArray(at) ? at[Number(key)] : valueAt(at, [key])
    if (isTree(next) || Array.isArray(next)) {
      at = next
      continue
    }
    const made: Tree | unknown[] = typeof node.resolvedKey[depth + 1] === 'number' ? [] : emptyTree()
    if (Array.isArray(at)) at.push(made)
    else at[String(key)] = made
    at = made
  }
}

function readPair(node: AST.TOMLKeyValue, above: Path, root: Tree, lines: Map<string, number>): void {
  const keys = node.key.keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value))
  const path = [...above, ...keys]
  note(lines, path, node.loc.start.line)
  const parent = valueAt(root, above)
  if (isTree(parent)) putAt(parent, keys, readValue(node.value, path, lines))
}

function readValue(node: AST.TOMLContentNode, path: Path, lines: Map<string, number>): unknown {
  if (node.type === 'TOMLValue') return node.value
  if (node.type === 'TOMLInlineTable') {
    const table = emptyTree()
    const local = new Map<string, number>()
    for (const pair of node.body) readPair(pair, [], table, local)
    for (const [key, line] of local) lines.set(`${pathKey(path)}\0${key}`, line)
    return table
  }
  return node.elements.map((element, index) => {
    note(lines, [...path, String(index)], element.loc.start.line)
    return readValue(element, [...path, String(index)], lines)
  })
}

function note(lines: Map<string, number>, path: Path, line: number): void {
  for (let depth = 1; depth <= path.length; depth++) {
    const key = pathKey(path.slice(0, depth))
    if (depth === path.length || !lines.has(key)) lines.set(key, line)
  }
}

function syntaxProblem(error: ParseError, text: string, file: string): Problem {
  const lines = text.split(/\r?\n/)
  // A missing value is noticed where the parser found something else instead: on a later line.
  const before = lines.slice(0, error.lineNumber - 1).findLastIndex((line) => !/^\s*(#.*)?$/.test(line))
  const missing = /^[^#"'=]*=\s*(#.*)?$/.test(lines[before] ?? '')
  const line = missing ? before + 1 : error.lineNumber
  const [message, hint] = missing
    ? explain('Unspecified values are invalid', error.column, lines[before] ?? '')
    : explain(error.message, error.column, lines[line - 1] ?? '')
  return { code: 'bad_toml', message, where: `${file}:${line}`, hint }
}

/** The line itself is never quoted, only its key: the value may be a secret. */
function explain(reason: string, column: number, line: string): readonly [string, string] {
  const key = /^\s*\[{0,2}\s*([A-Za-z0-9_.-]+)/.exec(line)?.[1]
  const named = key === undefined ? '' : ` after \`${key}\``
  if (key !== undefined && /^\s*[\w.-]+\s*=\s*[A-Za-z_./]/.test(line))
    return [`the value of \`${key}\` is not valid`, 'put texts in quotes']
  const known: Readonly<Record<string, readonly [string, string]>> = {
    'Defining a key multiple times is invalid': [
      key === undefined ? 'a key is defined twice' : `\`${key}\` is defined twice`,
      'keep one of the two',
    ],
    'Unspecified values are invalid': [`a value is missing${named}`, 'write a value, or remove the line'],
    'Expected equal (=) token': [`"=" is missing${named}`, 'write key = value'],
    'Unterminated string constant': ['a text is not closed', 'close it with the quote it was opened with'],
    'Unterminated array': ['a list is not closed', 'close it with "]"'],
    'Unterminated inline table': ['an inline table is not closed', 'close it with "}"'],
    'Must be a newline': [
      `something stands behind the value${named}`,
      'put texts in quotes and every key on a line of its own',
    ],
  }
  return (
    known[reason] ?? [
      `not valid TOML: ${reason.charAt(0).toLowerCase()}${reason.slice(1)}`,
      `look at column ${column + 1}`,
    ]
  )
}
