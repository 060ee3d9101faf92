import assert from 'node:assert/strict'
import { test } from 'node:test'

import { examineFiles, gatewayFiles } from '../../../internal/deploy/examine.ts'
import { deploymentFiles } from '../../../internal/deploy/files.ts'
import type { Plan } from '../../../internal/deploy/plan.ts'
import type { DeployFile } from '../../../internal/deploy/text.ts'
import { planOf } from './plans.ts'

const spawned = '[workers.api]\napp = "main:app"\n[workers.ui]\nscript = "streamlit_app.py"\n'

/** Somebody's own Dockerfile in which nothing is wrong. */
const own = `# An image of our own
FROM python:3.13-slim
ENV FLUXLIT_GATEWAY_HOST=0.0.0.0
COPY fluxlit /usr/local/bin/
WORKDIR /app
COPY main.py streamlit_app.py fluxlit.toml ./
USER 1000
EXPOSE 8000
HEALTHCHECK CMD ["fluxlit", "healthcheck"]
CMD ["fluxlit", "serve"]
`

/** `state code place: message` of what is found in a Dockerfile and the files beside it. */
function findings(plan: Plan, text: string, ...beside: readonly DeployFile[]): readonly string[] {
  const files = gatewayFiles([{ path: 'Dockerfile', text }, ...beside])
  return examineFiles(files, plan).map(
    ({ state, code, where = '', message }) => `${state} ${code} ${where}: ${message}`,
  )
}

/** The own Dockerfile with another command. */
function instead(command: string): string {
  return own.replace(/^CMD .*$/m, command)
}

function ignore(text: string): DeployFile {
  return { path: '.dockerignore', text }
}

function hints(plan: Plan, text: string): readonly string[] {
  return examineFiles([{ path: 'Dockerfile', text }], plan).map(({ hint = '' }) => hint)
}

test('the image that build describes fits, with and without Python, on any port', async (t) => {
  for (const toml of [
    spawned,
    `gateway_port = 80\n${spawned}`,
    `gateway_port = 0\ngateway_host = "::1"\n${spawned}`,
    '[workers.api]\nkind = "uvicorn"\nurl = "http://127.0.0.1:8001"\n',
  ]) {
    const plan = await planOf(t, toml, { private: ['.env', '.streamlit/secrets.toml'] })
    const made = deploymentFiles('docker', plan)
    assert.equal(made.kind, 'files')
    if (made.kind === 'files') assert.deepEqual(examineFiles(made.files, plan), [], toml)
  }
})

test('an own Dockerfile fits too, and one without a gateway is not looked at', async (t) => {
  const plan = await planOf(t, spawned)
  assert.deepEqual(findings(plan, own), [])
  const other = 'FROM alpine\nCOPY . .\nCMD uvicorn main:app\n'
  assert.deepEqual(findings({ ...plan, project: { ...plan.project, private: ['.env'] } }, other), [])
  assert.deepEqual(findings(plan, ''), [])
})

test('a command that a shell reads is named, with the list to write', async (t) => {
  const plan = await planOf(t, spawned)
  const shell = 'a shell is process 1, and whether SIGTERM reaches the gateway depends on which one'
  for (const command of [
    'CMD fluxlit serve',
    'CMD ["sh", "-c", "fluxlit serve"]',
    'ENTRYPOINT cd /app && fluxlit serve',
    'ENTRYPOINT ["/bin/bash", "-ec"]\nCMD ["fluxlit serve"]',
  ])
    assert.deepEqual(
      findings(plan, instead(command)),
      [`WARN deploy_image Dockerfile:${/\nCMD.*"\]$/.test(command) ? 11 : 10}: ${shell}`],
      command,
    )
  assert.deepEqual(findings(plan, instead('CMD cd /app && exec fluxlit serve')), [])
  assert.deepEqual(findings(plan, instead('ENTRYPOINT ["tini", "--"]\nCMD ["fluxlit", "serve"]')), [])
  assert.deepEqual(hints(plan, instead('CMD fluxlit serve')), [
    'write CMD ["fluxlit", "serve", "-c", "/app/fluxlit.toml"]',
  ])
  assert.deepEqual(findings(plan, instead(`CMD ['fluxlit', 'serve']`)), [
    'FAIL deploy_image Dockerfile:10: a list in single quotes is no list: a shell looks for a program of that name',
  ])
  assert.deepEqual(findings(plan, instead('CMD ["fluxlit", "dev"]')), [
    'FAIL deploy_image Dockerfile:10: `fluxlit dev` watches files and shows tracebacks to whoever asks',
  ])
})

