/** Header names by what the gateway does with them. */

/** Fields of one hop only (RFC 9110 7.6.1 and what came before it), in requests and responses. */
const perHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'alt-svc',
])

/** Fields that only the gateway may set towards a worker; whatever a client sends under these names is dropped. */
const managed = new Set([
  'forwarded',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  'true-client-ip',
  'cf-connecting-ip',
  'x-request-id',
  'traceparent',
  'tracestate',
  'via',
  'x-streamlit-user',
  'remote-user',
  'remote-email',
  'remote-name',
  'remote-groups',
  'x-client-ip',
  'constructor',
])

const managedPrefixes = [
  'x-forwarded-',
  'x-fluxlit-',
  'x-envoy-',
  'x-auth-request-',
  'x-authentik-',
  'x-amzn-oidc-',
  'x-goog-',
  'x-pomerium-',
  'x-remote-',
  'x-token-',
  'x-webauth-',
  'cf-access-',
  'gap-',
]

/** Whether a field (lower-case name) belongs to one connection and never travels on. */
export function isPerHop(name: string): boolean {
  return perHop.has(name)
}

/**
 * Whether a client's field (lower-case name) is dropped because the gateway owns the name, or because other
 * software could take it for an owned one: CGI-style servers read `x_forwarded_for` as `x-forwarded-for`.
 */
export function isManaged(name: string): boolean {
  if (managed.has(name) || name.includes('_') || name.includes('.')) return true
  return managedPrefixes.some((prefix) => name.startsWith(prefix))
}
