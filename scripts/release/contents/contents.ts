/** What every package of a release holds beside the executable; made once. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { publishedNodePath } from '../../setup/toolchain.mjs'
import { repository } from '../../shell/progress.mjs'
import { filesBelow } from '../../shell/stamp.mjs'
import type { Identity } from '../identity.ts'
import { entry } from '../pack/entry.ts'
import type { Entry } from '../pack/entry.ts'
import { targets } from '../targets.ts'
import { completions } from './completions.ts'
import type { Completions } from './completions.ts'
import { readHelp } from './help.ts'
import { licenceTexts, nodeLicence } from './libraries.ts'
import type { Library } from './libraries.ts'
import { manual, readExitCodes } from './manual.ts'
import { readProject } from './project.ts'
import type { Project } from './project.ts'

/** Texts, each under the role it has. */
export interface Contents {
  readonly licence: string
  readonly licencesOfLibraries: string
  readonly licenceOfNode: string
  readonly readme: string
  readonly changelog: string
  /** Every key of the configuration with its default. */
  readonly example: string
  readonly manual: string
  readonly completions: Completions
  /** The systemd unit. */
  readonly unit: string
  /** The Python package that also travels inside the executable; for editors and tests. */
  readonly python: readonly Entry[]
  readonly project: Project
}

/**
 * Collects them.
 * @param executable one that runs on this machine; its help texts become the manual
 * @param libraries the npm packages inside it
 */
export async function collect(
  executable: string,
  libraries: readonly Library[],
  { version, epoch, maintainer, homepage }: Identity,
): Promise<Contents> {
  const exitCodes = readExitCodes(read('docs/exit-codes.md'))
  const help = await readHelp(executable)
  return {
    licence: read('LICENSE'),
    licencesOfLibraries: licenceTexts(libraries),
    licenceOfNode: nodeLicence(targets.map(({ id }) => join(publishedNodePath(id), '..', '..'))),
    readme: read('README.md'),
    changelog: read('CHANGELOG.md'),
    example: read('fluxlit.example.toml'),
    manual: manual(help, { version, epoch, exitCodes, author: maintainer.name, homepage }),
    completions: await completions(executable),
    unit: read('config/systemd/fluxlit.service'),
    project: readProject(),
    python: filesBelow('internal/python/fluxlit')
      .filter((path) => /\.(py|typed)$/.test(path))
      .map((path) => entry(path.replace('internal/python/', ''), readFileSync(join(repository, path)))),
  }
}

function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8')
}
