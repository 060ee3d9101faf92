/** Who and what is on this machine. */

import { cpus, loadavg } from 'node:os'

import { paint } from '../shell/progress.mjs'
import { capture } from '../shell/run.mjs'
import { hasWrk } from './load/wrk.ts'
import type { Options } from './options.ts'
import { direct } from './output/results.ts'
import { fluxlit } from './peers/fluxlit.ts'
import type { Program } from './peers/fluxlit.ts'
import { haproxy } from './peers/haproxy.ts'
import { nginx, nginxVersion } from './peers/nginx.ts'
import { httpProxy3, undici } from './peers/node-proxies.ts'
import { PeerMissing } from './peers/peer.ts'
import type { Certificate, Peer } from './peers/peer.ts'
import type { Scenario } from './scenarios/scenario.ts'

/** A peer that can be run here, or why it cannot. */
export type Found =
  | { readonly kind: 'found'; readonly peer: Peer; readonly version: string }
  | { readonly kind: 'missing'; readonly name: string; readonly reason: string }

/**
 * FluxLit first, then the others that were asked for.
 * @throws PeerMissing when FluxLit itself cannot be run
 * @throws Error for a peer nobody knows
 */
export async function participants(
  { peers, given }: Options,
  executable: Program,
  directory: string,
  certificate: Certificate | null,
): Promise<readonly Found[]> {
  const own = await fluxlit(executable, directory, certificate)
  const others = [nginx, haproxy, undici, httpProxy3]
  const names = [own, ...others].map(({ name }) => name)
  const unknown = peers?.find((name) => !names.includes(name) && name !== direct)
  if (unknown !== undefined) throw new Error(`no peer ${unknown}; --peer ${unknown}=COMMAND would add one`)
  const wanted = others.filter(({ name }) => peers === null || peers.includes(name))
  return await Promise.all([own, ...wanted, ...given].map(find))
}

/** Programs that a chosen scenario needs and that are not here, with how to get them. */
export async function missingPrograms(chosen: readonly Scenario[]): Promise<ReadonlyMap<string, string>> {
  const missing = new Map<string, string>()
  const needed = new Set(chosen.flatMap(({ programs }) => programs))
  if (needed.has('wrk') && !(await hasWrk())) missing.set('wrk', 'wrk is not installed (apt-get install wrk)')
  if (needed.has('slowhttptest') && (await capture('slowhttptest', ['-h']).catch(() => null)) === null)
    missing.set('slowhttptest', 'slowhttptest is not installed (apt-get install slowhttptest)')
  try {
    await nginxVersion()
  } catch (error) {
    if (!(error instanceof PeerMissing)) throw error
    missing.set('nginx', error.message)
  }
  return missing
}

/** Says who takes part, and whether anything else keeps this machine busy. */
export function announce(found: readonly Found[]): void {
  for (const one of found) {
    if (one.kind === 'found') console.log(`${paint('green', 'ok')} ${one.peer.name} ${one.version}`)
    else console.log(`${paint('yellow', '--')} ${one.name}: left out, ${one.reason}`)
  }
  const [load = 0] = loadavg()
  if (load <= 0.5) return
  const busy = `load average ${load.toFixed(1)} on ${cpus().length} cores`
  console.log(`${paint('yellow', '--')} ${busy}: other programs are running, figures are provisional`)
}

async function find(peer: Peer): Promise<Found> {
  try {
    return { kind: 'found', peer, version: await peer.version() }
  } catch (error) {
    if (!(error instanceof PeerMissing)) throw error
    return { kind: 'missing', name: peer.name, reason: error.message }
  }
}
