import { spawnSync } from 'node:child_process'
import { homedir } from 'node:os'

import { python } from './python.ts'

/**
 * Words in front of a program under which another account can run Python: none where it can anyway, a private view of
 * the file system where the interpreter lies in a home directory that is closed. A text says why there is no way.
 */
export function otherAccountRuns(uid: number): readonly string[] | string {
  if (process.getuid?.() !== 0) return 'needs root'
  if (canRun([], uid)) return []
  const words = ['unshare', '--mount', '--propagation', 'private', 'sh', '-ec', opening, 'sh', homedir()]
  return canRun(words, uid) ? words : 'its Python is closed, and this machine allows no mount namespace'
}

/** An empty home directory that everybody may pass, with what was in it: only its own mode is another one. */
const opening = `
home=$1; shift
# Of this view alone: nothing is left behind.
seen=/mnt
mount --bind "$home" "$seen"
mount -t tmpfs -o mode=755 tmpfs "$home"
for entry in "$seen"/* "$seen"/.[!.]*; do
  [ -d "$entry" ] || continue
  mkdir "$home/$(basename "$entry")"
  mount --bind "$entry" "$home/$(basename "$entry")"
done
exec "$@"`

const asked =
  'import os, sys; os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1])); os.execv(sys.executable, [sys.executable, "-c", "import streamlit.version"])'

function canRun(words: readonly string[], uid: number): boolean {
  const [program, ...rest] = [...words, python(), '-c', asked, String(uid)]
  return spawnSync(program ?? python(), rest, { stdio: 'ignore' }).status === 0
}
