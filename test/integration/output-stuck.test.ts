import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { binary, finished } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { ask } from '../support/http.ts'
import { listeningPort } from '../support/listening.ts'
import { python, virtualEnvironment } from '../support/python.ts'

const files = {
  'fluxlit.toml': '[workers.api]\napp = "api:app"\n[log]\nformat = "json"\n',
  'api.py': `from fastapi import FastAPI
app = FastAPI()
@app.get("/")
def root():
    return {"ok": True}
@app.get("/shout")
def shout():
    for _ in range(3000):
        print("x" * 1000, flush=True)
    return {"shouted": True}
`,
}

const serve = ['serve', '--host', '127.0.0.2', '--port', '0']

function environment(home: string): Readonly<Record<string, string | undefined>> {
  return { PATH: process.env['PATH'], HOME: home, NO_COLOR: '1', VIRTUAL_ENV: virtualEnvironment() }
}

/** A gateway whose standard output is the test's to mistreat, found by its address alone. */
async function start(t: TestContext, stdout: 'pipe' | number): Promise<{ child: ChildProcess; url: string }> {
  const cwd = await freshDirectory(t, { files })
  const child = spawn(binary(), serve, { cwd, env: environment(cwd), stdio: ['ignore', stdout, 'pipe'] })
  const { pid = 0 } = child
  t.after(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await exited
  })
  return { child, url: await answering(pid) }
}

/** Resolves to the address of the gateway once its API answers. */
async function answering(pid: number): Promise<string> {
  const port = await eventually('the gateway listens', () => listeningPort(pid, '127.0.0.2') ?? undefined)
  const url = `http://127.0.0.2:${port}`
  await eventually('the API answers', async () => (await ask(`${url}/api/`)).status === 200)
  return url
}

/** Requests whose access lines fill any buffer several times. */
async function manyRequests(url: string, count: number): Promise<void> {
  const path = `/api/${'p'.repeat(7000)}`
  for (let i = 0; i < count; i++) assert.equal((await ask(url + path)).status, 404)
}

/** Resident memory of a process in MiB. */
function memory({ pid }: ChildProcess): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** What a stream says, as it comes. */
function heard(stream: ChildProcess['stderr']): { text: string } {
  const said = { text: '' }
  stream?.setEncoding('utf8').on('data', (text: string) => (said.text += text))
  return said
}

test('47: with nobody reading its log a gateway serves on, stays small, and says what is missing', async (t) => {
  const { child, url } = await start(t, 'pipe')
  const before = memory(child)
  await manyRequests(url, 1000)
  assert.equal((await ask(`${url}/api/shout`)).status, 200)
  assert.equal((await ask(`${url}/api/`)).status, 200)
  assert.ok(memory(child) - before < 100, `grew by ${memory(child) - before} MiB`)

  const log = heard(child.stdout)
  const [, count] = await eventually(
    'the notice',
    () => /"msg":"dropped (\d+) log lines"/.exec(log.text) ?? false,
  )
  assert.ok(Number(count) > 1000, `dropped ${count}`)
  const answer = await ask(`${url}/api/`)
  await eventually('lines are written again', () => log.text.includes(String(answer.headers['x-request-id'])))
  for (const line of log.text.split('\n').slice(0, -1)) assert.doesNotThrow(() => JSON.parse(line), line)
  assert.equal(log.text.split('log lines"').length, 2)
})

test('a log that nobody reads does not keep a gateway from stopping', async (t) => {
  const { child, url } = await start(t, 'pipe')
  const said = heard(child.stderr)
  await manyRequests(url, 300)
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  assert.equal(await exited, 0)
  await eventually('the loss is told', () => /^fluxlit: dropped \d+ log lines$/m.test(said.text))
})

// A terminal in which somebody pressed Ctrl-S: nothing is taken from it any more.
const frozenTerminal = `import os, subprocess, sys
master, terminal = os.openpty()
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=terminal)
print(child.pid, flush=True)
sys.stdin.read()
child.terminate()
sys.exit(child.wait())
`

test('47: a terminal that is held does not hold the gateway', async (t) => {
  const cwd = await freshDirectory(t, { files })
  const args = ['-c', frozenTerminal, binary(), ...serve]
  const holder = spawn(python(), args, { cwd, env: environment(cwd), stdio: ['pipe', 'pipe', 'ignore'] })
  const exited = new Promise((resolve) => holder.once('exit', resolve))
  t.after(() => holder.stdin.end())
  const pid = Number(await new Promise((resolve) => holder.stdout.once('data', resolve)))
  const url = await answering(pid)
  await manyRequests(url, 300)
  holder.stdin.end()
  assert.equal(await exited, 0)
})

test('41, 48: a log whose reader is gone stops nothing and is told once on the other stream', async (t) => {
  const { child, url } = await start(t, 'pipe')
  child.stdout?.destroy()
  const ended = finished(child)
  await manyRequests(url, 300)
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  assert.equal(code, 0)
  assert.equal(stderr.match(/log lines cannot be written \(.*EPIPE\)/g)?.length, 1, stderr)
  assert.match(stderr, /^fluxlit: dropped \d+ log lines$/m)
})

test('48: a full disk under the log stops nothing and is told once on the other stream', async (t) => {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  const { child, url } = await start(t, full)
  const ended = finished(child)
  await manyRequests(url, 300)
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  assert.equal(code, 0)
  assert.equal(stderr.match(/log lines cannot be written \(ENOSPC.*\)/g)?.length, 1, stderr)
  assert.match(stderr, /^fluxlit: dropped \d+ log lines$/m)
})

test('a log that goes into a file is complete at the end', async (t) => {
  const path = `${await freshDirectory(t)}/log`
  const file = openSync(path, 'a')
  t.after(() => closeSync(file))
  const { child, url } = await start(t, file)
  await manyRequests(url, 300)
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  assert.equal(await exited, 0)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  assert.equal(lines.filter((line) => line.includes('/ppp')).length, 300)
  assert.match(lines.at(-1) ?? '', /"msg":"stopped"/)
})
