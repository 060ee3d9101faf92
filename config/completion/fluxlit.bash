# Completion of fluxlit for bash: put `source <(fluxlit completion bash)` into ~/.bashrc.
_fluxlit() {
  local current=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
  local words=("${COMP_WORDS[@]:0:COMP_CWORD+1}")
  COMPREPLY=($(compgen -W "$(SHELL=/bin/bash fluxlit --get-yargs-completions "${words[@]}" 2>/dev/null)" -- "$current"))
}
complete -o bashdefault -o default -F _fluxlit fluxlit
