import assert from 'node:assert/strict'
import { test } from 'node:test'

import { BodyReader } from '../../../internal/http1/body-reader.ts'
import type { Framing } from '../../../internal/http1/head.ts'

/** Gives pieces to a reader: data, bytes left behind, and whether it is done, after each. */
function readPieces(framing: Framing, ...pieces: readonly string[]): readonly unknown[] {
  const reader = new BodyReader(framing)
  return pieces.map((piece) => {
    const bytes = Buffer.from(piece, 'latin1')
    const at = reader.read(bytes, 0, bytes.length)
    if (typeof at !== 'number') return at.kind
    const data = bytes.toString('latin1', reader.dataStart, reader.dataEnd)
    return [data, bytes.length - at, reader.done]
  })
}

test('a message without a body takes nothing and is done from the start', () => {
  assert.equal(new BodyReader({ kind: 'none' }).done, true)
  assert.deepEqual(readPieces({ kind: 'none' }, 'abc'), [['', 3, true]])
})

test('a body of a length ends there, wherever the bytes are cut', () => {
  assert.equal(new BodyReader({ kind: 'length', bytes: 0 }).done, true)
  assert.deepEqual(readPieces({ kind: 'length', bytes: 5 }, 'ab', 'cdefg', 'h'), [
    ['ab', 0, false],
    ['cde', 2, true],
    ['', 1, true],
  ])
})

test('a body in chunks gives its data, ends with them, and says what is wrong', () => {
  assert.deepEqual(readPieces({ kind: 'chunked' }, '2\r\na', 'b\r\n0\r\n\r\nnext'), [
    ['a', 0, false],
    ['b', 4, true],
  ])
  assert.deepEqual(readPieces({ kind: 'chunked' }, 'x'), ['invalid'])
})

test('a body that ends with the connection takes everything and is never done', () => {
  assert.deepEqual(readPieces({ kind: 'close' }, 'ab', ''), [
    ['ab', 0, false],
    ['', 0, false],
  ])
})

test('a reader says how the end is known', () => {
  for (const kind of ['none', 'chunked', 'close'] as const)
    assert.equal(new BodyReader({ kind }).framing, kind)
  assert.equal(new BodyReader({ kind: 'length', bytes: 1 }).framing, 'length')
})

test('bytes outside of what is to be read are not touched', () => {
  const reader = new BodyReader({ kind: 'length', bytes: 10 })
  const bytes = Buffer.from('<<abc>>')
  assert.equal(reader.read(bytes, 2, 5), 5)
  assert.equal(bytes.toString('latin1', reader.dataStart, reader.dataEnd), 'abc')
})
