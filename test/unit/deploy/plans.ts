/** Deployment plans for tests: of a configuration text, on a machine that is always the same. */

import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

import type { Config } from '../../../internal/config/config.ts'
import { planDeployment, type Plan } from '../../../internal/deploy/plan.ts'
import type { Project } from '../../../internal/deploy/project.ts'
import type { DeployFile } from '../../../internal/deploy/text.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { repository } from '../../support/python.ts'
import { loadValid, project, usualFiles } from '../config/project.ts'

/** Every path of the plan begins there. */
const place = '/srv/shop'

/** The plan for a configuration that lies in /srv/shop. @param changes facts that are different */
export async function planOf(t: Cleanup, toml: string, changes: Partial<Project> = {}): Promise<Plan> {
  const directory = await project(t, { ...usualFiles, 'fluxlit.toml': toml })
  const { config } = loadValid(directory)
  // No secrets are in these configurations, so they are plain data.
  const moved: Config = JSON.parse(JSON.stringify(config).replaceAll(directory, place))
  return planDeployment(moved, { ...usualProject, ...changes })
}

const usualProject: Project = {
  name: 'shop',
  root: place,
  configFiles: ['fluxlit.toml'],
  target: null,
  requirements: { kind: 'pip', files: ['requirements.txt'] },
  pythonVersion: '3.13',
  pythonSource: null,
  executable: '/usr/local/bin/fluxlit',
  private: [],
}

/** The plan behind config/deploy: the quickstart, or the sidecar of the fixtures. */
export function examplePlan(t: Cleanup, file: string, changes: Partial<Project> = {}): Promise<Plan> {
  return planOf(t, readFileSync(join(repository, file), 'utf8'), {
    configFiles: [basename(file)],
    ...changes,
  })
}

/** The text of one of several files. */
export function textOf(files: readonly DeployFile[], path: string): string {
  const file = files.find((each) => each.path === path)
  if (file === undefined) throw new Error(`no ${path} among ${files.map((each) => each.path).join(', ')}`)
  return file.text
}
