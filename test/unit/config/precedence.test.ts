import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load, loadValid, problemLines, project, usualFiles } from './project.ts'

const worker = '[workers.legacy]\nurl = "http://127.0.0.1:9000"\nmount = "/"\n'

test('54: a flag beats the environment, which beats .env, a later file, an earlier file and the default', async (t) => {
  const directory = await project(t, {
    'a.toml': `gateway_port = 1\nroot_path = "/a"\nlog_level = "error"\ndocs_redirect = true\n${worker}`,
    'b.toml': 'gateway_port = 2\nroot_path = "/b"\nlog_level = "warn"\n',
    '.env': 'FLUXLIT_GATEWAY_PORT=3\nFLUXLIT_LOG_LEVEL=trace\n',
  })
  const { config, report } = loadValid(directory, {
    files: ['a.toml', 'b.toml'],
    env: { FLUXLIT_GATEWAY_PORT: '4' },
    flags: { gateway_port: { value: 5, flag: '--port' } },
  })
  assert.equal(config.listen.port, 5)
  assert.deepEqual(config.sources, ['a.toml', 'b.toml'])
  const origins = ['gateway_port', 'log_level', 'root_path', 'docs_redirect', 'gateway_host'].map(
    (key) => report.values.get(key)?.origin,
  )
  assert.deepEqual(origins, ['--port', '.env:2', 'b.toml:2', 'a.toml:4', 'default'])
  const noFlag = loadValid(directory, { files: ['a.toml', 'b.toml'], env: { FLUXLIT_GATEWAY_PORT: '4' } })
  assert.equal(noFlag.config.listen.port, 4)
  assert.equal(noFlag.report.values.get('gateway_port')?.origin, 'environment FLUXLIT_GATEWAY_PORT')
})

test('tables of several files are merged key by key, lists are replaced', async (t) => {
  const directory = await project(t, {
    'a.toml': `allowed_hosts = ["a.example", "b.example"]\n[timeouts]\nhold = "1s"\nconnect = "2s"\n${worker}`,
    'b.toml': 'allowed_hosts = ["c.example"]\n[timeouts]\nhold = "3s"\n[workers.legacy]\nmount = "/legacy"\n',
  })
  const { config } = loadValid(directory, { files: ['a.toml', 'b.toml'] })
  assert.deepEqual(config.allowedHosts, ['c.example'])
  assert.equal(config.timeouts.holdMs, 3000)
  assert.equal(config.timeouts.connectMs, 2000)
  assert.equal(config.workers[0]?.kind === 'http' && config.workers[0].mount, '/legacy')
})

test('a mistake in a value that is overridden is still a mistake', async (t) => {
  const directory = await project(t, { 'fluxlit.toml': `gateway_port = "x"\n${worker}` })
  const result = load(directory, { flags: { gateway_port: { value: 80, flag: '--port' } } })
  assert.deepEqual(problemLines(result), [
    'fluxlit.toml:1: [wrong_type] `gateway_port` must be a whole number from 0 to 65535, found "x"',
  ])
})

test('fluxlit.toml is preferred to pyproject.toml, whose other tables do not matter', async (t) => {
  const project1 =
    '[project]\nname = "x"\n\n[tool.fluxlit]\ngateway_port = 9\n\n[tool.fluxlit.workers.legacy]\nurl = "http://127.0.0.1:9000"\nmount = "/"\n'
  const both = await project(t, { 'fluxlit.toml': worker, 'pyproject.toml': project1 })
  assert.equal(loadValid(both).config.listen.port, 8000)
  const alone = await project(t, { 'pyproject.toml': project1 })
  const { config, report } = loadValid(alone)
  assert.equal(config.listen.port, 9)
  assert.equal(report.values.get('gateway_port')?.origin, 'pyproject.toml:5')
  assert.equal(config.workers[0]?.where, 'pyproject.toml:7')
})

test('a file given with -c that does not exist, or is a directory, is a problem', async (t) => {
  const directory = await project(t, { 'conf/x': '' })
  assert.deepEqual(problemLines(load(directory, { files: ['nowhere.toml', 'conf'] })), [
    '-c: [config_missing] nowhere.toml does not exist',
    '-c: [config_unreadable] conf cannot be read: it is a directory',
  ])
})

