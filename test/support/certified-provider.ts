import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

import { Provider, type ClientMetadata, type Configuration } from 'oidc-provider'

import type { Cleanup } from './cleanup.ts'
import { clientId, clientSecret } from './odd-provider.ts'

/** What a certified provider of the tests is started with. */
export interface CertifiedOptions {
  /** Seconds an access token lives. */
  readonly accessLifetime?: number
  /** Whether the ID token has the claims of the person; otherwise only userinfo tells them. */
  readonly claimsInIdToken?: boolean
  /** Who signs in at once, without a form; left out = whoever fills the provider's form. */
  readonly signsIn?: string
  /** What is registered of the client besides, for an application at this origin. */
  readonly client?: (origin: string) => Partial<ClientMetadata>
}

/** A provider that has an address and answers nothing yet. */
export interface Certified {
  readonly issuer: string
  /** Grants it has given so far. */
  readonly grants: readonly string[]
  /** How many refresh tokens were ended. */
  readonly revocations: () => number
  /** Begins to answer, for the gateway at this origin. */
  open(origin: string): void
}

/**
 * `oidc-provider`, a certified one: with a form that takes any name, refresh tokens that rotate, back-channel logout.
 * The gateway is started with its address, and it with the gateway's.
 */
export async function certifiedProvider(t: Cleanup, options: CertifiedOptions = {}): Promise<Certified> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => end(server))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  const issuer = `http://127.0.0.1:${address.port}`
  const grants: string[] = []
  let revocations = 0
  let answer: ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | null = null
  server.on('request', (request, response) => {
    if (answer === null) request.socket.destroy()
    else void answer(request, response)
  })
  return {
    issuer,
    grants,
    revocations: () => revocations,
    open(origin) {
      const provider = new Provider(issuer, configuration(origin, options))
      provider.on('grant.success', ({ oidc }) => grants.push(String(oidc.params?.['grant_type'])))
      provider.on('grant.revoked', () => (revocations += 1))
      const callback = provider.callback()
      const { signsIn } = options
      answer = (request, response) =>
        signsIn !== undefined && request.url?.startsWith(formPath) === true
          ? finishForm(provider, signsIn, request, response)
          : callback(request, response)
    },
  }
}

const formPath = '/form/'

/** Says who it is and that this is fine, as if a form had been filled. */
async function finishForm(
  provider: Provider,
  accountId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params } = await provider.interactionDetails(request, response)
  const grant = new provider.Grant({ accountId, clientId: String(params['client_id']) })
  grant.addOIDCScope(String(params['scope']))
  const consent = { grantId: await grant.save() }
  await provider.interactionFinished(request, response, { login: { accountId }, consent })
}

function configuration(
  origin: string,
  { accessLifetime = 3600, claimsInIdToken = false, signsIn, client: registered }: CertifiedOptions,
): Configuration {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [`${origin}/oauth2/callback`],
        post_logout_redirect_uris: [`${origin}/oauth2/signed_out`],
        backchannel_logout_uri: `${origin}/oauth2/backchannel-logout`,
        backchannel_logout_session_required: true,
        ...registered?.(origin),
      },
    ],
    jwks: {
      keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'of-the-test', alg: 'RS256', use: 'sig' }],
    },
    cookies: { keys: ['only for this test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
    conformIdTokenClaims: !claimsInIdToken,
    ...(signsIn === undefined ? {} : { interactions: { url: (_ctx, { uid }) => formPath + uid } }),
    pkce: { required: () => true },
    rotateRefreshToken: true,
    issueRefreshToken: (_ctx, client, code) =>
      Promise.resolve(client.grantTypeAllowed('refresh_token') && code.scopes.has('offline_access')),
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.com`,
        email_verified: true,
        name: `${id} of the test`,
        groups: ['staff'],
      }),
    }),
    ttl: {
      AccessToken: accessLifetime,
      Session: 3600,
      Grant: 3600,
      IdToken: 300,
      Interaction: 600,
      RefreshToken: 3600,
    },
    features: {
      devInteractions: { enabled: signsIn === undefined },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    // It guards against calls to loopback, where everything of a test is.
    fetch: (url, init) => fetch(url, withoutDispatcher(init)),
  }
}

function withoutDispatcher(init: RequestInit | undefined): RequestInit {
  return Object.fromEntries(Object.entries(init ?? {}).filter(([name]) => name !== 'dispatcher'))
}

function end(server: Server): void {
  server.closeAllConnections()
  server.close()
}
