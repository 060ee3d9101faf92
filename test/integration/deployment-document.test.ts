import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import { binary } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { marked } from '../support/document.ts'
import { ask } from '../support/http.ts'
import { ownAddress } from '../support/own-address.ts'
import { repository, virtualEnvironment } from '../support/python.ts'
import { serviceManager, withoutServiceManager } from '../support/service-manager.ts'

const exec = promisify(execFile)
const page = 'deployment.md'
const paths = ['systemd', 'container', 'image', 'kubernetes', 'sidecar'] as const

/** Commands that need an engine, a cluster or their tools, which the tests do not have. */
const elsewhere = /^(docker|kubectl|kustomize) /

/** The commands of a way, one a line. */
function commands(path: (typeof paths)[number]): readonly string[] {
  return marked(page, `path: ${path}`).trim().split('\n')
}

/** A project and the executable of a release in one directory. */
async function download(t: Cleanup, toml: string): Promise<string> {
  const names = ['main.py', 'streamlit_app.py', 'requirements.txt']
  const own = names.map((name) => [
    `quickstart/${name}`,
    readFileSync(join(repository, 'examples', 'quickstart', name), 'utf8'),
  ])
  const files = { ...Object.fromEntries(own), 'quickstart/fluxlit.toml': toml }
  return join(await freshDirectory(t, { files }), 'quickstart')
}

const example = readFileSync(join(repository, 'examples', 'quickstart', 'fluxlit.toml'), 'utf8')

/** Runs lines in a shell in which `fluxlit` is the one under test; what each wrote. */
async function shell(t: Cleanup, cwd: string, lines: readonly string[]): Promise<string> {
  const bin = await freshDirectory(t)
  await copyFile(binary(), join(bin, 'fluxlit'))
  const env = { PATH: `${bin}:${process.env['PATH']}`, HOME: bin, VIRTUAL_ENV: virtualEnvironment() }
  return (await exec('sh', ['-euc', lines.join('\n')], { cwd, env })).stdout
}

// Before the first test: what is registered after it has ended would not be run.
const impossible = await withoutServiceManager()
if (impossible !== false) console.log(`systemd cannot be run here: ${impossible}`)

test('no way takes ten commands or more', () => {
  for (const path of paths) assert.ok(commands(path).length < 10, path)
})

test('the way with systemd, as a stranger walks it', { skip: impossible }, async (t) => {
  const address = ownAddress()
  const project = await download(t, `gateway_host = "${address}"\n${example}`)
  await copyFile(binary(), join(project, 'fluxlit'))
  const units = await freshDirectory(t)
  const manager = await serviceManager(t, { units, project, at: '/srv/download' })
  await manager.run('rm', '/usr/local/bin/fluxlit')
  const lines = commands('systemd')
  // The packages come from an index; here they are those of the tests.
  const made = lines.map((line) =>
    / -m venv /.test(line) ? 'test -f requirements.txt && ln -s /venv .venv' : line,
  )
  assert.equal(made.filter((line, index) => line !== lines[index]).length, 1)
  const script = ['sudo() { "$@"; }', 'cd /srv/download', ...made.filter((line) => !line.startsWith('curl '))]
  const done = await manager.run('sh', '-euc', script.join('\n'))
  const state = await manager.run('systemctl', 'status', '--no-pager', '--full', 'fluxlit.service')
  assert.equal(done.code, 0, done.stderr + state.stdout)
  const curl = /^curl -fsS http:\/\/127\.0\.0\.1:8000(\S+)$/.exec(lines.at(-1) ?? '')
  const url = `http://${address}:8000`
  assert.equal((await ask(url + (curl?.[1] ?? '/nowhere'))).status, 200)
  assert.match((await ask(`${url}/`)).body, /<title>Streamlit<\/title>/)

  const restarted = await manager.run('fluxlit', 'restart', '-c', '/srv/shop/fluxlit.toml')
  assert.equal(restarted.code, 0, `the verbs find the service: ${restarted.stderr}`)
  assert.equal((await manager.run('systemctl', 'reload', 'fluxlit')).code, 0)
  const enabled = await manager.run('systemctl', 'is-enabled', 'fluxlit.socket', 'fluxlit.service')
  assert.equal(enabled.stdout, 'enabled\nenabled\n')
})

test('the ways with images: what needs no engine does what the rest counts on', async (t) => {
  for (const path of ['container', 'image'] as const) {
    const cwd = await download(t, example)
    const [own, others] = split(commands(path))
    const written = await shell(t, cwd, own)
    assert.match(written, /^wrote Dockerfile$/m)
    assert.equal((await exec(join(cwd, 'fluxlit'), ['--version'])).stdout.startsWith('fluxlit '), true)
    assert.ok(others.length >= 2, others.join())
    if (path === 'container') assert.match(written, /^wrote compose\.yaml$/m)
    const grace = /--stop-timeout (\d+)/.exec(others.join('\n'))?.[1]
    if (grace !== undefined) {
      await shell(t, cwd, ['fluxlit build --kind compose'])
      assert.match(
        await readFile(join(cwd, 'compose.yaml'), 'utf8'),
        new RegExp(`stop_grace_period: ${grace}s`),
      )
    }
  }
})

test('the way to Kubernetes: the manifests carry the names that the commands use', async (t) => {
  const cwd = await download(t, example)
  const [own, others] = split(commands('kubernetes'))
  assert.match(await shell(t, cwd, own), /^wrote kubernetes\/kustomization\.yaml$/m)
  const deployment = await readFile(join(cwd, 'kubernetes', 'deployment.yaml'), 'utf8')
  assert.match(deployment, /^ {2}name: quickstart$/m)
  assert.match(deployment, /name: quickstart\n +key: cookie-secret$/m)
  const kustomization = await readFile(join(cwd, 'kubernetes', 'kustomization.yaml'), 'utf8')
  assert.match(kustomization, /- name: quickstart$/m)
  for (const use of ['secret generic quickstart', 'set image quickstart=', 'deployment/quickstart'])
    assert.ok(others.join('\n').includes(use), use)
})

const noKubectl =
  spawnSync('kubectl', ['version', '--client']).error === undefined ? false : 'kubectl is not installed'

test('kubectl puts the manifests of both shapes together', { skip: noKubectl }, async () => {
  for (const folder of ['kubernetes', 'sidecar']) {
    const { stdout } = await exec('kubectl', ['kustomize', join(repository, 'config', 'deploy', folder)])
    assert.equal(stdout.match(/^kind: /gm)?.length, 6)
    assert.match(stdout, /^ {4}sessionPersistence:$/m)
  }
})

test('the way with a sidecar, with the configuration of the page', async (t) => {
  const cwd = await download(t, marked(page, 'snippet: sidecar'))
  const [own] = split(commands('sidecar'))
  const written = await shell(t, cwd, own)
  assert.match(written, /^streamlit run SCRIPT .*--server\.maxUploadSize 200$/m)
  assert.match(written, /^wrote sidecar\/deployment\.yaml$/m)
})

/** Commands that run here, and those that do not. A change of directory is for the latter. */
function split(lines: readonly string[]): readonly [readonly string[], readonly string[]] {
  const others = lines.filter((line) => elsewhere.test(line) || /^(curl|cd) /.test(line))
  return [lines.filter((line) => !others.includes(line)), others]
}
