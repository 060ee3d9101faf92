/** The verbs about who may do what, as the command line knows them. */

import type { Argv } from 'yargs'

/** Takes the outcome of a verb. */
type Done = (outcome: Promise<number>) => Promise<void>

const many = { type: 'string', array: true, nargs: 1 } as const

/** Adds `access` and `hash-password`. */
export function addAccessCommands(program: Argv, done: Done): Argv {
  return program
    .command(
      'access [who] [path]',
      'explain whether somebody may do something, and which rule says so',
      (command) =>
        command
          .positional('who', { type: 'string', describe: 'address; left out = nobody is signed in' })
          .positional('path', { type: 'string', describe: 'path below root_path' })
          .option('claims', {
            type: 'string',
            requiresArg: true,
            describe: 'JSON file with the claims of a token, instead of an address',
          })
          .option('group', { ...many, describe: 'group they are in; may repeat' })
          .option('role', { ...many, describe: 'role they have; may repeat' })
          .option('scope', { ...many, describe: 'scope they have; may repeat' })
          .option('method', {
            type: 'string',
            default: 'GET',
            requiresArg: true,
            describe: 'method of the request',
          })
          .option('host', {
            type: 'string',
            default: '',
            requiresArg: true,
            describe: 'host the request names',
          })
          .option('config', { ...many, alias: 'c', describe: 'configuration file; may repeat' })
          .option('json', { type: 'boolean', describe: 'print JSON' })
          .example('$0 access ann@example.com /api/admin --group finance', 'exit 0 = may, 1 = may not'),
      (flags) => done(import('./access.ts').then(({ access }) => access(flags))),
    )
    .command(
      'hash-password',
      'read a password from the terminal or standard input, print its hash for [[auth.basic.users]]',
      (command) =>
        command.example('$0 hash-password', 'asks for it, and prints what to write as password_hash'),
      () => done(import('./hash-password.ts').then(({ printHash }) => printHash())),
    )
}
