/** What a build of an image takes from the network, made here: the base image, and an index of Python packages. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

import type { Cleanup } from './cleanup.ts'
import { rootFileSystem, testCache } from './container.ts'
import { freshDirectory } from './directory.ts'
import type { Engine } from './docker-engine.ts'
import { python } from './python.ts'

const exec = promisify(execFile)

/** Where containers find the index: the first address of Docker's own bridge. */
export const packageIndexUrl = 'http://172.17.0.1:8080/'

/** A directory with packages, fetched once, where the tests' Python gets its own from. @param wanted as for pip */
export async function packageIndex(wanted: readonly string[]): Promise<string> {
  const { stdout } = await exec(python(), ['--version'])
  const key = createHash('sha256').update(stdout).update(wanted.join('\n')).digest('hex')
  const directory = join(testCache(), `packages-${key.slice(0, 12)}`)
  if (existsSync(directory)) return directory
  await mkdir(testCache(), { recursive: true })
  const draft = await mkdtemp(join(testCache(), 'draft-'))
  console.log(`fetching packages for an image into ${directory}, about half a minute`)
  await exec(python(), ['-m', 'pip', 'download', '--quiet', '--dest', draft, ...wanted])
  await rename(draft, directory).catch(() => rm(draft, { recursive: true, force: true }))
  return directory
}

/**
 * Gives an engine the base images of a Dockerfile under the names it calls them by: a small Debian with Python, which
 * takes its packages from the index. It stands in for python-slim, and has the Python of this machine.
 */
export async function baseImages(t: Cleanup, engine: Engine, dockerfile: string): Promise<void> {
  const settings = await freshDirectory(t, { files: { 'etc/pip.conf': pipSettings } })
  await mkdir(join(settings, 'usr', 'bin'), { recursive: true })
  await symlink('python3', join(settings, 'usr', 'bin', 'python'))
  const names = [...dockerfile.matchAll(/^FROM (\S+:\S+)/gm)].map(([, name = '']) => name)
  const root = await rootFileSystem()
  const left = 'venv app srv var/lib/fluxlit var/lib/apt var/cache usr/share/doc usr/share/locale'.split(' ')
  const without = left.map((path) => `--exclude=./${path}`).join(' ')
  const tar = `tar ${without} -C ${root} -c . -C ${settings} ./etc/pip.conf ./usr/bin/python`
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  // One that is there stays: of another, all that was built upon it would be built anew.
  for (const name of new Set(names))
    await engine.shell(
      '/',
      `docker image inspect ${name} >/dev/null 2>&1 || ${tar} | docker import --change 'ENV PATH=${path}' - ${name}`,
    )
}

const pipSettings = `[global]
no-index = true
find-links = ${packageIndexUrl}
trusted-host = ${new URL(packageIndexUrl).hostname}
`
