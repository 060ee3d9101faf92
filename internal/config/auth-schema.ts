/** The schema of `[auth]` and the tables inside it. */

import * as z from 'zod'

import { signatureAlgorithms } from './algorithms.ts'
import { parseIdentityHeader, parseIssuer, parseKeysUrl, parseRulePath } from './auth-text.ts'
import { parseCidr } from './network.ts'
import { parsePrefix } from './login-place.ts'
import { oidcSchema, sessionSchema } from './login-schema.ts'
import { bad, ok, type Parsed } from './parsed.ts'
import {
  choice,
  duration,
  flag,
  integer,
  list,
  noted,
  optional,
  positiveDuration,
  readText,
  size,
  textWith,
} from './scalars.ts'
import { parseOrigin } from './url.ts'

/** Modes in the order in which they look at a request. */
export const authModes = ['jwt', 'basic', 'proxy', 'oidc', 'dev'] as const

const filled = (text: string): Parsed<string> =>
  text === '' || text.trim() !== text || /[\x00-\x1f\x7f]/.test(text)
    ? bad('write a value, without spaces around it')
    : ok(text)

const texts = () => z.array(readText(filled)).min(1)

const few = 'a list of texts such as ["admin"], not an empty one'

/** What is asked of somebody, in `[[auth.rules]]` and in `access` of a worker. */
export const requirementKeys = {
  groups: optional(texts(), 'Groups, of which one is enough.', few, 'none asked for'),
  roles: optional(texts(), 'Roles, of which one is enough.', few, 'none asked for'),
  emails: optional(texts(), 'Addresses, of which one is enough.', few, 'none asked for'),
  email_domains: optional(
    texts(),
    'Domains of the address, of which one is enough; subdomains are others.',
    'a list of domains such as ["example.com"], not an empty one',
    'none asked for',
  ),
}

const rule = z.strictObject({
  path: optional(
    readText(parseRulePath),
    'Path below root_path, as it is after decoding: * is one segment or a part of one, ** any number of them.',
    'a path such as "/api/admin/**"',
    'none; either this or path_regex',
  ),
  path_regex: optional(
    readText(filled),
    'Regular expression (RE2: without lookarounds and backreferences) for the whole path instead.',
    'a regular expression such as "/api/v[0-9]+/.*"',
    'none',
  ),
  methods: optional(
    z.array(z.string().regex(/^[A-Z]+$/)).min(1),
    'Methods the rule is for; GET is HEAD too.',
    'a list of methods in capitals such as ["GET", "POST"], not an empty one',
    'all',
  ),
  allow: choice(
    ['authenticated', 'public', 'deny'],
    'authenticated',
    'Who may pass: whoever meets what the rule asks for, everybody without being asked, or nobody.',
  ),
  ...requirementKeys,
  all_roles: optional(texts(), 'Roles, all of which are needed.', few, 'none asked for'),
  scopes: optional(texts(), 'Scopes of a token, all of which are needed.', few, 'none asked for'),
  any_scope: optional(texts(), 'Scopes of a token, of which one is enough.', few, 'none asked for'),
  scope_for_sessions: flag(false, 'Whether scopes are asked of people who logged in, too.'),
  claims: optional(
    z.record(z.string(), texts()),
    'Claims and their values, of which one is enough each; a list holds one when it is among its elements.',
    'a table of lists such as { department = ["fin"] }',
    'none asked for',
  ),
  on_unauthenticated: choice(
    ['auto', 'redirect', '401'],
    'auto',
    'What somebody who is not signed in gets: "auto" sends people who look at a page to the login, and 401 to everything else.',
  ),
})

const assumed = z.strictObject({
  via: optional(
    z.enum(['session', 'bearer']),
    'How they show who they are.',
    '"session" or "bearer"',
    '`session`',
  ),
  sub: optional(readText(filled), 'Subject, as the issuer names it.', 'a text', '`email`'),
  email: optional(readText(filled), 'Address, as verified.', 'an address', 'none'),
  groups: optional(z.array(z.string()), 'Groups of whoever asks.', 'a list of texts', 'none'),
  roles: optional(z.array(z.string()), 'Roles of whoever asks.', 'a list of texts', 'none'),
  scopes: optional(z.array(z.string()), 'Scopes of whoever asks.', 'a list of texts', 'none'),
  claims: optional(z.record(z.string(), z.unknown()), 'Further claims.', 'a table', 'none'),
})

