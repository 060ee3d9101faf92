/** How the gateway is started in an image, and what its command line says. */

import { lastOf, listForm, type Instruction } from './dockerfile.ts'

/** How the gateway is started in the image. */
export interface Start {
  readonly words: readonly string[]
  /** The instruction that says so. */
  readonly by: Instruction
}

/** The executable, which is not the configuration of the same name. */
export function mentionsProgram(text: string): boolean {
  return /(^|[^\w.-])fluxlit(?![\w.-])/.test(text)
}

/** The command that the image starts; null when the gateway is none of it, or hidden in a script. */
export function startOf(instructions: readonly Instruction[]): Start | null {
  const entry = lastOf(instructions, 'ENTRYPOINT')
  const command = lastOf(instructions, 'CMD')
  const by = entry !== undefined && mentionsProgram(entry.text) ? entry : (command ?? entry)
  if (by === undefined) return null
  const first = entry === undefined ? [] : (listForm(entry.text) ?? ['/bin/sh', '-c', entry.text])
  const takesMore = command !== undefined && (entry === undefined || listForm(entry.text) !== null)
  const more = takesMore ? (listForm(command.text) ?? ['/bin/sh', '-c', command.text]) : []
  const words = [...first, ...more]
  return words.some(mentionsProgram) ? { words, by } : null
}

/** What a shell is given to read; null when there is none. */
export function scriptOf(words: readonly string[]): string | null {
  const at = words.findIndex((word) => /^(\S*\/)?(sh|bash|dash|ash)$/.test(word))
  return at !== -1 && /^-\w*c$/.test(words[at + 1] ?? '') ? (words[at + 2] ?? '') : null
}

/** The words behind the program's name, also those inside a script. */
export function argumentsOf(words: readonly string[]): readonly string[] {
  const plain = words.flatMap((word) => word.split(/\s+/))
  return plain.slice(plain.findIndex(mentionsProgram) + 1)
}

/** The value of a flag, `--host A` or `--host=A`; null when it is not there. */
export function flagOf(words: readonly string[], flag: string): string | null {
  const given = argumentsOf(words)
  const at = given.findIndex((word) => word === flag || word.startsWith(`${flag}=`))
  const word = given[at]
  if (word === undefined) return null
  return word === flag ? (given[at + 1] ?? null) : word.slice(flag.length + 1)
}

/** The configuration files that a command line names. */
export function configsOf(words: readonly string[]): readonly string[] {
  const given = argumentsOf(words)
  return given.flatMap((word, at) => (/^(-c|--config)$/.test(given[at - 1] ?? '') ? [word] : []))
}
