/** Bytes that were right, or nearly, with something done to them. */

import type { Random } from './random.ts'

/** What parsers have stumbled over. */
const snippets = [
  ...'\r\n\0\t :;,="\\/?#%@[]\v\f\x1f\x7f\x80\xa0\xff+-_.0123456789afxX'.split(''),
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\n\r',
  '\r\r\n',
  '\r\n ',
  '\r\n\t',
  ' \r\n',
  ': ',
  ' : ',
  '0\r\n\r\n',
  '00',
  '0x',
  'HTTP/1.1',
  'HTTP/1.0',
  'chunked',
  'close',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
]

/** The bytes with one to four changes. */
export function mutated(bytes: string, random: Random): string {
  let text = bytes
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) text = changed(text, random)
  return text
}

function changed(text: string, random: Random): string {
  const at = interesting(text, random)
  const size = random.below(random.chance(80) ? 3 : 20)
  switch (random.below(7)) {
    case 0:
    case 1:
      return text.slice(0, at) + random.pick(snippets) + text.slice(at)
    case 2:
    case 3:
      return text.slice(0, at) + random.pick(snippets) + text.slice(at + 1)
    case 4:
      return text.slice(0, at) + text.slice(at + 1 + size)
    case 5:
      return text.slice(0, at + size) + text.slice(at)
    default:
      return text.slice(0, at) + String.fromCharCode(random.below(256)) + text.slice(at + 1)
  }
}

/** A place anywhere, or more often beside something that separates. */
function interesting(text: string, random: Random): number {
  const at = random.below(text.length + 1)
  if (random.chance(40)) return at
  const found = text.slice(at).search(/[\r\n:; ,=]/)
  return found === -1 ? at : at + found + random.below(2)
}
