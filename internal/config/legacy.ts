/** Environment names of the predecessor: those with a meaning here fill values, the others only get a warning. */

import { bad, ok, type Parsed } from './parsed.ts'
import type { Path } from './tree.ts'

/** What becomes of one old name. */
export type LegacyRule =
  | {
      readonly kind: 'fills'
      readonly path: Path
      /** `environment`: just below the new name; `fallback`: below the file, where nothing else says anything. */
      readonly rank: 'environment' | 'fallback'
      /** Old text to the raw value of the new key; the hint of a failure is a warning's. */
      readonly convert: (text: string) => Parsed<unknown>
    }
  | { readonly kind: 'meaningless'; readonly hint: string }

const inApplication = 'set it in the application'
const noLimit = 'there is no such limit here'
const noPidfile = 'the gateway writes no PID file; use a service manager, or stop it with a signal'
const inScript = 'call st.set_page_config in the script'
const socketsAreSpliced =
  "WebSockets are passed through as bytes; pings, sizes and close codes are the application's"

/** Old name without `FLUXLIT_`; names that are the same today are not listed. `PUBLIC_BASE_URL` is complete. */
export const legacyNames: Readonly<Record<string, LegacyRule>> = {
  STREAMLIT_PUBLIC_PATH: fills(['root_path'], (text) => ok(text), 'fallback'),
  FORWARDED_ALLOW_IPS: fills(['trusted_proxies'], commaList),
  GATEWAY_UPSTREAM_CONNECT_TIMEOUT_S: fills(['timeouts', 'connect'], seconds),
  GATEWAY_UPSTREAM_READ_TIMEOUT_S: fills(['timeouts', 'response_headers'], seconds),
  GATEWAY_MAX_PROXY_REQUEST_BODY_BYTES: fills(['limits', 'body'], bytes),
  UVICORN_GRACEFUL_SHUTDOWN_TIMEOUT_S: fills(['drain', 'timeout'], seconds),
  ENABLE_GATEWAY_ACCESS_LOG: fills(['log', 'access'], truth),
  TRUST_PROXY: meaningless('list the proxies instead: FLUXLIT_TRUSTED_PROXIES=["10.0.0.0/8"]'),
  APP: meaningless('name the application object with `target`, or a FastAPI app in [workers.api] app'),
  DEBUG: meaningless('set FLUXLIT_LOG_LEVEL=debug'),
  STREAMLIT_HOST: meaningless('Streamlit listens on a private socket'),
  STREAMLIT_PORT: meaningless('Streamlit listens on a private socket'),
  STREAMLIT_UPSTREAM: meaningless('give the address as [workers.ui] kind = "streamlit", url = "http://..."'),
  STREAMLIT_UPSTREAM_FILE: meaningless(
    'give the address as [workers.ui] kind = "streamlit", url = "http://..."',
  ),
  STREAMLIT_RUN_CLI_ARGS: meaningless('set [workers.ui] args'),
  STREAMLIT_PAGE_CONFIG: meaningless(inScript),
  ENABLE_REQUEST_LOGGING: meaningless('the access line covers the API too: [log] access'),
  URL_SESSION_QUERY_PARAM: meaningless(inApplication),
  ENABLE_GATEWAY_PROMETHEUS_METRICS: meaningless('metrics are on the admin listener: [admin] listen'),
  GATEWAY_PROMETHEUS_METRICS_PATH: meaningless('the path is /metrics, on [admin] listen or [metrics] listen'),
  GATEWAY_MAX_CONCURRENT_UPSTREAM_HTTP: meaningless(noLimit),
  GATEWAY_HTTPX_MAX_CONNECTIONS: meaningless(noLimit),
  GATEWAY_HTTPX_MAX_KEEPALIVE_CONNECTIONS: meaningless(noLimit),
  GATEWAY_WS_OPEN_TIMEOUT_S: meaningless('set [timeouts] connect'),
  GATEWAY_WS_PING_INTERVAL_S: meaningless(socketsAreSpliced),
  GATEWAY_WS_PING_TIMEOUT_S: meaningless(socketsAreSpliced),
  GATEWAY_WS_CLOSE_TIMEOUT_S: meaningless(socketsAreSpliced),
  GATEWAY_WS_MAX_MESSAGE_BYTES: meaningless(socketsAreSpliced),
  GATEWAY_FORWARD_CLIENT_HEADERS_TO_STREAMLIT: meaningless('every end-to-end header is forwarded'),
  ENABLE_SECURITY_HEADERS: meaningless(inApplication),
  CORS_ALLOW_ORIGINS: meaningless(inApplication),
  CORS_ALLOW_CREDENTIALS: meaningless(inApplication),
  CORS_MIDDLEWARE_KWARGS: meaningless(inApplication),
  STRICT_PUBLIC_BASE_URL: meaningless('the configuration is always checked strictly'),
  STRICT_PAGE_SIGNATURES: meaningless(inApplication),
  STRICT_STARTUP: meaningless('the configuration is always checked strictly'),
  EXPERIMENTAL_YIELD_PAGES: meaningless(inApplication),
  ASYNC_PAGE_DEPENDS: meaningless(inApplication),
  JWT_ISSUER: fills(['auth', 'jwt', 'issuer'], issuerAddress),
  JWT_AUDIENCE: fills(['auth', 'jwt', 'audience'], (text) => ok([text])),
  JWT_HS256_SECRET: fills(['auth', 'jwt', 'hs256_secret'], plain),
  JWT_JWKS_URL: fills(['auth', 'jwt', 'jwks_url'], keyAddress),
  JWT_LEEWAY_SECONDS: fills(['auth', 'jwt', 'leeway_seconds'], wholeSeconds),
  OIDC_BFF_SECRET: fills(['auth', 'headers', 'first_party_secret'], plain),
  PIDFILE: meaningless(noPidfile),
  NO_PIDFILE: meaningless(noPidfile),
  ALLOW_UNIFIED_UVICORN_MULTIWORKER: meaningless('add workers as tables of their own'),
  TESTS: meaningless(inApplication),
  FORCE_URL_SESSION_IN_TESTS: meaningless(inApplication),
  DISABLE_URL_SESSION: meaningless(inApplication),
  TEST_PAGE_OVERRIDES: meaningless(inApplication),
}

