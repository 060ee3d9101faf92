import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'

import type { Cleanup } from './cleanup.ts'

/** A server in the test's own process, to stand in for a worker run elsewhere or an identity provider. */
export interface Upstream {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string
  readonly port: number
  readonly server: Server
}

/** Listens on a free loopback port; closed, with its connections, after the test. */
export async function upstream(t: Cleanup, handler: RequestListener): Promise<Upstream> {
  const server = createServer(handler)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  const { port } = address
  return { url: `http://127.0.0.1:${port}`, port, server }
}
