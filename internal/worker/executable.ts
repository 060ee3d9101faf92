import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join, resolve } from 'node:path'

import type { Problem } from '../fault/startup.ts'

/**
 * Finds the program of a `command` the way a shell started in the worker's directory would.
 *
 * @param path the worker's own `PATH`
 * @returns its absolute path, or `command_not_found` / `command_not_executable`
 */
export function findExecutable(
  command: string,
  place: { readonly cwd: string; readonly path: string | undefined; readonly where: string },
): { readonly path: string } | Problem {
  const isPath = command.includes('/')
  const tried = isPath
    ? [resolve(place.cwd, command)]
    : directories(place).map((directory) => join(directory, command))
  const files = tried.filter(isFile)
  const path = files.find(isExecutable)
  if (path !== undefined) return { path }
  const file = files[0]
  if (file !== undefined) {
    return {
      code: 'command_not_executable',
      message: `${file} is not executable`,
      where: place.where,
      hint: `chmod +x ${file}`,
    }
  }
  return {
    code: 'command_not_found',
    message: `command not found: ${command}`,
    where: place.where,
    hint: isPath ? `${tried[0]} does not exist` : 'It is in no directory of the PATH of this worker.',
  }
}

/** A problem when a worker's directory is missing, is a file, or may not be entered; undefined when it is fine. */
export function checkDirectory(cwd: string, where: string): Problem | undefined {
  try {
    if (!statSync(cwd).isDirectory()) return unusable(cwd, where, 'is not a directory')
    accessSync(cwd, constants.X_OK)
    return undefined
  } catch (error) {
    const denied = error instanceof Error && 'code' in error && error.code === 'EACCES'
    return unusable(cwd, where, denied ? 'may not be entered' : 'does not exist')
  }
}

function unusable(cwd: string, where: string, what: string): Problem {
  return {
    code: 'cwd_unusable',
    message: `the working directory ${cwd} ${what}`,
    where,
    hint: 'correct `cwd`',
  }
}

function directories({ cwd, path }: { readonly cwd: string; readonly path: string | undefined }): string[] {
  const listed = (path ?? '/usr/local/bin:/usr/bin:/bin').split(delimiter).filter((entry) => entry !== '')
  return listed.map((entry) => (isAbsolute(entry) ? entry : resolve(cwd, entry)))
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