const expectation = z.strictObject({
  as: optional(
    assumed,
    'Who asks: sub, email, groups, roles, scopes, claims, and via = "session" or "bearer".',
    'a table such as { email = "a@example.com", groups = ["finance"] }',
    'nobody who is known',
  ),
  method: textWith(
    (text) => (/^[A-Z]+$/.test(text) ? ok(text) : bad('write it in capitals')),
    'GET',
    'Method of the request.',
    'a method in capitals such as "POST"',
  ),
  path: noted(readText(parseRulePath), 'Path, without * and below root_path.', {
    expects: 'a path such as "/api/admin"',
    derived: 'none; needed',
  }),
  host: textWith(ok, '', 'Host the request names, for workers that are bound to one.', 'a host name, or ""'),
  allow: noted(z.boolean(), 'Whether the request should pass.', {
    expects: 'true or false',
    derived: 'none; needed',
  }),
})

const headerName = (fallback: string, description: string) =>
  textWith(
    (text) => (text === '' ? ok('') : parseIdentityHeader(text)),
    fallback,
    description,
    `a header name such as "${fallback === '' ? 'X-User' : fallback}", or "" = not sent`,
  )

const headers = z.strictObject({
  user: headerName('X-Forwarded-User', 'The user: `sub`, or what `user_claim` says.'),
  email: headerName('X-Forwarded-Email', 'Verified address.'),
  groups: headerName('X-Forwarded-Groups', 'Groups, separated by commas.'),
  preferred_username: headerName('X-Forwarded-Preferred-Username', 'Name to log in with.'),
  assertion: headerName(
    'X-Fluxlit-Jwt-Assertion',
    'All of it, signed (ES256); the public key is in FLUXLIT_ASSERTION_JWKS of the workers.',
  ),
  max_groups_bytes: size(
    '4096B',
    0,
    'Longest list of groups; a longer one is left out, and the assertion says so.',
  ),
  access_token: headerName(
    '',
    'Access token at the provider, of people who logged in; a page that prints its headers prints it too.',
  ),
  upstream_authorization: choice(
    ['strip', 'access_token', 'first_party'],
    'strip',
    'What APIs get as Authorization in place of what the gateway was shown: nothing, the access token of people who logged in, or a token of the gateway (HS256, `iss` fluxlit-bff, `aud` fluxlit-app). Streamlit gets neither.',
  ),
  first_party_secret: optional(
    readText(filled),
    'Secret that tokens of `first_party` are signed with, at least 32 bytes; the application checks them with the same one.',
    'a text',
    'none; needed with "first_party"',
  ),
  first_party_secret_file: optional(readText(filled), 'File that holds it.', 'the path of a file', 'none'),
  first_party_secret_env: optional(
    readText(filled),
    'Variable that holds it; no worker gets it.',
    'the name of a variable',
    'none',
  ),
  forward_authorization: flag(true, 'Whether the bearer of a program is passed on to the worker.'),
  assertion_ttl: positiveDuration('5m', 'How long an assertion holds.'),
  assertion_key_file: textWith(
    ok,
    '',
    'P-256 key in PEM form that signs it; a bare name is looked for among systemd credentials first. Without one there is a new key at every start.',
    'the path of a file, or ""',
  ),
})

const issuerKeys = {
  issuer: optional(
    readText(parseIssuer),
    'Issuer of the tokens, letter for letter.',
    'a text such as "https://idp.example.com/realms/main"',
    'none; needed with mode "jwt"',
  ),
  audience: optional(
    texts(),
    'Audiences, of which a token has to name one.',
    'a list of texts such as ["my-api"], not an empty one',
    'none; needed with mode "jwt"',
  ),
  algorithms: optional(
    z.array(z.enum([...signatureAlgorithms, 'HS256'])).min(1),
    'Algorithms that are accepted, whatever a token says.',
    'a list such as ["RS256", "ES256"]',
    '`["RS256", "ES256", "EdDSA"]`; with hs256_secret `["HS256"]`',
  ),
  jwks_url: textWith(
    parseKeysUrl,
    '',
    'Where the keys are published; "" = what the discovery document of the issuer says.',
    'an https address, or ""',
  ),
  jwks_file: textWith(ok, '', 'File with the keys instead.', 'the path of a file, or ""'),
}

