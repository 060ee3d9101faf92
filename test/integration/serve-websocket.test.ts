import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'

import { WebSocket } from 'ws'

import { apiOnly } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { json, shakeHands } from '../support/http.ts'

/** What the echo endpoint says first. */
interface Greeting {
  readonly offered: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly path: string
}

/** An open socket, its handshake answer, and the messages as they come. */
class Conversation {
  readonly socket: WebSocket
  readonly #messages: Buffer[] = []
  #wake = (): void => undefined
  handshake: IncomingMessage | null = null

  constructor(url: string, protocols: string[], headers: Record<string, string> = {}) {
    this.socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false })
    this.socket.on('upgrade', (response) => (this.handshake = response))
    this.socket.on('message', (data: Buffer) => {
      this.#messages.push(data)
      this.#wake()
    })
  }

  async next(): Promise<Buffer> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) return message
      await new Promise<void>((resolve, reject) => {
        this.#wake = resolve
        this.socket.once('error', reject)
        this.socket.once('close', (code) => reject(new Error(`closed with ${code}`)))
      })
    }
  }

  async greeting(): Promise<Greeting> {
    return json<Greeting>((await this.next()).toString())
  }
}

for (const transport of ['unix', 'tcp']) {
  test(`WebSockets over ${transport}`, async (t) => {
    const running = await gateway(t, { ...apiOnly, env: { FLUXLIT_WORKERS_API_TRANSPORT: transport } })
    const { url, socketUrl } = await running.ready()
    const address = `${socketUrl}/api/echo`

    await t.test('offered subprotocols arrive in order and the choice comes back', async (s) => {
      const offered = ['streamlit', 'PLACEHOLDER_AUTH_TOKEN', 'a1b2c3']
      const talk = new Conversation(address, offered)
      s.after(() => talk.socket.terminate())
      const greeting = await talk.greeting()
      assert.deepEqual(greeting.offered, offered)
      assert.equal(greeting.headers['sec-websocket-protocol']?.replaceAll(' ', ''), offered.join(','))
      assert.equal(talk.socket.protocol, 'a1b2c3')
    })

    await t.test('the handshake carries the same request id both ways, and the right Host', async (s) => {
      const talk = new Conversation(address, [], {
        origin: url,
        'x-request-id': 'mine',
        'x-forwarded-for': '6.6.6.6',
      })
      s.after(() => talk.socket.terminate())
      const { headers } = await talk.greeting()
      assert.match(headers['x-request-id'] ?? '', /^[A-Za-z0-9._-]{1,64}$/)
      assert.notEqual(headers['x-request-id'], 'mine')
      assert.equal(talk.handshake?.headers['x-request-id'], headers['x-request-id'])
      assert.equal(headers['host'], new URL(url).host)
      assert.equal(headers['x-forwarded-for'], '127.0.0.1')
      assert.equal(headers['x-forwarded-prefix'], '/api')
    })

    await t.test('messages of any size keep their order', async (s) => {
      const talk = new Conversation(address, [])
      s.after(() => talk.socket.terminate())
      await talk.greeting()
      const messages = [
        Buffer.from('text'),
        ...[1, 125, 126, 65_536, 8_000_000].map((size) => randomBytes(size)),
      ]
      for (const message of messages) talk.socket.send(message)
      for (const message of messages)
        assert.ok((await talk.next()).equals(message), `${message.length} bytes`)
    })

    await t.test('a close code and its reason arrive', async () => {
      const talk = new Conversation(`${socketUrl}/api/goodbye`, [])
      const closing = new Promise<string>((resolve) =>
        talk.socket.once('close', (code, reason) => resolve(`${code} ${reason.toString()}`)),
      )
      assert.equal(await closing, '4321 enough')
    })

    await t.test('a refusal by the worker is relayed as the worker wrote it', async () => {
      const answer = await shakeHands(`${socketUrl}/api/refuse`)
      assert.equal(answer.kind, 'refused')
      assert.equal(answer.kind === 'refused' && answer.status, 403)
      assert.match(String(answer.headers['x-request-id']), /./)
    })

    await t.test('a page of another site may not open a socket', async () => {
      const origins = ['http://evil.example', 'null', `${url}.evil.example`, url.replace(/\d+$/, '1')]
      for (const origin of origins) {
        const answer = await shakeHands(address, { origin })
        assert.equal(answer.kind === 'refused' && answer.status, 403, origin)
        assert.match(answer.kind === 'refused' ? answer.body : '', /WebSocket/)
        assert.match(String(answer.headers['x-request-id']), /./)
      }
    })

    await t.test('its own page may, and so may a program without an origin', async () => {
      for (const headers of [{ origin: url }, {}]) {
        const answer = await shakeHands(address, headers)
        assert.equal(answer.kind, 'open')
        if (answer.kind === 'open') answer.socket.destroy()
      }
    })

    await t.test('a path that is refused for a page is refused for a socket', async () => {
      for (const [path, status] of [
        ['/nothing', 404],
        ['/api/%zz', 400],
      ] as const) {
        const answer = await shakeHands(socketUrl + path)
        assert.equal(answer.kind === 'refused' && answer.status, status, path)
      }
    })
  })
}

test('an origin that is configured may open a socket from another host', async (t) => {
  const toml = `${apiOnly.toml}\n[auth]\nallowed_origins = ["https://portal.example"]\n`
  const { socketUrl } = await (await gateway(t, { ...apiOnly, toml })).ready()
  const answer = await shakeHands(`${socketUrl}/api/echo`, { origin: 'https://portal.example' })
  assert.equal(answer.kind, 'open')
  if (answer.kind === 'open') answer.socket.destroy()
})
