import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { marked } from '../support/document.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import type { Gateway } from '../support/gateway.ts'
import { ask, json, nextPiece, open, read, responseTo, shakeHands } from '../support/http.ts'
import { ownAddress } from '../support/own-address.ts'
import { startProgram } from '../support/program.ts'

/** A proxy with the lines of docs/deployment.md in front of a gateway; resolves to its address. */
type Front = (t: Cleanup, running: Gateway) => Promise<string>

const fronts: Readonly<Record<'nginx' | 'caddy', Front>> = { nginx: nginxFront, caddy: caddyFront }

const mebibyte = 2 ** 20

for (const [name, front] of Object.entries(fronts)) {
  const missing = spawnSync(name, ['version']).error === undefined ? false : `${name} is not installed`
  test(
    `behind ${name} as documented: page, socket, upload, stream, and who the client is`,
    { skip: missing },
    async (t) => {
      const running = await gateway(t, {
        toml: 'trusted_proxies = ["127.0.0.0/8"]\n[workers.api]\napp = "api:app"\n[workers.ui]\nscript = "headers.py"\n',
        files: { 'api.py': app('api.py'), 'headers.py': app('headers.py') },
      })
      await running.ready()
      const url = await front(t, running)

      const page = await ask(`${url}/`)
      assert.match(page.body, /<title>Streamlit<\/title>/)
      const script = /src="(\.?\/?static\/js\/[^"]+)"/.exec(page.body)?.[1] ?? ''
      assert.equal((await ask(new URL(script, `${url}/`).href)).status, 200, script)

      const stream = await shakeHands(`${url}/_stcore/stream`, {
        origin: url,
        'sec-websocket-protocol': 'streamlit',
      })
      assert.equal(stream.kind, 'open', JSON.stringify(stream.kind === 'open' ? {} : stream))
      if (stream.kind === 'open') stream.socket.destroy()
      assert.equal(await echoed(`${url.replace('http', 'ws')}/api/echo`), 'through the proxy')

      const large = Buffer.alloc(20 * mebibyte, 'x')
      const counted = await ask(`${url}/api/count`, { method: 'POST', body: large })
      assert.deepEqual(json(counted.body), { bytes: large.length })

      const slow = open(`${url}/api/until/go`)
      slow.end()
      const answer = await responseTo(slow)
      assert.equal(await nextPiece(answer), 'started\n', 'a stream arrives as it is written')
      await writeFile(join(running.directory, 'go'), '')
      assert.equal((await read(answer)).body, 'finished\n')

      const asked = await ask(`${url}/api/seen/x`)
      const seen = json<{ headers: readonly (readonly [string, string])[]; client: unknown }>(asked.body)
      const headers = Object.fromEntries(seen.headers)
      assert.equal(headers['host'], new URL(url).host, 'the name the browser asked for')
      assert.match(JSON.stringify(seen.client), /127\./)
      const id = asked.headers['x-request-id']
      const record = await running.record('the access line', (line) => line['path'] === '/api/seen/x')
      assert.deepEqual([record['request_id'], headers['x-request-id']], [id, id])
      assert.match(
        String(id),
        name === 'nginx' ? /^[0-9a-f]{32}$/ : /^[0-9a-f-]{36}$/,
        "the id is the proxy's",
      )
    },
  )
}

async function nginxFront(t: Cleanup, running: Gateway): Promise<string> {
  const address = ownAddress()
  const server = marked('deployment.md', 'snippet: nginx')
    .replace('listen 80;', `listen ${address}:8080;`)
    .replace('app.example', '_')
    .replace('http://127.0.0.1:8000', running.url)
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${kind};`,
  )
  const configuration = `daemon off;\npid nginx.pid;\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${server}}\n`
  const directory = await freshDirectory(t, { files: { 'nginx.conf': configuration } })
  const file = join(directory, 'nginx.conf')
  startProgram(t, ['nginx', '-p', directory, '-c', file, '-e', 'stderr'], { cwd: directory, detached: true })
  return listening(`http://${address}:8080`)
}

async function caddyFront(t: Cleanup, running: Gateway): Promise<string> {
  const url = `http://${ownAddress()}:8080`
  const site = marked('deployment.md', 'snippet: caddy')
    .replace('app.example {', `${url} {\n    bind ${new URL(url).hostname}`)
    .replace('127.0.0.1:8000', new URL(running.url).host)
  const directory = await freshDirectory(t, { files: { Caddyfile: `{\n    admin off\n}\n${site}` } })
  const words = ['caddy', 'run', '--config', join(directory, 'Caddyfile')] as const
  const env = { PATH: process.env['PATH'], HOME: directory }
  startProgram(t, words, { cwd: directory, detached: true, env })
  return listening(url)
}

async function listening(url: string): Promise<string> {
  await eventually(`${url} answers`, async () => (await ask(`${url}/__fluxlit/livez`)).status === 200)
  return url
}

/** What the app's echo says to a text, after the message in which it tells what arrived. */
function echoed(url: string): Promise<string> {
  const socket = new WebSocket(url)
  const heard: string[] = []
  return new Promise((resolve, reject) => {
    socket.once('open', () => socket.send('through the proxy'))
    socket.on('message', (data: Buffer) => {
      heard.push(data.toString())
      if (heard.length < 2) return
      socket.close()
      resolve(heard[1] ?? '')
    })
    socket.once('error', reject)
  })
}
