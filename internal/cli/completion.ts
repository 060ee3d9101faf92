/** `fluxlit completion`: what a shell needs to complete command lines. */

import { loadConfig } from '../config/load.ts'
import { exitCode } from '../fault/startup.ts'
import { embedded } from './embedded.ts'

/** Shells with a script. */
export const shells = ['bash', 'zsh', 'fish'] as const

/** Prints the script of a shell. */
export function printCompletion(shell: (typeof shells)[number], out: (text: string) => void): number {
  out(embedded(`config/completion/fluxlit.${shell}`))
  return exitCode.ok
}

/**
 * Names of workers where the last word has to be one, else null.
 *
 * @param words as the shell has them, the program first and the word that is being written last
 */
export function workerWords(
  words: readonly string[],
  room: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>> },
): readonly string[] | null {
  const current = words.at(-1) ?? ''
  const isName = words[1] === 'restart' && words.length > 2 && !current.startsWith('-')
  if (!isName && words.at(-2) !== '--worker') return null
  const before = words.slice(0, -1)
  const files = before.filter((_, index) => ['-c', '--config'].includes(before[index - 1] ?? ''))
  const loaded = loadConfig({ ...room, files, flags: {} })
  return loaded.kind === 'ok' ? loaded.config.workers.map(({ name }) => name) : []
}
