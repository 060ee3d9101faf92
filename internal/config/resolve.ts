/** Settings to the {@link Config} that the rooms get: defaults that depend on each other, paths, cross-checks. */

import { resolve } from 'node:path'

import { resolveAdmin } from './admin.ts'
import { resolveAuth } from './auth.ts'
import { kindOfPath } from './files.ts'
import type { Config, Limits, LogConfig, LogFileConfig, RestartPolicy, WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import { resolveHeaders } from './headers.ts'
import { resolveAuthSecrets, resolveOutbound } from './login.ts'
import { defaultName, resolveStateDir } from './identity.ts'
import { allKeys, anyElement } from './keys.ts'
import { resolveTarget } from './target.ts'
import { resolvePages } from './pages.ts'
import { resolveTimeouts } from './timeouts.ts'
import { resolveTls } from './tls.ts'
import { resolveWorkers } from './workers.ts'
import { valueAt } from './tree.ts'

/** Where the configuration was found. */
export interface Found {
  readonly sources: readonly string[]
  /** Absolute directory of the first file, or the working directory. */
  readonly directory: string
  /** Absolute path of the first file, or the working directory. */
  readonly identity: string
  /** Workers that were reported already. */
  readonly broken: ReadonlySet<string>
}

/** Resolves everything; what is wrong is collected in the context, and the result is valid only without problems. */
export function resolveConfig(context: ResolveContext, found: Found): Config {
  const { settings } = context
  reportGeneral(context)
  const name = settings.name ?? defaultName(found.directory)
  if (settings.name === undefined) context.report(['name'], name, 'default')
  context.report(['root'], context.root, context.valueOrigin(['root']))
  checkGeneral(context)
  const operators = resolveAdmin(context)
  // Before the workers: none gets a variable that a secret was read from.
  const secrets = resolveAuthSecrets(context)
  const outbound = resolveOutbound(context)
  const stateDir = resolveStateDir(context, name)
  const target = resolveTarget(context)
  const workers = resolveWorkers(context, found.broken, target)
  checkAccessExcept(context, workers)
  return {
    name,
    sources: found.sources,
    root: context.root,
    instanceKey: found.identity,
    listen: { host: settings.gateway_host, port: settings.gateway_port },
    allowedHosts: settings.allowed_hosts,
    trustedProxies: settings.trusted_proxies,
    rootPath: settings.root_path,
    publicBaseUrl: settings.public_base_url,
    target,
    docsRedirect: docsRedirect(context),
    allowedOrigins: settings.auth.allowed_origins,
    outbound,
    auth: resolveAuth(context, { name, stateDir, workers, outbound, secrets }),
    internalListen: settings.internal.listen,
    workers,
    ...resolveTimeouts(context, workers),
    limits: limitsOf(context),
    restart: restartOf(context),
    drain: { delayMs: settings.drain.delay, timeoutMs: settings.drain.timeout },
    log: logOf(context),
    logUser: settings.log.user,
    stateDir,
    tls: resolveTls(context),
    pages: resolvePages(context),
    ...operators,
    hiddenEnv: [...context.hiddenEnv],
    secretPlaces: context.secretPlaces,
    headers: resolveHeaders(context, workers),
  }
}

/** Records every value outside the workers' tables. */
function reportGeneral(context: ResolveContext): void {
  for (const key of allKeys()) {
    if (key.path[0] === 'workers' || key.type === 'table' || key.path.includes(anyElement)) continue
    const given = valueAt(context.merged.value, key.path)
    // What a table inside another one would say is of interest only where it is wanted.
    if (key.path[0] === 'auth' && key.path.length > 2 && !context.merged.has(key.path.slice(0, -1))) continue
    if (given !== undefined) context.report(key.path, given, context.origin(key.path))
    else if (key.fallback !== undefined) context.report(key.path, key.fallback, 'default')
  }
}

function checkGeneral(context: ResolveContext): void {
  const { settings, problems, warnings } = context
  if (kindOfPath(context.root) !== 'directory') {
    const message = `\`root\` is not an existing directory: ${context.root}`
    problems.push({
      code: 'root_missing',
      message,
      where: context.origin(['root']),
      hint: 'create it, or correct `root`',
    })
  }
  // An application object has a title, and is told.
  if (settings.title !== undefined && settings.target === undefined) {
    const message =
      '`title` has no effect: the title of the page is set in the script, that of the API in FastAPI(title=...)'
    warnings.push({ code: 'legacy_key', message, where: context.origin(['title']), hint: 'remove `title`' })
  }
  checkBaseUrl(context)
  if (settings.restart.backoff_min > settings.restart.backoff_max) {
    const message = '`restart.backoff_min` is longer than `restart.backoff_max`'
    const given = context.merged.has(['restart', 'backoff_min']) ? 'backoff_min' : 'backoff_max'
    problems.push({
      code: 'bad_value',
      message,
      where: context.origin(['restart', given]),
      hint: 'raise backoff_max, or lower backoff_min',
    })
  }
}

function checkBaseUrl(context: ResolveContext): void {
  const { public_base_url: base, root_path: rootPath } = context.settings
  if (base === '') return
  const path = new URL(base).pathname.replace(/\/$/, '')
  if (path === rootPath) return
  context.warnings.push({
    code: 'base_url_path',
    message: `the path of \`public_base_url\` (${path === '' ? 'none' : path}) is not \`root_path\` (${rootPath === '' ? 'none' : rootPath})`,
    where: context.origin(['public_base_url']),
    hint: 'make them equal: public_base_url is the address that browsers see, root_path its path',
  })
}

/** An application object has its documentation where the predecessor had it. */
function docsRedirect(context: ResolveContext): boolean {
  const { docs_redirect: given, target } = context.settings
  const redirect = given ?? target !== undefined
  if (given === undefined) context.report(['docs_redirect'], redirect, 'default')
  return redirect
}

function limitsOf({ settings: { limits } }: ResolveContext): Limits {
  return {
    headerBytes: limits.header_bytes,
    headerCount: limits.header_count,
    targetBytes: limits.target_bytes,
    bodyBytes: limits.body,
    bodyMinRate: limits.body_min_rate,
    rate:
      limits.rate === null
        ? null
        : { ...limits.rate, burst: limits.rate_burst || limits.rate.requests, by: limits.rate_by },
    connections: limits.connections,
    websockets: limits.websockets,
  }
}

/** Somebody who misspells a worker would be surprised by its lines later. */
function checkAccessExcept(context: ResolveContext, workers: readonly WorkerConfig[]): void {
  const known = workers.map(({ name }) => name)
  for (const name of context.settings.log.access_except) {
    if (known.length === 0 || known.includes(name)) continue
    context.problems.push({
      code: 'bad_value',
      message: `\`log.access_except\` names a worker that does not exist: ${name}`,
      where: context.origin(['log', 'access_except']),
      hint: `workers: ${known.join(', ')}`,
    })
  }
}

function logOf(context: ResolveContext): LogConfig {
  const { log_level: level, log } = context.settings
  const { audit } = log
  return {
    level,
    format: log.format,
    access: log.access,
    accessExcept: log.access_except,
    recent: log.recent,
    file: logFileOf(context, ['log', 'file'], log),
    audit: audit.file === '-' ? 'stdout' : logFileOf(context, ['log', 'audit', 'file'], audit),
  }
}

function logFileOf(
  context: ResolveContext,
  path: readonly ['log', 'file'] | readonly ['log', 'audit', 'file'],
  given: { readonly file: string; readonly rotate_size: number; readonly rotate_keep: number },
): LogFileConfig | null {
  if (given.file === '') return null
  return {
    path: resolve(context.root, given.file),
    key: path.length === 2 ? 'log.file' : 'log.audit.file',
    where: context.origin(path),
    rotateBytes: given.rotate_size,
    rotateKeep: given.rotate_keep,
  }
}

function restartOf({ settings: { restart } }: ResolveContext): RestartPolicy {
  return {
    backoffMinMs: restart.backoff_min,
    backoffMaxMs: restart.backoff_max,
    resetAfterMs: restart.reset_after,
    crashCount: restart.crash_count,
    crashWindowMs: restart.crash_window,
    bootAttempts: restart.boot_attempts,
  }
}
