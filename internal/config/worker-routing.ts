/** Mount, prefix, body limit and probes of a worker: the keys whose defaults depend on its kind. */

import type { Mounted, Readiness } from './config.ts'
import type { ResolveContext } from './context.ts'
import type { Kind } from './kind.ts'
import { streamlitConfig, streamlitUploadMiB } from './upload-limit.ts'
import type { WorkerSettings } from './worker-schema.ts'

/** Stands for a mount that was not given; the configuration is not used then, only checked to its end. */
export const noMount = ''

/** Resolves which requests reach a worker; reports a missing mount. */
export function resolveMounted(
  context: ResolveContext,
  name: string,
  kind: Kind,
  worker: WorkerSettings,
  cwd: string | null,
): Mounted {
  const mount = mountOf(context, name, kind, worker)
  const stripPrefix = worker.strip_prefix ?? kind !== 'streamlit'
  context.report(['workers', name, 'mount'], mount, mountOrigin(context, name, kind, worker))
  reportDefault(context, name, 'strip_prefix', stripPrefix)
  return {
    mount,
    hosts: worker.host,
    stripPrefix,
    maxBodyBytes: kind === 'static' ? 0 : bodyLimit(context, name, kind, worker, cwd),
    maxInFlight: worker.max_in_flight,
  }
}

function mountOf(context: ResolveContext, name: string, kind: Kind, worker: WorkerSettings): string {
  if (worker.mount !== undefined) return worker.mount
  if (kind === 'uvicorn') return context.settings.api_mount_path
  if (kind === 'streamlit') return '/'
  context.problems.push({
    code: 'mount_missing',
    message: `worker \`${name}\` of kind "${kind}" needs a \`mount\``,
    where: context.origin(['workers', name]),
    hint: `write mount = "/${name}", or mount = "/" if everything else belongs to it`,
  })
  return noMount
}

function mountOrigin(context: ResolveContext, name: string, kind: Kind, worker: WorkerSettings): string {
  if (worker.mount !== undefined) return context.origin(['workers', name, 'mount'])
  return kind === 'uvicorn' ? context.valueOrigin(['api_mount_path']) : 'default'
}

/** The worker's own limit, else Streamlit's, else the general one. */
function bodyLimit(
  context: ResolveContext,
  name: string,
  kind: Kind,
  worker: WorkerSettings,
  cwd: string | null,
): number {
  const path = ['workers', name, 'max_body']
  if (worker.max_body !== undefined) return worker.max_body
  const uploadMiB = kind === 'streamlit' && cwd !== null ? streamlitUploadMiB(cwd) : null
  if (uploadMiB !== null) {
    context.report(path, `${uploadMiB}MiB`, streamlitConfig)
    return uploadMiB * 1024 * 1024
  }
  const general = ['limits', 'body']
  context.report(path, context.values.get('limits.body')?.value, context.valueOrigin(general))
  return context.settings.limits.body
}

/** Resolves how a worker is probed. */
export function resolveReadiness(
  context: ResolveContext,
  name: string,
  kind: Kind,
  worker: WorkerSettings,
): Readiness {
  const path = worker.ready_path ?? (kind === 'streamlit' ? '/_stcore/health' : '/')
  reportDefault(context, name, 'ready_path', path)
  return {
    path,
    timeoutMs: worker.ready_timeout,
    probeIntervalMs: worker.probe_interval,
    probeTimeoutMs: worker.probe_timeout,
    probeFailures: worker.probe_failures,
  }
}

/** Records a value that nobody gave; a given one is recorded as it was written. */
export function reportDefault(
  context: ResolveContext,
  name: string,
  key: string,
  value: unknown,
  origin = 'default',
): void {
  const path = ['workers', name, key]
  if (!context.merged.has(path)) context.report(path, value, origin)
}
