/** One login on its way: what the browser keeps, sealed, while it is at the provider. */

import { randomId, type KeyRing } from '../session/key-ring.ts'

/** What the callback has to fit to. */
export interface LoginAttempt {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  /** Path and query to return to; already safe. */
  readonly returnTo: string
  /** Wall-clock milliseconds. */
  readonly startedAt: number
}

/** A new attempt. */
export function newAttempt(returnTo: string, now: number): LoginAttempt {
  return {
    state: randomId(),
    nonce: randomId(),
    verifier: randomId(),
    returnTo,
    startedAt: now,
  }
}

/** End of the cookie's name: attempts of several tabs do not meet. */
export function slotOf(state: string): string {
  return state.slice(0, 8)
}

/** The value of the attempt's cookie. @param name of the cookie; the value is good under no other */
export function sealAttempt(ring: KeyRing, name: string, attempt: LoginAttempt): string {
  return ring.seal('login', '', name, JSON.stringify(attempt)).toString('base64url')
}

/** What {@link sealAttempt} made; null for everything else. */
export function openAttempt(ring: KeyRing, name: string, value: string): LoginAttempt | null {
  const opened = ring.open('login', '', name, Buffer.from(value, 'base64url'))
  if (opened === null) return null
  const attempt: unknown = JSON.parse(opened.plain)
  return isAttempt(attempt) ? attempt : null
}

function isAttempt(value: unknown): value is LoginAttempt {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['state', 'nonce', 'verifier', 'returnTo'].every(
      (name) => typeof Object.entries(value).find(([key]) => key === name)?.[1] === 'string',
    ) &&
    'startedAt' in value &&
    typeof value.startedAt === 'number'
  )
}
