/** Whatever can run something at its end: a test context, or the `after` of node:test itself. */
export interface Cleanup {
  after(fn: () => void | Promise<void>): void
}
