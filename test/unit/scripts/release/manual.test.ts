import assert from 'node:assert/strict'
import { suite, test } from 'node:test'

import { parseHelp } from '../../../../scripts/release/contents/help.ts'
import { manual, readExitCodes } from '../../../../scripts/release/contents/manual.ts'

const program = `fluxlit <command>

One port for two apps.

Commands:
  fluxlit serve [target]      serve the apps in production              [aliases: run]
  fluxlit restart [worker..]  start workers anew from the files as they are now, and switch
                              when they are ready

Options:
      --version  print the version (--json: commit)                         [boolean]
  -h, --help     Show help                                                  [boolean]

Exit codes: 0 clean, 1 could not
start.
`

const serve = `fluxlit serve <shell> [target]

serve the apps in production

Options:
      --version       print the version (--json: commit)                    [boolean]
  -c, --config        configuration file; may repeat                          [array]
      --reload-scope  whose Python files matter; Streamlit
                      reloads by itself
                        [choices: "api", "ui"] [default: "api"]

Examples:
  fluxlit serve --port 0  find the apps, any free port
  fluxlit serve -c a.toml     once
  -c b.toml
`

suite('a help text', () => {
  test('gives commands with their words, over several lines', () => {
    const { usage, about, commands, end } = parseHelp(program)
    assert.deepEqual({ usage, about }, { usage: 'fluxlit <command>', about: 'One port for two apps.' })
    assert.deepEqual(commands, [
      { term: 'fluxlit serve [target]', text: 'serve the apps in production [aliases: run]' },
      {
        term: 'fluxlit restart [worker..]',
        text: 'start workers anew from the files as they are now, and switch when they are ready',
      },
    ])
    assert.equal(end, 'Exit codes: 0 clean, 1 could not start.')
  })

  test('gives flags with and without a short form', () => {
    assert.deepEqual(parseHelp(serve).options, [
      { term: '--version', text: 'print the version (--json: commit) [boolean]' },
      { term: '-c, --config', text: 'configuration file; may repeat [array]' },
      {
        term: '--reload-scope',
        text: 'whose Python files matter; Streamlit reloads by itself [choices: "api", "ui"] [default: "api"]',
      },
    ])
  })
})

test('an example that was too long for its column is put together again', () => {
  assert.deepEqual(parseHelp(serve).examples, [
    { term: 'fluxlit serve --port 0', text: 'find the apps, any free port' },
    { term: 'fluxlit serve -c a.toml -c b.toml', text: 'once' },
  ])
})

suite('the manual', () => {
  const exitCodes = readExitCodes(
    '| code | meaning |\n|---|---|\n| 0 | clean stop |\n| 128 + n | a second signal *n* |\n',
  )
  const all = { program: parseHelp(program), commands: [{ name: 'serve', help: parseHelp(serve) }] }
  const page = manual(all, {
    version: '1.2.3',
    epoch: 1795921734,
    exitCodes,
    author: 'Ann Example',
    homepage: 'https://fluxlit.example',
  })

  test('has a place for every command, its flags and examples, but no flag twice', () => {
    assert.match(page, /^\.Nm fluxlit Cm serve Ar shell Oo Ar target Oc Oo Ar options Oc$/m)
    assert.match(page, /^\.Ss serve\nServe the apps in production\.$/m)
    assert.match(page, /^\.It \\-c, \\-\\-config\nconfiguration file; may repeat \[array\]$/m)
    assert.match(page, /^\.Dl fluxlit serve \\-\\-port 0$/m)
    assert.equal(page.match(/\.It \\-\\-version$/gm)?.length, 1)
  })

  test('has the date of the commit and what exit codes mean', () => {
    assert.match(page, /^\.Dd November 29, 2026$/m)
    assert.match(page, /^\.It 0\nclean stop\n\.It 128 \+ n\na second signal n$/m)
    assert.match(page, /^\.Lk https:\/\/fluxlit\.example\n\.Sh AUTHORS\n\.An Ann Example$/m)
  })

  test('has no line that is longer than what tools for such pages accept', () => {
    const long = page.split('\n').filter((line) => line.length > 80 && !line.startsWith('.'))
    assert.deepEqual(long, [])
  })
})
