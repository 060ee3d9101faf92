/** What stands behind the proxies: over a Unix socket and over TCP at the same time. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { freePort, Program } from '../measure/program.ts'
import type { Address } from '../measure/program.ts'
import { nginxWith } from '../peers/nginx.ts'

/** nginx with fixed answers, or a program of ours for what has no fixed answer. */
export type UpstreamKind = 'static' | 'origin'

/** A running upstream. */
export class Upstream implements AsyncDisposable {
  readonly unix: Address
  readonly tcp: Address
  readonly #program: Program

  private constructor(program: Program, unix: Address, tcp: Address) {
    this.#program = program
    this.unix = unix
    this.tcp = tcp
  }

  /**
   * Starts it and waits until it listens.
   * @param directory private to it
   */
  static async start(kind: UpstreamKind, directory: string): Promise<Upstream> {
    mkdirSync(directory, { recursive: true })
    const unix: Address = { kind: 'unix', path: join(directory, 'up.sock') }
    const tcp: Address = { kind: 'tcp', host: '127.0.0.1', port: await freePort() }
    const command = commandOf(kind, directory, unix.path, tcp.port)
    const program = new Program({ command, log: join(directory, 'log'), cores: null })
    const upstream = new Upstream(program, unix, tcp)
    await program.listening(unix)
    await program.listening(tcp)
    return upstream
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#program[Symbol.asyncDispose]()
  }
}

/** Bytes of the files the static upstream serves, under their names. */
export const files = { '/large.json': 64 * 1024, '/100mb': 100 * 1024 * 1024 } as const

/** The small answer: 97 bytes, as a FastAPI route would give. */
export const smallJson =
  '{"name":"Ada","id":1,"items":[1,2,3,4,5,6,7,8,9,10],"note":"hello world, this is a small json"}'

function commandOf(kind: UpstreamKind, directory: string, path: string, port: number): readonly string[] {
  if (kind === 'origin') {
    return [process.execPath, join(import.meta.dirname, 'origin-program.ts'), path, String(port)]
  }
  const root = join(directory, 'root')
  mkdirSync(root, { recursive: true })
  for (const [name, size] of Object.entries(files)) writeFileSync(join(root, name), Buffer.alloc(size, '1'))
  return nginxWith(directory, [
    'access_log off; sendfile on; open_file_cache max=10; open_file_cache_valid 1h; default_type application/json;',
    `server { listen 127.0.0.1:${port} backlog=4096; listen unix:${path} backlog=4096; root ${root};`,
    `location / { return 200 '${smallJson}'; }`,
    ...Object.keys(files).map((name) => `location = ${name} { }`),
    '}',
  ]).command
}
