import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

import { deploymentFiles } from '../../../internal/deploy/files.ts'
import type { DeployKind } from '../../../internal/deploy/kinds.ts'
import type { Plan } from '../../../internal/deploy/plan.ts'
import type { DeployFile } from '../../../internal/deploy/text.ts'
import { repository } from '../../support/python.ts'
import { examplePlan, planOf, textOf } from './plans.ts'

const quickstart = 'examples/quickstart/fluxlit.toml'
const sidecar = 'test/fixtures/deploy/sidecar.toml'
const both = '[workers.api]\napp = "main:app"\n[workers.ui]\nscript = "streamlit_app.py"\n'

function filesOf(kind: DeployKind, plan: Plan): readonly DeployFile[] {
  const made = deploymentFiles(kind, plan)
  if (made.kind === 'problems') throw new Error(JSON.stringify(made.problems))
  return made.files
}

/** Files and directories that `all` writes. */
function kindsFor(plan: Plan): readonly string[] {
  return [...new Set(filesOf('all', plan).map(({ path }) => path.replace(/\/.*/, '')))]
}

/** With UPDATE_FIXTURES=1 the files are written instead of compared; read the difference before committing. */
function isKept({ path, text }: DeployFile): void {
  const file = join(repository, 'config', 'deploy', path)
  if (process.env['UPDATE_FIXTURES'] === '1') {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  assert.equal(text, readFileSync(file, 'utf8'), path)
}

test('config/deploy holds what build writes for the quickstart', async (t) => {
  for (const file of filesOf('all', await examplePlan(t, quickstart, { name: 'quickstart' }))) isKept(file)
})

test('config/deploy/sidecar holds what build writes for two containers of one Pod', async (t) => {
  for (const file of filesOf('sidecar', await examplePlan(t, sidecar, { configFiles: ['fluxlit.toml'] })))
    isKept(file)
})

test('all leaves the sidecar out where the gateway starts workers, and has it where it starts none', async (t) => {
  const always = ['Dockerfile', '.dockerignore', 'compose.yaml', 'kubernetes', 'systemd']
  assert.deepEqual(kindsFor(await planOf(t, both)), always)
  assert.deepEqual(kindsFor(await examplePlan(t, sidecar)), [...always, 'sidecar'])
})

test('a sidecar in front of a worker that the gateway would start is refused, with its place', async (t) => {
  const made = deploymentFiles('sidecar', await planOf(t, both))
  assert.ok(made.kind === 'problems')
  assert.deepEqual(
    made.problems.map(({ code, where, message }) => ({ code, where, message })),
    [
      {
        code: 'no_sidecar',
        where: 'fluxlit.toml:1',
        message: 'a sidecar starts nothing, and worker api has no url',
      },
    ],
  )
})

test('a sidecar with nothing beside it in the Pod is refused', async (t) => {
  const elsewhere = '[workers.api]\nkind = "uvicorn"\nurl = "http://api.internal:80"\n'
  const made = deploymentFiles('sidecar', await planOf(t, elsewhere))
  assert.ok(made.kind === 'problems')
  assert.match(made.problems[0].message, /no worker has a url on loopback/)
})

test('a configuration outside the root cannot be in the image', async (t) => {
  const made = deploymentFiles('docker', await planOf(t, both, { configFiles: ['../etc/fluxlit.toml'] }))
  assert.ok(made.kind === 'problems')
  assert.equal(made.problems[0].code, 'outside_root')
})

test('without a worker to start the image has no Python', async (t) => {
  const text = textOf(filesOf('docker', await examplePlan(t, sidecar)), 'Dockerfile')
  assert.match(text, /^FROM debian:/m)
  assert.doesNotMatch(text, /python|pip|venv/i)
})

test('packages come from uv.lock, requirements.txt or the project, and by name when nothing says which', async (t) => {
  const dockerfile = async (requirements: Plan['project']['requirements']): Promise<string> =>
    textOf(filesOf('docker', await planOf(t, both, { requirements })), 'Dockerfile')
  assert.match(await dockerfile({ kind: 'uv' }), /uv sync --frozen --no-dev/)
  assert.match(
    await dockerfile({ kind: 'pip', files: ['requirements.lock'] }),
    /install -r \/tmp\/requirements\.lock/,
  )
  assert.match(await dockerfile({ kind: 'project' }), /pip install \/src/)
  assert.match(await dockerfile({ kind: 'none' }), /pip install fastapi 'uvicorn\[standard\]' streamlit$/m)
})

test('what is said of this machine is corrected for the container', async (t) => {
  const toml = `gateway_port = 80\n[log]\nfile = "app.log"\n[workers.api]\napp = "main:app"\npython = "venv/bin/python"\n`
  const text = textOf(filesOf('docker', await planOf(t, toml)), 'Dockerfile')
  for (const line of [
    'ENV FLUXLIT_GATEWAY_PORT=8000',
    'ENV FLUXLIT_LOG_FILE=',
    'ENV FLUXLIT_WORKERS_API_PYTHON=/venv',
    'EXPOSE 8000',
  ])
    assert.ok(text.split('\n').includes(line), line)
})

test('with TLS everything that asks speaks https, and the pair is handed in', async (t) => {
  const plan = await examplePlan(t, quickstart)
  const tls = {
    certFile: '/srv/shop/a.crt',
    keyFile: '/etc/ssl/a.key',
    minVersion: '1.2',
    redirectFrom: null,
  } as const
  const files = filesOf('all', { ...plan, config: { ...plan.config, tls }, scheme: 'https' })
  const deployment = textOf(files, 'kubernetes/deployment.yaml')
  assert.equal(deployment.match(/scheme: HTTPS/g)?.length, 3)
  assert.match(deployment, /secretName: "shop-tls"/)
  assert.match(textOf(files, 'kubernetes/service.yaml'), /port: 443/)
  const compose = textOf(files, 'compose.yaml')
  assert.ok(compose.includes('"/srv/shop/a.crt:/app/a.crt:ro"'), compose)
  assert.ok(compose.includes('"/etc/ssl/a.key:/etc/ssl/a.key:ro"'))
  assert.match(textOf(files, 'systemd/fluxlit.service'), /^LoadCredential=tls\.key:\/etc\/ssl\/a\.key$/m)
})

test('the route has the names and the path of the configuration', async (t) => {
  const route = async (toml: string): Promise<string> =>
    textOf(filesOf('kubernetes', await planOf(t, toml + both)), 'kubernetes/httproute.yaml')
  assert.match(
    await route('allowed_hosts = ["a.example", "10.0.0.1"]\n'),
    /^ {2}hostnames: \["a\.example"\]$/m,
  )
  const based = await route('root_path = "/tools"\npublic_base_url = "https://b.example/tools"\n')
  assert.match(based, /hostnames: \["b\.example"\]/)
  assert.match(based, /value: "\/tools"/)
  assert.doesNotMatch(await route(''), /^ {2}hostnames/m)
})

test('without a Streamlit page Pods need no session persistence', async (t) => {
  const files = filesOf('kubernetes', await planOf(t, '[workers.api]\napp = "main:app"\n'))
  assert.ok(!files.some(({ path }) => path.endsWith('session-persistence.yaml')))
  assert.doesNotMatch(textOf(files, 'kubernetes/kustomization.yaml'), /patches/)
})

test('workers with accounts of their own need a service that is root', async (t) => {
  const unit = async (keys: string): Promise<string> =>
    textOf(
      filesOf('systemd', await planOf(t, `[workers.api]\napp = "main:app"\n${keys}`)),
      'systemd/fluxlit.service',
    )
  assert.match(await unit(''), /^DynamicUser=yes$/m)
  const rooted = await unit('user = "app"\n')
  assert.doesNotMatch(rooted, /^DynamicUser|~@privileged/m)
  assert.match(rooted, /^CapabilityBoundingSet=CAP_SETUID /m)
})

test('a project in a home is seen by the service, and words of ExecStart= are quoted', async (t) => {
  const plan = await planOf(t, both, { root: '/home/ann/my shop 100%', executable: '/usr/bin/fluxlit' })
  const unit = textOf(filesOf('systemd', plan), 'systemd/fluxlit.service')
  assert.match(unit, /^ProtectHome=read-only$/m)
  assert.match(unit, /^ExecStart=\/usr\/bin\/fluxlit serve -c "\/home\/ann\/my shop 100%%\/fluxlit\.toml"$/m)
})

test('the socket unit opens the address of the configuration', async (t) => {
  const socket = async (toml: string): Promise<string> =>
    textOf(filesOf('systemd', await planOf(t, toml + both)), 'systemd/fluxlit.socket')
  assert.match(await socket('gateway_host = "::"\ngateway_port = 443\n'), /^ListenStream=\[::\]:443$/m)
  assert.match(await socket(''), /^ListenStream=127\.0\.0\.1:8000$/m)
})

test('apps behind Unix sockets share their directory with the sidecar', async (t) => {
  const toml = '[workers.api]\nkind = "uvicorn"\nurl = "unix:/run/apps/api.sock"\n'
  const text = textOf(filesOf('sidecar', await planOf(t, toml)), 'sidecar/deployment.yaml')
  assert.equal(text.match(/mountPath: \/run\/apps$/gm)?.length, 2)
  assert.match(text, /- name: run-apps\n +emptyDir: \{\}/)
})

test('a Streamlit app beside the sidecar takes the key of its cookies from the Secret, others do not', async (t) => {
  const toml = ['uvicorn', 'streamlit'].map(
    (kind, index) => `[workers.${kind}]\nkind = "${kind}"\nurl = "http://127.0.0.1:800${index}"\n`,
  )
  const text = textOf(filesOf('sidecar', await planOf(t, toml.join(''))), 'sidecar/deployment.yaml')
  assert.equal(text.match(/STREAMLIT_SERVER_COOKIE_SECRET/g)?.length, 1)
  assert.match(text, /- name: streamlit\n[^]*STREAMLIT_SERVER_COOKIE_SECRET\n +valueFrom:\n +secretKeyRef:/)
})
