/** The way "a sidecar in front of containers you have", with apps that are not there for a minute. */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { marked } from '../../test/support/document.ts'
import { eventually } from '../../test/support/eventually.ts'
import { ask, shakeHands } from '../../test/support/http.ts'
import type { Cluster } from './cluster.ts'
import { codesText, openPages } from './open-pages.ts'
import { isReady, pods, restarts, serviceAddress, settled, urlOf } from './pods.ts'
import type { Pod } from './pods.ts'
import type { Tell } from './report.ts'
import { underLoad } from './under-load.ts'
import { commands, quickstart, walk } from './walk.ts'
import { watchEnd } from './watch-end.ts'

const namespace = 'default'
const target = { namespace, name: 'shop' }

/** Seconds in which nobody listens where the apps should. */
const absentS = 60

/** Walks it, and looks at what came of it. */
export async function sidecarWay(cluster: Cluster, tell: Tell): Promise<void> {
  const directory = quickstart(cluster, 'shop')
  writeFileSync(join(directory, 'fluxlit.toml'), marked('deployment.md', 'snippet: sidecar'))
  await appImages(cluster, directory)
  await cluster.kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
  assert.doesNotMatch(await walk(cluster, directory, commands('sidecar')), /^Warning:/m)
  await whileAbsent(cluster, tell)
  const all = await settled(cluster, namespace, 2)
  assert.equal(restarts(all), 0)
  await answers(cluster, tell)
  await endUnderLoad(cluster, tell)
}

/** Deletes one of its Pods while clients ask. */
export async function endUnderLoad(cluster: Cluster, tell: Tell): Promise<void> {
  const happen = (): Promise<void> => ending(cluster, tell)
  await underLoad(cluster, target, { what: 'kubectl delete pod', happen }, tell)
}

/** The apps as images of their own, started with the command line that `fluxlit check --worker` prints. */
async function appImages(cluster: Cluster, directory: string): Promise<void> {
  const apps = {
    api: ['uvicorn APP', 'uvicorn main:app'],
    ui: ['run SCRIPT', 'run streamlit_app.py'],
  } as const
  for (const [name, [word, app]] of Object.entries(apps)) {
    const printed = await walk(cluster, directory, [`fluxlit check --worker ${name}`])
    const line = printed.split('\n').find((each) => each.includes(word)) ?? ''
    const command = ['sh', '-c', `sleep ${absentS}; exec python -m ${line.replace(word, app)}`]
    cluster.load(await cluster.images.app(`registry.example/shop-${name}:1`, directory, command))
  }
}

/** Alive, not ready, and not started again. */
async function whileAbsent(cluster: Cluster, tell: Tell): Promise<void> {
  const first = await eventually('the sidecar has started', async () => {
    const [pod] = await pods(cluster, namespace)
    return sidecarOf(pod)?.started === true ? pod : undefined
  })
  const { podIP = '' } = first.status
  const since = performance.now()
  const url = urlOf(podIP, 8000)
  const seen = new Set<string>()
  await eventually(
    'the Pod is ready',
    async () => {
      const now = (await pods(cluster, namespace)).find(
        ({ metadata }) => metadata.name === first.metadata.name,
      )
      if (now === undefined || isReady(now)) return now !== undefined
      const live = await ask(`${url}/__fluxlit/livez`)
      const ready = await ask(`${url}/__fluxlit/readyz`)
      const { started, ready: counted, restartCount } = sidecarOf(now) ?? {}
      // The last look may fall between the first answer of the apps and what the kubelet has written.
      if (ready.status !== 200)
        seen.add(
          `livez ${live.status}, readyz ${ready.status}, started ${started}, ready ${counted}, ${restartCount} restarts`,
        )
      return false
    },
    240_000,
  )
  const seconds = (performance.now() - since) / 1000
  assert.deepEqual([...seen], ['livez 200, readyz 503, started true, ready false, 0 restarts'])
  assert.ok(seconds > absentS - 20, `the apps were there after ${seconds} s`)
  tell(`apps absent: for ${seconds.toFixed(0)} s ${[...seen].join()}; then ready`)
}

async function answers(cluster: Cluster, tell: Tell): Promise<void> {
  for (const ip of await serviceAddress(cluster, namespace, 'shop')) {
    const url = urlOf(ip)
    assert.match((await ask(`${url}/`)).body, /<title>Streamlit<\/title>/)
    assert.equal((await ask(`${url}/api/items`)).status, 200)
    const socket = await shakeHands(`${url}/_stcore/stream`, { origin: url })
    assert.equal(socket.kind, 'open')
    if (socket.kind === 'open') socket.socket.destroy()
  }
  tell('page, API and WebSocket answer through the sidecar')
}

/** Deletes a Pod, and sees in which order its containers end. */
async function ending(cluster: Cluster, tell: Tell): Promise<void> {
  const [pod] = await pods(cluster, namespace)
  const name = pod?.metadata.name ?? ''
  const watch = watchEnd(cluster, namespace, name)
  const { ended } = await openPages(urlOf(pod?.status.podIP ?? '', 8000))
  const since = performance.now()
  await cluster.kubectl('delete', 'pod', name, '--namespace', namespace)
  const seconds = (performance.now() - since) / 1000
  const ends = await watch
  tell(`open pages of the Pod ended: ${codesText(await ended)}`)
  const sidecar = ends.get('fluxlit')
  assert.ok(sidecar !== undefined && ends.size === 3, JSON.stringify([...ends]))
  for (const [container, end] of ends) {
    assert.ok(sidecar.finishedAt >= end.finishedAt, `${container} outlived the sidecar`)
  }
  assert.equal(sidecar.exitCode, 0)
  const inTurn = [...ends].toSorted(([, a], [, b]) => a.finishedAt.localeCompare(b.finishedAt))
  const order = inTurn.map(
    ([container, end]) => `${container} ${end.finishedAt.slice(11, 19)} (${end.exitCode})`,
  )
  tell(`a Pod's end took ${seconds.toFixed(0)} s; containers ended at ${order.join(', ')}`)
}

function sidecarOf(pod: Pod | undefined) {
  return pod?.status.initContainerStatuses?.find(({ name }) => name === 'fluxlit')
}
