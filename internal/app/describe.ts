/** `fluxlit check --worker NAME`: what a worker is started with, or should be when it runs elsewhere. */

import type { Config, StreamlitWorker, UvicornWorker, WorkerConfig } from '../config/config.ts'
import { isLoopback } from '../config/network.ts'
import { shownArguments, shownValue } from '../config/secret.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import { isChild } from '../worker/command.ts'
import { Planner, type GenerationPlan } from '../worker/plan.ts'
import { isProblem } from '../worker/problem.ts'
import { streamlitBasePath } from '../worker/streamlit-environment.ts'
import { looking, type LookingParts } from './looking.ts'

/** A worker's start in a form to print. Secrets are redacted. */
export interface WorkerDescription {
  readonly name: string
  /** Null for a worker without a process of ours. */
  readonly command: readonly string[] | null
  readonly cwd: string | null
  readonly env: Readonly<Record<string, string>>
  /** Names in `env` that are not inherited from the gateway's own environment as they are. */
  readonly own: readonly string[]
  /** What to do, for workers that are run elsewhere. */
  readonly advice: readonly string[]
}

/** Describes one worker. Looks at the interpreter as a start would. @throws StartupError when it could not start */
export async function describeWorker(worker: WorkerConfig, parts: LookingParts): Promise<WorkerDescription> {
  if (!isChild(worker))
    return {
      name: worker.name,
      command: null,
      cwd: null,
      env: {},
      own: [],
      advice: adviceFor(worker, parts.config),
    }
  return looking(parts, async ({ room, directory }) => {
    const plan = await new Planner(worker, room).plan(1)
    if (isProblem(plan)) throw new StartupError([plan], exitCode.usage)
    return describePlan(plan, directory, parts.env)
  })
}

function describePlan(
  { worker, argv, cwd, env: variables }: GenerationPlan,
  directory: string,
  inherited: LookingParts['env'],
): WorkerDescription {
  const shown = (text: string): string => text.replaceAll(directory, '<runtime>')
  const sorted = Object.entries(variables).toSorted(([a], [b]) => a.localeCompare(b))
  return {
    name: worker.name,
    command: shownArguments(argv).map(shown),
    cwd,
    env: Object.fromEntries(sorted.map(([name, value]) => [name, shownValue(name, shown(value))])),
    own: sorted.filter(([name, value]) => inherited[name] !== value).map(([name]) => name),
    advice: [],
  }
}

/** The description as lines: working directory, variables that are not the gateway's own, command. */
export function renderDescription(description: WorkerDescription): string {
  const { command, cwd, env, own, advice } = description
  if (command === null) return `${advice.join('\n')}\n`
  const variables = own.map((name) => `${name}=${quote(env[name] ?? '')} \\\n`).join('')
  return `cd ${quote(cwd ?? '.')}\n${variables}${command.map(quote).join(' ')}\n`
}

function adviceFor(worker: WorkerConfig, config: Config): readonly string[] {
  if (worker.kind === 'uvicorn') return uvicornAdvice(worker, config)
  if (worker.kind === 'streamlit') return streamlitAdvice(worker, config)
  return [`# ${worker.name} is not a process the gateway knows the command of`]
}

function uvicornAdvice(worker: UvicornWorker, config: Config): readonly string[] {
  const root = config.rootPath + (worker.stripPrefix && worker.mount !== '/' ? worker.mount : '')
  return [
    `# ${worker.name} is run elsewhere. Start it with:`,
    `uvicorn APP${uvicornPlace(worker)} --http httptools --timeout-keep-alive 75 --timeout-graceful-shutdown 9${root === '' ? '' : ` --root-path ${root}`}`,
  ]
}

/** Where it listens and whom it believes. Behind a name of the network only its operator knows both. */
function uvicornPlace({ run }: UvicornWorker): string {
  if (run.kind !== 'url') return ''
  const { address } = run
  // A client of a Unix socket has no address that could be named.
  if (address.kind === 'unix') return ` --uds ${quote(address.path)} --forwarded-allow-ips '*'`
  if (!isLoopback(address.host)) return ' --forwarded-allow-ips GATEWAY_ADDRESS'
  const host = address.host === 'localhost' ? '127.0.0.1' : address.host
  return ` --host ${host} --port ${address.port} --forwarded-allow-ips ${host}`
}

function streamlitAdvice(worker: StreamlitWorker, config: Config): readonly string[] {
  const base = streamlitBasePath(worker, config.rootPath)
  return [
    `# ${worker.name} is run elsewhere. Start it with:`,
    `streamlit run SCRIPT${streamlitPlace(worker)} --server.headless true --browser.gatherUsageStats false${base === '' ? '' : ` --server.baseUrlPath ${base}`} --server.maxUploadSize ${Math.ceil(worker.maxBodyBytes / 2 ** 20)}`,
    '# and STREAMLIT_SERVER_COOKIE_SECRET set to the same value on every replica',
  ]
}

function streamlitPlace({ run }: StreamlitWorker): string {
  if (run.kind !== 'url') return ''
  const { address } = run
  if (address.kind === 'unix') return ` --server.address ${quote(`unix://${address.path}`)}`
  return isLoopback(address.host) ? ` --server.address ${address.host} --server.port ${address.port}` : ''
}

/** A word as a POSIX shell takes it. */
function quote(text: string): string {
  return /^[\w@%+=:,./<>-]+$/.test(text) && !/[<>]/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
