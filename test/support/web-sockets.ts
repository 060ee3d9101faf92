import { connect } from 'node:net'
import type { Socket } from 'node:net'

import type { Cleanup } from './cleanup.ts'
import { acceptFor, handshake } from './websocket.ts'

/** As many handshakes are on their way at the same time: fewer than any backlog. */
const parallel = 100

/** Opens one WebSocket at `/` of a loopback port; rejects when the answer is not 101. What follows is not read. */
export function webSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let text = ''
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('close', () => reject(new Error(`a handshake was not answered: ${text}`)))
    socket.once('connect', () => socket.write(handshake()))
    socket.on('data', function read(bytes: Buffer) {
      text += bytes.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end === -1) return
      socket.off('data', read).pause()
      if (!text.startsWith('HTTP/1.1 101 ') || !text.includes(acceptFor())) return reject(new Error(text))
      socket.on('error', () => socket.destroy())
      if (end + 4 < text.length) socket.unshift(Buffer.from(text.slice(end + 4), 'latin1'))
      resolve(socket)
    })
  })
}

/** Opens many, destroyed after the test; paused, each with a listener for errors. */
export async function webSockets(t: Cleanup, port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  while (sockets.length < count) {
    const next = Math.min(parallel, count - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: next }, () => webSocket(port)))))
  }
  return sockets
}
