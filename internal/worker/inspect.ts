import { execFile } from 'node:child_process'

import type { Problem } from '../fault/startup.ts'
import type { Environment } from './environment.ts'
import { spawnText } from './exit.ts'

/** Packages whose presence or version changes how a worker is started. */
export type PackageName =
  | 'uvicorn'
  | 'streamlit'
  | 'websockets'
  | 'wsproto'
  | 'httptools'
  | 'fastapi'
  | 'httpx'

/** What an interpreter is and has, as seen from a worker's directory with its environment. */
export interface Inspection {
  /** As configured: the path of a virtual environment's interpreter, not what it links to. */
  readonly python: string
  readonly version: readonly [number, number, number]
  /** Installed versions; null = not installed. */
  readonly packages: Readonly<Record<PackageName, string | null>>
  /** The Python package `fluxlit` that is installed in it; null = none. */
  readonly fluxlit: InstalledPackage | null
}

/** A Python package found in an environment. */
export interface InstalledPackage {
  readonly version: string
  /** Absolute, of the package itself. */
  readonly directory: string
}

/** How to run the interpreter for inspection. */
export interface InspectionInput {
  readonly bootstrapPath: string
  readonly cwd: string
  readonly env: Environment
  /** The account it runs under; left out = ours. */
  readonly account?: { readonly uid: number; readonly gid: number } | null
  /** Where the interpreter was chosen, for messages. */
  readonly where: string
  /** Milliseconds after which it counts as hanging. */
  readonly deadlineMs?: number
}

/** The oldest Python whose Uvicorn and Streamlit are supported. */
export const oldestPython: readonly [number, number] = [3, 10]

/**
 * Asks an interpreter for its version and packages in a short child process; nothing of the user's is imported.
 *
 * @returns the answer, or `python_broken` with what it said instead
 */
export async function inspectPython(python: string, input: InspectionInput): Promise<Inspection | Problem> {
  const { promise, resolve } = Promise.withResolvers<Inspection | Problem>()
  const options = {
    cwd: input.cwd,
    env: { ...input.env },
    ...(input.account ? { uid: input.account.uid, gid: input.account.gid } : {}),
    timeout: input.deadlineMs ?? 20_000,
    killSignal: 'SIGKILL' as const,
  }
  execFile(python, [input.bootstrapPath, 'inspect'], options, (error, stdout, stderr) => {
    const inspection = error === null ? parseInspection(python, stdout) : null
    resolve(inspection ?? broken(python, input, error, `${stdout}${stderr}`))
  })
  return promise
}

/**
 * What keeps a worker of this kind from running under this interpreter; empty when nothing does.
 *
 * @param isTarget whether it belongs to an application object, which needs what the Python package builds on
 */
export function missingFor(
  kind: 'uvicorn' | 'streamlit',
  inspection: Inspection,
  where: string,
  isTarget = false,
): readonly Problem[] {
  const { version, packages, python } = inspection
  if (isOlder(version, oldestPython)) return [tooOld(python, version.join('.'), where)]
  const own: readonly PackageName[] = kind === 'uvicorn' ? ['fastapi'] : ['fastapi', 'httpx']
  const missing = [kind, ...(isTarget ? own : [])].filter((name) => packages[name] === null)
  const [first] = missing
  if (first === undefined) return []
  const cures = missing.map((name) => (name === 'uvicorn' ? "'uvicorn[standard]'" : name))
  return [
    {
      code: 'module_missing',
      message: `module "${first}" is not installed in ${python} (Python ${version.join('.')})`,
      where,
      hint: `${python} -m pip install ${cures.join(' ')}`,
    },
  ]
}

/** A worker that will run, but not with everything, or not safely: Uvicorn without a WebSocket library answers upgrades 404. */
export function lackingFor(
  kind: 'uvicorn' | 'streamlit',
  { packages, python }: Inspection,
): readonly Problem[] {
  if (kind === 'streamlit') return holesOf(packages.streamlit, python)
  if (packages.websockets !== null || packages.wsproto !== null) return []
  return [
    {
      code: 'no_websocket_library',
      message: `${python} has no WebSocket library: Uvicorn will answer WebSocket requests with 404`,
      hint: `${python} -m pip install 'uvicorn[standard]'`,
    },
  ]
}

/** From here on Streamlit gives a page its state back only when it belongs to the same person. */
export const keepsPagesApart: readonly number[] = [1, 61]

