/** A reverse proxy the bench can start: one of ours, of Debian's, of npm's, or one given on the command line. */

import type { Address } from '../measure/program.ts'

/** What a scenario may ask of a proxy beyond plain HTTP. */
export type Ability = 'websocket' | 'tls' | 'log'

/** Files of a self-signed certificate for localhost. */
export interface Certificate {
  readonly certificate: string
  readonly key: string
  /** Both in one file, as HAProxy wants them. */
  readonly both: string
}

/** What a proxy has to do in one round. */
export interface Order {
  readonly upstream: Address
  /** Port of 127.0.0.1 to listen on. */
  readonly port: number
  /** Private to the round: configuration, logs, sockets. */
  readonly directory: string
  /** One JSON line per request into a file in `directory`. */
  readonly accessLog: boolean
  /** Speak TLS with this certificate. */
  readonly tls: Certificate | null
  /** Let in only who shows a token of the bench. FluxLit alone does that: it is measured against others' plain way. */
  readonly tokens: boolean
}

/** A command line and the environment it needs besides PATH. */
export interface Invocation {
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A kind of proxy. */
export interface Peer {
  readonly name: string
  readonly abilities: readonly Ability[]
  /** Its version, for the report. @throws PeerMissing when it cannot be run here */
  version(): Promise<string>
  /** Writes what it needs below `order.directory`; it must stay in the foreground. */
  invocation(order: Order): Invocation
}

/** A proxy that is not on this machine; the message says how to get it. */
export class PeerMissing extends Error {}

/** `host:port` or the path, each in the form the peer's configuration wants. */
export function written(address: Address, unixPrefix: string): string {
  return address.kind === 'unix' ? `${unixPrefix}${address.path}` : `${address.host}:${address.port}`
}
