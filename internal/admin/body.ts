import type { IncomingMessage } from 'node:http'

/** Bytes of a request's body; a list of worker names is far below. */
const longestBody = 64 * 1024

/** The text of a request's body, or null when it is longer than anybody needs. Rejects when the client goes away. */
export async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    length += chunk.length
    if (length > longestBody) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
