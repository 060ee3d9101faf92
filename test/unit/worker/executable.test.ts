import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import { checkDirectory, findExecutable } from '../../../internal/worker/executable.ts'

async function place(t: TestContext): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'fl-'))
  t.after(() => rm(base, { recursive: true, force: true }))
  await mkdir(join(base, 'bin'))
  await writeFile(join(base, 'bin', 'run'), '#!/bin/sh\n')
  await chmod(join(base, 'bin', 'run'), 0o755)
  await writeFile(join(base, 'plain'), 'x')
  await chmod(join(base, 'plain'), 0o644)
  return base
}

describe('a command', () => {
  it('is found on the PATH and below the working directory', async (t) => {
    const base = await place(t)
    const path = join(base, 'bin', 'run')
    assert.deepEqual(findExecutable('run', { cwd: '/', path: `/nowhere:${join(base, 'bin')}`, where: 'x' }), {
      path,
    })
    assert.deepEqual(findExecutable('./bin/run', { cwd: base, path: '', where: 'x' }), { path })
  })

  it('that is missing, or not executable, is told apart', async (t) => {
    const base = await place(t)
    const missing = findExecutable('run', { cwd: base, path: '/nowhere', where: 'fluxlit.toml:9' })
    assert.ok('code' in missing)
    assert.deepEqual([missing.code, missing.where], ['command_not_found', 'fluxlit.toml:9'])
    const plain = findExecutable('./plain', { cwd: base, path: '', where: 'x' })
    assert.ok('code' in plain)
    assert.deepEqual([plain.code, plain.hint], ['command_not_executable', `chmod +x ${join(base, 'plain')}`])
  })
})

describe('a working directory', () => {
  it('is there, is missing, or is a file', async (t) => {
    const base = await place(t)
    assert.equal(checkDirectory(base, 'x'), undefined)
    assert.match(checkDirectory(join(base, 'nowhere'), 'x')?.message ?? '', /does not exist$/)
    assert.match(checkDirectory(join(base, 'plain'), 'x')?.message ?? '', /is not a directory$/)
  })
})
