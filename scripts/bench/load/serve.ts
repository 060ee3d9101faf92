/** The other side of a Task: runs in the generator's process. */

import { once } from 'node:events'

/**
 * Sets up, says so, waits for the word to go, runs, and sends the result.
 * @param prepare sets up and gives what to run; its options are {@link optionsText}, in JSON
 */
export async function serve<R>(prepare: () => Promise<() => Promise<R>>): Promise<void> {
  // Parent gone: nobody wants this load any more.
  process.once('disconnect', () => process.exit(1))
  try {
    const run = await prepare()
    send({ kind: 'ready' })
    await once(process, 'message')
    send({ kind: 'done', result: await run() })
  } catch (error) {
    send({ kind: 'failed', reason: error instanceof Error ? error.message : String(error) })
  }
}

/** What the Task was given, in JSON. */
export function optionsText(): string {
  return process.argv[2] ?? '{}'
}

function send(message: object): void {
  process.send?.(message)
}
