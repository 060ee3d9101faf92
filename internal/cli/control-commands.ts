/** The verbs that talk to a running gateway, as the command line knows them. */

import type { Argv } from 'yargs'

import type { Terminal } from './control-terminal.ts'

const gatewayFlags = {
  config: {
    alias: 'c',
    type: 'string',
    array: true,
    // Exactly one each: what follows the file is an argument again.
    nargs: 1,
    describe: 'configuration file the gateway was started with',
  },
  socket: { type: 'string', requiresArg: true, describe: 'control socket of the gateway' },
  pid: { type: 'string', requiresArg: true, describe: 'process id of the gateway' },
} as const

/** Takes the outcome of a verb. */
type Done = (outcome: Promise<number>) => Promise<void>

/** Adds `status`, `why`, `maintenance`, `sessions`, `restart`, `reload`, `drain`, `stop` and `healthcheck`. */
export function addControlCommands(program: Argv, done: Done): Argv {
  return addReaders(addStop(addPeople(addChanges(program, done), done), done), done)
}

/** New code, a new configuration, and leaving the load balancer. */
function addChanges(program: Argv, done: Done): Argv {
  return program
    .command(
      'restart [worker..]',
      'start workers anew from the files as they are now, and switch when they are ready',
      (command) =>
        command
          .positional('worker', { type: 'string', array: true, describe: 'names; all without one' })
          .options(gatewayFlags)
          .example('$0 restart api', 'after a deploy; exit 1 and the old one stays when the new one fails'),
      (flags) => done(load().then(({ verbs, terminal }) => verbs.restart(flags, terminal))),
    )
    .command(
      'reload',
      'put a changed configuration in force',
      (command) =>
        command
          .options(gatewayFlags)
          .example('$0 reload -c fluxlit.toml', 'exit 1 and nothing changes when something in it is wrong'),
      (flags) => done(load().then(({ verbs, terminal }) => verbs.reload(flags, terminal))),
    )
    .command(
      'drain',
      'let readyz answer 503 and keep serving (before a stop, behind a load balancer)',
      (command) =>
        command
          .options(gatewayFlags)
          .example('$0 drain && sleep 5 && $0 stop', 'give a load balancer time to go elsewhere'),
      (flags) => done(load().then(({ verbs, terminal }) => verbs.drain(flags, terminal))),
    )
}

/** Tells people what is going on, and ends what they have here. */
function addPeople(program: Argv, done: Done): Argv {
  return program
    .command(
      'maintenance <action> [worker..]',
      'tell clients that an application is being worked on, instead of serving them',
      (command) =>
        command
          .positional('action', { choices: ['on', 'off'] as const, demandOption: true })
          .positional('worker', { type: 'string', array: true, describe: 'names; everything without one' })
          .options(gatewayFlags)
          .option('message', {
            alias: 'm',
            type: 'string',
            requiresArg: true,
            describe: 'what they are told',
          })
          .example('$0 maintenance on ui -m "Back at noon."', 'sockets of the page are closed, too'),
      (flags) =>
        done(
          Promise.all([import('./maintenance.ts'), newTerminal()]).then(([verb, io]) =>
            verb.maintenance(flags, io),
          ),
        ),
    )
    .command(
      'sessions <action> [id..]',
      'list who is signed in at a provider, or end their sessions',
      (command) =>
        command
          .positional('action', { choices: ['list', 'revoke'] as const, demandOption: true })
          .positional('id', { type: 'string', array: true, describe: 'sessions, as the list names them' })
          .options(gatewayFlags)
          .option('user', { type: 'string', requiresArg: true, describe: 'those of this address or subject' })
          .option('all', { type: 'boolean', describe: 'everybody' })
          .option('json', { type: 'boolean', describe: 'print JSON' })
          .example('$0 sessions list', 'who, since when, last use, open sockets')
          .example('$0 sessions revoke --user ann@example.com', 'signs her out at every gateway, now'),
      (flags) =>
        done(
          Promise.all([import('./sessions.ts'), newTerminal()]).then(([verb, io]) =>
            verb.sessions(flags, io),
          ),
        ),
    )
}

function addStop(program: Argv, done: Done): Argv {
  return program.command(
    'stop',
    'stop the gateway: finish what is in flight, then wait until its process is gone',
    (command) =>
      command.options(gatewayFlags).example('$0 stop -c fluxlit.toml', 'exit 0 when its process is gone'),
    (flags) => done(load().then(({ verbs, terminal }) => verbs.stop(flags, terminal))),
  )
}

function addReaders(program: Argv, done: Done): Argv {
  return program
    .command(
      'status',
      'show the running gateway and its workers',
      (command) =>
        command
          .options(gatewayFlags)
          .option('json', { type: 'boolean', describe: 'print JSON' })
          .option('watch', { alias: 'w', type: 'boolean', describe: 'again every second until Ctrl-C' })
          .example('$0 status --watch', 'states, restarts, requests and sockets of every worker'),
      (flags) =>
        done(
          Promise.all([import('./status.ts'), newTerminal()]).then(([verb, io]) => verb.status(flags, io)),
        ),
    )
    .command(
      'why <id>',
      'say what became of a request, by the id its answer or its error page has',
      (command) =>
        command
          .positional('id', { type: 'string', demandOption: true, describe: 'id of the request' })
          .options(gatewayFlags)
          .option('json', { type: 'boolean', describe: 'print JSON' })
          .example('$0 why dd322344e613-e9cdc20', 'route, worker, waiting, errors, what the worker printed'),
      (flags) =>
        done(Promise.all([import('./why.ts'), newTerminal()]).then(([verb, io]) => verb.why(flags, io))),
    )
    .command(
      'healthcheck',
      'exit 0 when the running gateway is ready, else 1',
      (command) =>
        command
          .options(gatewayFlags)
          .option('url', { type: 'string', requiresArg: true, describe: 'ask this address, not the socket' })
          .example('$0 healthcheck --url http://127.0.0.1:8000', 'HEALTHCHECK of an image without curl'),
      (flags) =>
        done(
          Promise.all([import('./healthcheck.ts'), newTerminal()]).then(([verb, io]) =>
            verb.healthcheck(flags, io),
          ),
        ),
    )
}

async function load(): Promise<{ verbs: typeof import('./control.ts'); terminal: Terminal }> {
  const [verbs, terminal] = await Promise.all([import('./control.ts'), newTerminal()])
  return { verbs, terminal }
}

async function newTerminal(): Promise<Terminal> {
  const { processTerminal } = await import('./control-terminal.ts')
  return processTerminal()
}
