import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { apiOnly } from '../support/apps.ts'
import { run, type Finished } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'

/** Runs the executable in a directory that was removed below it. */
async function nowhere(t: Cleanup): Promise<(...words: readonly string[]) => Promise<Finished>> {
  const cwd = await freshDirectory(t)
  const through = ['sh', '-c', 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"']
  return (...words) => run(words, { cwd, through })
}

test('in a directory that was removed what needs one says so, and the rest works', async (t) => {
  const gone = await nowhere(t)
  for (const words of [['serve'], ['check'], ['status'], ['status', '-c', 'fluxlit.toml']]) {
    const { code, stdout, stderr } = await gone(...words)
    assert.deepEqual([code, stdout], [2, ''], stderr)
    assert.match(stderr, /^error\[directory_gone\]: .*\n.*hint: change into a directory/, words.join(' '))
  }
  for (const [word, said] of [
    ['--version', /^fluxlit \d/],
    ['--help', /^fluxlit <command>$/m],
  ] as const) {
    const { code, stdout } = await gone(word)
    assert.equal(code, 0)
    assert.match(stdout, said)
  }
})

test('a running gateway that is named for good is found from a directory that was removed', async (t) => {
  const running = await (await gateway(t, apiOnly)).ready()
  const gone = await nowhere(t)
  const file = join(running.directory, 'fluxlit.toml')
  for (const words of [
    ['status', '-c', file],
    ['status', '--pid', String(running.pid)],
    ['healthcheck', '-c', file],
    ['healthcheck', '--url', running.url],
  ]) {
    const { code, stdout, stderr } = await gone(...words)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\bready\b/)
  }
})
