/** Reading Python source without running it: what it imports, and which names it assigns to which calls. */

/** What a module says at first sight. */
export interface PythonSource {
  /** Whether it imports streamlit, anywhere. */
  readonly importsStreamlit: boolean
  /** Module-level names assigned to `FastAPI(...)`, in order. */
  readonly fastapiNames: readonly string[]
  /** Module-level names assigned to `FluxLit(...)`, in order. */
  readonly fluxlitNames: readonly string[]
}

/** Scans a module. Comments and the contents of texts do not count. */
export function scanPython(source: string): PythonSource {
  const code = joinLines(blank(source.replaceAll('\r\n', '\n')))
  return {
    importsStreamlit:
      /^[ \t]*(?:import[ \t]+(?:[\w.]+(?:[ \t]+as[ \t]+\w+)?[ \t]*,[ \t]*)*streamlit\b|from[ \t]+streamlit\b(?:[\w.]*)[ \t]+import\b)/m.test(
        code,
      ),
    fastapiNames: assignedNames(code, 'fastapi', 'FastAPI'),
    fluxlitNames: assignedNames(code, 'fluxlit', 'FluxLit'),
  }
}

/** One comment or text: prefix-less, so that an escaped quote in a raw text is read the same way. */
const blanked =
  /#[^\n]*|"""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'/g

/** Empties comments and texts, keeping line breaks. */
function blank(source: string): string {
  return source.replace(blanked, (text) =>
    text.startsWith('#') ? '' : `""${'\n'.repeat(text.split('\n').length - 1)}`,
  )
}

/** Joins lines inside brackets and after a backslash, so that one statement is one line. */
function joinLines(code: string): string {
  let depth = 0
  let joined = ''
  for (const character of code.replace(/\\\n/g, ' ')) {
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character)) depth = Math.max(0, depth - 1)
    joined += character === '\n' && depth > 0 ? ' ' : character
  }
  return joined
}

/** Names at column 0 that are assigned a call of `module.Class`, under whatever name it was imported. */
function assignedNames(code: string, module: string, className: string): readonly string[] {
  const callees = importedNames(code, module, className)
  if (callees.length === 0) return []
  const pattern = new RegExp(
    `^(\\w+)[ \\t]*(?::[^=\\n]+)?=[ \\t]*(?:\\w+[ \\t]*=[ \\t]*)*(?:${callees.map(escape).join('|')})[ \\t]*\\(`,
    'gm',
  )
  return [...code.matchAll(pattern)].map((match) => match[1] ?? '')
}

function importedNames(code: string, module: string, className: string): readonly string[] {
  const names: string[] = []
  for (const match of code.matchAll(
    new RegExp(`^[ \\t]*from[ \\t]+${module}(?:\\.\\w+)*[ \\t]+import[ \\t]+([^\\n;]+)`, 'gm'),
  )) {
    for (const part of (match[1] ?? '').replace(/[()]/g, ' ').split(',')) {
      const [name, as, alias] = part.trim().split(/\s+/)
      if (name === className) names.push(as === 'as' && alias !== undefined ? alias : className)
      if (name === '*') names.push(className)
    }
  }
  for (const match of code.matchAll(/^[ \t]*import[ \t]+([^\n;]+)/gm)) {
    for (const part of (match[1] ?? '').split(',')) {
      const [name, as, alias] = part.trim().split(/\s+/)
      if (name === module) names.push(`${as === 'as' && alias !== undefined ? alias : module}.${className}`)
    }
  }
  return names
}

function escape(name: string): string {
  return name.replaceAll('.', '[ \\t]*\\.[ \\t]*')
}
