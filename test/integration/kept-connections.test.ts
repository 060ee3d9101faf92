import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'

import type { Cleanup } from '../support/cleanup.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { plainAnswer, rawServer } from '../support/raw.ts'
import type { RawServer, Wire } from '../support/raw.ts'
import { python } from '../support/python.ts'

const bursts = 3
const each = 100

/**
 * Answers to `each` requests that came together leave one after the other within 1.5 s, so that their connections have
 * been idle for different times when the next such burst comes.
 */
const app = `import asyncio
from fastapi import FastAPI

app = FastAPI()
burst = {"here": 0, "whole": asyncio.Event(), "posts": 0}


@app.post("/{place}")
async def post(place: int) -> int:
    whole = burst["whole"]
    burst["posts"] += 1
    burst["here"] += 1
    if burst["here"] == ${each}:
        burst.update(here=0, whole=asyncio.Event())
        whole.set()
    await whole.wait()
    await asyncio.sleep(place * 0.015)
    return place


@app.get("/posts")
async def posts() -> int:
    return burst["posts"]
`

test('three hundred POSTs around the time at which Uvicorn ends idle connections all arrive, each once', async (t) => {
  // With another worker's command line the gateway knows only Uvicorn's default: 5 s.
  const command = [python(), '-m', 'uvicorn', 'burst:app', '--uds', '{uds}', '--log-level', 'warning']
  const toml = `[workers.api]\nkind = "http"\ncommand = ${JSON.stringify(command)}\nmount = "/"\n`
  const running = await (await gateway(t, { toml, files: { 'burst.py': app } })).ready()
  const post = (_: unknown, place: number): Promise<number> =>
    ask(`${running.url}/${place}`, { method: 'POST', body: 'x' }).then(({ status }) => status)
  for (let burst = 0; burst < bursts; burst += 1) {
    // The connections have then been idle for 3.6 to 5.1 s.
    if (burst > 0) await pause(3_600)
    const statuses = await Promise.all(Array.from({ length: each }, post))
    assert.deepEqual(new Set(statuses), new Set([200]))
  }
  assert.equal((await ask(`${running.url}/posts`)).body, String(bursts * each))
})

/** Answers the first request of each connection and breaks the connection at the second. */
async function fickle(t: Cleanup): Promise<{ readonly server: RawServer; readonly seen: readonly string[] }> {
  const server = await rawServer(t)
  const seen: string[] = []
  const serve = async (wire: Wire): Promise<void> => {
    for (const isFirst of [true, false]) {
      const { start } = await wire.request()
      seen.push(start.replace(' HTTP/1.1', ''))
      if (isFirst) wire.send(plainAnswer)
      else wire.reset()
    }
  }
  const accept = async (): Promise<void> => {
    for (;;) void serve(await server.accept()).catch(() => undefined)
  }
  void accept()
  return { server, seen }
}

test('on a connection the worker breaks a POST fails and is not sent again, a GET is, once', async (t) => {
  const { server, seen } = await fickle(t)
  if (server.address.kind !== 'tcp') throw new Error('it does not listen on TCP')
  const url = `http://127.0.0.1:${server.address.port}`
  const table = `[workers.ui]\nurl = "${url}"\nmount = "/"\nready_path = "/probe"\nprobe_interval = "1h"\n`
  const running = await (await gateway(t, { toml: table })).ready()
  const status = async (method: string, path: string): Promise<number> =>
    (await ask(running.url + path, { method })).status
  assert.deepEqual(
    [
      await status('GET', '/opens'),
      await status('POST', '/breaks'),
      await status('GET', '/opens-again'),
      await status('GET', '/goes-twice'),
      await status('POST', '/breaks-too'),
    ],
    [200, 502, 200, 200, 502],
  )
  const order = ['GET /opens', 'POST /breaks', 'GET /opens-again', 'GET /goes-twice', 'GET /goes-twice']
  assert.deepEqual(
    seen.filter((start) => !start.includes('probe')),
    [...order, 'POST /breaks-too'],
  )
})
