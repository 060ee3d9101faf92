/** Why a running gateway could not be asked, in words. */

import type { Problem } from '../fault/startup.ts'

/** The gateway ended while it was being asked. */
export const goneProblem: Problem = {
  code: 'gateway_gone',
  message: 'the gateway stopped before it had answered',
  hint: 'its log says why; whether the work was finished is not known',
}

/** Something answers on the socket that is not a gateway of this version. */
export function strangerProblem(socket: string): Problem {
  return {
    code: 'not_a_gateway',
    message: `what answers on ${socket} is not a FluxLit gateway that this version understands`,
    hint: 'use the same version of fluxlit as the running gateway, or check the path given with --socket',
  }
}

/**
 * The problem behind a failed connection.
 *
 * @param error of node:net or node:http
 * @param socket the path that was connected to
 */
export function connectionProblem(error: unknown, socket: string): Problem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return noGateway(`there is no socket ${socket}`)
    case 'ECONNREFUSED':
      return noGateway(`nobody listens on ${socket}; its gateway is gone`)
    case 'EACCES':
    case 'EPERM':
      return deniedProblem(socket)
    case 'ECONNRESET':
    case 'EPIPE':
      return goneProblem
    case 'SILENT':
      return {
        code: 'gateway_silent',
        message: `the gateway on ${socket} does not answer`,
        hint: 'it is busy or stopped (SIGSTOP); its log may say more',
      }
    default:
      return code.startsWith('HPE_') || code === 'ENOTSOCK' || code === 'EPROTOTYPE'
        ? strangerProblem(socket)
        : noGateway(`${socket}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The socket or its directory belongs to another account. */
export function deniedProblem(path: string): Problem {
  return {
    code: 'control_denied',
    message: `permission denied: ${path}`,
    hint: 'run this as the account the gateway runs as, or as root',
  }
}

function noGateway(message: string): Problem {
  return {
    code: 'no_gateway',
    message,
    hint: 'start it with `fluxlit serve`; without --socket it is looked for by its configuration',
  }
}
