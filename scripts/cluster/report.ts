/** What was seen, as it is told while it happens and as docs/cluster.md keeps it. */

import { spawnSync } from 'node:child_process'
import { release } from 'node:os'

import { gatewayApiVersion, kubernetesVersion } from './programs.mjs'

/** Takes one line of the report. */
export type Tell = (line: string) => void

/** One way and what was seen on it. */
export interface Section {
  readonly title: string
  readonly lines: readonly string[]
}

/** With what it was seen. */
export function versions(fluxlit: string): readonly string[] {
  return [
    `FluxLit ${versionOf(fluxlit)}`,
    `Kubernetes ${kubernetesVersion()}: kube-apiserver, kube-controller-manager, kube-scheduler, kubelet, kube-proxy (iptables), kubectl`,
    `Gateway API ${gatewayApiVersion}, experimental channel`,
    ...['etcd', 'containerd', 'runc'].map((program) => `${program} ${versionOf(program)}`),
    `Linux ${release()}`,
  ]
}

/** The page. */
export function page(used: readonly string[], sections: readonly Section[]): string {
  return `# On a cluster

Written by \`npm run cluster\` ([releasing](releasing.md#on-a-cluster)), which walks the ways of
[deployment](deployment.md#kubernetes) on a cluster of one node, as they stand there, with the quickstart. Every line is
also an assertion: the program fails when one does not hold. Requests are counted by clients that ask without a pause,
with GET and POST, over kept and over new connections, through the Service.

${list(used)}
${sections.map(({ title, lines }) => `## ${title}\n\n${list(lines)}`).join('\n')}
## What it does not show

* Images are made from the root file system and the packages of the tests, with the settings of the Dockerfile's last
  stage: \`docker build\` is tried elsewhere.
* No Gateway runs. Routes and session persistence are admitted by the definitions of the Gateway API, nobody acts on them.
* The network enforces no policies: NetworkPolicies are admitted, nothing more.
* There is no metrics server: the HorizontalPodAutoscaler goes to its least number of Pods, and does not scale by load.
* One node: spreading and draining of machines are the cluster's; evictions are asked for one by one.
`
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `* ${line}\n`).join('')
}

function versionOf(program: string): string {
  const { stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' })
  return /\d+\.\d+\S*/.exec(stdout)?.[0] ?? 'of no known version'
}
