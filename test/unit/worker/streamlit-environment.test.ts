import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'

import { readStreamlitConfig } from '../../../internal/worker/streamlit-config.ts'
import type { StreamlitSettingsInput } from '../../../internal/worker/streamlit-environment.ts'
import { streamlitBasePath, streamlitEnvironment } from '../../../internal/worker/streamlit-environment.ts'

const input: StreamlitSettingsInput = {
  worker: { mount: '/', stripPrefix: false, maxBodyBytes: 200 * 2 ** 20 },
  rootPath: '',
  mode: 'serve',
  cookieSecret: 'secret',
  configured: new Map(),
  trustedUserHeaders: null,
  env: {},
}

describe('the settings of a Streamlit worker', () => {
  it('are complete when the user set nothing', () => {
    assert.deepEqual(streamlitEnvironment(input), {
      STREAMLIT_SERVER_HEADLESS: 'true',
      STREAMLIT_SERVER_SHOW_EMAIL_PROMPT: 'false',
      STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE: 'true',
      STREAMLIT_BROWSER_GATHER_USAGE_STATS: 'false',
      STREAMLIT_GLOBAL_DEVELOPMENT_MODE: 'false',
      STREAMLIT_SERVER_FILE_WATCHER_TYPE: 'none',
      STREAMLIT_SERVER_MAX_UPLOAD_SIZE: '200',
      STREAMLIT_SERVER_COOKIE_SECRET: 'secret',
      STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL: '900',
    })
  })

  it('leave the watching of files to Streamlit in development', () => {
    assert.equal(
      streamlitEnvironment({ ...input, mode: 'dev' })['STREAMLIT_SERVER_FILE_WATCHER_TYPE'],
      undefined,
    )
  })

  it('give way to variables the user set', () => {
    const env = { STREAMLIT_SERVER_COOKIE_SECRET: 'own', STREAMLIT_SERVER_MAX_UPLOAD_SIZE: '5' }
    const settings = streamlitEnvironment({ ...input, env })
    assert.equal(settings['STREAMLIT_SERVER_COOKIE_SECRET'], undefined)
    assert.equal(settings['STREAMLIT_SERVER_MAX_UPLOAD_SIZE'], undefined)
  })

  it("give way to config.toml where it is the user's to decide", () => {
    const configured = new Map([
      ['server.maxUploadSize', '5'],
      ['server.disconnectedSessionTTL', '60'],
      ['server.fileWatcherType', 'auto'],
      ['server.baseUrlPath', 'other'],
    ])
    const settings = streamlitEnvironment({ ...input, configured })
    assert.equal(settings['STREAMLIT_SERVER_MAX_UPLOAD_SIZE'], undefined)
    assert.equal(settings['STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL'], undefined)
    assert.equal(settings['STREAMLIT_SERVER_FILE_WATCHER_TYPE'], 'none')
    assert.equal(settings['STREAMLIT_SERVER_BASE_URL_PATH'], '/')
  })

  it('round the upload limit up to whole megabytes', () => {
    const worker = { ...input.worker, maxBodyBytes: 1_500_000 }
    assert.equal(streamlitEnvironment({ ...input, worker })['STREAMLIT_SERVER_MAX_UPLOAD_SIZE'], '2')
  })
})

describe('the base path', () => {
  it('is the whole public path, unless the gateway strips it', () => {
    assert.equal(streamlitBasePath({ mount: '/', stripPrefix: false }, ''), '')
    assert.equal(streamlitBasePath({ mount: '/', stripPrefix: false }, '/tools'), '/tools')
    assert.equal(streamlitBasePath({ mount: '/ui', stripPrefix: false }, '/tools'), '/tools/ui')
    assert.equal(streamlitBasePath({ mount: '/ui', stripPrefix: true }, '/tools'), '')
  })
})

describe("a user's config.toml", () => {
  it('is read from home, the working directory and beside the script, the last one winning', async (t) => {
    const base = await mkdtemp(join(tmpdir(), 'fl-'))
    t.after(() => rm(base, { recursive: true, force: true }))
    const write = async (name: string, text: string): Promise<void> => {
      await mkdir(join(base, name, '.streamlit'), { recursive: true })
      await writeFile(join(base, name, '.streamlit', 'config.toml'), text)
    }
    await write('home', '[server]\nmaxUploadSize = 1\nport = 1\n')
    await write('app', '# a comment\nserver.maxUploadSize = 7 # more\n[theme]\nbase = "dark"\n')
    const place = { home: join(base, 'home'), cwd: join(base, 'nowhere'), script: join(base, 'app', 'ui.py') }
    assert.deepEqual(Object.fromEntries(readStreamlitConfig(place)), {
      'server.maxUploadSize': '7',
      'server.port': '1',
      'theme.base': 'dark',
    })
  })
})
