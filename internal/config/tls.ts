/** `[tls]`: which certificate the public listener shows, and which plain port sends browsers there. */

import type { Problem } from '../fault/startup.ts'
import type { HostPort, TlsConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import { credentialOrPath } from './credential.ts'
import { pairWarnings, readKeyPair } from './key-pair.ts'

/** Resolves `[tls]` and looks at the files; null = the gateway speaks plain HTTP. */
export function resolveTls(context: ResolveContext): TlsConfig | null {
  const { cert_file: certificate, key_file: key, min_version: minVersion } = context.settings.tls
  const redirectFrom = context.settings.tls.redirect_from
  if (certificate === '' || key === '') {
    context.problems.push(...incomplete(context))
    return null
  }
  const tls: TlsConfig = {
    certFile: credentialOrPath(context, certificate),
    keyFile: credentialOrPath(context, key),
    minVersion,
    redirectFrom,
  }
  if (redirectFrom !== null) checkRedirect(context, redirectFrom)
  checkPair(context, tls)
  return tls
}

function incomplete(context: ResolveContext): readonly Problem[] {
  const { cert_file: certificate, key_file: key, redirect_from: redirect } = context.settings.tls
  const code = 'tls_incomplete'
  if (certificate !== '' || key !== '') {
    const [given, missing] = certificate === '' ? ['key_file', 'cert_file'] : ['cert_file', 'key_file']
    const message = `\`tls.${given}\` is given without \`tls.${missing}\``
    const hint =
      missing === 'key_file'
        ? 'name the file with the private key too; it may be the same one'
        : 'name the file with the certificate too; it may be the same one'
    return [{ code, message, where: context.origin(['tls', given]), hint }]
  }
  if (redirect === null) return []
  const where = context.origin(['tls', 'redirect_from'])
  const message = '`tls.redirect_from` sends browsers to https, which needs a certificate'
  return [{ code, message, where, hint: 'write cert_file and key_file, or remove redirect_from' }]
}

function checkRedirect(context: ResolveContext, { host, port }: HostPort): void {
  const { gateway_host: gatewayHost, gateway_port: gatewayPort } = context.settings
  const everywhere = ['0.0.0.0', '::']
  const sameHost = host === gatewayHost || everywhere.includes(host) || everywhere.includes(gatewayHost)
  if (port === 0 || port !== gatewayPort || !sameHost) return
  context.problems.push({
    code: 'bad_value',
    message: `\`tls.redirect_from\` is the address of the gateway itself (port ${port})`,
    where: context.origin(['tls', 'redirect_from']),
    hint: 'give the plain listener a port of its own, usually 80, and the gateway 443',
  })
}

function checkPair(context: ResolveContext, tls: TlsConfig): void {
  const read = readKeyPair(tls)
  if (read.kind === 'bad') {
    context.problems.push({ ...read.problem, where: context.origin(['tls', read.of]) })
    return
  }
  const base = context.settings.public_base_url
  const host = base.startsWith('https:') ? new URL(base).hostname.replace(/^\[|\]$/g, '') : ''
  const where = context.origin(['tls', 'cert_file'])
  for (const warning of pairWarnings(read.pair, Date.now(), host))
    context.warnings.push({ ...warning, where })
}
