import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'
import { eventually } from './eventually.ts'
import { startProgram } from './program.ts'

/** Lines of nginx's configuration besides the usual ones. */
export interface NginxLines {
  readonly server?: readonly string[]
  readonly location?: readonly string[]
}

/**
 * nginx as a reverse proxy in front of `upstream` (`127.0.0.1:8000`), with nothing set but what is given; ended after
 * the test. It has a socket of its own, in front of which a port of ours leads there: nginx cannot take any free one.
 *
 * @returns `http://127.0.0.1:PORT`
 */
export async function nginx(t: Cleanup, upstream: string, lines: NginxLines = {}): Promise<string> {
  const files = { configuration: configuration(upstream, lines) }
  const directory = await freshDirectory(t, { files })
  const words = ['nginx', '-p', directory, '-c', join(directory, 'configuration'), '-e', 'stderr'] as const
  startProgram(t, words, { cwd: directory, detached: true })
  const socket = join(directory, 'front.sock')
  await eventually('nginx listens', () => answers(socket))
  const front = createServer({ allowHalfOpen: true }, (client) => {
    const inner = connect({ path: socket, allowHalfOpen: true })
    const end = (): void => {
      client.destroy()
      inner.destroy()
    }
    client.on('error', end).pipe(inner)
    inner.on('error', end).pipe(client)
    client.on('close', end)
  })
  t.after(() => void front.close())
  await once(front.listen(0, '127.0.0.1'), 'listening')
  const address = front.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

function configuration(upstream: string, { server = [], location = [] }: NginxLines): string {
  return `daemon off;
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
  server {
    listen unix:front.sock;
    ${server.join('\n    ')}
    location / {
      proxy_pass http://${upstream};
      ${location.join('\n      ')}
    }
  }
}
`
}
