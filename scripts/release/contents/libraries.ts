/** The npm packages whose code is inside the executable: those the bundler took bytes of, not those that were installed. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { repository, SetupError } from '../../shell/progress.mjs'

/** One of them. */
export interface Library {
  readonly name: string
  readonly version: string
  /** SPDX identifier. */
  readonly licence: string
  /** Its licence and notices, word for word. */
  readonly text: string
  /** What package-lock.json says of the package's archive: `sha512-` and base64. */
  readonly integrity: string
}

/** esbuild's account of a bundle, as far as it matters here. */
export interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly inputs: Readonly<Record<string, { readonly bytesInOutput: number }>> }>
  >
}

/** What may be inside an executable that anybody may pass on. */
const accepted = new Set([
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
])

/**
 * Reads what node_modules and package-lock.json say of them; sorted by name.
 * @throws {SetupError} for a licence that is not accepted, or a package that does not bring its text
 */
export function librariesOf(metafiles: readonly Metafile[]): readonly Library[] {
  const outputs = metafiles.flatMap((metafile) => Object.values(metafile.outputs))
  const inputs = outputs.flatMap((output) => Object.entries(output.inputs))
  const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => packageOf(path))
  const directories = [...new Set(used.filter((path) => path !== null))]
  const { packages: locked }: Lock = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8'))
  const libraries = directories
    .toSorted()
    .map((directory) => library(directory, locked[directory]?.integrity))
  // npm may have put the same version into several places.
  return [...new Map(libraries.map((one) => [`${one.name}@${one.version}`, one])).values()]
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>
}

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
}

/** `node_modules/a/node_modules/@b/c/lib/x.js` belongs to `node_modules/a/node_modules/@b/c`. */
function packageOf(path: string): string | null {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? null
}

function library(directory: string, integrity: string | undefined): Library {
  const full = join(repository, directory)
  const { name, version, license }: Manifest = JSON.parse(readFileSync(join(full, 'package.json'), 'utf8'))
  const text = licenceText(full) || substitute(name)
  if (text === '')
    throw new SetupError(
      `${name} ${version} does not bring the text of its licence`,
      `take it from its repository and write it to ${substituteFile(name)}`,
    )
  if (integrity === undefined) throw new SetupError(`package-lock.json has no hash of ${directory}`)
  return { name, version, licence: acceptedLicence(`${name} ${version}`, license), text, integrity }
}

/**
 * @param what the package, for the message
 * @throws {SetupError} for a licence under which not everybody may pass the executable on
 */
export function acceptedLicence(what: string, licence: string | undefined): string {
  if (licence !== undefined && accepted.has(licence)) return licence
  throw new SetupError(
    `${what} has the licence ${licence ?? '(none)'}`,
    `accepted inside the executable: ${[...accepted].join(', ')}`,
  )
}

function licenceText(directory: string): string {
  const files = readdirSync(directory).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name))
  return files
    .toSorted()
    .map((name) => readFileSync(join(directory, name), 'utf8').trim())
    .join('\n\n')
}

/** For a package that leaves it out of its archive. */
function substitute(name: string): string {
  const file = join(repository, substituteFile(name))
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
}

function substituteFile(name: string): string {
  return `config/licences/${name.replace('/', '__')}.txt`
}

/** All of it as one text, packages with the same licence text one after the other. */
export function licenceTexts(libraries: readonly Library[]): string {
  const head =
    'The program contains code of these packages. Node, which it also contains, has a file of its own.\n'
  const parts = libraries.map(({ name, version, licence, text }) => {
    const title = `${name} ${version} (${licence})`
    return `${title}\n${'-'.repeat(title.length)}\n\n${text}\n`
  })
  return [head, ...parts].join('\n')
}

/** Node's licence, with those of all it contains; npm's package for Windows leaves it out, the text is the same. */
export function nodeLicence(directories: readonly string[]): string {
  const file = directories.map((directory) => join(directory, 'LICENSE')).find((path) => existsSync(path))
  if (file === undefined) throw new SetupError('none of the packages of Node brings its licence')
  return readFileSync(file, 'utf8')
}
