import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { debianVersion, pythonVersion, timestamp } from '../../../../scripts/release/identity.ts'
import { selectTargets, targets } from '../../../../scripts/release/targets.ts'

suite('the version of a package', () => {
  for (const [version, debian, python] of [
    ['1.0.0', '1.0.0-1', '1.0.0'],
    ['1.0.0-alpha.1', '1.0.0~alpha.1-1', '1.0.0a1'],
    ['1.2.3-beta.10', '1.2.3~beta.10-1', '1.2.3b10'],
    ['2.0.0-rc.2', '2.0.0~rc.2-1', '2.0.0rc2'],
  ] as const) {
    test(`${version} is ${debian} for Debian and ${python} for Python`, () => {
      assert.equal(debianVersion(version), debian)
      assert.equal(pythonVersion(version), python)
    })
  }

  for (const version of ['1.0', '1.0.0-preview.1', '1.0.0-alpha', '1.0.0+build']) {
    test(`${version} has no form for Python, and that ends a release`, () => {
      assert.throws(() => pythonVersion(version), /has no form in PEP 440/)
    })
  }
})

suite('targets', () => {
  test('are all of them when none is named', () => {
    assert.deepEqual(selectTargets([]), targets)
  })

  test('are in the order of the table however they are named', () => {
    const chosen = selectTargets(['win-x64', 'linux-x64'])
    assert.deepEqual(
      chosen.map(({ id }) => id),
      ['linux-x64', 'win-x64'],
    )
  })

  test('that nothing is made for end a release, with those that are known', () => {
    assert.throws(() => selectTargets(['linux-x64', 'freebsd-x64', 'win-arm64']), {
      message: 'no release is made for freebsd-x64, win-arm64',
      hint: 'known targets: linux-x64, linux-arm64, darwin-arm64, darwin-x64, win-x64',
    })
  })
})

test('a time is told in UTC without fractions', () => {
  assert.equal(timestamp(1795921734), '2026-11-29T03:08:54Z')
})
