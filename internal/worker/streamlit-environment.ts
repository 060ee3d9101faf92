import type { StreamlitWorker } from '../config/config.ts'
import type { Environment } from './environment.ts'

/** What the settings of a Streamlit worker depend on. */
export interface StreamlitSettingsInput {
  readonly worker: Pick<StreamlitWorker, 'mount' | 'stripPrefix' | 'maxBodyBytes'>
  /** `Config.rootPath`. */
  readonly rootPath: string
  readonly mode: 'serve' | 'dev'
  readonly cookieSecret: string
  /** Settings in the user's `config.toml` files, see `readStreamlitConfig`. */
  readonly configured: ReadonlyMap<string, string>
  /** `server.trustedUserHeaders` as JSON text; null = nobody is asked who they are. */
  readonly trustedUserHeaders: string | null
  /** The worker's environment so far. */
  readonly env: Environment
}

/**
 * The prefix below which a Streamlit worker serves: its whole public path, because its redirects and cookies carry
 * it, unless the gateway strips it; `''` = at the root.
 */
export function streamlitBasePath(
  worker: Pick<StreamlitWorker, 'mount' | 'stripPrefix'>,
  rootPath: string,
): string {
  if (worker.stripPrefix) return ''
  return rootPath + (worker.mount === '/' ? '' : worker.mount)
}

/**
 * Streamlit's settings as `STREAMLIT_*` variables. Variables rather than flags: a version that does not know one
 * ignores it, while an unknown flag ends the process. What the gateway depends on is always set; the rest only
 * where the user did not.
 */
export function streamlitEnvironment(input: StreamlitSettingsInput): Record<string, string> {
  const settings = forced(input)
  for (const [option, name, value] of defaults(input)) {
    if (input.env[name] === undefined && !(option !== null && input.configured.has(option))) {
      settings[name] = value
    }
  }
  return settings
}

function forced({
  worker,
  rootPath,
  configured,
  trustedUserHeaders,
}: StreamlitSettingsInput): Record<string, string> {
  const base = streamlitBasePath(worker, rootPath)
  // An empty variable counts as none, so a prefix in config.toml is overruled with a slash, which means the same.
  const root: Record<string, string> = configured.has('server.baseUrlPath')
    ? { STREAMLIT_SERVER_BASE_URL_PATH: '/' }
    : {}
  return {
    STREAMLIT_SERVER_HEADLESS: 'true',
    ...(base === '' ? root : { STREAMLIT_SERVER_BASE_URL_PATH: base }),
    // Never a setting of the page: it could name a header that a client may send.
    ...(trustedUserHeaders === null ? {} : { STREAMLIT_SERVER_TRUSTED_USER_HEADERS: trustedUserHeaders }),
  }
}

type Default = readonly [option: string | null, name: string, value: string]

// With an option name, the user's config.toml wins; null = only an environment variable does.
function* defaults({ worker, mode, cookieSecret }: StreamlitSettingsInput): Generator<Default> {
  yield [null, 'STREAMLIT_SERVER_SHOW_EMAIL_PROMPT', 'false']
  yield [null, 'STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE', 'true']
  yield ['browser.gatherUsageStats', 'STREAMLIT_BROWSER_GATHER_USAGE_STATS', 'false']
  // Turns itself on for installations outside site-packages, and then serves no static files.
  yield [null, 'STREAMLIT_GLOBAL_DEVELOPMENT_MODE', 'false']
  if (mode === 'serve') yield [null, 'STREAMLIT_SERVER_FILE_WATCHER_TYPE', 'none']
  const megabytes = Math.ceil(worker.maxBodyBytes / 2 ** 20)
  yield ['server.maxUploadSize', 'STREAMLIT_SERVER_MAX_UPLOAD_SIZE', String(megabytes)]
  yield ['server.cookieSecret', 'STREAMLIT_SERVER_COOKIE_SECRET', cookieSecret]
  // Streamlit forgets a disconnected session after two minutes; a laptop lid is closed for longer.
  yield ['server.disconnectedSessionTTL', 'STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL', '900']
}
