import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { StackDump } from '../../../internal/worker/stack-dump.ts'

const dump = `Fatal Python error: Aborted

Thread 0x00007f1 (most recent call first):
  File "/app/background.py", line 3 in wait
  File "/usr/lib/python3.12/threading.py", line 1032 in _bootstrap

Current thread 0x00007f2 (most recent call first):
  File "/usr/lib/python3.12/socket.py", line 9 in read
  File "/app/app/main.py", line 42 in compute_report
  File "/app/.venv/lib/python3.12/site-packages/fastapi/routing.py", line 212 in run
  File "/run/x/bootstrap.py", line 400 in main

Extension modules: httptools.parser.parser (total: 1)`

function read(text: string, cwd = '/app'): StackDump {
  const subject = new StackDump(cwd)
  subject.arm()
  for (const line of text.split('\n')) subject.take(line)
  return subject
}

describe('the dump of a process that hung', () => {
  it('names the last line of the user in the thread that runs the event loop', () => {
    assert.equal(read(dump).stuckAt?.place, 'app/main.py:42 in compute_report')
  })

  it('names a file outside of the directory in full', () => {
    assert.equal(read(dump, '/srv').stuckAt?.place, '/app/app/main.py:42 in compute_report')
  })

  it('names another thread when the event loop is in no code of the user', () => {
    const waiting = dump.replace('  File "/app/app/main.py", line 42 in compute_report\n', '')
    assert.equal(read(waiting).stuckAt?.place, 'background.py:3 in wait')
  })

  it("names what there is when nothing is the user's", () => {
    const foreign = dump.replaceAll('/app/', '/usr/lib/python3.12/')
    assert.equal(read(foreign).stuckAt?.place, '/usr/lib/python3.12/socket.py:9 in read')
  })

  it('is kept as a whole', () => {
    assert.equal(read(dump).stuckAt?.stack.join('\n'), dump)
  })

  it('is nothing when the process said nothing', () => {
    assert.equal(read('Killed').stuckAt, null)
  })

  it('begins where it begins: what was written before goes its usual way', () => {
    const subject = new StackDump('/app')
    assert.equal(subject.take('Fatal Python error: Aborted'), false)
    subject.arm()
    assert.equal(subject.take('a line of the app'), false)
    assert.equal(subject.take('Fatal Python error: Aborted'), true)
    assert.equal(subject.take(''), true)
  })
})