test('included files give workers only, relative to the file that names them, and may include more', async (t) => {
  const directory = await project(t, {
    'conf/main.toml': 'include = ["more/one.toml"]\n',
    'conf/more/one.toml': `include = ["two.toml"]\ngateway_port = 9\n${worker}`,
    'conf/more/two.toml': '[workers.two]\nurl = "http://127.0.0.1:9001"\nmount = "/two"\n',
  })
  const refused = load(directory, { files: ['conf/main.toml'] })
  assert.deepEqual(problemLines(refused), [
    'conf/more/one.toml:2: [not_in_include] `gateway_port` cannot be set in an included file, only workers and rules can',
  ])
})

const rule = (path: string, allow = 'public'): string =>
  `[[auth.rules]]\npath = "${path}"\nallow = "${allow}"\n`

test('rules of included files come behind those of the file that includes them, with their own lines', async (t) => {
  const directory = await project(t, {
    ...usualFiles,
    'fluxlit.toml': `include = ["a.toml", "c.toml"]\n[auth]\nmodes = ["dev"]\ndev.as = "ann"\n${rule('/main')}[workers.api]\napp = "main:app"\n`,
    'a.toml': `include = ["b.toml"]\n${rule('/a1')}${rule('/a2')}[[auth.expect]]\npath = "/x"\nallow = false\n`,
    'b.toml': rule('/b'),
    'c.toml': rule('/c') + rule('/main', 'deny'),
  })
  const { config, warnings } = loadValid(directory)
  assert.deepEqual(
    config.auth?.rules.map(({ path, where }) => `${path.text} ${where}`),
    ['/main fluxlit.toml:5', '/a1 a.toml:2', '/a2 a.toml:5', '/b b.toml:1', '/c c.toml:1', '/main c.toml:4'],
  )
  assert.deepEqual(
    config.auth?.expectations.map(({ where }) => where),
    ['a.toml:8'],
  )
  assert.match(
    warnings.map(({ message, where }) => `${where} ${message}`).join(),
    /c\.toml:4 the rule for \/main never decides: .*fluxlit\.toml:5/,
  )
})

test('a mistake in a rule of an included file is named with its place there, and other keys stay out', async (t) => {
  const directory = await project(t, {
    ...usualFiles,
    'fluxlit.toml': `include = ["a.toml"]\n[auth]\nmodes = ["dev"]\ndev.as = "ann"\n[[auth.rules]]\npath = "/x"\n[workers.api]\napp = "main:app"\n`,
    'a.toml': 'auth.default = "public"\n[auth.jwt]\nissuer = "x"\n[[auth.rules]]\npath = "y"\n',
  })
  const lines = problemLines(load(directory))
  assert.match(lines.join('\n'), /^a\.toml:1: \[not_in_include\] `auth\.default` cannot/m)
  assert.match(lines.join('\n'), /^a\.toml:2: \[not_in_include\] `auth\.jwt` cannot/m)
  assert.match(lines.join('\n'), /^a\.toml:5: \[bad_value\] `auth\.rules\[1\]\.path`/m)
  assert.equal(lines.length, 3, lines.join('\n'))
})

test('files that include each other are a problem, not an endless loop', async (t) => {
  const directory = await project(t, {
    'fluxlit.toml': `include = ["a.toml"]\n${worker}`,
    'a.toml': 'include = ["b.toml"]\n',
    'b.toml': 'include = [\n"a.toml"]\n',
  })
  assert.deepEqual(problemLines(load(directory)), ['b.toml:2: [include_cycle] "a.toml" includes itself'])
})

test('a worker of an included file can be adjusted by the file that includes it', async (t) => {
  const directory = await project(t, {
    'fluxlit.toml': 'include = ["a.toml"]\n[workers.legacy]\nrequired = false\n',
    'a.toml': worker,
  })
  const { config } = loadValid(directory)
  assert.equal(config.workers[0]?.required, false)
  assert.deepEqual(config.sources, ['a.toml', 'fluxlit.toml'])
})

test('root is relative to the file that gives it', async (t) => {
  const directory = await project(t, { 'conf/a.toml': worker, 'other/b.toml': 'root = "."\n' })
  const { config } = loadValid(directory, { files: ['conf/a.toml', 'other/b.toml'] })
  assert.equal(config.root, `${directory}/other`)
  assert.equal(config.instanceKey, `${directory}/conf/a.toml`)
  assert.equal(loadValid(directory, { files: ['conf/a.toml'] }).config.root, `${directory}/conf`)
})