const claim = (fallback: string, description: string) =>
  textWith(filled, fallback, description, `the name of a claim such as "${fallback}"; dots lead into tables`)

const jwt = z.strictObject({
  ...issuerKeys,
  hs256_secret: optional(
    readText(filled),
    'Secret that tokens are signed with instead (HS256), at least 32 bytes.',
    'a text',
    'none',
  ),
  hs256_secret_file: optional(
    readText(filled),
    'File that holds it; a bare name is looked for among systemd credentials first.',
    'the path of a file',
    'none',
  ),
  hs256_secret_env: optional(
    readText(filled),
    'Variable that holds it; no worker gets it.',
    'the name of a variable',
    'none',
  ),
  leeway_seconds: integer(30, 0, 120, 'How far clocks may be apart.'),
  token_type: choice(['any', 'at+jwt'], 'any', '"at+jwt" demands access tokens as RFC 9068 has them.'),
  required_claims: list(filled, 'Claims that have to be there besides iss, aud and exp.', 'a list of names'),
  max_lifetime: duration('24h', 'Longest time a token may hold in all.'),
  user_claim: claim('sub', 'Claim that names the user.'),
  scope_claim: claim('scope', 'Claim with the scopes; "scp" for Entra and Okta.'),
  roles_claim: claim('roles', 'Claim with the roles; "realm_access.roles" for Keycloak.'),
  groups_claim: claim('groups', 'Claim with the groups.'),
  trust_unverified_email: flag(
    false,
    'Whether an address counts of which the token does not say that it is verified.',
  ),
  jwks_cooldown: positiveDuration('30s', 'Shortest time between two looks for a key that is not known.'),
  jwks_cache_max_age: positiveDuration('10m', 'How long fetched keys are used.'),
  jwks_timeout: positiveDuration('5s', 'Time that fetching them may take.'),
  jwks_stale_if_error: duration('24h', 'How much longer they are used while they cannot be fetched.'),
  issuers: noted(
    z.array(z.strictObject(issuerKeys)).prefault([]),
    'Further issuers, each in a table [[auth.jwt.issuers]].',
    { expects: 'tables [[auth.jwt.issuers]]' },
  ),
})

const basic = z.strictObject({
  users: noted(
    z
      .array(
        z.strictObject({
          name: noted(
            readText((text) =>
              /^[^:\x00-\x1f\x7f]+$/.test(text) ? ok(text) : bad('write a name without ":"'),
            ),
            'Name to log in with, which is the subject too.',
            { expects: 'a name without ":"', derived: 'none; needed' },
          ),
          password_hash: noted(readText(filled), 'What `fluxlit hash-password` prints.', {
            expects: 'a text that begins with "$scrypt$"',
            derived: 'none; needed',
          }),
          email: optional(readText(filled), 'Address of the person.', 'an address', 'none'),
          groups: list(filled, 'Groups of the person.', 'a list of texts'),
          roles: list(filled, 'Roles of the person.', 'a list of texts'),
        }),
      )
      .prefault([]),
    'Who may log in, each in a table [[auth.basic.users]].',
    { expects: 'tables [[auth.basic.users]]' },
  ),
})

/** Proxies in front whose ways are known. */
export const proxyPresets = [
  'custom',
  'oauth2-proxy',
  'authelia',
  'authentik',
  'pomerium',
  'cloudflare-access',
  'google-iap',
  'aws-alb',
] as const

const header = (description: string) =>
  optional(
    readText((text) => (text === '' ? ok('') : parseIdentityHeader(text))),
    description,
    'a header name, or "" = not looked at',
    "the preset's",
  )

