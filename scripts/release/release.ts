/** Makes all files of a release in a directory. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { hostTarget } from '../setup/toolchain.mjs'
import { note, SetupError, step } from '../shell/progress.mjs'
import { billOfMaterials } from './account/bill.ts'
import { provenance } from './account/provenance.ts'
import { sumOf, sumsText } from './account/sums.ts'
import type { Sum } from './account/sums.ts'
import { collect } from './contents/contents.ts'
import type { Contents } from './contents/contents.ts'
import { librariesOf } from './contents/libraries.ts'
import type { Library } from './contents/libraries.ts'
import { makeExecutable } from './executables.ts'
import type { Executable } from './executables.ts'
import type { Identity } from './identity.ts'
import { inspectAll } from './inspect/inspect.ts'
import { archive, archiveName } from './packages/archive.ts'
import type { Artefact } from './packages/artefact.ts'
import { debian } from './packages/debian.ts'
import { wheel } from './packages/wheel.ts'
import { runnerOf } from './runner.ts'
import { smoke } from './smoke.ts'
import type { Seen } from './smoke.ts'
import { targets } from './targets.ts'
import type { Target } from './targets.ts'

/** What is told of one executable afterwards. */
export interface Made {
  readonly target: Target
  /** Bytes of the executable. */
  readonly size: number
  readonly files: readonly Sum[]
  /** What was seen when it ran; a reason when it was not run. */
  readonly seen: (Seen & { readonly isEmulated: boolean }) | string
}

/**
 * Makes the files of some targets.
 * @param output an empty directory
 * @param work another one, for what is needed on the way
 * @throws {SetupError} with the reason; nothing in `output` is worth anything then
 */
export async function release(
  chosen: readonly Target[],
  identity: Identity,
  output: string,
  work: string,
): Promise<readonly Made[]> {
  const executables = await makeExecutables(chosen, work)
  await step('what is inside', () => {
    const seen = inspectAll(executables)
    for (const line of seen.slice(0, -1)) note(line)
    return Promise.resolve(seen.at(-1) ?? null)
  })
  const own = executables.find(({ target }) => target.id === hostTarget())
  if (own === undefined) throw new SetupError('nothing was made for this machine')
  const libraries = librariesOf(own.metafiles)
  const contents = await collect(own.path, libraries, identity)
  const made: Made[] = []
  for (const executable of executables.filter(({ target }) => chosen.includes(target))) {
    await step(`packages for ${executable.target.id}`, async () => {
      made.push(await pack(executable, contents, libraries, identity, output))
      return (
        made
          .at(-1)
          ?.files.map(({ name }) => name)
          .join(', ') ?? null
      )
    })
  }
  const sums = made.flatMap(({ files }) => files)
  const inputs = executables.map(({ target, published, prepared }) => ({
    target: target.id,
    published,
    prepared,
  }))
  const origin = provenance(sums, inputs, identity)
  writeSums(output, [
    ...sums,
    put(output, { name: `fluxlit_${identity.version}_provenance.json`, bytes: Buffer.from(origin) }),
  ])
  return made
}

/** The one for this machine is always made: it prints the help texts the manual is written from. */
async function makeExecutables(chosen: readonly Target[], work: string): Promise<readonly Executable[]> {
  const wanted = targets.filter((target) => chosen.includes(target) || target.id === hostTarget())
  const executables: Executable[] = []
  for (const target of wanted) {
    await step(`executable for ${target.id}`, async () => {
      const executable = await makeExecutable(target, work)
      executables.push(executable)
      return `${(readFileSync(executable.path).length / 1e6).toFixed(1)} MB`
    })
  }
  return executables
}

async function pack(
  { target, path, published, prepared }: Executable,
  contents: Contents,
  libraries: readonly Library[],
  identity: Identity,
  output: string,
): Promise<Made> {
  const seen = await tryOut(target, path, identity)
  const bytes = readFileSync(path)
  const sha256 = sumOf({ name: target.executable, bytes }).sha256
  const bill = billOfMaterials(target, sha256, libraries, { published, prepared }, identity)
  const billName = `${archiveName(target, identity.version)}.cdx.json`
  const files = await Promise.all([
    archive(target, bytes, contents, identity),
    wheel(target, bytes, contents, identity, bill),
    ...(target.isDebian ? [debian(target, bytes, contents, identity)] : []),
  ])
  const all = [...files, { name: billName, bytes: Buffer.from(bill) }]
  return { target, size: bytes.length, seen, files: all.map((file) => put(output, file)) }
}

async function tryOut(target: Target, path: string, { version }: Identity): Promise<Made['seen']> {
  const runner = runnerOf(target)
  if (runner.kind === 'cannot') {
    note(`not run: ${runner.reason}`)
    return runner.reason
  }
  const seen = await smoke(path, runner.command, version)
  note(`runs${runner.isEmulated ? ' under QEMU' : ''}: --version, check, serve with livez and a page`)
  return { ...seen, isEmulated: runner.isEmulated }
}

function put(output: string, file: Artefact): Sum {
  mkdirSync(output, { recursive: true })
  writeFileSync(join(output, file.name), file.bytes, { mode: 0o644 })
  return sumOf(file)
}

function writeSums(output: string, sums: readonly Sum[]): void {
  writeFileSync(join(output, 'SHA256SUMS'), sumsText(sums, 'sha256'))
  writeFileSync(join(output, 'SHA512SUMS'), sumsText(sums, 'sha512'))
}
