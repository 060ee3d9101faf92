/** What comes and goes while clients ask without a pause, through the Service as kube-proxy balances it. */

import assert from 'node:assert/strict'

import { load } from '../../test/support/load.ts'
import type { Finished } from '../../test/support/binary.ts'
import type { Load } from '../../test/support/load.ts'
import type { Question } from '../../test/support/http.ts'
import type { Cluster } from './cluster.ts'
import { endings } from './endings.ts'
import { codesText, openPages } from './open-pages.ts'
import { pods, restarts, serviceAddress, settled, urlOf } from './pods.ts'
import type { Tell } from './report.ts'

/** Requests that have to follow, so that what came last is counted, too. */
const after = 50

/** An app that is asked while something happens to its Pods. */
export interface Target {
  readonly namespace: string
  /** Name of its Deployment and of its Service. */
  readonly name: string
}

/**
 * Asks with GET and POST, over kept connections and over new ones, while `happen` runs and until the Pods have settled.
 * Fails when one request did not get its answer.
 */
export async function underLoad(
  cluster: Cluster,
  { namespace, name }: Target,
  { what, happen }: { readonly what: string; readonly happen: () => Promise<void> },
  tell: Tell,
): Promise<void> {
  const [address = ''] = await serviceAddress(cluster, namespace, name)
  const loads = lanes(urlOf(address))
  await Promise.all(loads.map((each) => each.more(after)))
  const started = performance.now()
  await happen()
  await settled(cluster, namespace, 2)
  await Promise.all(loads.map((each) => each.more(after)))
  const seconds = (performance.now() - started) / 1000
  const sent = (await Promise.all(loads.map((each) => each.stop()))).flat()
  const failed = loads.flatMap((each) => each.failed)
  const posts = [loads[1], loads[3]].reduce((sum, each) => sum + (each?.sent.length ?? 0), 0)
  tell(
    `${what}: ${sent.length} requests in ${seconds.toFixed(0)} s (${posts} of them POST), ${failed.length} failed`,
  )
  assert.deepEqual(failed.slice(0, 10), [])
  assert.equal(restarts(await pods(cluster, namespace)), 0)
}

function lanes(url: string): readonly Load[] {
  const body = JSON.stringify({ name: 'Tea', price: 2 })
  const headers = { 'content-type': 'application/json', 'content-length': body.length }
  const post = (): Question => ({ method: 'POST', headers, body })
  return [true, false].flatMap((keepAlive) => [
    load(endings, { url: `${url}/api/items/1`, lanes: 2, keepAlive }),
    load(endings, { url: `${url}/api/items`, lanes: 2, keepAlive, question: post }),
  ])
}

/** A new version, a Pod that somebody deletes, and one that has to leave its machine. */
export async function replacements(cluster: Cluster, target: Target, tell: Tell): Promise<void> {
  const { namespace, name } = target
  const own = ['--namespace', namespace]
  const [address = ''] = await serviceAddress(cluster, namespace, name)
  const rollout = async (): Promise<void> => {
    const { ended } = await openPages(urlOf(address))
    await cluster.kubectl('rollout', 'restart', `deployment/${name}`, ...own)
    await cluster.kubectl('rollout', 'status', `deployment/${name}`, '--timeout', '5m', ...own)
    const codes = await ended
    assert.deepEqual([...codes.keys()], [1012])
    tell(`open pages are told that the service restarts: ${codesText(codes)}`)
  }
  const deletion = async (): Promise<void> => {
    const [pod] = await pods(cluster, namespace)
    await cluster.kubectl('delete', 'pod', pod?.metadata.name ?? '', ...own)
  }
  const eviction = (): Promise<void> => evictBoth(cluster, namespace, tell)
  await underLoad(cluster, target, { what: 'kubectl rollout restart', happen: rollout }, tell)
  await underLoad(cluster, target, { what: 'kubectl delete pod', happen: deletion }, tell)
  await underLoad(cluster, target, { what: 'eviction', happen: eviction }, tell)
}

/** What `kubectl drain` does: the budget lets one go, and the other only when there is a new one. */
async function evictBoth(cluster: Cluster, namespace: string, tell: Tell): Promise<void> {
  const asked: Finished[] = []
  for (const { metadata } of await pods(cluster, namespace)) {
    const { name } = metadata
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/eviction`
    asked.push(await cluster.tryKubectl(['create', '--raw', path, '-f', '-'], JSON.stringify(eviction)))
  }
  assert.deepEqual(
    asked.map(({ code }) => code === 0),
    [true, false],
    JSON.stringify(asked),
  )
  assert.match(asked[1]?.stderr ?? '', /disruption budget/)
  tell('of two evictions at once the disruption budget allowed one and refused one')
}
