import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'

import { allKeys, anyName, environmentName, isSettableKey } from '../../../internal/config/keys.ts'
import { readEnvironment } from '../../../internal/config/environment.ts'
import { legacyNames } from '../../../internal/config/legacy.ts'
import { valueAt } from '../../../internal/config/tree.ts'
import { load, loadValid, problemLines, project } from './project.ts'

const file = { 'fluxlit.toml': '[workers.legacy]\nurl = "http://127.0.0.1:9000"\nmount = "/"\n' }

test('every key of the schema has an environment name of its own', () => {
  const keys = allKeys().filter(
    (key) => isSettableKey(key) && !(key.path[1] === anyName && key.path.length === 2),
  )
  const names = keys.map((key) => environmentName(key.path))
  assert.equal(new Set(names).size, names.length)
  const variables = names.map((name) => ({ name, value: 'x', origin: name }))
  const { above, warnings } = readEnvironment(variables, '/')
  assert.deepEqual(warnings, [])
  for (const key of keys) {
    const path = key.path.map((step) => (step === anyName ? 'name' : step))
    if (key.type !== 'table') assert.notEqual(valueAt(above[1].value, path), undefined, path.join('.'))
  }
})

test('numbers, switches, words, lists and tables are read from text', async (t) => {
  const directory = await project(t, file)
  const { config } = loadValid(directory, {
    env: {
      FLUXLIT_GATEWAY_PORT: '9000',
      FLUXLIT_DOCS_REDIRECT: 'Yes',
      FLUXLIT_LOG_LEVEL: 'WARNING',
      FLUXLIT_ALLOWED_HOSTS: 'a.example, b.example',
      FLUXLIT_TRUSTED_PROXIES: '["10.0.0.0/8"]',
      FLUXLIT_TIMEOUTS: '{"hold": "1s", "connect": "1s"}',
      FLUXLIT_TIMEOUTS_HOLD: '2s',
      FLUXLIT_WORKERS_LEGACY_REQUIRED: 'false',
      FLUXLIT_WORKERS_OTHER: '{"url": "unix:run/other.sock", "mount": "/other"}',
    },
  })
  assert.equal(config.listen.port, 9000)
  assert.equal(config.docsRedirect, true)
  assert.equal(config.log.level, 'warn')
  assert.deepEqual(config.allowedHosts, ['a.example', 'b.example'])
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8'])
  assert.equal(config.timeouts.holdMs, 2000)
  assert.equal(config.timeouts.connectMs, 1000)
  assert.deepEqual(
    config.workers.map(({ name, required, where }) => [name, required, where]),
    [
      ['legacy', false, 'fluxlit.toml:1'],
      ['other', true, 'environment FLUXLIT_WORKERS_OTHER'],
    ],
  )
})

test('a wrong value names its variable', async (t) => {
  const directory = await project(t, file)
  const result = load(directory, {
    env: {
      FLUXLIT_GATEWAY_PORT: 'http',
      FLUXLIT_TIMEOUTS: '{hold}',
      FLUXLIT_LIMITS: '{"bdoy": "1B"}',
      FLUXLIT_WORKERS_API_FACTORY: 'maybe',
    },
  })
  assert.deepEqual(problemLines(result).toSorted(), [
    'environment FLUXLIT_GATEWAY_PORT: [wrong_type] `gateway_port` must be a whole number from 0 to 65535, found "http"',
    'environment FLUXLIT_LIMITS: [unknown_key] unknown key `bdoy` in [limits]',
    'environment FLUXLIT_TIMEOUTS: [wrong_type] `timeouts` must be a table, found "{hold}"',
    'environment FLUXLIT_WORKERS_API_FACTORY: [wrong_type] `workers.api.factory` must be true or false, found "maybe"',
  ])
})

test('an empty variable for a number counts as not set', async (t) => {
  const directory = await project(t, file)
  assert.equal(loadValid(directory, { env: { FLUXLIT_GATEWAY_PORT: '' } }).config.listen.port, 8000)
})

test('an unknown name is only a warning, with the nearest name', async (t) => {
  const directory = await project(t, file)
  const { warnings } = loadValid(directory, {
    env: { FLUXLIT_GATEWAY_PROT: '1', FLUXLIT_WORKERS_LEGACY_MOUTN: '/' },
  })
  assert.deepEqual(
    warnings.map(({ code, where, hint }) => [code, where, hint]),
    [
      ['unknown_variable', 'environment FLUXLIT_GATEWAY_PROT', 'did you mean FLUXLIT_GATEWAY_PORT?'],
      [
        'unknown_variable',
        'environment FLUXLIT_WORKERS_LEGACY_MOUTN',
        'did you mean FLUXLIT_WORKERS_LEGACY_MOUNT?',
      ],
    ],
  )
})

