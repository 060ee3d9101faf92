/** Passwords as scrypt hashes (RFC 7914): `$scrypt$ln=15,r=8,p=1$SALT$HASH`, both in base64 without padding. */

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'

/** A hash that was read. */
export interface PasswordHash {
  readonly logN: number
  readonly r: number
  readonly p: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** 32 MiB and a tenth of a second for every guess. */
const usual = { logN: 15, r: 8, p: 1 }
const saltBytes = 16
const hashBytes = 32

/** Reads a hash; null when it is none, or too cheap or too dear to check. */
export function readHash(text: string): PasswordHash | null {
  const match = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(
    text,
  )
  if (match === null) return null
  const [logN, r, p] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const [salt, hash] = [Buffer.from(match[4] ?? '', 'base64'), Buffer.from(match[5] ?? '', 'base64')]
  const fits = logN >= 14 && logN <= 18 && r >= 8 && r <= 16 && p >= 1 && p <= 4
  return fits && salt.length >= saltBytes && hash.length >= hashBytes ? { logN, r, p, salt, hash } : null
}

/** Hashes a new password. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(saltBytes)
  const hash = await derive(password, { ...usual, salt, hash: Buffer.alloc(hashBytes) })
  const { logN, r, p } = usual
  return `$scrypt$ln=${logN},r=${r},p=${p}$${plain(salt)}$${plain(hash)}`
}

/** Whether a password is the one of a hash; takes as long either way. */
export async function isPassword(password: string, wanted: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await derive(password, wanted), wanted.hash)
}

/** A hash that no password has, as dear to check as any: for names that nobody has. */
export function nobodysHash(): PasswordHash {
  return { ...usual, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) }
}

function derive(password: string, { logN, r, p, salt, hash }: PasswordHash): Promise<Buffer> {
  const N = 2 ** logN
  return new Promise((resolve, reject) => {
    // Unicode has several ways to write one letter; whoever types it means the same (RFC 8265 4.2.2).
    scrypt(password.normalize('NFC'), salt, hash.length, { N, r, p, maxmem: 256 * N * r }, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}

function plain(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}
