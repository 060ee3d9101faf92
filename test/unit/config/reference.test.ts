import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { exampleToml } from '../../../internal/config/example.ts'
import { allKeys, anyElement, anyName } from '../../../internal/config/keys.ts'
import { jsonSchema, referenceTables } from '../../../internal/config/reference.ts'
import { configSchema } from '../../../internal/config/schema.ts'
import { parseToml } from '../../../internal/config/toml.ts'
import { isTree, valueAt } from '../../../internal/config/tree.ts'
import { repository } from '../../support/python.ts'
import { loadValid, project, usualFiles } from './project.ts'

const read = (file: string): string => readFileSync(join(repository, file), 'utf8')

test('the reference tables in the documentation are those of the schema', () => {
  assert(
    read('docs/configuration.md').includes(`\n\n${referenceTables()}\n\n`),
    'run: node scripts/config-reference.ts',
  )
})

test('the JSON Schema file is that of the schema', () => {
  assert.deepEqual(JSON.parse(read('config/fluxlit.schema.json')), jsonSchema())
})

test('the example file is that of the schema', () => {
  assert.equal(read('fluxlit.example.toml'), exampleToml())
})

test('the example file says exactly the defaults', async (t) => {
  const minimal = '[workers.api]\napp = "main:app"\n[workers.ui]\nscript = "streamlit_app.py"\n'
  const directory = await project(t, {
    ...usualFiles,
    'fluxlit.toml': minimal,
    'example.toml': exampleToml(),
  })
  const expected = loadValid(directory).config
  const actual = loadValid(directory, { files: ['example.toml'] }).config
  const comparable = (config: typeof actual): unknown =>
    JSON.parse(
      JSON.stringify({ ...config, sources: [], instanceKey: '' }, (key, value: unknown) =>
        key === 'where' ? '' : value,
      ),
    )
  assert.deepEqual(comparable(actual), comparable(expected))
})

test('with its examples switched on the example file has every key, and no key that does not exist', () => {
  const parsed = parseToml(exampleToml().replaceAll(/^#(?=[a-z[])/gm, ''), 'example')
  assert(parsed.kind === 'ok')
  const checked = configSchema.safeParse(parsed.value)
  assert.equal(checked.error?.message, undefined)
  const workers = valueAt(parsed.value, ['workers'])
  assert(isTree(workers))
  for (const { path } of allKeys()) {
    const names: readonly string[] = path.includes(anyName) ? Object.keys(workers) : ['']
    const paths: readonly (readonly string[])[] = names.map((name) =>
      path.map((step) => (step === anyName ? name : step === anyElement ? '0' : step)),
    )
    const given: boolean = paths.some((concrete) => valueAt(parsed.value, concrete) !== undefined)
    assert(given, `${path.join('.')} is missing`)
  }
})

test('every key has a description of its own, and says what it expects', () => {
  for (const key of allKeys()) {
    if (key.path.at(-1) === anyName) continue
    assert(
      key.description.length > 10 && key.description.endsWith('.'),
      `description of ${key.path.join('.')}`,
    )
    assert(key.expects !== '', `expectation of ${key.path.join('.')}`)
  }
})
