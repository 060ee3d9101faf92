import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { freshDirectory } from './directory.ts'
import { json } from './http.ts'
import { repository } from './python.ts'

interface Report {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  readonly text: string
}

/** Runs the tests below test/python with an interpreter; each of them is one of ours. */
export async function runPytest(
  t: TestContext,
  python: string,
  options: readonly string[] = [],
): Promise<void> {
  const directory = await freshDirectory(t)
  const file = join(directory, 'report.jsonl')
  const words = ['-m', 'pytest', '-c', 'test/python/pytest.ini', 'test/python', '-q', ...options]
  const ended = await end(python, words, { env: { FLUXLIT_TEST_REPORT: file } })
  const reports = await readReports(file)
  for (const { name, outcome, text } of reports) {
    const skip = outcome === 'skipped' ? text : false
    await t.test(name, { skip }, () => {
      if (outcome === 'failed') throw new Error(text)
    })
  }
  // A file that cannot be imported has no tests to report.
  const failures = reports.some(({ outcome }) => outcome === 'failed')
  if (reports.length === 0 || (ended.status !== 0 && !failures)) throw new Error(ended.output)
}

/** Where a program runs: the repository, with our environment, unless told otherwise. */
interface Place {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program and returns what it printed; throws that unless it ended with 0. */
export async function succeeds(
  program: string,
  words: readonly string[],
  place: Place = {},
): Promise<string> {
  const { status, output } = await end(program, words, place)
  if (status !== 0) throw new Error(output)
  return output
}

async function end(
  program: string,
  words: readonly string[],
  { cwd = repository, env: more = {} }: Place,
): Promise<{ status: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number; output: string }>()
  // The packages' own files stay as they are: they are built into the executable.
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...more }
  execFile(program, words, { cwd, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
    const status = typeof error?.code === 'number' ? error.code : 1
    resolve({ status: error === null ? 0 : status, output: stdout + stderr })
  })
  return promise
}

async function readReports(file: string): Promise<readonly Report[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => json<Report>(line))
}
