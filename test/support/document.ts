import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { repository } from './python.ts'

/** The text of the code block behind a mark such as `<!-- snippet: nginx -->`; throws when it is not there. */
export function marked(page: string, mark: string): string {
  const text = readFileSync(join(repository, 'docs', page), 'utf8')
  const at = text.indexOf(`<!-- ${mark} -->\n\`\`\``)
  if (at === -1) throw new Error(`docs/${page} has no block marked ${mark}`)
  const from = text.indexOf('\n', text.indexOf('```', at)) + 1
  return text.slice(from, text.indexOf('```', from))
}
