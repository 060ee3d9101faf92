/** Which executables of a release can be tried on the machine it is made on. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { hostTarget } from '../setup/toolchain.mjs'
import type { Target } from './targets.ts'

/** How executables of a target are run here; a reason when they cannot be. */
export type Runner =
  | { readonly kind: 'runs'; readonly command: readonly string[]; readonly isEmulated: boolean }
  | { readonly kind: 'cannot'; readonly reason: string }

/** Debian's qemu-user-static; called by name, because not every machine has it registered with the kernel. */
const emulator = '/usr/bin/qemu-aarch64-static'

/** Where Debian keeps the libraries of another processor (libstdc++6-arm64-cross). */
const armLibraries = '/usr/aarch64-linux-gnu'

/** This machine's own directly, arm64 under QEMU where that is installed with the libraries it needs. */
export function runnerOf({ id }: Target): Runner {
  if (id === hostTarget()) return { kind: 'runs', command: [], isEmulated: false }
  if (id !== 'linux-arm64') return { kind: 'cannot', reason: `nothing here runs ${id}` }
  const missing = [emulator, join(armLibraries, 'lib', 'libstdc++.so.6')].filter((path) => !existsSync(path))
  if (missing.length === 0) return { kind: 'runs', command: [emulator, '-L', armLibraries], isEmulated: true }
  return {
    kind: 'cannot',
    reason: `install Debian's qemu-user-static and libstdc++6-arm64-cross (no ${missing.join(', ')})`,
  }
}
