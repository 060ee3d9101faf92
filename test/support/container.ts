/**
 * Containers without an engine: the root file system of a small Debian, made once per machine with debootstrap, and a
 * gateway in it as process 1 of its own namespaces, confined as Docker and Kubernetes do it.
 */

import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { binary } from './binary.ts'
import { python, repository } from './python.ts'

const exec = promisify(execFile)

/** How the container differs from what config/deploy says. */
export interface ContainerOptions {
  /** Account it runs under. */
  readonly user?: string
  /** Added to the variables of the Dockerfile; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** What `gateway` is started with so that it runs in a container. */
export interface Container {
  readonly through: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Why there can be no container here; false when there can. */
export function withoutContainer(): string | false {
  if (process.getuid?.() !== 0) return 'only root may make a root file system'
  if (spawnSync('debootstrap', ['--version']).error !== undefined) return 'debootstrap is not installed'
  const names = spawnSync('unshare', [
    '--mount',
    '--pid',
    '--fork',
    '--ipc',
    '--uts',
    'mount',
    '--bind',
    '/',
    '/',
  ])
  if (names.status !== 0) return 'this account may not make namespaces'
  const system = versionOf('/usr/bin/python3')
  const own = versionOf(python())
  return system === own ? false : `the packages are for Python ${own}, the system has ${system}`
}

function versionOf(interpreter: string): string {
  const words = ['-c', 'import sys; print(*sys.version_info[:2], sep=".")']
  return spawnSync(interpreter, words, { encoding: 'utf8' }).stdout?.trim() ?? 'none'
}

/**
 * A container with the variables, the account and the confinement that the Dockerfile and the manifests say: the root
 * file system cannot be written to, there are no capabilities, and only /tmp and the state are the account's own. The
 * working directory becomes /app.
 */
export async function container(options: ContainerOptions = {}): Promise<Container> {
  const root = await rootFileSystem()
  const user = options.user ?? '65532:65532'
  const packages = packagesDirectory()
  const [uid, gid] = user.split(':')
  const namespaces = [
    '--mount',
    '--pid',
    '--fork',
    '--ipc',
    '--uts',
    '--kill-child',
    '--propagation',
    'private',
  ]
  const words = [root, packages, binary(), uid ?? '', gid ?? '']
  return {
    through: ['unshare', ...namespaces, 'sh', '-euc', enter, ...words],
    env: { LANG: undefined, ...dockerVariables(), ...options.env },
  }
}

/** Where the tests' Python has its packages. */
export function packagesDirectory(): string {
  const words = ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']
  return spawnSync(python(), words, { encoding: 'utf8' }).stdout.trim()
}

// $0 root, $1 packages, $2 executable, $3 and $4 account, then the command line of the gateway.
const enter = `
chmod 755 .
mount --bind "$0" "$0"
mount --bind -o ro "$1" "$0/venv/lib/packages"
mount --bind -o ro "$2" "$0/usr/local/bin/fluxlit"
mount --bind -o ro . "$0/app"
mount -t proc proc "$0/proc"
mount -t tmpfs -o mode=1777,size=256m tmp "$0/tmp"
mount -t tmpfs -o "mode=0700,uid=$3,gid=$4" state "$0/var/lib/fluxlit"
mount -o remount,ro,bind "$0"
root=$0 uid=$3 gid=$4
shift 5
cd "$root"
exec chroot . setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \\
  env --chdir=/app /usr/local/bin/fluxlit "$@"
`

/** The variables of the Dockerfile in config/deploy, as an engine sets them. */
function dockerVariables(): Readonly<Record<string, string>> {
  const text = readFileSync(join(repository, 'config', 'deploy', 'Dockerfile'), 'utf8').replaceAll(
    '\\\n',
    ' ',
  )
  const last = text.slice(text.lastIndexOf('\nFROM '))
  const pairs = [...last.matchAll(/^ENV (.+)$/gm)].flatMap(([, words = '']) => words.trim().split(/ +/))
  const usual = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      return [pair.slice(0, at), pair.slice(at + 1).replace('$PATH', usual)]
    }),
  )
}

/** Where what takes a minute to make stays for the next run. */
export function testCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fluxlit-test')
}

let made: Promise<string> | undefined

/** The root file system, made on first use; it stays for the next run. */
export function rootFileSystem(): Promise<string> {
  made ??= makeRoot()
  return made
}

async function makeRoot(): Promise<string> {
  const codename = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable'
  const cache = testCache()
  const root = join(cache, `${codename}-3`)
  if (existsSync(root)) return root
  await mkdir(cache, { recursive: true })
  // Beside it and renamed, so that a run that is ended leaves nothing that looks complete.
  const draft = await mkdtemp(join(cache, 'draft-'))
  console.log(`making a root file system of Debian ${codename} in ${cache}, about a minute`)
  await exec('debootstrap', [
    '--variant=minbase',
    '--include=python3,python3-venv,systemd',
    codename,
    draft,
    await mirror(codename),
  ])
  await furnish(draft)
  await chmod(draft, 0o755)
  await rename(draft, root).catch(() => rm(draft, { recursive: true, force: true }))
  return root
}

/** Where the package manager of this machine gets Debian from. */
async function mirror(codename: string): Promise<string> {
  const words = [
    'indextargets',
    '--format',
    '$(SITE) $(REPO_URI) $(CODENAME)',
    'Created-By: Packages',
    'Component: main',
  ]
  const { stdout } = await exec('apt-get', words)
  const line = stdout.split('\n').find((each) => each.endsWith(` ${codename}`) && each.includes('/debian/'))
  return line?.split(' ')[1] ?? 'http://deb.debian.org/debian'
}

/** What the Dockerfile adds: an environment, and places to mount at. */
async function furnish(root: string): Promise<void> {
  for (const path of ['app', 'srv/shop', 'venv/bin', 'venv/lib/packages', 'var/lib/fluxlit', 'usr/local/bin'])
    await mkdir(join(root, path), { recursive: true })
  await writeFile(join(root, 'usr/local/bin/fluxlit'), '', { mode: 0o755 })
  await exec('chroot', [root, 'ln', '-s', '/usr/bin/python3', '/venv/bin/python'])
  const packages = 'import sysconfig; print(sysconfig.get_path("purelib", "venv", {"base": "/venv"}))'
  const { stdout } = await exec('chroot', [root, 'python3', '-c', packages])
  await writeFile(join(root, 'venv/pyvenv.cfg'), 'home = /usr/bin\ninclude-system-site-packages = false\n')
  await exec('chroot', [root, 'sh', '-c', `mkdir -p "$(dirname '${stdout.trim()}')"`])
  await exec('chroot', [root, 'ln', '-s', '/venv/lib/packages', stdout.trim()])
}
