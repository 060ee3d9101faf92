import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'

import { mailbox, readMaintainer } from '../../../../scripts/release/maintainer.ts'
import { repository } from '../../../support/python.ts'

suite('whom people may write to', () => {
  test('is a name with an address, or a name that nobody can be written to under', () => {
    const ann = readMaintainer('Ann B. Example <ann@example.org>', 'here')
    assert.deepEqual(ann, { name: 'Ann B. Example', address: 'ann@example.org' })
    assert.equal(mailbox(ann), 'Ann B. Example <ann@example.org>')
    assert.equal(mailbox(readMaintainer('The people', 'here')), 'The people <maintainers@fluxlit.invalid>')
  })

  for (const text of ['', '<ann@example.org>', 'Ann <ann>', 'Ann <a@b> (https://x)', 'Ann\nX: y <a@b>']) {
    test(`${JSON.stringify(text)} is told to be neither`, () => {
      assert.throws(() => readMaintainer(text, '--maintainer'), {
        message: `--maintainer is ${JSON.stringify(text)}`,
        hint: 'write it as "NAME <ADDRESS>"',
      })
    })
  }

  test('and the homepage are the same in the Python package', () => {
    const manifest: { author: string; homepage: string; description: string } = JSON.parse(
      readFileSync(join(repository, 'package.json'), 'utf8'),
    )
    const project = readFileSync(join(repository, 'internal/python/pyproject.toml'), 'utf8')
    const { name } = readMaintainer(manifest.author, 'package.json')
    for (const line of [
      `authors = [{ name = "${name}" }]`,
      `Homepage = "${manifest.homepage}"`,
      `description = "${manifest.description}"`,
    ])
      assert.ok(project.split('\n').includes(line), line)
  })
})
