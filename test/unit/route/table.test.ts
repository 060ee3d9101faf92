import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isFailure } from '../../../internal/fault/failure.ts'
import { compileRoutes, dropSegments, hostName, segmentsOf } from '../../../internal/route/table.ts'
import type { Route, RouteSettings } from '../../../internal/route/table.ts'
import { readTarget } from '../../../internal/route/target.ts'
import { mounted } from '../../support/front.ts'

const workers = [
  mounted('streamlit', 'ui', '/'),
  mounted('uvicorn', 'api', '/api'),
  mounted('http', 'deep', '/api/v1/deep'),
  mounted('streamlit', 'tenant', '/', { hosts: ['Tenant.Example'] }),
]

/** Where a target leads: the worker's name, `internal:NAME`, `redirect:PATH`, or the code of the refusal. */
function lead(target: string, settings: Partial<RouteSettings> = {}, host = 'a'): string {
  const table = compileRoutes({ workers, rootPath: '', docsMount: null, healthOf: null, ...settings })
  const read = readTarget(target, { method: 'GET', host, scheme: 'http' })
  if (isFailure(read)) return read.code
  if (read.kind === 'server') return 'server'
  const route = table(read, host)
  return isFailure(route) ? route.code : shown(route, settings.workers ?? workers)
}

function shown(route: Route, all: RouteSettings['workers']): string {
  if (route.kind === 'auth') return 'auth'
  if (route.kind === 'internal') return `internal:${route.name}`
  if (route.kind === 'health') return `health:${route.name}`
  return route.kind === 'redirect' ? `redirect:${route.location}` : (all[route.index]?.name ?? '?')
}

const leads: Readonly<Record<string, string>> = {
  '/': 'ui',
  '/x': 'ui',
  '/api': 'api',
  '/api/': 'api',
  '/api/x?/api/v1/deep': 'api',
  '/apix': 'ui',
  '/API/me': 'ui',
  '/%61pi/me': 'api',
  '/api/%6De': 'api',
  '/api;x/me': 'ui',
  '/api/v1/deep/x': 'deep',
  '/api/v1/deeper': 'api',
  '/api/v1%2fdeep': 'ambiguous_path',
  '/api%2fme': 'ambiguous_path',
  '/api%5Cme': 'ambiguous_path',
  '//api/me': 'ambiguous_path',
  '//evil/x': 'ui',
  '/x%2fapi': 'ui',
  '/api/a%2fb': 'api',
  '/api//x': 'api',
  '/__fluxlit/livez': 'internal:livez',
  '/__fluxlit': 'internal:',
  '/__fluxlit/livez/x': 'internal:',
  '/__fluxli%74/livez': 'internal:livez',
  '/__fluxlit%2flivez': 'ambiguous_path',
  '/__fluxlit//livez': 'ambiguous_path',
  '//__fluxlit/livez': 'ambiguous_path',
  '/__fluxlitx/livez': 'ui',
  '/docs': 'ui',
}

for (const [target, expected] of Object.entries(leads)) {
  test(`${target} leads to ${expected}`, () => assert.equal(lead(target), expected))
}

test('below a root path both shapes of a path mean the same', () => {
  for (const prefix of ['', '/tools']) {
    assert.equal(lead(`${prefix}/api/x`, { rootPath: '/tools' }), 'api')
    assert.equal(lead(`${prefix}/`, { rootPath: '/tools' }), 'ui')
    assert.equal(lead(`${prefix}/__fluxlit/readyz`, { rootPath: '/tools' }), 'internal:readyz')
  }
  assert.equal(lead('/toolsy/api', { rootPath: '/tools' }), 'ui')
  assert.equal(lead('/tools%2fapi', { rootPath: '/tools' }), 'ambiguous_path')
})

test('a mount bound to a host is preferred there and nowhere else', () => {
  assert.equal(lead('/', {}, 'tenant.EXAMPLE.:8000'), 'tenant')
  assert.equal(lead('/api/x', {}, 'tenant.example'), 'api')
  assert.equal(lead('/', {}, 'other.example'), 'ui')
})

test('without a worker at the root nothing is there', () => {
  const only = [mounted('uvicorn', 'api', '/api')]
  assert.equal(lead('/', { workers: only }), 'route_not_found')
  assert.equal(lead('/api%2fx', { workers: only }), 'ambiguous_path')
})

test('the docs of the API are redirected to where they are, and only they', () => {
  const settings = { docsMount: '/api', rootPath: '/tools' }
  assert.equal(lead('/docs', settings), 'redirect:/tools/api/docs')
  assert.equal(lead('/tools/openapi.json', settings), 'redirect:/tools/api/openapi.json')
  assert.equal(lead('/docs/', settings), 'ui')
  assert.equal(lead('/api/docs', settings), 'api')
})

test('the health of an application object is below its API, and nowhere else', () => {
  const settings = { healthOf: 1 }
  assert.equal(lead('/api/healthz', settings), 'health:healthz')
  assert.equal(lead('/tools/api/readyz', { ...settings, rootPath: '/tools' }), 'health:readyz')
  assert.equal(lead('/api%2freadyz', settings), 'ambiguous_path')
  assert.equal(lead('/api/healthz/x', settings), 'api')
  assert.equal(lead('/healthz', settings), 'ui')
  assert.equal(lead('/api/healthz'), 'api')
})

test('a worker learns how much of the raw path was the root path and the mount', () => {
  const table = compileRoutes({ workers, rootPath: '/tools', docsMount: null, healthOf: null })
  const read = readTarget('/tools/api/v1/x', { method: 'GET', host: 'a', scheme: 'http' })
  assert.ok(!isFailure(read) && read.kind === 'path')
  assert.deepEqual(table(read, 'a'), {
    kind: 'worker',
    index: 1,
    below: ['v1', 'x'],
    rootSegments: 1,
    mountSegments: 1,
  })
})

test('segments are dropped from raw paths without touching the rest', () => {
  assert.equal(dropSegments('/api', 1), '/')
  assert.equal(dropSegments('/api/', 1), '/')
  assert.equal(dropSegments('/%61pi/%2f/x', 1), '/%2f/x')
  assert.equal(dropSegments('/a/b/c', 2), '/c')
  assert.equal(dropSegments('/a/b', 0), '/a/b')
})

test('a mount is its segments', () => {
  assert.deepEqual([segmentsOf(''), segmentsOf('/'), segmentsOf('/a/b')], [[], [], ['a', 'b']])
})

test('the name of a host has no port, no capitals and no final dot', () => {
  assert.equal(hostName('A.Example.:80'), 'a.example')
  assert.equal(hostName('[::1]:8000'), '[::1]')
  assert.equal(hostName('[::1]'), '[::1]')
  assert.equal(hostName(''), '')
})
