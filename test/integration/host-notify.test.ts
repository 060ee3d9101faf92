import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'

import type { Logger } from '../../internal/log/types.ts'
import { noLibc, openLibc } from '../../internal/host/libc.ts'
import { createNotifier } from '../../internal/host/notify.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import type { Program } from '../support/program.ts'
import { startProgram } from '../support/program.ts'
import { python, repository } from '../support/python.ts'

const fixtures = join(repository, 'test', 'fixtures', 'host')
const onLinux = { skip: openLibc().isAvailable ? false : 'there is no service manager here' }

test('the service manager hears the whole life of a gateway, from its main process', onLinux, async (t) => {
  const address = join(await freshDirectory(t), 'notify')
  const manager = await receiver(t, address)
  const gateway = startProgram(t, [process.execPath, join(fixtures, 'notifying.ts')], {
    env: { ...process.env, NOTIFY_SOCKET: address, WATCHDOG_USEC: '30000000' },
  })
  const heard = await messages(manager, 7)
  assert.deepEqual(
    heard.map(({ text }) => text.replace(/\d{4,}/, 'N')),
    [
      'STATUS=starting api',
      'READY=1\nSTATUS=serving',
      'WATCHDOG=1',
      'RELOADING=1\nMONOTONIC_USEC=N',
      'READY=1',
      'EXTEND_TIMEOUT_USEC=N',
      'STOPPING=1\nSTATUS=draining',
    ],
  )
  assert.deepEqual([...new Set(heard.map(({ pid }) => pid))], [gateway.pid])
})

test('an abstract address is reached as well', onLinux, async (t) => {
  const address = `@fluxlit-test-${randomBytes(6).toString('hex')}`
  const manager = await receiver(t, address)
  createNotifier({ env: { NOTIFY_SOCKET: address }, libc: openLibc(), logger: silent }).ready('serving')
  assert.deepEqual(await messages(manager, 1), [{ pid: process.pid, text: 'READY=1\nSTATUS=serving' }])
})

test('a manager that has gone harms nobody', onLinux, async (t) => {
  const address = join(await freshDirectory(t), 'nobody')
  assert.equal(openLibc().sendDatagram(address, 'READY=1'), false)
  createNotifier({ env: { NOTIFY_SOCKET: address }, libc: openLibc(), logger: silent }).ready()
})

test('where the C library cannot be called, systemd-notify sends, in the same order', async (t) => {
  const script = '#!/bin/sh\nIFS=,\necho "$NOTIFY_SOCKET $*" >>"${0%/*}/sent"\n'
  const directory = await freshDirectory(t, { files: { program: script } })
  const program = join(directory, 'program')
  await chmod(program, 0o755)
  const follow = startProgram(t, [
    '/bin/sh',
    '-c',
    'touch "$0/sent"; exec tail -n +1 -f "$0/sent"',
    directory,
  ])
  const notifier = createNotifier({
    env: { NOTIFY_SOCKET: '/run/manager', PATH: process.env['PATH'] },
    libc: noLibc,
    logger: silent,
    program,
  })
  notifier.ready('serving')
  notifier.alive()
  notifier.stopping()
  assert.deepEqual(
    [await follow.line(), await follow.line(), await follow.line()],
    ['/run/manager READY=1,STATUS=serving', '/run/manager WATCHDOG=1', '/run/manager STOPPING=1'],
  )
})

test('a missing systemd-notify is a line in the log, not an end', async () => {
  const { promise, resolve } = Promise.withResolvers<string>()
  const logger = { ...silent, debug: (_: unknown, message: string) => resolve(message) }
  const env = { NOTIFY_SOCKET: '/run/manager' }
  createNotifier({ env, libc: noLibc, logger, program: '/nonexistent/systemd-notify' }).ready()
  assert.equal(await promise, 'the service manager could not be told')
})

const nothing = (): void => {}
const silent: Logger = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  isEnabled: () => false,
  child: () => silent,
}

interface Message {
  readonly pid: number
  readonly text: string
}

async function receiver(t: Cleanup, address: string): Promise<Program> {
  const manager = startProgram(t, [python(), join(fixtures, 'receiver.py'), address])
  assert.equal(await manager.line(), 'listening')
  return manager
}

async function messages(manager: Program, count: number): Promise<readonly Message[]> {
  const heard: Message[] = []
  while (heard.length < count) heard.push(JSON.parse(await manager.line()))
  return heard
}
