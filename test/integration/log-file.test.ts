import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import type { Gateway } from '../support/gateway.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { verb } from '../support/verb.ts'

const worker = '[workers.api]\napp = "api:app"\nargs = ["--access-log"]\n'
const files = { 'api.py': `print("said by the app", flush=True)\n${app('api.py')}`, 'logs/kept': '' }

const withFile = (keys = ''): string => `${worker}[log]\nfile = "logs/fluxlit.log"\nformat = "json"\n${keys}`

/** Requests of so many ids, ten at a time; resolves to the ids, each of which has one access line. */
async function requests(running: Gateway, count: number, size = 10): Promise<readonly string[]> {
  const ids: string[] = []
  const one = async (): Promise<void> => {
    while (ids.length < count) {
      ids.push('')
      const { status, headers } = await ask(`${running.url}/api/${'p'.repeat(size)}`)
      assert.equal(status, 404)
      ids[ids.indexOf('')] = String(headers['x-request-id'])
    }
  }
  await Promise.all(Array.from({ length: 10 }, one))
  return ids
}

/** Every line of every log file; throws when one is torn. */
function logged(running: Pick<Gateway, 'directory'>): readonly Readonly<Record<string, unknown>>[] {
  const directory = join(running.directory, 'logs')
  const names = readdirSync(directory).filter((name) => name.startsWith('fluxlit.log'))
  return names.flatMap((name) => {
    const text = readFileSync(join(directory, name), 'utf8')
    assert.ok(text === '' || text.endsWith('\n'), `${name} ends in the middle of a line`)
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Record<string, unknown> => JSON.parse(line))
  })
}

/** Asserts that each id has exactly one access line. */
function assertAllThere(running: Pick<Gateway, 'directory'>, ids: readonly string[]): void {
  const lines = logged(running).filter(({ msg }) => msg === 'request')
  const seen = lines.map((line) => String(line['request_id']))
  assert.deepEqual(seen.toSorted(), ids.toSorted())
}

test('with `log.file` the log is there, what workers say included, and standard output says where', async (t) => {
  const running = await (await gateway(t, { toml: withFile(), files })).ready()
  const ids = await requests(running, 3)
  const { code, stdout, stderr } = await running.stop()
  assert.equal(code, 0)
  assertAllThere(running, ids)
  const messages = logged(running).map(({ msg }) => String(msg))
  for (const wanted of ['listening', 'said by the app', 'ready', 'stopping', 'stopped'])
    assert.ok(messages.includes(wanted), wanted)
  const path = join(running.directory, 'logs', 'fluxlit.log')
  assert.equal((await stat(path)).mode & 0o777, 0o640 & ~process.umask())
  const shown = running.records.map(({ msg, log }) => [msg, log])
  assert.deepEqual(
    shown,
    ['listening', 'ready', 'stopped'].map((msg) => [msg, path]),
    stdout,
  )
  assert.equal(stderr, '')
})

test('40, 49: under load a file is moved away and SIGUSR1 sent; no line is lost, torn or doubled', async (t) => {
  const running = await (await gateway(t, { toml: withFile(), files })).ready()
  const path = join(running.directory, 'logs', 'fluxlit.log')
  const load = requests(running, 1500)
  for (let turn = 1; turn <= 10; turn += 1) {
    await rename(path, `${path}.old${turn}`)
    running.signal('SIGUSR1')
    await eventually('there is a new one', () => existsSync(path))
  }
  const ids = await load
  assert.equal((await running.stop()).code, 0)
  assertAllThere(running, ids)
  assert.ok(readFileSync(path, 'utf8').includes('"msg":"stopped"'))
  assert.ok(logged(running).filter(({ msg }) => msg === 'log file opened again').length >= 10)
})

test('40: SIGUSR1 without a log file neither ends the gateway nor opens a debugger', async (t) => {
  const running = await (await gateway(t, { toml: worker, files })).ready()
  running.signal('SIGUSR1')
  running.signal('SIGUSR2')
  await running.record('the dump', ({ msg }) => msg === 'state')
  assert.equal((await ask(`${running.url}/api/`)).status, 200)
  assert.doesNotMatch(running.output, /[Dd]ebugger/)
})

