import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'

import { main } from '../../../internal/cli/main.ts'
import { freshDirectory } from '../../support/directory.ts'
import { repository } from '../../support/python.ts'

/** Runs a command line in this process: its exit code and what it wrote to standard error, without colours. */
async function run(t: TestContext, ...argv: readonly string[]): Promise<{ code: number; text: string }> {
  let text = ''
  const write = t.mock.method(process.stderr, 'write', (chunk: string) => {
    text += chunk
    return true
  })
  const code = await main(argv)
  write.mock.restore()
  return { code, text: text.replace(/\x1b\[\d+m/g, '') }
}

/** Runs the command as users do and returns what it wrote to standard output. */
async function output(...argv: readonly string[]): Promise<string> {
  const file = join(repository, 'cmd', 'fluxlit', 'main.ts')
  const env = { ...process.env, NODE_OPTIONS: '' }
  return (await promisify(execFile)(process.execPath, [file, ...argv], { env })).stdout
}

const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /^error\[usage\]: name a command\n {2}hint: see fluxlit --help\n$/],
  [['serv'], /^error\[usage\]: unknown command "serv"\n {2}hint: did you mean serve\?\n$/],
  [['frobnicate'], /^error\[usage\]: .*frobnicate/],
  [['serve', '--prot', '1'], /^error\[usage\]: .*prot/],
  [['serve', '--port'], /^error\[usage\]: /],
  [['serve', '-c'], /^error\[usage\]: /],
  [['check', '--port', '1'], /^error\[usage\]: .*port/],
]

for (const [argv, expected] of mistakes) {
  test(`"fluxlit ${argv.join(' ')}" ends with 2 and says why`, async (t) => {
    const { code, text } = await run(t, ...argv)
    assert.equal(code, 2)
    assert.match(text, expected)
  })
}

test('serving a file that is not there ends with 2 and names it', async (t) => {
  const missing = join(await freshDirectory(t), 'fluxlit.toml')
  const { code, text } = await run(t, 'serve', '-c', missing)
  assert.equal(code, 2)
  assert.ok(text.startsWith('error[') && text.includes(missing), text)
})

test('a port that is none ends with 2 and names the flag, also as run', async (t) => {
  const file = join(
    await freshDirectory(t, { files: { 'fluxlit.toml': '[workers.a]\nurl = "http://a"\nmount = "/"\n' } }),
    'fluxlit.toml',
  )
  for (const verb of ['serve', 'run']) {
    const { code, text } = await run(t, verb, '-c', file, '--port', 'x')
    assert.equal(code, 2)
    assert.match(text, /^error\[[a-z_]+\]: --port: /)
  }
})

test('checks of certificates cannot be switched off', async (t) => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  t.after(() => {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  })
  const { code, text } = await run(t, 'serve')
  assert.equal(code, 2)
  assert.match(text, /^error\[weakened\]: environment NODE_TLS_REJECT_UNAUTHORIZED: /)
})

test('the help lists every command, and each has its own', async () => {
  const [all, serve] = await Promise.all([output('--help'), output('serve', '--help')])
  for (const verb of [
    'serve',
    'check',
    'build',
    'status',
    'reload',
    'restart',
    'drain',
    'stop',
    'healthcheck',
  ]) {
    assert.match(all, new RegExp(`^ +fluxlit ${verb}\\b`, 'm'), verb)
  }
  assert.match(all, /Exit codes: 0 clean/)
  for (const flag of [
    '--config',
    '--host',
    '--port',
    '--log-level',
    '--proxy-headers',
    '--forwarded-allow-ips',
  ]) {
    assert.ok(serve.includes(flag), flag)
  }
})

test('the version is one line, or JSON', async () => {
  const [line, json] = await Promise.all([output('--version'), output('--version', '--json')])
  assert.match(line, /^fluxlit \d+\.\d+\.\d+\S*\n$/)
  assert.match(json, /^\{"version":"[^"]+","commit":"[^"]+","target":"[^"]+","node":"26\.[^"]+"\}\n$/)
})
