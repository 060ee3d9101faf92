/** Where the gateway's own login is, and what has to stay out of its way. */

import type { RoutedWorker, WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import { parseMount } from './mount.ts'
import { bad, type Parsed } from './parsed.ts'
import { noMount } from './worker-routing.ts'

/** Reads `auth.prefix`: a mount that is not the whole site, and not what somebody else owns. */
export function parsePrefix(text: string): Parsed<string> {
  const mount = parseMount(text)
  if (mount.kind !== 'ok') return mount
  if (mount.value === '/') return bad('write a prefix such as "/oauth2"')
  return isBelow(mount.value, '/_stcore')
    ? bad('/_stcore belongs to Streamlit; choose another prefix')
    : mount
}

/** Addresses of Streamlit's own login, which the gateway answers unless they are left to Streamlit. */
export const streamlitLogin = ['/auth/login', '/auth/logout'] as const

/** Workers of which nothing, or less than they think, would be reachable while login is on. */
export function checkLoginPlace(context: ResolveContext, workers: readonly WorkerConfig[]): void {
  const { prefix, streamlit_native: isNative } = context.settings.auth
  const mounted = workers.filter((worker) => worker.kind !== 'process')
  for (const worker of mounted.filter(({ mount }) => mount !== noMount))
    reportHidden(context, worker, isNative ? [prefix] : [prefix, ...streamlitLogin])
  const swallowed = isNative
    ? [...streamlitLogin, '/oauth2callback'].find((path) => isBelow(path, prefix))
    : undefined
  if (swallowed !== undefined)
    context.problems.push({
      code: 'login_prefix_taken',
      message: `\`auth.prefix\` (${prefix}) takes ${swallowed} away from Streamlit's own login (\`auth.streamlit_native\`)`,
      where: context.origin(['auth', 'prefix']),
      hint: 'choose another prefix, for example "/oauth2"',
    })
}

function reportHidden(
  context: ResolveContext,
  { name, mount }: Pick<RoutedWorker, 'name' | 'mount'>,
  reserved: readonly string[],
): void {
  const path = reserved.find((each) => isBelow(mount, each))
  if (path === undefined) return
  const { prefix } = context.settings.auth
  const place = context.origin(path === prefix ? ['auth', 'prefix'] : ['auth', 'modes'])
  context.problems.push({
    code: 'login_prefix_taken',
    message: `worker \`${name}\` is mounted at ${mount}, and signing in happens at ${path} (${place}): nothing would reach it`,
    where: context.origin(['workers', name, 'mount']),
    hint:
      path === prefix
        ? 'give it another `mount`, or write prefix = "/sign-in" in [auth]'
        : 'give it another `mount`, or write streamlit_native = true in [auth] if Streamlit signs people in itself',
  })
}

function isBelow(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`)
}
