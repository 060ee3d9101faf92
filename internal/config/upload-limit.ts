/** The largest upload of a Streamlit app, where the app's own settings say one. */

import { join } from 'node:path'

import { readText } from './files.ts'
import { parseToml } from './toml.ts'
import { valueAt } from './tree.ts'

/** Relative to the worker's working directory. */
export const streamlitConfig = join('.streamlit', 'config.toml')

/**
 * `[server] maxUploadSize` of `.streamlit/config.toml`, in MiB as Streamlit counts it.
 *
 * @returns MiB, or null when the file does not say; a broken file is Streamlit's to report
 */
export function streamlitUploadMiB(cwd: string): number | null {
  const file = readText(join(cwd, streamlitConfig))
  if (file.kind !== 'text') return null
  const parsed = parseToml(file.text, streamlitConfig)
  const value = parsed.kind === 'ok' ? valueAt(parsed.value, ['server', 'maxUploadSize']) : null
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}