test('a listener that no published port leads to is found, unless another file moves it', async (t) => {
  const plan = await planOf(t, spawned)
  const deaf = own.replace(/^ENV .*\n/m, '')
  const message =
    'FAIL deploy_image Dockerfile:9: the gateway listens on 127.0.0.1 inside the container, where no published port leads to'
  assert.deepEqual(findings(plan, deaf), [message])
  assert.deepEqual(findings(plan, deaf.replace('"serve"', '"serve", "--host", "0.0.0.0"')), [])
  assert.deepEqual(findings(plan, deaf.replace('"serve"', '"serve", "--host=::1"')).length, 1)
  const compose = `services:\n  a:\n    stop_grace_period: 40s\n    environment:\n      FLUXLIT_GATEWAY_HOST: "::"\n`
  assert.deepEqual(findings(plan, deaf, { path: 'compose.yaml', text: compose }), [])
  const told = await planOf(t, `gateway_host = "0.0.0.0"\n${spawned}`)
  assert.deepEqual(findings(told, deaf), [])
})

test('ports, signals, accounts and checks that do not fit are named with their line', async (t) => {
  const plan = await planOf(t, spawned)
  const changed = (from: string | RegExp, to: string): readonly string[] =>
    findings(plan, own.replace(from, to))
  assert.deepEqual(changed('EXPOSE 8000', 'EXPOSE 8080/tcp'), [
    'WARN deploy_port Dockerfile:8: EXPOSE says 8080, and the gateway listens on 8000',
  ])
  assert.deepEqual(changed('EXPOSE 8000', 'ENV FLUXLIT_GATEWAY_PORT=8080\nEXPOSE 8080'), [])
  assert.deepEqual(changed('EXPOSE 8000', 'STOPSIGNAL SIGQUIT'), [
    'FAIL deploy_image Dockerfile:8: a stop sends SIGQUIT, on which no request is finished',
  ])
  assert.deepEqual(changed('USER 1000', 'USER root'), [
    'WARN deploy_image Dockerfile:7: the gateway and all apps run as root',
  ])
  assert.deepEqual(changed('USER 1000\n', ''), [
    'WARN deploy_image Dockerfile: the gateway and all apps run as root',
  ])
  assert.deepEqual(changed(/^HEALTHCHECK.*\n/m, ''), [
    'WARN deploy_image Dockerfile: the engine is not told how to ask whether the gateway is ready',
  ])
  assert.deepEqual(
    changed(/^HEALTHCHECK.*$/m, 'HEALTHCHECK --interval=5s CMD curl -f http://localhost:8000/'),
    ['WARN deploy_image Dockerfile:9: the check runs curl, which slim images do not have'],
  )
  assert.deepEqual(changed('"serve"', '"serve", "-c", "/etc/shop.toml"'), [
    'FAIL deploy_image Dockerfile:9: the check asks the gateway of fluxlit.toml, and the one that is started has /etc/shop.toml',
  ])
  assert.deepEqual(changed('python:3.13-slim', 'python:3.13-alpine'), [
    'FAIL deploy_image Dockerfile: the executable does not run on python:3.13-alpine: it has musl instead of glibc',
  ])
  assert.deepEqual(changed(/^COPY fluxlit .*\n/m, ''), [
    'WARN deploy_image Dockerfile:9: nothing puts the executable into the image',
  ])
})

test('the account of a base image that nobody knows is not guessed', async (t) => {
  const plan = await planOf(t, spawned)
  const text = own.replace('USER 1000\n', '')
  assert.deepEqual(findings(plan, text.replace('python:3.13-slim', 'registry.example/apps/base:7')), [])
  assert.equal(findings(plan, text.replace('python:', 'registry.example/python:')).length, 1)
})

test('root is needed where workers have accounts of their own', async (t) => {
  const plan = await planOf(t, '[workers.api]\napp = "main:app"\nuser = "1001"\n')
  assert.deepEqual(findings(plan, own.replace('USER 1000', 'USER 0')), [])
})

