/** `--kind docker`: an image with Python, the packages, the apps and the gateway. */

import { containerState, containerUser, isSpawned, type Plan } from './plan.ts'
import { configFlags, header, serveWords, wordList, type DeployFile } from './text.ts'

/** Dockerfile and .dockerignore. */
export function dockerFiles(plan: Plan): readonly DeployFile[] {
  return [
    { path: 'Dockerfile', text: dockerfile(plan) },
    { path: '.dockerignore', text: dockerignore(plan) },
  ]
}

function dockerfile(plan: Plan): string {
  return `${header(plan, 'Image with the gateway and what it starts.')}
#
#   cp "$(command -v fluxlit)" .          # the Linux executable of a release, for the machine the image runs on
#   docker build -t ${plan.name} .
#   docker run --rm --read-only --tmpfs /tmp -v ${plan.name}:${containerState} -p ${plan.port}:${plan.port} ${plan.name}

${packagesStage(plan)}

${runStage(plan)}
`
}

function packagesStage(plan: Plan): string {
  const before = plan.pythonWorkers.length === 0 ? '' : `${environmentSteps(plan)}\n\n`
  return `# ---- Stage 1: packages and sources. What only building needs stays here.
FROM ${baseImage(plan)} AS build
${before}# The sources last: they change most often, and every layer above is kept.
COPY . /app
# The gateway gets a layer of its own, and the build ends here when it is for another machine.
RUN install -m 0755 /app/fluxlit /usr/local/bin/fluxlit \\
    && rm /app/fluxlit \\
    && fluxlit --version`
}

/** Both stages have the same one: an environment works only with the interpreter it was made by. */
function baseImage({ pythonWorkers, project }: Plan): string {
  return pythonWorkers.length === 0 ? 'debian:trixie-slim' : `python:${project.pythonVersion}-slim-trixie`
}

function environmentSteps(plan: Plan): string {
  const { pythonSource } = plan.project
  const version =
    pythonSource === null
      ? '# No file of the project says which Python it is developed with (.python-version): this is a guess.\n'
      : `# The version in ${pythonSource}.\n`
  return `${version}${installSteps(plan)}`
}

function installSteps({ project: { requirements }, config }: Plan): string {
  const venv = `# An environment of its own, so that it can be copied as one directory.
RUN python -m venv /venv
`
  const cache = '# The cache stays on the machine that builds, so it costs the image nothing.\n'
  const mount = 'RUN --mount=type=cache,target=/root/.cache'
  switch (requirements.kind) {
    case 'uv':
      return `# uv installs exactly what uv.lock says. It comes from the index of the packages, in an environment of its own.
RUN python -m venv /uv
${cache}${mount}/pip /uv/bin/pip install 'uv>=0.9,<1'
# Copied files work on every file system; links into the cache would not survive the copy into stage 2.
ENV UV_LINK_MODE=copy UV_PROJECT_ENVIRONMENT=/venv UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# Alone and first: as long as the two stay the same, so does the layer with the packages.
COPY pyproject.toml uv.lock ./
${mount}/uv /uv/bin/uv sync --frozen --no-dev --no-install-project`
    case 'pip':
      return `${venv}# Alone and first: as long as it stays the same, so does the layer with the packages.
COPY ${requirements.files.join(' ')} /tmp/
${cache}${mount}/pip /venv/bin/pip install ${requirements.files.map((file) => `-r /tmp/${file}`).join(' ')}`
    case 'project':
      return `${venv}# \`pip install\` of the project brings its dependencies; write a lock file to have the same ones every time.
COPY . /src
${cache}${mount}/pip /venv/bin/pip install /src`
    case 'none':
      return `${venv}# There is no requirements.txt, pyproject.toml or uv.lock. Write one with versions: without, every build may differ.
${cache}${mount}/pip /venv/bin/pip install ${packagesOf(config.workers.map(({ kind }) => kind))}`
  }
}

function packagesOf(kinds: readonly string[]): string {
  return [
    ...(kinds.includes('uvicorn') ? ['fastapi', "'uvicorn[standard]'"] : []),
    ...(kinds.includes('streamlit') ? ['streamlit'] : []),
  ].join(' ')
}

