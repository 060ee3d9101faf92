/** Opening an address in the browser of whoever sits at the terminal. */

import { spawn } from 'node:child_process'

/** The program that opens addresses here, or null when there is no screen to open them on. */
export function browserCommand(
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): string | null {
  if (platform === 'darwin') return 'open'
  const hasScreen = [env['DISPLAY'], env['WAYLAND_DISPLAY']].some((value) => (value ?? '') !== '')
  return hasScreen ? 'xdg-open' : null
}

/** Opens an address; resolves to false when that is not possible here. Never rejects. */
export function openBrowser(
  url: string,
  platform: NodeJS.Platform,
  env: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const command = browserCommand(platform, env)
  if (command === null) return Promise.resolve(false)
  return new Promise((resolve) => {
    const child = spawn(command, [url], { detached: true, stdio: 'ignore', env })
    child.once('error', () => resolve(false))
    child.once('spawn', () => resolve(true))
    child.unref()
  })
}
