/** The kernel's table of TCP sockets, `/proc/net/tcp` and `/proc/net/tcp6` (proc_net(5)). */

import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'

/** A listening socket. */
export interface ListeningSocket {
  /** As {@link addressBytes} writes it. */
  readonly address: string
  readonly port: number
  /** By which the descriptors of a process name it: `socket:[INODE]`. */
  readonly inode: string
}

const listening = '0A'

/** Its text now; empty where there is none. */
export function readTable(name: 'tcp' | 'tcp6'): string {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1')
  } catch {
    return ''
  }
}

/** The listening sockets in the text of both tables; lines of another form are skipped. */
export function parseListeners(tcp: string, tcp6: string): readonly ListeningSocket[] {
  return `${tcp}\n${tcp6}`.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [address, port] = fields[1]?.split(':') ?? []
    const inode = fields[9]
    if (fields[3] !== listening || address === undefined || port === undefined || inode === undefined)
      return []
    return [{ address: wordsToBytes(address), port: Number.parseInt(port, 16), inode }]
  })
}

/** One end of a connection, or of a socket. */
export interface SocketEnd {
  readonly address: string
  readonly port: number
}

/**
 * The account that the process at one end of a connection had when it opened it, by the text of a table; null = that
 * end is not in it.
 */
export function ownerOf(table: string, end: SocketEnd, other: SocketEnd): number | null {
  // Most lines are told apart by their ports.
  const ports = `:${portText(end)} `
  for (const line of table.split('\n')) {
    if (!line.includes(ports)) continue
    const [, local = '', remote = '', state, , , , uid] = line.trim().split(/\s+/)
    if (state !== listening && isEnd(local, end) && isEnd(remote, other)) return Number(uid)
  }
  return null
}

function isEnd(text: string, end: SocketEnd): boolean {
  const [address = '', port = ''] = text.split(':')
  return port === portText(end) && wordsToBytes(address) === addressBytes(end.address)
}

function portText({ port }: SocketEnd): string {
  return hex(port, 4).toUpperCase()
}

/**
 * An IP literal as hex digits in network order, to compare addresses however they were written. An IPv4 address
 * mapped into IPv6 is the IPv4 address; `::` and `0.0.0.0` differ.
 */
export function addressBytes(address: string): string {
  if (!address.includes(':'))
    return address
      .split('.')
      .map((byte) => hex(Number(byte), 2))
      .join('')
  const plain = address.replace(/%.*$/, '').replace(/\d+\.\d+\.\d+\.\d+$/, (dotted) => {
    const bytes = addressBytes(dotted)
    return `${bytes.slice(0, 4)}:${bytes.slice(4)}`
  })
  const [head = '', tail] = plain.split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  return unmapped([...before, ...zeros, ...after].map((group) => hex(Number.parseInt(group, 16), 4)).join(''))
}

// The kernel prints 32-bit words as numbers of the machine.
function wordsToBytes(words: string): string {
  const turned = (words.match(/.{8}/g) ?? []).map((word) =>
    endianness() === 'LE' ? hex(Buffer.from(word, 'hex').readUInt32LE(), 8) : word.toLowerCase(),
  )
  return unmapped(turned.join(''))
}

function unmapped(bytes: string): string {
  return bytes.startsWith('00000000000000000000ffff') ? bytes.slice(24) : bytes
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
