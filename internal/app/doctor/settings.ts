/** Settings of different programs that have to agree: sizes, prefixes, protections, addresses. */

import { readFileSync } from 'node:fs'

import type { StreamlitWorker } from '../../config/config.ts'
import { isChild } from '../../worker/command.ts'
import { readStreamlitConfig } from '../../worker/streamlit-config.ts'
import { memoryLimit } from '../../host/memory-group.ts'
import { exposedSecrets, workerAccounts } from '../exposed-secrets.ts'
import { found, passed, type Check, type Finding, type Subject } from './finding.ts'

const mebibyte = 2 ** 20

/** Fewer descriptors than this are used up by a few hundred visitors. */
const leastFiles = 4096

/** Streamlit's own settings against the gateway's. */
export const checkStreamlit: Check = (subject) =>
  subject.config.workers.flatMap((worker) =>
    worker.kind === 'streamlit' && worker.run.kind === 'spawn'
      ? streamlitFindings(worker, worker.run, subject)
      : [],
  )

function streamlitFindings(
  worker: StreamlitWorker,
  { cwd, script, env, args }: StreamlitWorker['run'] & { readonly kind: 'spawn' },
  subject: Subject,
): readonly Finding[] {
  const home = env['HOME'] ?? subject.env['HOME']
  const configured = readStreamlitConfig({ home, cwd, script })
  const setting = (option: string, variable: string): string | undefined =>
    argument(args, option) ?? env[variable] ?? subject.env[variable] ?? configured.get(option)
  return [
    uploadFinding(worker, Number(setting('server.maxUploadSize', 'STREAMLIT_SERVER_MAX_UPLOAD_SIZE'))),
    ...protectionFindings(
      worker.name,
      setting('server.enableXsrfProtection', 'STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION'),
    ),
  ]
}

function argument(args: readonly string[], option: string): string | undefined {
  const index = args.findIndex((word) => word === `--${option}` || word.startsWith(`--${option}=`))
  const [, value = args[index + 1]] = (args[index] ?? '').split('=')
  return index === -1 ? undefined : value
}

/** @param streamlitMiB NaN when nothing says one: the gateway's is passed on then */
function uploadFinding({ name, maxBodyBytes, where }: StreamlitWorker, streamlitMiB: number): Finding {
  const ours = maxBodyBytes / mebibyte
  if (Number.isNaN(streamlitMiB) || maxBodyBytes === 0 || Math.ceil(ours) >= streamlitMiB) {
    const limit = maxBodyBytes === 0 ? 'of any size' : `of up to ${Math.floor(ours)} MiB`
    return passed('upload_limit', `worker ${name} takes uploads ${limit}`)
  }
  return {
    code: 'upload_limit',
    state: 'WARN',
    message: `Streamlit offers uploads of up to ${streamlitMiB} MiB, but the gateway refuses what is larger than ${Math.floor(ours)} MiB for worker ${name}`,
    where,
    fix: `in [workers.${name}] write max_body = "${streamlitMiB}MiB", or set server.maxUploadSize = ${Math.floor(ours)} in .streamlit/config.toml`,
  }
}

function protectionFindings(name: string, xsrf: string | undefined): readonly Finding[] {
  if (xsrf?.toLowerCase() !== 'false') return []
  return [
    {
      code: 'xsrf_off',
      state: 'WARN',
      message: `server.enableXsrfProtection is off: another site can upload files in the name of a visitor of worker ${name}`,
      fix: 'remove the setting; behind this gateway it is not needed for anything to work',
    },
  ]
}

/** What the address people see says about the way to it. */
export const checkAddress: Check = ({ config, originOf }) => {
  const { publicBaseUrl, tls, trustedProxies } = config
  if (!publicBaseUrl.startsWith('https:') || tls !== null) return []
  if (trustedProxies.length > 0)
    return [passed('trusted_proxies', `forwarded headers of ${trustedProxies.join(', ')} count`)]
  return [
    {
      code: 'proxy_not_trusted',
      state: 'WARN',
      message:
        'public_base_url is https and the gateway speaks plain HTTP, so there is a proxy in front; none is trusted, and every client has its address',
      where: originOf('public_base_url'),
      fix: 'name its network: trusted_proxies = ["127.0.0.0/8"]',
    },
  ]
}

/** Whether workers with an account of their own can read what is the gateway's. */
export const checkExposed: Check = ({ config }) => {
  if (workerAccounts(config).size === 0) return []
  const problems = exposedSecrets(config)
  if (problems.length > 0) return problems.map((problem) => found(problem, 'WARN'))
  return [passed('secret_exposed', 'no worker with an account of its own can read a secret of the gateway')]
}

/** Whether workers are replaced before the kernel kills them. */
export const checkMemory: Check = ({ config: { workers } }) => {
  const limit = memoryLimit()
  if (limit === null) return []
  const together = `${Math.floor(limit / mebibyte)} MiB`
  const late = workers.filter((worker) => isChild(worker) && worker.run.maxMemoryBytes >= limit)
  if (late.length === 0) return [passed('memory_limit', `all of it together may use ${together} of memory`)]
  return late.map(({ name, where }) => ({
    code: 'memory_limit',
    state: 'WARN',
    message: `max_memory of worker ${name} is not below the ${together} that all of it together may use: the kernel kills something before the worker is replaced`,
    where,
    fix: `lower max_memory in [workers.${name}], or raise the limit of the container or unit (memory, MemoryMax=)`,
  }))
}

/** What of the machine and the account matters. */
export const checkSurroundings: Check = ({ config, originOf }) => {
  const files = openFiles()
  return [
    config.stateDir === null
      ? {
          code: 'no_state_dir',
          state: 'WARN',
          message: 'there is nowhere to keep state: the cookies of Streamlit end with the process',
          where: originOf('state.dir'),
          fix: 'set state.dir to a directory the gateway may write to',
        }
      : passed('state_dir', `state is kept in ${config.stateDir}`),
    files !== null && files < leastFiles
      ? {
          code: 'few_files',
          state: 'WARN',
          message: `this account may have ${files} files and sockets open; a visitor takes three`,
          fix: 'raise the limit: ulimit -n 65536, or LimitNOFILE=65536 in the systemd unit',
        }
      : passed(
          'open_files',
          files === null ? 'any number of files may be open' : `${files} files may be open`,
        ),
  ]
}

/** The soft limit, or null when there is none or it cannot be seen. */
function openFiles(): number | null {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    return limit === undefined ? null : Number(limit)
  } catch {
    return null
  }
}
