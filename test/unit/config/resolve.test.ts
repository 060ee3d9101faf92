import assert from 'node:assert/strict'
import { symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'

import { defaultName } from '../../../internal/config/identity.ts'
import { renderReport } from '../../../internal/config/report.ts'
import { load, loadValid, problemLines, project } from './project.ts'

const script = { 'ui.py': 'import streamlit\n' }
const remote = (name: string, host: string): string =>
  `[workers.${name}]\nurl = "http://127.0.0.1:9000"\nmount = "/"\nhost = ${host}\n`
const command = (name: string, last: string): string =>
  `[workers.${name}]\ncommand = ["node", "x.mjs", "${last}"]\nmount = "/${name}"\n`
const ui = '[workers.ui]\nscript = "ui.py"\n'

test('the default name is the directory and six digits of its path as written', async (t) => {
  const directory = await project(t, { 'releases/7/ui.py': '', 'releases/7/fluxlit.toml': ui })
  await symlink(join(directory, 'releases/7'), join(directory, 'current'))
  const current = loadValid(directory, { files: ['current/fluxlit.toml'] }).config.name
  const release = loadValid(directory, { files: ['releases/7/fluxlit.toml'] }).config.name
  assert.match(current, /^current-[0-9a-f]{6}$/)
  assert.match(release, /^7-[0-9a-f]{6}$/)
  assert.notEqual(current.slice(-6), release.slice(-6))
  assert.equal(defaultName('/srv/My Shop'), `My-Shop-${defaultName('/srv/My Shop').slice(-6)}`)
  assert.match(defaultName('/'), /^fluxlit-[0-9a-f]{6}$/)
})

test('state goes where the first of [state] dir, STATE_DIRECTORY, XDG_STATE_HOME and HOME says', async (t) => {
  const directory = await project(t, { ...script, 'fluxlit.toml': `name = "x"\n${ui}` })
  const stateDir = (env: Record<string, string>) => loadValid(directory, { env }).config.stateDir
  assert.equal(stateDir({ STATE_DIRECTORY: '/var/lib/x:/var/lib/y', XDG_STATE_HOME: '/xdg' }), '/var/lib/x')
  assert.equal(stateDir({ XDG_STATE_HOME: '/xdg' }), '/xdg/fluxlit/x')
  assert.equal(stateDir({ HOME: '/home/me' }), '/home/me/.local/state/fluxlit/x')
  const without = loadValid(directory, { env: { HOME: '' } })
  assert.equal(without.config.stateDir, null)
  assert.deepEqual(
    without.warnings.map((warning) => warning.code),
    ['no_state_dir'],
  )
})

test('the upload limit of Streamlit is max_body, else its own setting, else limits.body', async (t) => {
  const limits = '[limits]\nbody = "1MiB"\n'
  const own = { ...script, '.streamlit/config.toml': '[server]\nmaxUploadSize = 50\n' }
  const bytes = async (toml: string, files: Readonly<Record<string, string>>) => {
    const { config, report } = loadValid(await project(t, { ...files, 'fluxlit.toml': toml }))
    const [worker] = config.workers
    return [
      worker?.kind === 'streamlit' && worker.maxBodyBytes,
      report.values.get('workers.ui.max_body')?.origin,
    ]
  }
  assert.deepEqual(await bytes(`${ui}max_body = "2MiB"\n${limits}`, own), [2 * 1024 * 1024, 'fluxlit.toml:3'])
  assert.deepEqual(await bytes(`${ui}${limits}`, own), [50 * 1024 * 1024, '.streamlit/config.toml'])
  assert.deepEqual(await bytes(`${ui}${limits}`, script), [1024 * 1024, 'fluxlit.toml:4'])
  assert.deepEqual(await bytes(`${ui}[limits]\nheader_count = 5\n`, script), [200 * 1024 * 1024, 'default'])
})

test('the same mount on different hosts is allowed, and one without hosts is the fallback', async (t) => {
  const toml = remote('a', '["a.example"]') + remote('b', '["b.example"]') + remote('c', '[]')
  assert.equal(loadValid(await project(t, { 'fluxlit.toml': toml })).config.workers.length, 3)
})

test('a command is reached over a Unix socket when it asks for one', async (t) => {
  const { config } = loadValid(
    await project(t, { 'fluxlit.toml': command('a', '{port}') + command('b', '{uds}') }),
  )
  const transports = config.workers.map(
    (worker) => worker.kind === 'http' && worker.run.kind === 'command' && worker.run.transport,
  )
  assert.deepEqual(transports, ['tcp', 'unix'])
})

test('no interpreter is one problem, however many workers need one', async (t) => {
  const toml = `${ui}[workers.two]\nscript = "ui.py"\nmount = "/two"\n`
  const directory = await project(t, { ...script, 'fluxlit.toml': toml })
  const result = load(directory, { env: { PATH: '/nowhere' } })
  assert.deepEqual(problemLines(result), [
    'fluxlit.toml:1: [python_not_found] no Python interpreter was found',
  ])
})

test('the path of public_base_url has to be root_path', async (t) => {
  const directory = await project(t, {
    ...script,
    'fluxlit.toml': `public_base_url = "https://app.example/a"\nroot_path = "/b"\n${ui}`,
  })
  assert.deepEqual(
    loadValid(directory).warnings.map(({ code, where }) => [code, where]),
    [['base_url_path', 'fluxlit.toml:1']],
  )
})

test('title of an old file is a warning', async (t) => {
  const directory = await project(t, { ...script, 'fluxlit.toml': `title = "Shop"\n${ui}` })
  assert.deepEqual(
    loadValid(directory).warnings.map(({ code, where }) => [code, where]),
    [['legacy_key', 'fluxlit.toml:1']],
  )
})

test('flags may be given as text', async (t) => {
  const directory = await project(t, { ...script, 'fluxlit.toml': ui })
  const flags = {
    gateway_port: { value: '0', flag: '--port' },
    gateway_host: { value: '[::1]', flag: '--host' },
    trusted_proxies: { value: '127.0.0.1,10.0.0.0/8', flag: '--forwarded-allow-ips' },
  }
  const { config } = loadValid(directory, { flags })
  assert.deepEqual(config.listen, { host: '::1', port: 0 })
  assert.deepEqual(config.trustedProxies, ['127.0.0.1/32', '10.0.0.0/8'])
  const wrong = load(directory, { flags: { gateway_port: { value: '70000', flag: '--port' } } })
  assert.match(problemLines(wrong).join(), /^--port: \[bad_value\]/)
})

test('the report is aligned and grouped by table', async (t) => {
  const directory = await project(t, { ...script, 'fluxlit.toml': `${ui}[drain]\ndelay = "5s"\n` })
  const { report } = loadValid(directory)
  const text = renderReport(report)
  assert(text.includes('\n[drain]\ndelay   = "5s"   # fluxlit.toml:4\ntimeout = "20s"  # default\n'), text)
  assert(text.startsWith('# from fluxlit.toml\n\nname '), text)
  assert(text.includes(basename(directory)))
})

test('a log file is below the root, and says where it was asked for', async (t) => {
  const toml = `root = "app"\n${ui}[log]\nfile = "logs/x.log"\nrotate_size = "1KiB"\nrotate_keep = 2\n`
  const directory = await project(t, { 'app/ui.py': '', 'fluxlit.toml': toml })
  const file = (env: Record<string, string>) => loadValid(directory, { env }).config.log.file
  const path = join(directory, 'app/logs/x.log')
  assert.deepEqual(file({}), {
    path,
    key: 'log.file',
    where: 'fluxlit.toml:5',
    rotateBytes: 1024,
    rotateKeep: 2,
  })
  const elsewhere = { path: '/var/log/x.log', where: 'environment FLUXLIT_LOG_FILE' }
  assert.deepEqual(file({ FLUXLIT_LOG_FILE: '/var/log/x.log' }), { ...file({}), ...elsewhere })
  assert.equal(file({ FLUXLIT_LOG_FILE: '' }), null)
})

const leavingOut = (name: string): string => `${ui}[log]\naccess_except = ["${name}"]\n`

test('a worker that is left out of the access log has to exist', async (t) => {
  const good = await project(t, { ...script, 'fluxlit.toml': leavingOut('ui') })
  assert.deepEqual(loadValid(good).config.log.accessExcept, ['ui'])
  const bad = await project(t, { ...script, 'fluxlit.toml': leavingOut('uii') })
  assert.match(problemLines(load(bad)).join(), /`log\.access_except` names a worker that does not exist: uii/)
})
