/** What the scripts tell the person who waits: one line per step, in colour only where colour is wanted. */

/** The directory of the repository; every script works from it. */
export const repository = new URL('../../', import.meta.url).pathname.replace(/\/$/, '')

/** A failure a person can act on: printed without a stack, with the hint below. */
export class SetupError extends Error {
  /** @param {string} message what happened @param {string} [hint] what to do next */
  constructor(message, hint) {
    super(message)
    this.hint = hint
  }
}

/**
 * Runs one step and says how it went: `ok` when it did something, `--` when nothing was to be done.
 * @param {string} title what the step provides
 * @param {() => Promise<string | null>} work gives what it did in a few words, or null when it was done before
 */
export async function step(title, work) {
  const start = performance.now()
  console.log(`${paint('cyan', '>>')} ${title}`)
  const done = await work()
  if (done === null) console.log(`${paint('grey', '--')} ${title}: up to date`)
  else
    console.log(
      `${paint('green', 'ok')} ${title}: ${done} (${((performance.now() - start) / 1000).toFixed(1)} s)`,
    )
}

/** @param {string} text a detail below the current step */
export function note(text) {
  console.log(`   ${paint('grey', text)}`)
}

/**
 * Prints a failure and gives the exit status for it: 1, also for a bug, whose stack is shown.
 * @param {unknown} error
 */
export function report(error) {
  if (error instanceof SetupError) {
    console.error(`${paint('red', 'error:', process.stderr)} ${error.message}`)
    if (error.hint !== undefined) console.error(`${paint('cyan', 'hint:', process.stderr)} ${error.hint}`)
  } else {
    console.error(error)
  }
  return 1
}

const codes = { red: 31, green: 32, yellow: 33, cyan: 36, grey: 90 }

/**
 * Colours a text when the stream is a terminal and `NO_COLOR` (no-color.org) is not set.
 * @param {keyof typeof codes} colour
 * @param {string} text
 * @param {NodeJS.WriteStream} [stream] where it is going to be written
 */
export function paint(colour, text, stream = process.stdout) {
  const wanted = stream.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb'
  return wanted ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text
}
