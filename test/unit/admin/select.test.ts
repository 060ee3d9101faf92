import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { findGateways, searchPlaces } from '../../../internal/admin/find.ts'
import { selectGateway } from '../../../internal/admin/select.ts'
import { StartupError, type Problem } from '../../../internal/fault/startup.ts'
import { instanceHash, openRuntimeDir } from '../../../internal/worker/runtime-dir.ts'
import { fakeGateway } from '../../fixtures/admin/target.ts'
import type { Cleanup } from '../../support/cleanup.ts'
import { freshDirectory } from '../../support/directory.ts'

const key = '/srv/app/fluxlit.toml'

/** A gateway where a real one would be; `pid` must be of a process that lives. */
async function running(t: Cleanup, place: string, instanceKey = key, pid = process.pid): Promise<string> {
  const runtime = openRuntimeDir({ instanceKey, env: {}, candidates: [place], pid })
  assert.ok('path' in runtime)
  const { socket } = await fakeGateway(t, join(runtime.path, 'control.sock'))
  return socket
}

async function problem(promise: Promise<unknown>): Promise<Problem> {
  const error = await promise.catch((reason: unknown) => reason)
  assert.ok(error instanceof StartupError, String(error))
  assert.equal(error.exitCode, 1)
  return error.problems[0] ?? assert.fail()
}

test('a gateway is found by its configuration in whichever place it chose', async (t) => {
  const [empty, place] = [await freshDirectory(t), await freshDirectory(t)]
  const socket = await running(t, place)
  await running(t, place, '/srv/other/fluxlit.toml')
  assert.equal(await selectGateway({ instanceKey: key, places: [empty, place] }), socket)
})

test('what a killed gateway left behind is not a gateway', async (t) => {
  const place = await freshDirectory(t)
  const socket = await running(t, place)
  const left = join(place, instanceHash(key), '4711')
  mkdirSync(left)
  writeFileSync(join(left, 'control.sock'), '')
  assert.equal(await selectGateway({ instanceKey: key, places: [place] }), socket)
})

test('with none running every directory is named, and what else runs', async (t) => {
  const place = await freshDirectory(t)
  const missing = join(place, 'missing')
  await running(t, place, '/srv/other/fluxlit.toml')
  const found = await problem(selectGateway({ instanceKey: key, places: [missing, place] }))
  assert.deepEqual(found, {
    code: 'no_gateway',
    message: `no gateway is running for ${key}`,
    hint: 'name the one you mean: -c FILE, --pid PID or --socket PATH',
    detail: [
      `looked in ${join(missing, instanceHash(key))}: nothing there`,
      `looked in ${join(place, instanceHash(key))}: nothing there`,
      `running: --pid ${process.pid}, http://127.0.0.1:8000, /srv/app/fluxlit.toml`,
    ],
  })
})

test('with several for one configuration the command has to say which', async (t) => {
  const place = await freshDirectory(t)
  const [first, second] = [await running(t, place), await running(t, place, key, process.ppid)]
  const found = await problem(selectGateway({ instanceKey: key, places: [place] }))
  assert.equal(found.code, 'several_gateways')
  assert.deepEqual(
    found.detail?.map((line) => line.split(',')[0]).toSorted(),
    [`--pid ${process.pid}`, `--pid ${process.ppid}`].toSorted(),
  )
  assert.equal(await selectGateway({ instanceKey: key, places: [place], pid: process.pid }), first)
  assert.equal(await selectGateway({ instanceKey: key, places: [place], pid: process.ppid }), second)
  assert.equal(await selectGateway({ instanceKey: key, places: [place], socket: 'a.sock' }), 'a.sock')
})

test('a process that is no gateway is not found by its number', async (t) => {
  const place = await freshDirectory(t)
  await running(t, place)
  const found = await problem(selectGateway({ instanceKey: key, places: [place], pid: process.ppid }))
  assert.equal(found.message, `no gateway is running for process ${process.ppid}`)
  assert.deepEqual(found.detail?.slice(0, 1), [`looked in ${place}: found`])
})

test('a place that is a symbolic link is not trusted', async (t) => {
  const [place, elsewhere] = [await freshDirectory(t), await freshDirectory(t)]
  await running(t, place)
  const link = join(elsewhere, 'link')
  symlinkSync(place, link)
  assert.deepEqual(await findGateways([link], instanceHash(key)), {
    gateways: [],
    looked: [{ directory: link, outcome: 'not trusted' }],
  })
})

test('a socket path the kernel would cut off is said before it is tried', async () => {
  const found = await problem(selectGateway({ instanceKey: key, places: [], socket: `/${'x'.repeat(107)}` }))
  assert.equal(found.code, 'socket_path_too_long')
})

test('each place is searched once, those of the environment first', () => {
  const places = searchPlaces({ RUNTIME_DIRECTORY: '/run/mine:/run/second' })
  assert.equal(places[0], '/run/mine')
  assert.deepEqual(places, [...new Set(places)])
})
