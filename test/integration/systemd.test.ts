import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import { openLibc } from '../../internal/host/libc.ts'
import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import type { Program } from '../support/program.ts'
import { startProgram } from '../support/program.ts'
import { python, repository } from '../support/python.ts'

const fixtures = join(repository, 'test', 'fixtures', 'host')
const linuxOnly = { skip: openLibc().isAvailable ? false : 'there is no service manager here' }

const waiting =
  'import time\nfrom pathlib import Path\nwhile not Path("go").exists():\n    time.sleep(0.02)\n'
const toml = '[workers.api]\napp = "api:app"\n'
const files = { 'api.py': waiting + app('api.py') }

/** A message to the service manager, and the process that sent it. */
interface Message {
  readonly pid: number
  readonly text: string
}

test(
  '16, 39: the service manager hears of readiness, life, reload and stop, from the main process',
  linuxOnly,
  async (t) => {
    const manager = await serviceManager(t)
    const running = await gateway(t, {
      toml,
      files,
      env: { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '200000' },
    })
    const heard: Message[] = []
    const hear = async (pattern: RegExp): Promise<string> => {
      for (;;) {
        const message = json<Message>(await manager.program.line())
        heard.push(message)
        if (pattern.test(message.text)) return message.text
      }
    }
    for (let beat = 0; beat < 3; beat += 1) await hear(/^WATCHDOG=1/m)
    assert.equal(
      heard.some(({ text }) => /^READY=1/m.test(text)),
      false,
      'no worker is ready yet',
    )
    await writeFile(join(running.directory, 'go'), '')
    await hear(/^READY=1/m)
    assert.equal((await ask(`${running.url}/__fluxlit/readyz`)).status, 200)

    running.signal('SIGHUP')
    assert.match(await hear(/^RELOADING=1/m), /^MONOTONIC_USEC=\d+$/m)
    await hear(/^READY=1/m)

    const seen = json<Record<string, string>>((await ask(`${running.url}/api/environment`)).body)
    const leaked = Object.keys(seen).filter((name) => /^(NOTIFY_|WATCHDOG_|LISTEN_)/.test(name))
    assert.deepEqual(leaked, [])

    running.signal('SIGTERM')
    await hear(/^STOPPING=1/m)
    assert.equal((await running.exited).code, 0, running.output)
    assert.deepEqual([...new Set(heard.map(({ pid }) => pid))], [running.pid])
  },
)

test('a gateway that cannot start does not say that it is ready', linuxOnly, async (t) => {
  const manager = await serviceManager(t)
  const broken = await gateway(t, {
    toml: '[workers.api]\napp = "api:nothing"\n',
    files: { 'api.py': 'from fastapi import FastAPI\napp = FastAPI()\n' },
    env: { NOTIFY_SOCKET: manager.address },
  })
  assert.equal((await broken.exited).code, 1, broken.output)
  for (;;) {
    const { text } = json<Message>(await manager.program.line())
    assert.doesNotMatch(text, /^READY=1/m)
    if (/^STOPPING=1/m.test(text)) return
  }
})

test('a socket the service manager opened is served, from the first connection on', async (t) => {
  const running = await gateway(t, {
    toml,
    files,
    ownPort: true,
    through: [python(), join(fixtures, 'activate.py'), 'http'],
  })
  const { url } = running
  assert.notEqual(new URL(url).port, '8000')
  const early = ask(`${url}/api/`)
  await writeFile(join(running.directory, 'go'), '')
  assert.deepEqual(json((await early).body), { message: 'api' })
  const seen = json<Record<string, string>>((await ask(`${url}/api/environment`)).body)
  assert.deepEqual(
    Object.keys(seen).filter((name) => name.startsWith('LISTEN_')),
    [],
  )
  assert.equal((await running.stop()).code, 0, running.output)
})

async function serviceManager(t: Cleanup): Promise<{ readonly address: string; readonly program: Program }> {
  const address = join(await freshDirectory(t), 'notify')
  const program = startProgram(t, [python(), join(fixtures, 'receiver.py'), address])
  assert.equal(await program.line(), 'listening')
  return { address, program }
}
