/** `[workers.NAME]` tables to workers. */

import { resolve } from 'node:path'

import type {
  Address,
  AppTarget,
  Elsewhere,
  HttpWorker,
  RoutedWorker,
  StaticWorker,
  WorkerBase,
  WorkerConfig,
} from './config.ts'
import type { ResolveContext } from './context.ts'
import { allKeys, anyName } from './keys.ts'
import { keysOfKind, kindOf, withoutMeaningAs, type Kind, type Program, type WorkerText } from './kind.ts'
import { reportTargetConflicts, targetWorkers } from './target.ts'
import { reportOrder } from './worker-order.ts'
import {
  expectDirectory,
  resolveCwd,
  resolvePython,
  resolveScript,
  resolveSpawned,
} from './worker-process.ts'
import { noMount, reportDefault, resolveMounted, resolveReadiness } from './worker-routing.ts'
import { shownArguments, shownText } from './secret.ts'
import { workerSchema, type WorkerSettings } from './worker-schema.ts'
import { isTree, valueAt } from './tree.ts'

/** Resolves every worker but the broken ones, which have been reported already; first those of the target. */
export function resolveWorkers(
  context: ResolveContext,
  broken: ReadonlySet<string>,
  target: AppTarget | null,
): readonly WorkerConfig[] {
  const tables = Object.entries(context.settings.workers)
  const made = target === null ? [] : targetWorkers.filter((name) => !broken.has(name))
  const others = tables.filter(([name]) => !broken.has(name) && !made.some((each) => each === name))
  const workers = [
    ...(target === null ? [] : made.map((name) => targetWorker(context, name, target))),
    ...others.map(([name, settings]) => resolveWorker(context, name, settings)),
  ].filter((worker) => worker !== null)
  reportTakenMounts(context, workers)
  reportOrder(context, workers, [...made, ...tables.map(([name]) => name)])
  return workers
}

/** A worker that the target defines: its table, if there is one, may say everything else. */
function targetWorker(
  context: ResolveContext,
  name: (typeof targetWorkers)[number],
  target: AppTarget,
): WorkerConfig | null {
  const text = textOf(context, name)
  reportTargetConflicts(context, name, text.keys)
  const { kind, program } = targetKinds[name]
  context.problems.push(...withoutMeaningAs(text, kind, program))
  reportGiven(context, name, kind, program)
  reportDefault(context, name, 'kind', kind, `from target`)
  const settings = context.settings.workers[name] ?? workerSchema.parse({})
  const where = text.keys.length > 0 ? text.where() : target.where
  const base: WorkerBase = { name, where, required: settings.required }
  return routedWorker(context, base, kind, settings, target)
}

function textOf(context: ResolveContext, name: string): WorkerText {
  const table = valueAt(context.merged.value, ['workers', name])
  return {
    name,
    keys: isTree(table) ? Object.keys(table) : [],
    where: (key) => context.origin(['workers', name, ...(key === undefined ? [] : [key])]),
  }
}

const targetKinds = {
  api: { kind: 'uvicorn', program: 'app' },
  ui: { kind: 'streamlit', program: 'script' },
} as const

function resolveWorker(context: ResolveContext, name: string, settings: WorkerSettings): WorkerConfig | null {
  const text = textOf(context, name)
  const decided = kindOf(text, settings)
  context.problems.push(...decided.problems)
  if (decided.kind === null) return null
  reportGiven(context, name, decided.kind, decided.program)
  reportDefault(context, name, 'kind', decided.kind, `inferred from ${decided.program}`)
  const base: WorkerBase = { name, where: text.where(), required: settings.required }
  if (decided.kind === 'process') return processWorker(context, base, settings)
  return routedWorker(context, base, decided.kind, settings, null)
}

/** Records what was written, and the fixed defaults of what was not. */
function reportGiven(context: ResolveContext, name: string, kind: Kind, program: Program): void {
  const meaningful = keysOfKind(kind, program)
  for (const key of allKeys()) {
    const [, placeholder, last, ...deeper] = key.path
    // What stands in a table is reported key by key.
    if (placeholder !== anyName || last === undefined || key.type === 'table' || !meaningful.has(last))
      continue
    const path = ['workers', name, last, ...deeper]
    const given = valueAt(context.merged.value, path)
    if (given !== undefined)
      context.report(path, Array.isArray(given) ? shownList(last, given) : given, context.origin(path))
    else if (key.fallback !== undefined) context.report(path, key.fallback, 'default')
  }
}

// The commands of `before_start` are command lines of their own; every other list is one.
function shownList(key: string, given: readonly unknown[]): readonly unknown[] {
  if (key !== 'before_start') return shownArguments(given.map(String))
  return given.map((command) =>
    Array.isArray(command) ? shownArguments(command.map(String)) : shownText(String(command)),
  )
}

function processWorker(context: ResolveContext, base: WorkerBase, settings: WorkerSettings): WorkerConfig {
  const cwd = resolveCwd(context, base.name, settings)
  const command = commandOf(settings)
  return {
    ...base,
    kind: 'process',
    run: { kind: 'command', ...resolveSpawned(context, base.name, settings, cwd), command },
  }
}

