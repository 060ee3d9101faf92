/** Kinds of deployment files. Alone in its file, because every command line needs the words and few the rest. */

/** What can be asked for. */
export const deployKinds = ['docker', 'compose', 'kubernetes', 'sidecar', 'systemd', 'all'] as const

/** One of {@link deployKinds}. */
export type DeployKind = (typeof deployKinds)[number]