/** The platform variable that stands in for `public_base_url`; the only name without the prefix that is read. */
export const platformBaseUrl = 'PUBLIC_BASE_URL'

function fills(
  path: Path,
  convert: (text: string) => Parsed<unknown>,
  rank: 'environment' | 'fallback' = 'environment',
): LegacyRule {
  return { kind: 'fills', path, rank, convert }
}

function meaningless(hint: string): LegacyRule {
  return { kind: 'meaningless', hint }
}

function seconds(text: string): Parsed<string> {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) return bad('write a number of seconds')
  if (value === 0) return bad('zero seconds would fail every request; the default stays')
  return ok(`${Math.max(1, Math.round(value * 1000))}ms`)
}

function bytes(text: string): Parsed<string> {
  if (!/^[0-9]+$/.test(text)) return bad('write a number of bytes')
  return Number(text) === 0 ? bad('unlimited bodies are not offered; the default stays') : ok(`${text}B`)
}

function plain(text: string): Parsed<string> {
  return ok(text)
}

// Applications take any text for an issuer, such as the `fluxlit-bff` of their own tokens; that is theirs to check.
function issuerAddress(text: string): Parsed<string> {
  return /^https?:\/\/[^\s?#]+$/.test(text)
    ? ok(text)
    : bad('it is no address, so it is left to the application')
}

function keyAddress(text: string): Parsed<string> {
  return text.startsWith('https://')
    ? ok(text)
    : bad('it is no https address, so it is left to the application')
}

function wholeSeconds(text: string): Parsed<number> {
  return /^[0-9]+$/.test(text) && Number(text) <= 120
    ? ok(Number(text))
    : bad('write 0 to 120; the default stays')
}

function truth(text: string): Parsed<boolean> {
  if (/^(1|true|yes|on)$/i.test(text)) return ok(true)
  return /^(0|false|no|off)$/i.test(text) ? ok(false) : bad('write true or false')
}

function commaList(text: string): Parsed<readonly string[]> {
  return ok(
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
}
