/** What a worker is: its kind, from `kind` or from the one key that says what to run. */

import type { Problem } from '../fault/startup.ts'
import type { workerKinds, WorkerSettings } from './worker-schema.ts'

/** A worker's kind. */
export type Kind = (typeof workerKinds)[number]

/** The key that says what is run or answered. */
export type Program = 'app' | 'script' | 'command' | 'url' | 'root'

/** Kind and program of a worker, or what is contradictory about it. */
export type KindResult =
  | { readonly kind: Kind; readonly program: Program; readonly problems: readonly [] }
  | { readonly kind: null; readonly problems: readonly Problem[] }

/** The worker as it was written: which keys, and where. */
export interface WorkerText {
  readonly name: string
  readonly keys: readonly string[]
  /** Place of one key, or of the table. */
  where(key?: string): string
}

const programs: readonly Program[] = ['app', 'script', 'command', 'url', 'root']
const inferred: Readonly<Record<Program, Kind>> = {
  app: 'uvicorn',
  script: 'streamlit',
  command: 'http',
  url: 'http',
  root: 'static',
}
const programsOf: Readonly<Record<Kind, readonly Program[]>> = {
  uvicorn: ['app', 'url'],
  streamlit: ['script', 'url'],
  http: ['command', 'url'],
  static: ['root'],
  process: ['command'],
}

const routing = ['mount', 'host', 'strip_prefix', 'headers', 'access']
const asking = ['max_body', 'max_in_flight', 'timeouts']
const probing = ['ready_path', 'ready_timeout', 'probe_interval', 'probe_timeout', 'probe_failures']
const spawning = [
  'cwd',
  'env',
  'env_file',
  'inherit_env',
  'args',
  'user',
  'rlimits',
  'before_start',
  'after',
  'replace',
  'max_memory',
  'max_age',
  'stop_grace',
  'on_failure',
]
const python = ['python', 'transport', 'replicas']

/** Keys that mean something for a kind and program, `kind` and `required` and the program itself included. */
export function keysOfKind(kind: Kind, program: Program): ReadonlySet<string> {
  const always = ['kind', 'required', program]
  if (kind === 'process') return new Set([...always, ...spawning])
  if (kind === 'static') return new Set([...always, ...routing])
  const routed = [...always, ...routing, ...asking, ...probing]
  if (program === 'url') return new Set(routed)
  if (kind === 'http') return new Set([...routed, ...spawning, 'transport', 'replicas'])
  return new Set([...routed, ...spawning, ...python, ...(kind === 'uvicorn' ? ['factory'] : [])])
}

/** Decides what a worker is. An explicit `kind` wins over what its keys suggest, but has to fit them. */
export function kindOf(worker: WorkerText, settings: WorkerSettings): KindResult {
  const given = programs.filter((program) => worker.keys.includes(program))
  const [program, second] = given
  if (program === undefined) return failed(nothingToRun(worker, settings.kind))
  if (second !== undefined) return failed(twoPrograms(worker, program, second))
  const kind = settings.kind ?? inferred[program]
  if (!programsOf[kind].includes(program)) return failed(wrongProgram(worker, kind, program))
  const problems = withoutMeaningAs(worker, kind, program)
  return problems.length > 0 ? { kind: null, problems } : { kind, program, problems: [] }
}

/** Keys that mean nothing for what the worker is; those that say what it runs are another mistake. */
export function withoutMeaningAs(worker: WorkerText, kind: Kind, program: Program): readonly Problem[] {
  return worker.keys
    .filter((key) => !keysOfKind(kind, program).has(key) && !programs.some((each) => each === key))
    .map((key) => withoutMeaning(worker, kind, program, key))
}

function failed(problem: Problem): KindResult {
  return { kind: null, problems: [problem] }
}

function nothingToRun(worker: WorkerText, kind: Kind | undefined): Problem {
  const wanted = kind === undefined ? programs : programsOf[kind]
  return {
    code: 'worker_empty',
    message: `worker \`${worker.name}\` does not say what to run`,
    where: worker.where(),
    hint: `set ${wanted.length === 1 ? '' : 'one of '}${wanted.map((key) => `\`${key}\``).join(', ')}`,
  }
}

function twoPrograms(worker: WorkerText, first: Program, second: Program): Problem {
  return {
    code: 'conflicting_keys',
    message: `worker \`${worker.name}\` has both \`${first}\` and \`${second}\` (${worker.where(first)})`,
    where: worker.where(second),
    hint: 'keep one of them, or make two workers',
  }
}

function wrongProgram(worker: WorkerText, kind: Kind, program: Program): Problem {
  const fitting = programsOf[kind].map((key) => `\`${key}\``).join(' or ')
  return {
    code: 'conflicting_keys',
    message: `worker \`${worker.name}\` is of kind "${kind}", which takes ${fitting}, not \`${program}\``,
    where: worker.where(program),
    hint: `correct \`kind\`, or write ${fitting}`,
  }
}

function withoutMeaning(worker: WorkerText, kind: Kind, program: Program, key: string): Problem {
  const reason = program === 'url' ? 'a worker that is run elsewhere' : `kind "${kind}"`
  return {
    code: 'key_without_meaning',
    message: `\`${key}\` of worker \`${worker.name}\` has no meaning for ${reason}`,
    where: worker.where(key),
    hint: `remove \`${key}\``,
  }
}
