/** Problems as text for a terminal or a log. */

import { styleText } from 'node:util'
import type { Problem } from '../fault/startup.ts'

/** `error[code]: place: message`, then details and a hint, one block per problem. */
export function renderProblems(
  problems: readonly Problem[],
  kind: 'error' | 'warning',
  colour: boolean,
): string {
  return problems.map((problem) => renderProblem(problem, kind, colour)).join('')
}

function renderProblem(problem: Problem, kind: 'error' | 'warning', colour: boolean): string {
  const paint = (style: 'red' | 'yellow' | 'cyan' | 'bold', text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text
  const badge = paint(kind === 'error' ? 'red' : 'yellow', `${kind}[${problem.code}]`)
  const where = problem.where === undefined ? '' : `${paint('bold', problem.where)}: `
  const detail = (problem.detail ?? []).map((line) => `    ${line}\n`).join('')
  const hint = problem.hint === undefined ? '' : `  ${paint('cyan', 'hint')}: ${problem.hint}\n`
  return `${badge}: ${where}${problem.message}\n${detail}${hint}`
}

/** Whether colours may be used on a stream: `NO_COLOR` and `FORCE_COLOR` first, then what it is. */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '') return false
  if (env['FORCE_COLOR'] !== undefined && env['FORCE_COLOR'] !== '0') return true
  return stream.isTTY === true && env['TERM'] !== 'dumb'
}
