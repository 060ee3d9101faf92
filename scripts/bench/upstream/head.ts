/** The head of a request, as far as the bench's own upstream needs it. Lenient: the proxies are what is strict. */

/** A parsed head. */
export interface Head {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** Length of the body in bytes, 0 when there is none. */
  readonly length: number | 'chunked'
  /** Sec-WebSocket-Key of a handshake. */
  readonly key: string | null
}

/** @param text a head without its empty line */
export function readHead(text: string): Head {
  const [method = '', target = ''] = text.split(' ', 2)
  const { pathname, searchParams } = new URL(target, 'http://upstream')
  const isChunked = /^transfer-encoding:\s*chunked/im.test(text)
  return {
    method,
    path: pathname,
    query: searchParams,
    length: isChunked ? 'chunked' : Number(field(text, 'content-length') ?? 0),
    key: field(text, 'sec-websocket-key'),
  }
}

function field(text: string, name: string): string | null {
  return new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*\\r?$`, 'im').exec(text)?.[1] ?? null
}
