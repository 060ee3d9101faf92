/** Clients on bad networks: some that send a body drop by drop, some that read an answer sip by sip. */

import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { optionsText, serve } from '../serve.ts'
import { host } from '../target.ts'

/** How many of each, and for how long. */
export interface SlowOptions {
  readonly port: number
  readonly senders: number
  readonly readers: number
  readonly seconds: number
}

/** What became of them. */
export interface SlowResult {
  /** Clients that were still connected at the end: nothing they do is forbidden. */
  readonly open: number
}

/** Milliseconds between two drops or sips. */
const intervalMs = 250
/** Bytes of a drop: 4 KiB/s, above the lowest rate a body may have. */
const drop = Buffer.alloc(1024, 'x')
const sipBytes = 16 * 1024
/** Far more than is sent or read while it runs, and more than the kernel's buffers take. */
const bodyBytes = 16 * 1024 * 1024

function sender(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' })
  const head = `POST /upload HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${bodyBytes}\r\n\r\n`
  socket.once('connect', () => {
    socket.write(head)
    const timer = setInterval(() => socket.write(drop), intervalMs)
    socket.once('close', () => clearInterval(timer))
  })
  return socket
}

function reader(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.once('connect', () => {
    socket.write(`GET /bytes?size=${bodyBytes} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    // Not flowing: the stream's own buffer fills, then the kernel's, then the proxy has to wait.
    const timer = setInterval(() => socket.read(sipBytes), intervalMs)
    socket.once('close', () => clearInterval(timer))
  })
  return socket
}

function opened(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
    socket.on('error', () => socket.destroy())
  })
}

if (import.meta.main) {
  const { port, senders, readers, seconds }: SlowOptions = JSON.parse(optionsText())
  await serve(async () => {
    const sockets = [
      ...Array.from({ length: senders }, () => sender(port)),
      ...Array.from({ length: readers }, () => reader(port)),
    ]
    await Promise.all(sockets.map(opened))
    return async (): Promise<SlowResult> => {
      await pause(seconds * 1000)
      return { open: sockets.filter(({ destroyed }) => !destroyed).length }
    }
  })
}
