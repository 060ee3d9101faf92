/**
 * A Docker daemon of a test file's own, in namespaces of its own: processes, mounts and network end with it, and the
 * machine's network is never touched. It reaches nothing but what is beside it: a registry, called `registry.example`,
 * and an index of the Python packages the build installs.
 */

import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync, globSync, openSync, rmdirSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { binary } from './binary.ts'
import type { Cleanup } from './cleanup.ts'
import { rootFileSystem, withoutContainer } from './container.ts'
import { freshDirectory } from './directory.ts'
import { packageIndex } from './docker-base.ts'
import { eventually } from './eventually.ts'

const exec = promisify(execFile)

/** The plugin, and the program of its own that it was before. */
export type Compose = 'docker compose' | 'docker-compose'

const needed = [
  ['dockerd', '--version'],
  ['containerd', '--version'],
  ['docker-registry', '--version'],
  ['ip', '-V'],
  ['curl', '--version'],
] as const

/** Why no daemon can be started here; false when one may be tried. */
export function withoutEngine(): string | false {
  const missing = needed.find(([program, flag]) => spawnSync(program, [flag]).error !== undefined)
  return missing === undefined ? withoutContainer() : `${missing[0]} is not installed`
}

/** Starts one, with packages in its index; takes this process into its network for good. */
export async function dockerEngine(t: Cleanup, packages: readonly string[]): Promise<Engine> {
  // Both come from the network, which is out of reach afterwards.
  const [index] = await Promise.all([packageIndex(packages), rootFileSystem()])
  const place = await mkdtemp(join(tmpdir(), 'fl-docker-'))
  const id = `fluxlit-test-${process.pid}-${Date.now()}`
  await writeFile(join(place, 'hosts'), '127.0.0.1 localhost registry.example\n::1 localhost\n')
  await writeFile(join(place, 'registry.yml'), registrySettings(place))
  const namespaces = ['--mount', '--pid', '--fork', '--net', '--ipc', '--uts', '--kill-child']
  const words = [...namespaces, '--propagation', 'private', 'sh', '-euc', boot, place, index, `/${id}`]
  const outer = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  outer.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4000)))
  const ended = once(outer, 'exit')
  t.after(async () => {
    // Its child goes with it, and as the first process of its namespace takes every other.
    outer.kill('SIGKILL')
    await ended
    await eventually('the groups of the containers are gone', () => removeGroups(id))
    await rm(place, { recursive: true, force: true })
  })
  const engine = new Engine(outer.pid ?? 0, await surroundings(t, place))
  const isUp = async (): Promise<boolean> =>
    outer.exitCode !== null || (await engine.docker('version')) !== ''
  await eventually('the daemon answers', isUp, 30_000)
  if (outer.exitCode !== null) throw new Error(`dockerd ended: ${said.trim().split('\n').at(-1)}`)
  joinNetworkOf(outer.pid ?? 0)
  return engine
}

/** A running daemon. This process and what it starts are in its network, where ports are published. */
export class Engine {
  readonly #outer: number
  readonly #env: Readonly<Record<string, string>>

  constructor(outer: number, env: Readonly<Record<string, string>>) {
    this.#outer = outer
    this.#env = env
  }

