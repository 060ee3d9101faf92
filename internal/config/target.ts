/** `target`: the FluxLit application object that a project is made of, and what follows from it. */

import { basename, dirname, join, resolve } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import type { AppTarget } from './config.ts'
import type { ResolveContext } from './context.ts'
import { kindOfPath } from './files.ts'
import { bad, ok, type Parsed } from './parsed.ts'

/** A target as written. */
export interface TargetText {
  /** Name of a module, or path of a Python file. */
  readonly place: string
  readonly isFile: boolean
  readonly attribute: string
}

/** The workers that a target defines. */
export const targetWorkers = ['api', 'ui'] as const

const name = '[\\p{L}_][\\p{L}\\p{N}_]*'
const dottedName = new RegExp(`^${name}(?:\\.${name})*$`, 'u')

/** Reads `module:attribute` or `./file.py:attribute`. */
export function parseTarget(text: string): Parsed<TargetText> {
  const colon = text.lastIndexOf(':')
  const place = colon === -1 ? text : text.slice(0, colon)
  const attribute = colon === -1 ? '' : text.slice(colon + 1)
  const isFile = place.endsWith('.py') || place.includes('/')
  if (!dottedName.test(attribute)) return bad(withAttribute(place, isFile, attribute))
  if (!isFile) return dottedName.test(place) ? ok({ place, isFile, attribute }) : bad()
  if (!place.endsWith('.py')) return bad(`write "${place}.py:${attribute}"`)
  // The name of the file is the name of the module.
  return basename(place, '.py').includes('.') || basename(place) === '.py'
    ? bad('rename the file: Python cannot import one with a dot in its name')
    : ok({ place, isFile, attribute })
}

function withAttribute(place: string, isFile: boolean, attribute: string): string {
  const looksRight = isFile ? place.endsWith('.py') : dottedName.test(place)
  return attribute === '' && looksRight ? `write "${place}:app"` : ''
}

/** The target with its directory found; null when there is none. Reports a file that does not exist. */
export function resolveTarget(context: ResolveContext): AppTarget | null {
  const { target, sdk } = context.settings
  if (target === undefined) return null
  const where = context.origin(['target'])
  const { attribute } = target
  if (!target.isFile) return { module: target.place, attribute, file: null, directories: [], sdk, where }
  const layer = context.merged.layerOf(['target'])
  // What stands on the command line is meant from where it was typed.
  const file = resolve(layer?.kind === 'flag' ? layer.directory : context.root, target.place)
  if (kindOfPath(file) !== 'file') context.problems.push(missingFile(file, where))
  return { ...moduleOf(file), attribute, file, sdk, where }
}

/**
 * How the module in a file is called: from the directory above its outermost package, so that relative imports work.
 * The file's own directory is on the path too, so that it can import its siblings by their names.
 */
function moduleOf(file: string): Pick<AppTarget, 'module' | 'directories'> {
  const names = [basename(file, '.py')]
  let root = dirname(file)
  while (kindOfPath(join(root, '__init__.py')) === 'file' && dirname(root) !== root) {
    names.unshift(basename(root))
    root = dirname(root)
  }
  if (names.length > 1 && names.at(-1) === '__init__') names.pop()
  return { module: names.join('.'), directories: [...new Set([root, dirname(file)])] }
}

/** The file a target is in, as far as that can be known without running Python; null when it is elsewhere. */
export function targetFile({ file: named, module }: AppTarget, cwd: string): string | null {
  if (named !== null) return named
  const path = join(cwd, ...module.split('.'))
  return [`${path}.py`, join(path, '__init__.py')].find((file) => kindOfPath(file) === 'file') ?? null
}

function missingFile(file: string, where: string): Problem {
  return {
    code: 'target_missing',
    message: `the file of \`target\` does not exist: ${file}`,
    where,
    hint: 'correct the path; it is relative to `root`, on the command line to the current directory',
  }
}

/** Reports keys that say what to run in the tables of workers that the target defines. */
export function reportTargetConflicts(
  context: ResolveContext,
  worker: (typeof targetWorkers)[number],
  keys: readonly string[],
): void {
  // `factory` belongs to the `app` of an API, and means nothing at all for pages.
  const contradicting = worker === 'api' ? [...saysWhatToRun, 'factory'] : saysWhatToRun
  for (const key of keys.filter((each) => contradicting.includes(each))) {
    context.problems.push({
      code: 'target_conflict',
      message: `\`${key}\` of worker \`${worker}\` contradicts \`target\` (${context.origin(['target'])}), which says what it runs`,
      where: context.origin(['workers', worker, key]),
      hint: `remove \`${key}\`, or give that worker another name and a \`mount\``,
    })
  }
}

const saysWhatToRun: readonly string[] = ['kind', 'app', 'script', 'command', 'url', 'root']
