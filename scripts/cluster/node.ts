/** Starts the one node of a cluster in the network namespace of this process, and ends it. */

import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'

import { eventually } from '../../test/support/eventually.ts'
import { repository } from '../../test/support/python.ts'
import { Cluster } from './cluster.ts'
import { addresses, pauseImage, writeConfiguration } from './files.ts'

const patienceMs = 180_000

/** A node and the process that everything of it belongs to. */
export class ClusterNode {
  readonly cluster: Cluster
  readonly #process: ChildProcess

  /** @param state an empty directory @param programs what was built */
  constructor(state: string, programs: string) {
    writeConfiguration(state)
    prepareNetwork()
    const env = {
      PATH: process.env['PATH'],
      ADDRESS: addresses.node.v4,
      NODE_ADDRESSES: Object.values(addresses.node).join(),
      PODS: Object.values(addresses.pods).join(),
      SERVICES: Object.values(addresses.services).join(),
    }
    // The kernel ends the node when this process ends in whatever way.
    const script = join(repository, 'scripts', 'cluster', 'node.sh')
    const words = ['--pdeathsig', 'KILL', 'sh', script, state, programs]
    this.#process = spawn('setpriv', words, { env, stdio: ['ignore', 'inherit', 'inherit'] })
    this.cluster = new Cluster(state, programs)
  }

  /** Resolves when Pods can be started. */
  async ready(): Promise<Cluster> {
    const { cluster } = this
    const succeeds = async (...words: readonly string[]): Promise<boolean> =>
      (await cluster.tryKubectl(words)).code === 0
    await eventually('the API answers', () => succeeds('get', '--raw', '/readyz'), patienceMs)
    await eventually('the runtime answers', () => existsSync(cluster.socket), patienceMs)
    cluster.load(await cluster.images.pause(pauseImage))
    const condition = ['--for', 'condition=Ready', '--timeout', '5s']
    await eventually('the node is ready', () => succeeds('wait', 'node/node', ...condition), patienceMs)
    const account = ['get', 'serviceaccount', 'default']
    await eventually('Pods may be made', () => succeeds(...account), patienceMs)
    return cluster
  }

  /** Ends every process of it, and removes its cgroups. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit')
      this.#process.kill('SIGKILL')
      await ended
    }
    await eventually('its cgroups are gone', () => removeGroups(basename(this.cluster.state)))
  }
}

/** Whether nothing is left of the cgroups of that name, and of those below them. */
function removeGroups(name: string): boolean {
  const own = ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${name}*`]
  spawnSync('find', [...own, '-exec', 'rmdir', '{}', ';'], { stdio: 'ignore' })
  return spawnSync('find', own, { encoding: 'utf8' }).stdout === ''
}

function prepareNetwork(): void {
  const commands = [
    'link set lo up',
    'link add node0 type bridge',
    `address add ${addresses.node.v4}/32 dev node0`,
    `address add ${addresses.node.v6}/128 dev node0 nodad`,
    'link set node0 up',
    // Where a packet to a Service would go if kube-proxy did not turn it round.
    `route add ${addresses.services.v4} dev node0`,
    `-6 route add ${addresses.services.v6} dev node0`,
  ]
  for (const words of commands) {
    const { status, stderr } = spawnSync('ip', words.split(' '), { encoding: 'utf8' })
    if (status !== 0) throw new Error(`ip ${words}: ${stderr}`)
  }
}
