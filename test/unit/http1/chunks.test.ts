import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ChunkReader } from '../../../internal/http1/chunks.ts'
import { Random } from '../../fuzz/random.ts'
import { cut } from '../../fuzz/reading.ts'

/** What came of a body that arrived in these pieces. */
interface Read {
  readonly data: string
  readonly done: boolean
  /** Kind of what is wrong. */
  readonly wrong: string | null
  /** Bytes behind the body. */
  readonly behind: string
}

function readPieces(pieces: readonly string[]): Read {
  const reader = new ChunkReader()
  let data = ''
  let behind = ''
  for (const piece of pieces) {
    const bytes = Buffer.from(`<<${piece}>>`, 'latin1')
    const at = reader.read(bytes, 2, bytes.length - 2)
    if (typeof at !== 'number') return { data, done: false, wrong: at.kind, behind }
    data += bytes.toString('latin1', reader.dataStart, reader.dataEnd)
    behind += bytes.toString('latin1', at, bytes.length - 2)
    assert.equal(bytes.toString('latin1', bytes.length - 2), '>>')
  }
  return { data, done: reader.done, wrong: null, behind }
}

const whole = (bytes: string): Read => readPieces([bytes])

test('data are given without sizes, extensions and trailers, and what stands behind is left', () => {
  assert.deepEqual(whole('3;a=b;c="d"\r\nabc\r\n0A\r\n0123456789\r\n0;x\r\nX: a\r\n\r\nGET /'), {
    data: 'abc0123456789',
    done: true,
    wrong: null,
    behind: 'GET /',
  })
})

test('the data of one read stand together in its bytes', () => {
  const reader = new ChunkReader()
  const bytes = Buffer.from('1\r\na\r\n2\r\nbc\r\n3\r\nde')
  assert.equal(reader.read(bytes, 0, bytes.length), bytes.length)
  assert.equal(bytes.toString('latin1', reader.dataStart, reader.dataEnd), 'abcde')
  const rest = Buffer.from('f\r\n0\r\n\r\n')
  assert.equal(reader.read(rest, 0, rest.length), rest.length)
  assert.deepEqual([rest.toString('latin1', reader.dataStart, reader.dataEnd), reader.done], ['f', true])
})

test('any segmentation gives the same data and the same end', () => {
  const random = new Random(4)
  for (let round = 0; round < 500; round += 1) {
    const chunks = random.several(0, 5, () =>
      String.fromCharCode(random.below(256)).repeat(1 + random.below(40)),
    )
    const framed = chunks.map(
      (chunk) => `${chunk.length.toString(16)}${random.pick(['', ';a', ';a="b"'])}\r\n${chunk}\r\n`,
    )
    const body = `${framed.join('')}0\r\n${random.pick(['', 'X: a\r\n', 'X: a\r\nY:\r\n'])}\r\n`
    const read = readPieces(cut(`${body}next`, random))
    assert.deepEqual(
      read,
      { data: chunks.join(''), done: true, wrong: null, behind: 'next' },
      JSON.stringify(body),
    )
  }
})

test('a body is done with the last byte of its trailers, and not before', () => {
  for (const body of ['0\r\n\r\n', '1\r\na\r\n0\r\nX: a\r\n\r\n']) {
    assert.equal(whole(body.slice(0, -1)).done, false)
    assert.equal(whole(body).done, true)
  }
})

for (const body of [
  '\r\n',
  'g\r\n',
  ' 1\r\na\r\n',
  '+1\r\na\r\n',
  '0x1\r\na\r\n',
  '1 \r\na\r\n',
  '1\t;a\r\na\r\n',
  '1\na\r\n',
  '1\r\r\n',
  '1\r\nab\r\n',
  '1\r\na\n',
  '1\r\na\rx',
  '1\r\n\r\n0\r\n\r\n',
  '10000000000000\r\n',
  '1;\r\na\r\n',
  '1;=b\r\na\r\n',
  '1; a\r\na\r\n',
  '1;a =b\r\na\r\n',
  '1;a="\n"\r\na\r\n',
  '1;a="\\""\r\na\r\n',
  '1;a="b"c\r\na\r\n',
  '1;a="\x7f"\r\na\r\n',
  '1;a="\x80"\r\na\r\n',
  '1;a\x80\r\na\r\n',
  '1;a\nb\r\na\r\n',
  '0\r\nX : a\r\n\r\n',
  '0\r\n X: a\r\n\r\n',
  '0\r\nX\r\n\r\n',
  '0\r\nX: a\n\r\n',
  '0\r\nX: a\r\r\n\r\n',
  '0\r\n\n',
  '0\r\n\rX',
  '0\r\nX: \x00\r\n\r\n',
  '0\r\nContent-Length: 1\r\n\r\n',
  '0\r\ntransfer-encoding: chunked\r\n\r\n',
]) {
  test(`${JSON.stringify(body)} is invalid in one piece and byte by byte`, () => {
    assert.equal(whole(body).wrong, 'invalid')
    assert.equal(readPieces(body.split('')).wrong, 'invalid')
  })
}

test('a chunk may be as large as a number can count, and zeros in front do not matter', () => {
  const reader = new ChunkReader()
  const bytes = Buffer.from('000fffffffffffff\r\nab')
  assert.equal(reader.read(bytes, 0, bytes.length), bytes.length)
  assert.equal(bytes.toString('latin1', reader.dataStart, reader.dataEnd), 'ab')
})

test('extensions and zeros in front of sizes have a common limit for the whole body', () => {
  const limit = 16 * 1_024
  assert.equal(whole(`1;${'a'.repeat(limit - 1)}\r\nx\r\n`).wrong, null)
  assert.equal(whole(`1;${'a'.repeat(limit + 1)}\r\nx\r\n`).wrong, 'extensions-too-long')
  assert.equal(whole(`1;${'a'.repeat(100)}\r\nx\r\n`.repeat(limit / 100 + 1)).wrong, 'extensions-too-long')
  assert.equal(whole('0'.repeat(limit + 2)).wrong, 'extensions-too-long')
})

/** A last chunk with so many bytes of trailers, without the empty line. */
function trailers(bytes: number): string {
  return `0\r\nX: ${'a'.repeat(bytes - 5)}\r\n\r\n`
}

test('trailers have a limit', () => {
  assert.equal(whole(trailers(16 * 1_024 - 2)).wrong, null)
  assert.equal(whole(trailers(16 * 1_024 + 1)).wrong, 'trailers-too-long')
  assert.equal(readPieces(trailers(17 * 1_024).split('')).wrong, 'trailers-too-long')
})
