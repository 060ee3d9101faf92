import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'

import { goTo } from '../../internal/app/streamlit.ts'
import { python } from '../support/python.ts'

const read = `
import sys
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
message = ForwardMsg.FromString(bytes.fromhex(sys.argv[1]))
print(message.WhichOneof("type"), repr(message.auth_redirect.url))
`

/** Payload of a frame that is not masked. */
function payload(frame: Buffer): Buffer {
  return frame.subarray(frame[1] === 126 ? 4 : 2)
}

test('the message that sends a page on is what the installed Streamlit reads', () => {
  for (const address of ['', '/oauth2/signed_out', `/${'x'.repeat(300)}`]) {
    const said = execFileSync(python(), ['-c', read, payload(goTo(address)).toString('hex')], {
      encoding: 'utf8',
    })
    assert.equal(said.trim(), `auth_redirect '${address}'`)
  }
})
