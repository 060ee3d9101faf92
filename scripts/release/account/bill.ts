/**
 * The bill of materials of one executable, CycloneDX 1.6 in JSON. Written here and not by a tool: tools read
 * package-lock.json and list what is installed, and only the bundler knows what is inside.
 */

import { createHash } from 'node:crypto'

import type { Library } from '../contents/libraries.ts'
import { timestamp } from '../identity.ts'
import type { Identity } from '../identity.ts'
import { nodeVersion } from '../../setup/toolchain.mjs'
import type { Target } from '../targets.ts'

/** What is known of the Node inside. */
export interface NodeInside {
  /** SHA-256 of the binary as it was published, and of the one with everything of ours removed from it. */
  readonly published: string
  readonly prepared: string
}

/** Numbers of interfaces and data, not of code that is inside. */
const notLibraries = new Set(['node', 'modules', 'napi', 'unicode', 'tz', 'cldr', 'lief'])

/** Names under which vulnerability databases know them (CPE 2.3: vendor and product). */
const products: Readonly<Record<string, string>> = {
  ares: 'c-ares:c-ares',
  brotli: 'google:brotli',
  icu: 'unicode:international_components_for_unicode',
  llhttp: 'llhttp:llhttp',
  nghttp2: 'nghttp2:nghttp2',
  openssl: 'openssl:openssl',
  sqlite: 'sqlite:sqlite',
  undici: 'nodejs:undici',
  uv: 'libuv:libuv',
  v8: 'google:v8',
  zlib: 'zlib:zlib',
  zstd: 'facebook:zstandard',
}

/** @param executable SHA-256 of the finished file */
export function billOfMaterials(
  target: Target,
  executable: string,
  libraries: readonly Library[],
  node: NodeInside,
  { version, epoch, commit, maintainer, homepage }: Identity,
): string {
  const components = [nodeComponent(target, node), ...libraries.map(libraryComponent)]
  const body = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: timestamp(epoch),
      lifecycles: [{ phase: 'build' }],
      component: {
        type: 'application',
        'bom-ref': 'fluxlit',
        name: 'fluxlit',
        version,
        authors: [
          { name: maintainer.name, ...(maintainer.address === null ? {} : { email: maintainer.address }) },
        ],
        licenses: [{ license: { id: 'MIT' } }],
        hashes: [{ alg: 'SHA-256', content: executable }],
        externalReferences: [{ type: 'website', url: homepage }],
        properties: [
          { name: 'fluxlit:commit', value: commit },
          { name: 'fluxlit:target', value: target.id },
        ],
      },
    },
    components,
    dependencies: [{ ref: 'fluxlit', dependsOn: components.map((component) => component['bom-ref']) }],
  }
  const text = JSON.stringify(body)
  return `${JSON.stringify({ $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json', serialNumber: serial(text), ...body }, null, 2)}\n`
}

function libraryComponent({ name, version, licence, integrity }: Library) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`
  const [, base64 = ''] = integrity.split('-')
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    licenses: [{ license: { id: licence } }],
    purl,
    // Of the package's archive, as package-lock.json has it.
    hashes: [{ alg: 'SHA-512', content: Buffer.from(base64, 'base64').toString('hex') }],
  }
}

function nodeComponent({ id }: Target, { published, prepared }: NodeInside) {
  const version = nodeVersion()
  const notes = id.startsWith('win')
    ? 'signature of its publisher removed (scripts/pe)'
    : 'symbols removed; its one function of libatomic put into the file (scripts/elf)'
  return {
    type: 'platform',
    'bom-ref': 'node',
    name: 'node',
    version,
    cpe: cpe('nodejs:node.js', version),
    licenses: [{ license: { id: 'MIT' } }],
    hashes: [{ alg: 'SHA-256', content: published }],
    ...(published === prepared ? {} : { pedigree: { notes } }),
    properties: [
      { name: 'fluxlit:target', value: id },
      { name: 'fluxlit:prepared-sha256', value: prepared },
    ],
    // What Node says of itself; the bundler and this release are run by the same version.
    components: Object.entries(process.versions)
      .filter(([name, found]) => !notLibraries.has(name) && found !== undefined && /^\d/.test(found))
      .map(([name, found = '']) => ({
        type: 'library',
        'bom-ref': `node/${name}`,
        name,
        version: found,
        ...(products[name] === undefined ? {} : { cpe: cpe(products[name], upstream(found)) }),
      })),
  }
}

/** Without what Node appends for itself: `14.6.202.34-node.34`. */
function upstream(version: string): string {
  return /^[\d.]+/.exec(version)?.[0] ?? version
}

function cpe(product: string, version: string): string {
  return `cpe:2.3:a:${product}:${version}:*:*:*:*:*:*:*`
}

/** A number that is another one when the content is; random ones could not be made again. */
function serial(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex')
  const version = `5${hash.slice(13, 16)}`
  const variant = `${((Number.parseInt(hash.slice(16, 17), 16) & 3) | 8).toString(16)}${hash.slice(17, 20)}`
  return `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-${version}-${variant}-${hash.slice(20, 32)}`
}
