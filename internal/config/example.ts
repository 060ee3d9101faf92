/** fluxlit.example.toml: every key with its default and its purpose, written from the schema. */

import { allKeys, anyElement, headerOf, type Key } from './keys.ts'
import { generalTables, isOfWorkers, ownKeys, tomlOf } from './reference.ts'

/**
 * Values of keys without a fixed default. `given` equals what holds without the key in this file, so it is
 * written as a setting; `shown` would change something, so it is written behind `#`.
 */
type Sample = { readonly kind: 'given' | 'shown'; readonly toml: string }

const samples: Readonly<Record<string, Sample>> = {
  name: shown('"shop"'),
  target: shown('"app:app"'),
  title: shown('"Shop"'),
  docs_redirect: given('false'),
  root: given('"."'),
  'workers.NAME.access': shown(
    '{ groups = ["finance"], roles = ["admin"], emails = ["ann@example.com"], email_domains = ["example.com"] }',
  ),
  'auth.headers.first_party_secret': shown('"..."'),
  'auth.headers.first_party_secret_file': shown('"/run/secrets/first-party"'),
  'auth.headers.first_party_secret_env': shown('"FIRST_PARTY_SECRET"'),
  'auth.jwt.issuer': shown('"https://idp.example.com/realms/main"'),
  'auth.jwt.audience': shown('["my-api"]'),
  'auth.jwt.algorithms': shown('["RS256", "ES256", "EdDSA"]'),
  'auth.jwt.hs256_secret': shown('"..."'),
  'auth.jwt.hs256_secret_file': shown('"/etc/fluxlit/jwt-secret"'),
  'auth.jwt.hs256_secret_env': shown('"JWT_SECRET"'),
  'auth.jwt.issuers.issuer': shown('"https://other.example.com"'),
  'auth.jwt.issuers.audience': shown('["my-api"]'),
  'auth.jwt.issuers.algorithms': shown('["RS256"]'),
  'auth.basic.users.name': shown('"ann"'),
  'auth.basic.users.password_hash': shown('"$scrypt$ln=15,r=8,p=1$..."'),
  'auth.basic.users.email': shown('"ann@example.com"'),
  'auth.proxy.user_header': shown('"X-Forwarded-User"'),
  'auth.proxy.email_header': shown('"X-Forwarded-Email"'),
  'auth.proxy.name_header': shown('"X-Forwarded-Preferred-Username"'),
  'auth.proxy.groups_header': shown('"X-Forwarded-Groups"'),
  'auth.proxy.groups_separator': shown('","'),
  'auth.proxy.assertion_header': shown('""'),
  'auth.proxy.issuer': shown('"https://team.cloudflareaccess.com"'),
  'auth.proxy.audience': shown('["..."]'),
  'auth.proxy.jwks_url': shown('"https://auth.example.com/.well-known/pomerium/jwks.json"'),
  'auth.proxy.signer': shown(
    '"arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/name/id"',
  ),
  'auth.dev.as': shown('"ann@example.com:finance,admin"'),
  'auth.oidc.client_secret': shown('"..."'),
  'auth.oidc.client_secret_file': shown('"/etc/fluxlit/client-secret"'),
  'auth.oidc.client_secret_env': shown('"OIDC_CLIENT_SECRET"'),
  'auth.oidc.client_key': shown('"..."'),
  'auth.oidc.client_key_file': shown('"/etc/fluxlit/client.pem"'),
  'auth.oidc.client_key_env': shown('"OIDC_CLIENT_KEY"'),
  'auth.oidc.client_key_id': shown('"2026-11"'),
  'auth.oidc.client_assertion_alg': shown('"ES256"'),
  'auth.oidc.client_assertion_audience': shown('"issuer"'),
  'auth.oidc.scopes': shown('["openid", "profile", "email", "offline_access"]'),
  'auth.oidc.roles_claim': shown('"roles"'),
  'auth.oidc.trust_unverified_email': shown('false'),
  'auth.session.store': shown('"sqlite"'),
  'auth.session.secrets': shown('"..."'),
  'auth.session.secrets_file': shown('"/etc/fluxlit/session-secrets"'),
  'auth.session.secrets_env': shown('"SESSION_SECRETS"'),
  'auth.session.redis_url': shown('"rediss://:PASSWORD@redis.example.com:6380"'),
  'auth.session.redis_url_file': shown('"/etc/fluxlit/redis-url"'),
  'auth.session.redis_url_env': shown('"REDIS_URL"'),
  'auth.rules.path': shown('"/api/admin/**"'),
  'auth.rules.path_regex': shown('"/api/v[0-9]+/.*"'),
  'auth.rules.methods': shown('["GET", "POST"]'),
  'auth.rules.groups': shown('["finance", "audit"]'),
  'auth.rules.roles': shown('["admin"]'),
  'auth.rules.emails': shown('["ann@example.com"]'),
  'auth.rules.email_domains': shown('["example.com"]'),
  'auth.rules.all_roles': shown('["admin", "auditor"]'),
  'auth.rules.scopes': shown('["reports.read"]'),
  'auth.rules.any_scope': shown('["reports.read", "reports.write"]'),
  'auth.rules.claims': shown('{ department = ["fin"] }'),
  'auth.expect.as': shown(
    '{ via = "session", sub = "ann", email = "ann@example.com", groups = ["finance"], roles = ["admin"], scopes = ["reports.read"], claims = { department = "fin" } }',
  ),
  'auth.expect.path': shown('"/api/admin/users"'),
  'auth.expect.allow': shown('true'),
  'admin.password': shown('"..."'),
  'admin.password_file': shown('"/etc/fluxlit/admin-password"'),
  'admin.password_env': shown('"ADMIN_PASSWORD"'),
  'state.dir': shown('"/var/lib/shop"'),
  'workers.NAME.kind': given('"uvicorn"'),
  'workers.NAME.app': given('"main:app"'),
  'workers.NAME.mount': given('"/api"'),
  'workers.NAME.strip_prefix': given('true'),
  'workers.NAME.max_body': given('"200MiB"'),
  'workers.NAME.python': shown('".venv"'),
  'workers.NAME.cwd': given('"."'),
  'workers.NAME.env_file': shown('"api.env"'),
  'workers.NAME.user': shown('"app"'),
  'workers.NAME.rlimits': shown(
    '{ open_files = 65536, processes = 4096, address_space = "16GiB", file_size = "1GiB", core = "0B", cpu = "8h" }',
  ),
  'workers.NAME.headers': shown(
    `{ hsts = "365d", hsts_include_subdomains = false, hsts_preload = false, content_type_options = true, referrer_policy = "same-origin", frame_options = "", frame_ancestors = ["'self'", "https://portal.example"], set = { Permissions-Policy = "camera=()" }, remove = ["x-powered-by"] }`,
  ),
  'workers.NAME.timeouts': shown(
    '{ connect = "5s", response_headers = "20s", response_idle = "0s", websocket_idle = "0s" }',
  ),
  'workers.NAME.max_memory': shown('"512MiB"'),
  'workers.NAME.transport': given('"unix"'),
  'workers.NAME.ready_path': given('"/"'),
}

