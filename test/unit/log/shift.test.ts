import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { shiftFiles } from '../../../internal/log/shift.ts'
import { freshDirectory } from '../../support/directory.ts'

/** Files of a directory as `name=text`, sorted. */
async function listing(directory: string): Promise<readonly string[]> {
  const names = (await readdir(directory)).toSorted()
  return Promise.all(names.map(async (name) => `${name}=${await readFile(join(directory, name), 'utf8')}`))
}

test('every file takes the name of the next older one, and the oldest is gone', async (t) => {
  const directory = await freshDirectory(t)
  for (const text of ['a', 'b', 'c', 'd']) {
    await writeFile(join(directory, 'log'), text)
    await shiftFiles(join(directory, 'log'), 2)
  }
  assert.deepEqual(await listing(directory), ['log.1=d', 'log.2=c'])
})

test('numbers that are missing are passed over', async (t) => {
  const directory = await freshDirectory(t, { files: { log: 'new', 'log.2': 'old' } })
  await shiftFiles(join(directory, 'log'), 3)
  assert.deepEqual(await listing(directory), ['log.1=new', 'log.3=old'])
})

test('what cannot be renamed is told, and nothing is lost', async (t) => {
  const directory = await freshDirectory(t, { files: { log: 'new', 'log.1/inside': 'in the way' } })
  await assert.rejects(shiftFiles(join(directory, 'log'), 1), { code: 'EISDIR' })
  assert.equal(await readFile(join(directory, 'log'), 'utf8'), 'new')
})
