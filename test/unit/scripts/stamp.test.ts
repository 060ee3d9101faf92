import assert from 'node:assert/strict'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { fingerprint, isStamped, stamp } from '../../../scripts/shell/stamp.mjs'
import { freshDirectory } from '../../support/directory.ts'

test('the fingerprint of a directory changes with content and names, not with times or caches', async (t) => {
  const directory = await freshDirectory(t, { files: { 'a/one.ts': '1', 'b.ts': '2' } })
  const first = fingerprint([directory])
  utimesSync(join(directory, 'b.ts'), 1, 1)
  mkdirSync(join(directory, '__pycache__'))
  writeFileSync(join(directory, '__pycache__', 'x.pyc'), 'x')
  assert.equal(fingerprint([directory]), first)
  writeFileSync(join(directory, 'a', 'two.ts'), '')
  const second = fingerprint([directory])
  assert.notEqual(second, first)
  writeFileSync(join(directory, 'a', 'two.ts'), '2')
  assert.notEqual(fingerprint([directory]), second)
})

test('facts such as a version count too', () => {
  assert.notEqual(fingerprint([], ['1.0']), fingerprint([], ['1.1']))
})

test('something is up to date only with exactly its stamp', async (t) => {
  const file = join(await freshDirectory(t), 'stamp')
  assert.equal(isStamped(file, 'x'), false)
  stamp(file, 'x')
  assert.equal(isStamped(file, 'x'), true)
  assert.equal(isStamped(file, 'y'), false)
})
