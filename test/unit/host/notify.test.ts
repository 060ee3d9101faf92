import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noLibc } from '../../../internal/host/libc.ts'
import { createNotifier, noNotifier } from '../../../internal/host/notify.ts'
import type { Logger } from '../../../internal/log/types.ts'

test('without a manager nothing is sent', () => {
  const { logger } = collectingLogger()
  assert.equal(createNotifier({ env: {}, libc: noLibc, logger }), noNotifier)
  assert.equal(createNotifier({ env: { NOTIFY_SOCKET: '' }, libc: noLibc, logger }), noNotifier)
  noNotifier.ready()
  noNotifier.stopping()
})

test('an address of a kind that is not supported is a warning', () => {
  const { logger, lines } = collectingLogger()
  assert.equal(createNotifier({ env: { NOTIFY_SOCKET: 'vsock:2:1234' }, libc: noLibc, logger }), noNotifier)
  assert.equal(lines.length, 1)
})

test('a status cannot smuggle in another assignment', () => {
  const { sent, notifier } = collecting()
  notifier.status('two lines\nREADY=1\r\0end')
  assert.deepEqual(sent, ['STATUS=two lines READY=1 end'])
})

test('a reload names the monotonic time in microseconds', () => {
  const { sent, notifier } = collecting()
  const before = process.hrtime.bigint() / 1000n
  notifier.reloading()
  const [, time = ''] = /^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(sent[0] ?? '') ?? []
  assert.ok(BigInt(time) >= before && BigInt(time) <= process.hrtime.bigint() / 1000n)
})

test('more time is asked for in microseconds, another main process by its id', () => {
  const { sent, notifier } = collecting()
  notifier.extendTimeout(2500.4)
  notifier.mainPid(77)
  assert.deepEqual(sent, ['EXTEND_TIMEOUT_USEC=2501000', 'MAINPID=77'])
})

test('a message that the kernel did not take is told at level debug only', () => {
  const { logger, lines } = collectingLogger()
  const libc = { ...noLibc, isAvailable: true }
  createNotifier({ env: { NOTIFY_SOCKET: '/run/n' }, libc, logger }).alive()
  assert.deepEqual(lines, ['debug the service manager did not take a message'])
})

function collecting() {
  const sent: string[] = []
  const { logger } = collectingLogger()
  const send = (_: string, text: string): boolean => sent.push(text) > 0
  const libc = { ...noLibc, isAvailable: true, sendDatagram: send }
  return { sent, notifier: createNotifier({ env: { NOTIFY_SOCKET: '/run/n' }, libc, logger }) }
}

function collectingLogger() {
  const lines: string[] = []
  const at = (level: string) => (_: unknown, message: string) => void lines.push(`${level} ${message}`)
  const logger: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    isEnabled: () => true,
    child: () => logger,
  }
  return { logger, lines }
}
