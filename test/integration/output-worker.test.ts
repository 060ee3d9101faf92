import assert from 'node:assert/strict'
import { test } from 'node:test'

import { app } from '../support/apps.ts'
import { gateway } from '../support/gateway.ts'
import type { LogRecord } from '../support/gateway.ts'

// A program without a port that says everything difficult, then keeps its last words to itself until it is ended.
const speech = `import json, os, sys, time
def say(data):
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
say(json.dumps({"event": "sold", "pid": os.getpid()}).encode() + b"\\n")
say("Grü".encode()[:3])
time.sleep(0.05)
say("Grü".encode()[3:] + b"n\\n")
say(b"10%\\r50%\\r100%\\n")
say(b"nul \\x00 clear \\x1b[2J csi \\xc2\\x9b31m\\n")
say(b"long " + b"y" * 100000 + b"\\n")
try:
    {}["missing"]
except KeyError as error:
    try:
        raise ValueError("while handling")
    except ValueError:
        import traceback
        traceback.print_exc()
say(b"last words")
`

const toml = `[workers.api]
app = "api:app"
[workers.speaker]
kind = "process"
required = false
command = ["sh", "-c", "exec \\"$VIRTUAL_ENV/bin/python\\" speaker.py"]
`

test('50, 51, 52: what a worker says reaches the log whole, as one event each, and harmless', async (t) => {
  const running = await gateway(t, { toml, files: { 'api.py': app('api.py'), 'speaker.py': speech } })
  const said = (what: string, matches: (text: string) => boolean): Promise<LogRecord> =>
    running.record(what, (line) => line['worker'] === 'speaker' && matches(String(line['msg'])))

  await t.test('a line of JSON keeps its fields, and every line says which process wrote it', async () => {
    const record = await said('the JSON line', (text) => text.startsWith('{'))
    const { pid } = record
    assert.ok(typeof pid === 'number' && pid !== running.pid)
    assert.deepEqual(record['fields'], { event: 'sold', pid })
    assert.equal(record['stream'], 'stdout')
  })

  await t.test('a character cut in two stays whole', async () => {
    await said('the character', (text) => text === 'Grün')
  })

  await t.test('of a progress bar the end is left', async () => {
    await said('the bar', (text) => text === '100%')
  })

  await t.test('what a terminal would obey is escaped', async () => {
    await said('the escapes', (text) => text.startsWith('nul'))
    assert.match(running.output, /nul \\u0000 clear \\u001b\[2J csi \\u009b31m/)
    assert.doesNotMatch(running.output, /[\x00\x1b\x7f-\x9f]/)
  })

  await t.test('a line that is too long is cut and says so', async () => {
    const { msg } = await said('the long line', (text) => text.startsWith('long'))
    assert.equal(String(msg).length, 64 * 1024 + ' … [cut]'.length)
    assert.ok(String(msg).endsWith(' … [cut]'))
  })

  await t.test('a traceback is one event, with the one it was raised from', async () => {
    const { msg, stream } = await said('the traceback', (text) => text.startsWith('Traceback'))
    assert.equal(stream, 'stderr')
    assert.match(String(msg), /KeyError: 'missing'\n\nDuring handling of the above/)
    assert.match(String(msg), /\nValueError: while handling$/)
  })

  await t.test('a last line without a line break is not lost', async () => {
    await said('the last words', (text) => text === 'last words')
  })
})
