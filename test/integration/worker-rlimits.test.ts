import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { describe, it } from 'node:test'

import type { ResourceLimits } from '../../internal/config/config.ts'
import { http, process as processWorker, uvicorn } from '../fixtures/worker/configs.ts'
import { get, reached, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'
import { run } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { python, repository } from '../support/python.ts'

const rlimits: ResourceLimits = {
  open_files: 77,
  processes: 4000,
  address_space: 2 ** 36,
  file_size: 12_345,
  core: 0,
  cpu: 600,
}

// What holds while it is imported, in the app itself and in its children.
const app = `
import resource, subprocess, sys
from fastapi import FastAPI

NAMES = ("NOFILE", "NPROC", "AS", "FSIZE", "CORE", "CPU")
imported = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in NAMES}
app = FastAPI()

@app.get("/")
def root():
    child = subprocess.run(["sh", "-c", "ulimit -n"], capture_output=True, text=True)
    return {"limits": imported, "child": child.stdout.strip(), "argv": sys.argv}
`

/** An app that computes for ever. */
const busy = `
while True:
    pass
`

function directory(t: TestContext, source: string): Promise<string> {
  return freshDirectory(t, { files: { 'main.py': source } })
}

/** Soft and hard limit of a row of /proc/PID/limits. */
function limitOf(pid: number | null, row: string): string {
  const text = readFileSync(`/proc/${pid}/limits`, 'latin1')
  const line = text.split('\n').find((each) => each.startsWith(`${row} `)) ?? ''
  return line.slice(row.length).trim().split(/\s+/).slice(0, 2).join(':')
}

describe('a worker with limits', () => {
  it('56: that is a Python app has them when it is imported, and so have its children', async (t) => {
    const api = worker(t, uvicorn(await directory(t, app), { rlimits }), await testRoom(t))
    const { address } = await startedReady(api)
    const said: unknown = JSON.parse((await get(address, '/')).body)
    assert.ok(
      typeof said === 'object' && said !== null && 'limits' in said && 'child' in said && 'argv' in said,
    )
    assert.deepEqual(said.limits, {
      NOFILE: [77, 77],
      NPROC: [4000, 4000],
      AS: [2 ** 36, 2 ** 36],
      FSIZE: [12_345, 12_345],
      CORE: [0, 0],
      CPU: [600, 601],
    })
    assert.equal(said.child, '77')
    assert.doesNotMatch(JSON.stringify(said.argv), /limited|nofile/)
  })

  it('that is a command has them, is itself the process, and takes its arguments as they are', async (t) => {
    const server =
      'require("node:http").createServer((_, r) => r.end(process.argv[3])).listen(process.argv[1])'
    const command = [process.execPath, '-e', server, '{port}', '--', '--nofile=1'] as const
    const limits = { ...rlimits, address_space: 2 ** 40 }
    const web = worker(t, http(process.cwd(), command, { rlimits: limits }), await testRoom(t))
    const { pid, address } = await startedReady(web)
    assert.equal(limitOf(pid, 'Max open files'), '77:77')
    assert.equal(limitOf(pid, 'Max processes'), '4000:4000')
    assert.equal(limitOf(pid, 'Max address space'), `${2 ** 40}:${2 ** 40}`)
    assert.equal(limitOf(pid, 'Max file size'), '12345:12345')
    assert.equal(limitOf(pid, 'Max core file size'), '0:0')
    assert.equal(limitOf(pid, 'Max cpu time'), '600:601')
    assert.match(readFileSync(`/proc/${pid}/cmdline`, 'latin1'), /^[^\0]*node[^\0]*\0-e\0/)
    assert.equal((await get(address, '/')).body, '--nofile=1')
  })

  it('without limits inherits ours', async (t) => {
    const queue = worker(t, processWorker(process.cwd(), ['sleep', '600']), await testRoom(t))
    const { pid } = await startedReady(queue)
    assert.equal(
      limitOf(pid, 'Max open files').split(':')[1],
      limitOf(process.pid, 'Max open files').split(':')[1],
    )
  })

  it('that computed too long ends with a signal that says so', async (t) => {
    const api = worker(t, uvicorn(await directory(t, busy), { rlimits: { cpu: 1 } }), await testRoom(t))
    api.start()
    const { last } = await reached(api, 'backing-off')
    assert.match(last.message, /SIGXCPU/)
  })

  it('cannot have one that the kernel refuses, which its bootstrap says', async (t) => {
    // Above /proc/sys/fs/nr_open, which not even a privileged process passes.
    const setting = `nofile=${2 ** 31 - 1}:${2 ** 31 - 1}`
    const bootstrap = join(repository, 'internal/python/bootstrap.py')
    const argv = [bootstrap, 'limited', setting, 'uvicorn', 'main:app']
    const ended = spawnSync(python(), argv, { cwd: await directory(t, app), encoding: 'utf8' })
    assert.equal(ended.status, 1)
    assert.match(
      ended.stderr,
      /^error\[rlimit_refused\]: the limit nofile=2147483647:2147483647 cannot be set: /,
    )
  })
})

it('a limit above the hard limit of the gateway is refused before anything is started', async (t) => {
  const toml =
    '[workers.queue]\nkind = "process"\ncommand = ["sleep", "600"]\nrlimits = { open_files = 9999 }\n'
  const cwd = await freshDirectory(t, { files: { 'fluxlit.toml': toml } })
  // Without the privilege to raise it, whoever runs this test.
  const drop =
    process.geteuid?.() === 0 ? ['setpriv', '--bounding-set=-sys_resource', '--inh-caps=-sys_resource'] : []
  const through = [...drop, 'prlimit', '--nofile=512:512', '--']
  const ended = await run(['serve', '-c', 'fluxlit.toml', '--port', '0'], { cwd, through })
  assert.equal(ended.code, 2)
  assert.match(
    ended.stderr,
    /error\[rlimit_refused\].*`rlimits\.open_files` of worker `queue` \(9999\).*\(512\)/,
  )
  assert.match(ended.stderr, /hint: .*LimitNOFILE=/)
})
