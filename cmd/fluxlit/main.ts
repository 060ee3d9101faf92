/** argv -> command -> exit code. `--version` is answered before anything heavy is loaded. */

import { buildInfo } from '../../internal/cli/build.ts'

const argv = process.argv.slice(2)

if (process.env['FLUXLIT_ROLE'] === 'watcher') {
  const { watch } = await import('../../internal/cli/watcher.ts')
  await watch()
} else if (argv[0] === '--version' || argv[0] === '-V') {
  const info = buildInfo()
  process.stdout.write(argv.includes('--json') ? `${JSON.stringify(info)}\n` : `fluxlit ${info.version}\n`)
} else {
  // Before the command line is loaded: the library that reads it asks for the directory at once.
  const { refuseWithoutDirectory } = await import('../../internal/cli/working-directory.ts')
  const refused = refuseWithoutDirectory(argv)
  if (refused !== null) process.exit(refused)
  const { main } = await import('../../internal/cli/main.ts')
  // Not `exitCode`: a handle somebody forgot must not keep a stopped gateway alive.
  process.exit(await main(argv))
}
