import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { stat, symlink } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { binary, run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { environments } from '../support/environments.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'

const execute = promisify(execFile)

test('a project for a server has tests that pass, once the package is installed', async (t) => {
  const base = await freshDirectory(t)
  const { directory } = await environments(t, ['venv'])
  const python = join(directory, 'venv', 'bin', 'python')
  const made = await run(['new', 'my-shop', '--profile', 'deploy'], { cwd: base })
  assert.equal(made.code, 0, made.stderr)
  assert.match(made.stdout, /\n {2}cd my-shop\n[^]*\n {2}fluxlit dev\n$/)
  const cwd = join(base, 'my-shop')

  await t.test('its configuration is right, for a server too', async () => {
    const words = ['check', '-c', 'fluxlit.toml', '-c', 'production.toml']
    const { code, stdout, stderr } = await run(words, { cwd })
    assert.equal(code, 0, stdout)
    // Who may use it is not for a template to decide.
    assert.deepEqual(stderr.match(/^warning\[\w+\]/gm), ['warning[auth_off]'], stderr)
    assert.match(stdout, /gateway_host += "0\.0\.0\.0"/)
  })

  await t.test('the package comes into the environment that is named', async () => {
    for (const _ of ['new', 'again']) {
      const { code, stdout, stderr } = await run(['sdk', 'install', '--python', join(directory, 'venv')], {
        cwd,
      })
      assert.equal(code, 0, stderr)
      assert.match(stdout, /^fluxlit \S+ is installed for .*venv\/bin\/python, in .*site-packages\n$/)
    }
    const { stdout } = await execute(python, ['-c', 'import fluxlit; print(fluxlit.FluxLit.__module__)'])
    assert.equal(stdout, 'fluxlit.app\n')
  })

  await t.test('pytest runs without a gateway', async () => {
    const { stdout } = await execute(python, ['-m', 'pytest', '-q', '-p', 'no:cacheprovider'], { cwd })
    assert.match(stdout, /3 passed/)
  })

  await t.test('pip removes what was installed', async () => {
    await execute(python, ['-m', 'pip', 'uninstall', '--yes', 'fluxlit'])
    await assert.rejects(
      execute(python, ['-c', 'import fluxlit'], { cwd: base }),
      /No module named 'fluxlit'/,
    )
  })
})

test('a project for people who sign in lets in whom the developer says, and nobody else', async (t) => {
  const base = await freshDirectory(t)
  const made = await run(['new', 'club', '--profile', 'auth'], { cwd: base })
  assert.match(made.stdout, /\n {2}fluxlit dev --as ann@example\.com:admins\n$/)
  const cwd = join(base, 'club')
  assert.equal((await stat(join(cwd, 'secrets', 'oidc-client-secret'))).mode & 0o777, 0o600)
  const start = async (verb: 'serve' | 'dev', ...args: readonly string[]): Promise<string> => {
    const running = await gateway(t, { verb, detect: true, cwd, args })
    await running.record('api ready', ({ msg, text, worker }) =>
      typeof text === 'string' ? / api worker ready /.test(text) : msg === 'worker ready' && worker === 'api',
    )
    return running.url
  }

  const admin = await start('dev', '--as', 'ann@example.com:admins')
  assert.equal((await ask(`${admin}/api/me`)).body, '{"email":"ann@example.com"}')
  assert.equal((await ask(`${admin}/api/admin/numbers`)).status, 200)
  const member = await start('dev', '--as', 'ann@example.com')
  assert.equal((await ask(`${member}/api/admin/numbers`)).status, 403)
  const stranger = await start('serve')
  const lie = { headers: { 'x-forwarded-email': 'ann@example.com' } }
  assert.equal((await ask(`${stranger}/api/me`, lie)).status, 401)
})

test('a package that somebody else installed is not touched', async (t) => {
  const { directory } = await environments(t, ['venv'])
  const python = join(directory, 'venv', 'bin', 'python')
  const cwd = await freshDirectory(t)
  const script =
    'import os, sysconfig; d = sysconfig.get_path("purelib") + "/fluxlit-0.13.2.dist-info"; os.mkdir(d);' +
    'open(d + "/METADATA", "w").write("Name: fluxlit\\nVersion: 0.13.2\\n")'
  await execute(python, ['-c', script])
  const { code, stderr } = await run(['sdk', 'install', '--python', python], { cwd })
  assert.equal(code, 1)
  assert.match(stderr, /error\[sdk_foreign\]: fluxlit 0\.13\.2 .*\n {2}hint: .* -m pip uninstall fluxlit/)
})

test('a directory that has something in it is left alone', async (t) => {
  const cwd = await freshDirectory(t, { files: { 'shop/app.py': 'mine\n' } })
  const { code, stderr } = await run(['new', 'shop'], { cwd })
  assert.equal(code, 2)
  assert.match(stderr, /error\[new_not_empty\]: shop is not empty: it has app\.py\n/)
  assert.equal((await run(['new', 'shop/app.py'], { cwd })).code, 2)
})

/** Shells, and how each is asked to complete the words it is given. */
const shells: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => [
    '-c',
    `source <(fluxlit completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fluxlit; printf '%s\\n' "\${COMPREPLY[@]}"`,
    'bash',
    ...words,
  ],
  zsh: (words) => [
    '-f',
    '-c',
    // What _describe would show, without a line editor to show it in.
    `compdef() { }; _describe() { print -l -- "\${(P@)2}" }; _files() { }
     source <(fluxlit completion zsh); words=("$@"); CURRENT=$#; _fluxlit`,
    'zsh',
    ...words,
  ],
  fish: (words) => [
    '--no-config',
    '-c',
    'fluxlit completion fish | source; complete -C "$argv"',
    words.join(' '),
  ],
}

for (const [shell, command] of Object.entries(shells)) {
  test(`${shell} completes verbs, flags and names of workers`, async (t) => {
    const toml =
      '[workers.api]\ncommand = ["true"]\nmount = "/"\n[workers.queue]\nkind = "process"\ncommand = ["true"]\n'
    const cwd = await freshDirectory(t, { files: { 'fluxlit.toml': toml } })
    await symlink(binary(), join(cwd, 'fluxlit'))
    const env = { PATH: [cwd, process.env['PATH']].join(delimiter), HOME: cwd, LANG: 'C.UTF-8' }
    const complete = async (...words: readonly string[]): Promise<readonly string[]> => {
      const { stdout } = await execute(shell, [...command(['fluxlit', ...words])], { cwd, env })
      // A description may stand behind a word.
      return stdout.split('\n').map((line) => line.replace(/[:\t].*/, '').trim())
    }
    assert.ok((await complete('hea')).includes('healthcheck'))
    assert.ok((await complete('check', '--wo')).includes('--worker'))
    // fish offers files beside the names.
    const names = (await complete('restart', '')).filter((word) => word !== '' && !word.startsWith('fluxlit'))
    assert.deepEqual(names, ['api', 'queue'])
    assert.ok((await complete('check', '--worker', 'q')).includes('queue'))
  })
}
