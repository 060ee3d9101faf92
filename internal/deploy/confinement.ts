/** What a service of systemd cannot do, and why each line is there. */

import type { Plan } from './plan.ts'
import { mebibytes } from './text.ts'

/** The second half of `[Service]`. @param rooted whether it has to change into accounts of workers */
export function confinement(plan: Plan, rooted: boolean): string {
  return `# ---- What it cannot do. \`systemd-analyze security fluxlit.service\` adds it up.
# Gains no rights by programs that have them.
NoNewPrivileges=yes
# Sees the system read-only, and ${homes(plan)}
ProtectSystem=strict
ProtectHome=${touchesHome(plan) ? 'read-only' : 'yes'}
# Its own /tmp: uploads up to ${mebibytes(plan.uploadBytes)} while the API reads them.
PrivateTmp=yes
${confined}
${capabilities(rooted)}
# What services need. A surprise is an error in the app, not its end.
SystemCallArchitectures=native
SystemCallFilter=@system-service${rooted ? '' : '\nSystemCallFilter=~@privileged'}
SystemCallErrorNumber=EPERM
# MemoryDenyWriteExecute stays off: the engine inside the executable compiles JavaScript while it runs, and ends with
# SIGTRAP under it.`
}

/** What no configuration needs. */
const confined = `# No hardware, no processes of others, no settings of the kernel, its log, clock or host name.
PrivateDevices=yes
ProtectProc=invisible
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
# The network and local sockets, nothing else.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes`

function capabilities(rooted: boolean): string {
  return rooted
    ? `# Only what changing the account takes.
CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_CHOWN CAP_KILL CAP_DAC_OVERRIDE CAP_FOWNER`
    : `# None; ports below 1024 are opened by the socket unit.
CapabilityBoundingSet=`
}

function touchesHome({ project, config }: Plan): boolean {
  const paths = [project.root, project.executable, config.instanceKey, ...interpreters(config.workers)]
  return paths.some((path) => /^\/(home|root|run\/user)(\/|$)/.test(path))
}

function interpreters(workers: Plan['config']['workers']): readonly string[] {
  return workers.flatMap((worker) =>
    worker.kind !== 'static' && worker.run.kind === 'spawn'
      ? [worker.run.python.path ?? '', worker.run.cwd]
      : [],
  )
}

function homes(plan: Plan): string {
  return touchesHome(plan)
    ? 'homes as well: the project or its interpreter is in one. Better move it to /srv or /opt.'
    : 'no home at all.'
}
