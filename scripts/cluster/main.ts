/**
 * Starts a cluster of one node, walks the documented ways, writes docs/cluster.md, and takes everything down. Exit status
 * 1 when something did not hold. \`npm run cluster\` prepares it and starts it in a network namespace of its own:
 *
 *   unshare --net node --import tsx scripts/cluster/main.ts PROGRAMS DEFINITIONS
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { binary } from '../../test/support/binary.ts'
import { repository } from '../../test/support/python.ts'
import type { Cluster } from './cluster.ts'
import { endAll } from './endings.ts'
import { gatewayApi } from './gateway-api.ts'
import { kubernetesWay, namespace } from './kubernetes-way.ts'
import { ClusterNode } from './node.ts'
import { oddPod } from './odd-pod.ts'
import { page, versions } from './report.ts'
import type { Section, Tell } from './report.ts'
import { sidecarWay } from './sidecar-way.ts'
import { tlsWay } from './tls-way.ts'
import { replacements } from './under-load.ts'

interface Way {
  readonly title: string
  readonly walk: (cluster: Cluster, tell: Tell) => Promise<void>
}

const quickstart = { namespace, name: 'quickstart' }

const ways: readonly Way[] = [
  { title: 'Gateway API', walk: (cluster, tell) => gatewayApi(cluster, definitions, tell) },
  { title: 'Everything in one container', walk: kubernetesWay },
  { title: 'Pods that come and go', walk: (cluster, tell) => replacements(cluster, quickstart, tell) },
  { title: 'A sidecar in front of containers', walk: sidecarWay },
  { title: 'Pods that are different', walk: oddPod },
  { title: 'TLS', walk: tlsWay },
]

const [programs = '', definitions = ''] = process.argv.slice(2)

/** What was seen on a way; null when something did not hold, which is told. */
async function seen(cluster: Cluster, { title, walk }: Way): Promise<Section | null> {
  const lines: string[] = []
  const started = performance.now()
  console.log(`>> ${title}`)
  try {
    await walk(cluster, (line) => {
      lines.push(line)
      console.log(`   ${line}`)
    })
    console.log(`ok ${title} (${((performance.now() - started) / 1000).toFixed(0)} s)`)
    return { title, lines }
  } catch (error) {
    console.error(error)
    console.error((await cluster.tryKubectl(['get', 'pods', '--all-namespaces', '--output', 'wide'])).stdout)
    console.error((await cluster.tryKubectl(['events', '--all-namespaces', '--types', 'Warning'])).stdout)
    return null
  }
}

async function main(cluster: Cluster): Promise<void> {
  const sections: Section[] = []
  for (const way of ways) {
    const section = await seen(cluster, way)
    if (section !== null) sections.push(section)
  }
  if (sections.length < ways.length) {
    console.error(`${ways.length - sections.length} of ${ways.length} ways did not hold`)
    process.exitCode = 1
    return
  }
  writeFileSync(join(repository, 'docs', 'cluster.md'), page(versions(binary()), sections))
  console.log('wrote docs/cluster.md')
}

const state = mkdtempSync(join(tmpdir(), 'fl-cluster-'))
const node = new ClusterNode(state, programs)
let ending: Promise<void> | null = null

/** Leaves no process, no cgroup and no file. */
function end(): Promise<void> {
  ending ??= endAll()
    .then(() => node.stop())
    .then(() => rmSync(state, { recursive: true, force: true }))
  return ending
}

// More than once: the kernel tells us of the end of our parent for each of its threads.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void end().finally(() => process.exit(1)))
process.on('uncaughtException', (error) => {
  console.error(error)
  void end().finally(() => process.exit(1))
})

try {
  console.log('>> a node')
  const started = performance.now()
  const cluster = await node.ready()
  console.log(`ok a node (${((performance.now() - started) / 1000).toFixed(0)} s)`)
  await main(cluster)
} catch (error) {
  process.exitCode = 1
  console.error(error)
  console.error(['kube-apiserver', 'kubelet'].map((name) => node.cluster.log(name)).join('\n'))
} finally {
  await end()
}
