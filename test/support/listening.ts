import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * The TCP port on which a process listens at an IPv4 address, or null while it does not; for a gateway that cannot
 * tell it. Linux only.
 */
export function listeningPort(pid: number, address: string): number | null {
  const inodes = new Set(sockets(pid))
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'))
  const wanted = bytes.toReversed().join('').toUpperCase()
  for (const row of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/)
    const [host, port = ''] = local.split(':')
    if (state === '0A' && host === wanted && inodes.has(inode)) return Number.parseInt(port, 16)
  }
  return null
}

function sockets(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      // Closed in between.
      return []
    }
  })
}
