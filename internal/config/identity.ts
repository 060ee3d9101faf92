/** Names and directories that belong to one gateway. */

import { createHash } from 'node:crypto'
import { basename, isAbsolute, join, resolve } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import type { ResolveContext } from './context.ts'

/**
 * The default name: the directory's own name plus 6 hexadecimal digits of its path. The path is taken as
 * written, symbolic links included, so that `current -> releases/7` keeps one name over all releases.
 *
 * @param directory absolute
 */
export function defaultName(directory: string): string {
  const plain = basename(directory)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 57)
  const digits = createHash('sha256').update(directory).digest('hex').slice(0, 6)
  return `${plain === '' ? 'fluxlit' : plain}-${digits}`
}

/**
 * The directory for what must survive a restart: `[state] dir`, `$STATE_DIRECTORY`, `$XDG_STATE_HOME` or
 * `$HOME/.local/state` with `fluxlit/NAME` below it. Null, with a warning, when none of them is set.
 */
export function resolveStateDir(context: ResolveContext, name: string): string | null {
  const { dir } = context.settings.state
  if (dir !== undefined) return resolve(context.root, dir)
  const [directory, origin] = standardStateDir(context.env, name)
  context.report(['state', 'dir'], directory, origin)
  if (directory === null) context.warnings.push(memoryOnly())
  return directory
}

function standardStateDir(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): readonly [string | null, string] {
  // systemd joins several directories with a colon; the first one is the unit's main one.
  const unit = env['STATE_DIRECTORY']?.split(':')[0] ?? ''
  if (isAbsolute(unit)) return [unit, 'environment STATE_DIRECTORY']
  const xdg = env['XDG_STATE_HOME'] ?? ''
  if (isAbsolute(xdg)) return [join(xdg, 'fluxlit', name), 'environment XDG_STATE_HOME']
  const local = env['LOCALAPPDATA'] ?? ''
  if (isAbsolute(local)) return [join(local, 'fluxlit', name), 'environment LOCALAPPDATA']
  const home = env['HOME'] ?? ''
  return isAbsolute(home)
    ? [join(home, '.local', 'state', 'fluxlit', name), 'environment HOME']
    : [null, 'default']
}

function memoryOnly(): Problem {
  return {
    code: 'no_state_dir',
    message: 'there is no directory for state; everything is kept in memory and lost at the next start',
    hint: 'set [state] dir, or HOME',
  }
}
