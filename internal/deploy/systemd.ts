/** `--kind systemd`: a confined service, and the socket that keeps connections while it restarts. */

import { join } from 'node:path'

import type { Spawned } from '../config/config.ts'
import { confinement } from './confinement.ts'
import { credentialLines } from './credentials.ts'
import { graceOf, graceWords, isSpawned, outerGraceS, type Plan } from './plan.ts'
import { header, type DeployFile } from './text.ts'

/** The two units; copy them to /etc/systemd/system. */
export function systemdFiles(plan: Plan): readonly DeployFile[] {
  return [
    { path: 'systemd/fluxlit.service', text: serviceUnit(plan) },
    { path: 'systemd/fluxlit.socket', text: socketUnit(plan) },
  ]
}

function serviceUnit(plan: Plan): string {
  const rooted = spawnedOf(plan).some(({ user }) => user !== null)
  const service = [running(plan), account(rooted), files(plan), life(plan), limits(plan)].join('\n')
  return `${header(plan, 'The gateway with its workers as a service.')}
${installation}
[Unit]
${place(plan)}

[Service]
${service}

${confinement(plan, rooted)}

[Install]
WantedBy=multi-user.target
`
}

const installation = `#
#   sudo cp systemd/fluxlit.* /etc/systemd/system/
#   sudo systemctl daemon-reload
#   sudo systemctl enable --now fluxlit.socket fluxlit.service
`

function place({ name }: Plan): string {
  return `Description=FluxLit: ${name}
# Names of databases and identity providers can be resolved.
Wants=network-online.target
After=network-online.target
# The port is opened by the socket unit: connections wait there while the service restarts.
Requires=fluxlit.socket
After=fluxlit.socket
# Five failures in five minutes are no accident.
StartLimitIntervalSec=300
StartLimitBurst=5`
}

function running(plan: Plan): string {
  const { root, target } = plan.project
  return `# READY=1 comes when every required worker answers; a reload and a stop are told, too.
Type=notify
ExecStart=${command(plan, 'serve', ...(target === null ? [] : [target]))}
# Waits until the changed configuration is in force; what does not work is not taken up, and the reload fails.
ExecReload=${command(plan, 'reload')}
# Relative paths of the configuration begin here.
WorkingDirectory=${unitPath(root)}`
}

function files(plan: Plan): string {
  return `# Secrets and variables that are not in the configuration; the file may be missing.
EnvironmentFile=-/etc/fluxlit/fluxlit.env
${credentialLines(plan)}# /run/fluxlit, /var/lib/fluxlit and /var/log/fluxlit: the only places it may write to.
RuntimeDirectory=fluxlit
StateDirectory=fluxlit
LogsDirectory=fluxlit
# What it writes is for its own account and group.
UMask=0027`
}

/** How it starts, stops, and is started again. */
function life({ config, startS }: Plan): string {
  const grace = graceOf(config)
  return `# Workers that do not become ready are given up after about ${startS} s (ready_timeout x boot_attempts).
TimeoutStartSec=${startS + 30}
# ${graceWords(grace)}.
TimeoutStopSec=${outerGraceS(grace)}
# Only the gateway gets SIGTERM, so that workers outlive the requests in flight; what is left is killed.
KillMode=mixed
# Beats come from the event loop that carries the traffic: one that hangs is ended and started again.
WatchdogSec=30
Restart=on-failure
RestartSec=2
# A mistake in the configuration is not cured by trying again.
RestartPreventExitStatus=2`
}

function limits({ memoryMiB, temporaryMiB }: Plan): string {
  return `# The kernel takes one worker, not the service; the gateway starts it again.
OOMPolicy=continue
# Gateway and workers with ordinary libraries: look at \`fluxlit status\`, then correct it.
MemoryMax=${memoryMiB + temporaryMiB}M
# Stops fork bombs.
TasksMax=1024
# Two per request and per WebSocket.
LimitNOFILE=65536`
}

function spawnedOf({ config }: Plan): readonly Spawned[] {
  return config.workers.flatMap((worker) => (isSpawned(worker) ? [worker.run] : []))
}

function command(plan: Plan, ...verb: readonly string[]): string {
  return [plan.project.executable, ...verb, ...configWords(plan)].map(unitWord).join(' ')
}

function configWords(plan: Plan): readonly string[] {
  return plan.project.configFiles.flatMap((file) => ['-c', join(plan.project.root, file)])
}

function account(rooted: boolean): string {
  return rooted
    ? '# root, because workers have accounts of their own (`user`): the gateway has to change into them.'
    : `# An account that exists only while it runs. The apps and their virtual environment have to be readable for
# everybody (chmod -R o+rX), or write User=NAME instead.
DynamicUser=yes`
}

function socketUnit(plan: Plan): string {
  const { host, port } = plan.config.listen
  const address = host.includes(':') ? `[${host}]:${port || plan.port}` : `${host}:${port || plan.port}`
  return `${header(plan, 'The port of fluxlit.service, open from boot on and during every restart.')}

[Unit]
Description=Port of FluxLit: ${plan.name}

[Socket]
# gateway_host and gateway_port of the configuration; the service uses this socket and does not open its own.
ListenStream=${address}
# By this name the gateway knows which one is the public one.
FileDescriptorName=http
# So many connections wait while it restarts (net.core.somaxconn may be less).
Backlog=1024
# Small answers and WebSocket messages leave at once.
NoDelay=true

[Install]
WantedBy=sockets.target
`
}

/** A word of ExecStart=, where `%` and `$` mean something and blanks separate. */
function unitWord(text: string): string {
  const plain = text.replaceAll('%', '%%').replaceAll('$', '$$$$')
  return /[\s"'\\;]/.test(plain) ? `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"` : plain
}

function unitPath(text: string): string {
  return text.replaceAll('%', '%%')
}
