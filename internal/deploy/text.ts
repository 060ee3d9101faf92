/** Words that several kinds of files have in common. */

import type { Plan } from './plan.ts'

/** One file to be written. */
export interface DeployFile {
  /** Relative to the output directory, with `/`. */
  readonly path: string
  readonly text: string
}

/** The first lines of every file. */
export function header(plan: Plan, what: string): string {
  const from = plan.project.configFiles.join(', ') || plan.project.target || 'the apps that were found'
  return `# ${what}
# Written by \`fluxlit build\` from ${from}. It is yours: change it, keep it in version control.`
}

/** A scalar that is text whatever it looks like: JSON is YAML. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

/** Words as a list on one line, for YAML and for the exec form of a Dockerfile. */
export function wordList(words: readonly string[]): string {
  return `[${words.map(quoted).join(', ')}]`
}

/** Every line moved to the right by that many spaces; empty ones stay empty. */
export function indented(text: string, spaces: number): string {
  return text.replace(/^(?=.)/gm, ' '.repeat(spaces))
}

/** The flags that name the configuration inside a container. */
export function configFlags(plan: Plan): readonly string[] {
  return plan.project.configFiles.flatMap((file) => ['-c', `/app/${file.replaceAll('\\', '/')}`])
}

/** What the gateway is started with inside a container. */
export function serveWords(plan: Plan): readonly string[] {
  const { target } = plan.project
  return ['serve', ...(target === null ? [] : [target]), ...configFlags(plan)]
}

/** Size for people: `200 MiB`. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`
}