test('what Kubernetes sets for services, and what the gateway sets itself, is ignored', async (t) => {
  const directory = await project(t, file)
  const { config, warnings } = loadValid(directory, {
    env: {
      FLUXLIT_PORT: 'tcp://10.0.0.1:80',
      FLUXLIT_PORT_80_TCP_ADDR: '10.0.0.1',
      FLUXLIT_SERVICE_HOST: '10.0.0.1',
      FLUXLIT_SERVICE_PORT_HTTP: '80',
      FLUXLIT_GATEWAY_PORT: 'tcp://10.0.0.1:8000',
      FLUXLIT_GATEWAY_SERVICE_HOST: '10.0.0.1',
      FLUXLIT_INTERNAL_API_BASE: 'http://127.0.0.1:1/api',
      FLUXLIT_API_PREFIX: '/api',
    },
  })
  assert.deepEqual(warnings, [])
  assert.equal(config.listen.port, 8000)
})

test('names of the predecessor fill values, below the new names', async (t) => {
  const directory = await project(t, file)
  const env = {
    FLUXLIT_GATEWAY_UPSTREAM_CONNECT_TIMEOUT_S: '1.5',
    FLUXLIT_GATEWAY_UPSTREAM_READ_TIMEOUT_S: '90',
    FLUXLIT_TIMEOUTS_RESPONSE_HEADERS: '10s',
    FLUXLIT_GATEWAY_MAX_PROXY_REQUEST_BODY_BYTES: '1000',
    FLUXLIT_FORWARDED_ALLOW_IPS: '10.0.0.1, 10.1.0.0/16',
    FLUXLIT_UVICORN_GRACEFUL_SHUTDOWN_TIMEOUT_S: '7',
    FLUXLIT_ENABLE_GATEWAY_ACCESS_LOG: 'false',
    FLUXLIT_STREAMLIT_PUBLIC_PATH: '/tools/',
    PUBLIC_BASE_URL: 'https://app.example/tools',
  }
  const { config, warnings } = loadValid(directory, { env })
  assert.deepEqual(warnings, [])
  assert.equal(config.timeouts.connectMs, 1500)
  assert.equal(config.timeouts.responseHeadersMs, 10_000)
  assert.equal(config.limits.bodyBytes, 1000)
  assert.deepEqual(config.trustedProxies, ['10.0.0.1/32', '10.1.0.0/16'])
  assert.equal(config.drain.timeoutMs, 7000)
  assert.equal(config.log.access, false)
  assert.equal(config.rootPath, '/tools')
  assert.equal(config.publicBaseUrl, 'https://app.example/tools')
})

test('the fallbacks of the predecessor stand below the file', async (t) => {
  const directory = await project(t, { 'fluxlit.toml': `root_path = "/a"\n${file['fluxlit.toml']}` })
  assert.equal(loadValid(directory, { env: { FLUXLIT_STREAMLIT_PUBLIC_PATH: '/b' } }).config.rootPath, '/a')
})

test('trusting everybody is refused under the old name, too', async (t) => {
  const directory = await project(t, file)
  const result = load(directory, { env: { FLUXLIT_FORWARDED_ALLOW_IPS: '*' } })
  assert.match(
    problemLines(result).join(),
    /environment FLUXLIT_FORWARDED_ALLOW_IPS: \[bad_value\] `trusted_proxies`/,
  )
})

test('an old name without meaning is a warning that says what to do, and unlimited keeps the default', async (t) => {
  const directory = await project(t, file)
  const { config, warnings } = loadValid(directory, {
    env: {
      FLUXLIT_TRUST_PROXY: 'true',
      FLUXLIT_GATEWAY_MAX_PROXY_REQUEST_BODY_BYTES: '0',
      FLUXLIT_JWT_HS256_SECRET: 'hunter2',
    },
  })
  assert.equal(config.limits.bodyBytes, 200 * 1024 * 1024)
  assert.deepEqual(config.trustedProxies, [])
  assert.equal(warnings.length, 3)
  assert.deepEqual(warnings.map(({ code }) => code).toSorted(), [
    'auth_unused',
    'legacy_variable',
    'legacy_variable',
  ])
  assert(!JSON.stringify(warnings).includes('hunter2'))
})

test('no old name is also a name of today', () => {
  const today = new Set(allKeys().map((key) => environmentName(key.path)))
  for (const name of Object.keys(legacyNames)) assert(!today.has(`FLUXLIT_${name}`), name)
})

