/**
 * What a cluster needs while there still is a network: the root file system that images begin with. Also writes the
 * schemas of the Gateway API that the tests judge our routes by.
 *
 *   node --import tsx scripts/cluster/prepare.ts DEFINITIONS
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { parse } from 'yaml'

import { rootFileSystem } from '../../test/support/container.ts'
import { repository } from '../../test/support/python.ts'
import { gatewayApiVersion } from './programs.mjs'

/** What is read of a CustomResourceDefinition. */
interface Definition {
  readonly spec: {
    readonly versions: readonly {
      readonly name: string
      readonly schema: { readonly openAPIV3Schema: object }
    }[]
  }
}

/** The schema of HTTPRoute v1 in a channel as JSON Schema: without words, and strict about unknown fields. */
function schemaOf(definitions: string, channel: string): string {
  const file = join(definitions, channel, 'gateway.networking.k8s.io_httproutes.yaml')
  const { spec }: Definition = parse(readFileSync(file, 'utf8'))
  const version = spec.versions.find(({ name }) => name === 'v1')
  if (version === undefined) throw new Error(`${file} has no version v1`)
  const $comment = `HTTPRoute v1 of the Gateway API ${gatewayApiVersion}, ${channel} channel (Apache-2.0), by npm run cluster`
  return `${JSON.stringify({ $comment, ...strict(version.schema.openAPIV3Schema) }, null, 1)}\n`
}

function strict(schema: object): object {
  const kept = Object.entries(schema).filter(
    ([key, value]) =>
      !(key === 'description' && typeof value === 'string') && !key.startsWith('x-kubernetes-'),
  )
  const inner = kept.map(
    ([key, value]: [string, unknown]) => [key, isObject(value) ? strict(value) : value] as const,
  )
  const closed = 'properties' in schema && 'type' in schema ? { additionalProperties: false } : {}
  return { ...Object.fromEntries(inner), ...closed }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const [definitions = ''] = process.argv.slice(2)
const directory = join(repository, 'test', 'fixtures', 'gateway-api')
mkdirSync(directory, { recursive: true })
for (const channel of ['standard', 'experimental'])
  writeFileSync(join(directory, `httproute-${channel}.json`), schemaOf(definitions, channel))
console.log(`root file system: ${await rootFileSystem()}`)
