import assert from 'node:assert/strict'
import { test } from 'node:test'

import { hiding } from '../../../internal/worker/hidden.ts'

test('what a worker writes is rid of the secrets of its environment', () => {
  const hide = hiding({
    API_TOKEN: 'abc.def+ghi',
    API_TOKEN_LONG: 'abc.def+ghi-and-more',
    DATABASE: 'postgres://me:pass/w0rd-1@db/shop and redis://:second-pw@r/0',
    BROKER: 'amqp://me:third-pw-x@mq',
    HOME: '/root/secret-place',
  })
  assert.equal(
    hide("KeyError: 'abc.def+ghi-and-more' abc.def+ghi abcXdef+ghi"),
    "KeyError: '[redacted]' [redacted] abcXdef+ghi",
  )
  assert.equal(
    hide('could not reach redis://:second-pw@r/0, amqp://me:third-pw-x@mq from /root/secret-place'),
    'could not reach redis://:[redacted]@r/0, amqp://me:[redacted]@mq from /root/secret-place',
  )
})

test('short values, numbers and paths stay: they would be taken out of everything', () => {
  const hide = hiding({
    TOKEN: 'on',
    MAX_TOKENS: '100000000',
    SSL_KEY_FILE: '/etc/ssl/key.pem',
    PWD: '/srv/app',
  })
  const line = 'on 100000000 /etc/ssl/key.pem /srv/app'
  assert.equal(hide(line), line)
})
