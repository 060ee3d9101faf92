import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'

import { keyHelp, listenToKeys } from '../../../../internal/app/dev/keys.ts'
import type { KeyActions } from '../../../../internal/app/dev/keys.ts'

/** Standard input of a terminal. */
class FakeTerminal extends PassThrough {
  readonly isTTY: boolean
  readonly modes: boolean[] = []

  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }

  setRawMode(raw: boolean): void {
    this.modes.push(raw)
  }

  async press(keys: string): Promise<void> {
    this.write(keys)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function actions(): KeyActions & { readonly done: string[] } {
  const done: string[] = []
  const note = (name: string) => () => void done.push(name)
  return {
    done,
    restart: note('restart'),
    open: note('open'),
    urls: note('urls'),
    help: note('help'),
    quit: note('quit'),
    interrupt: note('interrupt'),
  }
}

test('each key does its one thing, whatever its case, and others do nothing', async () => {
  const terminal = new FakeTerminal(true)
  const on = actions()
  listenToKeys(terminal, on)
  for (const key of ['r', 'o', 'u', 'h', '?', 'q', '\x03', '\x04', 'R', 'x', ' ', '\n', 'é'])
    await terminal.press(key)
  assert.deepEqual(on.done, [
    'restart',
    'open',
    'urls',
    'help',
    'help',
    'quit',
    'interrupt',
    'quit',
    'restart',
  ])
})

test('keys typed faster than read all count, arrows do not', async () => {
  const terminal = new FakeTerminal(true)
  const on = actions()
  listenToKeys(terminal, on)
  await terminal.press('ru')
  await terminal.press('\x1bOR')
  assert.deepEqual(on.done, ['restart', 'urls'])
})

test('without a terminal nothing is read', async () => {
  const pipe = new FakeTerminal(false)
  const on = actions()
  assert.equal(listenToKeys(pipe, on), null)
  await pipe.press('q')
  assert.deepEqual([on.done, pipe.modes], [[], []])
})

test('at the end the terminal is as it was', async () => {
  const terminal = new FakeTerminal(true)
  const on = actions()
  const listening = listenToKeys(terminal, on)
  assert.deepEqual(terminal.modes, [true])
  listening?.close()
  await terminal.press('q')
  assert.deepEqual([terminal.modes, on.done, terminal.isPaused()], [[true, false], [], true])
})

test('the help names every key once', () => {
  assert.deepEqual(
    keyHelp.map(([key]) => key),
    ['r', 'o', 'u', 'h', 'q'],
  )
})
