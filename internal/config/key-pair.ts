/** A certificate and its private key, read from files and held against each other before anybody depends on them. */

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import { createSecureContext } from 'node:tls'

import type { Problem } from '../fault/startup.ts'
import type { TlsConfig } from './config.ts'
import { readText } from './files.ts'
import { Secret } from './secret.ts'

/** A pair that OpenSSL accepts for a server. */
export interface KeyPair {
  /** PEM: the certificate of this server, then the intermediate ones. */
  readonly certificate: string
  /** PEM; does not print itself. */
  readonly key: Secret
  readonly leaf: X509Certificate
  /** Milliseconds since 1970 from which and until which the certificate counts. */
  readonly validFrom: number
  readonly validUntil: number
}

/** A pair, or why there is none and whose file is to blame. Problems say paths and reasons, never contents. */
export type KeyPairResult =
  | { readonly kind: 'pair'; readonly pair: KeyPair }
  | { readonly kind: 'bad'; readonly of: 'cert_file' | 'key_file'; readonly problem: Problem }

/** The files of a pair, and what the pair must be good for. */
export type KeyPairFiles = Pick<TlsConfig, 'certFile' | 'keyFile' | 'minVersion'>

/** Reads both files now. Never throws: this also runs while requests are served. */
export function readKeyPair(files: KeyPairFiles): KeyPairResult {
  const certificate = readPem('cert_file', files.certFile)
  if (typeof certificate !== 'string') return certificate
  const chain = readChain(files.certFile, certificate)
  if ('kind' in chain) return chain
  const text = readPem('key_file', files.keyFile)
  if (typeof text !== 'string') return text
  const key = readKey(files.keyFile, text)
  if ('of' in key) return key
  const [leaf] = chain
  if (!leaf.checkPrivateKey(key)) return mismatch(files, chain, key)
  const refusal = tryOut(certificate, text, files)
  if (refusal !== null) return refusal
  const pair = {
    certificate,
    key: new Secret(text),
    leaf,
    validFrom: leaf.validFromDate.getTime(),
    validUntil: leaf.validToDate.getTime(),
  }
  return { kind: 'pair', pair }
}

type Bad = Extract<KeyPairResult, { kind: 'bad' }>
type Chain = readonly [X509Certificate, ...X509Certificate[]]

function bad(of: Bad['of'], code: string, message: string, hint: string): Bad {
  return { kind: 'bad', of, problem: { code, message, hint } }
}

function readPem(of: Bad['of'], path: string): string | Bad {
  const file = readText(path)
  if (file.kind === 'text') return file.text
  if (file.kind === 'missing')
    return bad(
      of,
      'tls_file_missing',
      `the file of \`tls.${of}\` does not exist: ${path}`,
      'correct the path',
    )
  if (file.reason === 'it is not UTF-8') return notPem(of, path)
  const message = `the file of \`tls.${of}\` cannot be read: ${path} (${file.reason})`
  return bad(of, 'tls_file_unreadable', message, 'make it readable for the account of the gateway')
}

const certificateBlock = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[\s\S]*?-----END \1-----/g

function readChain(path: string, text: string): Chain | Bad {
  const blocks = text.match(certificateBlock) ?? []
  if (blocks.length === 0) return notPem('cert_file', path)
  try {
    const [leaf, ...others] = blocks.map((block) => new X509Certificate(block))
    return leaf === undefined ? notPem('cert_file', path) : [leaf, ...others]
  } catch (error) {
    return damaged('cert_file', path, error)
  }
}

function readKey(path: string, text: string): KeyObject | Bad {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) {
    const hint = `decrypt it: openssl pkey -in ${path} -out server.key`
    return bad('key_file', 'tls_key_encrypted', `the private key is encrypted: ${path}`, hint)
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return notPem('key_file', path)
  try {
    return createPrivateKey(text)
  } catch (error) {
    return damaged('key_file', path, error)
  }
}

function notPem(of: Bad['of'], path: string): Bad {
  const [what, command] =
    of === 'cert_file'
      ? ['certificate', `openssl x509 -inform DER -in ${path} -out server.crt`]
      : ['private key', `openssl pkey -inform DER -in ${path} -out server.key`]
  const message = `the file of \`tls.${of}\` holds no ${what} in PEM form: ${path}`
  return bad(of, 'tls_not_pem', message, `name the right file, or convert it: ${command}`)
}

function damaged(of: Bad['of'], path: string, error: unknown): Bad {
  const message = `the file of \`tls.${of}\` is damaged: ${path} (${reasonOf(error)})`
  return bad(of, 'tls_damaged', message, 'copy it again, as a whole')
}

function mismatch(files: KeyPairFiles, [, ...others]: Chain, key: KeyObject): Bad {
  const later = others.some((certificate) => certificate.checkPrivateKey(key))
  const hint = later
    ? 'put the certificate of this server first in the file, then the intermediate ones'
    : 'name the key that the certificate was requested with'
  const message = `the private key ${files.keyFile} does not belong to the certificate ${files.certFile}`
  return bad('key_file', 'tls_mismatch', message, hint)
}

/** What OpenSSL thinks of it: weak keys and signatures are refused here and not at the first connection. */
function tryOut(cert: string, key: string, { certFile, minVersion }: KeyPairFiles): Bad | null {
  try {
    createSecureContext({ cert, key, minVersion: `TLSv${minVersion}` })
    return null
  } catch (error) {
    const message = `the certificate cannot be used: ${certFile} (${reasonOf(error)})`
    return bad('cert_file', 'tls_unusable', message, 'request one with an EC key (prime256v1) or RSA 2048')
  }
}

/** Last part of `error:0A00018F:SSL routines::ee key too small`. OpenSSL never quotes what it read. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split(':').at(-1)?.trim() ?? '') : 'unknown error'
}

/**
 * What is odd about a pair that works.
 * @param now milliseconds since 1970
 * @param host name that browsers use, without port and brackets; `''` = not known
 */
export function pairWarnings({ leaf, validFrom, validUntil }: KeyPair, now: number, host: string): Problem[] {
  const warnings: Problem[] = []
  const warn = (code: string, message: string, hint: string): void => {
    warnings.push({ code, message, hint })
  }
  if (validUntil <= now) {
    const message = `the certificate expired on ${dayOf(validUntil)}: browsers refuse it`
    warn('tls_expired', message, 'renew it; a running gateway takes the new files up by itself')
  }
  if (validFrom > now) {
    const message = `the certificate counts only from ${dayOf(validFrom)} on`
    warn('tls_not_yet_valid', message, 'check the clock of this machine')
  }
  if (leaf.subjectAltName === undefined)
    warn(
      'tls_wrong_name',
      'the certificate names no host: browsers refuse it',
      'request one with a subjectAltName',
    )
  else if (host !== '' && !isFor(leaf, host)) {
    const message = `the certificate is not for ${host}, the host of \`public_base_url\``
    warn('tls_wrong_name', message, `it names ${leaf.subjectAltName}`)
  }
  return warnings
}

function isFor(leaf: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
