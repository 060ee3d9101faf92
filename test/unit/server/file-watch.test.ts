import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, realpath, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { directoriesBehind, FileWatch } from '../../../internal/server/file-watch.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'

interface Watched {
  /** Resolves when the file has this text at the time of a notice. */
  readonly reads: (text: string) => Promise<void>
  readonly errors: readonly unknown[]
}

/** Watches a file and reads it at every notice; `''` while it is not there. */
function watched(t: Cleanup, file: string): Watched {
  const wanted = new Map<string, () => void>()
  const errors: unknown[] = []
  const watch = new FileWatch({
    files: [file],
    settleMs: 10,
    onChange: () => wanted.get(existsSync(file) ? readFileSync(file, 'utf8') : '')?.(),
    onError: (error) => errors.push(error),
  })
  t.after(() => watch.close())
  return { reads: (text) => new Promise((resolve) => wanted.set(text, resolve)), errors }
}

const directory = async (t: Cleanup): Promise<string> => realpath(await freshDirectory(t))

test('a plain file is watched where it is, a missing one where it would be', async (t) => {
  const base = await directory(t)
  await writeFile(join(base, 'file'), '')
  assert.deepEqual([...directoriesBehind(join(base, 'file'))], [base])
  assert.deepEqual([...directoriesBehind(join(base, 'no/such/file'))], [base])
})

test('every link on the way is watched where it stands', async (t) => {
  const base = await directory(t)
  for (const name of ['etc', 'versions/1', 'elsewhere']) await mkdir(join(base, name), { recursive: true })
  await writeFile(join(base, 'elsewhere/file'), '')
  await symlink('../versions/1', join(base, 'etc/current'))
  await symlink(join(base, 'elsewhere/file'), join(base, 'versions/1/file'))
  assert.deepEqual(
    [...directoriesBehind(join(base, 'etc/current/file'))].toSorted(),
    ['elsewhere', 'etc', 'versions/1'].map((name) => join(base, name)).toSorted(),
  )
})

test('links in a circle end', async (t) => {
  const base = await directory(t)
  await symlink('b', join(base, 'a'))
  await symlink('a', join(base, 'b'))
  assert.deepEqual([...directoriesBehind(join(base, 'a'))], [base])
})

test('a file that is first there, written again or replaced is told', async (t) => {
  const base = await directory(t)
  const file = join(base, 'file')
  const { reads, errors } = watched(t, file)
  for (const text of ['made', 'written again']) {
    const read = reads(text)
    await writeFile(file, text)
    await read
  }
  const read = reads('replaced')
  await writeFile(`${file}.new`, 'replaced')
  await rename(`${file}.new`, file)
  await read
  assert.deepEqual(errors, [])
})

test('a directory that is put in the place of another is watched too', async (t) => {
  const base = await directory(t)
  await mkdir(join(base, 'live'))
  await writeFile(join(base, 'live/file'), '1')
  const { reads } = watched(t, join(base, 'live/file'))
  const gone = reads('')
  await rename(join(base, 'live'), join(base, 'old'))
  await gone
  const back = reads('2')
  await mkdir(join(base, 'next'))
  await writeFile(join(base, 'next/file'), '2')
  await rename(join(base, 'next'), join(base, 'live'))
  await back
  const written = reads('3')
  await writeFile(join(base, 'live/file'), '3')
  await written
})

test('a throw of the listener is an error, not the end of the process', async (t) => {
  const base = await directory(t)
  const failed = Promise.withResolvers<unknown>()
  const watch = new FileWatch({
    files: [join(base, 'file')],
    settleMs: 1,
    onChange: () => {
      throw new Error('planted')
    },
    onError: failed.resolve,
  })
  t.after(() => watch.close())
  await writeFile(join(base, 'file'), '')
  assert.match(String(await failed.promise), /planted/)
})
