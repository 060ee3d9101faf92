# Completion of fluxlit for fish: fluxlit completion fish > ~/.config/fish/completions/fluxlit.fish
function __fluxlit_words
    set -l words (commandline -opc) (commandline -ct)
    env SHELL=/usr/bin/fish fluxlit --get-yargs-completions $words 2>/dev/null
end
complete -c fluxlit -a '(__fluxlit_words)'
