/**
 * The watcher as a program for any POSIX shell. Lines on standard input: `+ GROUP START` and `- GROUP`; `.` ends it
 * without harm. End-of-file means that the gateway is gone. `START` is field 22 of `/proc/GROUP/stat`, `-` where
 * there is no such file. Only the shell itself and `sleep` are needed.
 */
export const watcherScript = `
set -f
trap '' HUP INT TERM QUIT
groups=

forget() {
  kept=
  for entry in $groups; do [ "\${entry%:*}" = "$1" ] || kept="$kept $entry"; done
  groups=$kept
}

look() {
  state= start= line=
  [ -r "/proc/$1/stat" ] || return 0
  while IFS= read -r part; do line=$part; done <"/proc/$1/stat"
  set -- \${line##*) }
  state=$1 start=\${20}
}

# A process of another birth has only got the number; a group whose leader is gone keeps its number to itself.
is_foreign() {
  look "\${1%:*}"
  [ -n "$start" ] && [ "\${1#*:}" != - ] && [ "$start" != "\${1#*:}" ]
}

leads() {
  [ -r "/proc/$$/stat" ] || { kill -0 "$1" 2>/dev/null; return; }
  look "$1"
  [ -n "$start" ] && [ "$state" != Z ]
}

while read -r op group start; do
  case $op in
    +) [ "$group" -gt 1 ] && groups="$groups $group:$start" ;;
    -) forget "$group" ;;
    .) exit 0 ;;
  esac
done

for entry in $groups; do
  group=\${entry%:*}
  if is_foreign "$entry"; then forget "$group"; continue; fi
  kill -TERM "$group" 2>/dev/null || kill -TERM "-$group" 2>/dev/null
  kill -CONT "-$group" 2>/dev/null
done

left=8
while [ -n "$groups" ]; do
  for entry in $groups; do
    group=\${entry%:*}
    if [ "$left" -gt 0 ] && leads "$group"; then continue; fi
    kill -KILL "-$group" 2>/dev/null
    forget "$group"
  done
  [ -n "$groups" ] || break
  sleep 1 || left=0
  left=$((left - 1))
done
`
