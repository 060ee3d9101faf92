/**
 * Work that is done one at a time. Who asks while it is done gets another turn after it, because what changed may have
 * changed too late for this one; all who ask meanwhile share that turn.
 */
export class Turns<Request, Outcome> {
  readonly #work: (request: Request) => Promise<Outcome>
  #running: Promise<Outcome> | null = null
  #next: Promise<Outcome> | null = null

  /** @param work must not reject */
  constructor(work: (request: Request) => Promise<Outcome>) {
    this.#work = work
  }

  /** Whether something is being done. */
  get isBusy(): boolean {
    return this.#running !== null
  }

  /** Resolves when nothing is being done and nobody waits. */
  async idle(): Promise<void> {
    while (this.#running !== null) await (this.#next ?? this.#running)
  }

  /** Does it now, or after what is being done. */
  take(request: Request): Promise<Outcome> {
    if (this.#running === null) return this.#start(request)
    this.#next ??= this.#running.then(() => {
      this.#next = null
      return this.#start(request)
    })
    return this.#next
  }

  #start(request: Request): Promise<Outcome> {
    const running = this.#work(request).finally(() => {
      if (this.#running === running) this.#running = null
    })
    this.#running = running
    return running
  }
}
