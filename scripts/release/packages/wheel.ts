/**
 * A wheel for one platform: `pip install` puts the executable on the PATH of the environment, as uv and ruff do it,
 * and the Python package beside it, for editors and tests.
 */

import { createHash } from 'node:crypto'

import type { Contents } from '../contents/contents.ts'
import type { Project } from '../contents/project.ts'
import { pythonVersion } from '../identity.ts'
import type { Identity } from '../identity.ts'
import { entry, sorted } from '../pack/entry.ts'
import type { Entry } from '../pack/entry.ts'
import { zip } from '../pack/zip.ts'
import type { Target } from '../targets.ts'
import type { Artefact } from './artefact.ts'

/** @param bill the bill of materials of this executable; it travels in the wheel (PEP 770) */
export async function wheel(
  target: Target,
  executable: Buffer,
  contents: Contents,
  identity: Identity,
  bill: string,
): Promise<Artefact> {
  const { version, epoch } = identity
  const release = `fluxlit-${pythonVersion(version)}`
  const info = `${release}.dist-info`
  const tag = `py3-none-${target.wheel}`
  const files = sorted([
    ...contents.python,
    entry(`${release}.data/scripts/${target.executable}`, executable, true),
    entry(`${info}/METADATA`, metadata(identity, contents.readme, contents.project)),
    entry(
      `${info}/WHEEL`,
      lines('Wheel-Version: 1.0', 'Generator: fluxlit', 'Root-Is-Purelib: false', `Tag: ${tag}`),
    ),
    entry(`${info}/licenses/LICENSE`, contents.licence),
    entry(`${info}/licenses/LICENSE.libraries`, contents.licencesOfLibraries),
    entry(`${info}/licenses/LICENSE.node`, contents.licenceOfNode),
    entry(`${info}/sboms/fluxlit.cdx.json`, bill),
  ])
  const record = entry(`${info}/RECORD`, recordOf(files, info))
  return { name: `${release}-${tag}.whl`, bytes: await zip([...files, record], epoch) }
}

/** The same as in the wheel without the program: an index, and a lock file, take what one of them says for all. */
function metadata(
  { version, maintainer, homepage }: Identity,
  readme: string,
  { summary, python, extras, classifiers }: Project,
): string {
  const { name, address } = maintainer
  const optional = Object.entries(extras).flatMap(([extra, packages]) => [
    `Provides-Extra: ${extra}`,
    ...packages.map((each) => `Requires-Dist: ${conditional(each, extra)}`),
  ])
  return lines(
    'Metadata-Version: 2.4',
    'Name: fluxlit',
    `Version: ${pythonVersion(version)}`,
    `Summary: ${summary}`,
    address === null ? `Author: ${name}` : `Author-email: ${name} <${address}>`,
    `Project-URL: Homepage, ${homepage}`,
    'License-Expression: MIT',
    'License-File: LICENSE',
    'License-File: LICENSE.libraries',
    'License-File: LICENSE.node',
    ...classifiers.map((classifier) => `Classifier: ${classifier}`),
    `Requires-Python: ${python}`,
    ...optional,
    'Description-Content-Type: text/markdown',
    '',
    readme.trimEnd(),
  )
}

/** `tomli; python_version < "3.11"` gets one more condition, others their first. */
function conditional(requirement: string, extra: string): string {
  const [name = '', marker] = requirement.split(/\s*;\s*/)
  return `${name}; ${marker === undefined ? '' : `(${marker}) and `}extra == "${extra}"`
}

/** Every file with its hash; the record itself without one. */
function recordOf(files: readonly Entry[], info: string): string {
  const rows = files.map(({ path, bytes }) => {
    const hash = createHash('sha256').update(bytes).digest('base64url')
    return `${path},sha256=${hash},${bytes.length}`
  })
  return lines(...rows, `${info}/RECORD,,`)
}

function lines(...texts: readonly string[]): string {
  return `${texts.join('\n')}\n`
}
