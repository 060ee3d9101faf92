/** A cluster that runs: where things are, and what is asked of it. */

import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { finished } from '../../test/support/binary.ts'
import type { Finished } from '../../test/support/binary.ts'
import { Images, importImage } from './image.ts'

/** Asked with kubectl, as its administrator. */
export class Cluster {
  readonly state: string
  readonly programs: string
  readonly images: Images

  /** @param state directory of its node @param programs directory of its programs */
  constructor(state: string, programs: string) {
    this.state = state
    this.programs = programs
    this.images = new Images(join(state, 'images'))
  }

  get socket(): string {
    return join(this.state, 'containerd.sock')
  }

  get kubeconfig(): string {
    return join(this.state, 'admin.yaml')
  }

  /** Runs kubectl; fails with what it said when it fails. */
  async kubectl(...words: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryKubectl(words)
    if (code !== 0) throw new Error(`kubectl ${words.join(' ')}: ${stderr}${stdout}`)
    return stdout
  }

  /** Without blocking this process, which also asks the Pods. */
  tryKubectl(words: readonly string[], input = ''): Promise<Finished> {
    const env = { PATH: process.env['PATH'], KUBECONFIG: this.kubeconfig, HOME: this.state }
    const child = spawn(join(this.programs, 'kubectl'), words, { env })
    // It may end before it has read anything; how it ended says why.
    child.stdin.on('error', () => undefined).end(input)
    return finished(child)
  }

  /** Objects of the cluster, as their writer promises them. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  async get<T>(...words: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl('get', ...words, '--output', 'json'))
  }

  /** Hands an archive to the runtime. */
  load(archive: string): void {
    importImage(this.socket, archive)
  }

  /** The last lines of a program's log. */
  log(program: string, lines = 20): string {
    const file = join(this.state, 'log', program)
    return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : ''
  }
}
