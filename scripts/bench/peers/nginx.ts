/** Debian's nginx, as the proxy all others are compared with and as the server of static answers. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { capture } from '../../shell/run.mjs'
import { PeerMissing, written } from './peer.ts'
import type { Invocation, Order, Peer } from './peer.ts'

/**
 * One worker, kept-alive upstream connections, the same request headers added as FluxLit adds, bodies streamed both
 * ways. The access log is written in blocks of 64 KiB, because FluxLit gathers its lines, too.
 */
export const nginx: Peer = {
  name: 'nginx',
  abilities: ['websocket', 'tls', 'log'],
  version: nginxVersion,
  invocation: (order) => nginxWith(order.directory, proxyServer(order)),
}

/** @throws PeerMissing */
export async function nginxVersion(): Promise<string> {
  const ended = await capture('nginx', ['-v']).catch(() => null)
  if (ended === null) throw new PeerMissing('nginx is not installed (apt-get install nginx-light)')
  return /nginx\/(\S+)/.exec(ended.output)?.[1] ?? 'unknown'
}

/** Command line of an nginx with these lines inside its `http` block and all of its files in a directory. */
export function nginxWith(directory: string, http: readonly string[]): Invocation {
  const file = join(directory, 'nginx.conf')
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${join(directory, kind)};`,
  )
  const lines = [
    // Only root may name an account; without it the worker would leave for one that cannot reach our sockets.
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off; worker_processes 1; worker_rlimit_nofile 65536;',
    `error_log ${join(directory, 'nginx.error')}; pid ${join(directory, 'nginx.pid')};`,
    'events { worker_connections 32768; }',
    `http { ${temporary.join(' ')} keepalive_requests 1000000000; keepalive_timeout 1h;`,
    ...http,
    '}',
  ]
  writeFileSync(file, `${lines.join('\n')}\n`)
  return { command: ['nginx', '-e', join(directory, 'nginx.error'), '-c', file] }
}

function proxyServer({ upstream, port, directory, accessLog, tls }: Order): readonly string[] {
  const scheme = tls === null ? '' : ' ssl'
  return [
    'map $http_upgrade $connection_upgrade { default upgrade; "" ""; }',
    `upstream up { server ${written(upstream, 'unix:')}; keepalive 256; keepalive_requests 1000000000; }`,
    ...accessLogLines(directory, accessLog),
    'client_max_body_size 0; proxy_request_buffering off; proxy_max_temp_file_size 0; proxy_http_version 1.1;',
    'proxy_read_timeout 1h; proxy_send_timeout 1h;',
    'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;',
    'proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;',
    'proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Request-ID $request_id;',
    `server { listen 127.0.0.1:${port}${scheme} backlog=4096;`,
    ...(tls === null ? [] : [`ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`]),
    'location / { proxy_pass http://up; } location /events { proxy_buffering off; proxy_pass http://up; } }',
  ]
}

function accessLogLines(directory: string, wanted: boolean): readonly string[] {
  if (!wanted) return ['access_log off;']
  const fields =
    '"time":"$time_iso8601","request_id":"$request_id","method":"$request_method","path":"$uri",' +
    '"route":"up","status":$status,"duration_ms":$request_time,"ttfb_ms":"$upstream_header_time",' +
    '"bytes_in":$request_length,"bytes_out":$bytes_sent,"client":"$remote_addr"'
  return [
    `log_format line escape=json '{"level":"info","msg":"request",${fields}}';`,
    `access_log ${join(directory, 'access.log')} line buffer=64k flush=1s;`,
  ]
}
