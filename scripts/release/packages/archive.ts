/** The archive for people who unpack it themselves: tar.gz, and zip for Windows. */

import type { Contents } from '../contents/contents.ts'
import type { Identity } from '../identity.ts'
import { gzip } from '../pack/compress.ts'
import { entry } from '../pack/entry.ts'
import type { Entry } from '../pack/entry.ts'
import { tar } from '../pack/tar.ts'
import { zip } from '../pack/zip.ts'
import type { Target } from '../targets.ts'
import type { Artefact } from './artefact.ts'

/** Everything is in one directory of the archive's name. */
export async function archive(
  target: Target,
  executable: Buffer,
  contents: Contents,
  { version, epoch }: Identity,
): Promise<Artefact> {
  const name = archiveName(target, version)
  const files = [entry(target.executable, executable, true), ...texts(target, contents)]
  const entries = files.map((file) => ({ ...file, path: `${name}/${file.path}` }))
  return target.system === 'windows'
    ? { name: `${name}.zip`, bytes: await zip(entries, epoch) }
    : { name: `${name}.tar.gz`, bytes: await gzip(tar(entries, { epoch })) }
}

/** `fluxlit_1.0.0_linux_amd64`: what Go programs are called, Caddy among them. */
export function archiveName({ system, architecture }: Target, version: string): string {
  return `fluxlit_${version}_${system}_${architecture}`
}

function texts({ system }: Target, contents: Contents): readonly Entry[] {
  const { bash, zsh, fish } = contents.completions
  return [
    entry('LICENSE', contents.licence),
    entry('LICENSE.libraries', contents.licencesOfLibraries),
    entry('LICENSE.node', contents.licenceOfNode),
    entry('README.md', contents.readme),
    entry('CHANGELOG.md', contents.changelog),
    entry('fluxlit.example.toml', contents.example),
    entry('fluxlit.1', contents.manual),
    entry('completions/fluxlit.bash', bash),
    entry('completions/_fluxlit', zsh),
    entry('completions/fluxlit.fish', fish),
    ...(system === 'linux' ? [entry('fluxlit.service', contents.unit)] : []),
  ]
}
