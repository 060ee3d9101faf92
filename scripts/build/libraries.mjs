/**
 * Libraries that only some configurations and verbs need. Inside the bundle their text would be kept in memory by every
 * gateway; each becomes a file of its own in the executable, which is read and compiled when it is first asked for.
 */

import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { nodeVersion } from '../setup/toolchain.mjs'
import { repository } from '../shell/progress.mjs'

/** Signing in, rules with expressions, and deployment files. */
const separate = new Set(['@redis/client', 'jose', 'openid-client', 're2js', 'yaml'])

/**
 * What is taken of libraries that modules of every start import: read only when it is first used. Of the others the
 * importing module is loaded late itself.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const usedLate = { re2js: ['RE2JS'] }

/** How the bundle asks for one; run from source there is no executable to look into. */
export const librarySource = `const separateLibrary = (name, file) => {
  const { getAsset, isSea } = process.getBuiltinModule('node:sea')
  if (!isSea()) return require(name)
  const made = { exports: {} }
  const { compileFunction } = process.getBuiltinModule('node:vm')
  compileFunction(getAsset(file, 'utf8'), ['exports', 'require', 'module'], { filename: file })(made.exports, require, made)
  return made.exports
}`

/**
 * Takes these libraries out of a bundle.
 * @param {Set<string>} used filled with those that it needs
 * @returns {import('esbuild').Plugin}
 */
export function separateLibraries(used) {
  return {
    name: 'separate-libraries',
    setup(bundler) {
      bundler.onResolve({ filter: /^@?[a-z0-9/-]+$/ }, ({ path, importer }) =>
        separate.has(path) && !importer.includes('node_modules') ? { path, namespace: 'library' } : undefined,
      )
      bundler.onLoad({ filter: /./, namespace: 'library' }, ({ path }) => {
        used.add(path)
        return { contents: contentsOf(path) }
      })
    },
  }
}

/**
 * Writes the files.
 * @param {Iterable<string>} libraries
 * @param {string} directory absolute
 * @returns {Promise<import('esbuild').Metafile['outputs']>} esbuild's lists of what went into them
 */
export async function bundleLibraries(libraries, directory) {
  const { build } = await import('esbuild')
  /** @type {import('esbuild').Metafile['outputs']} */
  const outputs = {}
  for (const library of libraries) {
    const { metafile } = await build({
      absWorkingDir: repository,
      stdin: { contents: `module.exports = require('${library}')`, resolveDir: repository },
      outfile: join(directory, assetName(library)),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      conditions: ['import'],
      target: `node${nodeVersion()}`,
      metafile: true,
      logLevel: 'silent',
    })
    Object.assign(outputs, metafile.outputs)
  }
  return outputs
}

/**
 * What `bundleLibraries` has left in a directory, as assets of the executable.
 * @param {string} directory
 * @returns {Record<string, string>}
 */
export function libraryAssets(directory) {
  const files = readdirSync(directory).filter((file) => file.startsWith('library-'))
  return Object.fromEntries(files.map((file) => [file, basename(file)]))
}

/** @param {string} library */
function contentsOf(library) {
  const made = `separateLibrary('${library}', '${assetName(library)}')`
  const names = usedLate[library]
  if (names === undefined) return `module.exports = ${made}`
  const getters = names.map((name) => `get ${name}() { return (made ??= ${made}).${name} }`)
  return `let made\nmodule.exports = { ${getters.join(', ')} }`
}

/** @param {string} library */
function assetName(library) {
  return `library-${library.replaceAll(/[^a-z0-9]+/g, '-').replace(/^-/, '')}.cjs`
}
