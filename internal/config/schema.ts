/**
 * The one description of the configuration. TypeScript types, defaults, environment names, the JSON Schema,
 * the reference table in docs/configuration.md and fluxlit.example.toml all come from it.
 */

import * as z from 'zod'

import type { LogLevel } from '../log/types.ts'
import { authSchema } from './auth-schema.ts'
import { outboundSchema } from './login-schema.ts'
import { defaultAdminListen, parseOptionalListen } from './admin-listen.ts'
import { headersSchema } from './header-schema.ts'
import { parseMount, parseRootPath } from './mount.ts'
import { parseCidr, parseHostName, parseListenHost, parseLoopback } from './network.ts'
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
  wordsOf,
} from './scalars.ts'
import { parseRate } from './rate.ts'
import { parseRedirectFrom } from './redirect-from.ts'
import { parseTarget } from './target.ts'
import { timeoutsSchema } from './timeout-schema.ts'
import { parsePublicUrl } from './url.ts'
import { parseWorkerName, workerSchema } from './worker-schema.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'warning', 'critical'] as const

/** The predecessor's names are Python's; ours are the logger's. */
function levelOf(name: (typeof levels)[number]): LogLevel {
  if (name === 'warning') return 'warn'
  return name === 'critical' ? 'error' : name
}

function parseName(name: string): Parsed<string> {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) return ok(name)
  return bad('use up to 64 letters, digits, ".", "_" and "-", starting with a letter or digit')
}

const anyText = (value: string): Parsed<string> => (value.includes('\0') ? bad() : ok(value))

const limits = z.strictObject({
  header_bytes: size('64KiB', 1024, 'All request headers together; larger ones get 431.'),
  header_count: integer(100, 1, 10_000, 'Number of request headers; more get 431.'),
  target_bytes: size('8KiB', 256, 'The request target; longer ones get 414.'),
  body: size('200MiB', 1, "A request body; larger ones get 413. Also Streamlit's upload limit."),
  body_min_rate: size(
    '1KiB',
    0,
    'Per second, of a request body or an answer that waits for its client, averaged over no less than timeouts.body_idle; slower connections are ended. "0B" = any rate.',
  ),
  rate: textWith(
    parseRate,
    '',
    'How often one client (or person, see rate_by) may ask; more get 429 with Retry-After. "" = as often as they like.',
    'a number and a time such as "20/s", "600/m" or "5000/h", or ""',
  ),
  rate_burst: integer(
    0,
    0,
    1_000_000,
    'How many of them may come at once; 0 = as many as `rate` allows in its time.',
  ),
  rate_by: choice(
    ['client', 'user'],
    'client',
    'Whose requests are counted together: those of an address, or of whoever is signed in (of the address where nobody is).',
  ),
  connections: integer(0, 0, 1_000_000, 'Client connections at the same time; more get 503. 0 = any number.'),
  websockets: integer(0, 0, 1_000_000, 'Open WebSockets; more get 503. 0 = any number.'),
})

const restart = z.strictObject({
  backoff_min: positiveDuration('500ms', 'First pause before a worker is started again; doubles every time.'),
  backoff_max: positiveDuration('30s', 'Longest pause.'),
  reset_after: positiveDuration('60s', 'Healthy for this long: the pause starts from the minimum again.'),
  crash_count: integer(5, 1, 1000, 'This many deaths within crash_window mean failed.'),
  crash_window: positiveDuration('60s', 'See crash_count.'),
  boot_attempts: integer(
    3,
    1,
    1000,
    'Starts that are tried before a worker that was never ready has failed.',
  ),
})

const drain = z.strictObject({
  delay: duration('0s', 'Pause between "not ready" and closing the listener, for load balancers.'),
  timeout: duration('20s', 'Time that running requests get to finish.'),
})

const audit = z.strictObject({
  file: textWith(
    anyText,
    '',
    'File for one JSON line per action of an operator, and per sign-in and refusal; "-" = standard output, "" = none.',
    'the path of a file, "-" or ""',
  ),
  rotate_size: size(
    '100MiB',
    0,
    'Size at which the file becomes FILE.1 and a new one is begun; "0B" = never.',
  ),
  rotate_keep: integer(10, 1, 1000, 'How many full files are kept: FILE.1 is the newest.'),
})

