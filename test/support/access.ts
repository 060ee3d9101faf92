import type { AccessRequest } from '../../internal/auth/credential.ts'
import type { RoutedWorker } from '../../internal/config/config.ts'
import { compileHeadRules, HeadMemory, readHead } from '../../internal/exchange/head.ts'
import { identify, type Identification } from '../../internal/exchange/identify.ts'
import { createIdSource } from '../../internal/exchange/request-id.ts'
import { isFailure } from '../../internal/fault/failure.ts'

/** A request as a test describes it. */
export interface Asked {
  readonly method?: string
  readonly target: string
  /** `Name: value` lines besides Host. */
  readonly lines?: readonly string[]
  readonly websocket?: boolean
  /** Kind of the worker; a Streamlit app at `/` unless told otherwise, an API at `/api`. */
  readonly worker?: RoutedWorker['kind']
  readonly internal?: boolean
  readonly peer?: string
  /** Header names that the configuration gives to the gateway, lower case. */
  readonly names?: ReadonlySet<string>
}

const handshake = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** The request as authorisation sees it. */
export function accessTo(asked: Asked): AccessRequest {
  const {
    method = 'GET',
    target,
    lines = [],
    websocket = false,
    worker = 'streamlit',
    peer = '127.0.0.1',
  } = asked
  const all = ['Host: app.example', ...lines, ...(websocket ? handshake : [])]
  const head = readHead(
    {
      method,
      target,
      minor: 1,
      fields: all.flatMap((line) => [
        line.slice(0, line.indexOf(':')),
        line.slice(line.indexOf(':') + 1).trim(),
      ]),
      framing: { kind: 'none' },
      connection: websocket ? ['upgrade'] : [],
    },
    compileHeadRules(asked.names ?? new Set()),
  )
  if (isFailure(head)) throw new Error(`refused at the door: ${head.code}`)
  const exchange = identify(head, head.websocket === null ? 'http' : 'websocket', from(peer))
  const [path = '', query] = target.split('?')
  const segments = path.slice(1).split('/')
  const below = worker === 'uvicorn' ? segments.slice(1) : segments
  return {
    exchange,
    head,
    path,
    query: query === undefined ? '' : `?${query}`,
    segments,
    readings: [segments],
    worker: { name: worker === 'uvicorn' ? 'api' : 'ui', kind: worker, below },
    internal: asked.internal ?? false,
  }
}

function from(address: string): Identification {
  return {
    by: { ids: createIdSource(), trusts: () => false, scheme: 'https', fallbackHost: 'app.example' },
    peer: { address, trusted: false, keepsIds: false },
    heads: new HeadMemory(),
    forwardedLines: () => '',
  }
}
