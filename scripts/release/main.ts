/** `npm run release`: every file of a release into one directory. docs/releasing.md tells what they are. */

import { mkdirSync, renameSync, rmSync } from 'node:fs'

import { hostTarget } from '../setup/toolchain.mjs'
import { note, paint, report, SetupError, step } from '../shell/progress.mjs'
import { identify } from './identity.ts'
import type { Identity } from './identity.ts'
import { mailbox } from './maintainer.ts'
import { readOptions, usage } from './options.ts'
import type { Options } from './options.ts'
import { release } from './release.ts'
import type { Made } from './release.ts'
import { isAll, writeTable } from './table.ts'
import { selectTargets } from './targets.ts'
import { verify } from './verify.ts'

/** Code for a processor is compiled ahead on that processor only, and the manual comes from a program that runs. */
const builder = 'linux-x64'

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return console.log(usage)
  const options = readOptions(args)
  const chosen = selectTargets(options.targets)
  if (hostTarget() !== builder)
    throw new SetupError(`releases are made on ${builder}, this is ${hostTarget()}`)
  const identity = await identify(options)
  if (options.verify && identity.isDirty) throw new SetupError('a clone would not have the changed files')
  const made = await inPlace(options, (output, work) => release(chosen, identity, output, work))
  tellWhatIsMissing(made, identity)
  if (options.isForDocs && isAll(made)) writeTable(made)
  if (options.verify) await step('the same release, made again', () => verify(options))
  console.log(`${paint('green', 'ok')} ${options.output}`)
}

/** Beside the output and renamed at the end: what is there is always a whole release. */
async function inPlace(
  { output }: Options,
  work: (output: string, directory: string) => Promise<readonly Made[]>,
): Promise<readonly Made[]> {
  const next = `${output}.${process.pid}.new`
  const directory = `${output}.${process.pid}.work`
  try {
    mkdirSync(next, { recursive: true })
    const made = await work(next, directory)
    rmSync(output, { recursive: true, force: true })
    renameSync(next, output)
    return made
  } finally {
    rmSync(next, { recursive: true, force: true })
    rmSync(directory, { recursive: true, force: true })
  }
}

function tellWhatIsMissing(made: readonly Made[], { maintainer }: Identity): void {
  for (const { target, seen } of made) {
    if (typeof seen === 'string') note(`${target.id} was not run: ${seen}`)
  }
  const systems = new Set(made.map(({ target }) => target.system))
  if (systems.has('mac'))
    note(
      'macOS: signed ad hoc, not with a Developer ID and not notarised; a browser download asks before it runs',
    )
  if (systems.has('windows')) note('Windows: not signed; SmartScreen asks before it runs')
  if (maintainer.address === null && made.some(({ target }) => target.isDebian))
    note(
      `the Debian packages have ${mailbox(maintainer)} as maintainer, where nobody reads: before they are published, --maintainer "NAME <ADDRESS>" or the author in package.json`,
    )
  note('nothing is signed with a key: publish SHA256SUMS over a channel people trust, or sign it')
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = report(error)
})
