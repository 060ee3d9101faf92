import type { Problem } from '../fault/startup.ts'
import type { ChildWorker } from './command.ts'

/** Flags with which a user's `args` would fight the gateway over where and how a worker listens. */
const uvicornFlags = [
  '--host',
  '--port',
  '--uds',
  '--fd',
  '--reload',
  '--reload-dir',
  '--workers',
  '--root-path',
  '--ssl-keyfile',
  '--ssl-certfile',
]

/** Streamlit options that are the gateway's: as flag and as variable. */
const streamlitOptions = [
  ['--server.address', 'STREAMLIT_SERVER_ADDRESS'],
  ['--server.port', 'STREAMLIT_SERVER_PORT'],
  ['--server.baseUrlPath', 'STREAMLIT_SERVER_BASE_URL_PATH'],
  ['--server.headless', 'STREAMLIT_SERVER_HEADLESS'],
] as const

/** Every argument and variable of a worker that contradicts the gateway; empty when there is none. */
export function conflicts(worker: ChildWorker): readonly Problem[] {
  switch (worker.kind) {
    case 'uvicorn':
      return [
        ...flags(worker, uvicornFlags),
        ...variables(
          worker,
          uvicornFlags.map((flag) => `UVICORN_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`),
        ),
      ]
    case 'streamlit':
      return [
        ...flags(
          worker,
          streamlitOptions.map(([flag]) => flag),
        ),
        ...variables(
          worker,
          streamlitOptions.map(([, name]) => name),
        ),
      ]
    case 'http':
      return unusedSocket(worker)
    case 'process':
      return []
    default:
      return []
  }
}

function flags(worker: ChildWorker, ours: readonly string[]): readonly Problem[] {
  // What follows `--` belongs to the user's script.
  const end = worker.run.args.indexOf('--')
  const given = (end === -1 ? worker.run.args : worker.run.args.slice(0, end)).map(
    (word) => word.split('=')[0],
  )
  return ours
    .filter((flag) => given.includes(flag))
    .map((flag) => ({
      code: 'args_conflict',
      message: `\`args\` of worker ${worker.name} contains ${flag}, which the gateway sets itself`,
      where: worker.where,
      hint: `remove ${flag} from \`args\``,
    }))
}

function variables(worker: ChildWorker, ours: readonly string[]): readonly Problem[] {
  return ours
    .filter((name) => worker.run.env[name] !== undefined)
    .map((name) => ({
      code: 'env_conflict',
      message: `the environment of worker ${worker.name} sets ${name}, which the gateway sets itself`,
      where: worker.where,
      hint: `remove ${name} from \`env\`, \`env_file\` or .env`,
    }))
}

function unusedSocket(worker: ChildWorker & { readonly kind: 'http' }): readonly Problem[] {
  const words = [...worker.run.command, ...worker.run.args]
  if (worker.run.transport === 'tcp' || words.some((word) => word.includes('{uds}'))) return []
  return [
    {
      code: 'args_conflict',
      message: `worker ${worker.name} has transport = "unix", but its command does not say where {uds} goes`,
      where: worker.where,
      hint: 'put {uds} into `command`, or set transport = "tcp"',
    },
  ]
}
