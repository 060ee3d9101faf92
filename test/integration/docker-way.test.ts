import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { chmod, cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'

import { WebSocket } from 'ws'

import { app } from '../support/apps.ts'
import type { Cleanup } from '../support/cleanup.ts'
import { freshDirectory } from '../support/directory.ts'
import { baseImages, packageIndexUrl } from '../support/docker-base.ts'
import { dockerEngine, withoutEngine } from '../support/docker-engine.ts'
import type { Compose, Engine } from '../support/docker-engine.ts'
import { marked } from '../support/document.ts'
import { eventually } from '../support/eventually.ts'
import { ask, json, nextPiece, open, read, responseTo, shakeHands } from '../support/http.ts'
import { load } from '../support/load.ts'
import { repository } from '../support/python.ts'

const quickstart = 'examples/quickstart'
const requirements = readFileSync(join(repository, quickstart, 'requirements.txt'), 'utf8')
/** All that is ever installed into an image here. */
const packages = [...requirements.trim().split('\n'), 'uv>=0.9,<1']
const image = 'registry.example/shop:1'
/** Confinement that the page asks for. */
const confined = ['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--stop-timeout', '40'] as const
const url = 'http://127.0.0.1:8000'

const impossible = withoutEngine()
if (impossible !== false) console.log(`Docker cannot be run here: ${impossible}`)

suite('with a real Docker', { skip: impossible }, () => {
  let engine: Engine
  let compose: Compose | null
  // Registered within a hook they would be run at the end of that hook.
  const hooks: (() => void | Promise<void>)[] = []
  after(async () => {
    for (const hook of hooks) await hook()
  })
  before(
    async () => {
      engine = await dockerEngine({ after: (hook) => void hooks.push(hook) }, packages)
      compose = await engine.compose()
    },
    { timeout: 600_000 },
  )

  test('the way with an image, as a stranger walks it', { timeout: 600_000 }, async (t) => {
    const project = await download(t)
    const lines = commands('image')
    const at = lines.findIndex((line) => line.startsWith('docker build '))
    engine.removeAfter(t, 'shop')
    await engine.shell(project, ...lines.slice(0, at))
    await baseImages(t, engine, await readFile(join(project, 'Dockerfile'), 'utf8'))
    await engine.shell(project, ...lines.slice(at))

    await engine.healthy('shop')
    const logged = await engine.docker('logs', 'shop')
    assert.doesNotMatch(logged, /"level":"(warn|error)"/, 'nothing to complain about')
    assert.equal(await engine.inspect('shop', '.Config.User'), '65532:65532')
    const first = await engine.docker('exec', 'shop', 'cat', '/proc/1/status')
    assert.match(first, /^Uid:\t65532\t[^]*^CapBnd:\t0+$/m)
    await assert.rejects(engine.docker('exec', 'shop', 'touch', '/app/x'), /Read-only file system/)

    for (const host of ['127.0.0.1', '[::1]']) {
      const page = await ask(`http://${host}:8000/`)
      assert.match(page.body, /<title>Streamlit<\/title>/, host)
    }
    assert.equal(json<readonly unknown[]>((await ask(`${url}/api/items`)).body).length, 2)
    const streamlit = await shakeHands('ws://127.0.0.1:8000/_stcore/stream', { origin: url })
    assert.equal(streamlit.kind, 'open')
    if (streamlit.kind === 'open') streamlit.socket.destroy()
    assert.equal(await echoed('ws://127.0.0.1:8000/api/echo', 'hello'), 'hello')

    const tags = await ask('http://127.0.0.1:80/v2/shop/tags/list')
    assert.deepEqual(json(tags.body), { name: 'shop', tags: ['1'] }, 'it was pushed')
  })

  test('docker stop under load loses no request', async (t) => {
    await engine.start(t, 'shop', ...confined, image)
    await engine.healthy('shop')
    // Its own address: behind a published port Docker's proxy would accept what nobody answers.
    const own = `http://${await engine.inspect('shop', '.NetworkSettings.IPAddress')}:8000`
    const slow = open(`${own}/api/countdown?start=2`)
    slow.end()
    const answer = await responseTo(slow)
    assert.equal(await nextPiece(answer), 'data: 2\n\n')
    const reads = [true, false].map((keepAlive) =>
      load(t, { url: `${own}/api/`, lanes: 3, keepAlive, untilRefused: true }),
    )
    await Promise.all(reads.map((each) => each.more(20)))

    const stopped = engine.docker('stop', 'shop')
    await Promise.all(reads.map((each) => each.ended()))
    assert.match((await read(answer)).body, /data: lift-off\n\n$/, 'what was in flight is finished')
    await stopped
    const lost = reads
      .flatMap((each) => each.failed)
      .filter(({ body }) => !/^ECONN(REFUSED|RESET)$/.test(body))
    assert.deepEqual(lost, [])
    assert.equal(await engine.inspect('shop', '.State.ExitCode'), '0', await engine.docker('logs', 'shop'))
  })

  test('any account, no home, and a network without IPv4', async (t) => {
    // As in a Pod: a container that does nothing has the network, and the other one joins it.
    await engine.start(t, 'network', '--entrypoint', 'sleep', image, '100000')
    const pid = await engine.inspect('network', '.State.Pid')
    // Not even 127.0.0.1 is left.
    const flush = 'ip -4 address flush scope global && ip -4 address flush scope host'
    await engine.inside('nsenter', '--target', pid, '--net', 'sh', '-euc', flush)
    const address = await engine.inspect('network', '.NetworkSettings.GlobalIPv6Address')
    const account = ['--user', '12345:0', '--env', 'HOME=/nowhere'] as const
    await engine.start(t, 'shop', ...confined, ...account, '--network', 'container:network', image)
    await engine.healthy('shop')
    assert.match(await engine.docker('exec', 'shop', 'cat', '/proc/1/status'), /^Uid:\t12345\t/m)
    assert.match((await ask(`http://[${address}]:8000/`)).body, /<title>Streamlit<\/title>/)
    assert.equal((await ask(`http://[${address}]:8000/api/items`)).status, 200)
    assert.equal(
      await engine.docker('exec', 'shop', 'fluxlit', 'healthcheck', '-c', '/app/fluxlit.toml'),
      'ready',
    )
  })

  test(
    'a project with a lock file of uv takes everything from the same index',
    { timeout: 300_000 },
    async (t) => {
      const project = await download(t)
      await writeFile(join(project, 'fluxlit.toml'), '[workers.api]\napp = "main:app"\n')
      await writeFile(join(project, 'pyproject.toml'), projectToml)
      await writeFile(join(project, 'uv.lock'), '')
      await engine.shell(project, 'fluxlit build', 'cp "$(command -v fluxlit)" .')
      const dockerfile = await readFile(join(project, 'Dockerfile'), 'utf8')
      await baseImages(t, engine, dockerfile)
      const [, base = ''] = /^FROM (\S+)/m.exec(dockerfile) ?? []
      await engine.docker(
        'run',
        '--rm',
        '--volume',
        `${project}:/p`,
        '--workdir',
        '/p',
        base,
        'sh',
        '-euc',
        lock,
      )
      await engine.shell(project, 'docker build --tag locked .')
      await engine.start(t, 'locked', ...confined, '--publish', '8000:8000', 'locked')
      await eventually('it is ready', async () => (await ask(`${url}/__fluxlit/readyz`)).status === 200)
      assert.match(
        await engine.docker('exec', 'locked', 'fluxlit', 'status'),
        /^api +ready /m,
        'the verbs work inside',
      )
    },
  )

  test('what goes wrong inside stays inside: reload, memory, processes, zombies, the end', async (t) => {
    const directory = await freshDirectory(t, {
      files: { 'trouble.py': app('trouble.py'), 'fluxlit.toml': troubleToml('red') },
    })
    await chmod(directory, 0o777)
    const limits = ['--memory', '400m', '--memory-swap', '400m', '--pids-limit', '100'] as const
    const mounted = ['--volume', `${directory}:/app`, '--publish', '8000:8000'] as const
    await engine.start(t, 'trouble', ...confined, ...limits, ...mounted, image)
    await eventually('it is ready', async () => (await ask(`${url}/__fluxlit/readyz`)).status === 200)

    await t.test('docker kill -s HUP takes over what is written in the file', async () => {
      await writeFile(join(directory, 'fluxlit.toml'), troubleToml('blue'))
      await engine.docker('kill', '--signal', 'HUP', 'trouble')
      await eventually('the new colour', async () => (await who()).colour === 'blue')
    })

    await t.test(
      'a worker that takes more memory than there is dies alone, is named, and comes back',
      async () => {
        const { pid } = await who()
        await ask(`${url}/api/grow?mebibytes=2000`, { method: 'POST' }).catch(() => undefined)
        await eventually('it is back', async () => (await who()).pid !== pid)
        assert.match(
          await engine.docker('logs', 'trouble'),
          /worker api ended: killed by the kernel: out of memory/,
        )
      },
    )

    await t.test(
      'a worker that multiplies meets the limit, others are served, and its end frees them',
      async () => {
        const { pid } = await who()
        const { body } = await ask(`${url}/api/multiply?count=200`, { method: 'POST' })
        const { processes } = json<{ readonly processes: number }>(body)
        assert.ok(processes > 0 && processes < 100, body)
        assert.equal((await ask(`${url}/__fluxlit/readyz`)).status, 200)
        await ask(`${url}/api/die`, { method: 'POST' }).catch(() => undefined)
        await eventually('it is back', async () => (await who()).pid !== pid)
        const check = ['exec', 'trouble', 'fluxlit', 'healthcheck', '-c', '/app/fluxlit.toml'] as const
        assert.equal(await engine.docker(...check), 'ready', 'there is room for a process')
      },
    )

    await t.test('45: process 1 reaps what others leave to it', async () => {
      await engine.docker('exec', 'trouble', 'sh', '-c', '(sh -c "sleep 0.1; true" &)')
      const states = ['exec', 'trouble', 'sh', '-c', 'cat /proc/[0-9]*/stat'] as const
      await eventually('nothing sleeps', async () => !/\(sleep\)/.test(await engine.docker(...states)))
      await eventually('no zombie', async () => !/^\d+ \(.*\) Z /m.test(await engine.docker(...states)))
    })

    await t.test('44: when process 1 is killed, the container ends with everything in it', async () => {
      assert.equal(await engine.inspect('trouble', '.RestartCount'), '0')
      await engine.docker('kill', 'trouble')
      assert.equal(await engine.docker('wait', 'trouble'), '137')
      const left = await engine.inside('ps', '-A', '-o', 'comm=')
      assert.match(left, /^dockerd$/m)
      assert.doesNotMatch(left, /^(python|node-MainThread)$/m)
    })
  })

  test('the way with a sidecar: its image is built and pushed', { timeout: 300_000 }, async (t) => {
    const project = await download(t)
    await writeFile(join(project, 'fluxlit.toml'), marked('deployment.md', 'snippet: sidecar'))
    const all = commands('sidecar')
    const lines = all.slice(0, all.findIndex((line) => line.startsWith('docker push ')) + 1)
    const at = lines.findIndex((line) => line.startsWith('docker build '))
    await engine.shell(project, ...lines.slice(0, at))
    await baseImages(t, engine, await readFile(join(project, 'Dockerfile'), 'utf8'))
    await engine.shell(project, ...lines.slice(at))
    await engine.start(t, 'sidecar', ...confined, '--publish', '8000:8000', 'registry.example/shop-gateway:1')
    await eventually('it lives', async () => (await ask(`${url}/__fluxlit/livez`)).status === 200)
    assert.equal((await ask(`${url}/__fluxlit/readyz`)).status, 503, 'the apps are not there')
  })

  // The last one: what it leaves running ends with the daemon.
  test('the way with compose, as a stranger walks it', { timeout: 300_000 }, async (t) => {
    if (compose === null) return t.skip('neither the plugin compose nor docker-compose is installed')
    t.diagnostic(`compose files are run by \`${compose}\``)
    const project = await download(t)
    const lines = commands('container')
    if (compose === 'docker compose') {
      await engine.shell(project, ...lines)
    } else {
      // The old program knows neither two of the keys nor --wait: the rest of the file is what is tried.
      const old = lines.map((line) => line.replace(/^docker compose (.*) --wait$/, 'docker-compose $1'))
      const edit = `sed -i -e '/^name:/d' -e '/^    env_file:/,/required: false/d' compose.yaml`
      const up = old.findIndex((line) => line.startsWith('docker-compose'))
      await engine.shell(project, ...old.slice(0, up), edit, ...old.slice(up, -1))
      await engine.healthy(await engine.shell(project, 'docker-compose ps --quiet').then((id) => id.trim()))
      await engine.shell(project, ...old.slice(-1))
    }
    assert.match((await ask(`${url}/`)).body, /<title>Streamlit<\/title>/)
    const id = (await engine.shell(project, `${compose} ps --quiet`)).trim()
    assert.doesNotMatch(await engine.docker('logs', id), /"level":"(warn|error)"/)
    await engine.shell(project, `${compose} stop`)
    assert.equal(await engine.inspect(id, '.State.ExitCode'), '0')
  })
})

const projectToml = `[project]
name = "shop"
version = "1"
requires-python = "==PYTHON"
dependencies = ["fastapi", "uvicorn[standard]"]
[tool.uv]
no-index = true
find-links = ["${packageIndexUrl}"]
environments = ["sys_platform == 'linux'"]
`

/** Writes the lock file with what is in the index, hence for the one Python that it has packages for. */
const lock = `rm uv.lock
sed -i "s/PYTHON/$(python -c 'import sys; print(*sys.version_info[:2], "*", sep=".")')/" pyproject.toml
python -m venv /uv
/uv/bin/pip install uv
/uv/bin/uv lock
`

/** The commands of a way, one a line. */
function commands(path: string): readonly string[] {
  return marked('deployment.md', `path: ${path}`).trim().split('\n')
}

/** What a stranger has: a project in a directory called quickstart. */
async function download(t: Cleanup): Promise<string> {
  const project = join(await freshDirectory(t), 'quickstart')
  await cp(join(repository, quickstart), project, { recursive: true })
  return project
}

/** Who answers requests to the API. */
async function who(): Promise<{ readonly pid: number; readonly colour: string }> {
  return json((await ask(`${url}/api/`)).body)
}

function troubleToml(colour: string): string {
  return `[workers.api]\napp = "trouble:app"\nenv = { COLOUR = "${colour}" }\n`
}

/** What a WebSocket answers to a message. */
async function echoed(address: string, message: string): Promise<string> {
  const socket = new WebSocket(address)
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject)
      socket.once('open', () => socket.send(message))
      socket.once('message', (data: Buffer) => resolve(data.toString()))
    })
  } finally {
    socket.close()
  }
}
