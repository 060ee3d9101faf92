/** Whether a Streamlit app brings a login of its own. Of its secrets nothing but the name of one table is looked at. */

import { join } from 'node:path'

import type { WorkerConfig } from './config.ts'
import type { ResolveContext } from './context.ts'
import { readText } from './files.ts'
import { parseToml } from './toml.ts'
import { isTree, pathKey } from './tree.ts'

const secretsFile = join('.streamlit', 'secrets.toml')

/** Warns of apps whose `st.login` would not do what it says, because the gateway signs people in. */
export function warnAboutNativeLogin(context: ResolveContext, workers: readonly WorkerConfig[]): void {
  if (context.settings.auth.streamlit_native) return
  const takesAddresses = context.settings.auth.modes.includes('oidc')
  for (const worker of workers) {
    if (worker.kind !== 'streamlit' || worker.run.kind !== 'spawn') continue
    const line = authLine(join(worker.run.cwd, secretsFile))
    if (line === null) continue
    const lost = takesAddresses
      ? '`st.login()` leads to the login of the gateway, and `st.user` is whom the gateway knows'
      : '`st.user` is whom the gateway knows, not who used `st.login()`'
    context.warnings.push({
      code: 'streamlit_login_shadowed',
      message: `${join(worker.run.cwd, secretsFile)}:${line} sets up Streamlit's own login for \`${worker.name}\`, which does not work behind that of the gateway: ${lost}`,
      where: context.origin(['auth', 'modes']),
      hint: 'remove [auth] from secrets.toml; or write streamlit_native = true in [auth] to leave `st.login` and `st.user` to Streamlit',
    })
  }
}

/** Line of the table `[auth]`, or of a table inside it; null = there is none, or the file is Streamlit's to report. */
function authLine(path: string): number | null {
  const file = readText(path)
  if (file.kind !== 'text') return null
  const parsed = parseToml(file.text, secretsFile)
  if (parsed.kind !== 'ok' || !isTree(parsed.value['auth'])) return null
  return parsed.lines.get(pathKey(['auth'])) ?? 1
}