function routedWorker(
  context: ResolveContext,
  base: WorkerBase,
  kind: Exclude<Kind, 'process'>,
  settings: WorkerSettings,
  target: AppTarget | null,
): RoutedWorker {
  // What a target defines is always started here; anything else in its table has been reported.
  const elsewhere = target === null ? elsewhereOf(context, settings) : null
  const cwd = kind === 'static' || elsewhere !== null ? null : resolveCwd(context, base.name, settings)
  const mounted = resolveMounted(context, base.name, kind, settings, cwd)
  if (kind === 'static')
    return { ...base, ...mounted, kind, directory: staticDirectory(context, base.name, settings) }
  const common = { ...base, ...mounted, ready: resolveReadiness(context, base.name, kind, settings) }
  if (kind === 'http')
    return {
      ...common,
      kind,
      run: elsewhere ?? commandRun(context, base.name, settings, cwd ?? context.root),
    }
  const python =
    elsewhere === null ? resolvePython(context, base.name, settings, cwd ?? context.root, target) : null
  if (kind === 'uvicorn') {
    const app = target === null ? (settings.app ?? '') : `${target.module}:${target.attribute}.api`
    const run = elsewhere ?? { ...must(python), app, factory: target === null && settings.factory }
    return { ...common, kind, run }
  }
  if (settings.replicas > 1) reportReplicas(context, base.name)
  const script = target === null ? settings.script : null
  return {
    ...common,
    kind,
    run: elsewhere ?? {
      ...must(python),
      script: script === null ? null : resolveScript(context, base.name, script ?? ''),
    },
  }
}

function reportReplicas(context: ResolveContext, name: string): void {
  context.problems.push({
    code: 'replicas_without_affinity',
    message: `worker \`${name}\` cannot have several replicas: a Streamlit session lives in one process`,
    where: context.origin(['workers', name, 'replicas']),
    hint: 'remove `replicas`',
  })
}

function must<T>(value: T | null): T {
  if (value === null) throw new TypeError('a worker is either spawned or run elsewhere')
  return value
}

function commandRun(
  context: ResolveContext,
  name: string,
  settings: WorkerSettings,
  cwd: string,
): HttpWorker['run'] {
  const command = commandOf(settings)
  const takesSocket = [...command, ...settings.args].some((word) => word.includes('{uds}'))
  const transport = settings.transport ?? (takesSocket ? 'unix' : 'tcp')
  reportDefault(context, name, 'transport', transport)
  if (transport === 'unix' && !takesSocket) {
    const message = `worker \`${name}\` has transport "unix", but nothing in \`command\` says {uds}`
    const where = context.origin(['workers', name, 'transport'])
    context.problems.push({
      code: 'bad_transport',
      message,
      where,
      hint: 'put {uds} where the command takes the socket path, or write transport = "tcp"',
    })
  }
  return { kind: 'command', ...resolveSpawned(context, name, settings, cwd), command, transport }
}

function commandOf(settings: WorkerSettings): readonly [string, ...string[]] {
  const [program = '', ...rest] = settings.command ?? []
  return [program, ...rest]
}

function staticDirectory(
  context: ResolveContext,
  name: string,
  settings: WorkerSettings,
): StaticWorker['directory'] {
  const directory = resolve(context.root, settings.root ?? '')
  expectDirectory(context, directory, 'root', ['workers', name, 'root'], name)
  return directory
}

function elsewhereOf(context: ResolveContext, settings: WorkerSettings): Elsewhere | null {
  if (settings.url === undefined) return null
  const { address, basePath } = settings.url
  const absolute: Address =
    address.kind === 'unix' ? { kind: 'unix', path: resolve(context.root, address.path) } : address
  return { kind: 'url', address: absolute, basePath }
}

/** The same mount twice is allowed only for different hosts; one without hosts is the fallback of one with. */
function reportTakenMounts(context: ResolveContext, workers: readonly WorkerConfig[]): void {
  const seen: RoutedWorker[] = []
  for (const worker of workers) {
    if (worker.kind === 'process' || worker.mount === noMount) continue
    const first = seen.find((other) => other.mount === worker.mount && overlap(other.hosts, worker.hosts))
    if (first !== undefined) context.problems.push(takenMount(context, first, worker))
    seen.push(worker)
  }
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return a.length === b.length
  return a.some((host) => b.includes(host))
}

function takenMount(
  context: ResolveContext,
  first: RoutedWorker,
  second: RoutedWorker,
): { code: string; message: string; where: string; hint: string } {
  const place = (worker: RoutedWorker): string => context.origin(['workers', worker.name, 'mount'])
  const message = `workers \`${first.name}\` (${place(first)}) and \`${second.name}\` are both mounted at ${second.mount}`
  return {
    code: 'mount_taken',
    message,
    where: place(second),
    hint: `give one of them another \`mount\`, for example mount = "/${second.name}", or a \`host\` of its own`,
  }
}
