/** `fluxlit doctor`: every examination there is. */

import type { Config } from '../../config/config.ts'
import { looking, type LookingParts } from '../looking.ts'
import { checkDeployment } from './deployment.ts'
import type { Check, Finding, Subject } from './finding.ts'
import { checkImports } from './imports.ts'
import { checkInterpreters, checkPrograms } from './interpreters.ts'
import { checkOutside } from './outside.ts'
import { checkPorts } from './ports.ts'
import { checkSignIn } from './sign-in.ts'
import { checkAddress, checkExposed, checkMemory, checkStreamlit, checkSurroundings } from './settings.ts'

/** In the order in which they are told: what comes first may be the cause of what follows. */
const checks: readonly Check[] = [
  checkPrograms,
  checkInterpreters,
  checkImports,
  checkPorts,
  checkStreamlit,
  checkAddress,
  checkSurroundings,
  checkMemory,
  checkExposed,
  checkDeployment,
  checkSignIn,
  checkOutside,
]

/** What is examined, and with what. */
export interface DoctorParts extends LookingParts {
  readonly config: Config
  readonly originOf: Subject['originOf']
  readonly url: URL | null
}

/** Examines everything; one after the other, so that what is started for one does not disturb another. */
export function examine(parts: DoctorParts): Promise<readonly Finding[]> {
  return looking(parts, async (room) => {
    const subject: Subject = { ...parts, looking: room }
    const findings: Finding[] = []
    for (const check of checks) findings.push(...(await check(subject)))
    return findings
  })
}
