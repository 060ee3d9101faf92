/** What JSON lines have in common, whoever writes them. */

/** The one record that does not come from pino: it belongs between two lines that are already queued. */
export function droppedLine(count: number): string {
  const msg = `dropped ${count} log lines`
  return `${JSON.stringify({ level: 'warn', time: new Date().toISOString(), dropped: count, msg })}\n`
}

/**
 * A line of JSON that no terminal obeys. JSON escapes only what is below U+0020; DEL and the C1 controls (U+009B begins
 * an escape sequence) are left to us. They can only stand inside a string.
 */
export function escapeControls(line: string): string {
  return line.replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
