/**
 * P: one path, two readers (RFC 3986 2, 6). A worker at `/api` gets what is below, a worker at `/` the rest; the
 * prefix the first one is told shows which of them it was.
 */

import { get, variants } from './bytes.ts'
import { answered, plain, refused } from './case.ts'
import type { Outcome, RequestCase } from './case.ts'

const api = (path: string): Outcome => plain(path, {}, { own: { 'x-forwarded-prefix': '/api' } })

/** Targets that differ in who would serve them. */
export const pathCases: readonly RequestCase[] = [
  ...variants(
    'P1',
    'segments, decoded once',
    [
      ['/api/me', '/me'],
      ['/%61pi/me', '/me'],
      ['/api/%6De', '/%6De'],
      ['/api/me?x=/../y', '/me?x=/../y'],
      ['/api?x', '/?x'],
      ['/api', '/'],
      ['/api/', '/'],
      ['/api/a%2fb', '/a%2fb'],
      ['/api/%252e%252e/x', '/%252e%252e/x'],
      ['/api/%25', '/%25'],
      ['/api/%e2%82%ac', '/%e2%82%ac'],
      ['/api/..;/x', '/..;/x'],
    ],
    ([target = '', path = '']) => ({
      title: `${target} is the API's`,
      bytes: get(target),
      outcome: api(path),
    }),
  ),
  ...variants(
    'P2',
    'segments, not characters',
    ['/apix', '/API/me', '/api;x/me', '/public/..;/api/me', '/x/a%2fb', '/x%5cy', '/x//y', '/%20', '/a=b?c'],
    (target) => ({
      title: `${target} is not the API's`,
      bytes: get(target),
      outcome: plain(target),
    }),
  ),
  ...variants(
    'P3',
    'two readings',
    [
      '/api%2fme',
      '/api%2Fme',
      '/api%5cme',
      '//api/me',
      '///api/me',
      '/%2fapi/me',
      '/x/%2e%2e%2fapi',
      '/__fluxlit%2flivez',
    ],
    (target) => ({ title: `${target} is read in two ways`, bytes: get(target), outcome: refused(400) }),
  ),
  ...variants(
    'P4',
    'RFC 3986 5.2.4',
    [
      '/api/../api/me',
      '/api/%2e%2e/x',
      '/api/%2E./x',
      '/api/./me',
      '/a/..',
      '/..',
      '/.',
      '/%2e',
      '/_stcore/stream/../../api',
      '/api/..%2fx',
      '/api/..%5cx',
    ],
    (target) => ({ title: `dot segments in ${target}`, bytes: get(target), outcome: refused(400) }),
  ),
  ...variants('P5', 'RFC 3986 2', ['/api\\me', '/\\api', '/a\\b?c'], (target) => ({
    title: `a backslash in ${target}`,
    bytes: get(target),
    outcome: refused(400),
  })),
  ...variants(
    'P6',
    'RFC 3986 2.1',
    ['/api/%zz', '/api/%', '/api/%2', '/%u0061pi', '/a%%20', '/%g0'],
    (target) => ({
      title: `a bad escape in ${target}`,
      bytes: get(target),
      outcome: refused(400),
    }),
  ),
  ...variants(
    'P7',
    'RFC 3629 3',
    ['/%c0%ae%c0%ae/', '/%ff', '/%e2%82', '/%ed%a0%80', '/%f4%90%80%80'],
    (target) => ({
      title: `${target} is not UTF-8`,
      bytes: get(target),
      outcome: refused(400),
    }),
  ),
  ...variants('P8', 'RFC 3986 2.2', ['/api/me%00', '/a%0d%0aX:b', '/%7f', '/a%09b', '/a%1f'], (target) => ({
    title: `a control byte in ${target}`,
    bytes: get(target),
    outcome: refused(400),
  })),
  ...variants(
    'P9',
    "the gateway's own addresses come first",
    ['/__fluxlit/livez', '/%5f_fluxlit/livez'],
    (target) => ({
      title: `${target} is the gateway's own`,
      bytes: get(target),
      outcome: answered(200),
    }),
  ),
]
