import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { repository } from '../support/python.ts'

/** What `--help` says, by the words before it. */
async function help(cwd: string, ...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run([...words, '--help'], { cwd })
  assert.equal(code, 0, stderr)
  return stdout
}

/** Verbs, with the names they are also known by. */
function verbsIn(text: string): ReadonlyMap<string, readonly string[]> {
  const rows = [...text.matchAll(/^ {2}fluxlit ([a-z-]+).*?(?:\[aliases?: ([a-z, -]+)\])?$/gm)]
  return new Map(
    rows.map(([, verb = '', aliases = '']) => [verb, aliases.split(/, */).filter((name) => name !== '')]),
  )
}

test('every verb explains itself with an example, and what is written about it is so', async (t) => {
  const cwd = await freshDirectory(t)
  const verbs = verbsIn(await help(cwd))
  assert.ok(verbs.size > 15, [...verbs.keys()].join(' '))
  const texts = new Map<string, string>()
  for (const [verb, aliases] of verbs) {
    const text = verb === 'sdk' ? await help(cwd, 'sdk', 'install') : await help(cwd, verb)
    for (const name of [verb, ...aliases]) texts.set(name, text)
  }

  for (const verb of verbs.keys()) {
    await t.test(verb, () => assert.match(texts.get(verb) ?? '', /\nExamples:\n/))
  }

  for (const page of [
    'README.md',
    'SECURITY.md',
    ...globSync('docs/*.md', { cwd: repository }),
    ...globSync('examples/*/*.md', { cwd: repository }),
  ]) {
    await t.test(page, () => {
      for (const { verb, flags, line } of mentions(readFileSync(join(repository, page), 'utf8'))) {
        const text = texts.get(verb)
        assert.ok(text !== undefined, `there is no verb ${verb}: ${line}`)
        for (const flag of flags) assert.ok(hasFlag(text, flag), `${verb} has no ${flag}: ${line}`)
      }
    })
  }
})

interface Mention {
  readonly verb: string
  readonly flags: readonly string[]
  readonly line: string
}

/** Command lines in code: `fluxlit VERB --flag`. */
function mentions(page: string): readonly Mention[] {
  const code = [...page.matchAll(/```(?:sh|console|bash)\n([^]*?)```|`(fluxlit [^`]+)`/g)]
  const lines = code.flatMap(([, block, span]) => (block ?? span ?? '').split('\n'))
  return lines.flatMap((whole): Mention[] => {
    const line = whole.replace(/#.*/, '')
    const found = /(?:^|[\s/(])fluxlit ([a-z][a-z-]*)\b(.*)/.exec(line)
    if (found === null) return []
    const [, verb = '', rest = ''] = found
    const own = rest.split(/ && |\||;/)[0] ?? ''
    return [{ verb, flags: own.match(/(?<=[\s[])--?[a-zA-Z][a-z-]*/g) ?? [], line: whole }]
  })
}

function hasFlag(text: string, flag: string): boolean {
  const positive = flag.replace(/^--no-/, '--')
  return new RegExp(`(^|[\\s,])${positive}(?![a-z-])`, 'm').test(text)
}
