/**
 * Images without a registry: the root file system and the packages of the tests, the executable, and a project, with
 * the settings of the Dockerfile that `fluxlit build` wrote, as an archive that containerd imports.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { binary } from '../../test/support/binary.ts'
import { packagesDirectory, rootFileSystem } from '../../test/support/container.ts'

/** What an image says about the process it starts. */
export interface Settings {
  readonly Entrypoint: readonly string[]
  readonly Env?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
}

/** One layer: a tar file and the hash of its bytes. */
interface Layer {
  readonly file: string
  readonly sha256: string
}

/** Makes layers and archives in one directory. */
export class Images {
  readonly #directory: string

  /** @param directory for layers, which many images share, and for archives */
  constructor(directory: string) {
    this.#directory = directory
    mkdirSync(directory, { recursive: true })
  }

  /** A small Debian that sleeps. */
  async pause(name: string): Promise<string> {
    return this.#archive(name, { Entrypoint: ['/bin/sleep', 'infinity'] }, [await this.#base()])
  }

  /** What the Dockerfile of a project describes. */
  async gateway(name: string, project: string): Promise<string> {
    const settings = settingsOf(readFileSync(join(project, 'Dockerfile'), 'utf8'))
    const packages = settings.Env?.includes('VIRTUAL_ENV=/venv') === true ? [await this.#packages()] : []
    const own = [await this.#executable(), await this.#app(name, project)]
    return this.#archive(name, settings, [await this.#base(), ...packages, ...own])
  }

  /** An app without a gateway, started with a command line of its own. */
  async app(name: string, project: string, command: readonly string[]): Promise<string> {
    const variables = [
      'HOME=/tmp',
      'PYTHONDONTWRITEBYTECODE=1',
      'FLUXLIT_INTERNAL_API_BASE=http://127.0.0.1:8001',
    ]
    const Env = ['PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin', ...variables]
    const settings: Settings = { Entrypoint: command, Env, User: '65532:65532', WorkingDir: '/app' }
    return this.#archive(name, settings, [
      await this.#base(),
      await this.#packages(),
      await this.#app(name, project),
    ])
  }

  async #base(): Promise<Layer> {
    return this.#layer('base', ['-C', await rootFileSystem(), '.'])
  }

  #packages(): Promise<Layer> {
    return this.#layer('packages', [
      '-C',
      packagesDirectory(),
      '--transform',
      's,^\\.,venv/lib/packages,',
      '.',
    ])
  }

  #executable(): Promise<Layer> {
    const name = binary().slice(1)
    return this.#layer('executable', ['-C', '/', '--transform', `s,^.*$,usr/local/bin/fluxlit,`, name])
  }

  #app(name: string, project: string): Promise<Layer> {
    const without = ['--exclude=./fluxlit', '--exclude=./kubernetes', '--exclude=./sidecar']
    const label = `app-${name.replace(/\W/g, '-')}`
    rmSync(join(this.#directory, `${label}.tar`), { force: true })
    return this.#layer(label, ['-C', project, ...without, '--transform', 's,^\\.,app,', '--mode=a+rX', '.'])
  }

  async #layer(label: string, words: readonly string[]): Promise<Layer> {
    const file = join(this.#directory, `${label}.tar`)
    const own = ['--create', '--file', file, '--numeric-owner', '--owner=0', '--group=0', '--sort=name']
    if (!existsSync(file)) execFileSync('tar', [...own, ...words], { stdio: 'pipe' })
    return { file, sha256: await hashOf(file) }
  }

  #archive(name: string, settings: Settings, layers: readonly Layer[]): string {
    const draft = mkdtempSync(join(this.#directory, 'draft-'))
    const config = JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: settings,
      rootfs: { type: 'layers', diff_ids: layers.map(({ sha256 }) => `sha256:${sha256}`) },
    })
    const Config = `${createHash('sha256').update(config).digest('hex')}.json`
    const Layers = layers.map(({ sha256 }) => `${sha256}.tar`)
    writeFileSync(join(draft, Config), config)
    writeFileSync(join(draft, 'manifest.json'), JSON.stringify([{ Config, RepoTags: [name], Layers }]))
    for (const [index, { file }] of layers.entries()) linkSync(file, join(draft, Layers[index] ?? ''))
    const archive = `${draft}.tar`
    execFileSync('tar', ['--create', '--file', archive, '-C', draft, '.'], { stdio: 'pipe' })
    rmSync(draft, { recursive: true })
    return archive
  }
}

/** The settings that the last stage of a Dockerfile gives its image. */
export function settingsOf(dockerfile: string): Settings {
  const text = dockerfile.replaceAll('\\\n', ' ')
  const last = text.slice(text.lastIndexOf('\nFROM '))
  const word = (instruction: string): string => new RegExp(`^${instruction} (.+)$`, 'm').exec(last)?.[1] ?? ''
  const pairs = [...last.matchAll(/^ENV (.+)$/gm)].flatMap(([, words = '']) => words.trim().split(/ +/))
  const usual = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return {
    Entrypoint: JSON.parse(word('ENTRYPOINT')),
    Env: pairs.map((pair) => pair.replace('$PATH', usual)),
    User: word('USER'),
    WorkingDir: word('WORKDIR'),
  }
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

/** Loads an archive into the runtime of the node, and removes it. */
export function importImage(socket: string, archive: string): void {
  const words = ['--address', socket, '--namespace', 'k8s.io', 'images', 'import', archive]
  const { status, stderr } = spawnSync('ctr', words, { encoding: 'utf8' })
  rmSync(archive)
  if (status !== 0) throw new Error(`ctr images import: ${stderr}`)
}
