/** What one would otherwise write on Node: undici behind node:http, and the best kept of npm's proxies. */

import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { capture } from '../../shell/run.mjs'
import { repository } from '../../shell/progress.mjs'
import { PeerMissing } from './peer.ts'
import type { Order, Peer } from './peer.ts'

const programs = join(import.meta.dirname, 'programs')

/**
 * Installed below dist/bench and not among our own packages: it brings libraries that nothing of ours needs, and a
 * bench that nobody runs should cost nobody an install.
 */
const httpProxy3Version = '2.0.1'

/** `undici.dispatch` with a handler object behind node:http: the shape FluxLit had before its own engine. */
export const undici: Peer = {
  name: 'undici',
  abilities: [],
  version: () => Promise.resolve(versionBelow(repository, 'undici')),
  invocation: (order) => ({ command: [process.execPath, join(programs, 'undici.ts'), orderText(order)] }),
}

/** http-proxy-3 with a keep-alive agent. */
export const httpProxy3: Peer = {
  name: 'http-proxy-3',
  abilities: ['websocket'],
  version: installedHttpProxy3,
  invocation: (order) => ({
    command: [process.execPath, join(programs, 'http-proxy-3.ts'), orderText(order), modulesDirectory()],
  }),
}

/** What the programs get as their first argument, in JSON. */
export type ProgramOrder = Pick<Order, 'upstream' | 'port'>

function orderText({ upstream, port }: Order): string {
  const order: ProgramOrder = { upstream, port }
  return JSON.stringify(order)
}

function modulesDirectory(): string {
  return join(repository, 'dist', 'bench', 'peers')
}

async function installedHttpProxy3(): Promise<string> {
  const directory = modulesDirectory()
  if (!existsSync(join(directory, 'node_modules', 'http-proxy-3'))) await installHttpProxy3(directory)
  return versionBelow(directory, 'http-proxy-3')
}

async function installHttpProxy3(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const options = ['--prefix', directory, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts']
  const ended = await capture('npm', ['install', ...options, `http-proxy-3@${httpProxy3Version}`])
  if (ended.status !== 0) {
    throw new PeerMissing(`http-proxy-3 cannot be installed: ${ended.output.trim().split('\n')[0] ?? ''}`)
  }
}

function versionBelow(directory: string, name: string): string {
  const file = join(directory, 'node_modules', name, 'package.json')
  const manifest: { version: string } = JSON.parse(readFileSync(file, 'utf8'))
  return manifest.version
}
