/** A certificate for the scenarios with TLS, made anew for every run. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { capture } from '../shell/run.mjs'
import type { Certificate } from './peers/peer.ts'

/** An ECDSA P-256 certificate for localhost in a directory; null when openssl is not installed. */
export async function makeCertificate(directory: string): Promise<Certificate | null> {
  const [certificate, key, both] = ['cert.pem', 'key.pem', 'both.pem'].map((name) => join(directory, name))
  if (certificate === undefined || key === undefined || both === undefined) return null
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const args = ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', certificate]
  const ended = await capture('openssl', args).catch(() => null)
  if (ended?.status !== 0) return null
  writeFileSync(both, readFileSync(certificate, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 })
  return { certificate, key, both }
}
