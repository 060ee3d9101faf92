/** Sockets that the service manager opened for the gateway (sd_listen_fds(3)). */

import { fstatSync } from 'node:fs'

import type { Problem } from '../fault/startup.ts'

/** A listening socket passed on by the service manager, for `server.listen({fd})`. */
export interface PassedSocket {
  readonly fd: number
  /** `FileDescriptorName=` of its unit, by default the unit's name; `''` when none was given. */
  readonly name: string
}

/** What was passed: the public socket if any, and those nobody asked for. */
export interface Activation {
  readonly http: PassedSocket | null
  /** More sockets than are used; worth a warning, because connections to them are never answered. */
  readonly unused: readonly PassedSocket[]
}

const firstDescriptor = 3
const publicName = 'http'

/**
 * The sockets passed to this process: the one named `http`, else the first, is the public one. Node marks inherited
 * descriptors close-on-exec when it starts, so that no worker gets them.
 *
 * @param env for `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`
 * @returns nothing passed when the variables are meant for another process; a problem when they are broken
 */
export function passedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number = process.pid,
  isSocket: (fd: number) => boolean = isOpenSocket,
): Activation | Problem {
  const count = env['LISTEN_FDS']
  // Without our id they were left over by a parent: the descriptors may be anything.
  if (count === undefined || env['LISTEN_PID'] !== String(pid)) return { http: null, unused: [] }
  if (!/^\d{1,4}$/.test(count))
    return broken(`LISTEN_FDS is "${count}", which is not a number of descriptors`)
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
  const sockets = Array.from({ length: Number(count) }, (_, index) => ({
    fd: firstDescriptor + index,
    name: names[index] ?? '',
  }))
  const wrong = sockets.find(({ fd }) => !isSocket(fd))
  if (wrong !== undefined)
    return broken(`descriptor ${wrong.fd}, passed by LISTEN_FDS=${count}, is not a socket`)
  const http = sockets.find(({ name }) => name === publicName) ?? sockets[0] ?? null
  return { http, unused: sockets.filter((socket) => socket !== http) }
}

function isOpenSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket()
  } catch {
    return false
  }
}

function broken(message: string): Problem {
  return {
    code: 'socket_activation',
    message,
    where: 'environment LISTEN_FDS',
    hint: 'Use ListenStream= in the .socket unit, or unset LISTEN_PID to open the port here.',
  }
}
