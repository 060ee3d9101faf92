/**
 * What operators may know of a session: who it belongs to and since when. The record itself opens with the cookie alone;
 * this opens with the gateway's secret, so that sessions can be listed and ended, and holds no token.
 */

import type { KeyRing } from './key-ring.ts'

/** Who a session belongs to, as it was when it began. */
export interface SessionAbout {
  /** As workers are told: `sub`, or `user_claim`. */
  readonly user: string
  readonly email: string | null
  readonly name: string | null
  /** Wall-clock milliseconds. */
  readonly signedInAt: number
}

/** @param key of the session it is about: it opens for no other */
export function sealAbout(ring: KeyRing, key: string, about: SessionAbout): Buffer {
  return ring.seal('about', '', key, JSON.stringify(about))
}

/** Null when it is by another secret, or about another session. */
export function openAbout(ring: KeyRing, key: string, sealed: Buffer | null): SessionAbout | null {
  const opened = sealed === null ? null : ring.open('about', '', key, sealed)
  const about: unknown = opened === null ? null : JSON.parse(opened.plain)
  return isAbout(about) ? about : null
}

function isAbout(about: unknown): about is SessionAbout {
  return typeof about === 'object' && about !== null && 'user' in about && 'signedInAt' in about
}
