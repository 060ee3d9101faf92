/** Full log files: `FILE.1` is the newest, as logrotate names them. */

import { rename } from 'node:fs/promises'

/**
 * Makes room under the name of a file: it becomes `PATH.1`, what was `PATH.1` becomes `PATH.2`, and so on; the
 * oldest is overwritten. Numbers that are missing are passed over.
 *
 * @param keep how many full files stay, at least 1
 * @throws when one cannot be renamed; nothing is lost then, and the next call continues
 */
export async function shiftFiles(path: string, keep: number): Promise<void> {
  const names = [path, ...Array.from({ length: keep }, (_, index) => `${path}.${index + 1}`)]
  for (let to = keep; to > 0; to -= 1) await renameIfThere(names[to - 1] ?? path, names[to] ?? path)
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
