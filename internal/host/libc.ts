/** The few calls of the C library that Node does not offer, made through `node:ffi`. */

import { endianness } from 'node:os'

/** What is asked of the C library. Nothing throws and nothing blocks. */
export interface Libc {
  /** False for the null object: every call below then does nothing and says so. */
  readonly isAvailable: boolean
  /** Makes this process the parent of every orphan below it (prctl(2), `PR_SET_CHILD_SUBREAPER`). */
  becomeSubreaper(): boolean
  /** Removes the zombie with exactly this id (waitpid(2), `WNOHANG`). @returns whether it was one and is gone */
  reap(pid: number): boolean
  /**
   * Sends one datagram to a Unix socket, as this process (the receiver may look at the sender's id).
   *
   * @param address absolute path, or `@name` in the abstract namespace
   * @returns whether the kernel took it; false also when nobody listens or the receiver's queue is full
   */
  sendDatagram(address: string, text: string): boolean
}

// The values of Linux, the same on x64 and arm64.
const prSetChildSubreaper = 36
const wNoHang = 1
const afUnix = 1
const sockDgramCloexec = 2 | 0x80000
const msgDontWaitNoSignal = 0x40 | 0x4000
const longestAddress = 108

/** The C library of this process, or a null object where `node:ffi` is missing or the system is not Linux. */
export function openLibc(platform: NodeJS.Platform = process.platform): Libc {
  if (platform !== 'linux') return noLibc
  try {
    const functions = bind()
    return functions === null ? noLibc : new LinuxLibc(functions)
  } catch {
    // Experimental in Node: switched off by a flag, or an interface that changed.
    return noLibc
  }
}

/** Stands in where there is no C library to call. */
export const noLibc: Libc = {
  isAvailable: false,
  becomeSubreaper: () => false,
  reap: () => false,
  sendDatagram: () => false,
}

/** Address of a Unix socket as the kernel takes it (unix(7)), or null when it is too long or of another family. */
export function encodeUnixAddress(address: string): Buffer | null {
  if (!/^[@/]./.test(address)) return null
  // An abstract name starts with a zero byte and has no end mark: its length is all of it.
  const name = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : address)
  if (name.length > longestAddress) return null
  const family = endianness() === 'LE' ? [afUnix, 0] : [0, afUnix]
  return Buffer.concat([Buffer.from(family), name])
}

type Functions = NonNullable<ReturnType<typeof bind>>

// Symbols of the running image, of which the C library is a part. Loaded when asked for, not at import: Node
// prints a warning about experimental modules where that is not switched off.
function bind() {
  const ffi = process.getBuiltinModule('node:ffi')
  if (ffi === undefined) return null
  return ffi.dlopen(null, {
    prctl: { return: 'int32', arguments: ['int32', 'uint64', 'uint64', 'uint64', 'uint64'] },
    waitpid: { return: 'int32', arguments: ['int32', 'buffer', 'int32'] },
    socket: { return: 'int32', arguments: ['int32', 'int32', 'int32'] },
    sendto: { return: 'int64', arguments: ['int32', 'buffer', 'uint64', 'int32', 'buffer', 'uint32'] },
    close: { return: 'int32', arguments: ['int32'] },
  }).functions
}

class LinuxLibc implements Libc {
  readonly isAvailable = true
  readonly #functions: Functions

  constructor(functions: Functions) {
    this.#functions = functions
  }

  becomeSubreaper(): boolean {
    return this.#functions.prctl(prSetChildSubreaper, 1n, 0n, 0n, 0n) === 0
  }

  reap(pid: number): boolean {
    // 0 and below would mean "any child", and take the exit of one that Node started.
    return pid > 0 && this.#functions.waitpid(pid, null, wNoHang) === pid
  }

  sendDatagram(address: string, text: string): boolean {
    const to = encodeUnixAddress(address)
    if (to === null) return false
    const { socket, sendto, close } = this.#functions
    const descriptor = socket(afUnix, sockDgramCloexec, 0)
    if (descriptor < 0) return false
    const data = Buffer.from(text)
    const sent = sendto(descriptor, data, BigInt(data.length), msgDontWaitNoSignal, to, to.length)
    close(descriptor)
    return sent === BigInt(data.length)
  }
}
