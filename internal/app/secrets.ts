/** What of the gateway's own environment its workers may have. */

import type { Config } from '../config/config.ts'

/** The environment without the variables that hold secrets of the gateway itself. */
export function withoutSecrets(
  env: Readonly<Record<string, string | undefined>>,
  { hiddenEnv }: Pick<Config, 'hiddenEnv'>,
): Readonly<Record<string, string | undefined>> {
  if (hiddenEnv.length === 0) return env
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hiddenEnv.includes(name)))
}
