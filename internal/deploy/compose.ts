/** `--kind compose`: one service on one machine, confined. */

import { isAbsolute, relative } from 'node:path'

import { containerState, graceOf, graceWords, outerGraceS, type Plan } from './plan.ts'
import { configFlags, header, mebibytes, quoted, wordList, type DeployFile } from './text.ts'

/** The compose file. It needs the Dockerfile of `--kind docker` beside it. */
export function composeFiles(plan: Plan): readonly DeployFile[] {
  return [{ path: 'compose.yaml', text: composeFile(plan) }]
}

function composeFile(plan: Plan): string {
  const grace = graceOf(plan.config)
  return `${header(plan, 'The apps behind their gateway, on one machine.')}
#
#   fluxlit build --kind docker && cp "$(command -v fluxlit)" .
#   docker compose up --build --detach --wait

name: ${plan.name}

services:
  ${plan.name}:
    # Built from the Dockerfile beside this file.
    build: .
    image: ${plan.name}:latest
    # The gateway alone. Behind a proxy on this machine write "127.0.0.1:${plan.port}:${plan.port}".
    ports:
      - "${plan.port}:${plan.port}"${redirectPort(plan)}
    # Values and secrets that are not in the image; every line of the file is NAME=value.
    env_file:
      - path: .env
        required: false
    # ${graceWords(grace)}; the default of 10 s would cut requests off.
    stop_grace_period: ${outerGraceS(grace)}s
    # Back after a crash and after the machine was started, but not after \`docker compose stop\`.
    restart: unless-stopped
    # Ready when every required worker answers; \`up --wait\` and depends_on wait for it.
    healthcheck:
      test: ${wordList(['CMD', 'fluxlit', 'healthcheck', ...configFlags(plan)])}
      interval: 10s
      # The gateway is asked over a socket and answers at once; 5 s is its own limit.
      timeout: 6s
      retries: 3
      # Imports of large libraries: failures before that do not count.
      start_period: ${plan.startS}s
    # Nothing in the image can be changed by what runs in it.
    read_only: true
    # Sockets of the workers, and uploads up to ${mebibytes(plan.uploadBytes)} while the API reads them. In memory, within mem_limit.
    tmpfs:
      - /tmp:size=${plan.temporaryMiB}m,mode=1777
    volumes:
      # Secrets made at the first start: without it everybody is signed out by an update.
      - state:${containerState}${certificates(plan)}
    # No privilege is needed, and none can be gained.
    cap_drop: [ALL]
    security_opt:
      - no-new-privileges:true
    # Stops fork bombs; the gateway with its workers takes a tenth.
    pids_limit: 1024
    # Gateway and workers with ordinary libraries: measure yours (\`fluxlit status\`). A worker that takes too much is
    # killed alone and started again.
    mem_limit: ${plan.memoryMiB + plan.temporaryMiB}m
    # Docker keeps logs for ever by default.
    logging:
      driver: local
      options:
        max-size: 20m
        max-file: "5"

volumes:
  state:
`
}

function redirectPort({ config }: Plan): string {
  const port = config.tls?.redirectFrom?.port
  return port === undefined ? '' : `\n      # Sends browsers to https.\n      - "${port}:${port}"`
}

/** The files are read again when they change, so they stay where the machine renews them. */
function certificates({ config, project }: Plan): string {
  if (config.tls === null) return ''
  const lines = [config.tls.certFile, config.tls.keyFile].map(
    (path) => `\n      - ${quoted(`${path}:${containerPath(path, project.root)}:ro`)}`,
  )
  return `\n      # Certificate and key, renewed on this machine; account 65532 has to be able to read them.${lines.join('')}`
}

/** Where the configuration looks for it in the container: what is written relative begins at /app there. */
function containerPath(path: string, root: string): string {
  const inside = relative(root, path)
  return inside.startsWith('..') || isAbsolute(inside) ? path : `/app/${inside}`
}
