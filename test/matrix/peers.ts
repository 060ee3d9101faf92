/**
 * nginx and HAProxy in front of the same recording worker. They are no measure of what is right, but what one of
 * them refuses has been found dangerous by somebody.
 */

import { connect } from 'node:net'
import { join } from 'node:path'

import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { startProgram } from '../support/program.ts'
import { Wire } from '../support/raw.ts'
import { message } from './bytes.ts'
import type { RequestCase } from './case.ts'
import { probePath } from './line.ts'
import { recordedPlace } from './place.ts'
import type { RecordedPlace } from './place.ts'
import { recorder } from './recorder.ts'

/** Who is asked. */
export type Peer = 'nginx' | 'haproxy'

/** What a peer made of a case: how many requests reached the worker, and the statuses it answered with. */
export interface PeerVerdict {
  readonly passed: number
  readonly statuses: readonly number[]
}

/** Starts a peer on a Unix socket of its own; ended after the test. */
export async function peerPlace(t: Cleanup, peer: Peer): Promise<RecordedPlace> {
  const recording = await recorder(t)
  const { address } = recording
  if (address.kind !== 'tcp') throw new Error('the recorder does not listen on TCP')
  const upstream = `${address.host}:${address.port}`
  const directory = await freshDirectory(t, { files: { configuration: configurations[peer](upstream) } })
  const file = join(directory, 'configuration')
  const words: Readonly<Record<Peer, readonly [string, ...string[]]>> = {
    nginx: ['nginx', '-p', directory, '-c', file, '-e', 'stderr'],
    haproxy: ['haproxy', '-db', '-q', '-f', file],
  }
  startProgram(t, words[peer], { cwd: directory, detached: true })
  const door = { connect: () => connectTo(t, join(directory, 'front.sock')) }
  await eventually(`${peer} listens`, door.connect)
  return recordedPlace(recording, () => Promise.resolve(door))
}

/**
 * Shows a case to a peer, and a probe behind it that asks for the end. A peer that takes the probe for something else
 * waits for more until its own short limits end that; a tunnel ends when the client leaves it.
 */
export async function peerVerdict(place: RecordedPlace, item: RequestCase): Promise<PeerVerdict> {
  const client = await place.connect('plain')
  const tunnels = (): boolean => / 101 |^CONNECT/.test(client.pending + item.bytes)
  client.socket.on('data', () => void (tunnels() && client.end()))
  // In one write: a second one to a peer that has closed already would end the reading of its answer.
  const behind = item.ends === true || item.outcome.kind === 'upgraded' ? '' : farewell
  client.send(item.bytes + (item.afterContinue ?? '') + behind)
  if (item.ends === true) client.end()
  const text = await client.rest()
  client.socket.destroy()
  const { requests } = await place.taken()
  const statuses = [...text.matchAll(/HTTP\/1\.[01] (\d{3}) /g)].map(([, status]) => Number(status))
  return { passed: requests.length, statuses }
}

const farewell = message(`GET ${probePath}behind HTTP/1.1`, ['Host: a', 'Connection: close'])

/**
 * Whether a case that must pass through us is stopped by the peer. Where ours may be refused as well the engine
 * decides, so it counts as passing.
 */
export function isLaxer({ outcome }: RequestCase, { passed }: PeerVerdict): boolean {
  if (outcome.kind === 'upgraded') return passed < 1
  return outcome.kind === 'forwarded' && passed < outcome.requests.length
}

async function connectTo(t: Cleanup, path: string): Promise<Wire> {
  const socket = connect({ path, allowHalfOpen: true })
  t.after(() => void socket.destroy())
  const wire = new Wire(socket)
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  return wire
}

/** Limits and streaming as ours, everything else as it comes. */
const configurations: Readonly<Record<Peer, (upstream: string) => string>> = {
  nginx: (upstream) => `daemon off;
master_process off;
pid nginx.pid;
error_log stderr crit;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 200m;
  lingering_timeout 1s;
  client_header_timeout 3s;
  client_body_timeout 3s;
  client_header_buffer_size 64k;
  large_client_header_buffers 4 64k;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  server {
    listen unix:front.sock;
    location / {
      proxy_pass http://${upstream};
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_ignore_client_abort on;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`,
  haproxy: (upstream) => `global
  maxconn 256
  tune.bufsize 73728
  tune.http.maxhdr 101
defaults
  mode http
  timeout connect 5s
  timeout client 3s
  timeout server 3s
frontend front
  bind unix@front.sock
  default_backend worker
backend worker
  server worker ${upstream}
`,
}
