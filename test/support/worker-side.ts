import { AnswerMemory } from '../../internal/http1/answer-head.ts'
import type { AnswerSink, UpstreamErrorKind, WorkerTunnel } from '../../internal/http1/client-connection.ts'
import type { ClientConnection, ClientLimits, UpstreamError } from '../../internal/http1/client-connection.ts'
import type { ConnectionPool, OutgoingRequest } from '../../internal/http1/client-connection.ts'
import type { AnswerHead } from '../../internal/http1/head.ts'
import type { WriteOutcome } from '../../internal/http1/transaction.ts'

/** Limits of the default configuration. */
export const clientLimits: ClientLimits = {
  connectMs: 5_000,
  responseHeadersMs: 300_000,
  responseIdleMs: 60_000,
  keepAliveMs: 4_000,
  headerBytes: 65_536,
  headerCount: 100,
}

/** A GET without a body, or another request. */
export function outgoing(rest: Partial<OutgoingRequest> = {}): OutgoingRequest {
  const method = rest.method ?? 'GET'
  return {
    method,
    head: `${method} /x HTTP/1.1\r\nHost: a\r\n\r\n`,
    framing: { kind: 'none' },
    upgrade: false,
    ...rest,
  }
}

/** Notes events by name, for tests to wait for. */
class Notes {
  readonly events: string[] = []
  readonly #waiting = new Set<() => void>()

  /** Resolves when something of that name has happened so many times. */
  async until(event: string, times = 1): Promise<void> {
    while (this.events.filter((one) => one === event).length < times)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
  }

  /** Takes a note. */
  protected note(event: string): void {
    this.events.push(event)
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** An answer as its taker sees it: `connected`, `head`, `data`, `pause`, `end`, `drain`, `switched`, or an error's kind. */
export class Answer extends Notes implements AnswerSink {
  head: AnswerHead | null = null
  /** Data so far, as latin1. */
  body = ''
  error: UpstreamError | null = null
  /** What came behind a 101. */
  early = ''
  /** What taking data comes to. */
  outcome: WriteOutcome = 'gone'
  /** The memory in which data came. */
  readonly views: Buffer[] = []

  onConnected(): void {
    this.note('connected')
  }

  onAnswerHead(head: AnswerHead): void {
    this.head = head
    this.note('head')
  }

  onAnswerData(bytes: Buffer, start: number, end: number): WriteOutcome {
    this.body += bytes.toString('latin1', start, end)
    this.views.push(bytes.subarray(start, end))
    this.note('data')
    return this.outcome
  }

  onAnswerPause(): void {
    this.note('pause')
  }

  onAnswerEnd(): void {
    this.note('end')
  }

  onAnswerError(error: UpstreamError): void {
    this.error = error
    this.note(error.kind)
  }

  onUpstreamDrain(): void {
    this.note('drain')
  }

  onSwitched(head: AnswerHead, bytes: Buffer, start: number, end: number): void {
    this.head = head
    this.early = bytes.toString('latin1', start, end)
    this.note('switched')
  }

  /** The kind of the error, when there is one. */
  get failed(): UpstreamErrorKind | null {
    return this.error?.kind ?? null
  }
}

/** A tunnel that notes what it is told. */
export class FakeTunnel extends Notes implements WorkerTunnel {
  data = ''
  /** Whether more is wanted. */
  wants = true

  onWorkerData(bytes: Buffer, start: number, end: number): boolean {
    this.data += bytes.toString('latin1', start, end)
    this.note('data')
    return this.wants
  }

  onWorkerDrain(): void {
    this.note('drain')
  }

  onWorkerEnd(): void {
    this.note('end')
  }

  onWorkerClose(): void {
    this.note('close')
  }
}

/** A pool that notes which connections it was given back, and which are gone. */
export class FakePool extends Notes implements ConnectionPool {
  readonly limits: ClientLimits
  readonly answers = new AnswerMemory()

  constructor(limits: Partial<ClientLimits> = {}) {
    super()
    this.limits = { ...clientLimits, ...limits }
  }

  idle(_connection: ClientConnection): void {
    this.note('idle')
  }

  gone(_connection: ClientConnection): void {
    this.note('gone')
  }
}
