import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

import type { AppTarget } from '../config/config.ts'
import type { Problem } from '../fault/startup.ts'
import type { Inspection, InstalledPackage } from './inspect.ts'
import type { Sdk } from './sdk.ts'

/** The Python package that the workers of a target import. */
export interface ChosenPackage {
  /** Directory of the package `fluxlit` itself. */
  readonly directory: string
  /** What has to come onto the import path for it; null = it is there. */
  readonly importFrom: string | null
}

/** Where the package has had the script that shows the pages of an application object, newest first. */
const entryScripts = [join('_entry', 'fluxlit_pages.py'), join('streamlit', 'main.py'), 'streamlit_main.py']

/** The package a target's workers import, or the reason why there is none. */
export function choosePackage(
  target: AppTarget,
  { fluxlit, python }: Inspection,
  embedded: () => Sdk,
): ChosenPackage | Problem {
  if (target.sdk === 'embedded') {
    const { directory } = embedded()
    return { directory: join(directory, 'fluxlit'), importFrom: directory }
  }
  return fluxlit === null ? notInstalled(python, target) : { directory: fluxlit.directory, importFrom: null }
}

/** The script that shows the pages of an application object. */
export function entryScript({ directory }: ChosenPackage): string {
  const [newest = ''] = entryScripts
  return join(directory, entryScripts.find((name) => existsSync(join(directory, name))) ?? newest)
}

/** Words in front of what the bootstrap does for the workers of a target. */
export function targetWords(target: AppTarget, cwd: string): readonly string[] {
  const { module, attribute } = target
  return ['target', directoriesOf(target, cwd).join(delimiter), `${module}:${attribute}`]
}

/** Variables by which the package finds the application object. */
export function targetEnvironment(
  target: AppTarget,
  chosen: ChosenPackage,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Record<string, string> {
  const { PYTHONPATH: given = '' } = env
  // Streamlit watches what it finds on this path, and only that.
  const path = [...directoriesOf(target, cwd), chosen.importFrom ?? '', given].filter((entry) => entry !== '')
  return {
    FLUXLIT_APP: `${target.file ?? target.module}:${target.attribute}`,
    PYTHONPATH: path.join(delimiter),
  }
}

/**
 * By which a plain FastAPI app or Streamlit script may import the package, for calls in the name of who looks at a page:
 * behind everything else on the path, and not where one is installed.
 */
export function helperEnvironment(
  { fluxlit }: Inspection,
  { PYTHONPATH: given = '' }: Readonly<Record<string, string>>,
  embedded: () => Sdk,
): Record<string, string> {
  if (fluxlit !== null) return {}
  return { PYTHONPATH: [given, embedded().directory].filter((entry) => entry !== '').join(delimiter) }
}

function directoriesOf({ directories }: AppTarget, cwd: string): readonly string[] {
  return directories.length === 0 ? [cwd] : directories
}

/** A package of another version in the environment, which the embedded one hides from the application. */
export function hiddenPackage(
  target: AppTarget,
  { fluxlit, python }: Inspection,
  embedded: () => Sdk,
): readonly Problem[] {
  if (target.sdk === 'installed' || fluxlit === null) return []
  const { version } = embedded()
  return fluxlit.version === version ? [] : [hidden(fluxlit, version, python, target)]
}

function hidden(found: InstalledPackage, ours: string, python: string, target: AppTarget): Problem {
  return {
    code: 'sdk_hidden',
    message: `fluxlit ${found.version} is installed for ${python}, but the application imports fluxlit ${ours}, which travels in this program`,
    where: target.where,
    hint: `pip uninstall fluxlit, or write sdk = "installed" to use ${dirname(found.directory)}`,
  }
}

function notInstalled(python: string, target: AppTarget): Problem {
  return {
    code: 'sdk_missing',
    message: `sdk = "installed", but ${python} has no package \`fluxlit\``,
    where: target.where,
    hint: `fluxlit sdk install --python ${python}, or write sdk = "embedded"`,
  }
}
