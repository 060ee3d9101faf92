/** Whether what a provider says that it can do is what the configuration asks of it. */

import type { OidcConfig } from '../../config/login-types.ts'
import type { Finding } from './finding.ts'

type Document = Readonly<Record<string, unknown>>

/** Whether the gateway can show this provider who it is in the way that is configured. */
export function clientFindings(document: Document, oidc: OidcConfig, where: string): readonly Finding[] {
  const { method } = oidc.clientAuth
  // OpenID Connect Discovery 1.0, 3: what holds when nothing is said.
  const methods = textsIn(document, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic']
  if (method !== 'none' && !methods.includes(method)) {
    const message = `the provider does not take client_auth_method = "${method}"; it names ${methods.join(', ')}`
    return [{ code: 'auth_client_method', state: 'WARN', message, where, fix: fixOf(methods) }]
  }
  if (oidc.clientAuth.method !== 'private_key_jwt') return []
  const { alg } = oidc.clientAuth.assertion
  const algorithms = textsIn(document, 'token_endpoint_auth_signing_alg_values_supported')
  if (algorithms === null || algorithms.includes(alg)) return []
  const message = `the provider does not take what is signed with ${alg}; it names ${algorithms.join(', ')}`
  const fix = 'set client_assertion_alg to one of them, with a key of that kind'
  return [{ code: 'auth_client_method', state: 'WARN', message, where, fix }]
}

function fixOf(methods: readonly string[]): string {
  const known = ['private_key_jwt', 'client_secret_basic', 'client_secret_post']
  const possible = known.filter((method) => methods.includes(method))
  return possible.length === 0
    ? 'ask who runs the provider'
    : `write client_auth_method = "${possible[0] ?? ''}"`
}

/** Whether a set of keys has one that an accepted algorithm could be checked with. */
export function keyFindings(
  keys: Document,
  accepted: readonly string[],
  url: string,
  where: string,
): readonly Finding[] {
  const list: readonly unknown[] = Array.isArray(keys['keys']) ? keys['keys'] : []
  const signing = list.filter(isTable).filter((key) => key['use'] === undefined || key['use'] === 'sig')
  if (signing.some((key) => accepted.some((alg) => fits(key, alg)))) return []
  const offered = [
    ...new Set(signing.map((key) => textIn(key, 'alg') || textIn(key, 'crv') || textIn(key, 'kty'))),
  ]
  const message =
    offered.length === 0
      ? `${url} has no key that anything could be checked with`
      : `no key of ${url} (${offered.join(', ')}) is for an accepted algorithm (${accepted.join(', ')}): every token would be refused`
  const fix = 'set auth.jwt.algorithms to what the provider signs access tokens with'
  return [{ code: 'auth_algorithms', state: 'FAIL', message, where, fix }]
}

const curves: Readonly<Record<string, readonly string[]>> = {
  ES256: ['P-256'],
  ES384: ['P-384'],
  ES512: ['P-521'],
  EdDSA: ['Ed25519', 'Ed448'],
}

function fits(key: Document, accepted: string): boolean {
  const { alg, kty } = key
  if (alg !== undefined && alg !== accepted && !(accepted === 'EdDSA' && alg === 'Ed25519')) return false
  return curves[accepted]?.includes(textIn(key, 'crv')) ?? kty === 'RSA'
}

function textsIn(document: Document, name: string): readonly string[] | null {
  const value = document[name]
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : null
}

/** A text of a document, `''` when it is none. */
export function textIn(document: Document, name: string): string {
  const value = document[name]
  return typeof value === 'string' ? value : ''
}

/** Whether it has fields that can be looked at. */
export function isTable(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
