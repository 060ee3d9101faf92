import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { defaultOutput } from '../../scripts/build/executable.mjs'
import { nodePath } from '../../scripts/setup/toolchain.mjs'
import { capture, must } from '../../scripts/shell/run.mjs'
import { freshDirectory } from '../support/directory.ts'
import { gateway } from '../support/gateway.ts'
import { ask } from '../support/http.ts'
import { repository } from '../support/python.ts'
import { environmentPython } from '../../scripts/setup/python.mjs'
import {
  inThrowawayRoot,
  inThrowawaySystem,
  whyNoThrowawayRoot,
  whyNoThrowawaySystem,
} from '../support/throwaway-root.ts'

const isBuilder = process.platform === 'linux' && process.arch === 'x64'
const skip = isBuilder ? false : 'releases are made on linux-x64'

// Two of everything: made side by side, the second one in other surroundings.
test('a release for this machine', { skip, timeout: 600_000 }, async (t) => {
  const [directory, again] = [await freshDirectory(t), await freshDirectory(t)]
  await Promise.all([
    makeRelease(directory, {}, '022'),
    makeRelease(again, { TZ: 'Pacific/Chatham', LC_ALL: 'tr_TR.UTF-8', HOME: again }, '077'),
  ])
  const names = readdirSync(directory)
  const file = (suffix: string): string => {
    const name = names.find((candidate) => candidate.endsWith(suffix))
    assert.ok(name !== undefined, `${names.join(', ')} has no *${suffix}`)
    return join(directory, name)
  }

  await t.test('is the same, byte for byte, when it is made again', () => {
    assert.equal(names.length, 7, names.join(', '))
    assert.deepEqual(readdirSync(again), names)
    for (const name of names) assert.equal(sha256(join(again, name)), sha256(join(directory, name)), name)
  })

  await t.test('has sums that the usual programs check', async () => {
    for (const [program, list] of [
      ['sha256sum', 'SHA256SUMS'],
      ['sha512sum', 'SHA512SUMS'],
    ] as const) {
      const output = await must(program, program, ['--check', '--strict', list], { cwd: directory })
      assert.equal(output.match(/: OK$/gm)?.length, names.length - 2, output)
    }
  })

  await t.test('has an archive with the executable of this build and what belongs to it', async (inner) => {
    const place = await unpack(inner, file('.tar.gz'))
    assert.equal(sha256(join(place, 'fluxlit')), sha256(defaultOutput()))
    assert.equal(statSync(join(place, 'fluxlit')).mode & 0o777, 0o755)
    for (const name of ['LICENSE', 'LICENSE.libraries', 'LICENSE.node', 'README.md', 'fluxlit.service']) {
      assert.ok(statSync(join(place, name)).size > 0, name)
    }
    assert.deepEqual(readdirSync(join(place, 'completions')), ['_fluxlit', 'fluxlit.bash', 'fluxlit.fish'])
    await inner.test('with a manual mandoc has nothing to say about', without('mandoc'), async () => {
      const page = join(place, 'fluxlit.1')
      assert.equal(await must('mandoc', 'mandoc', ['-T', 'lint', '-W', 'style', page]), '')
    })
    await inner.test('and man neither', without('man'), () => readManual(join(place, 'fluxlit.1')))
  })

  await t.test('has a bill of materials that the schema of CycloneDX accepts', async () => {
    const bill = file('.cdx.json')
    assert.equal(await must('the validator', environmentPython(), ['-c', validator, bill]), 'None\n')
    const { components }: Bill = JSON.parse(readFileSync(bill, 'utf8'))
    const inside = components.map(({ name }) => name)
    for (const name of ['node', 'yargs', 'zod', 'uplot']) assert.ok(inside.includes(name), inside.join(', '))
    assert.ok(!inside.includes('typescript'), 'what only builds it is not inside')
  })

  await t.test('says from which commit and which Node every file was made', () => {
    const { subject, predicate }: Provenance = JSON.parse(readFileSync(file('_provenance.json'), 'utf8'))
    assert.equal(subject.length, names.length - 3)
    for (const { name, digest } of subject) assert.equal(digest.sha256, sha256(join(directory, name)))
    assert.equal(predicate.buildDefinition.externalParameters.maintainer, 'Ann Example <ann@example.org>')
    const inputs = predicate.buildDefinition.resolvedDependencies.map(({ name }) => name)
    assert.deepEqual(inputs.slice(0, 3), ['source', 'package-lock.json', 'config/node.json'])
    assert.equal(inputs[3], `node ${process.versions.node} linux-x64`)
  })

  await t.test('has a wheel that puts the executable on the PATH of an environment', async (inner) => {
    const environment = join(await freshDirectory(inner), 'environment')
    const python = join(environment, 'bin', 'python')
    await must('venv', environmentPython(), ['-m', 'venv', environment])
    const options = ['--no-index', '--no-input', '--disable-pip-version-check', '--quiet']
    await must('pip install', python, ['-m', 'pip', 'install', ...options, file('.whl')])
    const env = { PATH: `${environment}/bin:/usr/bin:/bin` }
    const { version } = await versionOf('fluxlit', env)
    const module = await must('import', python, ['-Ic', 'import fluxlit; print(fluxlit.__version__)'])
    assert.equal(module.trim(), version.replace('-alpha.', 'a'))
    assert.equal(sha256(join(environment, 'bin', 'fluxlit')), sha256(defaultOutput()))
    const through = await must('python -m fluxlit', python, ['-m', 'fluxlit', '--version'], { env: {} })
    assert.equal(through, `fluxlit ${version}\n`)
    await must('pip check', python, ['-m', 'pip', 'check'])

    await inner.test('says of applications what the wheel without the program says', async () => {
      const cwd = join(repository, 'internal', 'python')
      const installed =
        'import importlib.metadata as m; print(m.distribution("fluxlit").read_text("METADATA"))'
      const alone = 'import wheel_backend as w; print(w.metadata(w.read_project()))'
      const facts = factsOf(await must('metadata', python, ['-Ic', installed]))
      assert.deepEqual(facts, factsOf(await must('metadata', environmentPython(), ['-Bc', alone], { cwd })))
      assert.ok(facts.includes('Provides-Extra: apps'), facts.join('\n'))
    })

    await inner.test('names the extra where an application lacks its libraries', async () => {
      const { status, output } = await capture(python, ['-Ic', 'from fluxlit import FluxLit'])
      assert.equal(status, 1)
      assert.match(output, /fluxlit\.FluxLit needs pydantic, .*: pip install "fluxlit\[apps\]"$/m)
    })

    await inner.test('finds the apps’ libraries in the environment it is in', async (own) => {
      const libraries = await must('purelib', environmentPython(), ['-c', purelib])
      const place = await must('purelib', python, ['-c', purelib])
      writeFileSync(join(place.trim(), 'libraries.pth'), libraries)
      // The executable of the environment takes the place of the one that is tested elsewhere.
      const instead = ['sh', '-c', 'shift; exec fluxlit "$@"', 'sh']
      const apps = { from: 'examples/quickstart', through: instead, env: { ...env, VIRTUAL_ENV: undefined } }
      const running = await (await gateway(own, apps)).ready()
      assert.equal((await ask(`${running.url}/api/`)).status, 200)
      assert.match((await ask(`${running.url}/`)).body, /<title>Streamlit<\/title>/)
    })
  })

  await t.test('has a Debian package lintian has nothing to say about', without('lintian'), async () => {
    const { status, output } = await capture('lintian', ['--allow-root', '--info', file('.deb')], {
      env: plain,
    })
    assert.deepEqual({ status, output }, { status: 0, output: '' })
  })

  await t.test('names whom people may write to, and where it lives', async () => {
    const { homepage }: { homepage: string } = JSON.parse(
      readFileSync(join(repository, 'package.json'), 'utf8'),
    )
    const control = await must('dpkg-deb', 'dpkg-deb', ['--field', file('.deb'), 'Maintainer', 'Homepage'])
    assert.equal(control, `Maintainer: Ann Example <ann@example.org>\nHomepage: ${homepage}\n`)
    const { component }: Bill['metadata'] = JSON.parse(readFileSync(file('.cdx.json'), 'utf8')).metadata
    assert.deepEqual(component.authors, [{ name: 'Ann Example', email: 'ann@example.org' }])
    assert.deepEqual(component.externalReferences, [{ type: 'website', url: homepage }])
  })

  const reason = whyNoThrowawayRoot()
  if (reason !== null) console.log(`the Debian package is not installed: ${reason}`)
  await t.test('has a Debian package that', { skip: reason ?? false }, async (inner) => {
    const files = { 'fluxlit.deb': file('.deb') }

    await inner.test('installs a service with an account, and serves its page', async () => {
      const { status, output } = await inThrowawayRoot(installed, files)
      assert.equal(status, 0, output)
      assert.match(output, /^account .*:\/var\/lib\/fluxlit:\/usr\/sbin\/nologin$/m)
      assert.match(output, /^enabled \/lib\/systemd\/system\/fluxlit\.service$/m)
      assert.match(output, /^configuration root 644$/m)
      assert.match(output, /<h1>FluxLit works<\/h1>/)
    })

    const noSystem = await whyNoThrowawaySystem()
    if (noSystem !== null) console.log(noSystem)
    const real = { skip: noSystem ?? false }
    await inner.test('starts its service under a real systemd, and stops it', real, async () => {
      const { status, output } = await inThrowawaySystem(service, files)
      assert.equal(status, 0, output)
      assert.match(output, /^started active fluxlit welcome ready$/m)
      assert.match(output, /<h1>FluxLit works<\/h1>/)
      assert.match(output, /^reloaded active$/m)
      assert.match(output, /^purged inactive$/m)
    })

    await inner.test('keeps a changed configuration in an upgrade and a removal', async () => {
      const { status, output } = await inThrowawayRoot(changed, files)
      assert.equal(status, 0, output)
      assert.equal(output.match(/^# mine$/gm)?.length, 2, output)
    })

    await inner.test('leaves nothing behind when it is purged', async () => {
      const { status, output } = await inThrowawayRoot(purged, files)
      assert.equal(status, 0, output)
      assert.match(output, /left:\n$/)
    })
  })
})

/** Skips a test where a program is missing, and says so. */
function without(program: string): { readonly skip: string | false } {
  const isThere = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
  return { skip: isThere ? false : `${program} is not installed` }
}

const plain = { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' }

const validator = `import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()))`

const install = 'dpkg --install --force-confold --force-unsafe-io /root/fluxlit.deb >/dev/null'

const installed = `${install}
echo "account $(getent passwd fluxlit)"
echo "enabled $(readlink /etc/systemd/system/multi-user.target.wants/fluxlit.service)"
echo "configuration $(stat -c '%U %a' /etc/fluxlit/fluxlit.toml)"
install -d -o fluxlit /run/fluxlit /var/lib/fluxlit
mkfifo /root/log
FLUXLIT_GATEWAY_PORT=0 setpriv --reuid=fluxlit --regid=fluxlit --clear-groups \\
  fluxlit serve -c /etc/fluxlit/fluxlit.toml >/root/log 2>&1 &
exec 3</root/log
url=$(sed -n -u '/"url":"/{s/.*"url":"\\([^"]*\\)".*/\\1/p;q}' <&3)
python3 -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())' "$url"
kill $!
wait $!`

const fetchPage =
  'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:8000/").read().decode())'

const service = `${install}
main=$(systemctl show -p MainPID --value fluxlit)
echo "started $(systemctl is-active fluxlit) $(ps -o user= -p "$main") $(systemctl show -p StatusText --value fluxlit)"
python3 -c '${fetchPage}'
systemctl reload fluxlit
timeout 30 sh -c 'while [ "$(systemctl is-active fluxlit)" = reloading ]; do sleep 0.1; done'
echo "reloaded $(systemctl is-active fluxlit)"
dpkg --purge fluxlit >/dev/null
echo "purged $(systemctl is-active fluxlit || true)"`

const changed = `${install}
echo '# mine' >>/etc/fluxlit/fluxlit.toml
${install}
grep mine /etc/fluxlit/fluxlit.toml
dpkg --remove fluxlit >/dev/null
grep mine /etc/fluxlit/fluxlit.toml`

const purged = `touch /root/before
${install}
install -d -o fluxlit /var/lib/fluxlit /var/log/fluxlit
touch /etc/fluxlit/fluxlit.env
dpkg --purge fluxlit >/dev/null
! getent passwd fluxlit
! getent group fluxlit
echo "left:"
find /etc /lib /usr /var -xdev -newer /root/before -iname '*fluxlit*'`

const purelib = 'import sysconfig; print(sysconfig.get_path("purelib"))'

/** What indexes and installers go by. */
function factsOf(metadata: string): readonly string[] {
  return metadata
    .split('\n')
    .filter((line) => /^(Version|Summary|Project-URL|Classifier|Requires|Provides)/.test(line))
}

interface Bill {
  readonly metadata: {
    readonly component: {
      readonly authors: readonly unknown[]
      readonly externalReferences: readonly unknown[]
    }
  }
  readonly components: readonly { readonly name: string }[]
}

interface Provenance {
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[]
  readonly predicate: {
    readonly buildDefinition: {
      readonly externalParameters: { readonly maintainer: string }
      readonly resolvedDependencies: readonly { readonly name: string }[]
    }
  }
}

/** In another time zone, language and umask nothing may change. */
async function makeRelease(output: string, env: NodeJS.ProcessEnv, umask: string): Promise<void> {
  const program = [nodePath(), 'scripts/release/main.ts']
  const who = ['--maintainer', 'Ann Example <ann@example.org>']
  const args = ['--target', 'linux-x64', '--allow-dirty', '--output', output, ...who]
  const script = `umask ${umask}; exec "$@"`
  await must('the release', 'sh', ['-c', script, 'sh', ...program, ...args], {
    env: { ...process.env, ...env },
  })
  // For whoever is going to read it here, whatever the umask was.
  chmodSync(output, 0o755)
}

async function unpack(t: TestContext, file: string): Promise<string> {
  const directory = await freshDirectory(t)
  await must('tar', 'tar', ['-xzf', file, '-C', directory])
  const [name = '', ...others] = readdirSync(directory)
  assert.deepEqual(others, [], 'everything is in one directory')
  return join(directory, name)
}

async function readManual(page: string): Promise<void> {
  const env = { ...plain, MANWIDTH: '80', MANROFFSEQ: '' }
  const text = await must('man', 'man', ['--local-file', page], { env })
  const complaints = 'man --warnings --local-file "$1" 2>&1 >/dev/null'
  assert.equal(await must('man', 'sh', ['-c', complaints, 'sh', page], { env }), '')
  for (const words of ['fluxlit serve', 'healthcheck', 'EXIT STATUS']) assert.ok(text.includes(words), words)
}

async function versionOf(program: string, env: NodeJS.ProcessEnv): Promise<{ readonly version: string }> {
  return JSON.parse(await must(program, program, ['--version', '--json'], { env }))
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex')
}
