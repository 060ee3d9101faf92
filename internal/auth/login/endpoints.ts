/** The table of the login endpoints. */

import { failure, type Failure } from '../../fault/failure.ts'
import type { AccessRequest } from '../credential.ts'
import type { BodyReading, GatewayAnswer, LoginEndpoints } from '../endpoints.ts'
import { RateLimiter, retryAfter } from '../rate.ts'
import { json } from './answers.ts'
import { backchannelLogout } from './backchannel.ts'
import { Callback } from './callback.ts'
import type { LoginParts } from './parts.ts'
import { authRequest, userinfo, workerToken } from './self.ts'
import { signedOut, signOut } from './sign-out.ts'
import { signInPage, startLogin } from './start.ts'

type Answer = GatewayAnswer | Failure | Promise<GatewayAnswer | Failure>

interface Endpoint {
  readonly methods: readonly string[]
  readonly answer: (request: AccessRequest, readBody: BodyReading) => Answer
  /** How often one client may ask; none = always. */
  readonly limit?: RateLimiter
}

/** Enough for an office behind one address in the morning, too little to make the provider angry. */
const loginRate = { burst: 100, intervalMs: 300 }
/** A provider tells of many people at once. */
const providerRate = { burst: 200, intervalMs: 100 }

function monotonic(): number {
  return performance.now()
}

const pageMethods = ['GET', 'HEAD']

/** Compiles them. */
export function compileEndpoints(parts: LoginParts): LoginEndpoints {
  const { config, paths } = parts
  const own = config.prefix.split('/').filter((segment) => segment !== '')
  const login = new RateLimiter(loginRate, monotonic)
  const callback = new Callback(parts)
  const start: Endpoint = {
    methods: pageMethods,
    answer: (request) => startLogin(parts, request),
    limit: login,
  }
  const out: Endpoint = { methods: [...pageMethods, 'POST'], answer: (request) => signOut(parts, request) }
  const outside = new Map<string, Endpoint>([
    ['start', start],
    ['sign_in', { methods: pageMethods, answer: (request) => signInPage(parts, request) }],
    ['callback', { methods: ['GET'], answer: (request) => callback.answer(request), limit: login }],
    ['sign_out', out],
    ['signed_out', { methods: pageMethods, answer: () => signedOut(parts) }],
    ['userinfo', { methods: pageMethods, answer: (request) => userinfo(parts, request) }],
    ['auth', { methods: pageMethods, answer: (request) => authRequest(parts, request) }],
    ['jwks', { methods: pageMethods, answer: () => json(200, JSON.parse(parts.jwks())) }],
  ])
  if (config.oidc.backchannelLogout)
    outside.set('backchannel-logout', {
      methods: ['POST'],
      answer: (request, readBody) => backchannelLogout(parts, request, readBody),
      limit: new RateLimiter(providerRate, monotonic),
    })
  const inside = new Map<string, Endpoint>([
    ['token', { methods: ['POST'], answer: (request) => workerToken(parts, request) }],
  ])
  const aliases = new Map<string, Endpoint>(
    config.streamlitNative
      ? []
      : [
          ['auth/login', start],
          ['auth/logout', out],
        ],
  )
  const find = ({ segments, internal }: AccessRequest): Endpoint | undefined => {
    const alias = internal ? undefined : aliases.get(segments.join('/'))
    if (alias !== undefined || own.some((segment, index) => segments[index] !== segment)) return alias
    return (internal ? inside : outside).get(segments.slice(own.length).join('/'))
  }
  return {
    reserved: [own, ...[...aliases.keys()].map((path) => path.split('/'))],
    startLocation: (target) =>
      `${config.signInPage ? paths.signIn : paths.start}?rd=${encodeURIComponent(target)}`,
    answer(request, readBody) {
      const endpoint = find(request)
      if (endpoint === undefined) return failure('route_not_found')
      if (!endpoint.methods.includes(request.head.method)) return failure('method_not_allowed')
      const waitMs = endpoint.limit?.take(request.exchange.client) ?? 0
      if (waitMs > 0) return { ...failure('too_many_requests'), retryAfterS: retryAfter(waitMs) }
      return endpoint.answer(request, readBody)
    },
  }
}
