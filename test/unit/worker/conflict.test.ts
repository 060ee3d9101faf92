import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { conflicts } from '../../../internal/worker/conflict.ts'
import { http, process as processWorker, streamlit, uvicorn } from '../../fixtures/worker/configs.ts'

describe('arguments that fight the gateway', () => {
  it('are found in both spellings', () => {
    const found = conflicts(uvicorn('/app', { args: ['--port=80', '--reload', '--log-level', 'debug'] }))
    assert.deepEqual(
      found.map(({ code, message, where }) => [code, message, where]),
      [
        [
          'args_conflict',
          '`args` of worker api contains --port, which the gateway sets itself',
          'fluxlit.toml:1',
        ],
        [
          'args_conflict',
          '`args` of worker api contains --reload, which the gateway sets itself',
          'fluxlit.toml:1',
        ],
      ],
    )
  })

  it("are not those that belong to the user's script", () => {
    assert.deepEqual(
      conflicts(streamlit('/app', { args: ['--theme.base', 'dark', '--', '--server.port'] })),
      [],
    )
    assert.equal(conflicts(streamlit('/app', { args: ['--server.port', '1'] })).length, 1)
  })

  it('are found in the environment too', () => {
    const found = conflicts(streamlit('/app', { env: { STREAMLIT_SERVER_BASE_URL_PATH: 'x', OTHER: 'y' } }))
    assert.deepEqual(
      found.map(({ code }) => code),
      ['env_conflict'],
    )
    assert.equal(conflicts(uvicorn('/app', { env: { UVICORN_WORKERS: '4' } })).length, 1)
  })

  it('are a socket nobody is told about', () => {
    assert.equal(conflicts(http('/app', ['serve'], { transport: 'unix' }))[0]?.code, 'args_conflict')
    assert.deepEqual(conflicts(http('/app', ['serve', '{uds}'], { transport: 'unix' })), [])
    assert.deepEqual(conflicts(http('/app', ['serve'])), [])
    assert.deepEqual(conflicts(processWorker('/app', ['work', '--port', '1'])), [])
  })
})
