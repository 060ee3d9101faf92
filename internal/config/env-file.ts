/** A worker's `env_file`, read at configuration time and again for every generation of the worker. */

import type { Problem } from '../fault/startup.ts'
import type { EnvFile } from './config.ts'
import { parseDotenv, type DotenvEntry } from './dotenv.ts'
import { readText } from './files.ts'

/** What a file holds, and what is wrong with it: that it cannot be read, or every line that is not NAME=value. */
export interface EnvFileContent {
  readonly entries: readonly DotenvEntry[]
  readonly problems: readonly Problem[]
}

/** Reads the `env_file` of a worker. @param worker its name, for messages */
export function readEnvFile(file: EnvFile, worker: string): EnvFileContent {
  const read = readText(file.path)
  if (read.kind === 'text') return parseDotenv(read.text, file.name)
  const reason = read.kind === 'missing' ? 'it does not exist' : read.reason
  const problem = {
    code: 'env_file_unreadable',
    message: `\`env_file\` of worker \`${worker}\` cannot be read: ${file.path} (${reason})`,
    where: file.where,
    hint: 'create it, make it readable, or correct the path',
  }
  return { entries: [], problems: [problem] }
}
