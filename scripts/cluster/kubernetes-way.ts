/** The way "everything in one container", as documented, in a namespace that admits only restricted Pods. */

import assert from 'node:assert/strict'

import { ask, shakeHands } from '../../test/support/http.ts'
import type { Cluster } from './cluster.ts'
import { pods, restarts, serviceAddress, settled, urlOf } from './pods.ts'
import type { Tell } from './report.ts'
import { commands, quickstart, walk } from './walk.ts'

export const namespace = 'shop'

/** Walks it, and looks at what came of it. */
export async function kubernetesWay(cluster: Cluster, tell: Tell): Promise<void> {
  const started = performance.now()
  const directory = quickstart(cluster)
  await walk(cluster, directory, commands('image').slice(0, 3))
  const admission = `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=restricted pod-security.kubernetes.io/warn=restricted`
  const lines = commands('kubernetes').flatMap((line) =>
    line.startsWith('kubectl create namespace') ? [line, admission] : [line],
  )
  const output = await walk(cluster, directory, lines)
  assert.doesNotMatch(output, /^Warning:/m)
  assert.match(output, /successfully rolled out/)
  const all = await settled(cluster, namespace, 2)
  tell(`two Pods ready ${((performance.now() - started) / 1000).toFixed(0)} s after the first command`)
  assert.equal(restarts(all), 0)
  await answersEverywhere(cluster, tell)
  await probes(cluster, tell)
}

export async function answersEverywhere(cluster: Cluster, tell: Tell): Promise<void> {
  const all = await pods(cluster, namespace)
  const services = await serviceAddress(cluster, namespace, 'quickstart')
  const addresses = all.flatMap(({ status }) => status.podIPs ?? []).map(({ ip }) => ip)
  const urls = [...services.map((ip) => urlOf(ip)), ...addresses.map((ip) => urlOf(ip, 8000))]
  for (const url of urls) {
    assert.match((await ask(`${url}/`)).body, /<title>Streamlit<\/title>/, url)
    assert.equal((await ask(`${url}/api/items`)).status, 200, url)
    const socket = await shakeHands(`${url}/_stcore/stream`, { origin: url })
    assert.equal(socket.kind, 'open', url)
    if (socket.kind === 'open') socket.socket.destroy()
  }
  for (const ip of addresses)
    assert.match((await ask(`${urlOf(ip, 9465)}/metrics`)).body, /^fluxlit_/m, `metrics of ${ip}`)
  tell(
    `page, API and WebSocket answer at ${services.length} addresses of the Service and ${addresses.length} of Pods`,
  )
}

/** No probe may have failed but that of readiness while the apps start. */
async function probes(cluster: Cluster, tell: Tell): Promise<void> {
  const { items } = await cluster.get<{
    readonly items: readonly { readonly reason: string; readonly message: string; readonly type: string }[]
  }>('events', '--namespace', namespace)
  const warnings = items.filter(({ type }) => type === 'Warning')
  const unexpected = warnings.filter(
    ({ reason, message }) =>
      !message.startsWith('Readiness probe failed') && !/^Failed(Get|Compute)/.test(reason),
  )
  assert.deepEqual(
    unexpected.map(({ reason, message }) => `${reason}: ${message}`),
    [],
  )
  tell(
    `${warnings.length} warnings among ${items.length} events, all about readiness before the apps are up, or the missing metrics server`,
  )
}
