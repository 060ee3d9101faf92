/** What the workers run on, for the banner. */

import { execFile } from 'node:child_process'
import type { Config, WorkerConfig } from '../../config/config.ts'
import { findPython, isPythonFound } from '../../config/python.ts'

/** Versions by name as people write it (`Python`, `FastAPI`), in the order they are shown. */
export type Versions = Readonly<Record<string, string>>

const packages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  uvicorn: { FastAPI: 'fastapi', Starlette: 'starlette', Uvicorn: 'uvicorn' },
  streamlit: { Streamlit: 'streamlit' },
}

const program = `import json, platform, sys
from importlib import metadata
found = {"Python": platform.python_version()}
for name, package in json.loads(sys.argv[1]).items():
    try:
        found[name] = metadata.version(package)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))`

/** The versions of one worker; empty when it is no Python worker, or when its interpreter does not say. */
export function readVersions(
  worker: WorkerConfig,
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Versions> {
  const wanted = packages[worker.kind]
  if (wanted === undefined || !('run' in worker) || worker.run.kind !== 'spawn') return Promise.resolve({})
  const { cwd } = worker.run
  const python = findPython(worker.run.python, { cwd, root: config.root, env })
  if (!isPythonFound(python)) return Promise.resolve({})
  return new Promise((resolve) => {
    const options = { cwd, timeout: 20_000, killSignal: 'SIGKILL' } as const
    execFile(python.path, ['-c', program, JSON.stringify(wanted)], options, (error, stdout) =>
      resolve(error === null ? parse(stdout) : {}),
    )
  })
}

function parse(stdout: string): Versions {
  try {
    const value: unknown = JSON.parse(stdout)
    if (typeof value !== 'object' || value === null) return {}
    const { Starlette: starlette, ...others } = Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    )
    // FastAPI stands on Starlette; only without it the latter is worth a word.
    return 'FastAPI' in others || starlette === undefined ? others : { ...others, Starlette: starlette }
  } catch {
    return {}
  }
}
