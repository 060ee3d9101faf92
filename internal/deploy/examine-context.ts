/** What a build copies into an image besides what it should. */

import { readDockerfile } from './dockerfile.ts'
import type { Disagreement } from './examine-words.ts'
import type { Plan } from './plan.ts'
import type { DeployFile } from './text.ts'

/** Secrets and leftovers of the project that `COPY .` takes along, and a program that it does not find. */
export function examineContext(
  { path, text }: DeployFile,
  ignore: DeployFile | undefined,
  { project }: Plan,
): readonly Disagreement[] {
  const copies = readDockerfile(text).all.filter(({ name }) => name === 'COPY' || name === 'ADD')
  const rules = rulesOf(ignore?.text ?? '')
  const everything = copies.find(({ text: words }) => /^(--\S+\s+)*\.\/?\s/.test(words))
  const taken = everything === undefined ? [] : project.private.filter((file) => !isIgnored(file, rules))
  return [
    ...taken.map((file): Disagreement => ({
      code: 'deploy_secret',
      state: 'FAIL',
      message: `${file} becomes part of the image, and whoever may pull it can read it`,
      where: `${path}:${everything?.line ?? 1}`,
      hint: `add a line to .dockerignore: ${file}`,
    })),
    ...hidden(copies, ignore, rules),
  ]
}

/** The build stops where it copies what is ignored; that is where the reason lies. */
function hidden(
  copies: readonly { readonly text: string }[],
  ignore: DeployFile | undefined,
  rules: readonly Rule[],
): readonly Disagreement[] {
  const isCopied = copies.some(({ text }) => /^(--(?!from)\S+\s+)*(\.\/)?fluxlit\s/.test(text))
  const rule = rules.findLast((each) => covers(each, 'fluxlit'))
  if (!isCopied || ignore === undefined || rule === undefined || rule.isException) return []
  const hint = 'remove the line, or add below it: !fluxlit'
  const message = 'the Dockerfile copies fluxlit, which this line keeps out of the build'
  return [{ code: 'deploy_image', state: 'FAIL', message, where: `${ignore.path}:${rule.line}`, hint }]
}

interface Rule {
  readonly pattern: RegExp
  readonly isException: boolean
  readonly line: number
}

function rulesOf(text: string): readonly Rule[] {
  return text.split(/\r?\n/).flatMap((line, index) => {
    const plain = line.trim()
    if (plain === '' || plain.startsWith('#')) return []
    const pattern = plain
      .replace(/^!/, '')
      .replace(/^(\.?\/)+/, '')
      .replace(/\/$/, '')
    return [{ pattern: expression(pattern), isException: plain.startsWith('!'), line: index + 1 }]
  })
}

/** The last line that speaks of a file decides. */
function isIgnored(file: string, rules: readonly Rule[]): boolean {
  const rule = rules.findLast((each) => covers(each, file))
  return rule !== undefined && !rule.isException
}

/** A line covers a file, and everything in a directory. */
function covers({ pattern }: Rule, file: string): boolean {
  const parts = file.split('/')
  return parts.some((_, index) => pattern.test(parts.slice(0, index + 1).join('/')))
}

/** Docker's patterns are Go's, with `**`; unlike those of a shell they also mean names that begin with a dot. */
function expression(pattern: string): RegExp {
  const parts = pattern.split(/(\*\*\/|\*\*|\*|\?)/)
  const meanings: Readonly<Record<string, string>> = {
    '**/': '(?:.*/)?',
    '**': '.*',
    '*': '[^/]*',
    '?': '[^/]',
  }
  return new RegExp(`^${parts.map((part) => meanings[part] ?? RegExp.escape(part)).join('')}$`)
}
