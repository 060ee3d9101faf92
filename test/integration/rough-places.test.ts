import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'

import { finished } from '../support/binary.ts'
import { freshDirectory } from '../support/directory.ts'
import { eventually } from '../support/eventually.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { processesWith } from '../support/processes.ts'
import { repository, virtualEnvironment } from '../support/python.ts'

const api = `[workers.api]
app = "main:app"
mount = "/"
`
const main = `async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"here"})
`

test('43: a mistake inside the gateway is logged, ends its workers and has a status of its own', async (t) => {
  const directory = await freshDirectory(t, { files: { 'fluxlit.toml': api, 'main.py': main } })
  const program = [
    join(repository, 'test/fixtures/app/breaks.ts'),
    'serve',
    '-c',
    'fluxlit.toml',
    '--port',
    '0',
  ]
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), ...program], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      VIRTUAL_ENV: virtualEnvironment(),
      ROUGH_PLACE: directory,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  const ended = finished(child)
  let output = ''
  child.stdout.on('data', (chunk: string) => (output += chunk))
  await eventually('it is ready', () => output.includes('"msg":"ready"'))
  child.kill('SIGUSR1')
  const { code, stdout } = await ended
  assert.equal(code, 70)
  assert.match(stdout, /"msg":"internal error: planted"/)
  await eventually('its worker is gone', () => processesWith('ROUGH_PLACE', directory).length === 0)
})

const isRoot = process.getuid?.() === 0

test(
  '61: another account, no HOME and a read-only file system are enough',
  { skip: isRoot ? false : 'only root may make a file system read-only' },
  async (t) => {
    const toml = `[workers.files]
command = ["/usr/bin/python3", "-m", "http.server", "--bind", "127.0.0.1", "{port}"]
mount = "/"
`
    const prepare = `chmod 755 "$PWD" && mount --make-rprivate / && mount --bind / / && mount -o remount,ro,bind / && cd "$PWD" &&
if touch written 2>/dev/null; then echo "the file system is not read-only" >&2; exit 9; fi
exec setpriv --reuid=65532 --regid=65532 --clear-groups --no-new-privs env -u HOME "$@"`
    const running = await gateway(t, {
      toml,
      files: { 'index.html': 'read only' },
      // The one place that can be written to, as an emptyDir of a container would be.
      env: { VIRTUAL_ENV: undefined, RUNTIME_DIRECTORY: '/dev/shm' },
      through: ['unshare', '--mount', 'sh', '-c', prepare, 'prepare'],
    })
    await running.ready()
    const answer = await ask(`${running.url}/index.html`)
    assert.deepEqual([answer.status, answer.body], [200, 'read only'])
    assert.equal((await running.stop()).code, 0)
  },
)

test('63: a worker on an IPv6 address is probed and reached there', async (t) => {
  const server = createServer((_request, response) => response.end('six'))
  await new Promise<void>((resolve) => server.listen(0, '::1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen on TCP')
  const running = await gateway(t, {
    toml: `[workers.six]\nkind = "http"\nurl = "http://[::1]:${address.port}"\nmount = "/"\n`,
  })
  await running.ready()
  assert.equal((await ask(running.url)).body, 'six')
})
