import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

import type { Finding } from '../../internal/app/doctor/finding.ts'
import { run } from '../support/binary.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import { json } from '../support/http.ts'
import { nginx } from '../support/nginx.ts'
import { python } from '../support/python.ts'

const execute = promisify(execFile)

const app = `from fluxlit import FluxLit

app = FluxLit()


@app.page("/")
def home(st) -> None:
    st.title("Home")
`

/** What an examination says, by code; several of one code are kept. */
interface Examination {
  readonly code: number | null
  readonly status: string
  readonly checks: readonly Finding[]
}

/** Runs `fluxlit doctor --json` in a directory. */
async function examine(
  cwd: string,
  words: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Examination> {
  const own = { FLUXLIT_ADMIN_LISTEN: '127.0.0.1:0', ...env }
  const { code, stdout, stderr } = await run(['doctor', '--json', ...words], { cwd, env: own })
  assert.match(stdout, /^\{/, stderr)
  return { code, ...json<{ status: string; checks: readonly Finding[] }>(stdout) }
}

/** The one finding of a code that is not a PASS. */
function fault({ checks }: Examination, code: string): Finding {
  const first = checks.find((finding) => finding.code === code && finding.state !== 'PASS')
  assert.ok(first !== undefined, `no ${code} in ${JSON.stringify(checks, null, 1)}`)
  assert.ok(first.fix !== undefined && first.fix !== '', `${code} says nothing about its cure`)
  return first
}

/** Codes of everything that is not a PASS. */
function faults({ checks }: Examination): readonly string[] {
  return checks.filter(({ state }) => state !== 'PASS').map(({ code }) => code)
}

/** The first thing in a fix that matches, to be applied. */
function proposed({ fix = '' }: Finding, pattern: RegExp): string {
  const [whole, part] = pattern.exec(fix) ?? []
  assert.ok(whole !== undefined, `${fix} does not propose ${pattern}`)
  return part ?? whole
}

test('what is wrong in the configuration is found, and mended as proposed', async (t) => {
  const toml = 'target = "./shop.py:app"\ngateway_prot = 8000\n'
  const cwd = await freshDirectory(t, { files: { 'app.py': app, 'fluxlit.toml': toml } })
  const before = await examine(cwd)
  assert.equal(before.code, 1)
  assert.deepEqual(faults(before), ['target_missing', 'unknown_key'])
  fault(before, 'target_missing')
  const key = proposed(fault(before, 'unknown_key'), /did you mean `(\w+)`/)
  await writeFile(join(cwd, 'fluxlit.toml'), `target = "./app.py:app"\n${key} = 0\n`)
  const after = await examine(cwd)
  assert.deepEqual([after.code, faults(after)], [0, []])
})

test('what is wrong around the apps is found, and mended as proposed', async (t) => {
  const environment = await lackingEnvironment(t, ['httpx', 'websockets', 'wsproto'])
  const taken = await somebody(t)
  const files = {
    'app.py': app,
    'fluxlit.toml': `target = "app:application"\ngateway_port = ${taken}\npublic_base_url = "https://shop.example"\n[workers.ui]\nmax_body = "10MiB"\n`,
    '.streamlit/config.toml': '[server]\nmaxUploadSize = 50\nenableXsrfProtection = false\n',
  }
  const cwd = await freshDirectory(t, { files })
  const env = { VIRTUAL_ENV: environment.directory }

  const before = await examine(cwd, [], env)
  assert.deepEqual(faults(before).toSorted(), [
    'app_attribute_missing',
    'module_missing',
    'no_websocket_library',
    'port_taken',
    'proxy_not_trusted',
    'sdk_hidden',
    'upload_limit',
    'xsrf_off',
  ])
  assert.equal(before.code, 1)
  assert.equal((await examine(cwd, ['--warnings-only'], env)).code, 0)

  await environment.shell(proposed(fault(before, 'module_missing'), /\S+ -m pip install httpx/))
  await environment.shell(proposed(fault(before, 'no_websocket_library'), /\S+ -m pip install .*/))
  const uninstall = proposed(fault(before, 'sdk_hidden'), /pip uninstall fluxlit/)
  await environment.shell(`${environment.python} -m ${uninstall} --yes`)
  assert.match(fault(before, 'port_taken').message, new RegExp(`taken by pid ${process.pid}`))
  const port = proposed(fault(before, 'port_taken'), /gateway_port = \d+/)
  const target = proposed(fault(before, 'app_attribute_missing'), /target = "app:app"/)
  const trusted = proposed(fault(before, 'proxy_not_trusted'), /trusted_proxies = .*/)
  const size = proposed(fault(before, 'upload_limit'), /max_body = "50MiB"/)
  proposed(fault(before, 'xsrf_off'), /remove the setting/)
  await writeFile(
    join(cwd, 'fluxlit.toml'),
    `${target}\n${port}\n${trusted}\npublic_base_url = "https://shop.example"\n[workers.ui]\n${size}\n`,
  )
  await writeFile(join(cwd, '.streamlit/config.toml'), '[server]\nmaxUploadSize = 50\n')

  const after = await examine(cwd, ['--strict'], env)
  assert.deepEqual([after.code, faults(after)], [0, []])
})

/** A configuration that takes tokens of an issuer. */
function signedIn(issuer: string): string {
  const jwt = `[auth.jwt]\nissuer = "${issuer}"\naudience = ["api"]\n`
  return `target = "app:app"\ngateway_port = 0\n[auth]\nmodes = ["jwt"]\n${jwt}`
}

test('a provider that calls itself otherwise, and a clock that is wrong, are found', async (t) => {
  let shift = 3600_000
  let curve = 'P-256'
  const provider = createServer((request, answer) => {
    const own = `http://${request.headers.host ?? ''}/realm`
    answer.setHeader('Date', new Date(Date.now() - shift).toUTCString())
    const key = { kty: 'EC', crv: curve, alg: curve === 'P-256' ? 'ES256' : 'ES512', use: 'sig' }
    const isKnown =
      request.url === '/realm/.well-known/openid-configuration' || request.url?.startsWith('/realm//')
    const document =
      request.url === '/realm/keys' ? { keys: [key] } : { issuer: own, jwks_uri: `${own}/keys` }
    answer.writeHead(isKnown === true || 'keys' in document ? 200 : 404).end(JSON.stringify(document))
  })
  t.after(() => void provider.close())
  await new Promise<void>((resolve) => void provider.listen(0, '127.0.0.1', resolve))
  const address = provider.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const own = `http://127.0.0.1:${port}/realm`
  const cwd = await freshDirectory(t, { files: { 'app.py': app, 'fluxlit.toml': signedIn(`${own}/`) } })

  const before = await examine(cwd)
  assert.deepEqual(faults(before), ['auth_issuer', 'clock'])
  assert.match(fault(before, 'clock').message, /is 3[56]\d\d s ahead of/)
  const issuer = proposed(fault(before, 'auth_issuer'), /issuer = "(.*)"/)
  shift = 0
  await writeFile(join(cwd, 'fluxlit.toml'), signedIn(issuer))
  const after = await examine(cwd)
  assert.deepEqual([after.code, faults(after)], [0, []])

  curve = 'P-521'
  const refused = fault(await examine(cwd), 'auth_algorithms')
  assert.match(
    refused.message,
    /no key of .*\/keys \(ES512\) is for an accepted algorithm \(RS256, ES256, EdDSA\)/,
  )

  await writeFile(join(cwd, 'fluxlit.toml'), signedIn(`http://127.0.0.1:${port}/other`))
  assert.match(fault(await examine(cwd), 'auth_unreachable').message, /answers with 404/)
})

test('the address that a provider has to know is there to be copied', async (t) => {
  const login =
    'issuer = "http://127.0.0.1:1"\nallow_insecure_issuer = true\nclient_id = "shop"\nclient_secret = "s"\n'
  const toml = (more: string): string =>
    `target = "app:app"\nroot_path = "/tools"\n${more}[auth]\nmodes = ["oidc"]\nprefix = "/sign-in"\n[auth.oidc]\n${login}`
  const cwd = await freshDirectory(t, { files: { 'app.py': app } })
  for (const [more, uri] of [
    ['gateway_port = 8123\n', 'http://127.0.0.1:8123/tools/sign-in/callback'],
    ['public_base_url = "https://app.example/tools"\n', 'https://app.example/tools/sign-in/callback'],
  ] as const) {
    await writeFile(join(cwd, 'fluxlit.toml'), toml(more))
    const { checks } = await examine(cwd)
    const found = checks.find(({ code }) => code === 'auth_redirect_uri')
    assert.equal(found?.message, `the provider has to know the redirect URI ${uri}`)
  }
})

test('a broken way from outside is found hop by hop, and mended as proposed', async (t) => {
  const toml = 'target = "app:app"\ngateway_port = 0\n'
  const running = await (await gateway(t, { toml, files: { 'app.py': app } })).ready()
  const cwd = running.directory
  const upstream = new URL(running.url).host
  const look = (url: string): Promise<Examination> => examine(cwd, ['--url', url])

  const bare = await look(await nginx(t, upstream))
  assert.deepEqual(faults(bare), ['url_websocket', 'url_buffering', 'url_body_limit'])
  const socket = fault(bare, 'url_websocket')
  assert.match(socket.message, /arrives at the gateway as a plain request .*Upgrade and Connection are lost/)
  assert.match(fault(bare, 'url_body_limit').message, /^nginx\/\S+ refuses uploads/)
  const server = fault(bare, 'url_body_limit').detail ?? []
  const location = [...(socket.detail ?? []), ...(fault(bare, 'url_buffering').detail ?? [])]

  const strange = await look(await nginx(t, upstream, { server, location }))
  assert.deepEqual(faults(strange), ['url_host'])
  const host = fault(strange, 'url_host').detail ?? []

  const mended = await look(await nginx(t, upstream, { server, location: [...location, ...host] }))
  assert.deepEqual([mended.code, faults(mended)], [0, []])
  assert.deepEqual(
    mended.checks.flatMap(({ code }) => (code.startsWith('url_') ? [code] : [])),
    ['url_reached', 'url_page', 'url_websocket', 'url_uploads', 'url_body_limit'],
  )

  const elsewhere = await look(`http://127.0.0.1:${await somebody(t)}`)
  assert.match(fault(elsewhere, 'url_elsewhere').message, /does not lead to a gateway/)
  const down = await look(await nginx(t, '127.0.0.1:1'))
  assert.match(fault(down, 'url_elsewhere').message, /nginx\/\S+ answers .* with 502/)
  const nobody = await look('http://127.0.0.1:1')
  assert.match(fault(nobody, 'url_unreachable').message, /ECONNREFUSED/)
})

test('without a configuration it says what to write, and people can read it', async (t) => {
  const cwd = await freshDirectory(t)
  const { code, stdout } = await run(['doctor'], { cwd })
  assert.equal(code, 1)
  assert.match(stdout, /^FluxLit doctor\n\nFAIL {2}nothing_to_serve: /)
  assert.match(stdout, /\n {6}fix: put lines like these into fluxlit\.toml\n\n1 to be mended\n$/)
  assert.equal((await run(['doctor', '--url', 'app.example'], { cwd })).code, 2)
})

/** A virtual environment in which something is missing and something is too much. */
interface LackingEnvironment {
  readonly directory: string
  readonly python: string
  /** Runs a command line that was proposed; pip finds what it needs without a network. */
  shell(line: string): Promise<void>
}

/** The packages of the tests' own environment without some, and with a package `fluxlit` of somebody else. */
async function lackingEnvironment(t: Cleanup, without: readonly string[]): Promise<LackingEnvironment> {
  const directory = await freshDirectory(t)
  await execute(python(), ['-m', 'venv', '--without-pip', directory])
  const own = join(directory, 'bin', 'python')
  const [theirs, ours] = await Promise.all([purelib(python()), purelib(own)])
  for (const name of await readdir(theirs)) {
    const isWanted = !without.some((each) => name === each || name.startsWith(`${each}-`))
    if (isWanted && name !== 'fluxlit' && !name.startsWith('fluxlit-'))
      await symlink(join(theirs, name), join(ours, name))
  }
  const wheels = join(directory, 'wheels')
  await mkdir(wheels)
  for (const [name, version] of [
    ['httpx', '0.28.1'],
    ['websockets', '17.4'],
    ['fluxlit', '0.13.2'],
  ] as const)
    await execute(python(), ['-c', wheelScript, wheels, name, version])
  const env = {
    ...process.env,
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: wheels,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
  }
  const shell = async (line: string): Promise<void> => void (await execute('/bin/sh', ['-c', line], { env }))
  await shell(`${own} -m pip install fluxlit`)
  return { directory, python: own, shell }
}

async function purelib(interpreter: string): Promise<string> {
  const script = 'import sysconfig; print(sysconfig.get_path("purelib"))'
  return (await execute(interpreter, ['-c', script])).stdout.trim()
}

/** A wheel with an empty package in it. */
const wheelScript = `
import sys, zipfile
directory, name, version = sys.argv[1:]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(f"{directory}/{name}-{version}-py3-none-any.whl", "w") as wheel:
    wheel.writestr(f"{name}/__init__.py", "")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", f"{name}/__init__.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n")
`

/** A port on which some other program answers everything with 404. */
async function somebody(t: Cleanup): Promise<number> {
  const server = createServer((_, answer) => void answer.writeHead(404).end())
  t.after(() => void server.close())
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
