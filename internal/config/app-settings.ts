/** Variables that belong to a FluxLit application object rather than to the gateway: its workers get them. */

import type { ResolveContext } from './context.ts'
import type { Variable } from './environment.ts'

/** Names without `FLUXLIT_` that the settings of the Python package read. */
export const appSettings: ReadonlySet<string> = new Set([
  'ENABLE_REQUEST_LOGGING',
  'DEBUG',
  'URL_SESSION_QUERY_PARAM',
  'ENABLE_SECURITY_HEADERS',
  'CORS_ALLOW_ORIGINS',
  'CORS_ALLOW_CREDENTIALS',
  'CORS_MIDDLEWARE_KWARGS',
  'STREAMLIT_PAGE_CONFIG',
  'STRICT_PUBLIC_BASE_URL',
  'STRICT_PAGE_SIGNATURES',
  'STRICT_STARTUP',
  'EXPERIMENTAL_YIELD_PAGES',
  'ASYNC_PAGE_DEPENDS',
  'JWT_ISSUER',
  'JWT_AUDIENCE',
  'JWT_HS256_SECRET',
  'JWT_JWKS_URL',
  'JWT_LEEWAY_SECONDS',
  'OIDC_BFF_SECRET',
  'TESTS',
  'FORCE_URL_SESSION_IN_TESTS',
  'DISABLE_URL_SESSION',
  'TEST_PAGE_OVERRIDES',
])

/**
 * What the settings of the application object are read from: its own variables as they were given, and what the
 * gateway decided, under the names of the Python package. `.env` stands below the real environment.
 */
export function appVariables(context: ResolveContext): readonly Variable[] {
  const { settings } = context
  const real = Object.entries(context.env).flatMap(([name, value]): Variable[] =>
    value === undefined ? [] : [{ name, value, origin: `environment ${name}` }],
  )
  const decided = (name: string, value: string | undefined, key: string): readonly Variable[] =>
    value === undefined || value === '' ? [] : [{ name, value, origin: context.valueOrigin([key]) }]
  return [
    ...[...context.dotenv, ...real].filter(isAppSetting),
    ...decided('FLUXLIT_TITLE', settings.title, 'title'),
    ...decided('FLUXLIT_PUBLIC_BASE_URL', settings.public_base_url, 'public_base_url'),
    ...decided('FLUXLIT_ROOT_PATH', settings.root_path, 'root_path'),
    ...decided(
      'FLUXLIT_API_MOUNT_PATH',
      settings.workers['api']?.mount ?? settings.api_mount_path,
      'api_mount_path',
    ),
  ]
}

/** Whether a variable is one that only the application object understands. */
export function isAppSetting({ name }: Pick<Variable, 'name'>): boolean {
  return name.startsWith('FLUXLIT_') && appSettings.has(name.slice('FLUXLIT_'.length))
}
