/** The definitions of the Gateway API, and what they say about our route. */

import assert from 'node:assert/strict'
import { join } from 'node:path'

import { repository } from '../../test/support/python.ts'
import type { Cluster } from './cluster.ts'
import type { Tell } from './report.ts'

const manifests = join(repository, 'config', 'deploy', 'kubernetes')

/**
 * Installs the standard channel, which has no session persistence, then the experimental one.
 * @param definitions directory with both
 */
export async function gatewayApi(cluster: Cluster, definitions: string, tell: Tell): Promise<void> {
  const file = 'gateway.networking.k8s.io_httproutes.yaml'
  const dry = ['apply', '--dry-run=server', '--kustomize', manifests]
  await install(cluster, join(definitions, 'standard', file))
  const refused = await cluster.tryKubectl(dry)
  assert.notEqual(refused.code, 0)
  assert.match(refused.stderr, /unknown field "spec\.rules\[0\]\.sessionPersistence"/)
  assert.equal(lines(refused.stdout), 5, refused.stdout)
  tell(
    'the standard channel refuses session persistence as an unknown field, and takes the other five objects',
  )
  await install(cluster, join(definitions, 'experimental', file))
  const { code, stdout, stderr } = await cluster.tryKubectl(dry)
  assert.deepEqual([code, stderr], [0, ''])
  tell(`the experimental channel takes all ${lines(stdout)} objects, without a warning`)
}

function lines(text: string): number {
  return text.trim().split('\n').length
}

async function install(cluster: Cluster, file: string): Promise<void> {
  await cluster.kubectl('apply', '--server-side', '-f', file)
  const name = 'customresourcedefinition/httproutes.gateway.networking.k8s.io'
  await cluster.kubectl('wait', name, '--for', 'condition=Established', '--timeout', '60s')
}
