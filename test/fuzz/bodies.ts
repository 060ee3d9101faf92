/** Bodies, framed rightly for the most part. */

import type { Claim } from './fields.ts'
import { fieldLines } from './fields.ts'
import type { Random } from './random.ts'

const extensions = [
  '',
  ';a',
  ';a=b',
  ';a="b;c"',
  ';a=b;c=d',
  ';a="',
  ' ;a',
  '; a',
  ';',
  ';a =b',
  ';a=\x80',
  ';a="\\""',
  '\t',
  ' ',
  ';a=b\n',
  ';=b',
]
const contents = [
  'a',
  '\r\n',
  '0\r\n\r\n',
  'GET / HTTP/1.1\r\n\r\n',
  '\0\xff',
  'x'.repeat(40),
  'x'.repeat(300),
]

/** What a head claims, and the body that goes with it. */
export interface Framed {
  readonly claim: Claim
  readonly bytes: string
}

/** A claim and its body. */
export function framed(random: Random): Framed {
  const way = random.below(10)
  if (way < 3) return { claim: { kind: 'none' }, bytes: '' }
  const bytes = random.several(0, 3, () => random.pick(contents)).join('')
  if (way < 6) return { claim: { kind: 'length', bytes: bytes.length }, bytes }
  if (way < 9) return { claim: { kind: 'chunked' }, bytes: chunks(random) }
  return { claim: { kind: 'odd' }, bytes: random.chance(50) ? bytes : chunks(random) }
}

function chunks(random: Random): string {
  const data = random.several(0, 4, () => chunk(random, random.pick(contents)))
  const last = `${random.chance(90) ? '0' : '000'}${extension(random)}\r\n`
  const trailer = random.chance(25)
    ? fieldLines(random, random.chance(10) ? { kind: 'odd' } : { kind: 'none' })
    : ''
  return `${data.join('')}${last}${trailer}\r\n`
}

function chunk(random: Random, data: string): string {
  const size = data.length.toString(16)
  const written = random.chance(80)
    ? size
    : random.chance(50)
      ? `00${size.toUpperCase()}`
      : `${size}${random.pick(['x', 'h', ' ', '0'])}`
  return `${written}${extension(random)}\r\n${data}\r\n`
}

function extension(random: Random): string {
  return random.chance(80) ? '' : random.pick(extensions)
}
