/** What each address of the control socket does. */

import type { IncomingMessage, ServerResponse } from 'node:http'

import { nearest } from '../config/nearest.ts'
import { isMessage } from '../maintenance/maintenance.ts'
import type { Problem } from '../fault/startup.ts'
import type { Actor, Audit, AuditResult } from '../log/audit.ts'
import type { Logger } from '../log/types.ts'
import { readBody } from './body.ts'
import { callerField, callerOf } from './caller.ts'
import { auditResult, parseJson, SessionsUnavailable, type ControlTarget } from './control.ts'
import { OperationDesk } from './operation.ts'
import { isRequestId } from './request-id.ts'
import { choiceBody, parseChoice } from './sessions.ts'
import { isRecord, isTexts } from './shape.ts'

/** Reads requests, refuses what makes no sense, and hands the rest to the gateway. */
export class ControlVerbs {
  readonly #target: ControlTarget
  readonly #logger: Logger
  readonly #audit: Audit
  readonly #operations: OperationDesk
  #stopping = false

  constructor(target: ControlTarget, logger: Logger, audit: Audit) {
    this.#target = target
    this.#logger = logger
    this.#audit = audit
    this.#operations = new OperationDesk(logger)
  }

  /** Answers one request. Rejects when the client leaves before it has asked, or the gateway breaks a promise. */
  async obey(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0] ?? ''
    const method = methods.get(path)
    if (method === undefined)
      return refuse(response, 404, bad(`there is no ${path}`, `known: ${[...methods.keys()].join(', ')}`))
    if (request.method !== method) {
      response.setHeader('allow', method)
      return refuse(response, 405, bad(`${path} takes ${method} only`))
    }
    const body = await readBody(request)
    if (body === null) return refuse(response, 413, bad('the request is too long'))
    const value = body.trim() === '' ? {} : parseJson(body)
    if (!isRecord(value)) return refuse(response, 400, bad('the body must be a JSON object'))
    await this.#perform(
      { path, body: value, actor: { via: 'control', ...callerOf(request.headers[callerField]) } },
      response,
    )
  }

  async #perform({ path, body, actor }: Asked, response: ServerResponse): Promise<void> {
    switch (path) {
      case '/status':
        return answer(response, 200, this.#target.status())
      case '/why':
        return this.#why(body['id'], response)
      case '/drain':
        this.#logger.info({}, 'drain asked for')
        this.#audit({ event: 'drain', actor })
        this.#target.drain()
        return answer(response, 200, { ok: true })
      case '/maintenance':
        return this.#maintenance(body, actor, response)
      case '/sessions':
      case '/sessions/end':
        return this.#sessions(path, body, actor, response)
      case '/stop':
        this.#audit({ event: 'stop', actor })
        return this.#stop(response)
      case '/restart':
        return this.#restart('workers' in body ? body['workers'] : [], actor, response)
      default:
        return this.#reload(actor, response)
    }
  }

  #why(id: unknown, response: ServerResponse): void {
    if (typeof id !== 'string' || !isRequestId(id))
      return refuse(response, 400, bad('`id` must be the id of a request'))
    answer(response, 200, this.#target.why(id))
  }

  async #sessions(
    path: '/sessions' | '/sessions/end',
    body: Readonly<Record<string, unknown>>,
    actor: Actor,
    response: ServerResponse,
  ): Promise<void> {
    const chosen = parseChoice(body)
    if (chosen === null) return refuse(response, 400, bad('name one user, or a list of ids, or nothing'))
    try {
      if (path === '/sessions') return answer(response, 200, await this.#target.sessions(chosen))
      const report = await this.#target.endSessions(chosen)
      const ended = report.kind === 'none' ? [] : report.sessions.map(({ id }) => id)
      this.#audit({ event: 'sessions.end', ...choiceBody(chosen), ended, actor })
      answer(response, 200, report)
    } catch (error) {
      if (!(error instanceof SessionsUnavailable)) throw error
      refuse(response, 503, unavailable)
    }
  }

  /** Stops only after the answer is out: the stop may end this very socket. */
  #stop(response: ServerResponse): void {
    this.#logger.info({}, 'stop asked for')
    this.#stopping = true
    if (response.destroyed) return this.#target.stop()
    response.once('close', () => this.#target.stop())
    answer(response, 200, { ok: true })
  }

  #maintenance(body: Readonly<Record<string, unknown>>, actor: Actor, response: ServerResponse): void {
    const { on, workers, message } = body
    if (typeof on !== 'boolean' || typeof message !== 'string' || !isMessage(message))
      return refuse(response, 400, bad('`on` must be true or false, and `message` a line'))
    const wrong = this.#wrongNames(workers)
    if (!isTexts(workers) || wrong.length > 0) return refuse(response, 400, ...wrong)
    this.#audit({ event: 'maintenance', on, workers, ...(on ? { message } : {}), actor })
    answer(response, 200, this.#target.maintenance({ on, workers, message }))
  }

  /** What is wrong with a list of workers. */
  #wrongNames(workers: unknown): readonly Problem[] {
    if (!isTexts(workers)) return [bad('`workers` must be a list of names')]
    const known = Object.keys(this.#target.status().workers)
    return workers.filter((name) => !known.includes(name)).map((name) => unknownWorker(name, known))
  }

  async #restart(workers: unknown, actor: Actor, response: ServerResponse): Promise<void> {
    const wrong = this.#wrongNames(workers)
    if (!isTexts(workers) || wrong.length > 0) return refuse(response, 400, ...wrong)
    const name = workers.length === 0 ? 'restart' : `restart of ${workers.join(', ')}`
    const tell = (result: AuditResult): void => this.#audit({ event: 'restart', workers, actor, ...result })
    await this.#operate(name, response, tell, (progress) => this.#target.restart(workers, progress))
  }

  async #reload(actor: Actor, response: ServerResponse): Promise<void> {
    const tell = (result: AuditResult): void => this.#audit({ event: 'reload', actor, ...result })
    await this.#operate('reload', response, tell, (progress) => this.#target.reload(progress))
  }

  async #operate(
    name: string,
    response: ServerResponse,
    tell: (result: AuditResult) => void,
    work: Parameters<OperationDesk['run']>[2],
  ): Promise<void> {
    const hindrance = this.#stopping ? stopping : this.#operations.busy
    if (hindrance === null) return tell(auditResult(await this.#operations.run(name, response, work)))
    tell({ result: 'refused', reason: hindrance.message })
    refuse(response, 409, hindrance)
  }
}

/** One request, understood. */
interface Asked {
  readonly path: string
  readonly body: Readonly<Record<string, unknown>>
  readonly actor: Actor
}

const methods: ReadonlyMap<string, string> = new Map([
  ['/status', 'GET'],
  ['/why', 'POST'],
  ['/restart', 'POST'],
  ['/reload', 'POST'],
  ['/drain', 'POST'],
  ['/maintenance', 'POST'],
  ['/sessions', 'POST'],
  ['/sessions/end', 'POST'],
  ['/stop', 'POST'],
])

const stopping: Problem = { code: 'control_busy', message: 'the gateway is stopping' }

const unavailable: Problem = {
  code: 'sessions_unavailable',
  message: 'the store of sessions does not answer',
  hint: 'sessions that were ended before it fell silent stay ended; ask again when it is back',
}

/** What only another program than ours would send. */
function bad(message: string, hint?: string): Problem {
  return { code: 'control_request', message, ...(hint === undefined ? {} : { hint }) }
}

function unknownWorker(name: string, known: readonly string[]): Problem {
  const near = nearest(name, known)
  const hint = near === null ? `workers: ${known.join(', ')}` : `did you mean \`${near}\`?`
  return { code: 'unknown_worker', message: `there is no worker ${JSON.stringify(name)}`, hint }
}

/** Answers with what is wrong. Breaks the connection off when another answer has begun. */
export function refuse(response: ServerResponse, status: number, ...problems: readonly Problem[]): void {
  answer(response, status, { problems })
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(value)}\n`)
}
