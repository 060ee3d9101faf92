import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { environments } from '../support/environments.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { follow, stepsOf } from '../support/walkthrough.ts'

// They need a network, and are done already: the environment of the tests has what they install.
const preparations = [/^npm run setup$/, /^python3 -m venv \.venv$/, /^(\.venv\/bin\/)?pip (un)?install /]

interface Walk {
  readonly page: string
  readonly heading?: string
  /** For every gateway that is started, in order: a path that has to answer, and what with. */
  readonly shows: readonly (readonly [path: string, answer: RegExp])[]
}

const walks: readonly Walk[] = [
  { page: 'README.md', heading: 'What it does', shows: [['/api/greeting?name=Ada', /Hello, Ada!/]] },
  {
    page: 'docs/quickstart.md',
    shows: [
      ['/api/tasks', /"text":/],
      ['/api/greeting?name=Ada', /Hello, Ada!/],
      ['/api/greeting?name=Eve', /Hello, Eve!/],
    ],
  },
  { page: 'docs/migration.md', heading: 'From the Python FluxLit', shows: [['/api/users', /"Ada"/]] },
  { page: 'docs/migration.md', heading: 'From nginx', shows: [['/api/openapi.json', /"FastAPI"/]] },
]

for (const { page, heading, shows } of walks) {
  test(`a reader of ${page}${heading === undefined ? '' : `, ${heading},`} gets what it says`, async (t) => {
    const { directory } = await environments(t, ['venv'])
    // Whoever runs the tests may have something on the usual port.
    const env = {
      VIRTUAL_ENV: join(directory, 'venv'),
      FLUXLIT_GATEWAY_PORT: '0',
      FLUXLIT_ADMIN_LISTEN: '127.0.0.1:0',
    }
    const started: string[] = []
    await follow(await stepsOf(page, heading), await freshDirectory(t), async (words, cwd) => {
      const line = words.join(' ')
      if (preparations.some((known) => known.test(line))) return
      assert.equal(words[0], 'fluxlit', `${page} says ${line}`)
      const verb = words[1] ?? ''
      if (['serve', 'run', 'dev'].includes(verb)) {
        await serve(t, words.slice(2), verb === 'dev' ? 'dev' : 'serve', cwd, env, shows[started.length])
        started.push(line)
      } else {
        const { code, stdout, stderr } = await run(words.slice(1), { cwd, env })
        assert.equal(code, 0, `${line}\n${stdout}${stderr}`)
      }
    })
    assert.equal(started.length, shows.length, `${page} starts ${started.join(', ')}`)
  })
}

async function serve(
  t: TestContext,
  args: readonly string[],
  verb: 'serve' | 'dev',
  cwd: string,
  env: Readonly<Record<string, string>>,
  shown: readonly [string, RegExp] | undefined,
): Promise<void> {
  assert.ok(shown !== undefined)
  const running = await gateway(t, { verb, detect: true, cwd, args, env })
  await running.record(
    'ready',
    ({ msg, text }) => msg === 'ready' || (typeof text === 'string' && / ready /.test(text)),
  )
  const answer = await ask(running.url + shown[0], { headers: { host: '127.0.0.1' } })
  assert.match(answer.body, shown[1])
  assert.match((await ask(`${running.url}/`, { headers: { host: '127.0.0.1' } })).body, /<div id="root">/)
  await running.destroy()
}
