/** Mode `basic`: name and password (RFC 7617), for a few people and without a provider. */

import { createHmac, randomBytes } from 'node:crypto'

import type { BasicUser } from '../config/auth-types.ts'
import { failure } from '../fault/failure.ts'
import { noCredential, type AccessRequest, type Authenticator, type Credential } from './credential.ts'
import type { FailedAttempts } from './failed-attempts.ts'
import { identityOf, type Identity } from './identity.ts'
import { isPassword, nobodysHash, readHash, type PasswordHash } from './password.ts'

/** How long a right password is not looked at again, in milliseconds. */
const keptMs = 10 * 60_000
const mostKept = 1_000
/** Hashes that are computed at the same time, and that may wait for it: each takes memory and a tenth of a second. */
const mostAtOnce = 2
const mostWaiting = 64

interface User {
  readonly identity: Identity
  readonly hash: PasswordHash
}

/** Names and passwords. */
export class BasicAuthenticator implements Authenticator {
  readonly mode = 'basic'
  readonly listeners = 'both'
  readonly #users: ReadonlyMap<string, User>
  readonly #nobody = nobodysHash()
  readonly #challenge: string
  readonly #failed: FailedAttempts
  readonly #now: () => number
  /** Passwords are kept as nothing that another process could use. */
  readonly #key = randomBytes(32)
  readonly #kept = new Map<string, { readonly identity: Identity; readonly until: number }>()
  readonly #pending = new Map<string, Promise<Credential>>()
  readonly #waiting: (() => void)[] = []
  #running = 0

  /** @param now monotonic milliseconds */
  constructor(users: readonly BasicUser[], realm: string, failed: FailedAttempts, now: () => number) {
    this.#users = new Map(users.map((user) => [user.name, userOf(user)]))
    this.#challenge = `Basic realm="${realm}", charset="UTF-8"`
    this.#failed = failed
    this.#now = now
  }

  authenticate({ head, exchange }: AccessRequest): Credential | Promise<Credential> {
    const { authorization } = head
    if (authorization === null || !/^basic(?: |$)/i.test(authorization)) return noCredential
    const key = createHmac('sha256', this.#key).update(authorization).digest('base64')
    const kept = this.#kept.get(key)
    if (kept !== undefined && kept.until > this.#now()) return { kind: 'identity', identity: kept.identity }
    const { client } = exchange
    return this.#failed.unlessTired(client, () => this.#look(authorization, key, client))
  }

  #look(authorization: string, key: string, client: string): Credential | Promise<Credential> {
    const [name, password] = namePassword(authorization.slice(6))
    if (name === null) return this.#reject(client)
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    if (this.#waiting.length >= mostWaiting) return busy
    const checking = this.#check(name, password, key, client).finally(() => this.#pending.delete(key))
    this.#pending.set(key, checking)
    return checking
  }

  async #check(name: string, password: string, key: string, client: string): Promise<Credential> {
    await this.#turn()
    try {
      const user = this.#users.get(name)
      const right = await isPassword(password, user?.hash ?? this.#nobody)
      if (!right || user === undefined) return this.#reject(client)
      this.#keep(key, user.identity)
      return { kind: 'identity', identity: user.identity }
    } finally {
      this.#running -= 1
      this.#waiting.shift()?.()
    }
  }

  async #turn(): Promise<void> {
    if (this.#running >= mostAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running += 1
  }

  #keep(key: string, identity: Identity): void {
    this.#kept.set(key, { identity, until: this.#now() + keptMs })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest)
  }

  #reject(client: string): Credential {
    this.#failed.note(client)
    const wrong = {
      ...failure('unauthenticated', 'The name or the password is not right.'),
      cause: 'wrong password',
    }
    return { kind: 'rejected', failure: wrong, challenge: this.#challenge }
  }
}

const busy: Credential = {
  kind: 'unavailable',
  failure: { ...failure('auth_unavailable'), retryAfterS: 2 },
}

function userOf({ name, passwordHash, email, groups, roles }: BasicUser): User {
  const hash = readHash(passwordHash.reveal())
  if (hash === null) throw new Error(`the hash of ${name} was checked before`)
  return {
    hash,
    identity: identityOf({ via: 'basic', subject: name, preferredUsername: name, email, groups, roles }),
  }
}

function namePassword(encoded: string): readonly [string, string] | readonly [null, ''] {
  const text = /^[A-Za-z0-9+/]+={0,2}$/.test(encoded) ? Buffer.from(encoded, 'base64').toString('utf8') : ''
  const colon = text.indexOf(':')
  return colon === -1 || text.length > 1_024 ? [null, ''] : [text.slice(0, colon), text.slice(colon + 1)]
}
