import { randomInt } from 'node:crypto'

/** A loopback address that nobody else uses, for programs that take no port 0: on it every port is free. */
export function ownAddress(): string {
  return `127.${[1, 2, 3].map(() => randomInt(1, 255)).join('.')}`
}