test('49: under load a full file is set aside, and no line is lost, torn or doubled', async (t) => {
  const toml = withFile('rotate_size = "32KiB"\nrotate_keep = 1000\n')
  const running = await (await gateway(t, { toml, files })).ready()
  const ids = await requests(running, 1000)
  assert.equal((await running.stop()).code, 0)
  assertAllThere(running, ids)
  const names = readdirSync(join(running.directory, 'logs'))
  assert.ok(names.includes('fluxlit.log.3'), names.join(' '))
})

test('49: of full files only so many are kept', async (t) => {
  const toml = withFile('rotate_size = "8KiB"\nrotate_keep = 2\n')
  const running = await (await gateway(t, { toml, files })).ready()
  await requests(running, 300)
  assert.equal((await running.stop()).code, 0)
  const names = readdirSync(join(running.directory, 'logs')).toSorted()
  assert.deepEqual(names, ['fluxlit.log', 'fluxlit.log.1', 'fluxlit.log.2', 'kept'])
})

test('a log file that cannot be opened ends the start before anything runs, with what to do', async (t) => {
  const toml = '[workers.api]\napp = "api:app"\nbefore_start = ["touch started"]\n[log]\nfile = "no/log"\n'
  const cwd = await freshDirectory(t, { files: { ...files, 'fluxlit.toml': toml } })
  const { code, stdout, stderr } = await run(['serve', '-c', 'fluxlit.toml', '--port', '0'], { cwd })
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.equal(
    stderr,
    `error[log_file]: fluxlit.toml:5: the log file cannot be opened: ${cwd}/no/log (ENOENT)
  hint: create the directory ${cwd}/no, or correct \`log.file\`
`,
  )
  assert.equal(existsSync(join(cwd, 'started')), false)
})

test('49: a directory that vanishes under load stops nothing, is told once, and losses are counted', async (t) => {
  const running = await (await gateway(t, { toml: withFile(), files })).ready()
  await rm(join(running.directory, 'logs'), { recursive: true })
  running.signal('SIGUSR1')
  const toldOf = (text: string): number => running.output.split(text).length - 1
  await requests(running, 10)
  await eventually('it is told', () => toldOf('log lines cannot be written (ENOENT') > 0)
  await requests(running, 400, 7000)
  assert.equal((await ask(`${running.url}/api/`)).status, 200)
  await mkdir(join(running.directory, 'logs'))
  const gap = await eventually('the notice', () => logged(running).find((line) => 'dropped' in line))
  assert.ok(Number(gap['dropped']) > 0)
  const [last] = await requests(running, 1)
  assert.equal((await running.stop()).code, 0)
  assert.ok(logged(running).some((line) => line['request_id'] === last))
  assert.equal(toldOf('log lines cannot be written'), 1, running.output)
})

test('another log file needs a restart of the gateway, which a reload says', async (t) => {
  const running = await (await gateway(t, { toml: withFile(), files })).ready()
  const reloaded = async (keys: string): Promise<string> => {
    await writeFile(join(running.directory, 'fluxlit.toml'), withFile(keys))
    const { code, stderr } = await verb(running, 'reload')
    return `${code} ${stderr.split('\n')[0]}`
  }
  const refused = '1 error[reload_needs_restart]: `log.file` cannot change while the gateway runs'
  assert.equal(await reloaded('rotate_keep = 7\n'), refused)
  assert.equal(await reloaded('# a line above the others\n'), '0 ')
})

// A small disk of its own, which only the gateway sees.
const small = 'mount -t tmpfs -o size=8m tmpfs logs && head -c 7500k /dev/zero >logs/filler && exec "$@"'
const disk = ['unshare', '--mount', 'sh', '-c', small, 'sh'] as const
const possible = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0
const onSmallDisk = { skip: possible ? false : 'this account may not mount a disk' }

test('48, 49: a log on a full disk stops nothing and goes on when there is room', onSmallDisk, async (t) => {
  const running = await (await gateway(t, { toml: withFile(), files, through: disk })).ready()
  const seen = { directory: `/proc/${running.pid}/root${running.directory}` }
  await requests(running, 400, 7000)
  await eventually('it is told', () => running.output.includes('log lines cannot be written (ENOSPC'))
  assert.equal((await ask(`${running.url}/api/`)).status, 200)
  await rm(join(seen.directory, 'logs', 'filler'))
  const lines = await eventually('the notice', () => {
    const all = logged(seen)
    return all.some((line) => 'dropped' in line) && all
  })
  const ids = lines.filter(({ msg }) => msg === 'request').map((line) => line['request_id'])
  assert.equal(new Set(ids).size, ids.length)
  assert.equal((await running.stop()).code, 0)
})
