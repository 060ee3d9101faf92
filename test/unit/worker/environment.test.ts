import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { EnvironmentInput } from '../../../internal/worker/environment.ts'
import { workerEnvironment } from '../../../internal/worker/environment.ts'

const input: EnvironmentInput = {
  gateway: {},
  home: null,
  inherit: true,
  own: {},
  instance: 'abc.7',
  internalApiBase: 'http://127.0.0.1:9/api',
  apiPrefix: '/api',
  assertionJwks: null,
  signInPath: null,
}

describe("a worker's environment", () => {
  it("holds no variable of the gateway that is the gateway's alone", () => {
    const secrets = {
      FLUXLIT_AUTH_COOKIE_SECRET: 'x',
      NOTIFY_SOCKET: 'x',
      WATCHDOG_USEC: 'x',
      LISTEN_FDS: 'x',
      CREDENTIALS_DIRECTORY: 'x',
      RUNTIME_DIRECTORY: 'x',
      WEB_CONCURRENCY: 'x',
      UVICORN_RELOAD: 'x',
      STREAMLIT_SERVER_PORT: 'x',
    }
    const env = workerEnvironment({ ...input, gateway: { ...secrets, KEPT: 'x', UVICORN_LOG_LEVEL: 'x' } })
    for (const name of Object.keys(secrets)) assert.equal(env[name], undefined, name)
    assert.equal(env['KEPT'], 'x')
    assert.equal(env['UVICORN_LOG_LEVEL'], 'x')
  })

  it('keeps compiled code only where nobody edits it, unless the worker says otherwise', () => {
    const name = 'PYTHONDONTWRITEBYTECODE'
    assert.equal(workerEnvironment(input)[name], undefined)
    assert.equal(workerEnvironment({ ...input, isEdited: true })[name], '1')
    assert.equal(workerEnvironment({ ...input, isEdited: true, own: { [name]: '' } })[name], '')
  })

  it('61: has a home where the account has none, unless the worker has one', () => {
    assert.equal(workerEnvironment(input)['HOME'], undefined)
    assert.equal(workerEnvironment({ ...input, home: '/run/x' })['HOME'], '/run/x')
    assert.equal(workerEnvironment({ ...input, home: '/run/x', own: { HOME: '/data' } })['HOME'], '/data')
  })

  it("54, 55: takes the worker's own value over the inherited one and over our defaults", () => {
    const gateway = { COLOUR: 'red' }
    const own = { COLOUR: 'blue', PYTHONFAULTHANDLER: '0' }
    const env = workerEnvironment({ ...input, gateway, own })
    assert.equal(env['COLOUR'], 'blue')
    assert.equal(env['PYTHONFAULTHANDLER'], '0')
    assert.equal(env['PYTHONUNBUFFERED'], '1')
  })

  it('is only what a program needs when nothing is inherited', () => {
    const env = workerEnvironment({ ...input, inherit: false, gateway: { PATH: '/bin', COLOUR: 'red' } })
    assert.equal(env['PATH'], '/bin')
    assert.equal(env['COLOUR'], undefined)
  })

  it('keeps calls to this machine away from a proxy, in both spellings, and keeps what was there', () => {
    const env = workerEnvironment({ ...input, gateway: { NO_PROXY: 'a.example', no_proxy: 'b.example' } })
    assert.equal(env['NO_PROXY'], 'a.example,b.example,127.0.0.1,localhost,::1')
    assert.equal(env['no_proxy'], env['NO_PROXY'])
    assert.equal(workerEnvironment(input)['NO_PROXY'], '127.0.0.1,localhost,::1')
  })

  it('says whose it is and where the API is', () => {
    const env = workerEnvironment({ ...input, own: { FLUXLIT_INSTANCE: 'forged' } })
    assert.equal(env['FLUXLIT_INSTANCE'], 'abc.7')
    assert.equal(env['FLUXLIT_INTERNAL_API_BASE'], 'http://127.0.0.1:9/api')
    assert.equal(env['FLUXLIT_API_PREFIX'], '/api')
  })
})
