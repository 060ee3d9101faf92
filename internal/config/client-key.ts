/** The key by which the gateway shows a provider who it is (`client_auth_method = "private_key_jwt"`, RFC 7523). */

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'

import type { ResolveContext } from './context.ts'
import type { ClientAssertion } from './login-types.ts'
import { Secret } from './secret.ts'
import { valueAt, type Path } from './tree.ts'

const table: Path = ['auth', 'oidc']

/** Resolves key, algorithm and certificate; null when something is wrong with them, which is then a problem. */
export function resolveClientAssertion(context: ResolveContext, text: Secret): ClientAssertion | null {
  const { client_key_id: id, client_assertion_audience: audience, preset } = context.settings.auth.oidc
  const read = readKey(text.reveal())
  if (typeof read === 'string') return wrong(context, keyPath(context), read, makeKey)
  warnAboutReaders(context)
  const thumbprint = thumbprintOf(context, read.key)
  const alg = algorithmOf(context, read, thumbprint !== null)
  if (alg === null || thumbprint === undefined) return null
  const keyId = id ?? read.kid
  if (preset === 'entra' && thumbprint === null && keyId === null)
    return wrong(context, keyPath(context), 'Microsoft finds the key of an application by its certificate', {
      hint: 'set client_certificate_file to the certificate that was uploaded for the application',
      code: 'oidc_incomplete',
    })
  return {
    key: new Secret(read.key.export({ format: 'pem', type: 'pkcs8' })),
    alg,
    keyId,
    thumbprint,
    audience: audience ?? (preset === 'entra' || preset === 'okta' ? 'endpoint' : 'issuer'),
  }
}

interface ReadKey {
  readonly key: KeyObject
  readonly kid: string | null
  readonly alg: string | null
}

/** The key of a PEM or JWK text, or what is wrong with it. Nothing of the text is repeated. */
function readKey(text: string): ReadKey | string {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) return 'the private key is encrypted'
  if (!text.trimStart().startsWith('{')) {
    try {
      return { key: createPrivateKey(text), kid: null, alg: null }
    } catch {
      return 'it holds no private key in PEM form, nor as a JWK'
    }
  }
  try {
    const jwk: unknown = JSON.parse(text)
    if (typeof jwk !== 'object' || jwk === null) return 'it holds no JWK'
    const key = createPrivateKey({ key: { ...jwk }, format: 'jwk' })
    return { key, kid: textIn(jwk, 'kid'), alg: textIn(jwk, 'alg') }
  } catch {
    return 'it holds a JWK without a private key that can be used'
  }
}

function textIn(jwk: object, name: string): string | null {
  const value = valueAt({ ...jwk }, [name])
  return typeof value === 'string' && value !== '' ? value : null
}

const rsaAlgorithms = ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512']

/** What a key can sign with; the first is the usual one. */
function algorithmsOf(key: KeyObject): readonly string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa') return (details?.modulusLength ?? 0) < 2048 ? [] : rsaAlgorithms
  // The newer name says which curve; most providers know the older one.
  if (type === 'ed25519') return ['EdDSA', 'Ed25519']
  const ofCurve: Readonly<Record<string, string>> = {
    prime256v1: 'ES256',
    secp384r1: 'ES384',
    secp521r1: 'ES512',
  }
  const alg = type === 'ec' ? ofCurve[details?.namedCurve ?? ''] : undefined
  return alg === undefined ? [] : [alg]
}

/** Microsoft takes a certificate's SHA-256 thumbprint together with PS256. */
function algorithmOf(context: ResolveContext, read: ReadKey, certified: boolean): string | null {
  const possible = algorithmsOf(read.key)
  const { client_assertion_alg: asked, preset } = context.settings.auth.oidc
  const usual = preset === 'entra' && certified && possible.includes('PS256') ? 'PS256' : possible[0]
  const alg = asked ?? read.alg ?? usual
  if (alg !== undefined && possible.includes(alg)) return alg
  const type = read.key.asymmetricKeyType ?? 'unknown'
  if (possible.length === 0)
    return wrong(
      context,
      keyPath(context),
      `a key of this kind (${type}) signs nothing that is accepted`,
      makeKey,
    )
  return wrong(
    context,
    asked === undefined ? keyPath(context) : [...table, 'client_assertion_alg'],
    `a key of this kind (${type}) cannot sign with ${alg ?? 'nothing'}`,
    {
      hint: `write client_assertion_alg = "${possible[0] ?? ''}", or use another key`,
    },
  )
}

/** SHA-256 of the certificate, null when there is none, undefined when something is wrong with it. */
function thumbprintOf(context: ResolveContext, key: KeyObject): string | null | undefined {
  const file = context.settings.auth.oidc.client_certificate_file
  const path = [...table, 'client_certificate_file']
  if (file === '') return null
  try {
    const certificate = new X509Certificate(readFileSync(resolve(context.root, file)))
    if (!certificate.checkPrivateKey(key)) {
      wrong(context, path, `the private key does not belong to the certificate ${file}`, {
        hint: 'name the certificate that was made for `auth.oidc.client_key`',
      })
      return undefined
    }
    if (certificate.validToDate.getTime() < Date.now())
      context.warnings.push({
        code: 'client_certificate_expired',
        message: `the certificate of \`auth.oidc.client_certificate_file\` expired on ${certificate.validToDate.toISOString().slice(0, 10)}: ${file}`,
        where: context.origin(path),
        hint: 'make a new one, and upload it at the provider',
      })
    return Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    wrong(context, path, `the certificate cannot be read: ${file} (${reason})`, {
      hint: 'name a file with one certificate in PEM form',
    })
    return undefined
  }
}

/** Whoever reads it can be this application at the provider. */
function warnAboutReaders(context: ResolveContext): void {
  const { client_key_file: file } = context.settings.auth.oidc
  if (file === undefined) return
  const place = resolve(context.root, file)
  const mode = statSync(place, { throwIfNoEntry: false })?.mode ?? 0
  if (process.platform === 'win32' || (mode & 0o004) === 0) return
  context.warnings.push({
    code: 'client_key_exposed',
    message: `every account of this machine can read the private key of \`auth.oidc.client_key_file\`: ${file}`,
    where: context.origin([...table, 'client_key_file']),
    hint: `chmod o-rwx ${file} (defaultMode: 0440 for a secret of Kubernetes)`,
  })
}

/** The form in which the key was given. */
function keyPath({ merged }: ResolveContext): Path {
  const forms = ['client_key', 'client_key_file', 'client_key_env'].map((name) => [...table, name])
  return forms.find((path) => merged.has(path)) ?? table
}

const makeKey = {
  hint: 'make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out client.pem',
}

function wrong(
  context: ResolveContext,
  path: Path,
  message: string,
  { hint, code = 'bad_client_key' }: { readonly hint: string; readonly code?: string },
): null {
  context.problems.push({
    code,
    message: `\`${path.join('.')}\`: ${message}`,
    where: context.origin(path),
    hint,
  })
  return null
}
