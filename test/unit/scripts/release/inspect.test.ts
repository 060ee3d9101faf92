import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { readInside } from '../../../../scripts/release/inspect/blob.ts'
import { differences, inspectAll } from '../../../../scripts/release/inspect/inspect.ts'
import { selectTargets } from '../../../../scripts/release/targets.ts'
import { freshDirectory } from '../../../support/directory.ts'

const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
const usual = { 'a.py': 'a', 'library-b.cjs': 'b' }

/** An executable of Linux with a blob of Node inside, as far as it is looked at. */
function executable(assets: Readonly<Record<string, string>>, state = '1', machine = 62, flags = 8): Buffer {
  const head = Buffer.alloc(64)
  head.writeUInt16LE(machine, 18)
  const cache = (flags & 4) === 0 ? [] : [counted('compiled')]
  const entries = Object.entries(assets).flatMap(([name, text]) => [counted(name), counted(text)])
  return Buffer.concat([
    head,
    Buffer.from(`${fuse}:${state}\0`),
    // The same number in a table.
    numbers(0x0143da20, 1, 0, 0, 0),
    numbers(0x0143da20, flags),
    Buffer.from([0, 1]),
    counted('fluxlit.mjs'),
    counted('code'),
    ...cache,
    long(Object.keys(assets).length),
    ...entries,
  ])
}

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4))
  return bytes
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

function counted(text: string): Buffer {
  return Buffer.concat([long(text.length), Buffer.from(text)])
}

suite('what is inside an executable', () => {
  test('is read from the finished file, with compiled code in front of it or not', () => {
    for (const flags of [8, 12]) {
      const { main, assets } = readInside(executable(usual, '1', 62, flags))
      assert.deepEqual([main, [...assets.keys()]], ['fluxlit.mjs', ['a.py', 'library-b.cjs']])
    }
  })

  test('is nothing Node would find when the fuse was not turned, or there is no blob', () => {
    assert.throws(() => readInside(executable(usual, '0')), /its fuse is 0: /)
    assert.throws(() => readInside(Buffer.from('nothing')), /has not exactly one fuse/)
    assert.throws(() => readInside(Buffer.from(`${fuse}:1`)), /nothing of ours is inside/)
  })

  test('is different where an asset is missing or has changed', () => {
    const [one, other] = [usual, { 'a.py': 'changed', 'c.py': '' }].map((assets) =>
      readInside(executable(assets)),
    )
    assert.ok(one !== undefined && other !== undefined)
    assert.deepEqual(differences(one, one), [])
    assert.deepEqual(differences(one, other), ['a.py', 'c.py', 'library-b.cjs'])
  })
})

test('a release ends when an executable is for another processor, or has other assets', async (t) => {
  const directory = await freshDirectory(t)
  const [x64, arm64] = selectTargets(['linux-x64', 'linux-arm64'])
  assert.ok(x64 !== undefined && arm64 !== undefined)
  const made = async (target: typeof x64, bytes: Buffer) => {
    const path = join(directory, target.id)
    await writeFile(path, bytes)
    return { target, path }
  }
  const first = await made(x64, executable(usual))
  assert.deepEqual(inspectAll([first, await made(arm64, executable(usual, '1', 183))]), [
    'linux-x64: ELF for its processor',
    'linux-arm64: ELF for its processor',
    '2 assets, the same in all',
  ])
  const wrong = await made(arm64, executable(usual))
  assert.throws(() => inspectAll([first, wrong]), {
    message: 'the executable for linux-arm64: it is ELF for processor 62, not 183',
  })
  const other = await made(arm64, executable({ 'a.py': 'a' }, '1', 183))
  assert.throws(() => inspectAll([first, other]), /it has not the assets of linux-x64: library-b\.cjs/)
})
