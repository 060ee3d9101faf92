/** Which release this is: version, commit and time, in the form each kind of package wants. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { repository, SetupError } from '../shell/progress.mjs'
import { must } from '../shell/run.mjs'
import { readMaintainer } from './maintainer.ts'
import type { Maintainer } from './maintainer.ts'
import type { Options } from './options.ts'

interface Manifest {
  readonly version: string
  readonly author: string
  readonly homepage: string
}

/** The same for everything that is made from one commit. */
export interface Identity {
  /** Semantic version of package.json. */
  readonly version: string
  /** The whole hash. */
  readonly commit: string
  /** Time of the commit in seconds: the only time that appears in anything that is made. */
  readonly epoch: number
  /** Whether files differ from the commit; two such builds may differ. */
  readonly isDirty: boolean
  readonly maintainer: Maintainer
  /** Where it lives, as an address. */
  readonly homepage: string
}

/**
 * @throws {SetupError} outside a repository, or with changes that were not committed and are not allowed
 */
export async function identify({
  allowDirty,
  maintainer,
}: Pick<Options, 'allowDirty' | 'maintainer'>): Promise<Identity> {
  const { version, author, homepage }: Manifest = JSON.parse(
    readFileSync(join(repository, 'package.json'), 'utf8'),
  )
  const hint = 'a release is made from a commit: clone the repository and run it there'
  const [commit = '', time = ''] = (await must('git', 'git', ['log', '-1', '--format=%H %ct'], { hint }))
    .trim()
    .split(' ')
  const changes = (await must('git', 'git', ['status', '--porcelain'])).trimEnd()
  if (changes !== '' && !allowDirty) {
    throw new SetupError(
      `these files are not what commit ${commit.slice(0, 12)} has:\n${firstLines(changes, 8)}`,
      'commit or remove the changes; --allow-dirty builds all the same, for a try',
    )
  }
  return {
    version,
    commit,
    epoch: epochOf(time),
    isDirty: changes !== '',
    maintainer:
      maintainer === undefined
        ? readMaintainer(author, 'author of package.json')
        : readMaintainer(maintainer, '--maintainer'),
    homepage,
  }
}

/** Reproducible-builds.org: the variable, when it is there, is the time. */
function epochOf(commitTime: string): number {
  const given = process.env['SOURCE_DATE_EPOCH']
  const epoch = Number(given ?? commitTime)
  if (Number.isSafeInteger(epoch) && epoch >= 0) return epoch
  throw new SetupError(`SOURCE_DATE_EPOCH is ${given}, not a number of seconds`)
}

/** `1.0.0-alpha.1` as a Debian version: `~` sorts before nothing, so the release is newer than its alphas. */
export function debianVersion(version: string): string {
  return `${version.replace('-', '~')}-1`
}

/** The same in the form of PEP 440: `1.0.0a1`. @throws {Error} for a pre-release that has no such form */
export function pythonVersion(version: string): string {
  const found = /^(\d+\.\d+\.\d+)(?:-(alpha|beta|rc)\.(\d+))?$/.exec(version)
  if (found === null)
    throw new Error(`version ${version} has no form in PEP 440 (write 1.2.3-alpha.4, beta or rc)`)
  const [, release = '', phase, number = ''] = found
  if (phase === undefined) return release
  return `${release}${phase === 'rc' ? 'rc' : phase.charAt(0)}${number}`
}

/** Seconds as RFC 3339 in UTC. */
export function timestamp(epoch: number): string {
  return new Date(epoch * 1000).toISOString().replace('.000Z', 'Z')
}

function firstLines(text: string, count: number): string {
  const lines = text.split('\n')
  const more = lines.length > count ? [`  ... and ${lines.length - count} more`] : []
  return [...lines.slice(0, count).map((line) => `  ${line}`), ...more].join('\n')
}
