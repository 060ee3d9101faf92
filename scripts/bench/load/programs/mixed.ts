/** A bit of everything at a fixed rate: what a gateway sees in a day, in an hour. */

import { Agent, request } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'

import { optionsText, serve } from '../serve.ts'
import { SocketClient } from '../socket-client.ts'

/** What is done. */
export interface MixedOptions {
  readonly port: number
  /** Acts a second, of the kinds below. */
  readonly rate: number
  readonly seconds: number
}

/** What came of it. */
export interface MixedResult {
  /** Acts that went well, by kind. */
  readonly done: Readonly<Record<string, number>>
  readonly failed: number
  /** Acts that were not begun because too many were on their way: the rate is too high. */
  readonly skipped: number
  /** Why the first that failed did. */
  readonly reason: string
}

/** Acts on their way at the same time. */
const most = 500

type Act = (port: number) => Promise<void>

interface Exchange {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: Buffer
  /** Resolve when this many bytes came, and leave. */
  readonly enough?: number
  /** Time before the body is sent. */
  readonly delayMs?: number
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const kibibyte = Buffer.alloc(1024, 'x')
const upload = Buffer.alloc(2 * 1024 * 1024, 'x')

/** How many of a hundred acts are of which kind. */
const acts: readonly { readonly name: string; readonly share: number; readonly act: Act }[] = [
  { name: 'get', share: 60, act: (port) => exchange(port, { method: 'GET', path: '/json' }) },
  {
    name: 'post',
    share: 15,
    act: (port) => exchange(port, { method: 'POST', path: '/upload', body: kibibyte }),
  },
  {
    name: 'download',
    share: 10,
    act: (port) => exchange(port, { method: 'GET', path: '/bytes?size=65536' }),
  },
  {
    name: 'upload',
    share: 1,
    act: (port) => exchange(port, { method: 'POST', path: '/upload', body: upload }),
  },
  {
    name: 'events',
    share: 4,
    act: (port) => exchange(port, { method: 'GET', path: '/events', enough: 2000 }),
  },
  {
    name: 'slow',
    share: 2,
    act: (port) => exchange(port, { method: 'POST', path: '/upload', body: kibibyte, delayMs: 2000 }),
  },
  {
    name: 'left',
    share: 2,
    act: (port) => exchange(port, { method: 'GET', path: '/bytes?size=999999', enough: 1 }),
  },
  { name: 'socket', share: 6, act: socket },
]

/** One request; its connection is kept unless it is left early. @throws Error for anything but a complete 200 */
function exchange(
  port: number,
  { method, path, body, enough = Infinity, delayMs = 0 }: Exchange,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-length': body.length }
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${path} was answered ${answer.statusCode}`))
      let have = 0
      answer.on('data', (bytes: Buffer) => {
        have += bytes.length
        if (have < enough) return
        resolve()
        sent.destroy()
      })
      answer.once('end', resolve).once('error', reject)
    })
    sent.once('error', reject)
    if (delayMs === 0) return void sent.end(body)
    sent.flushHeaders()
    setTimeout(() => sent.end(body), delayMs)
  })
}

async function socket(port: number): Promise<void> {
  const client = new SocketClient(port, 1024)
  await client.opened
  for (let sent = 0; sent < 5; sent += 1) {
    client.start()
    // One message and no more: as fast as it goes would be all that the gateway does.
    client.stop()
    await pause(100)
  }
  client.close()
  if (client.messages === 0) throw new Error('a WebSocket had no answer')
}

/** The acts of a hundred, each kind spread as evenly as it goes. */
function hundred(): readonly (typeof acts)[number][] {
  return acts
    .flatMap((one) =>
      Array.from({ length: one.share }, (_, index) => ({ one, at: (index + 0.5) / one.share })),
    )
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one)
}

class Mixed {
  readonly #options: MixedOptions
  readonly #done: Record<string, number> = {}
  readonly #under = new Set<Promise<void>>()
  #failed = 0
  #skipped = 0
  #reason = ''

  constructor(options: MixedOptions) {
    this.#options = options
  }

  async run(): Promise<MixedResult> {
    const { rate, seconds } = this.#options
    const order = hundred()
    const start = performance.now()
    for (let begun = 0; performance.now() - start < seconds * 1000;) {
      const due = Math.floor(((performance.now() - start) / 1000) * rate)
      for (; begun < due; begun += 1) this.#begin(order[begun % order.length])
      await pause(2)
    }
    await Promise.all(this.#under)
    return { done: this.#done, failed: this.#failed, skipped: this.#skipped, reason: this.#reason }
  }

  #begin(one: (typeof acts)[number] | undefined): void {
    if (one === undefined) return
    if (this.#under.size >= most) return void (this.#skipped += 1)
    const under = one.act(this.#options.port).then(
      () => void (this.#done[one.name] = (this.#done[one.name] ?? 0) + 1),
      (error: Error) => {
        this.#failed += 1
        this.#reason ||= `${one.name}: ${error.message}`
      },
    )
    this.#under.add(under)
    void under.finally(() => this.#under.delete(under))
  }
}

if (import.meta.main) {
  const options: MixedOptions = JSON.parse(optionsText())
  await serve(() => Promise.resolve(() => new Mixed(options).run()))
}
