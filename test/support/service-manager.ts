/** A real systemd, process 1 of its own namespaces, on the root file system of the containers. */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'

import { binary } from './binary.ts'
import type { Cleanup } from './cleanup.ts'
import { packagesDirectory, rootFileSystem, withoutContainer } from './container.ts'
import { freshDirectory } from './directory.ts'
import { eventually } from './eventually.ts'
import { processesWith } from './processes.ts'

const exec = promisify(execFile)

/** What came of a command. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A running systemd. */
export interface ServiceManager {
  /** Runs a command beside it, as root. Does not fail by itself. */
  run(...words: readonly string[]): Promise<Outcome>
  /** Properties of a unit, as `systemctl show` prints them. */
  show(unit: string, ...names: readonly string[]): Promise<Readonly<Record<string, string>>>
  /** What the journal has of a unit. */
  journal(unit: string): Promise<string>
}

/** Why there is none here; false when there is. Starts one, to know. */
export async function withoutServiceManager(): Promise<string | false> {
  const impossible = withoutContainer()
  if (impossible !== false) return impossible
  const hooks: (() => void | Promise<void>)[] = []
  try {
    const t: Cleanup = { after: (hook) => void hooks.push(hook) }
    await serviceManager(t, { units: await freshDirectory(t), project: await freshDirectory(t) })
    return false
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n')[0] ?? 'unknown') : String(error)
  } finally {
    for (const hook of hooks) await hook()
  }
}

/** Directories that are seen inside. */
export interface Seen {
  /** Becomes /etc/systemd/system. */
  readonly units: string
  /** Becomes /srv/shop, or another place below /srv. */
  readonly project: string
  readonly at?: string
}

/** Starts one, with the executable in /usr/local/bin. The network is the machine's own. */
export async function serviceManager(t: Cleanup, seen: Seen): Promise<ServiceManager> {
  const { units, project, at = '/srv/shop' } = seen
  const root = await rootFileSystem()
  const id = `fluxlit-test-${process.pid}-${Date.now()}`
  const namespaces = [
    '--mount',
    '--pid',
    '--fork',
    '--ipc',
    '--uts',
    '--cgroup',
    '--kill-child',
    '--propagation',
    'private',
  ]
  const words = [
    ...namespaces,
    'sh',
    '-euc',
    boot,
    root,
    packagesDirectory(),
    binary(),
    units,
    project,
    id,
    at,
  ]
  const outer = spawn('unshare', words, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [outer.stdout, outer.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text))
  const ended = once(outer, 'exit')
  const first = (): number | undefined =>
    processesWith('SERVICE_MANAGER', id).find(({ pid }) => pid !== outer.pid)?.pid
  t.after(async () => {
    const pid = first()
    // Process 1 takes everything with it.
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
    outer.kill('SIGKILL')
    await ended
  })
  const enter = async (...command: readonly string[]): Promise<Outcome> => {
    const pid = first()
    if (pid === undefined) throw new Error(`systemd does not run: ${said}`)
    const target = ['--target', String(pid), '--mount', '--pid', '--ipc', '--uts', '--root', '--']
    return outcomeOf('nsenter', [...target, 'env', '-i', '--chdir=/', `PATH=${path}`, ...command])
  }
  await eventually(
    'systemd has started',
    async () => {
      if (outer.exitCode !== null) return true
      const { stdout } = await enter('systemctl', 'is-system-running')
      return /running|degraded/.test(stdout)
    },
    20_000,
  )
  if (outer.exitCode !== null) throw new Error(`systemd cannot run here: ${said}`)
  return {
    run: enter,
    show: async (unit, ...names) => {
      const { stdout } = await enter('systemctl', 'show', unit, ...names.flatMap((name) => ['-p', name]))
      return Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => splitAt(line, '=')),
      )
    },
    journal: async (unit) => (await enter('journalctl', '--no-pager', '-o', 'cat', '-u', unit)).stdout,
  }
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

// $0 root, $1 packages, $2 executable, $3 units, $4 project, $5 id, $6 place of the project.
const boot = `
chmod 755 "$3" "$4"
mount --bind "$0" "$0"
mount --bind -o ro "$1" "$0/venv/lib/packages"
mount --bind "$3" "$0/etc/systemd/system"
mount -t proc proc "$0/proc"
mount -t sysfs -o ro sysfs "$0/sys"
mount --rbind /sys/fs/cgroup "$0/sys/fs/cgroup"
for place in run tmp dev var/lib var/log var/tmp srv usr/local/bin; do mount -t tmpfs -o mode=755 tmpfs "$0/$place"; done
cp "$2" "$0/usr/local/bin/fluxlit"
mkdir "$0$6"
mount --bind "$4" "$0$6"
mkdir "$0/dev/shm" "$0/dev/pts"
for device in null zero full random urandom tty; do touch "$0/dev/$device"; mount --bind "/dev/$device" "$0/dev/$device"; done
ln -s /proc/self/fd "$0/dev/fd"
ln -s pts/ptmx "$0/dev/ptmx"
mkdir "$0/run/old"
cd "$0"
id=$5
pivot_root . run/old
umount -l /run/old
mount -o remount,ro,bind /
# As a machine and systemd-nspawn have it: credentials are mounted by another process, and have to arrive.
mount --make-rshared /
exec env -i container=test "SERVICE_MANAGER=$id" PATH=${path} \\
  /lib/systemd/systemd --system --log-target=console --log-level=warning --show-status=no --unit=multi-user.target
`

async function outcomeOf(program: string, words: readonly string[]): Promise<Outcome> {
  try {
    const { stdout, stderr } = await exec(program, [...words])
    return { code: 0, stdout, stderr }
  } catch (error) {
    if (!isFailed(error)) throw error
    return { code: error.code, stdout: error.stdout, stderr: error.stderr }
  }
}

function isFailed(error: unknown): error is Outcome {
  return error instanceof Error && 'code' in error && typeof error.code === 'number'
}

function splitAt(line: string, mark: string): readonly [string, string] {
  const at = line.indexOf(mark)
  return [line.slice(0, at), line.slice(at + 1)]
}
