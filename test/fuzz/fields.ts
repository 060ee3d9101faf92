/** Header lines as they come, and as they should not. */

import type { Random } from './random.ts'

const names = [
  'Host',
  'X',
  'Accept',
  'Cookie',
  'x-a_b',
  'Keep-Alive',
  'TE',
  'Trailer',
  'Expect',
  "a!#$%&'*+-.^`|~9",
]
const values = [
  '',
  'a',
  'a b',
  'a\tb',
  '"q;,="',
  '\x80\xff',
  '100-continue',
  'x'.repeat(300),
  'a, b,,c',
  '!~',
]
const connections = [
  'close',
  'keep-alive',
  'Close',
  'x, close',
  'close,x',
  'upgrade',
  'keep-alive, upgrade',
  ' close ',
  'closed',
  'close;',
  '',
]
const lengths = [
  '0',
  '5',
  '05',
  '+5',
  '-5',
  '5, 5',
  '5,5',
  '0x5',
  '5 ',
  '',
  '4',
  '9007199254740993',
  '18446744073709551621',
  '5\t',
  '5.0',
  '5a',
]
const codings = [
  'chunked',
  'Chunked',
  'chunked, chunked',
  'gzip, chunked',
  'chunked, gzip',
  'identity',
  'xchunked',
  'chunked;',
  '',
  ', chunked',
  'chunked,',
  'gzip',
  ' chunked\t',
  '\x0bchunked',
  '"chunked"',
]
const colons = [': ', ':', ':  ', ':\t', ' : ', ' :', '', '\r\n : ']
const ends = ['\r\n', '\n', '\r', '\r\r\n', ' \r\n', '\t\r\n', '\0\r\n', '\r\n \r\n', '\r\n\tx\r\n', '\n\r']

/** How the lines about the body are to be. */
export type Claim =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'odd' }

/** A field section, without the empty line that ends it. */
export function fieldLines(random: Random, claim: Claim): string {
  const lines = random.several(0, random.chance(3) ? 60 : 4, () =>
    line(random, random.pick(names), random.pick(values)),
  )
  if (random.chance(15))
    return [
      ...lines,
      line(random, cased(random, 'Connection'), random.pick(connections)),
      framing(random, claim),
    ].join('')
  return shuffled(random, [...lines, framing(random, claim)]).join('')
}

function framing(random: Random, claim: Claim): string {
  const length = cased(random, 'Content-Length')
  const transfer = cased(random, 'Transfer-Encoding')
  if (claim.kind === 'none') return ''
  if (claim.kind === 'length') return line(random, length, String(claim.bytes))
  if (claim.kind === 'chunked')
    return line(random, transfer, random.chance(90) ? 'chunked' : random.pick(codings))
  return random
    .several(1, 2, () =>
      random.chance(50)
        ? line(random, length, random.pick(lengths))
        : line(random, transfer, random.pick(codings)),
    )
    .join('')
}

/** One line; now and then not a good one. */
export function line(random: Random, name: string, value: string): string {
  return (
    name +
    (random.chance(98) ? ': ' : random.pick(colons)) +
    value +
    (random.chance(98) ? '\r\n' : random.pick(ends))
  )
}

function cased(random: Random, name: string): string {
  const way = random.below(10)
  return way === 0 ? name.toLowerCase() : way === 1 ? name.toUpperCase() : name
}

function shuffled<T>(random: Random, list: readonly T[]): readonly T[] {
  return list
    .map((item) => ({ item, at: random.below(1_000) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
