/** A Debian package: the executable, a service with an account and a configuration of its own. */

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { repository } from '../../shell/progress.mjs'
import type { Contents } from '../contents/contents.ts'
import { debianVersion } from '../identity.ts'
import type { Identity } from '../identity.ts'
import { mailbox } from '../maintainer.ts'
import { ar } from '../pack/ar.ts'
import { gzip } from '../pack/compress.ts'
import { entry } from '../pack/entry.ts'
import type { Entry } from '../pack/entry.ts'
import { tar } from '../pack/tar.ts'
import type { Target } from '../targets.ts'
import type { Artefact } from './artefact.ts'

/** Configuration that survives removal and asks before it is overwritten. */
const configuration = 'etc/fluxlit/fluxlit.toml'

/** dpkg's file format 2.0: a version, what dpkg reads, what it unpacks. */
export async function debian(
  target: Target,
  executable: Buffer,
  contents: Contents,
  identity: Identity,
): Promise<Artefact> {
  const { epoch } = identity
  const files = await filesOf(executable, contents, identity)
  const options = { epoch, prefix: './' }
  const parts = [
    { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
    { name: 'control.tar.gz', bytes: await gzip(tar(controlOf(target, files, identity), options)) },
    { name: 'data.tar.gz', bytes: await gzip(tar(files, options)) },
  ]
  const name = `fluxlit_${debianVersion(identity.version)}_${target.architecture}.deb`
  return { name, bytes: ar(parts, epoch) }
}

async function filesOf(
  executable: Buffer,
  contents: Contents,
  identity: Identity,
): Promise<readonly Entry[]> {
  const { bash, zsh, fish } = contents.completions
  const doc = 'usr/share/doc/fluxlit'
  return [
    entry('usr/bin/fluxlit', executable, true),
    entry('lib/systemd/system/fluxlit.service', contents.unit),
    entry(configuration, read('config/debian/fluxlit.toml')),
    entry('usr/share/fluxlit/welcome/index.html', read('config/debian/welcome.html')),
    entry('usr/share/man/man1/fluxlit.1.gz', await gzip(Buffer.from(contents.manual))),
    entry('usr/share/bash-completion/completions/fluxlit', bash),
    entry('usr/share/zsh/vendor-completions/_fluxlit', zsh),
    entry('usr/share/fish/vendor_completions.d/fluxlit.fish', fish),
    entry(`${doc}/copyright`, copyright(contents, identity)),
    entry(`${doc}/libraries.txt.gz`, await gzip(Buffer.from(contents.licencesOfLibraries))),
    entry(`${doc}/node.txt.gz`, await gzip(Buffer.from(contents.licenceOfNode))),
    entry(`${doc}/changelog.gz`, await gzip(Buffer.from(contents.changelog))),
    entry(`${doc}/changelog.Debian.gz`, await gzip(Buffer.from(changelog(identity)))),
    entry(`${doc}/examples/fluxlit.example.toml`, contents.example),
    entry('usr/share/lintian/overrides/fluxlit', read('config/debian/lintian-overrides')),
  ]
}

function controlOf(target: Target, files: readonly Entry[], identity: Identity): readonly Entry[] {
  const sums = files.map(({ path, bytes }) => `${createHash('md5').update(bytes).digest('hex')}  ${path}\n`)
  const scripts = ['postinst', 'prerm', 'postrm'].map((name) =>
    entry(name, read(`scripts/release/debian/${name}`), true),
  )
  return [
    entry('control', control(target, files, identity)),
    entry('conffiles', `/${configuration}\n`),
    entry('md5sums', sums.join('')),
    ...scripts,
  ]
}

/** What Node asks for, all in Debian 10; Python is what the apps need, not the gateway. */
function control(
  { architecture }: Target,
  files: readonly Entry[],
  { version, maintainer, homepage }: Identity,
): string {
  const kibibytes = files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 1024), 0)
  return `Package: fluxlit
Version: ${debianVersion(version)}
Architecture: ${architecture}
Maintainer: ${mailbox(maintainer)}
Installed-Size: ${kibibytes}
Depends: adduser, init-system-helpers (>= 1.54), libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 7)
Recommends: python3 (>= 3.10), python3-venv
Homepage: ${homepage}
Section: net
Priority: optional
Description: gateway for FastAPI and Streamlit apps on one port
 FluxLit starts the Python workers of an application, watches them, and routes
 HTTP and WebSockets to them: the page at /, the API at /api, on one port.
 .
 The service fluxlit.service runs as the system account "fluxlit" with the
 configuration /etc/fluxlit/fluxlit.toml.
`
}

function changelog({ version, epoch, maintainer }: Identity): string {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000')
  return `fluxlit (${debianVersion(version)}) unstable; urgency=medium

  * Release ${version}; changelog.gz tells what changed.

 -- ${mailbox(maintainer)}  ${date}
`
}

function copyright({ licence }: Contents, { homepage }: Identity): string {
  return `FluxLit
=======

Source: ${homepage}

${licence}
The executable also contains Node.js and npm packages. Their licences:
/usr/share/doc/fluxlit/node.txt.gz and /usr/share/doc/fluxlit/libraries.txt.gz
`
}

function read(path: string): string {
  return readFileSync(join(repository, path), 'utf8')
}
