import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Root of the repository, absolute. */
export const repository = join(import.meta.dirname, '..', '..')

/** Virtual environment with FastAPI, Uvicorn and Streamlit that `npm run setup` makes; throws when it is missing. */
export function virtualEnvironment(): string {
  const directory = join(repository, '.venv')
  if (!existsSync(join(directory, 'bin', 'python'))) throw new Error('no .venv: run `npm run setup` first')
  return directory
}

/** Its interpreter, absolute. */
export function python(): string {
  return join(virtualEnvironment(), 'bin', 'python')
}
