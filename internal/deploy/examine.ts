/** Whether deployment files that exist still fit the configuration. Pure: files in, disagreements out. */

import { YAMLParseError, parseAllDocuments } from 'yaml'

import { examineCompose, examineWorkload } from './examine-manifest.ts'
import type { Disagreement } from './examine-words.ts'
import { examineSocket, examineUnit } from './examine-unit.ts'
import type { Plan } from './plan.ts'
import type { DeployFile } from './text.ts'

/** Where `build` writes, and what people call it elsewhere: paths below the project that are looked at. */
export const examinedFiles: readonly string[] = [
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

/** Everything that does not fit, file by file. */
export function examineFiles(files: readonly DeployFile[], plan: Plan): readonly Disagreement[] {
  return files.flatMap((file) => examineFile(file, plan))
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
