import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { Explainer } from '../../../../internal/app/dev/explain.ts'
import { troublePage } from '../../../../internal/app/dev/page.ts'
import type { Trouble } from '../../../../internal/app/dev/page.ts'
import { readExcerpt, readTrace } from '../../../../internal/app/dev/traceback.ts'
import type { WorkerState } from '../../../../internal/worker/types.ts'
import { freshDirectory } from '../../../support/directory.ts'
import { project, StandIn } from '../../../fixtures/dev/project.ts'

const output = [
  'INFO: started',
  'Traceback (most recent call last):',
  '  File "/work/app/main.py", line 3, in <module>',
  '    import report',
  '  File "/work/app/report.py", line 7, in build',
  '    run()',
  '  File "/work/app/.venv/lib/python3.12/site-packages/lib.py", line 90, in run',
  '    raise ValueError("<no> table")',
  'ValueError: <no> table',
  'INFO: bye',
]

const trouble: Trouble = {
  worker: 'api',
  problem: {
    code: 'app_import_failed',
    message: 'importing <the> app failed',
    hint: 'do "this"',
    where: 'f:1',
  },
  trace: readTrace(output, '/work/app'),
  excerpt: null,
  next: 'change',
  statusPath: '/tools/__fluxlit/readyz',
  seen: { state: 'failed', since: '2026-01-01T00:00:00.000Z' },
}

test('a traceback is taken out of the output and the frames of the project are told from libraries', () => {
  const { lines, frames, exception } = trouble.trace
  assert.deepEqual([lines[0], lines.at(-1)], [output[1], 'ValueError: <no> table'])
  assert.equal(exception, 'ValueError: <no> table')
  assert.deepEqual(
    frames.map(({ shown, line, isOwn }) => [shown, line, isOwn]),
    [
      ['main.py', 3, true],
      ['report.py', 7, true],
      [join('.venv', 'lib', 'python3.12', 'site-packages', 'lib.py'), 90, false],
    ],
  )
})

test('of several tracebacks the last counts, with the ones it was raised from', () => {
  const first = ['Traceback (most recent call last):', '  File "a.py", line 1, in a', 'KeyError: 1']
  const second = ['Traceback (most recent call last):', '  File "b.py", line 2, in b', 'ValueError: 2']
  assert.equal(readTrace([...first, ...second], '/p').frames.length, 1)
  const link = ['', 'During handling of the above exception, another exception occurred:', '']
  const chained = readTrace(['before', ...first, ...link, ...second], '/p')
  assert.deepEqual(chained.lines, [...first, ...link, ...second])
  assert.deepEqual(
    chained.frames.map(({ path }) => path),
    ['/p/a.py', '/p/b.py'],
  )
})

test('a syntax error has a place, and output without a traceback is kept whole', () => {
  const syntax = ['  File "main.py", line 4', '    def (', '        ^', 'SyntaxError: invalid syntax']
  const { frames, exception } = readTrace(syntax, '/p')
  assert.deepEqual([frames[0]?.shown, frames[0]?.scope, exception], ['main.py', null, syntax[3]])
  assert.deepEqual(readTrace(['a', 'b'], '/p'), { lines: ['a', 'b'], frames: [], exception: null })
})

test('the excerpt shows the line with those around it, and nothing when there is no such line', async (t) => {
  const source = Array.from({ length: 20 }, (_, i) => `line ${i + 1}`).join('\n')
  const directory = await freshDirectory(t, { files: { 'a.py': source } })
  const at = (line: number) => {
    const path = join(directory, 'a.py')
    return readExcerpt({ path, shown: 'a.py', line, scope: null, isOwn: true })
  }
  assert.deepEqual([at(10)?.first, at(10)?.lines.length, at(10)?.lines[0]], [6, 9, 'line 6'])
  assert.deepEqual([at(1)?.first, at(1)?.lines.length], [1, 5])
  assert.equal(at(20)?.lines.at(-1), 'line 20')
  assert.deepEqual([at(21), at(0)], [null, null])
})

test('the page names the worker, the cause, the cure, the own frames first and what comes next', () => {
  const html = troublePage(trouble)
  assert.match(html, /<title>api is not running<\/title>/)
  assert.match(html, /<h1>importing &#60;the&#62; app failed<\/h1>/)
  assert.match(html, /do &#34;this&#34;/)
  const own = /<h2>Your code<\/h2><ol>(.*?)<\/ol>/.exec(html)?.[1] ?? ''
  assert.deepEqual(
    [...own.matchAll(/<code>(.*?)<\/code>/g)].map(([, place]) => place),
    ['report.py:7 in build', 'main.py:3 in &#60;module&#62;'],
  )
  assert.ok(own.length < html.indexOf('ValueError: &#60;no&#62; table'))
  assert.match(html, /started again when a file changes/)
  assert.match(troublePage({ ...trouble, next: 1234 }), /Next try <span data-at="1234">/)
  assert.match(troublePage({ ...trouble, next: 'now' }), /being started again/)
})

test('nothing a worker says can become part of the page', () => {
  const nasty = '</script><script>alert(1)</script><img src=x onerror=alert(1)>"\''
  const html = troublePage({
    ...trouble,
    worker: nasty,
    problem: { code: nasty, message: nasty, hint: nasty, where: nasty },
    trace: readTrace([`  File "${nasty}", line 1, in ${nasty}`, nasty, `X: ${nasty}`], '/p'),
    excerpt: {
      frame: { path: nasty, shown: nasty, line: 1, scope: nasty, isOwn: true },
      first: 1,
      lines: [nasty],
    },
    statusPath: nasty,
    seen: { state: nasty, since: nasty },
  })
  assert.equal(html.match(/<script/g)?.length, 1)
  assert.equal(html.match(/<\/script/g)?.length, 1)
  assert.doesNotMatch(html, /<img/)
})

const failed: WorkerState = {
  kind: 'failed',
  generation: 2,
  since: 5,
  retrying: true,
  reason: { code: 'worker_died', message: 'it ended' },
}

test('a worker is explained from its first trouble until it answers again', async (t) => {
  const { config, directory } = await project(t, undefined, { 'main.py': 'one\ntwo\nthree\n' })
  const api = new StandIn('api')
  const explainer = new Explainer('/tools')
  explainer.follow([api], config.workers)
  assert.equal(explainer.explain('api'), null)
  assert.equal(explainer.explain('nobody'), null)

  api.lastLines = [
    'Traceback (most recent call last):',
    `  File "${directory}/main.py", line 2, in f`,
    '    two',
    'ValueError: x',
  ]
  api.become(failed)
  const html = explainer.explain('api') ?? ''
  assert.match(html, /<mark><span class="number">2<\/span>two<\/mark>/)
  assert.match(html, /"\/tools\/__fluxlit\/readyz"/)
  assert.match(html, /"state":"failed","since":"1970-01-01T00:00:00.005Z"/)

  api.become({ kind: 'starting', generation: 3, attempt: 1, since: 6 })
  assert.match(explainer.explain('api') ?? '', /being started again/)
  api.ready()
  assert.equal(explainer.explain('api'), null)
})

test('the same worker followed twice is noted once, another one of its name takes its place', async (t) => {
  const { config } = await project(t)
  const [before, after] = [new StandIn('api'), new StandIn('api')]
  const explainer = new Explainer('')
  explainer.follow([before], config.workers)
  before.become(failed)
  explainer.follow([before], config.workers)
  assert.notEqual(explainer.explain('api'), null)
  explainer.follow([after], config.workers)
  assert.equal(explainer.explain('api'), null)
})
