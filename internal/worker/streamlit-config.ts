import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * The settings a user wrote into the `config.toml` files Streamlit reads for a script, as `server.maxUploadSize`
 * to the text of the value; later files win, as in Streamlit: home, working directory, beside the script.
 *
 * Only keys and plain values are needed, so this reads lines instead of parsing TOML: a file Streamlit itself
 * would reject is Streamlit's to complain about. Files that do not exist or cannot be read count as empty.
 */
export function readStreamlitConfig(place: {
  readonly home: string | undefined
  readonly cwd: string
  readonly script: string | null
}): ReadonlyMap<string, string> {
  const settings = new Map<string, string>()
  const directories = [...(place.home ? [place.home] : []), place.cwd]
  if (place.script !== null) directories.push(dirname(place.script))
  for (const directory of directories) {
    for (const [key, value] of parse(readText(join(directory, '.streamlit', 'config.toml')))) {
      settings.set(key, value)
    }
  }
  return settings
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function* parse(text: string): Generator<[string, string]> {
  let table = ''
  for (const line of text.split('\n')) {
    const header = /^\s*\[\s*([A-Za-z0-9_.-]+)\s*\]/.exec(line)?.[1]
    if (header !== undefined) {
      table = `${header}.`
      continue
    }
    const [, key, value] = /^\s*([A-Za-z0-9_.-]+)\s*=\s*(.*?)\s*(?:#[^"']*)?$/.exec(line) ?? []
    if (key !== undefined && value !== undefined)
      yield [`${table}${key}`, value.replaceAll(/^["']|["']$/g, '')]
  }
}