/** What is known of older versions of Streamlit, by the version that mended it. */
const holes: readonly (readonly [mended: readonly number[], what: string])[] = [
  [[0, 81], 'script of an attacker in the page (CVE-2023-27494)'],
  [[1, 11, 1], 'any file by way of a component (CVE-2022-35918)'],
  [[1, 37], 'files outside the static ones, on Windows (CVE-2024-42474)'],
  [[1, 54], 'connections to addresses an attacker names, on Windows (streamlit pull request 13733)'],
  [[1, 60], 'sockets from pages of other origins (streamlit pull request 15800)'],
  [keepsPagesApart, 'the state of a page for whoever names its session (streamlit pull request 15909)'],
]

function holesOf(version: string | null, python: string): readonly Problem[] {
  const open = holes.filter(([mended]) => version !== null && !isAtLeast(version, mended))
  if (open.length === 0) return []
  return [
    {
      code: 'streamlit_holes',
      message: `Streamlit ${version} in ${python} has known holes: ${open.map(([, what]) => what).join('; ')}`,
      hint: `${python} -m pip install --upgrade 'streamlit>=${keepsPagesApart.join('.')}'`,
    },
  ]
}

/** Whether a dotted version is at least the given one; unreadable parts count as 0. */
export function isAtLeast(version: string | null, wanted: readonly number[]): boolean {
  if (version === null) return false
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0)
  return !isOlder(parts, wanted)
}

function isOlder(version: readonly number[], than: readonly number[]): boolean {
  for (const [index, wanted] of than.entries()) {
    const part = version[index] ?? 0
    if (part !== wanted) return part < wanted
  }
  return false
}

function parseInspection(python: string, text: string): Inspection | null {
  try {
    // The last line: a sitecustomize may print before us.
    const value: unknown = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
    if (typeof value !== 'object' || value === null || !('version' in value) || !('packages' in value))
      return null
    const { version, packages } = value
    if (!Array.isArray(version) || typeof packages !== 'object' || packages === null) return null
    const found = new Map<string, unknown>(Object.entries(packages))
    const [major, minor, patch] = version.map(Number)
    return {
      python,
      version: [major ?? 0, minor ?? 0, patch ?? 0],
      packages: versionsIn(found),
      fluxlit: asPackage('fluxlit' in value ? value.fluxlit : null),
    }
  } catch {
    return null
  }
}

function versionsIn(found: ReadonlyMap<string, unknown>): Inspection['packages'] {
  const of = (name: PackageName): string | null => asVersion(found.get(name))
  return {
    uvicorn: of('uvicorn'),
    streamlit: of('streamlit'),
    websockets: of('websockets'),
    wsproto: of('wsproto'),
    httptools: of('httptools'),
    fastapi: of('fastapi'),
    httpx: of('httpx'),
  }
}

function asPackage(value: unknown): InstalledPackage | null {
  if (typeof value !== 'object' || value === null || !('version' in value) || !('directory' in value))
    return null
  return { version: String(value.version), directory: String(value.directory) }
}

function asVersion(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

function tooOld(python: string, version: string | null, where: string): Problem {
  return {
    code: 'python_too_old',
    message: `${python} is ${version === null ? 'too old' : `Python ${version}`}; Python ${oldestPython.join('.')} or newer is needed`,
    where,
    hint: 'set `python` to a newer interpreter, or make a virtual environment with one',
  }
}

function broken(
  python: string,
  { where, account }: InspectionInput,
  error: (Error & { code?: string | number | null; killed?: boolean }) | null,
  output: string,
): Problem {
  // Our own file does not parse on Python 2 and the first 3s.
  if (output.includes('SyntaxError') && output.includes('bootstrap.py')) return tooOld(python, null, where)
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  return {
    code: 'python_broken',
    message: `${python} cannot be used: ${brokenReason(python, error)}`,
    where,
    hint: account
      ? `run \`${python} --version\` as user ${account.uid}: it has to be allowed to`
      : `run \`${python} --version\` to see what it says`,
    ...(lines.length > 0 ? { detail: lines.slice(-20) } : {}),
  }
}

function brokenReason(
  python: string,
  error: (Error & { code?: string | number | null; killed?: boolean }) | null,
): string {
  if (error === null) return 'its answer is not understood'
  if (error.killed === true) return 'it does not answer'
  if (typeof error.code === 'string') return spawnText(error.code, error.message, python)
  return `it ended with exit status ${error.code ?? 'unknown'}`
}
