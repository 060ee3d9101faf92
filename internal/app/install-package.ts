/** Putting the Python package into an environment, for editors and for tests without a gateway. */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import type { PackageFiles } from '../worker/sdk.ts'

/** What an environment says of itself. */
interface Environment {
  /** Absolute; where packages go. */
  readonly purelib: string
  /** Whether the system's package manager keeps it, and nobody else should write there (PEP 668). */
  readonly isManaged: boolean
  /** Metadata of a package `fluxlit` that is there, or null. */
  readonly present: { readonly path: string; readonly version: string; readonly installer: string } | null
}

const question = `
import json, os, sysconfig
from importlib import metadata
present = None
try:
    found = metadata.distribution("fluxlit")
    installer = (found.read_text("INSTALLER") or "").strip()
    present = {"path": str(found._path), "version": found.version, "installer": installer}
except metadata.PackageNotFoundError:
    pass
import sys
in_environment = sys.prefix != sys.base_prefix
managed = not in_environment and os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))
print(json.dumps({"purelib": sysconfig.get_path("purelib"), "isManaged": managed, "present": present}))
`

/** What this program writes as INSTALLER: only its own work is replaced. */
const installer = 'fluxlit'

/** Installs for an interpreter (absolute); resolves to the directory, or to what is in the way. */
export async function installPackage(
  python: string,
  files: PackageFiles,
): Promise<{ readonly directory: string } | Problem> {
  const environment = await askEnvironment(python)
  if ('code' in environment) return environment
  const { purelib, isManaged, present } = environment
  if (isManaged) return managed(python)
  if (present !== null && present.installer !== installer) return foreign(python, present.version)
  try {
    if (present !== null) removeRecorded(present.path)
    write(purelib, files)
    return { directory: purelib }
  } catch (error) {
    return unwritable(purelib, error)
  }
}

function askEnvironment(python: string): Promise<Environment | Problem> {
  const { promise, resolve } = Promise.withResolvers<Environment | Problem>()
  const options = { timeout: 20_000, killSignal: 'SIGKILL' } as const
  execFile(python, ['-I', '-c', question], options, (error, stdout, stderr) => {
    try {
      if (error !== null) throw error
      const answer: Environment = JSON.parse(stdout)
      resolve(answer)
    } catch {
      resolve({
        code: 'python_broken',
        message: `${python} cannot be used`,
        hint: `run \`${python} --version\` to see what it says`,
        detail: stderr.trimEnd().split('\n').slice(-5),
      })
    }
  })
  return promise
}

/** Everything that was written last time, as its RECORD says. */
function removeRecorded(information: string): void {
  const purelib = dirname(information)
  for (const line of readFileSync(join(information, 'RECORD'), 'utf8').split('\n')) {
    const [name = ''] = line.split(',')
    if (name.startsWith('fluxlit/') && !name.includes('..')) rmSync(join(purelib, name), { force: true })
  }
  rmSync(information, { recursive: true })
}

/** The package with the metadata by which pip knows and removes it. */
function write(purelib: string, { version, files }: PackageFiles): void {
  const information = `fluxlit-${version}.dist-info`
  const texts: Record<string, string> = {
    ...files,
    [`${information}/METADATA`]: `Metadata-Version: 2.1\nName: fluxlit\nVersion: ${version}\nRequires-Python: >=3.10\n`,
    [`${information}/INSTALLER`]: `${installer}\n`,
  }
  const record = Object.entries(texts).map(
    ([name, text]) => `${name},${digest(text)},${Buffer.byteLength(text)}\n`,
  )
  texts[`${information}/RECORD`] = `${record.join('')}${information}/RECORD,,\n`
  for (const [name, text] of Object.entries(texts)) {
    const path = join(purelib, name)
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
}

function digest(text: string): string {
  return `sha256=${createHash('sha256').update(text).digest('base64url')}`
}

function managed(python: string): Problem {
  return {
    code: 'sdk_managed',
    message: `${python} belongs to the system, which keeps its packages itself`,
    hint: 'make a virtual environment: python3 -m venv .venv, then fluxlit sdk install --python .venv',
  }
}

function foreign(python: string, version: string): Problem {
  return {
    code: 'sdk_foreign',
    message: `fluxlit ${version} is installed for ${python}, and not by this program`,
    hint: `${python} -m pip uninstall fluxlit`,
  }
}

function unwritable(directory: string, error: unknown): Problem {
  const reason = error instanceof Error ? error.message : String(error)
  return {
    code: 'sdk_unwritable',
    message: `the package cannot be written to ${directory}: ${reason}`,
    hint: 'name an environment of yours with --python',
  }
}