const introduction = `# Every key of fluxlit.toml with its default. Copy what you want to change; the two workers are enough to start.
# Lines that begin with "#" and no space are settings without a fixed default, or examples.`

const furtherWorkers = `# A Streamlit script. Every key above but app and factory may be set here too.
[workers.ui]
script = "streamlit_app.py"
mount = "/"
strip_prefix = false
ready_path = "/_stcore/health"

# Any HTTP server: {port} (or {uds}) and {host} are filled in, {root_path} is the public prefix.
#[workers.shop]
#command = ["node", "server.mjs", "{port}"]
#mount = "/shop"

# A server that is run elsewhere: checked and routed to, never started or stopped.
#[workers.legacy]
#url = "http://10.0.0.5:8080"
#mount = "/legacy"

# Files.
#[workers.assets]
#root = "public"
#mount = "/files"

# A process without a mount.
#[workers.queue]
#kind = "process"
#command = ["celery", "-A", "tasks", "worker"]
#required = false`

/** The whole file. */
export function exampleToml(): string {
  const keys = allKeys()
  const general = keys.filter((key) => key.path.length === 1 && key.type !== 'table')
  const worker = keys.filter(
    (key) => isOfWorkers(key) && !['script', 'command', 'url', 'root'].includes(key.path[2] ?? ''),
  )
  const blocks = [
    introduction,
    ...general.map((key) => entry(key)),
    `# ---- Workers: what is served. NAME is lower-case letters and digits.\n\n# A FastAPI (or any ASGI) application.\n[workers.api]`,
    ...worker.map((key) => entry(key)),
    furtherWorkers,
    ...generalTables(keys).map((table) => section(table, keys)),
  ]
  return `${blocks.join('\n\n')}\n`
}

function section(table: Key, keys: readonly Key[]): string {
  const own = ownKeys(table, keys)
  // A table of `auth` inside it says that what it is about is wanted: it is shown, not set.
  const only = table.path.length > 1 && table.path[0] === 'auth'
  const lines = [headerOf(table), ...own.map((key) => entry(key, only))].join('\n').split('\n')
  const shownLines = only ? lines.map((line) => (line.startsWith('#') ? line : `#${line}`)) : lines
  return [...comment(table.description), ...shownLines].join('\n')
}

function entry(key: Key, inside = false): string {
  const name = key.path.at(-1) ?? ''
  const sample = samples[key.path.filter((step) => step !== anyElement).join('.')]
  const toml = sample?.toml ?? tomlOf(key.fallback)
  const derived =
    key.derived === undefined || key.derived === 'none'
      ? []
      : [`Default: ${key.derived.replaceAll('`', '')}.`]
  const purpose = comment([key.description, ...derived].join(' '))
  return [...purpose, `${sample?.kind === 'shown' && !inside ? '#' : ''}${name} = ${toml}`].join('\n')
}

/** Wraps a description to lines of at most 110 characters. */
function comment(text: string): readonly string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > 110) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}

function given(toml: string): Sample {
  return { kind: 'given', toml }
}

function shown(toml: string): Sample {
  return { kind: 'shown', toml }
}
