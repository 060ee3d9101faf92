/** TLS handshakes as fast as they go, each with a request on it, without resumption. */

import { optionsText, serve } from '../serve.ts'
import { AnswerReader } from '../answer.ts'
import { host, open } from '../target.ts'

/** What is opened. */
export interface HandshakesOptions {
  readonly port: number
  readonly path: string
  /** At the same time. */
  readonly parallel: number
  readonly seconds: number
}

/** What came of it. */
export interface HandshakesResult {
  /** Connections on which a request was answered with 200. */
  readonly completed: number
  readonly reason: string
}

function once(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { socket, ready } = open({ port, isSecure: true })
    const reader = new AnswerReader()
    socket.once(ready, () => socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`))
    socket.on('data', (bytes: Buffer) => {
      const status = reader.read(bytes)
      if (status === null) return
      socket.destroy()
      if (status === 200) resolve()
      else reject(new Error(`status ${status}`))
    })
    socket.once('error', reject).once('close', () => reject(new Error('closed')))
  })
}

async function run({ port, path, parallel, seconds }: HandshakesOptions): Promise<HandshakesResult> {
  const end = performance.now() + seconds * 1000
  let completed = 0
  let reason = ''
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      await once(port, path).then(
        () => (completed += 1),
        (error: Error) => (reason ||= error.message),
      )
    }
  }
  await Promise.all(Array.from({ length: parallel }, lane))
  return { completed, reason }
}

if (import.meta.main) {
  const options: HandshakesOptions = JSON.parse(optionsText())
  await serve(() => Promise.resolve(() => run(options)))
}
