import { loopback } from './address.ts'

/** Environment variables by name; absent ones are undefined. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What a worker's environment is made from. */
export interface EnvironmentInput {
  /** The gateway's own environment. */
  readonly gateway: Environment
  /** What `HOME` is when neither the gateway nor the worker has one; null = nothing. Streamlit ends without. */
  readonly home: string | null
  /** Whether the worker gets it at all; otherwise only what a program needs to run. */
  readonly inherit: boolean
  /** The worker's `env`, `env_file` and `.env`. */
  readonly own: Readonly<Record<string, string>>
  /** Mark by which processes of this gateway are found later. */
  readonly instance: string
  /** `http://127.0.0.1:PORT`: where the worker reaches the other workers. */
  readonly internalApiBase: string
  /** Mount of the API, `/api`. */
  readonly apiPrefix: string
  /** Public keys of the assertion of who asks, as JSON text; null = nobody is asked. */
  readonly assertionJwks: string | null
  /** Public path of the login endpoints, for what pages say when a session has ended; null = there are none. */
  readonly signInPath: string | null
  /**
   * Whether somebody edits the code. Python takes compiled code for current when the source has the same size and the
   * same second of change: of two edits within a second it would run the first.
   */
  readonly isEdited?: boolean
}

// The service manager's descriptors and credentials are the gateway's alone; WEB_CONCURRENCY would make Uvicorn
// a supervisor inside a worker; the UVICORN_* ones contradict where the gateway tells it to listen.
const withheld = [
  /^FLUXLIT_/,
  /^NOTIFY_SOCKET$/,
  /^WATCHDOG_/,
  /^LISTEN_/,
  /^CREDENTIALS_DIRECTORY$/,
  /^(RUNTIME|STATE|CACHE|LOGS|CONFIGURATION)_DIRECTORY$/,
  /^WEB_CONCURRENCY$/,
  /^UVICORN_(HOST|PORT|UDS|FD|WORKERS|RELOAD|RELOAD_.*|ROOT_PATH|FACTORY|APP)$/,
  /^STREAMLIT_(RUN_TARGET|SERVER_(ADDRESS|PORT|BASE_URL_PATH|HEADLESS))$/,
]

/** What is passed on even with `inherit_env = false`: without these few no program finds anything. */
const essential = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'SSL_CERT_FILE']

/** The part of the gateway's environment a worker sees: never a `FLUXLIT_*` variable, for they hold secrets. */
export function inheritedEnvironment(gateway: Environment, inherit: boolean): Record<string, string> {
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(gateway)) {
    if (value === undefined || withheld.some((pattern) => pattern.test(name))) continue
    if (inherit || essential.includes(name)) passed[name] = value
  }
  return passed
}

/** The complete environment of a worker; nothing is added to it when it is spawned. */
export function workerEnvironment(input: EnvironmentInput): Record<string, string> {
  const base = { ...inheritedEnvironment(input.gateway, input.inherit), ...input.own }
  return {
    // Lines reach the log when they are written, and a hang or a crash in C code leaves a traceback.
    PYTHONUNBUFFERED: '1',
    PYTHONFAULTHANDLER: '1',
    ...(input.isEdited === true ? { PYTHONDONTWRITEBYTECODE: '1' } : {}),
    FLUXLIT_INTERNAL_API_BASE: input.internalApiBase,
    FLUXLIT_API_PREFIX: input.apiPrefix,
    ...(input.home === null ? {} : { HOME: input.home }),
    ...base,
    ...withoutProxy(base),
    ...(input.assertionJwks === null ? {} : { FLUXLIT_ASSERTION_JWKS: input.assertionJwks }),
    ...(input.signInPath === null ? {} : { FLUXLIT_SIGN_IN_PATH: input.signInPath }),
    FLUXLIT_INSTANCE: input.instance,
  }
}

// Both spellings, because libraries differ in which one they read; a corporate proxy must not see the calls a
// worker makes to the gateway.
function withoutProxy(env: Environment): Record<string, string> {
  const given = [env['NO_PROXY'], env['no_proxy']].filter((list) => list !== undefined && list !== '')
  const names = given.flatMap((list) => (list ?? '').split(',')).map((name) => name.trim())
  const all = [...new Set([...names, loopback, 'localhost', '::1'])].filter((name) => name !== '').join(',')
  return { NO_PROXY: all, no_proxy: all }
}
