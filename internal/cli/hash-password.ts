/** `fluxlit hash-password`: never from the command line, which others on the machine can read. */

import { passwordHash } from '../app/password.ts'
import { exitCode, StartupError } from '../fault/startup.ts'

const longest = 1_024

/** Prints the hash of a password. @throws StartupError when there is none */
export async function printHash(): Promise<number> {
  const password = process.stdin.isTTY ? await typed() : await piped()
  if (password === '') throw usage('there is no password on standard input')
  if (password.length > longest) throw usage(`a password has at most ${longest} characters`)
  process.stdout.write(`${await passwordHash(password)}\n`)
  return exitCode.ok
}

async function piped(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) {
    text += String(chunk)
    if (text.length > 2 * longest) break
  }
  return text.replace(/\r?\n$/, '')
}

/** Reads a line without showing it. */
async function typed(): Promise<string> {
  const { stdin, stderr } = process
  stderr.write('Password: ')
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  try {
    let text = ''
    for await (const chunk of stdin) {
      for (const character of String(chunk)) {
        if (character === '\r' || character === '\n') return text
        if (character === '\u0003' || character === '\u0004') throw usage('no password was typed')
        text = character === '\u007f' || character === '\b' ? text.slice(0, -1) : text + character
      }
    }
    return text
  } finally {
    stdin.setRawMode(false)
    stderr.write('\n')
  }
}

function usage(message: string): StartupError {
  return new StartupError(
    [{ code: 'usage', message, hint: 'type it, or: printf %s "$PASSWORD" | fluxlit hash-password' }],
    exitCode.usage,
  )
}
