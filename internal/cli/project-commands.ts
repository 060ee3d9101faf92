/** The verbs around a project, as the command line knows them. */

import type { Argv } from 'yargs'

import { newProject, profiles, type NewRoom } from './new.ts'

/** Takes the outcome of a verb. */
type Done = (outcome: Promise<number>) => Promise<void>

// Repeated here because the verb itself is loaded only when it runs.
const shells = ['bash', 'zsh', 'fish'] as const

const configFlag = {
  config: {
    alias: 'c',
    type: 'string',
    array: true,
    nargs: 1,
    describe: 'configuration file; may repeat, later files win',
  },
} as const

/** Adds `new`, `doctor`, `sdk install` and `completion`. */
export function addProjectCommands(program: Argv, done: Done): Argv {
  return addCompletion(addSdk(addDoctor(addNew(program, done), done), done), done)
}

function addSdk(program: Argv, done: Done): Argv {
  return program.command('sdk', 'the Python package that travels in this program', (group) =>
    group
      .command(
        'install',
        'put it into an environment, for editors and for tests without a gateway',
        (command) =>
          command
            .option('python', {
              type: 'string',
              requiresArg: true,
              describe: 'interpreter or virtual environment; else VIRTUAL_ENV, .venv, python3',
            })
            .example('$0 sdk install --python .venv', 'then: .venv/bin/python -c "import fluxlit"'),
        (flags) => done(import('./sdk.ts').then(({ installSdk }) => installSdk(flags.python, projectRoom()))),
      )
      .demandCommand(1, 'name what to do: fluxlit sdk install'),
  )
}

function addCompletion(program: Argv, done: Done): Argv {
  return program.command(
    'completion <shell>',
    'print what a shell needs to complete command lines',
    (command) =>
      command
        .positional('shell', { choices: shells, demandOption: true, describe: 'shell' })
        .example('source <($0 completion bash)', 'in ~/.bashrc; the same for zsh in ~/.zshrc')
        .example('$0 completion fish > ~/.config/fish/completions/fluxlit.fish', 'once'),
    (flags) =>
      done(
        import('./completion.ts').then(({ printCompletion }) =>
          printCompletion(flags.shell, projectRoom().out),
        ),
      ),
  )
}

function addDoctor(program: Argv, done: Done): Argv {
  return program.command(
    'doctor [target]',
    'look at everything the apps depend on, and say how to mend what is wrong',
    (command) =>
      command
        .positional('target', { type: 'string', describe: 'FluxLit app object: app:app, ./pkg/app.py:app' })
        .options(configFlag)
        .option('json', { type: 'boolean', describe: 'print JSON' })
        .option('strict', { type: 'boolean', describe: 'exit 1 on warnings too' })
        .option('warnings-only', { type: 'boolean', describe: 'exit 0 whatever is found' })
        .option('url', {
          type: 'string',
          requiresArg: true,
          describe: 'look from outside too, through whatever stands in front of the gateway',
        })
        .example('$0 doctor', 'interpreters, packages, imports, ports, limits; exit 1 on FAIL')
        .example(
          '$0 doctor --url https://app.example',
          'a page, a WebSocket and an upload through the proxy',
        ),
    (flags) => done(import('./doctor.ts').then(({ doctor }) => doctor(flags))),
  )
}

function addNew(program: Argv, done: Done): Argv {
  return program.command(
    'new <name>',
    'make a project that runs',
    (command) =>
      command
        .positional('name', { type: 'string', demandOption: true, describe: 'directory, new or empty' })
        .option('profile', {
          choices: profiles,
          default: 'minimal' as const,
          describe:
            'minimal = one file; auth = for people who sign in; deploy = pages in modules, tests, settings for a server',
        })
        .example('$0 new shop', 'then: cd shop && $0 dev')
        .example('$0 new shop --profile deploy', 'with tests and production.toml'),
    (flags) => done(Promise.resolve().then(() => newProject(flags, projectRoom()))),
  )
}

function projectRoom(): NewRoom {
  return { cwd: process.cwd(), env: process.env, out: (text) => void process.stdout.write(text) }
}
