/** The machines a release is made for, and what each ecosystem calls them. */

import { SetupError } from '../shell/progress.mjs'

/** One of them; config/node.json has the Node of each. */
export interface Target {
  readonly id: 'linux-x64' | 'linux-arm64' | 'darwin-arm64' | 'darwin-x64' | 'win-x64'
  /** In the names of archives. */
  readonly system: 'linux' | 'mac' | 'windows'
  /** In the names of archives and Debian packages. */
  readonly architecture: 'amd64' | 'arm64'
  readonly executable: 'fluxlit' | 'fluxlit.exe'
  /** The platform of a wheel (packaging.python.org, platform compatibility tags). */
  readonly wheel: string
  readonly isDebian: boolean
}

/**
 * Linux: Node asks for glibc 2.28 at least. macOS: for 13.5, and wheels know whole versions only. Order is that of
 * every list and table.
 */
export const targets: readonly Target[] = [
  {
    id: 'linux-x64',
    system: 'linux',
    architecture: 'amd64',
    executable: 'fluxlit',
    wheel: 'manylinux_2_28_x86_64',
    isDebian: true,
  },
  {
    id: 'linux-arm64',
    system: 'linux',
    architecture: 'arm64',
    executable: 'fluxlit',
    wheel: 'manylinux_2_28_aarch64',
    isDebian: true,
  },
  {
    id: 'darwin-arm64',
    system: 'mac',
    architecture: 'arm64',
    executable: 'fluxlit',
    wheel: 'macosx_14_0_arm64',
    isDebian: false,
  },
  {
    id: 'darwin-x64',
    system: 'mac',
    architecture: 'amd64',
    executable: 'fluxlit',
    wheel: 'macosx_14_0_x86_64',
    isDebian: false,
  },
  {
    id: 'win-x64',
    system: 'windows',
    architecture: 'amd64',
    executable: 'fluxlit.exe',
    wheel: 'win_amd64',
    isDebian: false,
  },
]

/**
 * The targets with these names, in the order of the table; all of them for no name.
 * @throws {SetupError} for a name that is none
 */
export function selectTargets(names: readonly string[]): readonly Target[] {
  const known: readonly string[] = targets.map(({ id }) => id)
  const unknown = names.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new SetupError(`no release is made for ${unknown.join(', ')}`, `known targets: ${known.join(', ')}`)
  }
  return names.length === 0 ? targets : targets.filter(({ id }) => names.includes(id))
}
