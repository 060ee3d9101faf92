/** Whether identity providers can be reached, are who they should be, and have the same time as this machine. */

import { Outbound } from '../../auth/outbound.ts'
import type { Config } from '../../config/config.ts'
import { passed, type Check, type Finding } from './finding.ts'

/** Milliseconds an answer may take. */
const patienceMs = 10_000

/** Seconds that two clocks may differ before tokens are taken for expired, or for not valid yet. */
const closeS = 5

/** One address of a provider, and who has to answer there. */
interface Provider {
  /** Key in the configuration. */
  readonly key: string
  readonly issuer: string
  readonly url: string
  /** Whether the answer says who it is from; a set of keys does not. */
  readonly isDiscovery: boolean
}

/** Every provider of `[auth]`; nothing when nobody has to sign in. */
export const checkSignIn: Check = async ({ config, env, originOf }) => {
  const providers = providersOf(config)
  const outbound = new Outbound({ config: config.outbound, env, timeoutMs: patienceMs })
  try {
    const asked = await Promise.all(
      providers.map((provider) => ask(provider, outbound, originOf(provider.key))),
    )
    return [...asked.flat(), ...redirectFinding(config)]
  } finally {
    outbound.close()
  }
}

function providersOf({ auth }: Config): readonly Provider[] {
  const login = auth?.login?.oidc
  const issuers = auth?.jwt?.issuers ?? []
  return [
    ...(login === undefined ? [] : [discovery('auth.oidc.issuer', login.issuer)]),
    ...issuers.flatMap(({ issuer, keys }): readonly Provider[] => {
      if (keys.kind === 'discovery') return [discovery('auth.jwt.issuer', issuer)]
      return keys.kind === 'url'
        ? [{ key: 'auth.jwt.jwks_url', issuer, url: keys.url, isDiscovery: false }]
        : []
    }),
  ]
}

function discovery(key: string, issuer: string): Provider {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return { key, issuer, url, isDiscovery: true }
}

async function ask(provider: Provider, outbound: Outbound, where: string): Promise<readonly Finding[]> {
  const { url, key, issuer, isDiscovery } = provider
  try {
    const answer = await outbound.fetch(url)
    const own = await issuerIn(answer)
    if (own === null) return [unreachable(provider, `it answers with ${answer.status}`, where)]
    const clock = clockFindings(answer.headers.get('date'), url)
    if (isDiscovery && own !== issuer) return [mismatch(key, issuer, own, where), ...clock]
    return [passed('auth_provider', `${url} answers (${key})`), ...clock]
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return [unreachable(provider, cause instanceof Error ? cause.message : String(cause), where)]
  }
}

/** What the document says of its issuer, `''` when nothing; null when it is no document. */
async function issuerIn(answer: Response): Promise<string | null> {
  if (answer.status !== 200) return null
  try {
    const document: unknown = JSON.parse(await answer.text())
    if (typeof document !== 'object' || document === null) return null
    return 'issuer' in document ? String(document.issuer) : ''
  } catch {
    return null
  }
}

function unreachable({ url, key }: Provider, reason: string, where: string): Finding {
  return {
    code: 'auth_unreachable',
    state: 'FAIL',
    message: `${url} does not say what sign-in needs: ${reason}`,
    where,
    fix: `correct ${key}; behind a proxy of the company set [outbound] proxy, with a private authority ca_file`,
  }
}

function mismatch(key: string, issuer: string, own: string, where: string): Finding {
  return {
    code: 'auth_issuer',
    state: 'FAIL',
    message: `the provider calls itself ${JSON.stringify(own)}, and tokens of it are not those of ${issuer}`,
    where,
    fix: `write ${key.split('.').at(-1)} = ${JSON.stringify(own)}`,
  }
}

function clockFindings(date: string | null, url: string): readonly Finding[] {
  const theirs = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(theirs)) return []
  const seconds = Math.round((Date.now() - theirs) / 1000)
  if (Math.abs(seconds) <= closeS)
    return [passed('clock', `the clock of this machine is that of ${new URL(url).host}`)]
  return [
    {
      code: 'clock',
      state: 'WARN',
      message: `the clock of this machine is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} that of ${new URL(url).host}: tokens count as expired, or as not valid yet`,
      fix: 'let the time be set: timedatectl set-ntp true',
    },
  ]
}

/** The address a provider has to know, to be copied there. */
function redirectFinding({ auth, rootPath }: Config): readonly Finding[] {
  const login = auth?.login ?? null
  if (login === null) return []
  const { oidc, publicOrigin, prefix } = login
  const own = publicOrigin === '' ? '' : `${publicOrigin}${rootPath}${prefix}/callback`
  const uri = oidc.redirectUri === '' ? own : oidc.redirectUri
  return uri === '' ? [] : [passed('auth_redirect_uri', `the provider has to know the redirect URI ${uri}`)]
}
