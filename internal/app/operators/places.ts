/** Where operators can ask: addresses of the configuration, or a socket when the usual port is taken. */

import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { AdminServer, type AdminServerParts } from '../../admin/admin-server.ts'
import type { AdminConfig, HostPort, Origin } from '../../config/config.ts'
import type { Logger } from '../../log/types.ts'
import { longestSocketPath, type RuntimeDir } from '../../worker/runtime-dir.ts'
import { isProblem } from '../../worker/problem.ts'
import { bindError, listenOn, originOfKey, shownAddress } from '../bind.ts'

/** What an admin server is, but for the place. */
export type PlacelessParts = Omit<AdminServerParts, 'at'>

/** Where a socket may take the place of a port. */
export interface SocketPlaces {
  readonly stateDir: string | null
  readonly runtime: RuntimeDir
}

/**
 * Binds an address of the configuration.
 * @param key that names it: `admin.listen`
 * @throws StartupError (1) when it is taken or cannot be had
 */
export async function openAt(
  at: HostPort,
  key: string,
  where: Origin,
  parts: PlacelessParts,
): Promise<AdminServer> {
  const origin = originOfKey(key, where)
  try {
    return await listenOn(at, origin, (place) => AdminServer.open({ ...parts, at: place }))
  } catch (error) {
    throw bindError(error, at, origin)
  }
}

/**
 * Binds `admin.listen`. An address that nobody chose gives way to a socket: a second gateway on a machine is no
 * mistake. Null when there is no place at all, which only nobody having chosen one can lead to.
 * @throws StartupError (1) for an address somebody wrote
 */
export async function openAdmin(
  { listen, where }: AdminConfig,
  places: SocketPlaces,
  parts: PlacelessParts,
): Promise<AdminServer | null> {
  if (listen === null) return null
  if (where !== 'default') return openAt(listen, 'admin.listen', where, parts)
  try {
    return await listenOn(listen, originOfKey('admin.listen', where), (at) =>
      AdminServer.open({ ...parts, at }),
    )
  } catch (error) {
    const server = await openSocket(places, parts)
    sayMoved(parts.logger, listen, error, server)
    return server
  }
}

function sayMoved(logger: Logger, listen: HostPort, error: unknown, server: AdminServer | null): void {
  const reason = error instanceof Error ? error.message : String(error)
  const hint = 'set admin.listen to a free address, or to "" for none'
  if (server === null)
    logger.warn({ reason, hint }, `no status and metrics: ${shownAddress(listen)} cannot be had`)
  else
    logger.warn(
      { reason, socket: server.url, hint },
      `status and metrics are on a socket instead of ${shownAddress(listen)}`,
    )
}

async function openSocket(places: SocketPlaces, parts: PlacelessParts): Promise<AdminServer | null> {
  // Who can open the socket may ask.
  const open = { ...parts, rules: () => null }
  // A browser cannot ask a pipe.
  if (process.platform === 'win32') return null
  for (const path of socketPaths(places)) {
    const server = await openSocketAt(path, open)
    if (server !== null) return server
  }
  return null
}

function* socketPaths({ stateDir, runtime }: SocketPlaces): Generator<string> {
  if (stateDir !== null) yield join(stateDir, 'admin.sock')
  const own = runtime.socketPath('admin')
  if (!isProblem(own)) yield own.path
}

/** Null when it cannot be had. One that a killed gateway left behind is replaced, one that answers is not. */
async function openSocketAt(path: string, parts: PlacelessParts): Promise<AdminServer | null> {
  if (Buffer.byteLength(path) > longestSocketPath || (await answers(path))) return null
  try {
    mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
    rmSync(path, { force: true })
    const server = await AdminServer.open({ ...parts, at: { path } })
    chmodSync(path, 0o600)
    return server
  } catch {
    return null
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
