import type { ExitReason } from './types.ts'

/** Which signals the gateway itself had sent before the process ended. */
export interface SentSignals {
  readonly term: boolean
  readonly kill: boolean
  /** SIGABRT, to learn where it hangs. */
  readonly abort?: boolean
}

/**
 * Says how a process ended, from what Node reports in its `exit` event.
 *
 * @param outOfMemory whether the kernel killed something in the gateway's memory cgroup meanwhile; null = unknown
 */
export function describeExit(
  code: number | null,
  signal: string | null,
  sent: SentSignals,
  outOfMemory: boolean | null = null,
): ExitReason {
  if (signal === null) return { kind: 'exit', code, signal, text: exitText(code) }
  return { kind: 'signal', code, signal, text: signalText(signal, sent, outOfMemory) }
}

/**
 * Says why a process could not be started, from the error of `spawn`. A missing working directory must be ruled
 * out before: Node reports it as a missing command.
 */
export function describeSpawnError(error: NodeJS.ErrnoException, command: string): ExitReason {
  return {
    kind: 'spawn-error',
    code: null,
    signal: null,
    text: spawnText(error.code, error.message, command),
  }
}

/** Whether a process that was asked to stop did so: 0, or the signal it was sent (Uvicorn re-raises SIGTERM). */
export function isCleanStop(reason: ExitReason): boolean {
  if (reason.kind === 'signal') return reason.signal === 'SIGTERM'
  return reason.kind === 'exit' && (reason.code === 0 || reason.code === 143)
}

// What shells and containers say when a program below them ended by a signal, or could not be run.
const exitMeanings: Readonly<Record<number, string>> = {
  126: 'not executable',
  127: 'command not found',
  134: 'aborted',
  137: 'killed by SIGKILL: out of memory?',
  139: 'crashed with SIGSEGV',
}

function exitText(code: number | null): string {
  const meaning = code === null ? undefined : exitMeanings[code]
  return `exit status ${code ?? 'unknown'}${meaning === undefined ? '' : ` (${meaning})`}`
}

function killText(outOfMemory: boolean | null): string {
  if (outOfMemory === true) return 'killed by the kernel: out of memory'
  return outOfMemory === null
    ? 'killed by SIGKILL (not by the gateway: out of memory?)'
    : 'killed by SIGKILL (not by the gateway, and not for lack of memory)'
}

function signalText(signal: string, sent: SentSignals, outOfMemory: boolean | null): string {
  if (signal === 'SIGKILL' && !sent.kill) return killText(outOfMemory)
  if (sent.abort === true && (signal === 'SIGABRT' || signal === 'SIGKILL')) return `hung, ended by ${signal}`
  if (signal === 'SIGTERM' && sent.term) return 'stopped by SIGTERM'
  if (signal === 'SIGSEGV') return 'crashed with SIGSEGV (a native extension?)'
  if (signal === 'SIGABRT') return 'aborted (SIGABRT)'
  return `ended by ${signal}`
}

/** One sentence for an error code of `spawn`. */
export function spawnText(code: string | undefined, message: string, command: string): string {
  switch (code ?? '') {
    case 'ENOENT':
      return `${command} does not exist`
    case 'EACCES':
      return `${command} is not executable`
    case 'ENOEXEC':
      return `${command} is not a program for this machine`
    case 'EMFILE':
    case 'ENFILE':
      return 'the gateway is out of file descriptors'
    case 'EAGAIN':
      return 'the system allows no further process'
    case 'ENOMEM':
      return 'the system has no memory for another process'
    default:
      return `${command} cannot be started: ${message}`
  }
}
