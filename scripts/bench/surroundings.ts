/** Where and with what a run is made. */

import { cpus, loadavg, release } from 'node:os'

import type { Surroundings } from './output/results.ts'

/** @param versions of the peers that take part */
export function surroundings(versions: Readonly<Record<string, string>>): Surroundings {
  return {
    started: new Date().toISOString(),
    machine: cpus()[0]?.model.trim() ?? 'an unknown machine',
    cores: cpus().length,
    kernel: `Linux ${release()}`,
    load: loadavg()[0] ?? 0,
    versions: { ...versions, node: process.versions.node },
  }
}
