/** Where the keys of an issuer come from: an address, what its discovery document says, a file, or a secret. */

import { readFileSync } from 'node:fs'

import type { JwtConfig, JwtIssuer } from '../../config/auth-types.ts'
import type { Logger } from '../../log/types.ts'
import { isRecord } from './claims.ts'
import { readKeySet, type KeySet } from './key-set.ts'
import { RemoteKeys } from './remote-keys.ts'

/** Fetches over HTTP; the composition root's knows about proxies and private authorities. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** What sources need. */
export interface KeyRoom {
  readonly fetch: Fetch
  readonly logger: Logger
  readonly now: () => number
  readonly fetched: (result: 'ok' | 'error') => void
}

/** Keys that verify the tokens of one issuer. */
export type KeySource =
  | { readonly kind: 'secret'; readonly secret: Uint8Array }
  | { readonly kind: 'fixed'; readonly set: KeySet }
  | { readonly kind: 'remote'; readonly keys: RemoteKeys }

const longestAnswer = 1024 * 1024

/** Opens the source; a remote one begins to fetch at once. @throws Error when a file is no key set */
export function openKeySource(issuer: JwtIssuer, config: JwtConfig, room: KeyRoom): KeySource {
  const { keys } = issuer
  switch (keys.kind) {
    case 'secret':
      return { kind: 'secret', secret: Buffer.from(keys.secret.reveal(), 'utf8') }
    case 'file':
      return { kind: 'fixed', set: keySetFile(keys.path) }
    case 'url':
      return remote(issuer, config, room, () => fetchKeys(room.fetch, keys.url, config.timeoutMs))
    case 'discovery':
      return remote(issuer, config, room, async () => {
        const url = await discoverKeys(room.fetch, issuer.issuer, config.timeoutMs)
        return fetchKeys(room.fetch, url, config.timeoutMs)
      })
  }
}

/** A key set in a file. @throws Error in words for a person */
export function keySetFile(path: string): KeySet {
  const set = readKeySet(JSON.parse(readFileSync(path, 'utf8')))
  if (set === null) throw new Error('it is not a JSON Web Key Set')
  return set
}

function remote(
  issuer: JwtIssuer,
  config: JwtConfig,
  room: KeyRoom,
  fetch: () => Promise<KeySet>,
): KeySource {
  const keys = new RemoteKeys({
    rules: { cooldownMs: config.cooldownMs, maxAgeMs: config.cacheMaxAgeMs, staleMs: config.staleIfErrorMs },
    fetch,
    now: room.now,
    logger: room.logger,
    issuer: issuer.issuer,
    fetched: room.fetched,
  })
  keys.warm()
  return { kind: 'remote', keys }
}

async function fetchKeys(fetch: Fetch, url: string, timeoutMs: number): Promise<KeySet> {
  const set = readKeySet(await fetchJson(fetch, url, timeoutMs))
  if (set === null) throw new Error(`no key set at ${url}`)
  return set
}

/** OpenID Connect Discovery 4.3: the document has to name the issuer letter for letter. */
async function discoverKeys(fetch: Fetch, issuer: string, timeoutMs: number): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const document = await fetchJson(fetch, url, timeoutMs)
  if (!isRecord(document) || document['issuer'] !== issuer) throw new Error(`${url} is about another issuer`)
  const { jwks_uri: address } = document
  if (typeof address !== 'string' || !URL.canParse(address)) throw new Error(`${url} names no keys`)
  if (new URL(issuer).protocol === 'https:' && new URL(address).protocol !== 'https:')
    throw new Error(`${url} names keys at an address without TLS`)
  return address
}

async function fetchJson(fetch: Fetch, url: string, timeoutMs: number): Promise<unknown> {
  const answer = await fetch(url, {
    headers: { accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (answer.status !== 200) throw new Error(`${url} answers with status ${answer.status}`)
  return JSON.parse(await boundedText(answer, url))
}

async function boundedText({ body }: Response, url: string): Promise<string> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > longestAnswer) throw new Error(`${url} answers with more than ${longestAnswer} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
