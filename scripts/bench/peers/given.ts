/** A proxy named on the command line. */

import type { Address } from '../measure/program.ts'
import type { Order, Peer } from './peer.ts'

/**
 * Reads `NAME=COMMAND`, in which `{port}` is where to listen, and `{upstream}` where to send: `host:port`, or
 * `unix:/path` where a scenario uses a Unix socket. Words are separated by blanks; there is no quoting.
 * @throws Error when it is not of this form
 */
export function given(text: string): Peer {
  const [, name, command] = /^([a-z][a-z0-9-]*)=(.*\{port\}.*)$/.exec(text) ?? []
  if (name === undefined || command === undefined || !command.includes('{upstream}')) {
    throw new Error(`--peer ${text}: write NAME=COMMAND with {port} and {upstream} in it`)
  }
  return {
    name,
    abilities: ['websocket'],
    version: () => Promise.resolve('as given'),
    invocation: (order) => ({ command: wordsOf(command, order) }),
  }
}

function wordsOf(command: string, { port, upstream }: Order): readonly string[] {
  return command
    .split(' ')
    .filter(Boolean)
    .map((word) => word.replaceAll('{port}', String(port)).replaceAll('{upstream}', addressText(upstream)))
}

function addressText(address: Address): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`
}
