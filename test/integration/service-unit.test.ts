import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { binary } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { python, repository } from '../support/python.ts'

const page = readFileSync(join(repository, 'docs', 'operations.md'), 'utf8')
const unit = /```ini\n(# \S+\.service\n[^`]*)```/.exec(page)?.[1] ?? ''

// What systemd does for MemoryDenyWriteExecute=: prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), Linux 6.3 and later.
const denied = `import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
    sys.exit(77)
if len(sys.argv) > 1:
    os.execv(sys.argv[1], sys.argv[1:])
`

/** Runs a program that may not execute what it wrote. */
function without(...words: readonly string[]) {
  return spawnSync(python(), ['-c', denied, ...words], { encoding: 'utf8' })
}

const possible = without().status === 0 ? false : 'this kernel cannot forbid it'

test(
  '62: under MemoryDenyWriteExecute the executable cannot run, and the documentation says so',
  {
    skip: possible,
  },
  () => {
    const { signal, stderr } = without(binary(), '--version')
    assert.equal(signal, 'SIGTRAP')
    const [said = ''] = /Check failed: .*(?=\.)/.exec(stderr) ?? []
    assert.ok(said !== '' && page.includes(said), stderr)
    assert.match(page, /\*\*`MemoryDenyWriteExecute=yes` does not work\*\*/)
    assert.doesNotMatch(unit, /MemoryDenyWriteExecute/)
  },
)

const noManager =
  spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'systemd is not installed'

const units = [
  ['the unit in the documentation', unit.replace('/usr/local/bin/fluxlit', binary())],
  [
    'the unit of the packages',
    readFileSync(join(repository, 'config', 'systemd', 'fluxlit.service'), 'utf8')
      .replace('/usr/bin/fluxlit', binary())
      // Where it is installed there is a manual.
      .replace('Documentation=man:fluxlit(1)\n', ''),
  ],
] as const

for (const [name, text] of units) {
  test(`${name} is one that systemd understands, and is confined`, { skip: noManager }, async (t) => {
    const path = join(await freshDirectory(t), 'fluxlit.service')
    await writeFile(path, text)
    const verified = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' })
    assert.deepEqual([verified.status, verified.stderr], [0, ''])
    const words = ['security', '--offline=true', '--no-pager', '--threshold=20', path]
    const judged = spawnSync('systemd-analyze', words, { encoding: 'utf8' })
    assert.equal(judged.status, 0, judged.stdout + judged.stderr)
  })
}
