/** The command line: finds the verb, runs it, turns what it throws into text and an exit code. */

import yargs, { type Argv } from 'yargs'
import { exitCode, StartupError } from '../fault/startup.ts'
import { deployKinds } from '../deploy/kinds.ts'
import { addAccessCommands } from './access-commands.ts'
import { addControlCommands } from './control-commands.ts'
import { addProjectCommands } from './project-commands.ts'
import { renderProblems, wantsColour } from './render.ts'

const serveFlags = {
  config: {
    alias: 'c',
    type: 'string',
    array: true,
    // Exactly one each: what follows the file is an argument again.
    nargs: 1,
    describe: 'configuration file; may repeat, later files win',
  },
  host: { type: 'string', requiresArg: true, describe: 'address to listen on (gateway_host)' },
  port: { type: 'string', requiresArg: true, describe: 'port to listen on, 0 = any free one (gateway_port)' },
  'log-level': {
    type: 'string',
    requiresArg: true,
    describe: 'trace, debug, info, warn or error (log_level)',
  },
  'proxy-headers': { type: 'boolean', describe: 'trust forwarded headers of loopback peers' },
  'forwarded-allow-ips': {
    type: 'string',
    requiresArg: true,
    describe: 'trust forwarded headers of these addresses or networks, comma separated (trusted_proxies)',
  },
} as const

const reloadFlags = {
  reload: { type: 'boolean', default: true, describe: 'restart workers when their files change' },
  'reload-scope': {
    choices: ['api', 'ui', 'all', 'gateway', 'full'] as const,
    default: 'api' as const,
    describe: 'whose Python files matter (gateway = api, full = all); Streamlit reloads by itself otherwise',
  },
} as const

const signInFlags = {
  as: {
    type: 'string',
    requiresArg: true,
    describe: 'sign everybody in as EMAIL[:group,group], without a provider; loopback only',
  },
} as const

const configFlag = { config: serveFlags.config } as const

/** What the serve flags parse to. */
export interface ServeFlags {
  readonly target?: string | undefined
  readonly config?: readonly string[] | undefined
  readonly host?: string | undefined
  readonly port?: string | undefined
  readonly logLevel?: string | undefined
  readonly proxyHeaders?: boolean | undefined
  readonly forwardedAllowIps?: string | undefined
}

/** What the flags of `dev` parse to. */
export interface DevFlags extends ServeFlags {
  readonly reload: boolean
  readonly reloadScope: 'api' | 'ui' | 'all' | 'gateway' | 'full'
  readonly as?: string | undefined
}

/** Runs one command line; returns the process's exit code. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.ok
  const done = (outcome: Promise<number>): Promise<void> => outcome.then((value) => void (code = value))
  try {
    if (argv[0] === completionFlag && (await completeWorker(argv.slice(1)))) return code
    await commands(argv, done).parseAsync()
    return code
  } catch (error) {
    return report(error)
  }
}

/** Completes the name of a worker, which yargs does not know; false when something else is to be completed. */
async function completeWorker(words: readonly string[]): Promise<boolean> {
  if (words[1] !== 'restart' && words.at(-2) !== '--worker') return false
  const { workerWords } = await import('./completion.ts')
  const names = workerWords(words, { cwd: process.cwd(), env: process.env })
  if (names !== null) process.stdout.write(names.map((name) => `${name}\n`).join(''))
  return names !== null
}

/** What the completion scripts call the program with, before the words so far. */
const completionFlag = '--get-yargs-completions'

