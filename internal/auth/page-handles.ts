/**
 * What an open page shows the workers' own listener where who looks at it has no session: with a token, a password or a
 * proxy in front there is nothing that could be looked up later. The handle belongs to the page's socket. It counts from
 * when the worker has agreed to the socket until that is closed, and is forgotten with it.
 */

import { randomBytes, timingSafeEqual } from 'node:crypto'

import type { Exchange } from '../exchange/exchange.ts'
import { failure } from '../fault/failure.ts'
import { noCredential, type AccessRequest, type Authenticator, type Credential } from './credential.ts'
import type { Identity } from './identity.ts'

/** Whose page it is, as long as its socket is open. */
export interface PageHolder {
  /** The handshake of the socket. */
  readonly request: Pick<AccessRequest, 'head'>
  readonly identity: Identity
}

interface Handle {
  /** Finds the socket; tells nothing to whoever sees only this much. */
  readonly lookup: string
  readonly proof: Buffer
}

const start = 'flxk_'
const lookupBytes = 12
/** Multiples of three: no letter of the text has bits that stand for nothing. */
const proofBytes = 33
const form = /^Bearer +flxk_([A-Za-z0-9_-]{16})([A-Za-z0-9_-]{44})$/i
/** Also what only looks like a handle is one, and a wrong one: it must not become somebody by another mode. */
const anyForm = /^Bearer +flx[a-z]_/i

/** The handles of the sockets that are open. */
export class PageHandles {
  /** Handshakes under way; one that comes to nothing takes its handle with it. */
  readonly #made = new WeakMap<Exchange, Handle>()
  readonly #open = new Map<string, { readonly proof: Buffer; readonly holder: PageHolder }>()

  /** Handles that count. */
  get size(): number {
    return this.#open.size
  }

  /** The handle for a handshake, the same however often it is judged; it counts from {@link open} on. */
  valueFor(exchange: Exchange): string {
    const known = this.#made.get(exchange)
    const handle = known ?? { lookup: random(lookupBytes), proof: randomBytes(proofBytes) }
    if (known === undefined) this.#made.set(exchange, handle)
    return start + handle.lookup + handle.proof.toString('base64url')
  }

  /** The socket of a handshake is open: its handle, if it got one, is the holder's until {@link close}. */
  open(exchange: Exchange, holder: PageHolder): void {
    const handle = this.#made.get(exchange)
    if (handle !== undefined) this.#open.set(handle.lookup, { proof: handle.proof, holder })
  }

  /** The socket is closed. */
  close(exchange: Exchange): void {
    const handle = this.#made.get(exchange)
    if (handle !== undefined) this.#open.delete(handle.lookup)
  }

  /** Whose page shows this; null = nobody's that is open. */
  holderOf(authorization: string): PageHolder | null {
    const [, lookup = '', proof = ''] = form.exec(authorization) ?? []
    const known = this.#open.get(lookup)
    if (known === undefined) return null
    const shown = Buffer.from(proof, 'base64url')
    return shown.length === proofBytes && timingSafeEqual(shown, known.proof) ? known.holder : null
  }
}

/** Whether an `Authorization` field is a handle, good or not. */
export function isHandle(authorization: string | null): boolean {
  return authorization !== null && anyForm.test(authorization)
}

/**
 * The handle of an open page as a way in, on the workers' own listener only. Who it is was found out at the handshake,
 * and is looked at again together with the socket.
 * @param now wall-clock milliseconds
 */
export function pageAuthenticator(handles: PageHandles, now: () => number): Authenticator {
  const asHandle = handleIdentities()
  return {
    mode: 'handle',
    listeners: 'internal',
    authenticate({ head: { authorization } }): Credential {
      if (authorization === null || !isHandle(authorization)) return noCredential
      const holder = handles.holderOf(authorization)
      if (holder === null) return handleGone
      const { identity } = holder
      if (identity.expiresAt !== null && now() >= identity.expiresAt) return handleGone
      return { kind: 'identity', identity: asHandle(identity, holder.request.head.authorization) }
    },
  }
}

/**
 * The same people by their pages, one object for each: no browser sends a handle by itself.
 * @returns the identity; of one that was shown a token, with that
 */
export function handleIdentities(): (identity: Identity, authorization?: string | null) => Identity {
  const known = new WeakMap<Identity, Identity>()
  return (identity, authorization = null) => {
    const bearer = identity.via === 'jwt' && authorization !== null ? { bearer: authorization } : {}
    const found = known.get(identity) ?? { ...identity, via: 'handle', ...bearer }
    known.set(identity, found)
    return found
  }
}

/** Said of every handle that does not count, whatever the reason. */
export const handleGone: Credential = {
  kind: 'rejected',
  failure: { ...failure('unauthenticated', 'The session has ended.'), format: 'problem' },
  challenge: 'Bearer error="invalid_token"',
}

function random(bytes: number): string {
  return randomBytes(bytes).toString('base64url')
}
