import assert from 'node:assert/strict'
import { test } from 'node:test'

import { needsDirectory } from '../../../internal/cli/working-directory.ts'

function of(line: string): boolean {
  return needsDirectory(line.split(' ').filter((word) => word !== ''))
}

test('help, and a gateway that is named for good, depend on no directory', () => {
  for (const line of [
    '--help',
    'serve --help',
    'check -h',
    'completion bash',
    'status --socket /run/fluxlit/a/1/control.sock',
    'status --json --pid=4711',
    'restart api -c /srv/shop/fluxlit.toml',
    'healthcheck --url http://127.0.0.1:8000',
    'drain --config=/srv/shop/fluxlit.toml --pid 3',
  ])
    assert.equal(of(line), false, line)
})

test('what is found from the directory, or named relative to it, does', () => {
  for (const line of [
    '',
    'serve',
    'serve -c /srv/shop/fluxlit.toml',
    'check',
    'status',
    'status --json',
    'status -c fluxlit.toml',
    'status --socket control.sock --pid 3',
    'restart api --config=shop.toml',
  ])
    assert.equal(of(line), true, line)
})
