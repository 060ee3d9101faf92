import { createServer } from 'node:net'

/** The only host a worker over TCP listens on. */
export const loopback = '127.0.0.1'

/**
 * A TCP port nobody listens on at this moment. Somebody may take it before the worker does; the loser ends at
 * once and is started again with another one.
 */
export async function pickPort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = createServer()
  server.once('error', reject)
  server.listen(0, loopback, () => {
    const address = server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    server.close(() => resolve(port))
  })
  return promise
}
