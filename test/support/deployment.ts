import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { app } from './apps.ts'
import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'

/** Releases of an app side by side, one of them in force behind a symbolic link, as deploy tools leave them. */
export class Deployment {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  /** Configuration of a gateway that serves it at `/api`; `keys` are further ones of the worker. */
  toml(keys = ''): string {
    const root = JSON.stringify(this.directory)
    return `root = ${root}\n[workers.api]\napp = "main:app"\ncwd = "current"\n${keys}`
  }

  /** Puts a release beside the others, not yet in force. */
  async publish(version: number, source = app('release.py')): Promise<void> {
    const release = join(this.directory, 'releases', String(version))
    await mkdir(release, { recursive: true })
    await writeFile(join(release, 'main.py'), source)
    await writeFile(join(release, 'VERSION'), String(version))
  }

  /** Puts a published release in force, in one step. */
  async flip(version: number): Promise<void> {
    const next = join(this.directory, 'next')
    await symlink(join('releases', String(version)), next)
    await rename(next, join(this.directory, 'current'))
  }

  /** Ids of the notes the app was given, in order, each as often as it was. */
  async journal(): Promise<readonly string[]> {
    return (await readFile(join(this.directory, 'journal'), 'utf8')).trim().split('\n')
  }
}

/** A deployment with release 1 in force. */
export async function deployment(t: Cleanup, source?: string): Promise<Deployment> {
  const made = new Deployment(await freshDirectory(t))
  await made.publish(1, source)
  await made.flip(1)
  return made
}
