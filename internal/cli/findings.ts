/** What `fluxlit doctor` found, as text for people. */

import { styleText } from 'node:util'

import { worst, type Finding, type FindingState } from '../app/doctor/finding.ts'
import { plain } from './status-table.ts'

const styles = { PASS: 'green', WARN: 'yellow', FAIL: 'red' } as const

/** One block per finding, and what is to be done in the end. */
export function renderFindings(findings: readonly Finding[], colour: boolean): string {
  const paint = (state: FindingState, text: string): string =>
    colour ? styleText(styles[state], text, { validateStream: false }) : text
  const blocks = findings.map((finding) => block(finding, paint))
  return `FluxLit doctor\n\n${blocks.join('')}\n${paint(worst(findings), summary(findings))}\n`
}

function block(
  { code, state, message, where, fix, detail = [] }: Finding,
  paint: (state: FindingState, text: string) => string,
): string {
  const place = where === undefined || where === 'default' ? '' : `${plain(where)}: `
  // A fix that ends in a colon is continued by its lines; a traceback comes before what to do about it.
  const lines = detail.map((line) => `        ${plain(line)}\n`).join('')
  const cure = fix === undefined ? '' : `      fix: ${plain(fix)}\n`
  const rest = fix?.endsWith(':') === true ? cure + lines : lines + cure
  return `${paint(state, state)}  ${code}: ${place}${plain(message)}\n${rest}`
}

function summary(findings: readonly Finding[]): string {
  const count = (state: FindingState): number => findings.filter((finding) => finding.state === state).length
  const failed = count('FAIL')
  const warned = count('WARN')
  if (failed + warned === 0) return 'everything is as it should be'
  return [
    ...(failed > 0 ? [`${failed} to be mended`] : []),
    ...(warned > 0 ? [`${warned} worth a look`] : []),
  ].join(', ')
}
