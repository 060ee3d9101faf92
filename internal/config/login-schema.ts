/** The schema of `[auth.oidc]`, `[auth.session]` and `[outbound]`. */

import * as z from 'zod'

import { signatureAlgorithms } from './algorithms.ts'
import { bad, ok, type Parsed } from './parsed.ts'
import {
  choice,
  duration,
  flag,
  integer,
  list,
  optional,
  positiveDuration,
  readText,
  noted,
  textWith,
  wordsOf,
} from './scalars.ts'

const anyText = (value: string): Parsed<string> => (value.includes('\0') ? bad() : ok(value))

const word = (value: string): Parsed<string> =>
  /^[\x21-\x7e]+$/.test(value) ? ok(value) : bad('write it without spaces')

const secretText = (description: string) => optional(readText(anyText), description, 'a text', 'none')

/** The three spellings of a secret. */
function secretKeys<const N extends string>(name: N, description: string) {
  const entries = {
    [name]: secretText(description),
    [`${name}_file`]: optional(
      readText(anyText),
      'File that holds it instead; a bare name is looked for among systemd credentials first.',
      'the path of a file',
      'none',
    ),
    [`${name}_env`]: optional(
      readText(anyText),
      'Variable that holds it instead; no worker gets it.',
      'the name of a variable',
      'none',
    ),
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- computed keys lose their literal types
  return entries as Record<N | `${N}_file` | `${N}_env`, ReturnType<typeof secretText>>
}

const assertionAlgorithms = [...signatureAlgorithms, 'Ed25519'] as const

/** `[auth.oidc]`. */
export const oidcSchema = z.strictObject({
  preset: choice(
    ['none', 'entra', 'google', 'okta', 'keycloak'],
    'none',
    'Provider whose ways are known: claims, scopes and parameters follow from it where nothing else is written.',
  ),
  issuer: textWith(
    (text) =>
      text === '' || /^https?:\/\/[^/?#\s]+[^?#\s]*$/.test(text)
        ? ok(text)
        : bad('write it as the provider does, without query'),
    '',
    'Issuer of the provider, exactly as it names itself. `preset = "google"` knows it.',
    'an address such as "https://login.example.com/realms/main"',
  ),
  client_id: textWith(anyText, '', 'Name of this application at the provider.', 'a text'),
  ...secretKeys('client_secret', 'Its secret.'),
  client_auth_method: choice(
    ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    'client_secret_basic',
    'How the gateway shows the provider who it is; "private_key_jwt" = it signs with `client_key`, "none" = a public client without a secret.',
  ),
  ...secretKeys('client_key', 'Private key to sign with ("private_key_jwt"), in PEM form or as a JWK.'),
  client_key_id: optional(
    readText(word),
    'Name of that key at the provider (`kid`).',
    'a text',
    'that of the JWK, else none',
  ),
  client_assertion_alg: optional(
    z.enum(assertionAlgorithms),
    'Algorithm to sign with.',
    wordsOf(assertionAlgorithms),
    'the JWK\'s, else `RS256`, `ES256`, `ES384`, `ES512` or `EdDSA` by the kind of key; `PS256` with a certificate for the preset "entra"',
  ),
  client_assertion_audience: optional(
    z.enum(['issuer', 'endpoint']),
    'Whom what is signed is for: the issuer, or the address that is called.',
    '"issuer" or "endpoint"',
    '`issuer`; of the presets "entra" and "okta" `endpoint`',
  ),
  client_certificate_file: textWith(
    anyText,
    '',
    'Certificate of that key, whose thumbprint is sent along (`x5t#S256`): Microsoft finds the key by it.',
    'the path of a file in PEM form, or ""',
  ),
  scopes: optional(
    z.array(readText(word)).min(1),
    'What is asked for; "openid" must be among it. Most providers give refresh tokens for "offline_access" only.',
    'a list such as ["openid", "profile", "email"]',
    '`["openid", "profile", "email"]`, and what the preset needs',
  ),
  redirect_uri: textWith(
    (text) => (text === '' || URL.canParse(text) ? ok(text) : bad('write a whole address')),
    '',
    'Address the provider sends browsers back to; empty = public_base_url with `auth.prefix` and /callback. Never taken from a request.',
    'an address, or ""',
  ),
  authorization_params: noted(
    z.record(readText(word), z.string()).prefault({}),
    'Further parameters of the login: prompt, acr_values, domain_hint, audience.',
    { expects: 'a table of texts such as { prompt = "select_account" }' },
  ),
  userinfo: choice(
    ['auto', 'always', 'never'],
    'auto',
    'Whether the provider is asked for more than the ID token says; auto = when something named below is missing.',
  ),
  user_claim: textWith(word, 'sub', 'Claim that names the person; it must never change.', 'a claim'),
  email_claim: textWith(word, 'email', 'Claim with the address.', 'a claim'),
  name_claim: textWith(word, 'name', 'Claim with the name that is shown.', 'a claim'),
  groups_claim: textWith(word, 'groups', 'Claim with the groups.', 'a claim such as "groups"'),
  roles_claim: optional(
    readText(word),
    'Claim with the roles; dots lead into objects.',
    'a claim such as "realm_access.roles"',
    '`roles`; of the preset "keycloak" `realm_access.roles`',
  ),
  require_verified_email: flag(
    true,
    'Whether an address counts only when the provider says that it was verified.',
  ),
  trust_unverified_email: optional(
    z.boolean(),
    'Whether an address counts when the provider says nothing about it.',
    'true or false',
    'false; true for the preset "entra", whose one tenant vouches for its addresses',
  ),
  allowed_email_domains: list(
    (text) =>
      /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(text) ? ok(text.toLowerCase()) : bad('write the domain alone'),
    'Domains whose people may sign in; empty = all. Subdomains are others.',
    'a list of domains such as ["example.com"]',
  ),
  allowed_groups: list(
    (text) => (text === '' ? bad('write the name of a group') : anyText(text)),
    'Groups whose members may sign in; empty = all.',
    'a list of groups',
  ),
  groups_overage: choice(
    ['deny', 'graph'],
    'deny',
    'Entra alone: what holds for people with more groups than a token takes: no group at all, or those that Microsoft Graph tells.',
  ),
  group_names: flag(
    false,
    'Entra alone: groups by their names, which Microsoft Graph is asked for, instead of ids.',
  ),
  graph_url: textWith(
    (text) => (/^https?:\/\/[^/\s]+$/.test(text) ? ok(text) : bad('write scheme and host alone')),
    'https://graph.microsoft.com',
    'Microsoft Graph; national clouds have others.',
    'an address without a path',
  ),
  backchannel_logout: flag(true, 'Whether the provider may end sessions here (PREFIX/backchannel-logout).'),
  backchannel_logout_everywhere: flag(
    false,
    'Whether that ends every session of the person it names, and not only the one of the browser.',
  ),
  http_timeout: positiveDuration('10s', 'How long one answer of the provider may take.'),
  allow_insecure_issuer: flag(
    false,
    'Whether the issuer may speak plain http; only on this machine, for tests.',
  ),
})

/** `[auth.session]`. */
export const sessionSchema = z.strictObject({
  store: optional(
    z.enum(['memory', 'sqlite', 'redis']),
    'Where sessions are kept: in memory until the next start, in a file of the state directory, or in Redis for several gateways.',
    '"memory", "sqlite" or "redis"',
    '`sqlite` with a state directory, else `memory`',
  ),
  ...secretKeys(
    'secrets',
    'What seals sessions and cookies: 32 random bytes in base64url each, separated by commas; the first one seals, all of them open. Several gateways need the same.',
  ),
  ...secretKeys('redis_url', 'Address of Redis: redis://, rediss:// or unix:/path, with its password.'),
  redis_prefix: textWith(
    word,
    'fluxlit:',
    'In front of every key in Redis; gateways that share sessions share it.',
    'a text such as "fluxlit:"',
  ),
  cookie_name: textWith(
    (text) => (/^[A-Za-z0-9_-]{1,64}$/.test(text) ? ok(text) : bad('use letters, digits, "_" and "-"')),
    'fluxlit',
    'Beginning of the names of the cookies, behind __Host-.',
    'a name',
  ),
  cookie_same_site: choice(
    ['lax', 'strict'],
    'lax',
    'Whether links from other sites find the person signed in (lax), or ask the provider again (strict).',
  ),
  absolute_lifetime: positiveDuration('12h', 'How long a session lasts at most.'),
  idle_timeout: duration('2h', 'How long it lasts without being used; "0s" = until its end.'),
  open_websocket_counts_as_activity: flag(
    true,
    'Whether a page that is open in a browser counts as use; Streamlit tells nothing about whether somebody looks at it.',
  ),
  refresh_margin: positiveDuration('60s', 'How long before its end an access token is renewed.'),
  login_timeout: positiveDuration('10m', 'How long signing in may take.'),
  max_pending_logins: integer(5, 1, 20, 'Logins one browser may have begun at the same time.'),
  recheck_sockets_every: positiveDuration(
    '30s',
    'How often open WebSockets are judged again; an end that is known closes them at once.',
  ),
  streamlit_login_redirect: flag(
    true,
    'Whether a Streamlit page whose session has ended is loaded again, which leads to the login.',
  ),
})

/** `[outbound]`. */
export const outboundSchema = z.strictObject({
  proxy: textWith(
    (text) =>
      text === 'env' || text === '' || /^https?:\/\/[^/\s]+\/?$/.test(text)
        ? ok(text)
        : bad('write "env", "", or scheme, host and port'),
    'env',
    'Proxy for calls of the gateway itself: "env" = HTTPS_PROXY, HTTP_PROXY and NO_PROXY of its environment, "" = none.',
    '"env", "", or an address such as "http://proxy.example:3128"',
  ),
  no_proxy: textWith(
    anyText,
    '',
    'Hosts that are reached directly, separated by commas; empty = NO_PROXY. This machine always is.',
    'a list in one text such as ".example.com,10.0.0.5"',
  ),
  ca_file: textWith(
    anyText,
    '',
    'Further certificates that are trusted, in PEM form.',
    'the path of a file, or ""',
  ),
  system_ca: flag(true, 'Whether certificates that the system trusts are trusted too.'),
})
