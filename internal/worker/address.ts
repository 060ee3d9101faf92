import { createServer } from 'node:net'

import type { HostPort } from '../config/config.ts'

/** Where workers over TCP and the gateway meet, on every machine that has IPv4. */
export const loopback = '127.0.0.1'

/** The same on a machine that has IPv6 alone. */
const otherLoopback = '::1'

/**
 * Listens on the loopback address of IPv4, or on that of IPv6 where there is no other.
 * @returns what `listen` does; rejects with its first error when there is neither
 */
export async function onLoopback<T>(listen: (host: string) => Promise<T>): Promise<T> {
  try {
    return await listen(loopback)
  } catch (error) {
    if (!isNoAddress(error)) throw error
    return listen(otherLoopback).catch((second: unknown) => {
      throw isNoAddress(second) ? error : second
    })
  }
}

/**
 * A TCP address on loopback that nobody listens on at this moment. Somebody may take it before the worker does; the
 * loser ends at once and is started again with another one.
 */
export function pickAddress(): Promise<HostPort> {
  return onLoopback(async (host) => ({ host, port: await freePort(host) }))
}

function freePort(host: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, host, () => {
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    server.close(() => resolve(port))
  })
  return promise
}

/** No interface has the address, or the kernel does not know addresses of its kind. */
function isNoAddress(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && /^(EADDRNOTAVAIL|EAFNOSUPPORT)$/.test(String(error.code))
  )
}
