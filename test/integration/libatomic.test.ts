import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { nodePath, publishedNodePath, hostTarget } from '../../scripts/setup/toolchain.mjs'
import { capture } from '../../scripts/shell/run.mjs'
import { binary } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { neededLibraries } from '../support/elf.ts'
import { repository } from '../support/python.ts'

const stress = join(repository, 'test', 'fixtures', 'libatomic', 'stress.mjs')

suite('libatomic', { skip: process.platform === 'linux' ? false : 'only Linux builds need it' }, () => {
  test('is what the published Node asks for, and neither ours nor the executable does', async () => {
    assert.ok((await neededLibraries(publishedNodePath(hostTarget()))).includes('libatomic.so.1'))
    for (const path of [nodePath(), binary()]) {
      const needs = await neededLibraries(path)
      assert.ok(needs.includes('libc.so.6'), `${path} needs ${needs.join(', ')}`)
      assert.ok(!needs.includes('libatomic.so.1'), `${path} needs ${needs.join(', ')}`)
    }
  })

  const reason = whyNotHidden()
  if (reason !== null) console.log(`libatomic cannot be hidden: ${reason}`)

  suite('where it is missing', { skip: reason ?? false }, () => {
    test('the published Node does not start', async (t) => {
      const ended = await runWithout(t, publishedNodePath(hostTarget()), [stress])
      assert.equal(ended.status, 127, ended.output)
      assert.match(ended.output, /libatomic\.so\.1/)
    })

    test('ours runs threads that compile and drop JavaScript and Wasm at once', async (t) => {
      const ended = await runWithout(t, nodePath(), [stress])
      assert.deepEqual(ended, { status: 0, output: (await capture(process.execPath, [stress])).output })
      assert.match(ended.output, /^agreed \d+$/m)
    })

    test('the executable starts', async (t) => {
      const ended = await runWithout(t, binary(), ['--version'])
      assert.equal(ended.status, 0, ended.output)
    })
  })
})

type Ended = Awaited<ReturnType<typeof capture>>

/** Runs a program in a mount namespace of its own in which the library is an empty file. */
async function runWithout(
  t: Parameters<typeof freshDirectory>[0],
  program: string,
  args: readonly string[],
): Promise<Ended> {
  const empty = join(await freshDirectory(t), 'empty')
  writeFileSync(empty, '')
  const hide = libraries().map((path) => `mount --bind '${empty}' '${path}'`)
  const script = [...hide, 'exec "$@"'].join(' && ')
  return capture('unshare', ['-m', 'sh', '-c', script, 'sh', program, ...args])
}

function libraries(): readonly string[] {
  const multiarch = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const directories = [
    `/lib/${multiarch}`,
    `/usr/lib/${multiarch}`,
    '/lib64',
    '/usr/lib64',
    '/lib',
    '/usr/lib',
  ]
  const found = directories
    .map((directory) => `${directory}/libatomic.so.1`)
    .filter((path) => existsSync(path))
  return [...new Set(found.map((path) => realpathSync(path)))]
}

function whyNotHidden(): string | null {
  if (process.getuid?.() !== 0) return 'only root may mount over it'
  try {
    execFileSync('unshare', ['-m', 'mount', '--bind', '/dev/null', '/dev/null'], { stdio: 'pipe' })
    return null
  } catch (error) {
    return `unshare -m is not possible here: ${String(error)}`
  }
}
