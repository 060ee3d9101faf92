#compdef fluxlit
# Completion of fluxlit for zsh: put `source <(fluxlit completion zsh)` into ~/.zshrc, after compinit. As a file _fluxlit in
# a directory of fpath it is read when it is first needed, and then has to complete at once.
_fluxlit() {
  local -a replies
  replies=("${(@f)$(SHELL=/bin/zsh fluxlit --get-yargs-completions "${(@)words[1,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${replies[1]}" ]]; then
    _describe fluxlit replies
  else
    _files
  fi
}
if [[ "${funcstack[1]}" == _fluxlit ]]; then
  _fluxlit "$@"
else
  compdef _fluxlit fluxlit
fi
