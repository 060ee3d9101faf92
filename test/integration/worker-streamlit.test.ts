import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { streamlit } from '../fixtures/worker/configs.ts'
import { apps, environmentOf, failure, get, startedReady, testRoom, worker } from '../fixtures/worker/room.ts'

describe('a Streamlit script', () => {
  it('answers over a Unix socket', async (t) => {
    const { address } = await startedReady(worker(t, streamlit(apps), await testRoom(t)))
    assert.equal(address?.kind, 'unix')
    assert.deepEqual(await get(address, '/_stcore/health'), { status: 200, body: 'ok' })
    assert.match((await get(address, '/')).body, /<div id="root">/)
  })

  it('answers over TCP', async (t) => {
    const { address } = await startedReady(
      worker(t, streamlit(apps, { transport: 'tcp' }), await testRoom(t)),
    )
    assert.equal(address?.kind, 'tcp')
    assert.deepEqual(await get(address, '/_stcore/health'), { status: 200, body: 'ok' })
  })

  it('stays on TCP in development, where its own reload watches', async (t) => {
    const { address } = await startedReady(worker(t, streamlit(apps), await testRoom(t, { mode: 'dev' })))
    assert.equal(address?.kind, 'tcp')
  })

  for (const transport of ['unix', 'tcp'] as const) {
    it(`serves below its whole public path over ${transport}`, async (t) => {
      const config = { ...streamlit(apps, { transport }), mount: '/ui' }
      const { address } = await startedReady(worker(t, config, await testRoom(t, { rootPath: '/tools' })))
      assert.deepEqual(await get(address, '/tools/ui/_stcore/health'), { status: 200, body: 'ok' })
    })

    it(`takes options and its own arguments over ${transport}`, async (t) => {
      const run = { transport, args: ['--theme.base', 'dark', '--', '--quick'] }
      const { address } = await startedReady(worker(t, streamlit(apps, run), await testRoom(t)))
      assert.equal((await get(address, '/_stcore/health')).status, 200)
    })
  }

  it('that makes its own st.App is served over the socket too', async (t) => {
    const run = { script: `${apps}/ui_app.py` }
    const { address } = await startedReady(worker(t, streamlit(apps, run), await testRoom(t)))
    assert.deepEqual(await get(address, '/_stcore/health'), { status: 200, body: 'ok' })
  })

  it('needs no home directory', async (t) => {
    const run = { env: { HOME: '/nonexistent' } }
    const { address } = await startedReady(worker(t, streamlit(apps, run), await testRoom(t)))
    assert.equal((await get(address, '/_stcore/health')).status, 200)
  })

  it('is told a cookie secret and the upload limit by its environment', async (t) => {
    const ui = worker(t, streamlit(apps), await testRoom(t))
    const { pid } = await startedReady(ui)
    const env = await environmentOf(pid ?? 0)
    assert.match(env.get('STREAMLIT_SERVER_COOKIE_SECRET') ?? '', /^[0-9a-f]{64}$/)
    assert.equal(env.get('STREAMLIT_SERVER_MAX_UPLOAD_SIZE'), '200')
    assert.equal(env.get('STREAMLIT_SERVER_HEADLESS'), 'true')
  })

  it('with an option Streamlit does not know fails and says which', async (t) => {
    const run = { args: ['--server.nonsense', '1'] }
    const { reason } = await failure(worker(t, streamlit(apps, run), await testRoom(t)))
    assert.equal(reason.code, 'streamlit_option')
    assert.match(reason.message, /--server\.nonsense/)
  })
})
