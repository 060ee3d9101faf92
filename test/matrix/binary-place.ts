/** The built executable in front of a recording worker, one process per setting. */

import type { Cleanup } from '../support/cleanup.ts'
import { gateway } from '../support/gateway.ts'
import { rawClient } from '../support/raw.ts'
import type { Wire } from '../support/raw.ts'
import type { Setting } from './case.ts'
import { readyPath } from './line.ts'
import { lazily, recordedPlace } from './place.ts'
import type { RecordedPlace } from './place.ts'
import { recorder } from './recorder.ts'

/** The same as `settings` in place.ts, in the words of the configuration file. */
const keys: Readonly<Record<Setting, string>> = {
  plain: '',
  trusting: 'trusted_proxies = ["127.0.0.0/8"]\n',
  'named hosts': 'allowed_hosts = ["a"]\n',
}

/** Processes that start when they are needed; ended after the test. */
export async function binaryPlace(t: Cleanup): Promise<RecordedPlace> {
  const recording = await recorder(t)
  const { address } = recording
  if (address.kind !== 'tcp') throw new Error('the recorder does not listen on TCP')
  const url = `http://${address.host}:${address.port}`
  return recordedPlace(
    recording,
    lazily(async (setting) => {
      const running = await gateway(t, { toml: keys[setting] + workers(url) })
      await running.ready()
      const port = Number(new URL(running.url).port)
      return { connect: (): Promise<Wire> => rawClient(t, port) }
    }),
  )
}

function workers(url: string): string {
  const worker = (name: string, mount: string): string =>
    `[workers.${name}]\nurl = "${url}"\nmount = "${mount}"\nready_path = "${readyPath}"\n`
  return `${worker('api', '/api')}${worker('ui', '/')}[log]\naccess = false\n`
}
