/** Configuration of the node's programs, as files in its directory. */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Addresses of the cluster, all inside the network namespace. */
export const addresses = {
  node: { v4: '10.77.0.1', v6: 'fd77::1' },
  pods: { v4: '10.77.1.0/24', v6: 'fd77:0:0:1::/64' },
  services: { v4: '10.77.2.0/24', v6: 'fd77:0:0:2::/112' },
} as const

/** Where kubectl reaches the API. */
export const apiServer = `https://${addresses.node.v4}:6443`

/** Who asks the API, by the name of the file with its access; groups decide what it may do, as in any cluster. */
const accounts = {
  admin: { user: 'admin', group: 'system:masters' },
  'controller-manager': { user: 'system:kube-controller-manager', group: '' },
  scheduler: { user: 'system:kube-scheduler', group: '' },
  kubelet: { user: 'system:node:node', group: 'system:nodes' },
  proxy: { user: 'system:kube-proxy', group: '' },
} as const

/** The image of the sandbox that holds a Pod's network. */
export const pauseImage = 'registry.example/pause:1'

/** Writes everything the node starts with. */
export function writeConfiguration(state: string): void {
  for (const name of ['cni', 'log', 'pods']) mkdirSync(join(state, name), { recursive: true })
  const tokens = Object.entries(accounts).map(([name, { user, group }]) => {
    const token = randomBytes(24).toString('hex')
    writeFileSync(join(state, `${name}.yaml`), access(state, user, token), { mode: 0o600 })
    return `${token},${user},${user}${group === '' ? '' : `,"${group}"`}\n`
  })
  writeFileSync(join(state, 'tokens.csv'), tokens.join(''), { mode: 0o600 })
  execFileSync('openssl', ['genrsa', '-out', join(state, 'accounts.key'), '2048'], { stdio: 'pipe' })
  writeFileSync(join(state, 'containerd.toml'), runtime(state))
  writeFileSync(join(state, 'kubelet-configuration.yaml'), kubelet(state))
  writeNetwork(state, ['v4', 'v6'])
}

/** What the network gives the Pods that start from now on. */
export function writeNetwork(state: string, families: readonly ('v4' | 'v6')[]): void {
  const ranges = families.map((family) => [{ subnet: addresses.pods[family] }])
  const routes = families.map((family) => ({ dst: family === 'v4' ? '0.0.0.0/0' : '::/0' }))
  const ipam = { type: 'host-local', dataDir: join(state, 'addresses'), ranges, routes }
  const bridge = { type: 'bridge', bridge: 'pods', isGateway: true, hairpinMode: true, ipam }
  const list = { cniVersion: '1.0.0', name: 'pods', plugins: [bridge] }
  writeFileSync(join(state, 'cni', 'pods.conflist'), JSON.stringify(list, null, 2))
}

function access(state: string, user: string, token: string): string {
  return `apiVersion: v1
kind: Config
clusters: [{ name: here, cluster: { server: ${apiServer}, certificate-authority: ${state}/certificates/apiserver.crt } }]
users: [{ name: ${user}, user: { token: ${token} } }]
contexts: [{ name: here, context: { cluster: here, user: "${user}" } }]
current-context: here
`
}

function runtime(state: string): string {
  return `version = 2
root = "${state}/containerd"
state = "/run/containerd"

[grpc]
address = "${state}/containerd.sock"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${pauseImage}"
# Lowering it takes a capability that few virtual machines have.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${state}/cni"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.internal.v1.opt"]
path = "${state}/opt"
`
}

function kubelet(state: string): string {
  return `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
containerRuntimeEndpoint: unix://${state}/containerd.sock
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
# Sysctls, /dev/kmsg and the priority against the killer of processes belong to the machine.
featureGates: { KubeletInUserNamespace: true }
# Nobody but the programs of this cluster is in its network.
authentication: { anonymous: { enabled: true }, webhook: { enabled: false } }
authorization: { mode: AlwaysAllow }
podLogsDir: ${state}/pods
volumePluginDir: ${state}/plugins
resolvConf: ""
clusterDNS: [${addresses.services.v4.replace('0/24', '10')}]
# The disk is the machine's.
evictionHard: { memory.available: 100Mi }
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
`
}
