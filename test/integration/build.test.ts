import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { build } from '../../scripts/build/executable.mjs'
import { capture } from '../../scripts/shell/run.mjs'
import { freshDirectory } from '../support/directory.ts'
import { repository } from '../support/python.ts'

// The pipeline with a main module of its own: what the executable may rely on, whatever the product does.
const entry = 'test/fixtures/build/main.ts'

test('a built executable', async (t) => {
  const directory = await freshDirectory(t)
  const output = join(directory, 'program')
  await build({ entry, output })

  await t.test('runs where there is no Node and no environment', async (inner) => {
    await inner.test('and knows what was stamped and packed into it', async () => {
      const { status, output: text } = await capture(output, ['--inspect', '-e', '1'], {
        cwd: directory,
        env: {},
      })
      assert.equal(status, 0, text)
      const facts: unknown = JSON.parse(text)
      assert.partialDeepStrictEqual(facts, {
        args: ['--inspect', '-e', '1'],
        node: process.versions.node,
        bootstrap: readFileSync(join(repository, 'internal/python/bootstrap.py'), 'utf8').length,
        deep: '/',
      })
    })

    for (const options of ['--nonsense', '--inspect=0']) {
      await inner.test(`and is not moved by NODE_OPTIONS=${options}`, async () => {
        const { status, output: text } = await capture(output, [], { env: { NODE_OPTIONS: options } })
        assert.equal(status, 0, text)
        assert.equal(text.split('\n').length, 2, text)
      })
    }
  })

  await t.test('does not remember where it was built', () => {
    assert.equal(readFileSync(output).includes(repository), false)
  })

  await t.test('is the same, byte for byte, when it is built again elsewhere', async (inner) => {
    const again = join(await freshDirectory(inner), 'program')
    await build({ entry, output: again })
    assert.equal(sha256(again), sha256(output))
  })

  await t.test('is not built again while nothing changed', async () => {
    assert.equal(await build({ entry, output }), null)
  })
})

test('an executable that would not start is not put in place', async (t) => {
  const files = { 'main.ts': "process.stdout.write('no version here')\n" }
  const directory = await freshDirectory(t, { files })
  const output = join(directory, 'program')
  await assert.rejects(
    build({ entry: join(directory, 'main.ts'), output }),
    /does not run: --version ended with 0/,
  )
  assert.throws(() => readFileSync(output), /ENOENT/)
})

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
