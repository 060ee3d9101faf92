import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, relative } from 'node:path'
import { test } from 'node:test'

import { repository } from '../support/python.ts'

/** What the files of one room may import besides themselves, faults, types of the configuration and Node. */
interface Allowance {
  /** Rooms, or one file of a room (`config/python`), that may be used in full. */
  readonly rooms: readonly string[]
  /** Rooms of which only types may be used. */
  readonly types?: readonly string[]
  /** npm packages. */
  readonly npm?: readonly string[]
}

const rooms: Readonly<Record<string, Allowance>> = {
  fault: { rooms: [] },
  config: {
    rooms: ['exchange/names', 'route/path-pattern'],
    types: ['log'],
    npm: ['zod', 'toml-eslint-parser'],
  },
  log: { rooms: [], npm: ['pino'] },
  recent: { rooms: ['log'] },
  maintenance: { rooms: [], types: ['log'] },
  metrics: { rooms: [], npm: ['prom-client'] },
  http1: { rooms: [] },
  exchange: { rooms: ['http1'], types: ['log'] },
  route: { rooms: [], npm: ['re2js'] },
  worker: {
    rooms: ['config/python', 'config/env-file', 'config/secret', 'host/user', 'host/memory-group'],
    types: ['log'],
  },
  host: { rooms: [], types: ['log'] },
  health: { rooms: [], types: ['worker'] },
  admin: {
    rooms: ['health', 'config/nearest', 'worker/runtime-dir', 'maintenance'],
    types: ['worker', 'log', 'recent'],
    npm: ['uplot'],
  },
  auth: {
    rooms: ['exchange', 'route/path-pattern'],
    types: ['log'],
    npm: ['jose', 'openid-client', '@redis/client'],
  },
  assets: { rooms: ['exchange', 'http1'], npm: ['send'] },
  proxy: { rooms: ['exchange', 'http1'], types: ['route'] },
  server: { rooms: ['http1', 'exchange'], types: ['log'] },
  app: {
    rooms: [
      'config',
      'deploy',
      'log',
      'metrics',
      'recent',
      'maintenance',
      'exchange',
      'http1',
      'route',
      'worker',
      'host',
      'health',
      'admin',
      'auth',
      'assets',
      'proxy',
      'server',
    ],
  },
  deploy: { rooms: [], npm: ['yaml'] },
  cli: {
    rooms: ['app', 'admin', 'config', 'deploy', 'host', 'maintenance'],
    types: ['worker', 'recent'],
    npm: ['yargs'],
  },
  cmd: { rooms: ['cli'] },
}

/** One import or re-export, as written. */
interface Import {
  readonly line: number
  readonly from: string
  readonly typeOnly: boolean
}

test('every room imports only what the table of rooms allows', () => {
  const files = globSync('{internal,cmd}/**/*.ts', { cwd: repository })
  assert.ok(files.length > 0)
  const offences = files.flatMap((file) => offencesOf(file, readFileSync(join(repository, file), 'utf8')))
  assert.deepEqual(offences, [])
})

test('an import from a room that is not listed is named with its file and line', () => {
  const text = "import a from 'node:fs'\nimport {\n  b,\n} from '../server/listen.ts'\nimport './own.ts'\n"
  assert.deepEqual(offencesOf('internal/route/route.ts', text), [
    'internal/route/route.ts:2 imports ../server/listen.ts: route may not use server',
  ])
})

test('types may be taken where values may not', () => {
  const allowed =
    "import type { Logger } from '../log/types.ts'\nimport type { Config } from '../config/config.ts'"
  assert.deepEqual(offencesOf('internal/worker/worker.ts', allowed), [])
  const value = "import { createLogger, type Logger } from '../log/log.ts'"
  assert.deepEqual(offencesOf('internal/worker/worker.ts', value), [
    'internal/worker/worker.ts:1 imports ../log/log.ts: worker may not use log (only its types)',
  ])
})

test('packages belong to the rooms they are listed for, also when imported later or re-exported', () => {
  const text =
    "export { Pool } from 'undici'\nconst later = await import('yargs/helpers')\ntype Y = typeof import('zod')"
  assert.deepEqual(offencesOf('internal/server/server.ts', text), [
    'internal/server/server.ts:1 imports undici: server may not use the package undici',
    'internal/server/server.ts:2 imports yargs/helpers: server may not use the package yargs',
    'internal/server/server.ts:3 imports zod: server may not use the package zod',
  ])
})

test('a room that nobody entered into the table is an offence itself', () => {
  assert.deepEqual(offencesOf('internal/helpers/x.ts', ''), [
    'internal/helpers/x.ts: helpers is not in the table of rooms',
  ])
})

function offencesOf(file: string, text: string): readonly string[] {
  const room = roomOf(file)
  const allowance = rooms[room]
  if (allowance === undefined) return [`${file}: ${room} is not in the table of rooms`]
  return importsOf(text).flatMap((found) => {
    const reason = refusal(file, room, allowance, found)
    return reason === null
      ? []
      : [`${file}:${found.line} imports ${found.from}: ${room} may not use ${reason}`]
  })
}

function refusal(
  file: string,
  room: string,
  allowance: Allowance,
  { from, typeOnly }: Import,
): string | null {
  if (isBuiltin(from)) return null
  if (!from.startsWith('.')) {
    const name = from
      .split('/')
      .slice(0, from.startsWith('@') ? 2 : 1)
      .join('/')
    return allowance.npm?.includes(name) === true ? null : `the package ${name}`
  }
  const path = relative(repository, join(repository, file, '..', from))
  const target = roomOf(path)
  const concept = path.replace(/^internal\//, '').replace(/\.ts$/, '')
  if (
    target === room ||
    target === 'fault' ||
    allowance.rooms.includes(target) ||
    allowance.rooms.includes(concept)
  )
    return null
  const typesAllowed = ['config', ...(allowance.types ?? [])].includes(target)
  if (typesAllowed && typeOnly) return null
  return typesAllowed ? `${target} (only its types)` : target
}

function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  return first === 'internal' ? second : first
}

/** Statements start at the beginning of a line, which text inside comments and templates hardly ever does. */
function importsOf(text: string): readonly Import[] {
  const statement =
    /^(?:import|export)\b(?<type>\s+type\b)?(?:[^'"`;=()]*?\bfrom)?\s*['"](?<from>[^'"]+)['"]/gm
  const dynamic = /(?<type>\btypeof\s+)?\bimport\(\s*['"](?<from>[^'"]+)['"]/g
  return [...text.matchAll(statement), ...text.matchAll(dynamic)]
    .map((match) => ({
      line: text.slice(0, match.index).split('\n').length,
      from: match.groups?.['from'] ?? '',
      typeOnly: match.groups?.['type'] !== undefined,
    }))
    .toSorted((a, b) => a.line - b.line)
}