const log = z.strictObject({
  format: choice(['auto', 'json', 'text'], 'auto', 'auto = text on a terminal, JSON otherwise.'),
  access: flag(true, 'One line per request and per closed WebSocket.'),
  access_except: list(
    parseWorkerName,
    'Workers whose requests get no such line; what fails in the gateway is logged all the same.',
    'a list of workers such as ["assets"]',
  ),
  user: choice(
    ['hash', 'full', 'off'],
    'hash',
    'How who asks is named in those lines: a keyed hash, the subject itself, or not at all.',
  ),
  file: textWith(
    anyText,
    '',
    'File that `serve` logs to instead of standard output, created with mode 0640; `dev` logs to the terminal.',
    'the path of a file, or ""',
  ),
  rotate_size: size(
    '100MiB',
    0,
    'Size at which the log file becomes FILE.1 and a new one is begun; "0B" = never.',
  ),
  rotate_keep: integer(5, 1, 1000, 'How many full log files are kept: FILE.1 is the newest.'),
  recent: integer(
    2000,
    0,
    100_000,
    'How many of the last requests `fluxlit why` knows: as many that failed, that were refused and that were answered. 0 = none.',
  ),
  audit: table(audit.prefault({}), 'Who did what: a stream of its own, apart from the log.'),
})

const tls = z.strictObject({
  cert_file: textWith(
    anyText,
    '',
    'Certificate in PEM form, the one of this server first; a bare name is looked for among systemd credentials first. Read again when it changes.',
    'the path of a file, or ""',
  ),
  key_file: textWith(anyText, '', 'Its private key in PEM form, not encrypted.', 'the path of a file, or ""'),
  min_version: choice(['1.2', '1.3'], '1.2', 'Oldest version of TLS that is spoken.'),
  redirect_from: textWith(
    parseRedirectFrom,
    '',
    'Address of a plain listener that sends browsers to https; `/__fluxlit/*` is answered there too.',
    'host:port such as "0.0.0.0:80", or ""',
  ),
})

const metrics = z.strictObject({
  listen: textWith(
    parseOptionalListen,
    '',
    'Address of a listener for /metrics (and /livez) alone, for everybody who reaches it; they are on the admin listener in any case.',
    'host:port such as "0.0.0.0:9465", or ""',
  ),
})

const admin = z.strictObject({
  listen: textWith(
    parseOptionalListen,
    defaultAdminListen,
    'Address for operators: status page, /status, /metrics, /livez, /readyz; "" = none. When nobody wrote it and it is taken, a socket in the state directory takes its place.',
    'host:port such as "127.0.0.1:9464", or ""',
  ),
  password: optional(
    readText(anyText),
    'What browsers and programs have to send (Basic, any user name); health checks are answered without.',
    'a text',
    'none',
  ),
  password_file: optional(
    readText(anyText),
    'File that holds it instead; a bare name is looked for among systemd credentials first.',
    'the path of a file',
    'none',
  ),
  password_env: optional(
    readText(anyText),
    'Variable that holds it instead; no worker gets it.',
    'the name of a variable',
    'none',
  ),
  allow: list(
    parseCidr,
    'Networks whose peers may ask; empty = all. Health checks are answered in any case.',
    'a list of networks such as ["10.0.0.0/8"]',
  ),
})

function parseLang(text: string): Parsed<string> {
  if (/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(text)) return ok(text)
  return bad('write it as in HTML: "en", "de", "pt-BR"')
}

const pages = z.strictObject({
  dir: textWith(
    anyText,
    '',
    'Directory with pages of your own: `404.html`, `503.html` and so on, `maintenance.html`, `starting.html`, and `error.html` for all others; "" = the built-in ones.',
    'the path of a directory, or ""',
  ),
  lang: textWith(
    parseLang,
    'en',
    'Language your pages are in: `{lang}` in them, and Content-Language.',
    'a language such as "en"',
  ),
})

const internal = z.strictObject({
  listen: textWith(
    parseLoopback,
    '',
    "Loopback address of the listener for the workers' own calls; empty = 127.0.0.1 (::1 on a machine with IPv6 alone), any free port.",
    'a loopback host:port such as "127.0.0.1:9000", or ""',
  ),
})

const state = z.strictObject({
  dir: optional(
    readText(anyText),
    'Directory for what must survive a restart.',
    'the path of a directory',
    '`$STATE_DIRECTORY`, else `fluxlit/NAME` in `$XDG_STATE_HOME` or `~/.local/state`, else memory only',
  ),
})

/** `[workers.NAME]`: keys are names, see {@link parseWorkerName}. */
const workers = noted(
  z.record(readText(parseWorkerName, '^[a-z][a-z0-9]*$'), workerSchema).prefault({}),
  'What is served: one table per worker.',
  { expects: 'one table per worker such as [workers.api]' },
)

