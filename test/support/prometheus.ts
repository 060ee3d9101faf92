/** A real Prometheus, and the tool that comes with it. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import type { Cleanup } from './cleanup.ts'
import { freshDirectory } from './directory.ts'
import { json } from './http.ts'
import { rulesFile } from './queries.ts'

/** Runs `promtool` with a text as its standard input; what it wrote, and its status. */
export function promtool(
  args: readonly string[],
  input = '',
): { readonly status: number | null; readonly text: string } {
  const { error, status, stdout, stderr } = spawnSync('promtool', [...args], { input, encoding: 'utf8' })
  if (error !== undefined)
    throw new Error('promtool is missing: install the package prometheus', { cause: error })
  return { status, text: stdout + stderr }
}

/** Starts one that scrapes `target` (host:port) once per second and has our alert rules; its address. */
export async function prometheus(t: Cleanup, target: string): Promise<string> {
  const configuration = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [rulesFile],
    scrape_configs: [{ job_name: 'fluxlit', static_configs: [{ targets: [target] }] }],
  }
  // JSON is YAML, too.
  const directory = await freshDirectory(t, { files: { 'prometheus.yml': JSON.stringify(configuration) } })
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      '--web.listen-address=127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  t.after(async () => {
    child.kill('SIGTERM')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line)
    const address = /msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)/.exec(line)?.[1]
    if (address === undefined) continue
    child.stderr.resume()
    return `http://${address}`
  }
  throw new Error(`Prometheus does not listen:\n${said.join('\n')}`)
}

/** The values of an instant query; throws what Prometheus says against it. */
export async function query(url: string, text: string): Promise<readonly number[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`)
  const { status, error, data } = json<{
    readonly status: string
    readonly error?: string
    readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] }
  }>(await answer.text())
  if (status !== 'success' || data === undefined) throw new Error(`${text}: ${error}`)
  return data.result.map(({ value }) => Number(value[1]))
}
