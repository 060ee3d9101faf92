/** A proxy while it is measured, seen from outside: what it costs and what it holds. */

import { setTimeout as pause } from 'node:timers/promises'

import {
  anonymousBytes,
  cpuMicroseconds,
  openDescriptors,
  peakBytes,
  processTree,
  resetPeak,
} from './proc.ts'
import type { Program } from './program.ts'

/** What a stretch of work cost a proxy. */
export interface Cost<R> {
  readonly result: R
  /** User and system time of all its processes. */
  readonly cpuMicroseconds: number
  /** The most memory it had resident meanwhile beyond what it had before, in bytes. */
  readonly growthBytes: number
  readonly seconds: number
}

/** A running proxy, or nothing at all: the load then goes to the upstream itself. */
export class Subject {
  readonly port: number
  readonly isSecure: boolean
  readonly program: Program | null
  /** Where its configuration is; null where there is none. */
  readonly directory: string | null

  constructor(port: number, isSecure: boolean, program: Program | null, directory: string | null = null) {
    this.port = port
    this.isSecure = isSecure
    this.program = program
    this.directory = directory
  }

  /** `http://127.0.0.1:PORT` and the path. */
  url(path: string): string {
    return `http${this.isSecure ? 's' : ''}://127.0.0.1:${this.port}${path}`
  }

  /** Does some work and tells what it cost the proxy: zeros when there is none. */
  async cost<R>(work: () => Promise<R>): Promise<Cost<R>> {
    const before = this.#processes()
    resetPeak(before)
    const residentBefore = peakBytes(before)
    const cpuBefore = cpuMicroseconds(before)
    const start = performance.now()
    const result = await work()
    const seconds = (performance.now() - start) / 1000
    const after = this.#processes()
    return {
      result,
      cpuMicroseconds: cpuMicroseconds(after) - cpuBefore,
      growthBytes: Math.max(0, peakBytes(after) - residentBefore),
      seconds,
    }
  }

  /** Memory of its own, in bytes. */
  get anonymousBytes(): number {
    return anonymousBytes(this.#processes())
  }

  /** Open descriptors. */
  get descriptors(): number {
    return openDescriptors(this.#processes())
  }

  /** User and system time since it started, in microseconds. */
  get cpuMicroseconds(): number {
    return cpuMicroseconds(this.#processes())
  }

  /** Its own memory in bytes when nothing is going on: the least of some seconds. */
  async settledBytes(seconds: number): Promise<number> {
    let least = this.anonymousBytes
    for (let count = 0; count < seconds * 4; count += 1) {
      await pause(250)
      least = Math.min(least, this.anonymousBytes)
    }
    return least
  }

  /**
   * Resolves when half a second took less than a fifth of a core: what was begun has come to rest.
   * @param seconds after which it resolves in any case
   */
  async calm(seconds: number): Promise<void> {
    let last = this.cpuMicroseconds
    for (let count = 0; count < seconds * 2; count += 1) {
      await pause(500)
      const now = this.cpuMicroseconds
      if (now - last < 100_000) return
      last = now
    }
  }

  #processes(): readonly number[] {
    return this.program === null ? [] : processTree(this.program.pid)
  }
}
