/** A JSON Web Key Set (RFC 7517) as somebody else wrote it, and the keys of it that may be used. */

import { importJWK, type CryptoKey, type JWK } from 'jose'

import { isRecord } from './claims.ts'

/** A key that verifies tokens of one algorithm family. */
export interface VerifyKey {
  readonly kid: string | null
  readonly alg: string | null
  readonly jwk: JWK
}

/** Keys, and what was refused of the set, in words. */
export interface KeySet {
  readonly keys: readonly VerifyKey[]
  readonly refused: readonly string[]
}

const smallestRsaBits = 2048
const mostKeys = 100

/** Reads a key set; null when it is none. */
export function readKeySet(value: unknown): KeySet | null {
  if (!isRecord(value) || !Array.isArray(value['keys'])) return null
  const entries = value['keys'].slice(0, mostKeys).filter(isRecord)
  const refused: string[] = []
  const keys: VerifyKey[] = []
  for (const entry of entries) {
    const key = { kid: textOr(entry['kid']), alg: textOr(entry['alg']), jwk: publicPart(entry) }
    const complaint = complaintAbout(entry, entries)
    if (complaint === null) keys.push(key)
    else refused.push(`${key.kid ?? 'a key without kid'}: ${complaint}`)
  }
  return { keys, refused }
}

/** The one key for a token; null = none, or more than one could be meant. */
export function keyFor({ keys }: KeySet, alg: string, kid: string | null): VerifyKey | null {
  const fitting = keys.filter((key) => fits(key, alg) && (kid === null || key.kid === kid))
  return fitting.length === 1 ? (fitting[0] ?? null) : null
}

const imported = new WeakMap<VerifyKey, Map<string, Promise<CryptoKey | Uint8Array>>>()

/** The key as the library takes it, made once for each algorithm. */
export function importedKey(key: VerifyKey, alg: string): Promise<CryptoKey | Uint8Array> {
  const known = imported.get(key) ?? new Map<string, Promise<CryptoKey | Uint8Array>>()
  imported.set(key, known)
  const made = known.get(alg) ?? importJWK(key.jwk, alg)
  known.set(alg, made)
  return made
}

function complaintAbout(
  entry: Readonly<Record<string, unknown>>,
  all: readonly Readonly<Record<string, unknown>>[],
): string | null {
  const { kty, kid, d, n, use } = entry
  if (kty === 'oct') return 'a symmetric key does not belong into a public key set'
  if (d !== undefined) return 'it holds its private half'
  if (kty !== 'RSA' && kty !== 'EC' && kty !== 'OKP') return 'its type is not known'
  if (use !== undefined && use !== 'sig') return 'it is not for signatures'
  if (kid !== undefined && all.some((other) => other !== entry && other['kid'] === kid))
    return 'another key has the same kid'
  if (kty === 'RSA' && bitsOf(n) < smallestRsaBits) return `it has less than ${smallestRsaBits} bits`
  return null
}

/** Only what a public key is made of; nothing else of the entry is looked at again. */
function publicPart(entry: Readonly<Record<string, unknown>>): JWK {
  const names = ['kty', 'crv', 'x', 'y', 'n', 'e']
  return Object.fromEntries(names.flatMap((name) => (name in entry ? [[name, entry[name]]] : [])))
}

function bitsOf(modulus: unknown): number {
  return typeof modulus === 'string' ? Buffer.from(modulus, 'base64url').length * 8 : 0
}

const families: Readonly<Record<string, (jwk: JWK) => boolean>> = {
  RS: ({ kty }) => kty === 'RSA',
  PS: ({ kty }) => kty === 'RSA',
  ES256: ({ kty, crv }) => kty === 'EC' && crv === 'P-256',
  ES384: ({ kty, crv }) => kty === 'EC' && crv === 'P-384',
  ES512: ({ kty, crv }) => kty === 'EC' && crv === 'P-521',
  Ed: ({ kty, crv }) => kty === 'OKP' && crv === 'Ed25519',
}

function fits({ alg: only, jwk }: VerifyKey, alg: string): boolean {
  if (only !== null && only !== alg) return false
  return (families[alg] ?? families[alg.slice(0, 2)])?.(jwk) === true
}

function textOr(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
