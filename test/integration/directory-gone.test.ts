import assert from 'node:assert/strict'
import { test } from 'node:test'

import { run, type Finished } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'

test('in a directory that was removed every verb says so, and the version is still told', async (t) => {
  const directory = await freshDirectory(t)
  const gone = (...words: readonly string[]): Promise<Finished> =>
    run(words, {
      cwd: directory,
      through: ['sh', '-c', 'mkdir gone && cd gone && rmdir ../gone && exec "$0" "$@"'],
    })
  for (const word of ['serve', 'check', 'status', '--help']) {
    const { code, stdout, stderr } = await gone(word)
    assert.deepEqual([code, stdout], [2, ''], stderr)
    assert.match(stderr, /^error\[directory_gone\]: .*\n.*hint: change into a directory/, word)
  }
  const { code, stdout } = await gone('--version')
  assert.equal(code, 0)
  assert.match(stdout, /^fluxlit \d/)
})
