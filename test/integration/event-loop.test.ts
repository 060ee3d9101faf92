import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:http'
import type { ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import { gateway } from '../support/gateway.ts'
import { ask, open, read, responseTo } from '../support/http.ts'
import { repository } from '../support/python.ts'
import { upstream } from '../support/upstream.ts'
import { verb } from '../support/verb.ts'
import { webSockets } from '../support/web-sockets.ts'

const mib = 1024 * 1024
const isSlow = process.env['SLOW'] === '1'
const size = (isSlow ? 1024 : 100) * mib
const count = 5_000
const goodbye = Buffer.from([0x88, 2, 0x03, 0xf4])

/** Resolves when the socket has ended with nothing but a close frame that says 1012. */
async function restarted(socket: Socket): Promise<void> {
  const pieces: Buffer[] = []
  socket.on('data', (bytes: Buffer) => pieces.push(bytes)).resume()
  await once(socket, 'end')
  assert.deepEqual(Buffer.concat(pieces), goodbye)
}

/** Sends pieces until `isOver` and at least `size` bytes have left. @returns bytes sent */
async function pour(upload: ClientRequest, isOver: () => boolean): Promise<number> {
  const piece = Buffer.alloc(256 * 1024)
  let sent = 0
  for (; sent < size || !isOver(); sent += piece.length) {
    if (!upload.write(piece)) await once(upload, 'drain')
    // The machine has other things to do, too.
    if (!isSlow) await pause(5)
  }
  upload.end()
  return sent
}

/** Asks one time after the other until `isOver`. @returns how long each took in milliseconds */
async function probe(url: string, isOver: () => boolean): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const took: number[] = []
  while (!isOver()) {
    const start = performance.now()
    assert.equal((await ask(`${url}/__fluxlit/livez`, { agent })).status, 200)
    took.push(performance.now() - start)
    await pause(5)
  }
  agent.destroy()
  return took.toSorted((a, b) => a - b)
}

test(`livez answers while ${count} sockets are ended for a restart and ${size / mib} MiB are uploaded`, async (t) => {
  const sink = await upstream(t, (request, response) => {
    let bytes = 0
    request.on('data', (piece: Buffer) => (bytes += piece.length))
    request.once('end', () => response.end(String(bytes)))
  })
  const script = join(repository, 'test', 'fixtures', 'worker', 'sockets.ts')
  const toml = `[workers.ui]
kind = "http"
command = ${JSON.stringify([process.execPath, script, '{uds}'])}
mount = "/"
[workers.sink]
url = "${sink.url}"
mount = "/sink"
max_body = "100GiB"
[drain]
timeout = "2s"
`
  const running = await (await gateway(t, { toml })).ready()
  const sockets = await webSockets(t, Number(new URL(running.url).port), count)
  let left = count
  const ended = Promise.all(sockets.map((socket) => restarted(socket).then(() => (left -= 1))))
  const isOver = (): boolean => left === 0
  const upload = open(`${running.url}/sink/`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
  const answer = responseTo(upload)
  const probing = probe(running.url, isOver)
  const pouring = pour(upload, isOver)
  const { code, stderr } = await verb(running, 'restart', 'ui')
  assert.equal(code, 0, stderr)
  await ended
  const sent = await pouring
  assert.equal((await read(await answer)).body, String(sent))
  const took = await probing
  const p99 = took[Math.floor(took.length * 0.99)] ?? 0
  t.diagnostic(
    `${took.length} answers, p99 ${p99.toFixed(1)} ms, worst ${(took.at(-1) ?? 0).toFixed(1)} ms; ${(sent / mib).toFixed(0)} MiB uploaded`,
  )
  if (!isSlow) t.diagnostic('SLOW=1 uploads at least 1 GiB')
})
