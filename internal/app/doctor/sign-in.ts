/** Whether identity providers can be reached, are who they should be, and have the same time as this machine. */

import { Outbound } from '../../auth/outbound.ts'
import type { Config } from '../../config/config.ts'
import { shownAddress } from '../bind.ts'
import { clientFindings, isTable, keyFindings, textIn } from './agreement.ts'
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
  /** What else the document has to say. */
  readonly agrees: (document: Document, outbound: Outbound, where: string) => Promise<readonly Finding[]>
}

type Document = Readonly<Record<string, unknown>>

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
    ...(login === undefined
      ? []
      : [
          discovery('auth.oidc.issuer', login.issuer, (document, _outbound, where) =>
            Promise.resolve(clientFindings(document, login, where)),
          ),
        ]),
    ...issuers.flatMap(({ issuer, keys, algorithms }): readonly Provider[] => {
      if (keys.kind === 'discovery')
        return [
          discovery('auth.jwt.issuer', issuer, (document, outbound, where) =>
            publishedKeys(document, algorithms, outbound, where),
          ),
        ]
      if (keys.kind !== 'url') return []
      const { url } = keys
      const agrees: Provider['agrees'] = (document, _outbound, where) =>
        Promise.resolve(keyFindings(document, algorithms, url, where))
      return [{ key: 'auth.jwt.jwks_url', issuer, url, isDiscovery: false, agrees }]
    }),
  ]
}

function discovery(key: string, issuer: string, agrees: Provider['agrees']): Provider {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  return { key, issuer, url, isDiscovery: true, agrees }
}

async function publishedKeys(
  document: Document,
  algorithms: readonly string[],
  outbound: Outbound,
  where: string,
): Promise<readonly Finding[]> {
  const url = textIn(document, 'jwks_uri')
  const answer = URL.canParse(url) ? await outbound.fetch(url) : null
  const keys = answer === null ? null : await documentIn(answer)
  if (keys !== null) return keyFindings(keys, algorithms, url, where)
  const reason =
    answer === null ? 'its document names no address of keys' : `it answers with ${answer.status}`
  return [unreachable({ url, key: 'auth.jwt.issuer' }, reason, where)]
}

async function ask(provider: Provider, outbound: Outbound, where: string): Promise<readonly Finding[]> {
  const { url, key, issuer, isDiscovery } = provider
  try {
    const answer = await outbound.fetch(url)
    const document = await documentIn(answer)
    if (document === null) return [unreachable(provider, `it answers with ${answer.status}`, where)]
    const clock = clockFindings(answer.headers.get('date'), url)
    const own = textIn(document, 'issuer')
    if (isDiscovery && own !== issuer) return [mismatch(key, issuer, own, where), ...clock]
    const others = await provider.agrees(document, outbound, where)
    return [passed('auth_provider', `${url} answers (${key})`), ...others, ...clock]
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return [unreachable(provider, cause instanceof Error ? cause.message : String(cause), where)]
  }
}

/** What it answers; null when that is no document. */
async function documentIn(answer: Response): Promise<Document | null> {
  if (answer.status !== 200) return null
  try {
    const document: unknown = JSON.parse(await answer.text())
    return isTable(document) ? document : null
  } catch {
    return null
  }
}

function unreachable({ url, key }: Pick<Provider, 'url' | 'key'>, reason: string, where: string): Finding {
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
function redirectFinding({ auth, rootPath, listen }: Config): readonly Finding[] {
  const login = auth?.login ?? null
  if (login === null) return []
  const { oidc, publicOrigin, prefix, secure } = login
  // Without a public address it is this machine's own, which is not known before the start where the port is 0.
  const here = listen.port === 0 ? '' : `${secure ? 'https' : 'http'}://${shownAddress(listen)}`
  const origin = publicOrigin === '' ? here : publicOrigin
  const own = origin === '' ? '' : `${origin}${rootPath}${prefix}/callback`
  const uri = oidc.redirectUri === '' ? own : oidc.redirectUri
  return uri === '' ? [] : [passed('auth_redirect_uri', `the provider has to know the redirect URI ${uri}`)]
}
