/** Debian's HAProxy: the strictest parser, and about as cheap as nginx. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { capture } from '../../shell/run.mjs'
import { PeerMissing, written } from './peer.ts'
import type { Order, Peer } from './peer.ts'

/** One thread, kept-alive upstream connections, the same request headers added as FluxLit adds. */
export const haproxy: Peer = {
  name: 'haproxy',
  abilities: ['websocket', 'tls', 'log'],
  version,
  invocation: (order) => {
    const file = join(order.directory, 'haproxy.cfg')
    writeFileSync(file, `${configuration(order).join('\n')}\n`)
    return { command: ['haproxy', '-db', '-f', file] }
  },
}

async function version(): Promise<string> {
  const ended = await capture('haproxy', ['-v']).catch(() => null)
  if (ended === null) throw new PeerMissing('haproxy is not installed (apt-get install haproxy)')
  return /version (\d[\d.]*)/.exec(ended.output)?.[1] ?? 'unknown'
}

function configuration({ upstream, port, accessLog, tls }: Order): readonly string[] {
  const fields =
    '"time":"%T","request_id":"%ID","method":"%HM","path":"%HP","route":"%b","status":%ST,' +
    '"duration_ms":%Ta,"ttfb_ms":%Tr,"bytes_in":%U,"bytes_out":%B,"client":"%ci"'
  return [
    'global',
    '  nbthread 1',
    '  maxconn 8000',
    ...(accessLog ? ['  log stdout format raw local0'] : []),
    'defaults',
    '  mode http',
    '  option http-keep-alive',
    '  http-reuse always',
    '  timeout connect 5s',
    '  timeout client 1h',
    '  timeout server 1h',
    '  timeout tunnel 1h',
    ...(accessLog ? ['  log global', `  log-format '{"level":"info","msg":"request",${fields}}'`] : []),
    'frontend public',
    `  bind 127.0.0.1:${port}${tls === null ? '' : ` ssl crt ${tls.both}`}`,
    '  unique-id-format %[uuid()]',
    '  unique-id-header X-Request-ID',
    '  option forwardfor',
    `  http-request set-header X-Forwarded-Proto ${tls === null ? 'http' : 'https'}`,
    '  default_backend up',
    'backend up',
    `  server up ${written(upstream, 'unix@')}`,
  ]
}