test('stages, continued lines, comments within and documents are read as Docker reads them', async (t) => {
  const plan = await planOf(t, spawned)
  const staged = `FROM python:3.13-slim AS base
ENV A=1 \\
    # the address
    FLUXLIT_GATEWAY_HOST="::"

user 1000
FROM base
RUN <<END
USER root
CMD fluxlit dev
END
COPY --from=build /usr/local/bin/fluxlit /usr/local/bin/fluxlit
HEALTHCHECK NONE
entrypoint [ "fluxlit", \\
  "serve" ]
`
  assert.deepEqual(findings(plan, staged), [])
  assert.deepEqual(findings(plan, staged.replace('FROM base', 'FROM python:3.13-slim')), [
    'FAIL deploy_image Dockerfile:14: the gateway listens on 127.0.0.1 inside the container, where no published port leads to',
    'WARN deploy_image Dockerfile: the gateway and all apps run as root',
  ])
})

test('secrets that COPY . takes along are found, and an executable that it does not', async (t) => {
  const plan = await planOf(t, spawned, { private: ['.env', '.streamlit/secrets.toml'] })
  const all = own.replace(/^COPY main.*$/m, 'COPY . .')
  const env =
    'FAIL deploy_secret Dockerfile:6: .env becomes part of the image, and whoever may pull it can read it'
  const secrets = env.replace('.env', '.streamlit/secrets.toml')
  assert.deepEqual(findings(plan, all), [env, secrets])
  assert.deepEqual(findings(plan, all, ignore('# nothing\n')), [env, secrets])
  assert.deepEqual(findings(plan, all, ignore('.env*\n.streamlit/\n')), [])
  assert.deepEqual(findings(plan, all, ignore('**/secrets.toml\n.env\n!.env\n')), [env])
  assert.deepEqual(findings(plan, all, ignore('*\n!*.py\n!fluxlit\n')), [])
  assert.deepEqual(findings(plan, own), [], 'single files are what they are')
  assert.deepEqual(findings(plan, own, ignore('*.log\nfluxlit\n')), [
    'FAIL deploy_image .dockerignore:2: the Dockerfile copies fluxlit, which this line keeps out of the build',
  ])
})

test('what a compose file sets over the image is held against the configuration', async (t) => {
  const plan = await planOf(t, spawned)
  const lines = (...keys: readonly string[]): readonly string[] => {
    const text = [
      'services:',
      '  shop:',
      '    stop_grace_period: 1m',
      ...keys.map((key) => `    ${key}`),
      '',
    ].join('\n')
    return examineFiles([{ path: 'compose.yaml', text }], plan).map(
      ({ state, code, where = '', message }) => `${state} ${code} ${where}: ${message}`,
    )
  }
  const at = 'deploy_image compose.yaml:4:'
  assert.deepEqual(lines('tmpfs: /tmp', 'read_only: true', 'user: "1000"', 'stop_signal: SIGTERM'), [])
  assert.deepEqual(lines('read_only: true'), [
    `FAIL ${at} with a root file system that is read-only there is no place for the sockets of the workers`,
  ])
  assert.deepEqual(lines('tmpfs: ["/tmp:size=64m"]'), [
    `WARN ${at} /tmp takes 64 MiB, and one upload may have 200 MiB`,
  ])
  assert.deepEqual(lines('tmpfs: ["/tmp:mode=1777,size=1g"]'), [])
  assert.deepEqual(lines('stop_signal: SIGKILL'), [
    `FAIL ${at} a stop sends SIGKILL, on which no request is finished`,
  ])
  assert.deepEqual(lines('user: root'), [`WARN ${at} the gateway and all apps run as root`])
  assert.deepEqual(lines('environment: [FLUXLIT_GATEWAY_HOST=127.0.0.1]'), [
    'FAIL deploy_image compose.yaml: the gateway listens on 127.0.0.1 inside the container, where no published port leads to',
  ])
  assert.deepEqual(lines('healthcheck:', '  test: curl -f http://localhost:8000/'), [
    'WARN deploy_image compose.yaml:5: the check runs curl, which slim images do not have',
  ])
})
