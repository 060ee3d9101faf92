/** Pods that are not like the documented one: variables of a Service, any account, no home, one address family, little memory. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { app } from '../../test/support/apps.ts'
import { eventually } from '../../test/support/eventually.ts'
import { ask } from '../../test/support/http.ts'
import type { Cluster } from './cluster.ts'
import { writeNetwork } from './files.ts'
import { pods, restarts, settled, urlOf } from './pods.ts'
import type { Pod } from './pods.ts'
import type { Tell } from './report.ts'
import { commands, project, walk } from './walk.ts'

const namespace = 'odd'
const account = 1_234_567

/** The project is called like the product, and so is its Service. */
const name = 'fluxlit'

/** Starts two such Pods, and looks at one. */
export async function oddPod(cluster: Cluster, tell: Tell): Promise<void> {
  await cluster.kubectl('create', 'namespace', namespace)
  await cluster.kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
  const directory = await odd(cluster)
  writeNetwork(cluster.state, ['v6'])
  try {
    // The Service first: only Pods that start later get its variables.
    await cluster.kubectl(
      'apply',
      '-f',
      join(directory, 'kubernetes', 'service.yaml'),
      '--namespace',
      namespace,
    )
    await walk(cluster, directory, [
      'cd kubernetes',
      `kustomize edit set namespace ${namespace}`,
      'kubectl apply --kustomize .',
    ])
    const [pod] = await settled(cluster, namespace, 2)
    assert.ok(pod !== undefined)
    await surroundings(cluster, pod, tell)
    await memory(cluster, pod, tell)
  } finally {
    writeNetwork(cluster.state, ['v4', 'v6'])
  }
}

/** A project whose manifests and image are changed where a user would. */
async function odd(cluster: Cluster): Promise<string> {
  const files = {
    'fluxlit.toml': '[workers.api]\napp = "trouble:app"\n',
    'trouble.py': app('trouble.py'),
    'requirements.txt': '',
  }
  const directory = project(cluster, name, files)
  await walk(cluster, directory, ['fluxlit build', 'fluxlit build --kind kubernetes'])
  edit(join(directory, 'Dockerfile'), 'ENV HOME=/tmp\n', '')
  await walk(cluster, directory, [
    ...commands('image')
      .slice(1, 3)
      .map((line) => line.replace(/registry\S+/, 'registry.example/odd:1')),
    'cd kubernetes && kustomize edit set image fluxlit=registry.example/odd:1',
  ])
  const deployment = join(directory, 'kubernetes', 'deployment.yaml')
  edit(deployment, 'enableServiceLinks: false', 'enableServiceLinks: true')
  edit(deployment, 'runAsUser: 65532', `runAsUser: ${account}`)
  edit(deployment, /memory: \d+Mi\n(?! {10}volumeMounts)/, 'memory: 200Mi\n')
  edit(deployment, /limits:\n {14}memory: \d+Mi/, 'limits:\n              memory: 400Mi')
  return directory
}

async function surroundings(cluster: Cluster, pod: Pod, tell: Tell): Promise<void> {
  const run = (...words: readonly string[]) =>
    cluster.tryKubectl(['exec', pod.metadata.name, '--namespace', namespace, '--', ...words])
  const env = (await run('env')).stdout
  assert.match(env, /^FLUXLIT_PORT=tcp:\/\/\S+$/m, 'the variables of the Service are there')
  assert.doesNotMatch(env, /^HOME=\/./m)
  assert.match((await run('id')).stdout, new RegExp(`uid=${account} `))
  assert.notEqual((await run('touch', '/app/x')).code, 0, 'the root file system cannot be written to')
  const { stdout: log } = await cluster.tryKubectl(['logs', pod.metadata.name, '--namespace', namespace])
  const loud = log.split('\n').filter((line) => line !== '' && !line.includes('"level":"info"'))
  assert.deepEqual(loud, [])
  const addresses = (pod.status.podIPs ?? []).map(({ ip }) => ip)
  assert.ok(addresses.length === 1 && addresses[0]?.includes(':'), addresses.join())
  assert.equal((await ask(`${urlOf(addresses[0] ?? '', 8000)}/api/`)).status, 200)
  tell(
    `a Service called fluxlit, account ${account}, no HOME, read-only, IPv6 only (${addresses.join()}): ready, no warning`,
  )
}

/** Lets a worker outgrow the container. */
async function memory(cluster: Cluster, pod: Pod, tell: Tell): Promise<void> {
  const url = `${urlOf(pod.status.podIP ?? '', 8000)}/api/`
  const who = async (): Promise<string> => (await ask(url)).body
  const before = await who()
  await ask(`${url}grow?mebibytes=1000`, { method: 'POST' }).catch(() => undefined)
  await eventually('a new worker answers', async () => {
    const answer = await ask(url)
    return answer.status === 200 && answer.body !== before
  })
  const { stdout: log } = await cluster.tryKubectl(['logs', pod.metadata.name, '--namespace', namespace])
  const [reason] = /worker api ended: [^"]*/.exec(log) ?? []
  assert.match(reason ?? '', /killed by the kernel: out of memory/)
  const now = (await pods(cluster, namespace)).filter(({ metadata }) => metadata.name === pod.metadata.name)
  assert.deepEqual([now.length, restarts(now)], [1, 0])
  tell(`memory limit: "${reason}"; a new worker answers, the container was not started again`)
}

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(file, 'utf8')
  const changed = text.replace(from, to)
  assert.notEqual(changed, text, `${file} has no ${String(from)}`)
  writeFileSync(file, changed)
}
