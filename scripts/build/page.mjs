/** The status page as one file: its script, its libraries and its style inside, so that it needs no network. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { repository, SetupError } from '../shell/progress.mjs'

const source = join(repository, 'internal', 'admin', 'page')

/** Name of the page among the assets of the executable, and in the repository. */
export const pageName = 'dist/status-page.html'

/**
 * Writes `<output>` and esbuild's list of inputs `<output>.meta.json`.
 * @param {string} output absolute path
 * @throws {SetupError} when it does not build, with esbuild's list of places
 */
export async function buildPage(output) {
  const [script, style] = await Promise.all([
    bundled(join(source, 'main.ts')),
    bundled(join(source, 'page.css')),
  ])
  // npm start lives on for as long as the gateway; the compiler need not.
  const { stop } = await import('esbuild')
  await stop()
  const html = readFileSync(join(source, 'page.html'), 'utf8')
  // As functions: a `$&` in a library is no pattern.
  writeFileSync(
    output,
    html
      .replace('<!-- style -->', () => style.text)
      .replace('<!-- script -->', () => script.text.replaceAll('</script', '<\\/script')),
  )
  const outputs = { ...script.metafile.outputs, ...style.metafile.outputs }
  writeFileSync(`${output}.meta.json`, JSON.stringify({ outputs }))
}

/** @param {string} entry */
async function bundled(entry) {
  const { build } = await import('esbuild')
  const result = await build({
    absWorkingDir: repository,
    entryPoints: [entry],
    bundle: true,
    write: false,
    // Nothing is written there: it names the output in the list of inputs.
    outdir: 'dist',
    metafile: true,
    minify: true,
    legalComments: 'inline',
    platform: 'browser',
    format: 'iife',
    target: ['chrome111', 'firefox113', 'safari16.4'],
    logLevel: 'silent',
  }).catch((error) => {
    throw new SetupError(
      `${entry} cannot be bundled: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
  return { text: result.outputFiles[0]?.text.trim() ?? '', metafile: result.metafile }
}
