/** Completion scripts of the shells, as the executable prints them. */

import { note } from '../../shell/progress.mjs'
import { must } from '../../shell/run.mjs'
import type { HelpOfAll } from './help.ts'

/** One text per shell. */
export interface Completions {
  readonly bash: string
  readonly zsh: string
  readonly fish: string
}

/** Asks the executable; null, and a line that says so, when its help speaks of no such command. */
export async function completions(executable: string, { commands }: HelpOfAll): Promise<Completions | null> {
  if (!commands.some(({ name }) => name === 'completion')) {
    note('no completion scripts: the executable has no command `completion`')
    return null
  }
  const ask = (shell: string): Promise<string> =>
    must(`fluxlit completion ${shell}`, executable, ['completion', shell], { env: {} })
  const [bash, zsh, fish] = await Promise.all([ask('bash'), ask('zsh'), ask('fish')])
  return { bash, zsh, fish }
}
