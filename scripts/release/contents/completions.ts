/** Completion scripts of the shells, as the executable prints them. */

import { must } from '../../shell/run.mjs'

/** One text per shell. */
export interface Completions {
  readonly bash: string
  readonly zsh: string
  readonly fish: string
}

/** Asks the executable. */
export async function completions(executable: string): Promise<Completions> {
  const ask = (shell: string): Promise<string> =>
    must(`fluxlit completion ${shell}`, executable, ['completion', shell], { env: {} })
  const [bash, zsh, fish] = await Promise.all([ask('bash'), ask('zsh'), ask('fish')])
  return { bash, zsh, fish }
}
