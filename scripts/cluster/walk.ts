/** Walks the documented ways: the commands of docs/deployment.md, in a shell, as they stand there. */

import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

import { binary } from '../../test/support/binary.ts'
import { marked } from '../../test/support/document.ts'
import { repository } from '../../test/support/python.ts'
import { must } from '../shell/run.mjs'
import type { Cluster } from './cluster.ts'

/** The commands of a way, one a line. */
export function commands(way: 'image' | 'kubernetes' | 'sidecar'): readonly string[] {
  return marked('deployment.md', `path: ${way}`).trim().split('\n')
}

/** A project with files of its own, in a directory of that name. */
export function project(cluster: Cluster, name: string, files: Readonly<Record<string, string>>): string {
  const directory = join(mkdtempSync(join(cluster.state, 'project-')), name)
  mkdirSync(directory)
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  return directory
}

/** The quickstart as in a fresh clone, in a directory of that name. */
export function quickstart(cluster: Cluster, name = 'quickstart'): string {
  const directory = project(cluster, name, {})
  for (const file of ['fluxlit.toml', 'main.py', 'streamlit_app.py', 'requirements.txt'])
    cpSync(join(repository, 'examples', 'quickstart', file), join(directory, file))
  return directory
}

/** Runs lines in one shell; what they printed. The first one that fails ends it with an error. */
export async function walk(cluster: Cluster, cwd: string, lines: readonly string[]): Promise<string> {
  const env = {
    PATH: `${toolDirectory(cluster)}:${cluster.programs}:${process.env['PATH']}`,
    HOME: cluster.state,
    XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    KUBECONFIG: cluster.kubeconfig,
    CLUSTER_STATE: cluster.state,
  }
  return must('a documented way', 'sh', ['-euxc', lines.join('\n')], { cwd, env })
}

/** A directory with `fluxlit` and what stands in for `docker`. */
function toolDirectory(cluster: Cluster): string {
  const directory = join(cluster.state, 'bin')
  mkdirSync(directory, { recursive: true })
  copyFileSync(binary(), join(directory, 'fluxlit'))
  const script = join(repository, 'scripts', 'cluster', 'docker.ts')
  const tsx = join(repository, 'node_modules', 'tsx', 'dist', 'loader.mjs')
  writeFileSync(
    join(directory, 'docker'),
    `#!/bin/sh\nexec '${process.execPath}' --import '${tsx}' '${script}' "$@"\n`,
  )
  chmodSync(join(directory, 'docker'), 0o755)
  return directory
}
