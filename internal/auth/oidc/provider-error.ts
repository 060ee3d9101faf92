/** What can come of asking a provider, as one union of reasons. */

/** Why a provider did not give what was asked for. */
export type ProviderRefusal =
  /** It cannot be reached, takes too long or is broken: nothing is known, asking again may help. */
  | 'unavailable'
  /** It said no to this grant for good. */
  | 'invalid_grant'
  /** It said no for another reason. */
  | 'refused'
  /** What it said does not hold: a signature, an issuer, a nonce. */
  | 'invalid'

/** A provider's refusal, with words for the log. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly kind: ProviderRefusal
  /** The provider's own error code, or the library's. */
  readonly reason: string
  /** What the provider says to people, from anywhere: shown escaped and cut off; `''` = nothing. */
  readonly description: string

  constructor(
    kind: ProviderRefusal,
    reason: string,
    options?: ErrorOptions & { readonly description?: string },
  ) {
    super(`the identity provider: ${reason}`, options)
    this.kind = kind
    this.reason = reason
    this.description = options?.description ?? ''
  }
}

/** Errors of openid-client, oauth4webapi and {@link Outbound.fetch} as {@link ProviderError}. */
export function providerError(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error
  if (!(error instanceof Error)) return new ProviderError('unavailable', 'error')
  // The error code of the body, parsed; never a text somewhere inside it.
  if ('error' in error && typeof error.error === 'string' && 'status' in error)
    return new ProviderError(kindOfBody(error.error, Number(error.status)), plain(error.error), {
      cause: error,
    })
  if ('error' in error && typeof error.error === 'string')
    return new ProviderError('refused', plain(error.error), { cause: error, description: describe(error) })
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (invalidCodes.has(code)) return new ProviderError('invalid', code, { cause: error })
  return new ProviderError('unavailable', code === '' ? networkReason(error) : code, { cause: error })
}

function kindOfBody(code: string, status: number): ProviderRefusal {
  if (status >= 500 || status === 429 || code === 'temporarily_unavailable' || code === 'server_error')
    return 'unavailable'
  return code === 'invalid_grant' ? 'invalid_grant' : 'refused'
}

/** An answer that came, and says what must not be believed. */
const invalidCodes = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_UNSUPPORTED_OPERATION',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_INVALID_SERVER_METADATA',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
])

/** `ECONNREFUSED`, `SELF_SIGNED_CERT_IN_CHAIN`: of the innermost error that has a code. */
function networkReason(error: Error): string {
  let reason = error.name
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') reason = at.code
    else if (at.name === 'TimeoutError') reason = 'timeout'
  }
  return reason
}

function describe(error: object): string {
  const text = 'error_description' in error ? error.error_description : ''
  // oxlint-disable-next-line no-control-regex -- that is what is taken out
  return typeof text === 'string' ? text.replace(/[\0-\x1f\x7f-\x9f]/g, ' ').slice(0, 200) : ''
}

/** Error codes are ASCII without spaces (RFC 6749 5.2); whatever else came is not repeated. */
function plain(code: string): string {
  return /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/.test(code) ? code : 'error'
}
