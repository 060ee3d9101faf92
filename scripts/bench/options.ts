/** The command line of `npm run bench`. */

import { parseArgs } from 'node:util'

import { given } from './peers/given.ts'
import type { Peer } from './peers/peer.ts'

/** What was asked for. */
export interface Options {
  /** Names of scenarios or their beginnings; none means all. */
  readonly words: readonly string[]
  readonly rounds: number
  /** Length of one measurement. */
  readonly seconds: number
  /** Names of the peers that take part; null means all. */
  readonly peers: readonly string[] | null
  /** Proxies given on the command line; they take part in any case. */
  readonly given: readonly Peer[]
  /** The executable to measure; null means dist/fluxlit. */
  readonly binary: string | null
  /** Takes the results; null means dist/bench/results.json. */
  readonly json: string | null
  /** Whether docs/performance.md and its picture are written. */
  readonly isForDocs: boolean
  /** Core of the proxy; everything else is on the others. */
  readonly core: number
}

/** What `--help` prints. */
export const usage = `npm run bench -- [SCENARIO...] [--rounds N] [--seconds N] [--peers a,b] [--peer NAME=COMMAND]
                 [--binary FILE] [--core N] [--json FILE] [--docs] [--list]

SCENARIO   a name or its beginning (json, websocket, slowhttp); all without one; --list prints them
--rounds   rounds of every peer, in turn (5)
--seconds  length of one measurement (5)
--peers    who takes part beside fluxlit: nginx, haproxy, undici, http-proxy-3, direct (all that are installed)
--peer     a proxy of your own, with {port} and {upstream} (host:port or unix:/path) in its command; may repeat
--binary   the executable instead of dist/fluxlit
--core     the core the proxy is pinned to; everything else is on the others (0)
--json     where the results go (dist/bench/results.json)
--docs     writes docs/performance.md and docs/performance.svg`

/**
 * Reads the arguments.
 * @throws Error with a sentence for the person who typed them
 */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      peers: { type: 'string' },
      peer: { type: 'string', multiple: true, default: [] },
      binary: { type: 'string' },
      core: { type: 'string', default: '0' },
      json: { type: 'string' },
      docs: { type: 'boolean', default: false },
    },
  })
  return {
    words: positionals,
    rounds: whole('--rounds', values.rounds, 1),
    seconds: whole('--seconds', values.seconds, 1),
    peers: values.peers?.split(',').filter(Boolean) ?? null,
    given: values.peer.map(given),
    binary: values.binary ?? null,
    json: values.json ?? null,
    isForDocs: values.docs,
    core: whole('--core', values.core, 0),
  }
}

function whole(flag: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new Error(`${flag} ${text}: write a whole number from ${least} on`)
}
