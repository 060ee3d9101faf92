import assert from 'node:assert/strict'
import { test } from 'node:test'

import { flagValues } from '../../../internal/cli/serve.ts'

test('a flag that was not given sets nothing', () => assert.deepEqual(flagValues({}), {}))

test('flags become values of keys, each with its own name', () => {
  assert.deepEqual(flagValues({ target: 'app:app', host: '::1', port: '0', logLevel: 'debug' }), {
    target: { value: 'app:app', flag: 'target' },
    gateway_host: { value: '::1', flag: '--host' },
    gateway_port: { value: '0', flag: '--port' },
    log_level: { value: 'debug', flag: '--log-level' },
  })
})

test('trusting proxies means loopback', () => {
  assert.deepEqual(flagValues({ proxyHeaders: true }), {
    trusted_proxies: { value: ['127.0.0.0/8', '::1/128'], flag: '--proxy-headers' },
  })
  assert.deepEqual(flagValues({ proxyHeaders: false }), {})
})

test('listed addresses are trusted too, each as written', () => {
  assert.deepEqual(flagValues({ proxyHeaders: true, forwardedAllowIps: '10.0.0.0/8, *' }), {
    trusted_proxies: { value: ['127.0.0.0/8', '::1/128', '10.0.0.0/8', '*'], flag: '--forwarded-allow-ips' },
  })
})
