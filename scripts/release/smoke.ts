/** Runs executables of a release as a user would: the version, a configuration, a page. */

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SetupError } from '../shell/progress.mjs'
import { capture } from '../shell/run.mjs'

/** What was seen, with the time from start to end, or to the first answer, in milliseconds. */
export interface Seen {
  readonly versionMs: number
  readonly listeningMs: number
}

/**
 * `--version`, `check`, and `serve` until `livez` and a page answer and SIGTERM ends it with 0.
 * @param runs how often the version is asked; the fastest counts
 * @throws {SetupError} with what it printed, when something of that is not so
 */
export async function smoke(
  executable: string,
  command: readonly string[],
  version: string,
  runs = 5,
): Promise<Seen> {
  const directory = mkdtempSync(join(tmpdir(), 'fl-smoke-'))
  try {
    const config = join(directory, 'fluxlit.toml')
    writeFileSync(join(directory, 'index.html'), 'it works\n')
    writeFileSync(config, settings(directory))
    const program: Program = { words: [...command, executable], directory }
    const versionMs = await askVersion(program, version, runs)
    await expectEnd(program, ['check', '-c', config])
    return { versionMs, listeningMs: await expectPage(program, config) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

interface Program {
  readonly words: readonly string[]
  readonly directory: string
}

function settings(directory: string): string {
  return `gateway_port = 0
[admin]
listen = "127.0.0.1:0"
[workers.page]
root = ${JSON.stringify(directory)}
mount = "/"
`
}

async function askVersion(program: Program, version: string, runs: number): Promise<number> {
  const times: number[] = []
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now()
    const output = await expectEnd(program, ['--version'])
    times.push(performance.now() - start)
    if (output !== `fluxlit ${version}\n`) throw failure(program, '--version', output)
  }
  return Math.min(...times)
}

async function expectEnd(program: Program, args: readonly string[]): Promise<string> {
  const [file = '', ...words] = program.words
  const options = { cwd: program.directory, env: surroundings(program) }
  const ended = await capture(file, [...words, ...args], options).catch((error) => ({
    status: -1,
    output: String(error),
  }))
  if (ended.status === 0) return ended.output
  throw failure(program, args.join(' '), `status ${ended.status}\n${ended.output}`)
}

/** No Node, no home: the machine of a user. */
function surroundings({ directory }: Program): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', XDG_RUNTIME_DIR: directory, XDG_STATE_HOME: directory }
}

/** @returns milliseconds from the start to the line that names the address */
async function expectPage(program: Program, config: string): Promise<number> {
  const [file = '', ...words] = program.words
  const start = performance.now()
  const child = spawn(file, [...words, 'serve', '-c', config], {
    cwd: program.directory,
    env: surroundings(program),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // Nothing may wait forever for a program that does not do what it should.
  const late = setTimeout(() => child.kill('SIGKILL'), 120_000)
  let output = ''
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const address = new Promise<string>((resolve, reject) => {
    const look = (text: string): void => {
      output += text
      const [, found] = /"url":"(http:[^"]+)"/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    }
    child.stdout.setEncoding('utf8').on('data', look)
    child.stderr.setEncoding('utf8').on('data', look)
    child.once('error', reject)
    void ended.then(() => reject(failure(program, 'serve', output)))
  })
  try {
    const url = await address
    const listeningMs = performance.now() - start
    await expectAnswer(program, `${url}/__fluxlit/livez`, '"ok"')
    await expectAnswer(program, `${url}/`, 'it works')
    child.kill('SIGTERM')
    if ((await ended) !== 0) throw failure(program, 'serve', output)
    return listeningMs
  } finally {
    clearTimeout(late)
    child.kill('SIGKILL')
  }
}

async function expectAnswer(program: Program, url: string, content: string): Promise<void> {
  const response = await fetch(url)
  const text = await response.text()
  if (response.status !== 200 || !text.includes(content)) {
    throw failure(program, url, `${response.status} ${text}`)
  }
}

function failure({ words }: Program, what: string, output: string): SetupError {
  return new SetupError(`${words.join(' ')} ${what} did not do what it must:\n${output}`)
}
