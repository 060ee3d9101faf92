/**
 * What the gateway's session secrets encrypt. The first one seals, all of them open, so that a secret can be replaced
 * without anybody noticing. Every use has keys of its own: a value sealed for one purpose opens for no other.
 */

import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'

/** What a sealed value is for; part of its key and of what is authenticated. */
export type Purpose = 'session' | 'about' | 'login' | 'handle' | 'rate'

const ivBytes = 12
const tagBytes = 16
const kidBytes = 4

interface RingKey {
  /** Names the secret without telling anything about it. */
  readonly kid: Buffer
  readonly secret: Buffer
}

/** The secrets of one gateway. */
export class KeyRing {
  readonly #keys: readonly [RingKey, ...RingKey[]]

  /** @param secrets at least 32 bytes each; the first one seals */
  constructor([first, ...others]: readonly [Buffer, ...Buffer[]]) {
    this.#keys = [ringKey(first), ...others.map(ringKey)]
  }

  /**
   * Encrypts and authenticates (AES-256-GCM).
   * @param salt what else is needed to open it: a record's own id, or nothing
   * @param context authenticated beside the purpose; opening needs the same
   */
  seal(purpose: Purpose, salt: string, context: string, plain: string): Buffer {
    const [{ kid, secret }] = this.#keys
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', derive(secret, purpose, salt), iv)
    cipher.setAAD(Buffer.from(`${purpose}\n${context}`))
    return Buffer.concat([kid, iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()])
  }

  /** What was sealed, or null for everything else, without saying why. `stale` = by a secret that no longer seals. */
  open(
    purpose: Purpose,
    salt: string,
    context: string,
    sealed: Buffer,
  ): { readonly plain: string; readonly stale: boolean } | null {
    if (sealed.length < kidBytes + ivBytes + tagBytes) return null
    const kid = sealed.subarray(0, kidBytes)
    const key = this.#keys.find((known) => known.kid.equals(kid))
    if (key === undefined) return null
    const iv = sealed.subarray(kidBytes, kidBytes + ivBytes)
    const decipher = createDecipheriv('aes-256-gcm', derive(key.secret, purpose, salt), iv)
    decipher.setAAD(Buffer.from(`${purpose}\n${context}`))
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    try {
      const plain = decipher.update(sealed.subarray(kidBytes + ivBytes, sealed.length - tagBytes))
      return {
        plain: Buffer.concat([plain, decipher.final()]).toString('utf8'),
        stale: key !== this.#keys[0],
      }
    } catch {
      return null
    }
  }

  /** One key per secret for `purpose`, the current one first. */
  derived(purpose: Purpose): readonly Buffer[] {
    return this.#keys.map(({ secret }) => derive(secret, purpose, ''))
  }
}

function ringKey(secret: Buffer): RingKey {
  if (secret.length < 32) throw new Error('a session secret has at least 32 bytes')
  return { kid: Buffer.from(hkdfSync('sha256', secret, '', 'fluxlit kid v1', kidBytes)), secret }
}

function derive(secret: Buffer, purpose: Purpose, salt: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, `fluxlit ${purpose} v1`, 32))
}

/** SHA-256 in base64url: names a thing in a store without telling what it is. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** 32 random bytes in base64url. */
export function randomId(): string {
  return randomBytes(32).toString('base64url')
}
