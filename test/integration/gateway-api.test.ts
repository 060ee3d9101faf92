import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { parse } from 'yaml'

import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { repository } from '../support/python.ts'
import { validated } from '../support/schemas.ts'

/** The part of a route that is changed. */
interface Route {
  readonly spec: { readonly rules: readonly [Record<string, unknown>] }
}

const folders = ['kubernetes', 'sidecar'] as const

// The parameter names the expectation at the call.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
function read<T>(folder: (typeof folders)[number], name: string): T {
  return parse(readFileSync(join(repository, 'config', 'deploy', folder, name), 'utf8'))
}

/** The route as the kustomization puts it together. */
function patched(folder: (typeof folders)[number]): Route {
  const route = read<Route>(folder, 'httproute.yaml')
  const [patch] = read<readonly { op: string; path: string; value: unknown }[]>(
    folder,
    'session-persistence.yaml',
  )
  assert.deepEqual([patch?.op, patch?.path], ['add', '/spec/rules/0/sessionPersistence'])
  route.spec.rules[0]['sessionPersistence'] = patch?.value
  return route
}

/** Judged together, because the judge takes seconds to start. */
async function judged(t: Cleanup, channel: 'standard' | 'experimental', routes: readonly object[]) {
  const directory = await freshDirectory(t)
  const files = routes.map((_, index) => join(directory, `${index}.json`))
  for (const [index, file] of files.entries()) await writeFile(file, JSON.stringify(routes[index]))
  const schema = join(repository, 'test', 'fixtures', 'gateway-api', `httproute-${channel}.json`)
  return validated('check_jsonschema', '--schemafile', schema, ...files)
}

test('routes are valid by the standard channel of the Gateway API, in which no unknown field is allowed', async (t) => {
  const routes = folders.map((folder) => read<Route>(folder, 'httproute.yaml'))
  const { status, output } = await judged(t, 'standard', routes)
  assert.equal(status, 0, output)
})

test('with session persistence they are by the experimental channel, and only by that', async (t) => {
  const { status, output } = await judged(t, 'experimental', folders.map(patched))
  assert.equal(status, 0, output)
  const refused = await judged(t, 'standard', [patched('kubernetes')])
  assert.notEqual(refused.status, 0)
  assert.match(refused.output, /'sessionPersistence' was unexpected/)
})

test('a wrong value in a route is found', async (t) => {
  const wrong = patched('kubernetes')
  wrong.spec.rules[0]['timeouts'] = { request: 'never' }
  const { status, output } = await judged(t, 'experimental', [wrong])
  assert.notEqual(status, 0)
  assert.match(output, /timeouts\.request/)
})
