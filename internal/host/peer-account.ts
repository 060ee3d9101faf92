/** Whose process is at the other end of a connection that does not leave this machine. */

import type { Socket } from 'node:net'

import { ownerOf, readTable } from './socket-table.ts'

const known = new WeakMap<Socket, number | null>()

/** Its account, as the kernel has it; null = it is on another machine, or cannot be seen. Looked up once. */
export function peerAccount(socket: Socket): number | null {
  const before = known.get(socket)
  if (before !== undefined) return before
  const found = lookUp(socket)
  known.set(socket, found)
  return found
}

function lookUp({ localAddress, localPort, remoteAddress, remotePort }: Socket): number | null {
  if (localAddress === undefined || localPort === undefined) return null
  if (remoteAddress === undefined || remotePort === undefined) return null
  const peer = { address: remoteAddress, port: remotePort }
  const ours = { address: localAddress, port: localPort }
  return ownerOf(readTable('tcp'), peer, ours) ?? ownerOf(readTable('tcp6'), peer, ours)
}
