import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { validate } from 'dockerfile-utils'
import { parse } from 'yaml'

import { binary, run } from '../support/binary.ts'
import type { Finished } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { json } from '../support/http.ts'
import { repository } from '../support/python.ts'
import { validated } from '../support/schemas.ts'

const example = join(repository, 'config', 'deploy')
const quickstart = join(repository, 'examples', 'quickstart')

/** The quickstart as in a fresh clone, in a directory of that name. */
async function project(t: Cleanup, files: Readonly<Record<string, string>> = {}): Promise<string> {
  const own = Object.fromEntries(
    ['fluxlit.toml', 'main.py', 'streamlit_app.py', 'requirements.txt'].map((name) => [
      `quickstart/${name}`,
      readFileSync(join(quickstart, name), 'utf8'),
    ]),
  )
  const given = Object.entries(files).map(([name, text]) => [`quickstart/${name}`, text])
  return join(await freshDirectory(t, { files: { ...own, ...Object.fromEntries(given) } }), 'quickstart')
}

function build(cwd: string, ...words: readonly string[]): Promise<Finished> {
  return run(['build', ...words], { cwd })
}

function kept(folder = ''): readonly string[] {
  return globSync('**/*', { cwd: join(example, folder), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(example.length + 1))
}

test('the executable writes what is kept in config/deploy, wherever the project lies', async (t) => {
  const cwd = await project(t)
  const { code, stdout, stderr } = await build(cwd, '--kind', 'all', '-o', 'out')
  assert.deepEqual([code, stderr], [0, ''])
  const names = [
    'Dockerfile',
    '.dockerignore',
    ...kept().filter((name) => !/^(sidecar|\.|Dockerfile)/.test(name)),
  ]
  assert.deepEqual(stdout.trim().split('\n').toSorted(), names.map((name) => `wrote out/${name}`).toSorted())
  for (const name of names) {
    const text = (await readFile(join(cwd, 'out', name), 'utf8')).replaceAll(cwd, '/srv/shop')
    assert.equal(text, readFileSync(join(example, name), 'utf8'), name)
  }
})

test('without a kind the Dockerfile and its .dockerignore are written beside the project', async (t) => {
  const { code, stdout } = await build(await project(t))
  assert.deepEqual([code, stdout], [0, 'wrote Dockerfile\nwrote .dockerignore\n'])
})

test('nothing is overwritten without -f, and what would be lost is named', async (t) => {
  const cwd = await project(t, { Dockerfile: 'FROM scratch\nCOPY my-own /\n' })
  const refused = await build(cwd)
  assert.deepEqual([refused.code, refused.stdout], [2, ''])
  assert.match(refused.stderr, /^error\[would_overwrite\]: Dockerfile: .*2 lines would be lost/m)
  assert.match(refused.stderr, /^ +- COPY my-own \/$/m)
  assert.match(refused.stderr, /hint: .* -f$/m)
  assert.equal(await readFile(join(cwd, 'Dockerfile'), 'utf8'), 'FROM scratch\nCOPY my-own /\n')
  await assert.rejects(readFile(join(cwd, '.dockerignore')), 'nothing is written when one file would be lost')

  const forced = await build(cwd, '-f')
  assert.deepEqual([forced.code, forced.stdout], [0, 'replaced Dockerfile\nwrote .dockerignore\n'])
  const again = await build(cwd)
  assert.deepEqual([again.code, again.stdout], [0, 'unchanged Dockerfile\nunchanged .dockerignore\n'])
})

test('a symbolic link in the place of a file is not written through', async (t) => {
  const cwd = await project(t)
  await symlink('/etc/hostname', join(cwd, 'Dockerfile'))
  const { code, stderr } = await build(cwd)
  assert.equal(code, 2, stderr)
  assert.match(stderr, /would_overwrite.*Dockerfile/)
})

test('what cannot be written ends with the place and the reason', async (t) => {
  const cwd = await project(t)
  await mkdir(join(cwd, 'Dockerfile'))
  const { code, stderr } = await build(cwd)
  assert.equal(code, 1, stderr)
  assert.match(stderr, /^error\[cannot_write\]: .*\/Dockerfile: /m)
})

test('an interpreter or a certificate that only the server has does not keep files from being made', async (t) => {
  const toml = '[tls]\ncert_file = "/nowhere/a.crt"\nkey_file = "/nowhere/a.key"\n'
  const cwd = await project(t, {
    'fluxlit.toml': `${toml}${readFileSync(join(quickstart, 'fluxlit.toml'), 'utf8')}`,
  })
  const { code, stderr } = await run(['build'], { cwd, env: { PATH: '/nowhere', VIRTUAL_ENV: undefined } })
  assert.equal(code, 0, stderr)
})

test('an application object named on the command line is what the image serves', async (t) => {
  const files = { 'app.py': 'from fluxlit import FluxLit\napp = FluxLit()\n' }
  const cwd = await freshDirectory(t, { files })
  const { code, stderr } = await build(cwd, 'app:app', '--kind', 'all')
  assert.equal(code, 0, stderr)
  const text = await readFile(join(cwd, 'Dockerfile'), 'utf8')
  assert.match(text, /^ENTRYPOINT \["fluxlit", "serve", "app:app"\]$/m)
  assert.match(text, /^ {4}CMD \["fluxlit", "healthcheck"\]$/m)
  const unit = await readFile(join(cwd, 'systemd', 'fluxlit.service'), 'utf8')
  assert.match(unit, /^ExecStart=\S+ serve app:app$/m)
})

test('a mistake in the configuration is told as by check', async (t) => {
  const { code, stderr } = await build(await project(t, { 'fluxlit.toml': 'gateway_prot = 1\n' }))
  assert.equal(code, 2)
  assert.match(stderr, /^error\[unknown_key\]: fluxlit\.toml:1: /m)
})

test('doctor says that the files fit, and which ones do not any more', async (t) => {
  const cwd = await project(t)
  assert.equal((await build(cwd, '--kind', 'all')).code, 0)
  const examine = async (): Promise<readonly string[]> => {
    const { stdout } = await run(['doctor', '--json'], { cwd, env: { FLUXLIT_ADMIN_LISTEN: '127.0.0.1:0' } })
    const { checks } = json<{ checks: readonly { code: string; state: string; where?: string }[] }>(stdout)
    const ours = checks.filter(({ code }) => code.startsWith('deploy_'))
    return ours.map(({ code, state, where = '' }) => `${state} ${code} ${where.replace(/:.*/, '')}`)
  }
  assert.deepEqual(await examine(), ['PASS deploy_file '])
  const text = await readFile(join(cwd, 'fluxlit.toml'), 'utf8')
  await writeFile(join(cwd, 'fluxlit.toml'), `${text}\n[drain]\ntimeout = "2m"\n`)
  assert.deepEqual(await examine(), [
    'FAIL deploy_grace compose.yaml',
    'FAIL deploy_grace kubernetes/deployment.yaml',
    'FAIL deploy_grace systemd/fluxlit.service',
  ])
})

const manifests = kept()
  .filter((name) => /^(kubernetes|sidecar)\/.*\.yaml$/.test(name))
  .map((name) => join(example, name))

test('manifests are valid by the schemas of Kubernetes, in which no unknown field is allowed', async (t) => {
  const native = manifests.filter(
    (file) => !/(kustomization|httproute|session-persistence)\.yaml$/.test(file),
  )
  assert.ok(native.length >= 10, native.join())
  const checked = validated('kubernetes_validate', '--strict', ...native)
  assert.equal(checked.status, 0, checked.output)
  assert.equal(checked.output.match(/passed for resource/g)?.length, native.length, checked.output)

  const directory = await freshDirectory(t)
  const wrong = join(directory, 'wrong.yaml')
  const deployment = readFileSync(join(example, 'kubernetes', 'deployment.yaml'), 'utf8')
  await writeFile(wrong, deployment.replace('minReadySeconds', 'minReadySecond'))
  assert.notEqual(validated('kubernetes_validate', '--strict', wrong).status, 0, 'the check can fail')
})

test('every manifest is named by its kustomization, and every patch finds its target', () => {
  for (const folder of ['kubernetes', 'sidecar']) {
    const { resources, patches } = kustomization(folder)
    const named = [...resources, ...patches.map(({ path }) => path), 'kustomization.yaml']
    const there = kept(folder).map((name) => name.slice(folder.length + 1))
    assert.deepEqual(named.toSorted(), there.toSorted())
    const route = readFileSync(join(example, folder, 'httproute.yaml'), 'utf8')
    assert.ok(route.includes(`name: ${patches[0]?.target.name}\n`))
  }
})

test('the compose file is valid by the schema of its specification', () => {
  const checked = validated(
    'check_jsonschema',
    '--builtin-schema',
    'vendor.compose-spec',
    join(example, 'compose.yaml'),
  )
  assert.equal(checked.status, 0, checked.output)
})

test('the Dockerfile has nothing a linter complains about', () => {
  assert.deepEqual(validate(readFileSync(join(example, 'Dockerfile'), 'utf8')), [])
  assert.notDeepEqual(validate('FROM a\nEXPOSE port\nCOPPY . .\n'), [], 'the linter can complain')
})

const noManager =
  spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'systemd is not installed'

test(
  'the units are ones that systemd understands, and the service is confined',
  { skip: noManager },
  async (t) => {
    const directory = await freshDirectory(t)
    const paths = await Promise.all(
      ['fluxlit.service', 'fluxlit.socket'].map(async (name) => {
        const text = readFileSync(join(example, 'systemd', name), 'utf8')
        await writeFile(join(directory, name), text.replaceAll('/usr/local/bin/fluxlit', binary()))
        await chmod(join(directory, name), 0o644)
        return join(directory, name)
      }),
    )
    const verified = spawnSync('systemd-analyze', ['verify', ...paths], { encoding: 'utf8' })
    assert.deepEqual([verified.status, verified.stderr], [0, ''])
    const words = [
      'security',
      '--offline=true',
      '--no-pager',
      '--threshold=20',
      join(directory, 'fluxlit.service'),
    ]
    const judged = spawnSync('systemd-analyze', words, { encoding: 'utf8' })
    assert.equal(judged.status, 0, judged.stdout + judged.stderr)
  },
)

/** What the tests read of a kustomization. */
interface Kustomization {
  readonly resources: readonly string[]
  readonly patches: readonly { readonly path: string; readonly target: { readonly name: string } }[]
}

function kustomization(folder: string): Kustomization {
  return parse(readFileSync(join(example, folder, 'kustomization.yaml'), 'utf8'))
}
