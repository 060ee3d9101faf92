/** `[admin]` and `[metrics]`: where operators look, and who may. */

import type { AdminConfig, HostPort, MetricsConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import { isLoopback } from './network.ts'
import { resolveSecretKey } from './secret-key.ts'
import type { Path } from './tree.ts'

/** Resolves both tables. Whoever opens the admin listener to others has to say to whom. */
export function resolveAdmin(context: ResolveContext): { admin: AdminConfig; metrics: MetricsConfig } {
  const { admin, metrics } = context.settings
  const password = resolveSecretKey(context, ['admin', 'password'])
  if (admin.listen !== null && !isLoopback(admin.listen.host) && !isGuarded(context))
    context.problems.push({
      code: 'admin_open',
      message: '`admin.listen` can be reached from other machines, and nobody is asked who they are',
      where: context.origin(['admin', 'listen']),
      hint: 'set admin.password_file (or password_env), or admin.allow = ["10.0.0.0/8"], or listen on 127.0.0.1',
    })
  checkAddresses(context)
  return {
    admin: {
      listen: admin.listen,
      where: context.valueOrigin(['admin', 'listen']),
      password,
      allow: admin.allow,
    },
    metrics: { listen: metrics.listen, where: context.valueOrigin(['metrics', 'listen']) },
  }
}

/** A password that cannot be read is a problem of its own. */
function isGuarded({ settings: { admin } }: ResolveContext): boolean {
  const forms = [admin.password, admin.password_file, admin.password_env]
  return admin.allow.length > 0 || forms.some((form) => form !== undefined)
}

/** Two listeners of one process on one address would be told as a port that another program has. */
function checkAddresses(context: ResolveContext): void {
  const { settings, merged } = context
  const gateway: HostPort = { host: settings.gateway_host, port: settings.gateway_port }
  // The default gives way by itself.
  const admin = merged.has(['admin', 'listen']) ? settings.admin.listen : null
  const metrics = settings.metrics.listen
  if (isSame(admin, gateway)) report(context, ['admin', 'listen'], 'the gateway itself')
  if (isSame(metrics, gateway)) report(context, ['metrics', 'listen'], 'the gateway itself')
  else if (isSame(metrics, admin))
    report(context, ['metrics', 'listen'], '`admin.listen`, which answers /metrics too')
}

function report(context: ResolveContext, path: Path, whose: string): void {
  context.problems.push({
    code: 'bad_value',
    message: `\`${path.join('.')}\` has the address of ${whose}`,
    where: context.origin(path),
    hint: 'give it a port of its own',
  })
}

function isSame(one: HostPort | null, other: HostPort | null): boolean {
  if (one === null || other === null || one.port === 0 || one.port !== other.port) return false
  const hosts = [one.host, other.host]
  return one.host === other.host || hosts.includes('0.0.0.0') || hosts.includes('::')
}
