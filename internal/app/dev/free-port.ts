/** In development a taken port is no reason to stop. */

import { createServer } from 'node:net'
import type { HostPort } from '../../config/config.ts'
import { describePortOwner, findPortOwner, nextFreePort } from '../../host/port-owner.ts'

/** Where to listen, and what to say when that is not where it was asked for. */
export interface PortChoice {
  readonly listen: HostPort
  /** A sentence without a final full stop, or null. */
  readonly notice: string | null
}

/** The address itself, or with the next free port when somebody else listens there. */
export async function chooseFreePort(listen: HostPort): Promise<PortChoice> {
  if (listen.port === 0 || !(await isTaken(listen))) return { listen, notice: null }
  const free = await nextFreePort(listen.host, listen.port)
  // None is free: the listener will say what is wrong.
  if (free === null) return { listen, notice: null }
  const owner = findPortOwner(listen.host, listen.port)
  const by = owner === null ? 'another program' : describePortOwner(owner)
  return {
    listen: { ...listen, port: free },
    notice: `port ${listen.port} is taken by ${by}: using ${free}`,
  }
}

function isTaken({ host, port }: HostPort): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const server = createServer()
  server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'))
  server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(false)))
  return promise
}
