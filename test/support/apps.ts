import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const directory = join(import.meta.dirname, 'apps')

/** Text of a Python file in test/support/apps, to be written into a gateway's directory. */
export function app(
  name:
    | 'api.py'
    | 'burglar.py'
    | 'bytes.py'
    | 'closed_page.py'
    | 'counting_page.py'
    | 'headers.py'
    | 'identity_api.py'
    | 'identity_ui.py'
    | 'journal.py'
    | 'release.py'
    | 'trouble.py',
): string {
  return readFileSync(join(directory, name), 'utf8')
}

/** The least a FastAPI gateway needs: `api.py` at /api, nothing at /. */
export const apiOnly = {
  toml: '[workers.api]\napp = "api:app"\n',
  get files(): Readonly<Record<string, string>> {
    return { 'api.py': app('api.py') }
  },
}
