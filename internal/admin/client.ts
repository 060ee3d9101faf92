/** A command's end of the control socket. Whatever goes wrong is a StartupError that says what to do. */

import { request, type IncomingMessage } from 'node:http'

import { exitCode, StartupError, type Problem } from '../fault/startup.ts'
import { callerField, callerText } from './caller.ts'
import { connectionProblem, goneProblem, strangerProblem } from './connection-problem.ts'
import {
  parseEvent,
  parseJson,
  parseProblems,
  type ControlOutcome,
  type MaintenanceOutcome,
  type MaintenanceRequest,
} from './control.ts'
import { endpointOf } from '../worker/runtime-dir.ts'
import type { WhyReport } from '../recent/why.ts'
import { choiceBody, isSessionsReport, type SessionChoice, type SessionsReport } from './sessions.ts'
import { isRecord, isStatusReport, isWhyReport } from './shape.ts'
import type { StatusReport } from './status.ts'

/** Milliseconds a gateway may be silent before it counts as hung; a restart that has begun may take any time. */
const usualSilenceMs = 10_000

/** Talks to one gateway; every call is a connection of its own. */
export class ControlClient {
  readonly #socket: string
  readonly #silenceMs: number

  /**
   * @param socket path of the control socket
   * @param silenceMs for tests
   */
  constructor(socket: string, silenceMs = usualSilenceMs) {
    this.#socket = socket
    this.#silenceMs = silenceMs
  }

  /** How the gateway and its workers are. @throws StartupError */
  async status(): Promise<StatusReport> {
    const value = await this.#ask('GET', '/status')
    if (!isStatusReport(value)) throw failed(strangerProblem(this.#socket))
    return value
  }

  /** What became of a request. @param id well formed @throws StartupError */
  async why(id: string): Promise<WhyReport> {
    const value = await this.#ask('POST', '/why', { id })
    if (!isWhyReport(value)) throw failed(strangerProblem(this.#socket))
    return value
  }

  /** Ready says `draining` from now on. @throws StartupError */
  async drain(): Promise<void> {
    await this.#ask('POST', '/drain')
  }

  /** Switches maintenance on or off. @throws StartupError with exit code 2 for an unknown worker */
  async maintenance(wanted: MaintenanceRequest): Promise<MaintenanceOutcome> {
    const value = await this.#ask('POST', '/maintenance', wanted)
    if (!isRecord(value)) throw failed(strangerProblem(this.#socket))
    const { lost } = value
    return { lost: typeof lost === 'string' ? lost : null }
  }

  /** Sign-ins there are. @throws StartupError */
  sessions(chosen: SessionChoice): Promise<SessionsReport> {
    return this.#sessions('/sessions', chosen)
  }

  /** Ends sign-ins. @returns those it has ended @throws StartupError */
  endSessions(chosen: SessionChoice): Promise<SessionsReport> {
    return this.#sessions('/sessions/end', chosen)
  }

  /** Begins the graceful stop; returns when it was understood, not when it is done. @throws StartupError */
  async stop(): Promise<void> {
    await this.#ask('POST', '/stop')
  }

  /**
   * Restarts workers and waits until they are ready or were given up.
   *
   * @param workers empty = all that the gateway starts
   * @throws StartupError with exit code 2 for an unknown worker, 1 for everything else
   */
  restart(workers: readonly string[], progress: (line: string) => void): Promise<ControlOutcome> {
    return this.#follow('/restart', { workers }, progress)
  }

  /** Reloads the configuration and waits until it is in force or was given up. @throws StartupError */
  reload(progress: (line: string) => void): Promise<ControlOutcome> {
    return this.#follow('/reload', {}, progress)
  }

  async #sessions(path: string, chosen: SessionChoice): Promise<SessionsReport> {
    const value = await this.#ask('POST', path, choiceBody(chosen))
    if (!isSessionsReport(value)) throw failed(strangerProblem(this.#socket))
    return value
  }

  async #ask(method: 'GET' | 'POST', path: string, body: unknown = null): Promise<unknown> {
    const response = await this.#send(method, path, body)
    let text = ''
    for await (const chunk of this.#chunks(response)) text += chunk
    const value = parseJson(text)
    if (response.statusCode === 200 && value !== undefined) return value
    throw this.#refusal(response.statusCode, value)
  }

  async #follow(path: string, body: unknown, progress: (line: string) => void): Promise<ControlOutcome> {
    const response = await this.#send('POST', path, body)
    if (response.statusCode === 200) response.socket.setTimeout(0)
    let rest = ''
    for await (const chunk of this.#chunks(response)) {
      rest += chunk
      if (response.statusCode !== 200) continue
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = parseEvent(line)
        if (event?.kind === 'done') return event.outcome
        if (event?.kind === 'progress') progress(event.line)
      }
    }
    if (response.statusCode !== 200) throw this.#refusal(response.statusCode, parseJson(rest))
    throw failed(goneProblem)
  }

  #refusal(status: number | undefined, value: unknown): StartupError {
    const [first, ...others] = parseProblems(value) ?? []
    if (first === undefined) return failed(strangerProblem(this.#socket))
    return new StartupError([first, ...others], status === 400 ? exitCode.usage : exitCode.failed)
  }

  #send(method: 'GET' | 'POST', path: string, body: unknown): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const outgoing = request({
      socketPath: endpointOf(this.#socket),
      method,
      path,
      agent: false,
      host: 'localhost',
      headers: { [callerField]: callerText(process.env) },
    })
    // By the socket's own clock: it covers the answer's body too, and a long answer may switch it off.
    outgoing.setTimeout(this.#silenceMs, () => outgoing.destroy(new SilentError()))
    outgoing.once('response', resolve)
    outgoing.on('error', (error) => reject(failed(connectionProblem(error, this.#socket))))
    outgoing.end(body === null ? undefined : JSON.stringify(body))
    return promise
  }

  async *#chunks(response: IncomingMessage): AsyncGenerator<string> {
    try {
      for await (const chunk of response.setEncoding('utf8')) yield String(chunk)
    } catch (error) {
      throw failed(connectionProblem(error, this.#socket))
    }
  }
}

/** The gateway accepted the connection and then said nothing. */
class SilentError extends Error {
  readonly code = 'SILENT'
}

function failed(problem: Problem): StartupError {
  return new StartupError([problem], exitCode.failed)
}
