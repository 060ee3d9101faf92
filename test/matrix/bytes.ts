/** The bytes of the matrix's requests: everything a case does not care about is the same in all of them. */

import type { RequestCase } from './case.ts'

/** `GET target` with `Host: a` and further lines. */
export function get(target: string, ...lines: readonly string[]): string {
  return message(`GET ${target} HTTP/1.1`, ['Host: a', ...lines])
}

/** `GET /x` with this Host and no other field. */
export function hosted(host: string): string {
  return message('GET /x HTTP/1.1', [`Host: ${host}`])
}

/** `POST /x` with `Host: a`, further lines, and a body as it stands. */
export function post(lines: readonly string[], body = ''): string {
  return message('POST /x HTTP/1.1', ['Host: a', ...lines], body)
}

/** `POST /x` whose body is these bytes, announced as chunks. */
export function chunked(body: string): string {
  return post(['Transfer-Encoding: chunked'], body)
}

/** A message of start line, fields and body. */
export function message(start: string, lines: readonly string[], body = ''): string {
  return `${start}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`
}

/**
 * Cases that differ in one word: `T23a`, `T23b`, ... in the order of the words.
 *
 * @param make title, bytes and outcome for a word
 */
export function variants<Word>(
  row: string,
  source: string,
  words: readonly Word[],
  make: (word: Word) => Omit<RequestCase, 'id' | 'source'>,
): readonly RequestCase[] {
  return words.map((word, index) => ({ id: `${row}${letter(index)}`, source, ...make(word) }))
}

function letter(index: number): string {
  return index < 26
    ? String.fromCharCode(97 + index)
    : `${letter(Math.floor(index / 26) - 1)}${letter(index % 26)}`
}
