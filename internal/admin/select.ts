/** Which gateway a command means: the one whose configuration, process or socket was named. */

import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { instanceHash, longestSocketPath } from '../worker/runtime-dir.ts'
import { ControlClient } from './client.ts'
import { deniedProblem } from './connection-problem.ts'
import { findGateways, type FoundGateway, type Search } from './find.ts'

/** How a gateway was named. */
export interface GatewayChoice {
  /** Absolute path of its configuration, as `instanceKey` of internal/config/sources.ts gives it. */
  readonly instanceKey: string
  /** Where to look, as `searchPlaces` gives it. */
  readonly places: readonly string[]
  /** `--socket`: beats everything else. */
  readonly socket?: string | undefined
  /** `--pid`: whatever its configuration. */
  readonly pid?: number | undefined
}

/** Other gateways that are named when the one that was meant is not found. */
const mostListed = 10

/**
 * Path of the control socket of the one gateway that is meant.
 *
 * @throws StartupError `no_gateway` (with where it was looked for and what else runs), `several_gateways`,
 *   `control_denied`, `socket_path_too_long`; exit code 1
 */
export async function selectGateway(choice: GatewayChoice): Promise<string> {
  if (choice.socket !== undefined) return checkedLength(choice.socket)
  const instance = choice.pid === undefined ? instanceHash(choice.instanceKey) : null
  const search = await findGateways(choice.places, instance)
  const meant = search.gateways.filter(({ pid }) => choice.pid === undefined || pid === choice.pid)
  const [first, ...others] = meant
  if (first === undefined) throw failed(await nothingFound(choice, search))
  if (others.length > 0) throw failed(await severalFound(choice, meant))
  return first.socket
}

function checkedLength(socket: string): string {
  if (Buffer.byteLength(socket) <= longestSocketPath) return socket
  throw failed({
    code: 'socket_path_too_long',
    message: `the socket path ${socket} is longer than ${longestSocketPath} bytes`,
    where: '--socket',
    hint: 'give a relative path from a directory nearer to it',
  })
}

async function nothingFound(choice: GatewayChoice, search: Search): Promise<Problem> {
  const all = choice.pid === undefined ? await findGateways(choice.places, null) : search
  const looked = search.looked.map(({ directory, outcome }) => `looked in ${directory}: ${outcome}`)
  const running = await Promise.all(all.gateways.slice(0, mostListed).map(describe))
  const denied = search.looked.find(({ outcome }) => outcome === 'permission denied')
  const whose = choice.pid === undefined ? choice.instanceKey : `process ${choice.pid}`
  const detail = [...looked, ...running.map((line) => `running: ${line}`)]
  if (denied !== undefined) return { ...deniedProblem(denied.directory), detail }
  const hint =
    running.length > 0
      ? 'name the one you mean: -c FILE, --pid PID or --socket PATH'
      : 'start it with `fluxlit serve`, or name its socket with --socket PATH'
  return { code: 'no_gateway', message: `no gateway is running for ${whose}`, hint, detail }
}

async function severalFound(choice: GatewayChoice, gateways: readonly FoundGateway[]): Promise<Problem> {
  return {
    code: 'several_gateways',
    message: `${gateways.length} gateways are running for ${choice.instanceKey}`,
    hint: 'say which one with --pid PID or --socket PATH',
    detail: await Promise.all(gateways.map(describe)),
  }
}

/** `--pid 4711, http://127.0.0.1:8000, /srv/app/fluxlit.toml`; without the rest when it does not say. */
async function describe({ pid, socket }: FoundGateway): Promise<string> {
  try {
    const { gateway } = await new ControlClient(socket).status()
    return `--pid ${pid}, ${gateway.url}, ${gateway.instance}`
  } catch {
    return `--pid ${pid}, --socket ${socket}`
  }
}

function failed(problem: Problem): StartupError {
  return new StartupError([problem], exitCode.failed)
}
