import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'

import { apiOnly } from '../support/apps.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json, open, read, responseTo, nextPiece } from '../support/http.ts'
import { residentBytes } from '../support/processes.ts'

const mebibyte = 1024 * 1024

// What a gateway that holds a body in memory would exceed at once, and buffers on the way never reach.
const flat = 80 * mebibyte

for (const transport of ['unix', 'tcp']) {
  test(`bodies stream both ways over ${transport}`, async (t) => {
    const running = await gateway(t, { ...apiOnly, env: { FLUXLIT_WORKERS_API_TRANSPORT: transport } })
    const { url, pid } = await running.ready()

    await t.test('a server-sent event arrives before the next one exists', async () => {
      const stream = open(`${url}/api/events`)
      stream.end()
      const response = await responseTo(stream)
      assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/)
      assert.equal(await nextPiece(response), 'data: first\n\n')
      // Only now is the second one made.
      await ask(`${url}/api/release`, { method: 'POST' })
      assert.equal((await read(response)).body, 'data: second\n\n')
    })

    await t.test('an upload of 200 MB passes through flat memory', async () => {
      const size = 200 * mebibyte
      const chunk = Buffer.alloc(mebibyte)
      let peak = 0
      const send = async (): Promise<void> => {
        const upload = open(`${url}/api/count`, { method: 'POST', headers: { 'content-length': size } })
        const answer = responseTo(upload)
        for (let sent = 0; sent < size; sent += chunk.length) {
          if (!upload.write(chunk)) await once(upload, 'drain')
          peak = Math.max(peak, residentBytes(pid))
        }
        upload.end()
        assert.deepEqual(JSON.parse((await read(await answer)).body), { bytes: size })
      }
      // The first one takes the runtime to where it collects read buffers; from there on nothing may be added.
      await send()
      const before = peak
      await send()
      assert.ok(peak - before < flat, `grew by ${Math.round((peak - before) / mebibyte)} MiB`)
      assert.ok(peak < 2 * size, `${Math.round(peak / mebibyte)} MiB are resident in all`)
    })

    await t.test('a chunked upload arrives whole', async () => {
      const upload = open(`${url}/api/count`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
      const answer = responseTo(upload)
      for (let i = 0; i < 100; i++) upload.write(Buffer.alloc(10_007))
      upload.end()
      assert.deepEqual(JSON.parse((await read(await answer)).body), { bytes: 1_000_700 })
    })

    await t.test('a download waits for a reader that stopped reading', async () => {
      const before = residentBytes(pid)
      const download = open(`${url}/api/big?mebibytes=100`)
      download.end()
      const response = await responseTo(download)
      assert.equal(response.headers['content-length'], String(100 * mebibyte))
      await once(response, 'readable')
      // Nothing is read: the worker must come to rest long before the end.
      const taken = await settledProgress(url)
      assert.ok(taken < 60, `${taken} MiB were taken from the worker with nobody reading`)
      let received = 0
      let peak = before
      for await (const chunk of response) {
        received += Buffer.from(chunk).length
        peak = Math.max(peak, residentBytes(pid))
      }
      assert.equal(received, 100 * mebibyte)
      assert.ok(peak - before < flat, `grew by ${Math.round((peak - before) / mebibyte)} MiB`)
    })

    await t.test('a client that leaves ends the request at the worker', async () => {
      const stay = open(`${url}/api/stay`)
      stay.end()
      const response = await responseTo(stay)
      await nextPiece(response)
      response.destroy()
      // Answered only once the endpoint was cancelled.
      assert.deepEqual(JSON.parse((await ask(`${url}/api/left`)).body), { left: true })
    })

    await t.test('an answer that breaks off never looks complete', async () => {
      const cut = open(`${url}/api/cut`)
      cut.end()
      const response = await responseTo(cut)
      assert.equal(response.statusCode, 200)
      await assert.rejects(read(response), { code: 'ECONNRESET' })
    })

    await t.test('HEAD has the length and no body', async () => {
      const answer = await ask(`${url}/api/openapi.json`, { method: 'HEAD' })
      assert.equal(answer.body, '')
      assert.ok([200, 405].includes(answer.status))
    })
  })
}

test('a body above the limit is 413, announced or not, and the worker is not asked', async (t) => {
  const toml = `${apiOnly.toml}\n[limits]\nbody = "1MiB"\n`
  const { url } = await (await gateway(t, { ...apiOnly, toml })).ready()

  const announced = open(`${url}/api/count`, { method: 'POST', headers: { 'content-length': 2 * mebibyte } })
  announced.flushHeaders()
  const refusal = await read(await responseTo(announced))
  assert.equal(refusal.status, 413)
  assert.equal(json<{ code: string }>(refusal.body).code, 'body_too_large')
  assert.match(String(refusal.headers['x-request-id']), /./)
  announced.destroy()

  const chunked = open(`${url}/api/count`, { method: 'POST', headers: { 'transfer-encoding': 'chunked' } })
  const answer = responseTo(chunked)
  // The gateway may close while the rest is being written.
  chunked.on('error', () => undefined)
  for (let i = 0; i < 20; i++) chunked.write(Buffer.alloc(mebibyte / 10))
  assert.equal((await read(await answer)).status, 413)
  chunked.destroy()

  assert.equal((await ask(`${url}/api/count`, { method: 'POST', body: Buffer.alloc(mebibyte) })).status, 200)
})

test('a worker that dies before it answers is 502 or 503 and comes back', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  const answer = await ask(`${running.url}/api/die`)
  assert.ok([502, 503].includes(answer.status), `status ${answer.status}`)
  await eventually('the API answers again', async () => (await ask(`${running.url}/api/`)).status === 200)
})

// How far the worker's generator got once two looks at it agree; looking goes through the gateway itself,
// so each look is a full round trip during which a worker without backpressure would move on.
async function settledProgress(url: string): Promise<number> {
  const look = async () => json<{ mebibytes: number }>((await ask(`${url}/api/progress`)).body).mebibytes
  let last = -1
  return eventually('the worker comes to rest', async () => {
    const now = await look()
    const rested = now === last && now > 0
    last = now
    return rested ? now : undefined
  })
}
