/** Deployment files of the project against its configuration. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { examinedFiles, examineFiles, gatewayFiles } from '../../deploy/examine.ts'
import { planDeployment } from '../../deploy/plan.ts'
import { readProject } from '../../deploy/project.ts'
import type { DeployFile } from '../../deploy/text.ts'
import { found, passed, type Check } from './finding.ts'

/** What `fluxlit build` wrote once, and people changed since. Says nothing where there are none. */
export const checkDeployment: Check = ({ config }) => {
  const files = gatewayFiles(examinedFiles.flatMap((path) => fileAt(config.root, path)))
  if (files.length === 0) return []
  const project = readProject(config, { name: null, target: null, configFiles: [], executable: 'fluxlit' })
  const disagreements = examineFiles(files, planDeployment(config, project))
  if (disagreements.length > 0) return disagreements.map(({ state, ...problem }) => found(problem, state))
  return [passed('deploy_file', `${files.map(({ path }) => path).join(', ')} fit the configuration`)]
}

function fileAt(root: string, path: string): readonly DeployFile[] {
  try {
    return [{ path, text: readFileSync(join(root, path), 'utf8') }]
  } catch {
    return []
  }
}
