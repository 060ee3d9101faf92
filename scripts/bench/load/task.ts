/** A load generator in a process of its own, so that what it does costs neither the proxy nor us. */

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What a generator tells us: it is set up, it is done, or it could not. */
type Message<R> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'done'; readonly result: R }
  | { readonly kind: 'failed'; readonly reason: string }

/** One generator: set up first, then run while something is measured. */
export class Task<R> implements AsyncDisposable {
  readonly #child: ReturnType<typeof fork>
  readonly #exited: Promise<unknown>
  readonly #messages: Message<R>[] = []
  #wake: () => void = () => undefined

  /** @param program a file of ./programs @param options what that program takes */
  constructor(program: string, options: object) {
    const file = join(import.meta.dirname, 'programs', `${program}.ts`)
    this.#child = fork(file, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    this.#exited = once(this.#child, 'exit').catch(() => undefined)
    this.#child.on('message', (message: Message<R>) => this.#received(message))
    this.#child.once('exit', () => this.#received({ kind: 'failed', reason: `the ${program} load ended` }))
  }

  /** Resolves when connections are open and whatever else comes before measuring. @throws Error with its reason */
  async ready(): Promise<this> {
    const message = await this.#next()
    if (message.kind === 'failed') throw new Error(message.reason)
    return this
  }

  /** Lets it run and resolves with what it counted. @throws Error with its reason */
  async run(): Promise<R> {
    this.#child.send('go')
    const message = await this.#next()
    if (message.kind === 'done') return message.result
    throw new Error(message.kind === 'failed' ? message.reason : 'out of order')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  #received(message: Message<R>): void {
    this.#messages.push(message)
    this.#wake()
  }

  async #next(): Promise<Message<R>> {
    for (;;) {
      const message = this.#messages.shift()
      if (message !== undefined) return message
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
