import assert from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { isExcluded } from '../../../../internal/app/dev/change.ts'
import { Quiet, watchDirectories } from '../../../../internal/app/dev/watch.ts'
import { freshDirectory } from '../../../support/directory.ts'

/** Watches and keeps what is told; `saw` resolves once a path was. */
function watching(t: TestContext, trees: readonly string[], directories: readonly string[] = []) {
  const told = new Set<string>()
  const waiting = new Set<() => void>()
  const errors: string[] = []
  const watcher = watchDirectories({
    trees,
    directories,
    isExcluded,
    quietMs: 1,
    onChange: (paths) => {
      for (const path of paths) told.add(path)
      for (const resolve of waiting) resolve()
    },
    onError: (directory) => errors.push(directory),
  })
  t.after(() => watcher.close())
  const saw = async (path: string): Promise<void> => {
    while (!told.has(path)) await new Promise<void>((resolve) => waiting.add(resolve))
  }
  return { told, errors, saw }
}

test('a file is noticed wherever it is: written, renamed over, in a new directory', async (t) => {
  const root = realpathSync(await freshDirectory(t, { files: { 'a/b/x.py': '', 'y.py': '' } }))
  const { saw } = watching(t, [root])
  await writeFile(join(root, 'a/b/x.py'), '1')
  await saw(join(root, 'a/b/x.py'))
  await writeFile(join(root, 'y.tmp'), '1')
  await rename(join(root, 'y.tmp'), join(root, 'y.py'))
  await saw(join(root, 'y.py'))
  await mkdir(join(root, 'new'))
  await saw(join(root, 'new'))
  await writeFile(join(root, 'new/z.py'), '1')
  await saw(join(root, 'new/z.py'))
})

test('what is excluded is not told', async (t) => {
  const root = realpathSync(await freshDirectory(t, { files: { '.venv/lib/x.py': '', 'y.py': '' } }))
  const { told, saw } = watching(t, [root])
  await writeFile(join(root, '.venv/lib/x.py'), '1')
  await writeFile(join(root, '.venv/new.py'), '1')
  await writeFile(join(root, 'y.py'), '1')
  await saw(join(root, 'y.py'))
  assert.deepEqual([...told], [join(root, 'y.py')])
})

test('a directory can be watched without what is below it', async (t) => {
  const root = realpathSync(await freshDirectory(t, { files: { 'deep/x.py': '', 'fluxlit.toml': '' } }))
  const { told, saw } = watching(t, [], [root, root])
  await writeFile(join(root, 'deep/x.py'), '1')
  await writeFile(join(root, 'fluxlit.toml'), '1')
  await saw(join(root, 'fluxlit.toml'))
  assert.deepEqual([...told], [join(root, 'fluxlit.toml')])
})

test('a directory that is gone is told, and the others are watched', async (t) => {
  const root = realpathSync(await freshDirectory(t, { files: { 'x.py': '' } }))
  const missing = join(root, '..', 'fl-never-there')
  const { errors, saw } = watching(t, [missing, root])
  assert.deepEqual(errors, [missing])
  await writeFile(join(root, 'x.py'), '1')
  await saw(join(root, 'x.py'))
})

test('changes are told together once it is quiet, each once', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const told: (readonly string[])[] = []
  const quiet = new Quiet(300, (paths) => told.push(paths))
  quiet.add('a')
  t.mock.timers.tick(299)
  quiet.add('b')
  quiet.add('a')
  t.mock.timers.tick(299)
  assert.deepEqual(told, [])
  t.mock.timers.tick(1)
  assert.deepEqual(told, [['a', 'b']])
  quiet.add('c')
  quiet.close()
  t.mock.timers.tick(1000)
  assert.equal(told.length, 1)
})
