import { execFileSync } from 'node:child_process'

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
  const around = [mounts, ...copies, `exec chroot "$root/system" sh -euc "$1"`].join('\n')
  const env = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' }
  return capture('unshare', ['--mount', '--ipc', 'sh', '-euc', around, 'sh', script], { env })
}

const mounts = `root=/mnt
mount -t tmpfs tmpfs "$root"
mkdir "$root/upper" "$root/work" "$root/system"
mount -t overlay overlay -o "lowerdir=/,upperdir=$root/upper,workdir=$root/work" "$root/system"
mount --bind /proc "$root/system/proc"
mount --bind /dev "$root/system/dev"
mount -t tmpfs tmpfs "$root/system/tmp"
mount -t tmpfs tmpfs "$root/system/run"`

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
