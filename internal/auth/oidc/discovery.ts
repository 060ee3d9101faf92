/**
 * What a provider says about itself. It is asked when the gateway starts and again after a day; while it cannot be
 * reached the gateway goes on with what it knew, and asks again after growing pauses.
 */

import * as client from 'openid-client'

import type { OidcConfig } from '../../config/login-types.ts'
import { clientAuth } from './client-auth.ts'
import type { Outbound } from '../outbound.ts'
import { ProviderError, providerError } from './provider-error.ts'

const freshMs = 24 * 3_600_000
const longestPauseMs = 30_000

/** What {@link Discovery} is made with. */
export interface DiscoveryOptions {
  readonly config: OidcConfig
  readonly outbound: Outbound
  /** Told of every attempt that failed, and of the first one after it that did not. */
  readonly onState: (state: 'up' | 'down', reason: string) => void
}

/** A provider's metadata, found once and kept. */
export class Discovery {
  readonly #options: DiscoveryOptions
  #known: client.Configuration | null = null
  #knownSince = 0
  #asking: Promise<client.Configuration> | null = null
  #failures = 0
  #askAgainAt = 0
  #lastError: ProviderError | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: DiscoveryOptions) {
    this.#options = options
  }

  /** Asks until the provider answers, without anybody waiting. */
  start(): void {
    void this.get().catch(() => this.#later())
  }

  /** @throws ProviderError while nothing is known; at once when the last attempt is not long ago */
  async get(): Promise<client.Configuration> {
    const now = performance.now()
    if (this.#known !== null) {
      if (now - this.#knownSince > freshMs && now > this.#askAgainAt) void this.#ask().catch(() => undefined)
      return this.#known
    }
    if (this.#lastError !== null && now < this.#askAgainAt && this.#asking === null) throw this.#lastError
    return this.#ask()
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #later(): void {
    if (this.#known !== null) return
    const pause = Math.max(this.#askAgainAt - performance.now(), 100)
    this.#timer = setTimeout(() => this.start(), pause).unref()
  }

  #ask(): Promise<client.Configuration> {
    this.#asking ??= this.#discover().finally(() => (this.#asking = null))
    return this.#asking
  }

  async #discover(): Promise<client.Configuration> {
    try {
      const found = await discover(this.#options)
      if (this.#failures > 0) this.#options.onState('up', '')
      this.#known = found
      this.#knownSince = performance.now()
      this.#failures = 0
      this.#lastError = null
      return found
    } catch (error) {
      const problem = providerError(error)
      this.#failures += 1
      this.#lastError = problem
      this.#askAgainAt = performance.now() + Math.min(500 * 2 ** this.#failures, longestPauseMs)
      this.#options.onState('down', problem.reason)
      throw problem
    }
  }
}

async function discover({ config, outbound }: DiscoveryOptions): Promise<client.Configuration> {
  const found = await client.discovery(
    new URL(config.issuer),
    config.clientId,
    undefined,
    clientAuth(config.clientAuth),
    {
      // Ours ends earlier, and looks once more before it does.
      timeout: config.timeoutMs / 1000 + 600,
      [client.customFetch]: (url, init) => outbound.fetch(url, init),
      // Without this the library does not look at the signature of an ID token that came with a code.
      execute: [
        client.enableNonRepudiationChecks,
        ...(config.allowInsecureIssuer ? [client.allowInsecureRequests] : []),
      ],
    },
  )
  const metadata = found.serverMetadata()
  // Byte for byte: the library forgives a slash, and whatever Entra says.
  if (metadata.issuer !== config.issuer) throw new ProviderError('invalid', 'discovery_issuer_mismatch')
  for (const name of endpoints) {
    const url = metadata[name]
    if (url !== undefined && !isAcceptable(url, config))
      throw new ProviderError('invalid', `insecure_${name}`)
  }
  if (metadata.authorization_endpoint === undefined || metadata.token_endpoint === undefined)
    throw new ProviderError('invalid', 'discovery_incomplete')
  return found
}

const endpoints = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'end_session_endpoint',
  'revocation_endpoint',
] as const

function isAcceptable(url: string, { allowInsecureIssuer }: OidcConfig): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, username, password } = new URL(url)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && allowInsecureIssuer)
}
