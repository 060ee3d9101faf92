/** Values that must never be printed, and where they may come from. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'

import type { Problem } from '../fault/startup.ts'
import type { Origin } from './config.ts'

/** What is printed instead of a secret. */
export const redacted = '[redacted]'

/** A text that does not print itself: string conversion, JSON and inspection all give {@link redacted}. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The text itself; call it only where it is used. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return redacted
  }

  toJSON(): string {
    return redacted
  }

  [inspect.custom](): string {
    return redacted
  }
}

/**
 * A text that is equal for equal settings and says nothing of the secrets in them, which do not tell themselves apart
 * in any other way.
 */
export function fingerprintOf(settings: unknown): string {
  const hash = createHash('sha256')
  const text = JSON.stringify(
    settings,
    function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
      const own = this[key]
      return own instanceof Secret ? createHash('sha256').update(own.reveal()).digest('base64') : value
    },
  )
  return hash.update(text ?? '').digest('base64')
}

/** The three forms of a secret key `x` as one source gives them: `x`, `x_file`, `x_env`. */
export interface SecretForms {
  readonly key: string
  readonly where: Origin
  readonly value?: string | undefined
  /** Absolute path; one trailing newline is removed. */
  readonly file?: string | undefined
  /** Name of a variable; it must not be passed to workers. */
  readonly env?: string | undefined
}

/** A secret, its absence, or what is wrong with it. */
export type SecretResult =
  | {
      readonly kind: 'secret'
      readonly secret: Secret
      readonly origin: Origin
      readonly hiddenEnv: string | null
    }
  | { readonly kind: 'absent' }
  | { readonly kind: 'problem'; readonly problem: Problem }

/** Finds the secret of one source. Two forms in one source are an error: nobody could tell which one counts. */
export function resolveSecret(
  forms: SecretForms,
  env: Readonly<Record<string, string | undefined>>,
): SecretResult {
  const given = [
    forms.value === undefined ? null : forms.key,
    forms.file === undefined ? null : `${forms.key}_file`,
    forms.env === undefined ? null : `${forms.key}_env`,
  ].filter((name) => name !== null)
  if (given.length > 1) {
    const message = `${given.map((name) => `\`${name}\``).join(' and ')} are given together`
    return problem('secret_twice', message, forms.where, 'keep one of them')
  }
  if (forms.value !== undefined) return found(forms.value, forms.where, null)
  if (forms.file !== undefined) return fromFile(forms, forms.file)
  if (forms.env !== undefined) return fromVariable(forms, forms.env, env)
  return { kind: 'absent' }
}

function fromFile(forms: SecretForms, file: string): SecretResult {
  let text: string
  try {
    text = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'error'
    return problem(
      'secret_unreadable',
      `the file of \`${forms.key}_file\` cannot be read: ${file} (${reason})`,
      forms.where,
      reason === 'EACCES'
        ? 'make it readable for the account of the gateway, or hand it over: LoadCredential= of systemd'
        : 'create it, or correct the path',
    )
  }
  if (text === '')
    return problem(
      'secret_empty',
      `the file of \`${forms.key}_file\` is empty: ${file}`,
      forms.where,
      'write the secret into it',
    )
  return found(text, `${forms.where} (${file})`, null)
}

function fromVariable(
  forms: SecretForms,
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): SecretResult {
  const value = env[name]
  if (value !== undefined && value !== '') return found(value, `environment ${name}`, name)
  const state = value === undefined ? 'is not set' : 'is empty'
  return problem(
    'secret_missing',
    `the variable of \`${forms.key}_env\` ${state}: ${name}`,
    forms.where,
    `set ${name}`,
  )
}

function found(value: string, origin: Origin, hiddenEnv: string | null): SecretResult {
  return { kind: 'secret', secret: new Secret(value), origin, hiddenEnv }
}

function problem(code: string, message: string, where: Origin, hint: string): SecretResult {
  return { kind: 'problem', problem: { code, message, where, hint } }
}

/** A command line as reports show it: the value of `--password=x`, and the word after `--password`, are hidden. */
export function shownArguments(words: readonly string[]): readonly string[] {
  const flag = /^--?[\w-]*(token|secret|password|passwd|api[-_]?key|dsn)$/i
  return words.map((word, index) => {
    if (flag.test(words[index - 1] ?? '') && !word.startsWith('-')) return redacted
    const [name = '', ...rest] = word.split('=')
    return rest.length > 0 && flag.test(name) ? `${name}=${redacted}` : shownValue('', word)
  })
}

/** A command line written as one text, as reports show it. */
export function shownText(text: string): string {
  return shownArguments(text.split(' ')).join(' ')
}

/** Whether a variable or key with this name probably holds a secret. */
export function looksSecret(name: string): boolean {
  return /TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|PWD$|KEY|CREDENTIAL|DSN|AUTH|COOKIE|DATABASE_URL|REDIS_URL|CONNECTION_STRING/i.test(
    name,
  )
}

/**
 * A variable's value as reports show it: hidden when the name says secret; of addresses the password, a token in
 * place of a user, and what a query calls a secret.
 */
export function shownValue(name: string, value: string): string {
  if (looksSecret(name) && value !== '') return redacted
  return value
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/[^:/@\s]*):(?!\d+\/)\S*@/gi, `$1:${redacted}@`)
    .replace(/\b(https?:\/\/)[^:/?#@\s]+@/gi, `$1${redacted}@`)
    .replace(/([?&;]([\w.-]+)=)[^&;\s]+/g, (whole, start: string, key: string) =>
      looksSecret(key) || /^(code|sig|signature)$/i.test(key) ? start + redacted : whole,
    )
}
