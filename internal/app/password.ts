/** Passwords for the command line. */

import { hashPassword } from '../auth/password.ts'

/** The hash of a password, as `[[auth.basic.users]]` takes it. */
export function passwordHash(password: string): Promise<string> {
  return hashPassword(password)
}
