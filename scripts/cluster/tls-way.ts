/** HTTPS with a certificate from a Secret, which is renewed while the Pods run. */

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'
import { connect } from 'node:tls'

import { makePair } from '../../test/support/certificates.ts'
import { eventually } from '../../test/support/eventually.ts'
import type { Cluster } from './cluster.ts'
import { pods, restarts, serviceAddress, settled } from './pods.ts'
import type { Tell } from './report.ts'
import { commands, quickstart, walk } from './walk.ts'

const namespace = 'secure'
const host = 'app.example'

/** Walks the way to Kubernetes with TLS on. */
export async function tlsWay(cluster: Cluster, tell: Tell): Promise<void> {
  const directory = quickstart(cluster, 'vault')
  const toml = join(directory, 'fluxlit.toml')
  writeFileSync(toml, `${readFileSync(toml, 'utf8')}\n[tls]\ncert_file = "tls.crt"\nkey_file = "tls.key"\n`)
  const image = 'registry.example/vault:1'
  const lines = commands('image').slice(0, 3)
  await walk(
    cluster,
    directory,
    lines.map((line) => line.replace(/registry\S+/, image)),
  )
  const made = await walk(cluster, directory, [
    'fluxlit build --kind kubernetes',
    'cat kubernetes/deployment.yaml',
  ])
  assert.match(made, /kubectl create secret tls vault-tls --cert FILE --key FILE/)
  await cluster.kubectl('create', 'namespace', namespace)
  await cluster.kubectl('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted')
  await secret(cluster, 'create')
  await walk(cluster, directory, [
    'cd kubernetes',
    `kustomize edit set image vault=${image}`,
    `kustomize edit set namespace ${namespace}`,
    'kubectl apply --kustomize .',
  ])
  const all = await settled(cluster, namespace, 2)
  const [address = ''] = await serviceAddress(cluster, namespace, 'vault')
  const before = await fingerprint(address)
  tell('HTTPS probes pass, and the Service answers with the certificate of the Secret')
  await renewal(
    cluster,
    all.map(({ status }) => status.podIP ?? ''),
    before,
    tell,
  )
  assert.equal(restarts(await pods(cluster, namespace)), 0)
}

/** The kubelet brings a changed Secret into running Pods within about a minute. */
async function renewal(
  cluster: Cluster,
  addresses: readonly string[],
  before: string,
  tell: Tell,
): Promise<void> {
  const started = performance.now()
  await secret(cluster, 'replace')
  for (const address of addresses)
    await eventually(
      'the renewed certificate is presented',
      async () => (await fingerprint(address, 8000)) !== before,
      240_000,
    )
  tell(
    `a renewed Secret is presented by every Pod after ${((performance.now() - started) / 1000).toFixed(0)} s, none was started again`,
  )
}

async function secret(cluster: Cluster, verb: 'create' | 'replace'): Promise<void> {
  const { cert, key } = await makePair(cluster.state, host)
  const files = ['--cert', cert, '--key', key]
  const words = ['create', 'secret', 'tls', 'vault-tls', '--namespace', namespace, ...files]
  if (verb === 'create') return void (await cluster.kubectl(...words))
  const text = await cluster.kubectl(...words, '--dry-run=client', '--output', 'yaml')
  const { code, stderr } = await cluster.tryKubectl(['replace', '-f', '-'], text)
  assert.equal(code, 0, stderr)
}

/** Of the certificate that is presented. */
async function fingerprint(address: string, port = 443): Promise<string> {
  const socket = connect({ host: address, port, servername: host, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerCertificate().fingerprint256
  } finally {
    socket.destroy()
  }
}
