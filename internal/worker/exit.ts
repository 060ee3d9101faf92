import type { ExitReason } from './types.ts'

/** Which signals the gateway itself had sent before the process ended. */
export interface SentSignals {
  readonly term: boolean
  readonly kill: boolean
}

/** Says how a process ended, from what Node reports in its `exit` event. */
export function describeExit(code: number | null, signal: string | null, sent: SentSignals): ExitReason {
  if (signal === null) return { kind: 'exit', code, signal, text: `exit status ${code ?? 'unknown'}` }
  return { kind: 'signal', code, signal, text: signalText(signal, sent) }
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

function signalText(signal: string, sent: SentSignals): string {
  if (signal === 'SIGKILL' && !sent.kill) return 'killed by SIGKILL (not by the gateway: out of memory?)'
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
