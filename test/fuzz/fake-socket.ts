import { Socket } from 'node:net'

/** A client's socket without a network: what arrives is said, what is written is kept, nothing waits. */
export class FakeSocket extends Socket {
  /** Everything written, as latin1. */
  written = ''
  /** Whether nothing is to be read now. */
  stopped = false
  /** How the connection was ended, if it was. */
  left: 'no' | 'politely' | 'at once' = 'no'
  /** Whether what is written waits. */
  behind = false

  constructor() {
    super({ allowHalfOpen: true })
    Object.defineProperty(this, 'writableNeedDrain', { get: () => this.behind })
    Object.defineProperty(this, 'writableLength', { get: () => (this.behind ? 1 : 0) })
  }

  /** Something has come from the client. */
  arrive(bytes: string): void {
    this.emit('data', Buffer.from(bytes, 'latin1'))
  }

  /** What waited has gone. */
  catchUp(): void {
    this.behind = false
    this.emit('drain')
  }

  /** Nothing more will happen. */
  over(): void {
    this.emit('close', false)
  }

  override write(bytes: Uint8Array | string): boolean {
    this.written += typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1')
    return !this.behind
  }

  override pause(): this {
    this.stopped = true
    return this
  }

  override resume(): this {
    this.stopped = false
    return this
  }

  override cork(): void {}

  override uncork(): void {}

  override end(): this {
    this.left = 'politely'
    return this
  }

  override destroySoon(): void {
    this.left = 'politely'
  }

  override destroy(): this {
    this.left = 'at once'
    return this
  }

  override resetAndDestroy(): this {
    this.left = 'at once'
    return this
  }
}
