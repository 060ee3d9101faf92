import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { Image } from '../../scripts/elf/image.mjs'
import { makeExecutable } from '../../scripts/release/executables.ts'
import { runnerOf } from '../../scripts/release/runner.ts'
import { smoke } from '../../scripts/release/smoke.ts'
import { selectTargets } from '../../scripts/release/targets.ts'
import { installNode, nodePath, publishedNodePath } from '../../scripts/setup/toolchain.mjs'
import { capture, must } from '../../scripts/shell/run.mjs'
import { freshDirectory } from '../support/directory.ts'
import { neededLibraries } from '../support/elf.ts'
import { repository } from '../support/python.ts'

const isBuilder = process.platform === 'linux' && process.arch === 'x64'
const skip = isBuilder ? false : 'releases are made on linux-x64'
const [arm] = selectTargets(['linux-arm64'])
assert.ok(arm !== undefined)

test('the executable for another processor', { skip, timeout: 300_000 }, async (t) => {
  const { path } = await makeExecutable(arm, await freshDirectory(t))

  await t.test('is for that one, and does not need libatomic', async () => {
    const bytes = readFileSync(path)
    assert.equal(bytes.readUInt16LE(18), 183, 'the machine is AArch64')
    assert.equal(bytes.includes(repository), false, 'it does not remember where it was built')
    const needs = await neededLibraries(path)
    assert.ok(needs.includes('libc.so.6') && !needs.includes('libatomic.so.1'), needs.join(', '))
  })

  const runner = runnerOf(arm)
  if (runner.kind === 'cannot') console.log(`it is not run: ${runner.reason}`)
  await t.test('runs: version, configuration, a page', { skip: runner.kind === 'cannot' }, async () => {
    assert.equal(runner.kind, 'runs')
    const { version }: { version: string } = JSON.parse(
      readFileSync(join(repository, 'package.json'), 'utf8'),
    )
    const seen = await smoke(path, runner.command, version, 1)
    assert.ok(seen.listeningMs > 0)
  })
})

test('a release', { skip }, async (t) => {
  await t.test('for a machine nothing is made for is refused with those that are known', async (inner) => {
    const output = join(await freshDirectory(inner), 'release')
    const ended = await release(repository, ['--target', 'sparc', '--output', output])
    assert.equal(ended.status, 1)
    assert.match(ended.output, /^error: no release is made for sparc\nhint: known targets: linux-x64, /)
    assert.equal(existsSync(output), false)
  })

  await t.test('with files that are not committed is refused with their names', async (inner) => {
    const place = await copyOfRepository(inner)
    writeFileSync(join(place, 'internal', 'new.ts'), '')
    const ended = await release(place, ['--target', 'linux-x64'])
    assert.equal(ended.status, 1)
    assert.match(
      ended.output,
      /^error: these files are not what commit [0-9a-f]{12} has:\n {2}\?\? internal\/new\.ts\n/,
    )
    assert.equal(existsSync(join(place, 'dist', 'release')), false)
  })

  await t.test(
    'from a Node that is not of the kind that was examined stops, and leaves the last one',
    async (inner) => {
      const place = await copyOfRepository(inner)
      await litter(place)
      await must('git', 'git', [...author, 'commit', '--quiet', '--all', '--message', 'Pin it'], {
        cwd: place,
      })
      const last = join(place, 'dist', 'release', 'SHA256SUMS')
      mkdirSync(dirname(last), { recursive: true })
      writeFileSync(last, 'of the last release')
      const ended = await release(place, ['--target', 'linux-arm64'])
      assert.equal(ended.status, 1, ended.output)
      assert.match(
        ended.output,
        /error: .*: cannot replace libatomic\.so\.1 in this file: the padding behind its code is not empty/,
      )
      assert.equal(readFileSync(last, 'utf8'), 'of the last release')
    },
  )
})

const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org']

function release(place: string, args: readonly string[]): ReturnType<typeof capture> {
  return capture(nodePath(), ['scripts/release/main.ts', ...args], { cwd: place })
}

/** A repository of its own with these sources in one commit; what was installed and fetched is lent to it. */
async function copyOfRepository(t: TestContext): Promise<string> {
  const place = await freshDirectory(t)
  for (const name of [
    'cmd',
    'internal',
    'config',
    'scripts',
    'package.json',
    'package-lock.json',
    '.gitignore',
  ]) {
    cpSync(join(repository, name), join(place, name), { recursive: true })
  }
  await must('git', 'git', ['init', '--quiet'], { cwd: place })
  await must('git', 'git', ['add', '--all'], { cwd: place })
  await must('git', 'git', [...author, 'commit', '--quiet', '--message', 'Copy'], { cwd: place })
  symlinkSync(join(repository, 'node_modules'), join(place, 'node_modules'))
  writeFileSync(join(place, '.git', 'info', 'exclude'), 'node_modules\n')
  mkdirSync(join(place, '.toolchain', 'npm'), { recursive: true })
  for (const name of ['linux-x64', join('npm', 'linux-x64')]) {
    symlinkSync(join(repository, '.toolchain', name), join(place, '.toolchain', name))
  }
  return place
}

/** Gives the copy a Node for arm64 with one byte where there must be none, and pins exactly that. */
async function litter(place: string): Promise<void> {
  await installNode(arm?.id)
  const published = publishedNodePath('linux-arm64')
  const bytes = readFileSync(published)
  const code = new Image(bytes).loads().find(({ flags }) => (flags & 1) !== 0)
  assert.ok(code !== undefined)
  bytes.writeUInt8(1, code.offset + code.fileSize + 40)
  const copy = join(place, published.slice(repository.length))
  mkdirSync(dirname(copy), { recursive: true })
  writeFileSync(copy, bytes)
  const pins = join(place, 'config', 'node.json')
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const text = readFileSync(pins, 'utf8')
  const settings: { targets: Record<string, { sha256: string }> } = JSON.parse(text)
  writeFileSync(pins, text.replace(settings.targets['linux-arm64']?.sha256 ?? '', sha256))
}
