/** Asks Streamlit for its own numbers, over the address its requests go to. */

import { request, type IncomingMessage } from 'node:http'
import type { Address } from '../config/config.ts'
import { parseOpenMetrics, type ScrapedFamily } from './openmetrics.ts'

/** A worker that has numbers of its own. */
export interface ScrapeTarget {
  readonly worker: string
  readonly address: Address
  /** As the worker sees it. */
  readonly path: string
}

/** What a worker said of itself. */
export interface Scraped {
  readonly worker: string
  readonly families: readonly ScrapedFamily[]
}

/** Whoever collects metrics waits for it, and the worker may be busy with a script: a second, and no more memory than this. */
const patienceMs = 1_000
const longestAnswer = 256 * 1024

/** The numbers of one worker, or null when it did not say them in time, at length or in words that are understood. */
export async function scrape({ worker, address, path }: ScrapeTarget): Promise<Scraped | null> {
  try {
    const text = await ask(address, path)
    const families = text === null ? null : parseOpenMetrics(text)
    return families === null ? null : { worker, families }
  } catch {
    return null
  }
}

async function ask(address: Address, path: string): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const query = request({
    ...(address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port: address.port }),
    path,
    agent: false,
    headers: { host: 'localhost', connection: 'close', accept: 'application/openmetrics-text' },
    signal: AbortSignal.timeout(patienceMs),
  })
  query.once('response', resolve).once('error', reject).end()
  try {
    return await read(await promise)
  } finally {
    query.destroy()
  }
}

/** Rejects when the answer breaks off or takes too long. */
async function read(response: IncomingMessage): Promise<string | null> {
  // Streamlit answers paths it does not know with its page.
  const type = response.headers['content-type'] ?? ''
  if (response.statusCode !== 200 || !/^(application\/openmetrics-text|text\/plain)\b/.test(type)) return null
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > longestAnswer) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