  /** Runs lines in a shell in which `docker` and `fluxlit` are those under test; what they wrote. Fails as they do. */
  async shell(cwd: string, ...lines: readonly string[]): Promise<string> {
    return (await exec('sh', ['-euc', lines.join('\n')], { cwd, env: this.#env, ...roomy })).stdout
  }

  /** Runs one command of Docker; its output, without white space around it. */
  async docker(...words: readonly string[]): Promise<string> {
    return (await exec('docker', words, { env: this.#env, ...roomy })).stdout.trim()
  }

  /** Starts a container that is removed after the test. */
  async start(t: Cleanup, name: string, ...words: readonly string[]): Promise<void> {
    this.removeAfter(t, name)
    await this.docker('run', '--detach', '--name', name, ...words)
  }

  /** Removes a container after the test, whatever became of it. */
  removeAfter(t: Cleanup, name: string): void {
    t.after(async () => void (await this.docker('rm', '--force', '--volumes', name)))
  }

  /** A detail of a container or an image: `.State.ExitCode`. */
  inspect(name: string, what: string): Promise<string> {
    return this.docker('inspect', '--format', `{{${what}}}`, name)
  }

  /** Resolves when a container's own check says that it is well. */
  async healthy(name: string): Promise<void> {
    await eventually(
      `${name} is healthy`,
      async () => (await this.inspect(name, '.State.Health.Status')) === 'healthy',
    )
  }

  /** Runs a program where the daemon is, with its processes, mounts and network. */
  async inside(...words: readonly string[]): Promise<string> {
    const { stdout } = await exec('ps', ['-o', 'pid=', '--ppid', String(this.#outer)])
    const target = ['--target', stdout.trim(), '--mount', '--pid', '--net', '--']
    return (await exec('nsenter', [...target, ...words])).stdout
  }

  /** What runs compose files here; null when nothing does. */
  async compose(): Promise<Compose | null> {
    for (const program of ['docker compose', 'docker-compose'] as const) {
      const version = await this.shell('/', `${program} version`).catch(() => null)
      if (version !== null) return program
    }
    return null
  }
}

const roomy = { maxBuffer: 2 ** 26 }

// $0 directory of its own, $1 packages, $2 parent of the groups of its containers.
const boot = `
mount -t proc proc /proc
mount --bind "$0/hosts" /etc/hosts
ip link set lo up
python3 -m http.server --directory "$1" 8080 >/dev/null 2>&1 &
docker-registry serve "$0/registry.yml" >/dev/null 2>&1 &
exec dockerd --host "unix://$0/socket" --data-root "$0/data" --exec-root "$0/exec" --pidfile "$0/pid" \\
  --cgroup-parent "$2" --default-ulimit "nofile=1024:$(ulimit -Hn)" --log-level warn \\
  --ipv6 --fixed-cidr-v6 fd00:f1::/64 --insecure-registry registry.example
`

function registrySettings(place: string): string {
  const storage = `storage:\n  filesystem:\n    rootdirectory: ${place}/registry\n`
  return `version: 0.1\n${storage}http:\n  addr: 127.0.0.1:80\nlog:\n  level: error\n`
}

/** Programs and variables of a user of that daemon, who has no other settings. */
async function surroundings(t: Cleanup, place: string): Promise<Readonly<Record<string, string>>> {
  const home = await freshDirectory(t)
  const bin = join(home, 'bin')
  await mkdir(bin)
  await copyFile(binary(), join(bin, 'fluxlit'))
  // The client of the same package as the daemon: one that is newer builds with a plugin that may not be there.
  if (existsSync('/usr/bin/docker')) await symlink('/usr/bin/docker', join(bin, 'docker'))
  const plugins = join(homedir(), '.docker', 'cli-plugins')
  await mkdir(join(home, '.docker'))
  if (existsSync(plugins)) await symlink(plugins, join(home, '.docker', 'cli-plugins'))
  return {
    PATH: `${bin}:${process.env['PATH']}`,
    HOME: home,
    DOCKER_HOST: `unix://${place}/socket`,
    // What newer ones do by themselves.
    DOCKER_BUILDKIT: '1',
    COMPOSE_DOCKER_CLI_BUILD: '1',
  }
}

/** Moves this process into the network of another. The sockets it has stay where they are. */
function joinNetworkOf(pid: number): void {
  const cloneNewNet = 0x4000_0000
  const ffi = process.getBuiltinModule('node:ffi')
  const { setns } = ffi.dlopen(null, { setns: { return: 'int32', arguments: ['int32', 'int32'] } }).functions
  if (setns(openSync(`/proc/${pid}/ns/net`, 'r'), cloneNewNet) !== 0)
    throw new Error('no way into the network')
}

/** The groups that limited its containers outlive it, empty. */
function removeGroups(id: string): boolean {
  const groups = globSync(`/sys/fs/cgroup/{,*/}${id}{,/**/}`)
  for (const group of groups.toSorted((one, other) => other.length - one.length)) rmdirSync(group)
  return true
}
