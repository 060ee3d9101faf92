import { globSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'

/** A system clock for the processes of one test, which can be set. Their monotonic clock is the machine's. */
export interface SettableClock {
  /** What the processes have to be started with. */
  readonly env: Readonly<Record<string, string>>
  /** From now on they read the machine's time and so many seconds. */
  set(offset: number): void
}

/** Where Debian's package libfaketime has its library, the one for programs with threads. */
const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')

/** Why no clock can be had here; false when it can. */
export const withoutClock = library === undefined ? 'libfaketime is not installed' : false

/** Makes a clock that is right. */
export async function settableClock(t: Cleanup): Promise<SettableClock> {
  const directory = await freshDirectory(t)
  const file = join(directory, 'offset')
  const set = (offset: number): void => {
    // Whole or not at all: it is read at every look at the clock.
    writeFileSync(`${file}.next`, `${offset < 0 ? '' : '+'}${offset}\n`)
    renameSync(`${file}.next`, file)
  }
  set(0)
  const env = {
    LD_PRELOAD: library ?? '',
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    // Times of files stay as they are.
    NO_FAKE_STAT: '1',
  }
  return { env, set }
}
