/** `fluxlit healthcheck`: one line and an exit status, for images without curl. */

import type { StatusReport } from '../admin/status.ts'
import { exitCode, StartupError } from '../fault/startup.ts'
import { connect, type ControlFlags } from './control.ts'
import type { Terminal } from './control-terminal.ts'
import { plain } from './status-table.ts'

/** Flags of `healthcheck`. */
export interface HealthcheckFlags extends ControlFlags {
  readonly url?: string | undefined
}

/** Milliseconds a gateway asked over the network may take. */
const patienceMs = 5000

/** Whether it is ready, and the line that says so. */
interface Verdict {
  readonly ready: boolean
  readonly line: string
}

/** Resolves to 0 when the gateway is ready, else to 1, never to another number: Docker reserves 2. */
export async function healthcheck(flags: HealthcheckFlags, terminal: Terminal): Promise<number> {
  const { ready, line } = flags.url === undefined ? await askSocket(flags, terminal) : await askUrl(flags.url)
  terminal.out(`${plain(line).replaceAll('\n', ' ')}\n`)
  return ready ? exitCode.ok : exitCode.failed
}

async function askSocket(flags: ControlFlags, terminal: Terminal): Promise<Verdict> {
  try {
    const client = await connect(flags, terminal)
    return verdictOf(await client.status())
  } catch (error) {
    if (error instanceof StartupError) return { ready: false, line: `not ready: ${error.message}` }
    throw error
  }
}

function verdictOf({ gateway, workers }: StatusReport): Verdict {
  if (gateway.state === 'ready') return { ready: true, line: 'ready' }
  if (gateway.state === 'draining') return { ready: false, line: 'not ready: draining' }
  const missing = Object.entries(workers).filter(([, { required, state }]) => required && state !== 'ready')
  const words = missing.map(
    ([name, { state, reason }]) => `${name} is ${state}${reason === null ? '' : `: ${reason}`}`,
  )
  return { ready: false, line: `not ready: ${words.join('; ')}` }
}

async function askUrl(text: string): Promise<Verdict> {
  const url = readyUrl(text)
  if (url === null) return { ready: false, line: `not ready: --url ${text} is not an http or https address` }
  try {
    const signal = AbortSignal.timeout(patienceMs)
    const response = await fetch(url, { signal, redirect: 'manual', headers: { connection: 'close' } })
    await response.body?.cancel()
    if (response.status === 200) return { ready: true, line: 'ready' }
    return { ready: false, line: `not ready: ${url.href} answers ${response.status}` }
  } catch (error) {
    return { ready: false, line: `not ready: ${url.href} does not answer: ${reasonOf(error)}` }
  }
}

/** The address of readyz below a gateway's own; one that names a health endpoint already stays as it is. */
function readyUrl(text: string): URL | null {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) return null
  if (!/\/(readyz|healthz)$/.test(url.pathname))
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/__fluxlit/readyz`
  return url
}

/** fetch hides what happened in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `nothing within ${patienceMs / 1000} s`
  const { cause } = error
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message
  return error.message
}
