#compdef fluxlit
# Completion of fluxlit for zsh: put `source <(fluxlit completion zsh)` into ~/.zshrc, after compinit.
_fluxlit() {
  local -a replies
  replies=("${(@f)$(SHELL=/bin/zsh fluxlit --get-yargs-completions "${(@)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${replies[1]}" ]]; then
    _describe fluxlit replies
  else
    _files
  fi
}
compdef _fluxlit fluxlit
