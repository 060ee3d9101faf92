/** The verbs around a project, as the command line knows them. */

import type { Argv } from 'yargs'

import { newProject, profiles, type NewRoom } from './new.ts'

/** Takes the outcome of a verb. */
type Done = (outcome: Promise<number>) => Promise<void>

/** Adds `new`. */
export function addProjectCommands(program: Argv, done: Done): Argv {
  return program.command(
    'new <name>',
    'make a project that runs',
    (command) =>
      command
        .positional('name', { type: 'string', demandOption: true, describe: 'directory, new or empty' })
        .option('profile', {
          choices: profiles,
          default: 'minimal' as const,
          describe: 'minimal = one file; deploy = pages in modules, tests, settings for a server',
        })
        .example('$0 new shop', 'then: cd shop && $0 dev')
        .example('$0 new shop --profile deploy', 'with tests and production.toml'),
    (flags) => done(Promise.resolve().then(() => newProject(flags, projectRoom()))),
  )
}

function projectRoom(): NewRoom {
  return { cwd: process.cwd(), env: process.env, out: (text) => void process.stdout.write(text) }
}
