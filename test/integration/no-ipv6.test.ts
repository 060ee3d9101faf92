import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

import { apiOnly } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import { ask, json } from '../support/http.ts'
import { python, repository } from '../support/python.ts'

const without = [python(), join(repository, 'test', 'fixtures', 'host', 'no-ipv6.py')] as const
const opens = 'import socket; socket.socket(socket.AF_INET6)'
const refused = spawnSync(without[0], [without[1], python(), '-c', opens], { encoding: 'utf8' })
const possible = /Address family not supported/.test(refused.stderr) ? false : 'this kernel cannot be told so'

test(
  'every address ("::") means those of IPv4 where the kernel has no IPv6',
  { skip: possible },
  async (t) => {
    const env = { FLUXLIT_METRICS_LISTEN: '[::]:0' }
    const running = await gateway(t, { ...apiOnly, args: ['--host', '::'], env, through: without })
    await running.ready()
    const { port } = new URL(running.url)
    assert.deepEqual(json((await ask(`http://127.0.0.1:${port}/api/`)).body), { message: 'api' })
    assert.equal((await running.stop()).code, 0, running.output)
  },
)
