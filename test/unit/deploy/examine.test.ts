import assert from 'node:assert/strict'
import { test } from 'node:test'

import { examineFiles } from '../../../internal/deploy/examine.ts'
import { deploymentFiles } from '../../../internal/deploy/files.ts'
import type { DeployKind } from '../../../internal/deploy/kinds.ts'
import type { Plan } from '../../../internal/deploy/plan.ts'
import { milliseconds } from '../../../internal/deploy/span.ts'
import type { DeployFile } from '../../../internal/deploy/text.ts'
import { planOf } from './plans.ts'

const spawned = '[workers.api]\napp = "main:app"\n[workers.ui]\nscript = "streamlit_app.py"\n'
const elsewhere = '[workers.api]\nkind = "uvicorn"\nurl = "http://127.0.0.1:8001"\n'

function examined({ path }: DeployFile): boolean {
  return /compose\.yaml|deployment\.yaml|systemd\//.test(path)
}

function written(kind: DeployKind, plan: Plan): readonly DeployFile[] {
  const made = deploymentFiles(kind, plan)
  if (made.kind === 'problems') throw new Error(JSON.stringify(made.problems))
  return made.files.filter(examined)
}

/** `state code place: message` of everything that is found in changed files. */
function findings(
  files: readonly DeployFile[],
  plan: Plan,
  change = (text: string): string => text,
): readonly string[] {
  const changed = files.map((file) => ({ ...file, text: change(file.text) }))
  return examineFiles(changed, plan).map(
    ({ state, code, where = '', message }) => `${state} ${code} ${where.replace(/:\d+$/, ':N')}: ${message}`,
  )
}

/** The container is told another port than the configuration. */
const told = (text: string): string =>
  text.replace(
    '- name: FLUXLIT_DRAIN_DELAY',
    '- name: FLUXLIT_GATEWAY_PORT\n              value: "8000"\n            - name: FLUXLIT_DRAIN_DELAY',
  )

/** Nothing is said of the delay. */
const without = (text: string): string => text.replace(/- name: FLUXLIT_DRAIN_DELAY\n +value: .*\n/, '')

test('what build writes fits, whatever the configuration says', async (t) => {
  for (const keys of [
    '',
    'gateway_port = 80\ngateway_host = "::"\n',
    '[drain]\ndelay = "7s"\ntimeout = "10m"\n',
    'gateway_port = 0\n[drain]\ntimeout = "0s"\n',
  ])
    for (const workers of [spawned, elsewhere]) {
      const plan = await planOf(t, keys + workers)
      assert.deepEqual(findings(written('all', plan), plan), [], keys)
    }
})

test('a stop that takes longer than it did is found in every file, with its line and the number to write', async (t) => {
  const files = written('all', await planOf(t, spawned))
  const longer = await planOf(t, `[drain]\ntimeout = "2m"\n${spawned}`)
  assert.deepEqual(findings(files, longer), [
    'FAIL deploy_grace compose.yaml:N: after 40 s the gateway is killed, and it may need more than drain.timeout 120 s + stop_grace 10 s + 5 s',
    'FAIL deploy_grace kubernetes/deployment.yaml:N: after 45 s the gateway is killed, and it may need more than drain.delay 5 s + drain.timeout 120 s + stop_grace 10 s + 5 s',
    'FAIL deploy_grace systemd/fluxlit.service:N: after 40 s the gateway is killed, and it may need more than drain.timeout 120 s + stop_grace 10 s + 5 s',
  ])
  const [compose] = examineFiles(files, longer)
  assert.match(compose?.hint ?? '', /^write stop_grace_period: 140s, /)
  assert.match(compose?.where ?? '', /^compose\.yaml:\d+$/)
})

test('what nobody wrote counts as the default of Docker and Kubernetes', async (t) => {
  const plan = await planOf(t, spawned)
  const lines = findings(written('all', plan), plan, (text) =>
    text.replace(/^ +(stop_grace_period|terminationGracePeriodSeconds): .*$/m, ''),
  )
  assert.deepEqual(
    lines.map((line) => line.replace(/ the gateway.*/, '')),
    [
      'FAIL deploy_grace compose.yaml: after 10 s',
      'FAIL deploy_grace kubernetes/deployment.yaml: after 30 s',
    ],
  )
})

test('a port that moved is found where traffic still goes to the old one', async (t) => {
  const files = written('all', await planOf(t, spawned))
  const moved = await planOf(t, `gateway_port = 9000\n${spawned}`)
  assert.deepEqual(findings(files, moved), [
    'FAIL deploy_port compose.yaml:N: traffic goes to 8000, and the gateway listens on 9000',
    'FAIL deploy_port kubernetes/deployment.yaml:N: traffic goes to 8000, and the gateway listens on 9000',
    'FAIL deploy_port systemd/fluxlit.socket:N: traffic goes to 127.0.0.1:8000, and the gateway listens on 127.0.0.1:9000',
  ])
  const kubernetes = files.filter(({ path }) => path.startsWith('kubernetes'))
  assert.deepEqual(findings(kubernetes, moved, told), [], 'a variable of the container counts')
})

