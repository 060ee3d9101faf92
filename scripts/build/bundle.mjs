/** All of FluxLit's TypeScript and its libraries as one ES module. */

import { readFileSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { nodeVersion } from '../setup/toolchain.mjs'
import { repository, SetupError } from '../shell/progress.mjs'
import { capture } from '../shell/run.mjs'
import { bundleLibraries, librarySource, separateLibraries } from './libraries.mjs'

/** @typedef {{version: string, commit: string, target: string}} BuildFacts */

/**
 * What is stamped into the executable.
 * @param {string} target such as `linux-x64`
 * @returns {Promise<BuildFacts>} commit is `unknown` outside a repository and ends in `-dirty` with local changes
 */
export async function buildFacts(target) {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'))
  const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude', '*']
  const git = await capture('git', describe).catch(() => null)
  return { version, commit: git?.status === 0 ? git.output.trim() : 'unknown', target }
}

/**
 * Writes `<output>`, its source map `<output>.map` and esbuild's list of inputs `<output>.meta.json`.
 * @param {string} entry the module to start from, relative to the repository or absolute
 * @param {string} output absolute path, ending in `.mjs`
 * @param {BuildFacts} facts
 * @throws {SetupError} when it does not build, with esbuild's list of places
 */
export async function bundle(entry, output, facts) {
  // Not at the top: setup runs this file's neighbours before any package is installed.
  const { build, stop } = await import('esbuild')
  /** @type {Set<string>} */
  const libraries = new Set()
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    platform: 'node',
    plugins: [lazyBuiltins, separateLibraries(libraries)],
    format: 'esm',
    target: `node${nodeVersion()}`,
    // Not minified: a stack trace from the field must be readable, and start-up does not notice.
    minify: false,
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    // Libraries in CommonJS require Node's own modules; an ES module has no require of its own.
    banner: {
      js: `import { createRequire as createRequireOfBundle } from 'node:module'
const require = createRequireOfBundle(import.meta.url)
${builtinNamespaces}
${librarySource}`,
    },
    define: {
      __FLUXLIT_VERSION__: JSON.stringify(facts.version),
      __FLUXLIT_COMMIT__: JSON.stringify(facts.commit),
      __FLUXLIT_TARGET__: JSON.stringify(facts.target),
    },
  }).catch((error) => {
    throw new SetupError(
      `${entry} cannot be bundled: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
  const others = await bundleLibraries([...libraries].toSorted(), dirname(output))
  // npm start lives on for as long as the gateway; the compiler need not.
  await stop()
  writeFileSync(output, inAscii(withBuiltinNamespaces(readFileSync(output, 'utf8'))))
  const outputs = { ...metafile.outputs, ...others }
  refuseHeavy(outputs)
  writeFileSync(`${output}.meta.json`, JSON.stringify({ ...metafile, outputs }))
}

/**
 * `import { z } from 'zod'` brings the messages of forty languages along, `import * as z` does not.
 * @param {import('esbuild').Metafile['outputs']} outputs
 * @throws {SetupError}
 */
function refuseHeavy(outputs) {
  const heavy = Object.values(outputs).some(({ inputs }) =>
    Object.entries(inputs).some(
      ([name, { bytesInOutput }]) => name.includes('zod/v4/locales/') && bytesInOutput > 10_000,
    ),
  )
  if (heavy) throw new SetupError('zod is imported with all its languages', "write import * as z from 'zod'")
}

/**
 * V8 keeps a source with one other character in two bytes for each of its two million. esbuild escapes what stands in
 * strings and names; what is left stands in comments of libraries.
 * @param {string} source
 */
function inAscii(source) {
  return source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/**
 * Node's own modules, loaded by the module that imports them instead of at the start: an ES module names all it
 * imports before its first line runs, and loading `node:tls`, `node:http` and thirty others takes longer than
 * everything else `--version` does.
 * @type {import('esbuild').Plugin}
 */
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup(bundler) {
    bundler.onResolve({ filter: /^[a-z:/_]+$/ }, ({ path, kind }) =>
      kind === 'import-statement' && isOfNode(path) ? { path, namespace: 'builtin' } : undefined,
    )
    bundler.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = builtinModule(${JSON.stringify(path)})`,
    }))
  },
}

/**
 * By the prefix where there is one: an older Node may build this, and does not know every module of the one inside.
 * @param {string} path
 */
function isOfNode(path) {
  return path.startsWith('node:') || isBuiltin(path)
}

/** One namespace for each of them; names are found through the prototype. */
const builtinNamespaces = `const builtinNamespaces = new Map()
const builtinModule = (name) => {
  const found = process.getBuiltinModule(name)
  if (!builtinNamespaces.has(found)) builtinNamespaces.set(found, Object.create(found, { default: { value: found } }))
  return found
}`

const asNamespace = 'var __toESM = (mod, isNodeMode, target) => ('

/**
 * esbuild makes a namespace for every import of such a module, with a function for each of its names: a hundred for
 * each of the forty imports of `node:fs`, three megabytes in all.
 * @param {string} source
 * @throws {SetupError} when esbuild writes something else
 */
function withBuiltinNamespaces(source) {
  if (!source.includes('builtinModule("')) return source
  if (source.split(asNamespace).length !== 2) {
    throw new SetupError(
      'esbuild makes namespaces in another way than expected',
      'see withBuiltinNamespaces in scripts/build/bundle.mjs',
    )
  }
  return source.replace(asNamespace, `${asNamespace.slice(0, -1)}builtinNamespaces.get(mod) ?? (`)
}
