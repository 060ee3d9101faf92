/** Who holds a port that the gateway wants, and which one is free instead. */

import { readdirSync, readlinkSync } from 'node:fs'
import { createServer, isIP } from 'node:net'

import { addressBytes, parseListeners, readTable } from './socket-table.ts'
import { commandLine, processIds } from './process-table.ts'

/** A process that listens. */
export interface PortOwner {
  readonly pid: number
  /** Its command line; may be empty. */
  readonly command: string
}

/** Longer command lines are cut: the beginning says which program it is. */
const commandLength = 80

/** How many ports after the wanted one are tried. */
const attempts = 100

/**
 * The process because of which `host:port` cannot be bound, or null when that cannot be seen (not Linux, another
 * account's process, a container's).
 *
 * @param host IP literal; for a name every listener on the port counts
 */
export function findPortOwner(host: string, port: number): PortOwner | null {
  const wanted = new Set(
    parseListeners(readTable('tcp'), readTable('tcp6'))
      .filter((listener) => listener.port === port && overlap(listener.address, host))
      .map(({ inode }) => `socket:[${inode}]`),
  )
  if (wanted.size === 0) return null
  const pid = processIds().find((candidate) => holds(candidate, wanted))
  return pid === undefined ? null : { pid, command: commandLine(pid) }
}

/** `pid 4711 (python -m http.server)`, for messages. */
export function describePortOwner({ pid, command }: PortOwner): string {
  if (command === '') return `pid ${pid}`
  return `pid ${pid} (${command.length > commandLength ? `${command.slice(0, commandLength)}...` : command})`
}

/** The first free port after `port`, or null when a hundred are taken. */
export async function nextFreePort(host: string, port: number): Promise<number | null> {
  for (let next = port + 1; next <= Math.min(port + attempts, 65_535); next += 1) {
    if (await canBind(host, next)) return next
  }
  return null
}

// `::` takes the port of every address, `0.0.0.0` that of the IPv4 ones, and both are kept from it by one of them.
function overlap(listener: string, host: string): boolean {
  if (isIP(host) === 0) return true
  const pair = [listener, addressBytes(host)] as const
  if (pair[0] === pair[1] || pair.includes(addressBytes('::'))) return true
  return pair.includes(addressBytes('0.0.0.0')) && pair[0].length === pair[1].length
}

function holds(pid: number, sockets: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(link(`/proc/${pid}/fd/${fd}`)))
  } catch {
    return false
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function canBind(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', () => resolve(false))
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)))
  return promise
}