test('probes that ask the wrong one are found', async (t) => {
  const plan = await planOf(t, spawned)
  const files = written('kubernetes', plan)
  const name = 'kubernetes/deployment.yaml:N'
  const probe = (change: (text: string) => string): readonly string[] => findings(files, plan, change)
  assert.deepEqual(
    probe((text) => text.replace('/__fluxlit/readyz', '/healthz')),
    [`FAIL deploy_probe ${name}: readinessProbe asks /healthz, which a worker answers and not the gateway`],
  )
  assert.deepEqual(
    probe((text) => text.replace('/__fluxlit/readyz', '/__fluxlit/livez')),
    [`FAIL deploy_probe ${name}: readinessProbe asks livez: Pods get requests before their apps answer`],
  )
  assert.deepEqual(
    probe((text) => text.replaceAll('/__fluxlit/livez', '/__fluxlit/readyz')),
    [
      `WARN deploy_probe ${name}: startupProbe waits for the workers: a slow import would end the Pod again and again`,
      `FAIL deploy_probe ${name}: livenessProbe asks for the workers: one that is down would end the whole Pod`,
    ],
  )
  assert.equal(findings(files, { ...plan, scheme: 'https' }).length, 3, 'all three speak plain HTTP')
})

test('a sidecar that waits for the apps behind it is found', async (t) => {
  const plan = await planOf(t, elsewhere)
  const lines = findings(written('sidecar', plan), plan, (text) =>
    text.replace('/__fluxlit/livez', '/__fluxlit/readyz'),
  )
  assert.deepEqual(lines, [
    'FAIL deploy_probe sidecar/deployment.yaml:N: startupProbe of the sidecar waits for apps that are started only after it',
  ])
})

test('a Pod whose listener closes at once is worth a warning, unless a hook waits', async (t) => {
  const plan = await planOf(t, spawned)
  assert.deepEqual(
    findings(written('kubernetes', plan), plan, without).map((line) => line.slice(0, 17)),
    ['WARN deploy_delay'],
  )
  const hooked = (text: string): string =>
    without(text).replace(
      'startupProbe:',
      'lifecycle: { preStop: { sleep: { seconds: 5 } } }\n          startupProbe:',
    )
  assert.deepEqual(findings(written('kubernetes', plan), plan, hooked), [])
})

test('settings under which the service cannot run are found', async (t) => {
  const plan = await planOf(t, spawned, { root: '/home/ann/shop' })
  const text = '[Service]\nMemoryDenyWriteExecute=yes\nProtectHome=true\nTimeoutStopSec=infinity\n'
  assert.deepEqual(findings([{ path: 'systemd/fluxlit.service', text }], plan), [
    'FAIL deploy_unit systemd/fluxlit.service:N: MemoryDenyWriteExecute ends the gateway at its first step: the engine inside compiles while it runs',
    'FAIL deploy_unit systemd/fluxlit.service:N: ProtectHome hides /home/ann/shop from the service',
  ])
})

test('a secret that was named after the unit was written is found, unless the unit hands it over', async (t) => {
  const files = written('systemd', await planOf(t, spawned))
  const plan = await planOf(t, `${spawned}env_file = "queue.env"\n`)
  assert.deepEqual(findings(files, plan), [
    'WARN deploy_unit systemd/fluxlit.service:N: /srv/shop/queue.env (workers.ui.env) is not handed to the service, whose account can read it only if everybody can',
  ])
  assert.deepEqual(findings(written('systemd', plan), plan), [])
  const lasting = findings(files, plan, (text) => text.replace('DynamicUser=yes', 'User=shop'))
  assert.deepEqual(lasting, [], 'another account may be allowed to read it')
})

test('files of other programs say nothing, and broken ones are named with their line', async (t) => {
  const plan = await planOf(t, spawned)
  const postgres = 'services:\n  db: { image: postgres }\n  cache: { image: redis }\n'
  const job = 'kind: Deployment\nspec: { template: { spec: { containers: [{ name: db }] } } }\n'
  for (const [path, text] of [
    ['compose.yaml', postgres],
    ['deployment.yaml', job],
    ['deployment.yaml', '- 1\n- [2]\n'],
    ['deployment.yaml', ''],
  ] as const)
    assert.deepEqual(findings([{ path, text }], plan), [])
  assert.match(
    findings([{ path: 'compose.yaml', text: 'services:\n  a: [\n' }], plan).join(),
    /^FAIL deploy_file compose\.yaml:N: the file is not YAML: /,
  )
})

test('spans of time are read as Docker and systemd do', () => {
  const read = ['40s', '1m30s', '1min 30s', '45', '1.5h', '500ms', 'infinity', 'soon', ''].map(milliseconds)
  assert.deepEqual(read, [40_000, 90_000, 90_000, 45_000, 5_400_000, 500, Infinity, null, null])
})
