/** Files that the service manager hands to this unit alone (`LoadCredential=`, systemd.exec(5)). */

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { ResolveContext } from './context.ts'

/** Absolute path of a file as written in the configuration: a bare name may be a credential, which comes first. */
export function credentialOrPath({ env, root }: Pick<ResolveContext, 'env' | 'root'>, name: string): string {
  const credentials = env['CREDENTIALS_DIRECTORY'] ?? ''
  if (credentials !== '' && !name.includes('/') && existsSync(join(credentials, name)))
    return join(credentials, name)
  return resolve(root, name)
}
