/**
 * What stops the gateway from starting, or a command from succeeding: every problem at once, each with
 * the place it was found in and what to do next.
 */

/** Exit statuses of the `fluxlit` command. They are an interface: documented in docs/exit-codes.md and tested. */
export const exitCode = {
  /** A clean stop; a worker that had to be killed is only a warning. */
  ok: 0,
  /** Could not start (bind, missing module, app import, no required worker ever ready), or a negative result. */
  failed: 1,
  /** Usage, configuration, or anything else found before the first process was spawned. */
  usage: 2,
  /** The stop deadline passed with requests still in flight. */
  unclean: 3,
  /** A worker gave up and `on_failure = "exit"`. */
  gaveUp: 4,
  /** A bug in FluxLit. */
  internal: 70,
} as const

/** One thing that is wrong, in words a user can act on. */
export interface Problem {
  /** Stable identifier, `snake_case`; listed in docs/errors.md. */
  readonly code: string
  /** What happened, one sentence without a final full stop. */
  readonly message: string
  /** Where: `fluxlit.toml:12`, `environment FLUXLIT_GATEWAY_PORT`, `--port`; absent when there is no place. */
  readonly where?: string
  /** What to do next; one imperative sentence or a command. */
  readonly hint?: string
  /** Extra lines shown verbatim below the problem (a traceback, a worker's last output). */
  readonly detail?: readonly string[]
}

/** Ends a command before or during start: printed as `error[code]: ...`, one line per problem, then hints. */
export class StartupError extends Error {
  override readonly name = 'StartupError'
  readonly problems: readonly Problem[]
  readonly exitCode: number

  /**
   * @param problems at least one; all that were found, not only the first
   * @param code one of {@link exitCode}; 2 when nothing was spawned yet, 1 afterwards
   */
  constructor(problems: readonly [Problem, ...Problem[]], code: number, options?: ErrorOptions) {
    super(problems[0].message, options)
    this.problems = problems
    this.exitCode = code
  }
}
