/** What the last status of a Pod says about the end of its containers. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { Cluster } from './cluster.ts'
import type { Pod } from './pods.ts'

/** How a container ended. */
export interface End {
  readonly exitCode: number
  readonly finishedAt: string
}

/** Resolves when the Pod is gone: how each of its containers ended, by name. */
export async function watchEnd(
  cluster: Cluster,
  namespace: string,
  pod: string,
): Promise<ReadonlyMap<string, End>> {
  const words = [
    'get',
    'pod',
    pod,
    '--namespace',
    namespace,
    '--watch',
    '--output-watch-events',
    '--output',
    'json',
  ]
  const env = { PATH: process.env['PATH'], KUBECONFIG: cluster.kubeconfig, HOME: cluster.state }
  const child = spawn(join(cluster.programs, 'kubectl'), words, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ends = new Map<string, End>()
  for await (const line of createInterface({ input: child.stdout })) {
    const event: { readonly type: string; readonly object: Pod } = JSON.parse(line)
    note(event.object, ends)
    if (event.type === 'DELETED') child.kill()
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return ends
}

function note({ status }: Pod, ends: Map<string, End>): void {
  for (const { name, state } of [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
  ]) {
    if (state.terminated !== undefined) ends.set(name, state.terminated)
  }
}
