/** Kinds of deployment files, and what each consists of. */

import { isAbsolute } from 'node:path'

import type { Problem } from '../fault/startup.ts'
import { composeFiles } from './compose.ts'
import { dockerFiles } from './docker.ts'
import { kubernetesFiles } from './kubernetes.ts'
import type { DeployKind } from './kinds.ts'
import type { Plan } from './plan.ts'
import { sidecarFiles, sidecarProblem } from './sidecar.ts'
import { systemdFiles } from './systemd.ts'
import type { DeployFile } from './text.ts'

/** The files, or every reason why there are none. */
export type DeployResult =
  | { readonly kind: 'files'; readonly files: readonly DeployFile[] }
  | { readonly kind: 'problems'; readonly problems: readonly [Problem, ...Problem[]] }

const makers: Readonly<Record<Exclude<DeployKind, 'all'>, (plan: Plan) => readonly DeployFile[]>> = {
  docker: dockerFiles,
  compose: composeFiles,
  kubernetes: kubernetesFiles,
  sidecar: sidecarFiles,
  systemd: systemdFiles,
}

/** Computes the files of one kind. `all` leaves the sidecar out when the gateway starts workers itself. Pure. */
export function deploymentFiles(kind: DeployKind, plan: Plan): DeployResult {
  const kinds = kind === 'all' ? everyKind(plan) : [kind]
  const [first, ...others] = kinds.flatMap((each) => problemsOf(each, plan))
  if (first !== undefined) return { kind: 'problems', problems: [first, ...others] }
  return { kind: 'files', files: kinds.flatMap((each) => makers[each](plan)) }
}

function everyKind(plan: Plan): readonly Exclude<DeployKind, 'all'>[] {
  const all = ['docker', 'compose', 'kubernetes', 'systemd'] as const
  return sidecarProblem(plan) === null ? [...all, 'sidecar'] : all
}

function problemsOf(kind: Exclude<DeployKind, 'all'>, plan: Plan): readonly Problem[] {
  if (kind === 'systemd') return []
  const problem = kind === 'sidecar' ? sidecarProblem(plan) : null
  return [...(problem === null ? [] : [problem]), ...(kind === 'docker' ? outsideProblems(plan) : [])]
}

/** An image holds the root and nothing else. */
function outsideProblems({ project }: Plan): readonly Problem[] {
  return project.configFiles
    .filter((file) => file.startsWith('..') || isAbsolute(file))
    .map((file) => ({
      code: 'outside_root',
      message: `${file} lies outside ${project.root}, and an image contains that directory only`,
      where: file,
      hint: 'move the file below it, or set `root` to a directory that contains both',
    }))
}
