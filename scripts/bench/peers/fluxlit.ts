/** The built executable, measured from outside: nothing is known here of its inside. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { capture } from '../../shell/run.mjs'
import { tokenIssuer, tokenSecret } from '../token.ts'
import { PeerMissing, written } from './peer.ts'
import type { Ability, Certificate, Order, Peer } from './peer.ts'

/** Dotted keys of fluxlit.toml with their values; a text, number or truth value is written in TOML as in JSON. */
export type Settings = Readonly<Record<string, string | number | boolean | readonly string[]>>

/**
 * Caps a scenario must not run into, as far as this executable knows them: sockets and uploads are measured, not
 * refused.
 */
const wishes: Settings = {
  'limits.body': '2GiB',
  'workers.upstream.max_in_flight': 20_000,
  'admin.listen': '127.0.0.1:0',
}

const tokenSettings: Settings = {
  'auth.modes': ['jwt'],
  'auth.jwt.issuer': tokenIssuer,
  'auth.jwt.audience': [tokenIssuer],
  'auth.jwt.hs256_secret': tokenSecret,
}

/** What is started: the executable, or a Node with the bundle for a profile. */
export type Program = readonly [string, ...string[]]

/**
 * FluxLit with a `url` worker, so that no Python is needed.
 * @param program starts it; `serve` and the configuration are added
 * @param certificate with which to ask whether it can speak TLS
 * @throws PeerMissing when it does not run
 */
export async function fluxlit(
  program: Program,
  directory: string,
  certificate: Certificate | null,
): Promise<Peer> {
  const version = await versionOf(program)
  const settings = await knownWishes(program, directory)
  const hasTls = certificate !== null && (await accepts(program, directory, tlsSettings(certificate)))
  const abilities: readonly Ability[] = hasTls ? ['websocket', 'log', 'tls'] : ['websocket', 'log']
  return {
    name: 'fluxlit',
    abilities,
    version: () => Promise.resolve(version),
    invocation: (order) => {
      const file = join(order.directory, 'fluxlit.toml')
      writeFileSync(file, toml({ ...settingsOf(order), ...settings }))
      return { command: [...program, 'serve', '-c', file], env: environment(order.directory) }
    },
  }
}

/** Everything it writes goes into the directory, and nothing of ours decides how it behaves. */
export function environment(directory: string): Readonly<Record<string, string>> {
  const runtime = join(directory, 'run')
  mkdirSync(runtime, { recursive: true, mode: 0o700 })
  return { HOME: directory, RUNTIME_DIRECTORY: runtime, LANG: 'C.UTF-8', NO_COLOR: '1' }
}

/** The text of a fluxlit.toml. */
export function toml(settings: Settings): string {
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  return `${lines.join('\n')}\n`
}

function settingsOf({ upstream, port, directory, accessLog, tls, tokens }: Order): Settings {
  return {
    gateway_port: port,
    'log.access': accessLog,
    'log.format': 'json',
    'state.dir': join(directory, 'state'),
    'workers.upstream.kind': 'http',
    'workers.upstream.url':
      upstream.kind === 'unix' ? written(upstream, 'unix:') : `http://${written(upstream, '')}`,
    'workers.upstream.mount': '/',
    ...(tls === null ? {} : tlsSettings(tls)),
    ...(tokens ? tokenSettings : {}),
  }
}

async function versionOf([command, ...args]: Program): Promise<string> {
  const ended = await capture(command, [...args, '--version', '--json']).catch(() => null)
  if (ended?.status !== 0)
    throw new PeerMissing(`${command} does not run; \`npm run build\` makes dist/fluxlit`)
  const info: { version: string; commit: string } = JSON.parse(ended.output)
  return `${info.version} (${info.commit})`
}

function tlsSettings({ certificate, key }: Certificate): Settings {
  return { 'tls.cert_file': certificate, 'tls.key_file': key }
}

async function knownWishes(program: Program, directory: string): Promise<Settings> {
  const settings: Record<string, Settings[string]> = {}
  for (const [key, value] of Object.entries(wishes)) {
    if (await accepts(program, directory, { [key]: value })) settings[key] = value
  }
  return settings
}

/** Asks the program itself which keys it knows: its `check` refuses the others. */
async function accepts([command, ...args]: Program, directory: string, extra: Settings): Promise<boolean> {
  const file = join(directory, 'wishes.toml')
  const upstream = { kind: 'tcp', host: '127.0.0.1', port: 9 } as const
  const order: Order = { upstream, port: 0, directory, accessLog: false, tls: null, tokens: false }
  writeFileSync(file, toml({ ...settingsOf(order), ...extra }))
  const env = { PATH: process.env['PATH'], ...environment(directory) }
  const { status } = await capture(command, [...args, 'check', '-c', file], { env })
  return status === 0
}
