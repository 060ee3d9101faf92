import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import type { Cleanup } from './cleanup.ts'
import { repository } from './python.ts'

/** What a fresh directory is filled with. */
export interface Contents {
  /** Directory of the repository copied into it first: `examples/quickstart`. */
  readonly from?: string
  /** Files by relative path; they replace those of `from`. */
  readonly files?: Readonly<Record<string, string>>
}

/** A new private directory below the system's temporary one, removed after the test. */
export async function freshDirectory(t: Cleanup, contents: Contents = {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'fl-'))
  // Hooks run in the order they were registered: what runs in the directory may still be writing to it, and a hook
  // that fails would keep the following ones from ending it.
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined))
  if (contents.from !== undefined) await cp(join(repository, contents.from), directory, { recursive: true })
  for (const [name, text] of Object.entries(contents.files ?? {})) {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
  }
  return directory
}
