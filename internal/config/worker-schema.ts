/** The schema of one `[workers.NAME]` table. */

import * as z from 'zod'

import { requirementKeys } from './auth-schema.ts'
import { durationPattern, parseDuration } from './duration.ts'
import { workerHeadersSchema } from './header-schema.ts'
import { parseHostName } from './network.ts'
import { parseMount, parseProbePath } from './mount.ts'
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
  sizeExpectation,
} from './scalars.ts'
import { parseSize, sizePattern } from './size.ts'
import { workerTimeoutsSchema } from './timeout-schema.ts'
import { parseWorkerUrl } from './url.ts'

/** Protocols a worker may speak; the first key that is set decides when `kind` is not. */
export const workerKinds = ['uvicorn', 'streamlit', 'http', 'static', 'process'] as const

const reservedNames = new Set(['internal', 'auth', 'none'])

/** Reads a worker's name. It is a label in logs and part of environment names, hence no `_` and no capitals. */
export function parseWorkerName(name: string): Parsed<string> {
  if (reservedNames.has(name))
    return bad(`"${name}" means something else in logs and metrics; choose another name`)
  if (/^[a-z][a-z0-9]*$/.test(name)) return ok(name)
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/^[0-9]+/, '')
  return bad(plain === '' ? '' : `write [workers.${plain}]`)
}

