/** Where the gateway accepts what nginx or HAProxy refuses, each with the reason why that is right. */

import type { Peer } from './peers.ts'

/** One case in which we are laxer than a peer. */
export interface Exception {
  readonly id: string
  readonly peer: Peer
  readonly reason: string
}

/** All of them; a test holds the list to what the peers do, both ways. */
export const exceptions: readonly Exception[] = [
  {
    id: 'H10c',
    peer: 'haproxy',
    reason:
      'http://a?y is a valid URI (RFC 3986 3.3: the path may be empty) and can only mean /?y; the worker gets that form',
  },
  {
    id: 'T13z',
    peer: 'nginx',
    reason:
      'tabs around a value are optional whitespace like spaces (RFC 9110 5.6.3); the worker gets framing of our own',
  },
  {
    id: 'U6',
    peer: 'haproxy',
    reason:
      'Upgrade in HTTP/1.0 is to be ignored (RFC 9110 7.8), so it is a plain request; nothing of the upgrade is forwarded',
  },
]
