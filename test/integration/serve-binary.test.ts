import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { binary, finished } from '../support/binary.ts'
import type { Finished } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { ask, json } from '../support/http.ts'
import { repository } from '../support/python.ts'

const toml = `gateway_port = 0
[workers.files]
root = "public"
mount = "/files"
`

test('the binary copied alone into an empty directory', async (t) => {
  const directory = await freshDirectory(t, {
    files: { 'work/fluxlit.toml': toml, 'work/public/a.txt': 'a' },
  })
  const copy = join(directory, 'fluxlit')
  await copyFile(binary(), copy)
  const cwd = join(directory, 'work')

  const alone = (args: readonly string[], env: Record<string, string> = {}): Promise<Finished> =>
    finished(
      spawn(copy, args, { cwd, env: { PATH: '/nonexistent', ...env }, stdio: ['ignore', 'pipe', 'pipe'] }),
    )

  const { version } = json<{
    version: string
  }>(await readFile(join(repository, 'package.json'), 'utf8'))

  await t.test('says its version', async () => {
    const { code, stdout, stderr } = await alone(['--version'])
    assert.equal(code, 0, stderr)
    assert.match(stdout, new RegExp(`\\b${version.replaceAll('.', '\\.')}\\b`))
  })

  await t.test('says how it is used', async () => {
    const { code, stdout, stderr } = await alone(['--help'])
    assert.equal(code, 0, stderr)
    for (const command of ['serve', 'check']) assert.match(stdout, new RegExp(`\\b${command}\\b`))
  })

  await t.test('checks a configuration, in words and as JSON', async () => {
    const words = await alone(['check', '-c', 'fluxlit.toml'])
    assert.equal(words.code, 0, words.stderr)
    assert.match(words.stdout, /fluxlit\.toml:1/)
    const machine = await alone(['check', '--json', '-c', 'fluxlit.toml'])
    assert.equal(machine.code, 0, machine.stderr)
    const report = json<{ ok: boolean; values: Record<string, { value: unknown }> }>(machine.stdout)
    assert.equal(report.ok, true)
    assert.equal(report.values['gateway_port']?.value, 0)
  })

  for (const options of ['--nonsense', '--require=/nowhere.js', '--inspect']) {
    await t.test(`takes no notice of NODE_OPTIONS=${options}`, async () => {
      const { code, stdout, stderr } = await alone(['--version'], { NODE_OPTIONS: options })
      assert.equal(code, 0, stderr)
      assert.match(stdout, new RegExp(version.replaceAll('.', '\\.')))
      assert.equal(stderr, '')
    })
  }

  await t.test('serves', async (s) => {
    const child = spawn(copy, ['serve', '-c', 'fluxlit.toml'], {
      cwd,
      env: { PATH: '/nonexistent', NODE_OPTIONS: '--nonsense' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    s.after(() => void child.kill('SIGKILL'))
    let output = ''
    child.stdout.on('data', (text) => (output += text))
    child.stderr.on('data', (text) => (output += text))
    const end = finished(child)
    const url = await eventually('it listens', () => {
      if (child.exitCode !== null) return output
      return /"url":"(http:[^"]+?)\/?"/.exec(output)?.[1]
    })
    assert.equal((await ask(`${url}/files/a.txt`)).body, 'a', output)
    child.kill('SIGTERM')
    assert.equal((await end).code, 0, output)
  })
})
