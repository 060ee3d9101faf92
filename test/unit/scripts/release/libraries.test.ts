import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { acceptedLicence, librariesOf, licenceTexts } from '../../../../scripts/release/contents/libraries.ts'
import type { Metafile } from '../../../../scripts/release/contents/libraries.ts'

suite('the libraries inside a bundle', () => {
  const libraries = librariesOf(
    bundleOf({
      'node_modules/yargs/index.mjs': 10,
      'node_modules/yargs/build/lib/x.js': 20,
      'cmd/main.ts': 5,
    }),
  )

  test('are packages of which it has bytes, each once, with licence and hash', () => {
    assert.equal(libraries.length, 1)
    assert.partialDeepStrictEqual(libraries[0], { name: 'yargs', licence: 'MIT' })
    assert.match(libraries[0]?.text ?? '', /Permission is hereby granted/)
    assert.match(libraries[0]?.integrity ?? '', /^sha512-[A-Za-z0-9+/]{86}==$/)
  })

  test('are not those of which nothing is left', () => {
    assert.deepEqual(librariesOf(bundleOf({ 'node_modules/zod/index.js': 0 })), [])
  })

  test('have the version of the copy that was taken', () => {
    const inner = 'node_modules/cliui/node_modules/string-width/index.js'
    const found = librariesOf(bundleOf({ [inner]: 1, 'node_modules/string-width/index.js': 1 }))
    assert.deepEqual([...new Set(found.map(({ name }) => name))], ['string-width'])
    assert.equal(new Set(found.map(({ version }) => version)).size, 2)
  })

  test('are those of every bundle that is inside', () => {
    const bundles = [
      ...bundleOf({ 'node_modules/zod/index.js': 1 }),
      ...bundleOf({ 'node_modules/uplot/x.js': 1 }),
    ]
    assert.deepEqual(
      librariesOf(bundles).map(({ name }) => name),
      ['uplot', 'zod'],
    )
  })

  test('are named once when npm has put them into several places', () => {
    const [one, other] = ['cliui', 'wrap-ansi'].map(
      (name) => `node_modules/${name}/node_modules/string-width/index.js`,
    )
    assert.equal(librariesOf(bundleOf({ [one ?? '']: 1, [other ?? '']: 1 })).length, 1)
  })

  test('stand in one text with their names', () => {
    const [{ version } = { version: '' }] = libraries
    assert.match(licenceTexts(libraries), new RegExp(`^yargs ${version} \\(MIT\\)\n-+\n\n`, 'm'))
  })
})

test('a package without its licence may have it from the repository', () => {
  const [client] = librariesOf(bundleOf({ 'node_modules/@redis/client/dist/index.js': 1 }))
  assert.match(client?.text ?? '', /Redis, inc\./)
})

test('a package that brings no text of its licence ends a release, with where to write it', () => {
  assert.throws(() => librariesOf(bundleOf({ 'node_modules/koa-compose/index.js': 1 })), {
    message: /^koa-compose .* does not bring the text of its licence$/,
    hint: 'take it from its repository and write it to config/licences/koa-compose.txt',
  })
})

for (const licence of ['GPL-3.0-only', 'MIT OR GPL-3.0', undefined]) {
  test(`a package with the licence ${licence} ends a release`, () => {
    assert.throws(() => acceptedLicence('thing 1.0.0', licence), {
      message: `thing 1.0.0 has the licence ${licence ?? '(none)'}`,
      hint: /^accepted inside the executable: MIT, ISC, /,
    })
  })
}

function bundleOf(bytes: Readonly<Record<string, number>>): readonly Metafile[] {
  const inputs = Object.entries(bytes).map(([path, bytesInOutput]) => [path, { bytesInOutput }] as const)
  return [{ outputs: { 'fluxlit.mjs': { inputs: Object.fromEntries(inputs) } } }]
}
