import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { RuntimeDir } from '../../../internal/worker/runtime-dir.ts'
import { openRuntimeDir, runtimeDirCandidates } from '../../../internal/worker/runtime-dir.ts'

async function place(t: TestContext): Promise<string> {
  const base = await mkdtemp(join(tmpdir(), 'fl-'))
  t.after(() => rm(base, { recursive: true, force: true }))
  return base
}

function open(candidates: readonly string[], instanceKey = '/etc/fluxlit.toml'): RuntimeDir {
  const opened = openRuntimeDir({ instanceKey, env: {}, candidates })
  if ('code' in opened) throw new Error(`${opened.message}: ${opened.detail?.join('; ')}`)
  return opened
}

function refusal(candidates: readonly string[]): string {
  const opened = openRuntimeDir({ instanceKey: 'x', env: {}, candidates })
  assert.ok('code' in opened)
  assert.equal(opened.code, 'runtime_dir')
  return opened.detail?.join('; ') ?? ''
}

describe('the runtime directory', () => {
  it('12: is private at both levels and carries the process id', async (t) => {
    const directory = open([join(await place(t), 'fluxlit')])
    assert.equal(statSync(directory.path).mode & 0o777, 0o700)
    assert.equal(statSync(join(directory.path, '..')).mode & 0o777, 0o700)
    assert.match(directory.path, new RegExp(`/fluxlit/[0-9a-f]{12}/${process.pid}$`))
  })

  it('stands for the configuration: the same for the same, another for another', async (t) => {
    const base = await place(t)
    const { instance } = open([base])
    assert.equal(open([base]).instance, instance)
    assert.notEqual(open([base], '/etc/other.toml').instance, instance)
  })

  it('is in the first place that can be used', async (t) => {
    const base = await place(t)
    assert.ok(open([join(base, 'missing', 'fluxlit'), base]).path.startsWith(`${base}/`))
  })

  it('refuses a symbolic link', async (t) => {
    const base = await place(t)
    await symlink(base, join(base, 'link'))
    assert.match(refusal([join(base, 'link')]), /is a symbolic link/)
  })

  it('refuses a place others can write to', async (t) => {
    const base = await place(t)
    await mkdir(join(base, 'open'))
    await chmod(join(base, 'open'), 0o777)
    assert.match(refusal([join(base, 'open')]), /writable by others/)
  })

  it(
    'refuses a place that belongs to somebody else',
    { skip: process.getuid?.() !== 0 && 'needs root' },
    async (t) => {
      const base = await place(t)
      await mkdir(join(base, 'theirs'))
      spawnSync('chown', ['65534', join(base, 'theirs')])
      assert.match(refusal([join(base, 'theirs')]), /belongs to user 65534/)
    },
  )

  it('refuses a place whose sockets would have paths the kernel cuts off', async (t) => {
    const base = join(await place(t), 'x'.repeat(90))
    assert.match(refusal([base]), /too long/)
  })

  it('12: loses what gateways that are dead left, and keeps what others use', async (t) => {
    const base = await place(t)
    const { path } = open([base])
    const ended = spawnSync('true')
    const dead = join(path, '..', String(ended.pid))
    const alive = join(path, '..', String(process.ppid))
    await mkdir(dead)
    await mkdir(alive)
    open([base])
    assert.equal(existsSync(dead), false)
    assert.equal(existsSync(alive), true)
  })

  it('is empty when a process id comes back, and gone when it is closed', async (t) => {
    const base = await place(t)
    const file = open([base]).write('old', 'x')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const again = open([base])
    assert.equal(existsSync(file), false)
    again.close()
    again.close()
    assert.equal(existsSync(again.path), false)
  })

  it('gives no two processes the same socket', async (t) => {
    const directory = open([await place(t)])
    const paths = [1, 2].map(() => directory.nextSocket('api'))
    assert.deepEqual(paths, [
      { path: join(directory.path, 'api.1.sock') },
      { path: join(directory.path, 'api.2.sock') },
    ])
  })

  it(
    'has another beside it for a worker with an account of its own, and stays closed itself',
    { skip: process.getuid?.() !== 0 && 'needs root' },
    async (t) => {
      const directory = open([await place(t)])
      const made = directory.accountDir('api', { uid: 65534, gid: 65534 }, { 'bootstrap.py': 'pass' })
      assert.ok('path' in made)
      assert.deepEqual(
        [statSync(made.path).uid, statSync(made.path).mode & 0o777, statSync(directory.path).mode & 0o777],
        [65534, 0o700, 0o700],
      )
      const file = join(made.path, 'bootstrap.py')
      assert.equal(spawnSync('cat', [file], { uid: 65534, gid: 65534 }).status, 0)
      assert.notEqual(spawnSync('cat', [file], { uid: 65533, gid: 65533 }).status, 0)
      directory.close()
      assert.equal(existsSync(made.path), false)
    },
  )

  it(
    'writes nothing into the directory of an account again, which may have put a link there',
    { skip: process.getuid?.() !== 0 && 'needs root' },
    async (t) => {
      const base = await place(t)
      const directory = open([base])
      const account = { uid: 65534, gid: 65534 }
      const made = directory.accountDir('api', account, { 'bootstrap.py': 'pass' })
      assert.ok('path' in made)
      await rm(join(made.path, 'bootstrap.py'))
      await symlink(join(base, 'victim'), join(made.path, 'bootstrap.py'))
      assert.deepEqual(directory.accountDir('api', account, { 'bootstrap.py': 'pass' }), made)
      assert.equal(existsSync(join(base, 'victim')), false)
    },
  )

  it('names a socket, or says that its path is too long', async (t) => {
    const directory = open([await place(t)])
    assert.deepEqual(directory.socketPath('api.1'), { path: join(directory.path, 'api.1.sock') })
    const problem = directory.socketPath('a'.repeat(100))
    assert.ok('code' in problem)
    assert.equal(problem.code, 'socket_path_too_long')
  })
})

describe('the places for it', () => {
  it("are the service manager's, the system's, the session's and the temporary directory, in this order", () => {
    const env = { RUNTIME_DIRECTORY: '/run/one:/run/two', XDG_RUNTIME_DIR: '/run/user/7' }
    const own = join(tmpdir(), `fluxlit-${process.geteuid?.()}`)
    assert.deepEqual(runtimeDirCandidates(env), ['/run/one', '/run/fluxlit', '/run/user/7/fluxlit', own])
    assert.deepEqual(runtimeDirCandidates({}), ['/run/fluxlit', own])
  })
})
