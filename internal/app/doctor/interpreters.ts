/** Interpreters, what is installed in them, and commands: what a start looks at before it spawns anything. */

import { isChild, type SpawnedStreamlit, type SpawnedUvicorn } from '../../worker/command.ts'
import { accountOf } from '../../worker/account.ts'
import { isAtLeast, type Inspection } from '../../worker/inspect.ts'
import { placed } from '../../worker/place.ts'
import { findInterpreter } from '../../worker/plan.ts'
import { preflight } from '../../worker/preflight.ts'
import { isProblem } from '../../worker/problem.ts'
import { found, passed, type Check, type Finding, type Subject } from './finding.ts'

/** The oldest Streamlit whose navigation an application object can use, and the oldest that listens on a socket. */
const navigation = [1, 36]
const privateSocket = [1, 57]

/** Everything that would keep a worker from starting. */
export const checkPrograms: Check = async ({ config, looking: { room } }) => {
  const problems = await preflight(config.workers, room)
  return problems.map((problem) => found(problem, 'FAIL'))
}

/** Versions, the WebSocket library and the Python package of each interpreter that can be used. */
export const checkInterpreters: Check = async (subject) => {
  const seen = new Map<string, { inspection: Inspection; workers: string[]; findings: Finding[] }>()
  for (const worker of subject.config.workers) {
    if (!isChild(worker) || worker.kind === 'http' || worker.kind === 'process') continue
    const interpreter = await interpreterOf(worker, subject)
    if (interpreter === null) continue
    const { inspection, warnings } = interpreter
    const known = seen.get(inspection.python) ?? { inspection, workers: [], findings: [] }
    known.workers.push(worker.name)
    known.findings.push(
      ...warnings.map((warning) => found(warning, 'WARN')),
      ...versionFindings(worker, inspection),
    )
    seen.set(inspection.python, known)
  }
  return [...seen.values()].flatMap(({ inspection, workers, findings }) => [
    passed(
      'python',
      `${inspection.python} is Python ${inspection.version.join('.')} (${workers.join(', ')})`,
    ),
    passed('packages', installed(inspection)),
    ...(inspection.packages.websockets === null && inspection.packages.wsproto === null
      ? []
      : [passed('websocket_library', `there is a WebSocket library for Uvicorn`)]),
    ...findings,
  ])
}

async function interpreterOf(
  configured: SpawnedUvicorn | SpawnedStreamlit,
  { looking: { room } }: Subject,
): Promise<{ inspection: Inspection; warnings: Parameters<typeof found>[0][] } | null> {
  const worker = placed(configured)
  if (isProblem(worker) || worker.kind === 'http' || worker.kind === 'process') return null
  const account = accountOf(worker, room)
  if (account !== null && isProblem(account)) return null
  const interpreter = await findInterpreter(worker, room, account)
  if (isProblem(interpreter)) return null
  return { inspection: interpreter.inspection, warnings: [...interpreter.warnings] }
}

function installed({ packages }: Inspection): string {
  const known = Object.entries(packages).flatMap(([name, version]) =>
    version === null ? [] : [`${name} ${version}`],
  )
  return known.length === 0 ? 'nothing of what matters is installed' : `${known.join(', ')} installed`
}

function versionFindings(
  { kind, name, run, where }: SpawnedUvicorn | SpawnedStreamlit,
  { packages: { streamlit }, python }: Inspection,
): readonly Finding[] {
  if (kind !== 'streamlit' || streamlit === null) return []
  const fix = `${python} -m pip install --upgrade streamlit`
  if (run.target !== null && !isAtLeast(streamlit, navigation)) {
    const message = `Streamlit ${streamlit} cannot show the pages of an application object; 1.36 or newer can`
    return [{ code: 'streamlit_too_old', state: 'FAIL', message, where, fix }]
  }
  if (run.transport === 'tcp' || isAtLeast(streamlit, privateSocket)) return []
  const message = `Streamlit ${streamlit} cannot listen on a private socket, so worker ${name} has a port that every account of this machine reaches; 1.57 or newer can`
  return [{ code: 'streamlit_on_port', state: 'WARN', message, where, fix }]
}