function table<S extends z.ZodType>(schema: S, description: string): S {
  return noted(schema, description, { expects: 'a table' })
}

const general = {
  name: optional(
    readText(parseName),
    'Name of this gateway: state directory and cookie names.',
    'a short name',
    'directory name and 6 hexadecimal digits of its path',
  ),
  target: optional(
    readText(parseTarget),
    'FluxLit application object. It makes the workers `api` (its `.api`, under Uvicorn) and `ui` (its pages, under Streamlit); their tables may say anything but what to run.',
    'module:attribute such as "app:app", or ./file.py:attribute',
    'none',
  ),
  sdk: choice(
    ['embedded', 'installed'],
    'embedded',
    'Which Python package `fluxlit` a `target` imports: the one that travels in this program, or the one installed in the environment.',
  ),
  root: optional(
    readText(anyText),
    "Base of relative paths and the workers' working directory.",
    'the path of a directory',
    'directory of the configuration file',
  ),
  include: list(
    anyText,
    'Further files, relative to this one, that hold workers and rules only.',
    'a list of files such as ["workers.toml"]',
  ),
  gateway_host: textWith(
    parseListenHost,
    '127.0.0.1',
    'Address to listen on. Nobody having written it, it is ::1 on a machine with IPv6 alone.',
    'an IP address or a host name',
  ),
  gateway_port: integer(8000, 0, 65_535, 'Port to listen on; 0 = any free port, which is printed.'),
  allowed_hosts: list(
    parseHostName,
    'Host names that are answered, without port; others get 421. Empty = any.',
    'a list of host names such as ["app.example"]',
  ),
  trusted_proxies: list(
    parseCidr,
    'Networks of proxies whose X-Forwarded-* headers count.',
    'a list of networks such as ["10.0.0.0/8"]',
  ),
  api_mount_path: textWith(
    parseMount,
    '/api',
    'Where an API worker is mounted unless it says otherwise.',
    'a path prefix such as "/api"',
  ),
  root_path: textWith(
    parseRootPath,
    '',
    'Public URL prefix in front of everything; an outer proxy may or may not remove it.',
    'a path prefix such as "/tools", or ""',
  ),
  public_base_url: textWith(
    parsePublicUrl,
    '',
    'Address that browsers see, with root_path; empty = taken from the request.',
    'http(s)://host[:port][/path], or ""',
  ),
  docs_redirect: optional(
    z.boolean(),
    "Whether /docs, /redoc and /openapi.json redirect to the API's.",
    'true or false',
    '`true` with `target`, else `false`',
  ),
  log_level: noted(z.enum(levels).prefault('info').transform(levelOf), 'Lowest level that is logged.', {
    expects: wordsOf(levels.slice(0, 5)),
  }),
  title: optional(z.string(), 'Accepted for old files and ignored with a warning.', 'a text', 'none'),
}

/** The whole configuration file. */
export const configSchema = z.strictObject({
  ...general,
  workers,
  timeouts: table(timeoutsSchema.prefault({}), 'How long things may take. Idle times, not totals.'),
  limits: table(limits.prefault({}), 'Sizes and counts above which a request is refused.'),
  restart: table(restart.prefault({}), 'When a worker that died is started again.'),
  drain: table(drain.prefault({}), 'How the gateway stops.'),
  log: table(log.prefault({}), 'What is logged.'),
  tls: table(tls.prefault({}), "TLS on the gateway's own port; without a certificate it speaks plain HTTP."),
  headers: table(
    headersSchema.prefault({}),
    'What browsers are told in the head of every answer. An application that says it itself is believed, but for `set` and `remove`.',
  ),
  auth: table(authSchema.prefault({}), 'Who may do what, and how they show who they are.'),
  outbound: table(
    outboundSchema.prefault({}),
    'How the gateway itself reaches identity providers and Redis; workers are never reached through it.',
  ),
  metrics: table(metrics.prefault({}), 'Metrics for Prometheus, on a listener of their own.'),
  admin: table(
    admin.prefault({}),
    'The listener for operators. On an address that other machines reach a password or `allow` is demanded.',
  ),
  pages: table(pages.prefault({}), 'What people see when something is refused or fails.'),
  internal: table(internal.prefault({}), "The listener for the workers' own calls."),
  state: table(state.prefault({}), 'What survives a restart.'),
})

/** The configuration after the schema: every text parsed, every fixed default filled in. */
export type Settings = z.output<typeof configSchema>
