import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { test } from 'node:test'

import type { Cleanup } from '../support/cleanup.ts'
import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { load } from '../support/load.ts'

const missing =
  spawnSync('slowhttptest', ['-h']).error === undefined ? false : 'slowhttptest is not installed'

const limits = `[timeouts]
headers = "2s"
body_idle = "2s"
[drain]
timeout = "100ms"
`

/** Its four ways to be slow. `/api/big` answers with more than any buffer takes. */
const modes: readonly (readonly [string, string, readonly string[]])[] = [
  ['heads that never end', '/api/', ['-H', '-i', '1']],
  ['bodies that drip', '/api/count', ['-B', '-i', '1', '-s', '8192']],
  ['thousands of overlapping ranges', '/api/', ['-R', '-a', '1', '-b', '2000']],
  ['reading a few bytes a second', '/api/big?mebibytes=2', ['-X', '-n', '1', '-z', '8', '-k', '3']],
]

/** Runs it for some seconds; resolves with what it wrote. */
function attack(t: Cleanup, args: readonly string[]): Promise<string> {
  const child = spawn('slowhttptest', [...args, '-c', '400', '-r', '200', '-l', '5', '-p', '5'], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('latin1').on('data', (text: string) => (output += text))
  return new Promise((resolve, reject) => child.once('error', reject).once('close', () => resolve(output)))
}

for (const [what, path, args] of modes) {
  test(`slowhttptest with ${what} takes the service from nobody`, { skip: missing }, async (t) => {
    const toml = `[workers.api]\napp = "api:app"\n${limits}`
    const running = await (await gateway(t, { toml, files: { 'api.py': app('api.py') } })).ready()
    const others = load(t, { url: `${running.url}/api/` })
    const output = await attack(t, [...args, '-u', running.url + path])
    // Otherwise nobody was attacked.
    assert.match(output, /Exit status:\S*\s+(?:Hit test time limit|No open connections left)/)
    assert.doesNotMatch(output, /service available:\S*\s+NO/)
    await others.more(10)
    assert.deepEqual(others.failed, [])
    t.diagnostic(`${others.sent.length} requests of others`)
  })
}