function commands(argv: readonly string[], done: (outcome: Promise<number>) => Promise<void>) {
  const program = yargs([...argv])
    .scriptName('fluxlit')
    .usage('$0 <command>\n\nOne port for a FastAPI app and a Streamlit app.')
    .command(
      ['serve [target]', 'run [target]'],
      'serve the apps in production',
      (command) =>
        command
          .positional('target', { type: 'string', describe: 'FluxLit app object: app:app, ./pkg/app.py:app' })
          .options(serveFlags)
          .example('$0 serve -c fluxlit.toml', 'serve what the file describes')
          .example('$0 serve --port 0', 'find the apps in this directory, any free port'),
      (flags) => done(import('./serve.ts').then(({ serve }) => serve(flags))),
    )
    .command(
      'dev [target]',
      'serve the apps while you work on them',
      (command) =>
        command
          .positional('target', { type: 'string', describe: 'FluxLit app object: app:app, ./pkg/app.py:app' })
          .options(serveFlags)
          .options(reloadFlags)
          .options(signInFlags)
          .example('$0 dev', 'readable log, restart on change, tracebacks in the browser')
          .example('$0 dev --as ann@example.com:finance', 'the same, signed in'),
      (flags) => done(import('./dev.ts').then(({ dev }) => dev(flags))),
    )
    .command(
      ['check', 'config'],
      'read the configuration, print every value and where it comes from',
      (command) =>
        command
          .options(configFlag)
          .option('json', { type: 'boolean', describe: 'print JSON' })
          .option('worker', {
            type: 'string',
            requiresArg: true,
            describe: 'print the command and environment of this worker instead',
          })
          .example('$0 check -c fluxlit.toml', 'exit 0 when it is right, 2 with every problem when not'),
      (flags) => done(import('./check.ts').then(({ check }) => check(flags))),
    )
  return addControlCommands(addAccessCommands(addProjectCommands(addBuild(program, done), done), done), done)
    .demandCommand(1, 'name a command')
    .strict()
    .version(false)
    .option('version', { type: 'boolean', describe: 'print the version (--json: commit, Node, target)' })
    .help()
    .alias('help', 'h')
    .recommendCommands()
    .wrap(100)
    .epilogue(
      'Exit codes: 0 clean, 1 could not start, 2 usage or configuration, 3 stop deadline passed,\n4 a worker gave up, 70 internal error, 128+n second signal.',
    )
    .exitProcess(false)
    .fail((message, error) => {
      // yargs throws its own kind for what the user wrote (`-c` without a file); the others are ours.
      if (error instanceof Error && error.name !== 'YError') throw error
      throw usageError(message.replaceAll('\n', ' '), argv)
    })
}

function addBuild(program: Argv, done: (outcome: Promise<number>) => Promise<void>): Argv {
  return program.command(
    'build [target]',
    'write deployment files for this project, computed from its configuration',
    (command) =>
      command
        .positional('target', { type: 'string', describe: 'FluxLit app object (a later release)' })
        .options(configFlag)
        .option('kind', {
          choices: deployKinds,
          default: 'docker' as const,
          describe: 'which files; all = every kind that fits',
        })
        .option('output', {
          alias: 'o',
          type: 'string',
          requiresArg: true,
          default: '.',
          describe: 'directory they are written to',
        })
        .option('force', {
          alias: 'f',
          type: 'boolean',
          default: false,
          describe: 'replace files that exist and differ',
        })
        .example('$0 build', 'Dockerfile and .dockerignore')
        .example('$0 build --kind all -o deploy', 'everything, into a directory of its own'),
    (flags) => done(import('./deploy.ts').then(({ deploy }) => deploy(flags))),
  )
}

/** yargs puts its suggestion in place of what is wrong. */
function usageError(message: string, argv: readonly string[]): StartupError {
  const suggestion = message.startsWith('Did you mean')
  const problem = suggestion
    ? {
        code: 'usage',
        message: `unknown command "${argv[0]}"`,
        hint: message.replace('Did you mean', 'did you mean'),
      }
    : { code: 'usage', message, hint: 'see fluxlit --help' }
  return new StartupError([problem], exitCode.usage)
}

function report(error: unknown): number {
  const colour = wantsColour(process.stderr, process.env)
  if (error instanceof StartupError) {
    process.stderr.write(renderProblems(error.problems, 'error', colour))
    return error.exitCode
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const detail = process.env['FLUXLIT_LOG_LEVEL'] === 'debug' ? stack.split('\n') : []
  const message = error instanceof Error ? error.message : String(error)
  const hint = 'this is a bug in FluxLit; FLUXLIT_LOG_LEVEL=debug shows where'
  process.stderr.write(renderProblems([{ code: 'internal', message, detail, hint }], 'error', colour))
  return exitCode.internal
}