function runStage(plan: Plan): string {
  const python = plan.pythonWorkers.length > 0
  const copied = python ? 'COPY --from=build /venv /venv\n' : ''
  return `# ---- Stage 2: what runs.
FROM ${baseImage(plan)}
LABEL org.opencontainers.image.title=${JSON.stringify(plan.name)}
# The one directory the gateway writes to besides /tmp; a volume mounted here starts with this owner.
RUN install -d -o ${containerUser} -g ${containerUser} -m 0700 ${containerState}
${programNotes(plan)}# Owned by root: nothing that runs can change what will run.
${copied}COPY --from=build /usr/local/bin/fluxlit /usr/local/bin/fluxlit
COPY --from=build /app /app
WORKDIR /app
${environment(plan)}
# A number, because Kubernetes (runAsNonRoot) cannot look names up.
USER ${containerUser}:${containerUser}
# The only port: workers listen on Unix sockets in a private directory.
EXPOSE ${plan.port}
# What \`docker stop\` sends; the gateway drains and stops its workers. It is made to be process 1 and needs no init.
STOPSIGNAL SIGTERM
# The image has no curl. Asks the gateway over its control socket: ready means that every required worker answers.
HEALTHCHECK --interval=10s --timeout=6s --retries=3 --start-period=${plan.startS}s \\
    CMD ${wordList(['fluxlit', 'healthcheck', ...configFlags(plan)])}
# No shell in between: signals reach the gateway. Arguments of \`docker run\` come behind: --log-level debug.
ENTRYPOINT ${wordList(['fluxlit', ...serveWords(plan)])}`
}

/** Programs that are not Python are not in the base image. */
function programNotes({ config }: Plan): string {
  const lines = config.workers.flatMap((worker) =>
    isSpawned(worker) && 'command' in worker.run
      ? [
          `# Worker ${worker.name} runs ${JSON.stringify(worker.run.command[0])}: install it here if the image lacks it.\n`,
        ]
      : [],
  )
  return lines.join('')
}

function environment(plan: Plan): string {
  const { config } = plan
  const python = plan.pythonWorkers.length > 0
  const chosen = config.workers.flatMap((worker) =>
    worker.kind !== 'static' && worker.run.kind === 'spawn' && worker.run.python.path !== null
      ? [worker.name]
      : [],
  )
  const settings: readonly (readonly [why: string, ...pairs: string[]])[] = [
    ['Every address, of IPv4 and IPv6: the container has its own network.', 'FLUXLIT_GATEWAY_HOST=::'],
    ...portSetting(plan),
    [
      'The state of the configuration is a directory of another machine.',
      `FLUXLIT_STATE_DIR=${containerState}`,
    ],
    ...(config.log.file === null
      ? []
      : [
          [
            'Logs of a container go to standard output, whatever the file says.',
            'FLUXLIT_LOG_FILE=',
          ] as const,
        ]),
    ...(python
      ? [
          ['The interpreter of the workers.', 'VIRTUAL_ENV=/venv', 'PATH=/venv/bin:$PATH'] as const,
          ...chosen.map(
            (name) =>
              [
                `\`python\` of ${name} names an environment outside the image.`,
                `FLUXLIT_WORKERS_${name.toUpperCase()}_PYTHON=/venv`,
              ] as const,
          ),
          [
            'Output at once, tracebacks of crashes, no byte code: the image may be read-only.',
            'PYTHONUNBUFFERED=1',
            'PYTHONFAULTHANDLER=1',
            'PYTHONDONTWRITEBYTECODE=1',
          ] as const,
        ]
      : []),
    ['The account has no home; libraries that insist on one get a place they may write to.', 'HOME=/tmp'],
  ]
  return settings.map(([why, ...pairs]) => `# ${why}\nENV ${pairs.join(' \\\n    ')}`).join('\n')
}

function portSetting({ port, config }: Plan): readonly (readonly [string, string])[] {
  if (port === config.listen.port) return []
  const why =
    config.listen.port === 0 ? 'A port that is known beforehand.' : 'Ports below 1024 need privileges.'
  return [[why, `FLUXLIT_GATEWAY_PORT=${port}`]]
}

function dockerignore(plan: Plan): string {
  return `${header(plan, 'What never becomes part of an image.')}
# Secrets: an image is read by everybody who may pull it. Hand them in as files or variables.
.env
.env.*
**/.streamlit/secrets.toml
*.key
*.pem
# Environments and caches of this machine.
.venv
venv
**/__pycache__
**/*.pyc
.pytest_cache
.ruff_cache
.mypy_cache
node_modules
# History, and what only development needs.
.git
.gitignore
.github
.vscode
.idea
# The files for deploying themselves: changing one must not build the image anew.
Dockerfile
.dockerignore
compose.yaml
kubernetes
sidecar
systemd
`
}
