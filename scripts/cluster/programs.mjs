/** The programs of a cluster, built from Go modules whose hashes are in the go.sum files beside this one. */

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { repository, SetupError } from '../shell/progress.mjs'
import { capture, must } from '../shell/run.mjs'

const here = join(repository, 'scripts', 'cluster')

/** The Gateway API, of which only the definitions of its kinds are used. */
export const gatewayApiVersion = 'v1.6.3'

/** The hash that `go` has to give for it. */
const gatewayApiSum = 'h1:lKpJa5bGlraC/QeACvCpsHLdmO6y0iKfzVl6gzaFEYc='

/** What the node needs from Debian, by a program of each package. */
const debian = {
  containerd: 'containerd',
  runc: 'runc',
  etcd: 'etcd-server',
  iptables: 'iptables',
  ip: 'iproute2',
  setpriv: 'util-linux',
  openssl: 'openssl',
  debootstrap: 'debootstrap',
}

/**
 * Says what is missing on this machine, all at once.
 * @throws {SetupError}
 */
export async function requireMachine() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new SetupError('a cluster needs Linux and root: namespaces, cgroups, mounts')
  const tried = Object.entries(debian).map(async ([program, name]) => {
    const { status } = await capture('sh', ['-c', `command -v ${program}`])
    return status === 0 ? [] : [name]
  })
  const missing = (await Promise.all(tried)).flat()
  if (!existsSync('/usr/lib/cni/bridge')) missing.push('containernetworking-plugins')
  if (missing.length > 0)
    throw new SetupError(`not installed: ${missing.join(', ')}`, `apt-get install ${missing.join(' ')}`)
  const { status, output } = await capture('go', ['version']).catch(() => ({ status: 1, output: '' }))
  if (status !== 0 || Number(/go1\.(\d+)/.exec(output)?.[1]) < 26)
    throw new SetupError('Go 1.26 or newer is needed to build Kubernetes', 'put it on PATH')
  if (existsSync('/sys/fs/cgroup/cgroup.controllers'))
    throw new SetupError(
      'this machine has cgroup v2 only, for which scripts/cluster/node.sh was not written yet',
      'boot with systemd.unified_cgroup_hierarchy=0, or add it there',
    )
}

/** @returns {string} the version of Kubernetes in go.mod */
export function kubernetesVersion() {
  const text = readFileSync(join(here, 'kubernetes', 'go.mod'), 'utf8')
  return /^require k8s\.io\/kubernetes (\S+)/m.exec(text)?.[1] ?? ''
}

/** @returns {string} where the programs are, or will be after {@link buildPrograms} */
export function programsDirectory() {
  const cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')
  return join(cache, 'fluxlit-test', `kubernetes-${kubernetesVersion()}`)
}

/** @returns {Promise<string | null>} what was done, null when they were there */
export async function buildPrograms() {
  const directory = programsDirectory()
  if (existsSync(directory)) return null
  const draft = `${directory}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  for (const module of ['kubernetes', 'kustomize']) {
    const flags = [
      '-p',
      '2',
      '-trimpath',
      '-mod=readonly',
      '-ldflags',
      versionFlags(),
      '-o',
      `${draft}/`,
      'tool',
    ]
    const env = { ...process.env, CGO_ENABLED: '0' }
    await must(`building ${module}`, 'nice', ['-n', '15', 'go', 'build', ...flags], {
      cwd: join(here, module),
      env,
    })
  }
  renameSync(draft, directory)
  return `Kubernetes ${kubernetesVersion()} from Go modules`
}

/** What the build scripts of Kubernetes write into its programs. */
function versionFlags() {
  const version = kubernetesVersion()
  const [major = '', minor = ''] = version.slice(1).split('.')
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor }
  const sets = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) =>
    Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`),
  )
  return ['-s', '-w', ...sets].join(' ')
}

/** @returns {Promise<string>} the directory with the CustomResourceDefinitions of the Gateway API */
export async function gatewayDefinitions() {
  const words = ['mod', 'download', '-json', `sigs.k8s.io/gateway-api@${gatewayApiVersion}`]
  const { Dir, Sum } = JSON.parse(await must('fetching the Gateway API', 'go', words, { cwd: here }))
  if (Sum !== gatewayApiSum)
    throw new SetupError(`the Gateway API ${gatewayApiVersion} is not the pinned one: ${Sum}`)
  return join(Dir, 'config', 'crd')
}
