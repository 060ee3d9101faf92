import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import {
  ownCommand,
  streamlitCommand,
  transportOf,
  uvicornCommand,
} from '../../../internal/worker/command.ts'
import type { Inspection } from '../../../internal/worker/inspect.ts'
import { http, process as processWorker, streamlit, uvicorn } from '../../fixtures/worker/configs.ts'

const inspection: Inspection = {
  python: '/venv/bin/python',
  version: [3, 12, 1],
  packages: {
    uvicorn: '0.54.0',
    streamlit: '1.67.0',
    websockets: '17.4',
    wsproto: null,
    httptools: '0.9.0',
    fastapi: '0.165.0',
    httpx: '0.28.1',
  },
  fluxlit: null,
}
const unix = { kind: 'unix', path: '/run/x/1/api.1.sock' } as const
const tcp = { kind: 'tcp', host: '127.0.0.1', port: 4321 } as const
const input = {
  inspection,
  bootstrapPath: '/run/x/1/bootstrap.py',
  address: unix,
  rootPath: '',
  limiter: [],
  sdk: null,
}

/** The value of --root-path. */
function prefix(rootPath: string, stripPrefix: boolean, mount = '/api'): string | undefined {
  const { argv } = uvicornCommand({ ...uvicorn('/app'), mount, stripPrefix }, { ...input, rootPath })
  return argv.includes('--root-path') ? argv[argv.indexOf('--root-path') + 1] : undefined
}

describe('the command line of a Uvicorn worker', () => {
  it('is complete on a Unix socket', () => {
    assert.deepEqual(uvicornCommand(uvicorn('/app'), input).argv.join(' ').split(' --'), [
      '/venv/bin/python /run/x/1/bootstrap.py uvicorn main:app',
      'uds /run/x/1/api.1.sock',
      'forwarded-allow-ips *',
      'http httptools',
      'timeout-keep-alive 75',
      'timeout-graceful-shutdown 9',
      'workers 1',
      'no-server-header',
      'no-date-header',
      'no-access-log',
      'ws-per-message-deflate false',
      'root-path /api',
    ])
  })

  it('trusts only the loopback address on TCP', () => {
    const { argv } = uvicornCommand(uvicorn('/app'), { ...input, address: tcp })
    assert.deepEqual(argv.slice(4, 10), [
      '--host',
      '127.0.0.1',
      '--port',
      '4321',
      '--forwarded-allow-ips',
      '127.0.0.1',
    ])
  })

  it('sets its limits in the bootstrap, before anything of the app', () => {
    const { argv } = uvicornCommand(uvicorn('/app'), { ...input, limiter: ['limited', 'nofile=64:64'] })
    assert.deepEqual(argv.slice(1, 6), [
      input.bootstrapPath,
      'limited',
      'nofile=64:64',
      'uvicorn',
      'main:app',
    ])
  })

  it('leaves out what this installation does not have', () => {
    const packages = { ...inspection.packages, httptools: null, uvicorn: '0.20.0' }
    const { argv } = uvicornCommand(uvicorn('/app'), { ...input, inspection: { ...inspection, packages } })
    assert.equal(argv.includes('--http'), false)
    assert.equal(argv.includes('--timeout-graceful-shutdown'), false)
  })

  it('names the public prefix only as far as the gateway removes it', () => {
    assert.equal(prefix('/tools', true), '/tools/api')
    assert.equal(prefix('/tools', false), '/tools')
    assert.equal(prefix('', false), undefined)
    assert.equal(prefix('', true, '/'), undefined)
    assert.equal(prefix('/tools', true, '/'), '/tools')
  })

  it("38: ends with the user's own arguments, and gives a worker at least a second to finish", () => {
    const run = { args: ['--log-level', 'debug'], factory: true, stopGraceMs: 500 }
    const { argv } = uvicornCommand(uvicorn('/app', run), input)
    assert.deepEqual(argv.slice(-3), ['--factory', '--log-level', 'debug'])
    assert.equal(argv[argv.indexOf('--timeout-graceful-shutdown') + 1], '1')
  })
})

describe('the command line of a Streamlit worker', () => {
  it('is the shim on a Unix socket', () => {
    const worker = streamlit('/app', { args: ['--theme.base', 'dark'] })
    assert.deepEqual(streamlitCommand(worker, input).argv.slice(2), [
      'streamlit',
      unix.path,
      '9',
      '/app/ui.py',
      '--theme.base',
      'dark',
    ])
  })

  it("is Streamlit's own on TCP", () => {
    assert.deepEqual(streamlitCommand(streamlit('/app'), { ...input, address: tcp }).argv.slice(2), [
      'streamlit-cli',
      '/app/ui.py',
      '--server.address',
      '127.0.0.1',
      '--server.port',
      '4321',
    ])
  })

  it('uses the socket only where this Streamlit can, and in production', () => {
    const old = { ...inspection, packages: { ...inspection.packages, streamlit: '1.56.0' } }
    assert.equal(transportOf(streamlit('/app'), inspection, 'serve'), 'unix')
    assert.equal(transportOf(streamlit('/app'), old, 'serve'), 'tcp')
    assert.equal(transportOf(streamlit('/app'), inspection, 'dev'), 'tcp')
    assert.equal(transportOf(streamlit('/app', { transport: 'tcp' }), inspection, 'serve'), 'tcp')
    assert.equal(transportOf(uvicorn('/app'), inspection, 'dev'), 'unix')
  })
})

describe("a user's own command", () => {
  it('has its placeholders filled in, and HOST and PORT set', () => {
    const worker = http('/app', ['node', 'server.js', '--at={host}:{port}', '{root_path}', '{other}'])
    const command = ownCommand(worker, {
      executable: '/usr/bin/node',
      address: tcp,
      rootPath: '/tools',
      limiter: [],
    })
    assert.deepEqual(command.argv, [
      '/usr/bin/node',
      'server.js',
      '--at=127.0.0.1:4321',
      '/tools/web',
      '{other}',
    ])
    assert.deepEqual(command.env, { HOST: '127.0.0.1', PORT: '4321' })
  })

  it('may listen on a socket', () => {
    const worker = http('/app', ['serve', '--uds', '{uds}'])
    const command = ownCommand(worker, { executable: '/bin/serve', address: unix, rootPath: '', limiter: [] })
    assert.deepEqual(command.argv, ['/bin/serve', '--uds', unix.path])
    assert.deepEqual(command.env, {})
  })

  it('is started through what sets its limits', () => {
    const limiter = ['/usr/bin/prlimit', '--nofile=64:64', '--']
    const worker = processWorker('/app', ['celery', 'worker'])
    const { argv } = ownCommand(worker, { executable: '/bin/celery', address: null, rootPath: '', limiter })
    assert.deepEqual(argv, [...limiter, '/bin/celery', 'worker'])
  })

  it('without a mount has neither', () => {
    const worker = processWorker('/app', ['celery', 'worker'], { args: ['-l', 'info'] })
    const command = ownCommand(worker, {
      executable: '/bin/celery',
      address: null,
      rootPath: '',
      limiter: [],
    })
    assert.deepEqual(command, { argv: ['/bin/celery', 'worker', '-l', 'info'], env: {} })
  })
})
