/** The door of the room: command line, environment and files in, a complete configuration or every problem out. */

import { resolve } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import { checkLayer } from './check.ts'
import type { Config } from './config.ts'
import { ResolveContext } from './context.ts'
import { detect, detectedToml, wordsOf, type Found } from './detect.ts'
import { fromText, readEnvironment, startLayer, type Variable } from './environment.ts'
import { keyAt } from './keys.ts'
import { mergeLayers, type Layer, type Merged } from './layer.ts'
import { makeReport, type ConfigReport } from './report.ts'
import { resolveConfig } from './resolve.ts'
import { configSchema } from './schema.ts'
import { readSources, type Sources } from './sources.ts'
import { isTree, valueAt } from './tree.ts'

/** A value given on the command line, and the flag that gave it (`--port`). */
export interface FlagValue {
  readonly value: unknown
  readonly flag: string
}

/** Everything a configuration can come from. */
export interface LoadInput {
  /** Absolute working directory. */
  readonly cwd: string
  /** Files of `-c`, as written, in order; empty = look for the standard ones. */
  readonly files: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** By dotted path: `gateway_port`. Texts are read like variables. */
  readonly flags: Readonly<Record<string, FlagValue>>
  /** Codes of problems of this machine that do not matter, because the configuration is for another one. */
  readonly tolerated?: ReadonlySet<string>
}

/** A configuration, or every problem that keeps it from being one. */
export type LoadResult =
  | {
      readonly kind: 'ok'
      readonly config: Config
      readonly report: ConfigReport
      readonly warnings: readonly Problem[]
    }
  | {
      readonly kind: 'problems'
      readonly problems: readonly Problem[]
      readonly warnings: readonly Problem[]
    }

/**
 * Loads the configuration. Reads files and nothing else: no process is started, no directory made, no global read.
 *
 * @returns never throws for anything a user wrote; a thrown error is a bug
 */
export function loadConfig(input: LoadInput): LoadResult {
  const sources = readSources(input.cwd, input.files)
  const environment = gatherEnvironment(input, sources)
  const given = [...environment.below, ...sources.layers, ...environment.above, flagLayer(input)]
  const detection =
    sources.names.length === 0 && sources.problems.length === 0 && !given.some(namesProgram)
      ? detect(input.cwd)
      : null
  const detected = detection?.kind === 'problem' ? null : detection
  const layers = detected === null ? given : [detectedLayer(detected, input.cwd), ...given]
  const checks = layers.map(checkLayer)
  const merged = mergeLayers(layers)
  const context = contextOf(input, sources, merged)
  const broken = new Set(checks.flatMap((check) => [...check.broken]))
  const names = detected === null ? sources.names : ['detected']
  const config = resolveConfig(context, {
    sources: names,
    directory: sources.directory,
    identity: sources.identity,
    broken,
  })
  const found = [...sources.problems, ...checks.flatMap((check) => check.problems), ...context.problems]
  const problems = found.filter(({ code }) => input.tolerated?.has(code) !== true)
  if (detection?.kind === 'problem') problems.push(detection.problem)
  else if (problems.length === 0 && config.workers.length === 0) problems.push(noWorkers(names, input.cwd))
  const appWarnings = config.target === null ? environment.appWarnings : []
  const warnings = [...environment.warnings, ...appWarnings, ...context.warnings]
  if (problems.length > 0) return { kind: 'problems', problems: inOrder(problems, sources.names), warnings }
  const notes = detected === null ? [] : wordsOf(detected)
  return { kind: 'ok', config, report: makeReport(config, context.values, notes, warnings), warnings }
}

