/** `fluxlit new`: a project that runs. */

import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

import { exitCode, StartupError } from '../fault/startup.ts'
import { embeddedBelow } from './embedded.ts'

/** Kinds of project; each has the files of the first one, and its own in place of them or beside them. */
export const profiles = ['minimal', 'auth', 'deploy'] as const

/** A kind of project. */
export type Profile = (typeof profiles)[number]

/** What the command line of `new` parses to. */
export interface NewFlags {
  readonly name: string
  readonly profile: Profile
}

/** What the project is made in. */
export interface NewRoom {
  /** Absolute. */
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
}

/** Makes the project in a directory that is new or empty; returns 0. @throws StartupError */
export function newProject({ name, profile }: NewFlags, room: NewRoom): number {
  const directory = resolve(room.cwd, name)
  expectEmpty(directory, name)
  for (const [path, text] of Object.entries(projectFiles(profile, basename(directory)))) {
    writeNew(join(directory, path), text)
  }
  const path = relative(room.cwd, directory)
  room.out(nextSteps(profile, path.startsWith('..') ? directory : path, room.env))
  return exitCode.ok
}

/** The files of a project by path, with its name filled in. */
export function projectFiles(profile: Profile, directoryName: string): Readonly<Record<string, string>> {
  const names: Readonly<Record<string, string>> = {
    title: titleOf(directoryName),
    name: slugOf(directoryName),
  }
  const layers = [...new Set<Profile>(['minimal', profile])]
  const texts = layers.flatMap((layer) => Object.entries(embeddedBelow(`config/new/${layer}/`)))
  return Object.fromEntries(
    texts.map(([path, text]) => [
      // A file of that name here would hold for this repository.
      path.replace(/(^|\/)dot-/, '$1.'),
      text.replaceAll(/\{\{(title|name)\}\}/g, (whole, name: string) => names[name] ?? whole),
    ]),
  )
}

/** `my-shop` as people write it: `My shop`. It ends up between quotation marks. */
function titleOf(name: string): string {
  const words = name.replaceAll(/[^\p{L}\p{N}]+/gu, ' ').trim()
  return words === '' ? 'Demo' : words.charAt(0).toUpperCase() + words.slice(1)
}

/** The name as a part of a host name. */
function slugOf(name: string): string {
  const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return slug.replaceAll(/^-+|-+$/g, '') || 'app'
}

function expectEmpty(directory: string, name: string): void {
  const found = entriesOf(directory, name)
  if (found.length === 0) return
  const shown = found.slice(0, 3).join(', ') + (found.length > 3 ? ', ...' : '')
  throw refused(
    'new_not_empty',
    `${name} is not empty: it has ${shown}`,
    'choose another name, or an empty directory',
  )
}

function entriesOf(directory: string, name: string): readonly string[] {
  try {
    return readdirSync(directory).toSorted()
  } catch (error) {
    if (isCode(error, 'ENOENT')) return []
    if (isCode(error, 'ENOTDIR'))
      throw refused('new_not_empty', `${name} is a file`, 'choose another name, or an empty directory')
    throw unwritable(name, error)
  }
}

/** Never over something: somebody may have made it since we looked. */
function writeNew(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    const mode = basename(dirname(path)) === 'secrets' ? 0o600 : 0o666
    writeFileSync(path, text, { flag: 'wx', mode })
  } catch (error) {
    throw unwritable(path, error)
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function unwritable(path: string, error: unknown): StartupError {
  const reason = error instanceof Error ? error.message : String(error)
  return refused(
    'new_unwritable',
    `${path} cannot be written: ${reason}`,
    'choose a directory you may write to',
  )
}

function refused(code: string, message: string, hint: string): StartupError {
  return new StartupError([{ code, message, hint }], exitCode.usage)
}

function nextSteps(profile: Profile, path: string, env: NewRoom['env']): string {
  const pip = (env['VIRTUAL_ENV'] ?? '') === '' ? '.venv/bin/pip' : 'pip'
  const steps = [
    ...(path === '' ? [] : [`cd ${quoted(path)}`]),
    ...(pip === 'pip' ? [] : ['python3 -m venv .venv']),
    `${pip} install -r ${profile === 'deploy' ? 'requirements-dev.txt' : 'requirements.txt'}`,
    profile === 'auth' ? 'fluxlit dev --as ann@example.com:admins' : 'fluxlit dev',
  ]
  return `made ${path === '' ? 'the project' : path} (${profile}); next:\n\n${steps.map((step) => `  ${step}\n`).join('')}`
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`
}
