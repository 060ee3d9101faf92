import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gunzipSync, inflateRawSync } from 'node:zlib'

import { ar } from '../../../../scripts/release/pack/ar.ts'
import { gzip } from '../../../../scripts/release/pack/compress.ts'
import { entry } from '../../../../scripts/release/pack/entry.ts'
import { tar } from '../../../../scripts/release/pack/tar.ts'
import { zip } from '../../../../scripts/release/pack/zip.ts'

const epoch = 1795921734
const files = [entry('b/program', 'x'.repeat(600), true), entry('a', 'text')]

suite('a tar archive', () => {
  const bytes = tar(files, { epoch, prefix: './' })
  const names = [0, 1, 3, 4].map((block) => text(bytes, block * 512, 100))

  test('has directories in front of what is in them, sorted', () => {
    assert.deepEqual(names, ['./', './a', './b/', './b/program'])
  })

  test('has modes, sizes and the one time, and belongs to root', () => {
    const program = bytes.subarray(4 * 512)
    assert.deepEqual([text(program, 100, 8), text(program, 124, 12)], ['0000755', '00000001130'])
    assert.equal(Number.parseInt(text(program, 136, 12), 8), epoch)
    assert.deepEqual([text(program, 108, 8), text(program, 265, 32)], ['0000000', 'root'])
  })

  test('does not depend on the order in which files are given', () => {
    assert.ok(tar(files.toReversed(), { epoch, prefix: './' }).equals(bytes))
  })

  test('keeps a path of more than 100 bytes in two fields', () => {
    const long = `${'d'.repeat(90)}/${'e'.repeat(60)}`
    const found = tar([entry(long, '')], { epoch })
    const at = found.length - 1024 - 512
    assert.equal(`${text(found, at + 345, 155)}/${text(found, at, 100)}`, long)
  })

  test('refuses a path it cannot keep', () => {
    assert.throws(() => tar([entry('f'.repeat(101), '')], { epoch }), /too long for a tar archive: f+$/)
  })
})

test('compressed bytes hold no time', async () => {
  const packed = await gzip(Buffer.from('text'))
  assert.equal(packed.readUInt32LE(4), 0)
  assert.equal(gunzipSync(packed).toString(), 'text')
})

suite('a zip archive', () => {
  test('keeps order, content and modes', async () => {
    const bytes = await zip(files, epoch)
    const end = bytes.length - 22
    assert.equal(bytes.readUInt16LE(end + 10), 2)
    const directory = bytes.readUInt32LE(end + 16)
    assert.equal(bytes.readUInt32LE(directory + 38) >>> 16, 0o100755)
    assert.equal(bytes.toString('utf8', directory + 46, directory + 46 + 9), 'b/program')
    const packed = bytes.subarray(30 + 9, 30 + 9 + bytes.readUInt32LE(18))
    assert.equal(inflateRawSync(packed).toString(), 'x'.repeat(600))
  })

  test('tells the time in UTC, and 1980 for what was before', async () => {
    assert.equal(await when(epoch), '2026 11 29 3 8')
    assert.equal(await when(0), '1980 1 1 0 0')
  })
})

test('members of an ar archive begin at even places', () => {
  const bytes = ar(
    [
      { name: 'one', bytes: Buffer.from('odd') },
      { name: 'two', bytes: Buffer.from('even') },
    ],
    epoch,
  )
  const second = 8 + 60 + 4
  assert.equal(bytes.toString('latin1', second, second + 16), 'two             ')
  assert.equal(bytes.length, second + 60 + 4)
})

/** Year, month, day, hour and minute as the archive tells them. */
async function when(time: number): Promise<string> {
  const stamp = (await zip(files, time)).readUInt32LE(10)
  const [date, clock] = [stamp >>> 16, stamp & 0xffff]
  return [1980 + (date >> 9), (date >> 5) & 15, date & 31, clock >> 11, (clock >> 5) & 63].join(' ')
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.toString('latin1', at, at + length)
  return field.includes('\0') ? field.slice(0, field.indexOf('\0')) : field
}