/** Layers of `.env` and of the environment, around the files. */
function gatherEnvironment(
  input: LoadInput,
  sources: Sources,
): { below: Layer[]; above: Layer[]; warnings: Problem[]; appWarnings: Problem[] } {
  const real = Object.entries(input.env).flatMap(([name, value]): Variable[] =>
    value === undefined ? [] : [{ name, value, origin: `environment ${name}` }],
  )
  const hidden = new Set(real.map((variable) => variable.name))
  const fromFile = sources.dotenv.filter((variable) => !hidden.has(variable.name))
  const [low, high] = [fromFile, real].map((variables) => readEnvironment(variables, sources.directory))
  const sets = [low, high].filter((set) => set !== undefined)
  return {
    below: sets.map((set) => set.fallback),
    above: sets.flatMap((set) => [...set.above]),
    warnings: sets.flatMap((set) => [...set.warnings]),
    appWarnings: sets.flatMap((set) => [...set.appWarnings]),
  }
}

function flagLayer(input: LoadInput): Layer {
  const layer = startLayer(input.cwd, 'flag')
  for (const [path, { value, flag }] of Object.entries(input.flags)) {
    if (value === undefined) continue
    const steps = path.split('.')
    const key = keyAt(steps)
    layer.put(steps, typeof value === 'string' && key !== null ? fromText(key, value) : value, flag)
  }
  return layer
}

function detectedLayer(found: Found, directory: string): Layer {
  const layer = startLayer(directory, 'detected')
  if (found.kind === 'target') {
    layer.put(['target'], found.target, found.origin)
    return layer
  }
  const { workers } = found
  for (const worker of workers) {
    for (const [key, value] of Object.entries(worker.keys))
      layer.put(['workers', worker.name, key], value, worker.origin)
  }
  return layer
}

/** Whether a layer says what to run, so that nothing has to be guessed. */
function namesProgram(layer: Layer): boolean {
  const workers = valueAt(layer.value, ['workers'])
  if (valueAt(layer.value, ['target']) !== undefined) return true
  if (!isTree(workers)) return workers !== undefined
  return Object.values(workers).some(
    (worker) =>
      !isTree(worker) || ['app', 'script', 'command', 'url', 'root', 'kind'].some((key) => key in worker),
  )
}

function contextOf(input: LoadInput, sources: Sources, merged: Merged): ResolveContext {
  // The layers are clean by now, so that what they make together is, too.
  const settings = configSchema.parse(merged.value)
  const base = merged.layerOf(['root'])?.directory ?? sources.directory
  const root = resolve(base, settings.root ?? '.')
  return new ResolveContext({ settings, merged, root, env: input.env, dotenv: sources.dotenv })
}

/** A file without workers: what detection would have chosen is offered, not taken. */
function noWorkers(names: readonly string[], cwd: string): Problem {
  const detection = detect(cwd)
  const example = detection.kind === 'problem' ? detection.problem.detail : detectedToml(detection)
  return {
    code: 'nothing_to_serve',
    message: 'the configuration has no workers',
    ...(names[0] === undefined ? {} : { where: names[0] }),
    hint: 'add at least one table like these',
    ...(example === undefined ? {} : { detail: example }),
  }
}

/** File by file and line by line, then everything that stands in no file. */
function inOrder(problems: readonly Problem[], names: readonly string[]): readonly Problem[] {
  const rank = ({ where = '' }: Problem): readonly [number, number] => {
    const place = /^(.*):([0-9]+)$/.exec(where)
    const file = names.indexOf(place?.[1] ?? where)
    return [file === -1 ? names.length : file, Number(place?.[2] ?? 0)]
  }
  const ranked = problems.map((problem) => ({ problem, rank: rank(problem) }))
  return ranked
    .toSorted((a, b) => a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1])
    .map((each) => inOneOrder(each.problem))
}

/** One order of fields in every problem, so that JSON output is stable. */
function inOneOrder({ code, message, where, hint, detail }: Problem): Problem {
  return {
    code,
    message,
    ...(where === undefined ? {} : { where }),
    ...(hint === undefined ? {} : { hint }),
    ...(detail === undefined ? {} : { detail }),
  }
}
