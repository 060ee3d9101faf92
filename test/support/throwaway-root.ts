import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { capture } from '../../scripts/shell/run.mjs'

/**
 * Runs a shell script as root in a copy of this system (an overlay in memory, in a mount namespace of its own) that is
 * gone when it ends: packages can be installed for real.
 * @param files real paths by the names they get in `/root`
 */
export function inThrowawayRoot(
  script: string,
  files: Readonly<Record<string, string>>,
): ReturnType<typeof capture> {
  const copies = Object.entries(files).map(([name, path]) => `cp '${path}' "$root/system/root/${name}"`)
  const around = [mounts, hostDevices, ...copies, `exec chroot "$root/system" sh -euc "$1"`].join('\n')
  return capture('unshare', ['--mount', '--ipc', 'sh', '-euc', around, 'sh', script], { env: plain })
}

const mounts = `root=/mnt
mount -t tmpfs tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/system"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/system"
mount -t tmpfs tmpfs "$root/system/tmp"
mount -t tmpfs tmpfs "$root/system/run"`

const hostDevices = `mount --bind /proc "$root/system/proc"
mount --bind /dev "$root/system/dev"`

/**
 * The same under a systemd of its own, process 1 there, with a network of its own: services run as on a machine. What
 * is enabled on this machine is not started, and no policy forbids to start what a package brings.
 * @returns what the script printed; status is not 0 when systemd did not come up
 */
export async function inThrowawaySystem(
  script: string,
  files: Readonly<Record<string, string>>,
): ReturnType<typeof capture> {
  const copies = Object.entries(files).map(([name, path]) => `cp '${path}' "$root/system/root/${name}"`)
  const around = [mounts, ...copies, boot].join('\n')
  const names = ['--mount', '--pid', '--cgroup', '--uts', '--ipc', '--net', '--fork', '--kill-child']
  const directory = mkdtempSync(join(tmpdir(), 'fl-system-'))
  try {
    const words = ['sh', '-euc', around, 'sh', `${script}\necho ended`, directory]
    const limited = ['--signal=KILL', '90', 'unshare', ...names, '--propagation', 'private', ...words]
    const ended = await capture('timeout', limited, { env: plain })
    const place = join(directory, 'output')
    const output = existsSync(place) ? readFileSync(place, 'utf8') : ended.output
    return { status: output.endsWith('ended\n') ? 0 : 1, output }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

// systemd clones the devices it finds, and has no output of its own that could be passed on.
const boot = `cd "$root/system"
rm -f usr/sbin/policy-rc.d
# Caches of the system that systemd would bring up to date first.
touch etc/.updated var/.updated
find etc/systemd/system -mindepth 1 -delete
printf '%s' "$1" >root/script
cat >etc/systemd/system/script.service <<'unit'
[Unit]
After=basic.target
SuccessAction=exit-force
FailureAction=exit-force
[Service]
Type=oneshot
StandardOutput=file:/mnt/output
StandardError=inherit
ExecStart=/bin/sh -eu /root/script
unit
mount --bind "$2" mnt
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/shm dev/pts run/old
for device in null zero full random urandom tty; do
  touch "dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ip link set lo up
pivot_root . run/old
umount -l /run/old
exec env -i container=test PATH="$PATH" /lib/systemd/systemd --system --log-target=null --show-status=no --unit=script.service`

const plain = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' }

/** Why that is not possible on this machine; null when it is. */
export function whyNoThrowawayRoot(): string | null {
  if (process.getuid?.() !== 0) return 'only root may mount an overlay'
  try {
    execFileSync('unshare', ['--mount', '--ipc', 'sh', '-euc', mounts], { stdio: 'pipe' })
    return null
  } catch (error) {
    return `no overlay can be mounted here: ${String(error)}`
  }
}

/** Why {@link inThrowawaySystem} is not possible on this machine; null when it is. Starts one, to know. */
export async function whyNoThrowawaySystem(): Promise<string | null> {
  const { status, output } = await inThrowawaySystem('true', {})
  return status === 0 ? null : `systemd does not start here: ${output.split('\n')[0]}`
}
