import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'

import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'
import { plainAnswer } from './raw.ts'
import { acceptFor, agreement } from './websocket.ts'

/** How a {@link SocketWorker} behaves. */
export interface SocketWorkerOptions {
  /** `unix` unless told otherwise: thousands of sockets need no ports then. */
  readonly kind?: 'unix' | 'tcp'
  /** Agrees only after {@link SocketWorker.release}. */
  readonly holds?: boolean
  /** Called with each socket once its handshake is agreed to; what it does not read is thrown away. */
  readonly onOpen?: (socket: Socket) => void
}

/** A worker in the test's own process that agrees to every handshake and answers every other request. */
export interface SocketWorker {
  /** Its address as the value of `url`. */
  readonly url: string
  /** Sockets that are open. */
  readonly open: ReadonlySet<Socket>
  /** Resolves when so many handshakes have come, all in all. */
  asked(count: number): Promise<void>
  /** Agrees to the handshakes that are held, and to every further one at once. */
  release(): void
}

/** Starts a {@link SocketWorker}; closed after the test. */
export async function socketWorker(t: Cleanup, options: SocketWorkerOptions = {}): Promise<SocketWorker> {
  const { kind = 'unix', onOpen } = options
  const open = new Set<Socket>()
  const all = new Set<Socket>()
  const held: (() => void)[] = []
  const handshakes = new Tally()
  let holds = options.holds === true
  const agree = (socket: Socket, head: string): void => {
    const key = /\r\nsec-websocket-key: (\S+)\r\n/i.exec(head)?.[1]
    open.add(socket)
    socket.write(agreement([], { 'Sec-WebSocket-Accept': acceptFor(key) }), 'latin1')
    onOpen?.(socket)
  }
  const server = createServer({ noDelay: true }, (socket) => {
    all.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => void (all.delete(socket), open.delete(socket)))
    onHeads(socket, (head) => {
      if (!/\r\nupgrade: websocket\r\n/i.test(head)) return void socket.write(plainAnswer)
      if (holds) held.push(() => agree(socket, head))
      else agree(socket, head)
      handshakes.add()
    })
  })
  const path = join(await freshDirectory(t), 'w.sock')
  t.after(() => {
    for (const socket of all) socket.destroy()
    server.close()
  })
  const where = kind === 'unix' ? { path } : { port: 0, host: '127.0.0.1' }
  await new Promise<void>((resolve) => server.listen({ ...where, backlog: 1024 }, resolve))
  const address = server.address()
  return {
    url: typeof address === 'string' ? `unix:${address}` : `http://127.0.0.1:${address?.port ?? 0}`,
    open,
    asked: (count) => handshakes.reached(count),
    release() {
      holds = false
      for (const answer of held.splice(0)) answer()
    },
  }
}

/** Something that is counted and waited for. */
class Tally {
  #count = 0
  readonly #waiting = new Set<() => void>()

  add(): void {
    this.#count += 1
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  async reached(count: number): Promise<void> {
    while (this.#count < count) await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }
}

/** Calls with every head until one of them asks for a WebSocket; no request here has a body. */
function onHeads(socket: Socket, onHead: (head: string) => void): void {
  let text = ''
  socket.on('data', function read(bytes: Buffer) {
    text += bytes.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end + 2)
      text = text.slice(end + 4)
      // From here on the bytes are frames: they still flow, and whoever wants them listens.
      if (/\r\nupgrade:/i.test(head)) socket.off('data', read).on('data', () => undefined)
      onHead(head)
    }
  })
}