const proxy = z.strictObject({
  preset: choice(proxyPresets, 'custom', 'Proxy whose header names, keys and checks are known.'),
  trusted_proxies: list(
    parseCidr,
    'Networks of the proxies that sign people in; what others say under these names is dropped.',
    'a list of networks such as ["10.20.0.0/16"]',
  ),
  user_header: header('Header that names the user.'),
  email_header: header('Header with the address.'),
  name_header: header('Header with the name of the person.'),
  groups_header: header('Header with the groups.'),
  groups_separator: optional(
    z.string().length(1),
    'What stands between two groups.',
    'one character such as ","',
    "the preset's, else `,`",
  ),
  assertion_header: header('Header with a signed JWT; when it is given the others do not count.'),
  issuer: optional(readText(filled), 'Issuer of the assertion.', 'a text', "the preset's"),
  audience: optional(
    texts(),
    'Audiences, of which the assertion has to name one.',
    'a list of texts, not an empty one',
    'none; needed with an assertion, but for "aws-alb"',
  ),
  jwks_url: optional(
    readText(parseKeysUrl),
    'Where the keys of the assertion are published.',
    'an https address',
    "the preset's",
  ),
  signer: optional(
    readText(filled),
    'ARN of the load balancer ("aws-alb").',
    'a text such as "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/name/id"',
    'none; needed with "aws-alb"',
  ),
  close_sockets_at_exp: flag(
    false,
    'Whether an open WebSocket ends with the assertion it was opened with; some live for minutes only.',
  ),
})

const dev = z.strictObject({
  as: optional(
    readText(filled),
    'Who everybody is, as EMAIL or EMAIL:group,group; only on loopback. `fluxlit dev --as` sets it.',
    'a text such as "ann@example.com:finance,admin"',
    'none; needed with mode "dev"',
  ),
})

/** `[auth]`. */
export const authSchema = z.strictObject({
  modes: noted(
    z.array(z.enum(authModes)).prefault([]),
    'How people and programs show who they are; none = nobody is asked. A request is looked at in the order "jwt", "basic", "proxy", "oidc", "dev".',
    { expects: 'a list of "jwt", "basic", "proxy", "oidc" and "dev"' },
  ),
  default: choice(
    ['authenticated', 'public', 'deny'],
    'authenticated',
    'What holds for a path without a rule.',
  ),
  allowed_origins: list(
    parseOrigin,
    'Further origins (scheme://host[:port]) whose pages may open WebSockets and act for who is signed in.',
    'a list of origins such as ["https://app.example"]',
  ),
  api_require_same_origin_get: flag(
    false,
    'Whether links and pages of other sites may not even read (GET) from FastAPI for whoever is signed in: for APIs that change something when they are read.',
  ),
  prefix: textWith(
    parsePrefix,
    '/oauth2',
    'Below which path signing in and out happens (mode "oidc"): PREFIX/callback, PREFIX/sign_out and the others.',
    'a path such as "/oauth2"',
  ),
  streamlit_native: flag(
    false,
    "Whether Streamlit's own login is used (`st.login`, [auth] of secrets.toml): the gateway then leaves /auth/login, /auth/logout and `st.user` to it.",
  ),
  sign_in_page: flag(
    false,
    'Whether a page with a button comes before the login of the provider (mode "oidc").',
  ),
  headers: noted(headers.prefault({}), 'Names of the headers by which workers learn who asks.', {
    expects: 'a table',
  }),
  jwt: noted(jwt.prefault({}), 'Bearer tokens of programs (mode "jwt").', { expects: 'a table' }),
  basic: noted(basic.prefault({}), 'Names and passwords (mode "basic").', { expects: 'a table' }),
  proxy: noted(proxy.prefault({}), 'A proxy in front that signs people in (mode "proxy").', {
    expects: 'a table',
  }),
  dev: noted(dev.prefault({}), 'Somebody without a provider (mode "dev").', { expects: 'a table' }),
  oidc: noted(oidcSchema.prefault({}), 'Login at an identity provider (mode "oidc").', {
    expects: 'a table',
  }),
  session: noted(sessionSchema.prefault({}), 'Sessions of people who logged in, and their cookies.', {
    expects: 'a table',
  }),
  rules: noted(
    z.array(rule).prefault([]),
    'Who may do what, in tables [[auth.rules]]: the first one whose path and method fit decides.',
    { expects: 'tables [[auth.rules]]' },
  ),
  expect: noted(
    z.array(expectation).prefault([]),
    'Tests of the rules, in tables [[auth.expect]]; `fluxlit check` runs them.',
    { expects: 'tables [[auth.expect]]' },
  ),
})

/** `[auth]` after the schema. */
export type AuthSettings = z.output<typeof authSchema>