/** Reads `module:attr`. */
export function parseApp(text: string): Parsed<string> {
  const dotted = '[\\p{L}_][\\p{L}\\p{N}_]*(?:\\.[\\p{L}_][\\p{L}\\p{N}_]*)*'
  if (new RegExp(`^${dotted}:${dotted}$`, 'u').test(text)) return ok(text)
  const [file = '', attribute = 'app'] = text.split(':')
  const module = file.replace(/^\.\//, '').replace(/\.py$/, '').replaceAll('/', '.')
  return bad(new RegExp(`^${dotted}$`, 'u').test(module) ? `write "${module}:${attribute || 'app'}"` : '')
}

function parseFilled(text: string): Parsed<string> {
  return text === '' || text.includes('\0') ? bad('write a value or leave the key out') : ok(text)
}

const command = z
  .array(z.string())
  .refine((words) => (words[0] ?? '') !== '', { error: 'name the program first' })

const beforeStart = z.array(z.union([z.string().refine((text) => text.trim() !== ''), command]))

const integerFrom = (least: number) =>
  z
    .int()
    .min(least)
    .max(2 ** 31 - 1)

/** Soft and hard limits of every process of a worker (setrlimit(2)). */
const rlimits = z.strictObject({
  open_files: optional(
    integerFrom(16),
    'Files and sockets that one process may have open.',
    'a whole number from 16',
    'inherited',
  ),
  processes: optional(
    integerFrom(1),
    'Processes and threads that the account may have, those of its other programs included. Root is not held to it.',
    'a whole number from 1',
    'inherited',
  ),
  address_space: optional(
    readText((text) => parseSize(text, 1), sizePattern),
    'Address space of one process: what it reserved, which is far more than the memory it uses; see docs/operations.md.',
    sizeExpectation,
    'inherited',
  ),
  file_size: optional(
    readText(parseSize, sizePattern),
    'Largest file that may be written.',
    sizeExpectation,
    'inherited',
  ),
  core: optional(
    readText(parseSize, sizePattern),
    'Largest core dump; "0B" = none.',
    sizeExpectation,
    'inherited',
  ),
  cpu: optional(
    readText((text) => parseDuration(text, 1), durationPattern),
    'CPU time of one process (in whole seconds, rounded up), after which it is ended by SIGXCPU and started again.',
    'a duration above zero such as "30s" or "500ms"',
    'inherited',
  ),
})

const environment = z.record(
  z.string().regex(/^[^=\0]+$/),
  z.string().refine((value) => !value.includes('\0'), { error: 'remove the NUL character' }),
)

/** What the worker is: exactly one of `app`, `script`, `command`, `url` and `root`. */
const program = {
  kind: optional(
    z.enum(workerKinds),
    'Protocol of the worker. "process" has no mount: a queue consumer, a scheduler.',
    '"uvicorn", "streamlit", "http", "static" or "process"',
    'inferred: `app` uvicorn, `script` streamlit, `command` or `url` http, `root` static',
  ),
  app: optional(
    readText(parseApp),
    'ASGI application that Uvicorn runs, as module:attribute, importable from `cwd`.',
    'module:attribute such as "main:app"',
    'none',
  ),
  script: optional(readText(parseFilled), 'Streamlit script.', 'the path of a Python file', 'none'),
  command: optional(
    command,
    'Program and arguments of any HTTP server (or, with kind = "process", of anything). {host}, {port}, {uds} and {root_path} are filled in.',
    'a list of texts such as ["node", "server.mjs", "{port}"]',
    'none',
  ),
  url: optional(
    readText(parseWorkerUrl),
    'Address of a worker that is run elsewhere and never started here: http://host:port[/base] or unix:/path. Any kind that speaks HTTP.',
    '"http://host:port" or "unix:/path"',
    'none',
  ),
  root: optional(
    readText(parseFilled),
    'Directory of files that the gateway answers itself.',
    'the path of a directory',
    'none',
  ),
}

const routing = {
  mount: optional(
    readText(parseMount),
    'Path prefix whose requests go to this worker.',
    'a path prefix such as "/api"',
    'uvicorn: `api_mount_path`, streamlit: `/`, http and static: must be given',
  ),
  host: list(
    parseHostName,
    'Host names the mount is restricted to; empty means any.',
    'a list of host names such as ["app.example"]',
  ),
  strip_prefix: optional(
    z.boolean(),
    'Whether the worker sees paths without the mount. Uvicorn and Streamlit are told the prefix either way.',
    'true or false',
    'streamlit: false, others: true',
  ),
  max_body: optional(
    readText((text) => parseSize(text, 1), sizePattern),
    'Largest request body; larger ones get 413.',
    sizeExpectation,
    '`limits.body`; streamlit: `server.maxUploadSize` of `.streamlit/config.toml` if set there',
  ),
  max_in_flight: integer(
    1024,
    0,
    1_000_000,
    'Requests that one process answers at the same time; more get 503. WebSockets do not count. 0 = any number.',
  ),
  timeouts: noted(
    workerTimeoutsSchema.prefault({}),
    'What of `[timeouts]` is different for this worker, key by key.',
    { expects: 'a table such as { response_headers = "20s" }' },
  ),
  access: noted(
    z.strictObject(requirementKeys).prefault({}),
    'Who may use the worker: its pages, sockets, media and uploads alike. It holds besides `[[auth.rules]]`.',
    { expects: 'a table such as { groups = ["finance"] }' },
  ),
  required: flag(true, 'Whether the gateway is ready only while this worker is.'),
  headers: noted(
    workerHeadersSchema.prefault({}),
    'What of `[headers]` is different for this worker, key by key.',
    { expects: 'a table such as { frame_options = "sameorigin" }' },
  ),
}

const process = {
  python: optional(
    readText(parseFilled),
    'Interpreter: a path, a command on PATH, or the directory of a virtual environment. Looked up anew at every start.',
    'the path of an interpreter or of a virtual environment',
    '`VIRTUAL_ENV`, `.venv`, where `pip` put FluxLit, `python3`, `python`',
  ),
  cwd: optional(readText(parseFilled), 'Working directory.', 'the path of a directory', 'top-level `root`'),
  env: noted(environment.prefault({}), 'Environment variables of the worker; above env_file and .env.', {
    expects: 'a table of texts such as { NAME = "value" }',
  }),
  env_file: optional(
    readText(parseFilled),
    'File with NAME=value lines for the worker; a bare name is looked for among systemd credentials first.',
    'the path of a file',
    'none',
  ),
  inherit_env: flag(true, "Whether the gateway's own environment is passed on (never FLUXLIT_*)."),
  args: noted(z.array(z.string()).prefault([]), 'Further arguments for Uvicorn, Streamlit or the command.', {
    expects: 'a list of texts such as ["--log-config", "log.json"]',
  }),
  factory: flag(false, 'Whether `app` names a function that returns the application.'),
  transport: optional(
    z.enum(['unix', 'tcp']),
    'How the gateway reaches the worker: a private Unix socket or a loopback port.',
    '"unix" or "tcp"',
    'unix; http: unix if the command contains {uds}, else tcp',
  ),
  user: optional(
    readText(parseFilled),
    'Account the worker runs under, when the gateway runs as root.',
    'the name of an account, or its numbers such as "1000:1000"',
    "the gateway's own",
  ),
  rlimits: noted(
    rlimits.prefault({}),
    'Limits of the operating system on every process of the worker, soft and hard alike.',
    { expects: 'a table such as { open_files = 65536 }' },
  ),
  before_start: noted(
    beforeStart.prefault([]),
    "Commands run one after the other before every start, in the worker's directory and environment (with the interpreter's directory first on PATH): migrations. A text is run by the shell. When one fails or takes longer than ready_timeout, the start has failed.",
    { expects: 'a list of commands such as ["alembic upgrade head", ["python", "seed.py"]]' },
  ),
  after: list(
    parseWorkerName,
    'Workers that have to be ready (or failed) before this one is started for the first time.',
    'a list of worker names such as ["api"]',
  ),
  replicas: integer(
    1,
    1,
    64,
    'Processes that share the requests of this worker. Not for Streamlit, whose sessions live in one process.',
  ),
  replace: choice(
    ['overlap', 'stop-first'],
    'overlap',
    'How a restart goes: the new process beside the old one, which stays when the new one fails; or, for what cannot run twice, after it.',
  ),
  max_memory: optional(
    readText((text) => parseSize(text, 1), sizePattern),
    'Resident memory of the process and its children above which it is replaced by a new one.',
    sizeExpectation,
    'off',
  ),
  max_age: duration('0s', 'Age (give or take a tenth) at which a process is replaced by a new one.'),
  stop_grace: duration('10s', 'Time between SIGTERM and SIGKILL.'),
  on_failure: choice(
    ['keep', 'exit'],
    'keep',
    'What happens when it crashed too often: keep trying, or exit with status 4.',
  ),
}

const probes = {
  ready_path: optional(
    readText(parseProbePath),
    'Path that is asked to learn whether the worker can answer, as the worker sees it.',
    'a path such as "/healthz"',
    'streamlit: `/_stcore/health`, others: `/`',
  ),
  ready_timeout: positiveDuration('60s', 'Time from start to the first good probe.'),
  probe_interval: positiveDuration('5s', 'Time between two probes of a ready worker.'),
  probe_timeout: positiveDuration('2s', 'Time one probe may take.'),
  probe_failures: integer(3, 1, 1000, 'Failed probes in a row that make a worker unhealthy.'),
}

/** One worker as written; paths and rules between keys are checked in workers.ts. */
export const workerSchema = z.strictObject({ ...program, ...routing, ...process, ...probes })

/** One worker after the schema: texts parsed, fixed defaults filled in. */
export type WorkerSettings = z.output<typeof workerSchema>