test('.env values reach the workers, without FLUXLIT_* and below everything else', async (t) => {
  const directory = await project(t, {
    'main.py': '',
    '.env': 'A=dotenv\nB=dotenv\nC=dotenv\nREAL=dotenv\nFLUXLIT_LOG_LEVEL=debug\n',
    'api.env': 'B=file\nC=file\n',
    'fluxlit.toml': '[workers.api]\napp = "main:app"\nenv_file = "api.env"\nenv = { C = "table" }\n',
  })
  const { config, report } = loadValid(directory, { env: { REAL: 'real' } })
  const [api] = config.workers
  assert(api?.kind === 'uvicorn' && api.run.kind === 'spawn')
  assert.deepEqual(api.run.env, { A: 'dotenv', B: 'file', C: 'table' })
  assert.equal(report.values.get('workers.api.env.B')?.origin, 'api.env:1')
  assert.equal(report.values.get('workers.api.env.C')?.origin, 'fluxlit.toml:4')
  assert.equal(config.log.level, 'debug')
})

test('broken lines of .env and of an env_file are problems', async (t) => {
  const directory = await project(t, {
    'main.py': '',
    '.env': 'A=1\nnonsense\n',
    'api.env': '\n=1\n',
    'fluxlit.toml': '[workers.api]\napp = "main:app"\nenv_file = "api.env"\n',
  })
  assert.deepEqual(problemLines(load(directory)).toSorted(), [
    '.env:2: [bad_env_file] this line is not NAME=value',
    'api.env:2: [bad_env_file] this line is not NAME=value',
  ])
})

test('an env_file without a directory is taken from the credentials of the service when it is there', async (t) => {
  const directory = await project(t, {
    'main.py': 'from fastapi import FastAPI\napp = FastAPI()\n',
    'fluxlit.toml': '[workers.api]\napp = "main:app"\nenv_file = "api.env"\n',
    'api.env': 'FROM=project\n',
    'credentials/api.env': 'FROM=credentials\n',
  })
  const from = (env: Readonly<Record<string, string>>): string | undefined => {
    const [worker] = loadValid(directory, { env }).config.workers
    return worker !== undefined && 'run' in worker && 'env' in worker.run ? worker.run.env['FROM'] : undefined
  }
  assert.equal(from({}), 'project')
  assert.equal(from({ CREDENTIALS_DIRECTORY: join(directory, 'credentials') }), 'credentials')
  assert.equal(from({ CREDENTIALS_DIRECTORY: join(directory, 'nowhere') }), 'project')
})

test('every setting of the Python package has a meaning, or is named as having none', () => {
  const settings =
    'title gateway_host gateway_port streamlit_host streamlit_port log_level api_mount_path root_path ' +
    'streamlit_public_path trust_proxy forwarded_allow_ips enable_request_logging enable_gateway_access_log debug ' +
    'url_session_query_param enable_gateway_prometheus_metrics gateway_prometheus_metrics_path ' +
    'gateway_upstream_connect_timeout_s gateway_upstream_read_timeout_s gateway_max_proxy_request_body_bytes ' +
    'gateway_max_concurrent_upstream_http gateway_httpx_max_connections gateway_httpx_max_keepalive_connections ' +
    'gateway_ws_open_timeout_s gateway_ws_ping_interval_s gateway_ws_ping_timeout_s gateway_ws_close_timeout_s ' +
    'gateway_ws_max_message_bytes gateway_forward_client_headers_to_streamlit uvicorn_graceful_shutdown_timeout_s ' +
    'enable_security_headers cors_allow_origins cors_allow_credentials cors_middleware_kwargs streamlit_run_cli_args ' +
    'streamlit_page_config public_base_url strict_public_base_url strict_page_signatures strict_startup ' +
    'experimental_yield_pages async_page_depends jwt_issuer jwt_audience jwt_hs256_secret jwt_jwks_url ' +
    'jwt_leeway_seconds oidc_bff_secret app api_prefix internal_api_base streamlit_upstream streamlit_upstream_file ' +
    'pidfile no_pidfile allow_unified_uvicorn_multiworker tests force_url_session_in_tests disable_url_session ' +
    'test_page_overrides'
  const variables = settings
    .split(' ')
    .map((name) => ({ name: `FLUXLIT_${name.toUpperCase()}`, value: '1', origin: name }))
  const { warnings, appWarnings } = readEnvironment(variables, '/')
  const unknown = [...warnings, ...appWarnings].filter(({ code }) => code === 'unknown_variable')
  assert.deepEqual(unknown, [])
})

test('what only an application can check keeps no gateway from starting', async (t) => {
  const { warnings } = loadValid(await project(t, file), {
    env: { FLUXLIT_JWT_ISSUER: 'fluxlit-bff', FLUXLIT_JWT_JWKS_URL: 'http://idp.internal/keys' },
  })
  assert.deepEqual(
    warnings.map(({ code, message }) => `${code}: ${message}`),
    ['legacy_variable: FLUXLIT_JWT_ISSUER is ignored', 'legacy_variable: FLUXLIT_JWT_JWKS_URL is ignored'],
  )
})
