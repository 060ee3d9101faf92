import { readFileSync } from 'node:fs'

/** What the kernel knows about one end of a loopback connection (proc_net(5), the row of `/proc/net/tcp`). */
export interface TcpEnd {
  readonly isEstablished: boolean
  /** Whether its next timer is one that finds out whether the other side is still there. */
  readonly isProbed: boolean
}

const established = '01'
/** `tr`: the timer is neither a retransmission (1) nor a wait (3, 4); of an idle socket it is the keep-alive one. */
const keepAlive = '02'

/** The end of a connection at a local port, by the port of its other end; null when there is none any more. */
export function tcpEnd(localPort: number, remotePort: number): TcpEnd | null {
  for (const row of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    const [, local = '', remote = '', state, , timer = ''] = row.trim().split(/\s+/)
    if (portOf(local) === localPort && portOf(remote) === remotePort)
      return { isEstablished: state === established, isProbed: timer.startsWith(`${keepAlive}:`) }
  }
  return null
}

function portOf(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16)
}
