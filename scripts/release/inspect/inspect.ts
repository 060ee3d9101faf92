/** Examines executables without running them: all of them, because not every one can be run here. */

import { readFileSync } from 'node:fs'

import { cpu } from '../../macho/image.mjs'
import { verifySigned } from '../../macho/verify.mjs'
import { machineOf, signatureOf } from '../../pe/unsign.mjs'
import { SetupError } from '../../shell/progress.mjs'
import type { Executable } from '../executables.ts'
import type { Target } from '../targets.ts'
import { readInside } from './blob.ts'
import type { Inside } from './blob.ts'

/**
 * Whether every executable is for its machine, whole, and has the same inside.
 * @returns what was seen, in words
 * @throws {SetupError} with the executable and what is wrong with it
 */
export function inspectAll(executables: readonly Pick<Executable, 'target' | 'path'>[]): readonly string[] {
  const seen = executables.map(({ target, path }) => {
    try {
      const bytes = readFileSync(path)
      return { target, words: examine(target, bytes), inside: readInside(bytes) }
    } catch (error) {
      throw wrong(target, error instanceof Error ? error.message : String(error))
    }
  })
  const [first, ...others] = seen
  if (first === undefined) return []
  for (const { target, inside } of others) {
    const different = differences(first.inside, inside)
    if (different.length > 0)
      throw wrong(target, `it has not the assets of ${first.target.id}: ${different.join(', ')}`)
  }
  return [
    ...seen.map(({ target, words }) => `${target.id}: ${words}`),
    `${first.inside.assets.size} assets, the same in all`,
  ]
}

/** Names of assets that only one of them has, or that are not the same. */
export function differences(one: Inside, other: Inside): readonly string[] {
  const names = new Set([...one.assets.keys(), ...other.assets.keys()])
  return [...names].filter((name) => one.assets.get(name) !== other.assets.get(name)).toSorted()
}

/** In words what it is; throws when that is not what the target says. */
function examine({ id, system }: Target, bytes: Buffer): string {
  if (system === 'linux') return expectMachine('ELF', bytes.readUInt16LE(18), id === 'linux-x64' ? 62 : 183)
  if (system === 'windows') {
    if (signatureOf(bytes).size > 0) throw new Error('it has the signature of somebody who did not make it')
    return expectMachine('PE', machineOf(bytes), 0x8664)
  }
  const { cpu: found, identifier, minimumSystem, pages } = verifySigned(bytes)
  expectMachine('Mach-O', found, id === 'darwin-arm64' ? cpu.arm64 : cpu.x64)
  return `Mach-O for macOS ${minimumSystem} and newer, signed ad hoc as ${identifier}, ${pages} pages as signed`
}

function expectMachine(format: string, found: number, expected: number): string {
  if (found === expected) return `${format} for its processor`
  throw new Error(`it is ${format} for processor ${found}, not ${expected}`)
}

function wrong({ id }: Target, message: string): SetupError {
  return new SetupError(`the executable for ${id}: ${message}`)
}
