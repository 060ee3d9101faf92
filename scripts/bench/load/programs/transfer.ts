/** Large bodies, one after the other on as many connections as asked for, as fast as they go. */

import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { optionsText, serve } from '../serve.ts'
import { host } from '../target.ts'

/** What is moved. */
export interface TransferOptions {
  readonly port: number
  readonly direction: 'down' | 'up'
  readonly path: string
  /** Of one body. */
  readonly bytes: number
  readonly times: number
  /** Connections at the same time, each moving `times` bodies. */
  readonly connections: number
}

/** What was moved; only bodies that arrived as a whole. */
export interface TransferResult {
  readonly completed: number
  readonly bytes: number
  readonly seconds: number
  readonly reason: string
}

const block = Buffer.alloc(256 * 1024, 'x')

/** One body on a connection of its own. @throws Error when it is not complete, or not answered with 200 */
async function move(options: TransferOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const expected = options.direction === 'down' ? options.bytes : 1
  let head = ''
  let body = 0
  const onHead = (bytes: Buffer): void => {
    head += bytes.toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) return
    body = head.length - end - 4
    if (!head.startsWith('HTTP/1.1 200 ')) reject(new Error(`answered ${head.slice(9, 12)}`))
  }
  const socket = connect({
    port: options.port,
    host: '127.0.0.1',
    // One buffer for all reads: nothing is allocated for what is thrown away.
    onread: {
      buffer: Buffer.allocUnsafeSlow(block.length),
      callback: (count, buffer) => {
        if (head.includes('\r\n\r\n')) body += count
        else onHead(Buffer.from(buffer.subarray(0, count)))
        if (body >= expected) resolve()
        return true
      },
    },
  })
  socket.once('error', reject).once('close', () => reject(new Error(`closed after ${body} bytes`)))
  // Both may fail; whichever is first is told.
  promise.catch(() => undefined)
  await once(socket, 'connect')
  send(socket, options)
  await promise
  socket.destroy()
}

function send(socket: Socket, { direction, path, bytes }: TransferOptions): void {
  const common = `Host: ${host}\r\nConnection: close\r\n`
  if (direction === 'down') return void socket.write(`GET ${path} HTTP/1.1\r\n${common}\r\n`)
  socket.write(`POST ${path} HTTP/1.1\r\n${common}Content-Length: ${bytes}\r\n\r\n`)
  let left = bytes
  const more = (): void => {
    while (left > 0 && socket.writable) {
      const part = left < block.length ? block.subarray(0, left) : block
      left -= part.length
      if (!socket.write(part)) return void socket.once('drain', more)
    }
  }
  more()
}

async function run(options: TransferOptions): Promise<TransferResult> {
  const start = performance.now()
  let completed = 0
  let reason = ''
  const lane = async (): Promise<void> => {
    for (let time = 0; time < options.times; time += 1) {
      await move(options).then(
        () => (completed += 1),
        (error: Error) => (reason ||= error.message),
      )
    }
  }
  await Promise.all(Array.from({ length: options.connections }, lane))
  const seconds = (performance.now() - start) / 1000
  return { completed, bytes: completed * options.bytes, seconds, reason }
}

if (import.meta.main) {
  const options: TransferOptions = JSON.parse(optionsText())
  await serve(() => Promise.resolve(() => run(options)))
}
