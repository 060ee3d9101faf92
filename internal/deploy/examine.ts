/** Whether deployment files that exist still fit the configuration. Pure: files in, disagreements out. */

import { YAMLParseError, parseAllDocuments } from 'yaml'

import { examineCompose } from './examine-compose.ts'
import { examineContext } from './examine-context.ts'
import { examineImage, holdsGateway, isDockerfile } from './examine-image.ts'
import { examineWorkload } from './examine-manifest.ts'
import type { Disagreement } from './examine-words.ts'
import { examineSocket, examineUnit } from './examine-unit.ts'
import type { Plan } from './plan.ts'
import type { DeployFile } from './text.ts'

/** Where `build` writes, and what people call it elsewhere: paths below the project that are looked at. */
export const examinedFiles: readonly string[] = [
  'Dockerfile',
  'Containerfile',
  '.dockerignore',
  'compose.yaml',
  'compose.yml',
  'docker-compose.yaml',
  'docker-compose.yml',
  'kubernetes/deployment.yaml',
  'sidecar/deployment.yaml',
  'deployment.yaml',
  'k8s/deployment.yaml',
  'systemd/fluxlit.service',
  'systemd/fluxlit.socket',
]

/** The files that are about a gateway: other images of a project are none of its business. */
export function gatewayFiles(files: readonly DeployFile[]): readonly DeployFile[] {
  const images = files.filter((file) => isDockerfile(file.path) && holdsGateway(file))
  return files.filter(
    (file) =>
      images.includes(file) || (!isDockerfile(file.path) && (!isIgnoreFile(file) || images.length > 0)),
  )
}

/** Everything that does not fit, file by file. @param files see {@link gatewayFiles} */
export function examineFiles(files: readonly DeployFile[], plan: Plan): readonly Disagreement[] {
  const isToldHost = files.some(
    ({ path, text }) => !isDockerfile(path) && text.includes('FLUXLIT_GATEWAY_HOST'),
  )
  const ignore = files.find(isIgnoreFile)
  return files.flatMap((file) => {
    if (isIgnoreFile(file)) return []
    if (!isDockerfile(file.path)) return examineFile(file, plan)
    return [...examineImage(file, plan, isToldHost), ...examineContext(file, ignore, plan)]
  })
}

function isIgnoreFile({ path }: DeployFile): boolean {
  return path === '.dockerignore'
}

function examineFile(file: DeployFile, plan: Plan): readonly Disagreement[] {
  if (file.path.endsWith('.service')) return examineUnit(file, plan)
  if (file.path.endsWith('.socket')) return examineSocket(file, plan)
  const documents = parseAllDocuments(file.text)
  const values: readonly unknown[] = documents.map((document) =>
    document.errors.length > 0 ? null : document.toJS(),
  )
  const broken = documents.flatMap((document) => document.errors)[0]
  if (broken !== undefined) return [unreadable(file, broken)]
  return values.flatMap((value) =>
    file.path.includes('compose') ? examineCompose(value, file, plan) : examineWorkload(value, file, plan),
  )
}

function unreadable({ path }: DeployFile, error: YAMLParseError): Disagreement {
  const line = error.linePos?.[0].line
  return {
    code: 'deploy_file',
    state: 'FAIL',
    message: `the file is not YAML: ${error.message.split('\n')[0] ?? ''}`,
    where: line === undefined ? path : `${path}:${line}`,
    hint: 'correct the line, or write the file anew: fluxlit build -f',
  }
}
