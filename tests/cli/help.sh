#!/usr/bin/env bash
# Help, usage errors, exit codes, completion.
. "$(dirname "$0")/lib.sh"

run 0 'stead --help' --help
ok 'help is on stdout alone' test ! -s "$tmp/err"
commands=$(awk '/^[a-z]+:$/ { on = $1 != "options:" } on && /^  [a-z]/ { print $1 }' "$tmp/out")
ok 'help lists commands' test "$(wc -w <<<"$commands")" -ge 12
for command in $commands; do
	run 0 "stead $command --help" "$command" --help
	out_has "$command: help says how it is used" "usage: stead $command"
	is "$command: no line is too wide" "$(awk 'length > 80' "$tmp/out" | grep -vc '^  stead ')" 0
	run 2 "$command with an option that is none" "$command" --no-such-option
	run 0 "$command -h" "$command" -h
done
run 0 'stead --version' --version
out_has 'the version is said' 'stead 0.'
run 0 'stead version' version
run 0 'help wins over a missing argument' explain --help

# usage errors: exit 2, one sentence on stderr, what was probably meant
run 2 'no command'
run 2 'a wrong command' chekc
err_has 'a wrong command: the right one is named' "did you mean 'check'?"
run 2 'a wrong option' check --frmat=json
err_has 'a wrong option: the right one is named' "did you mean '--format'?"
ok 'usage errors are on stderr alone' test ! -s "$tmp/out"
run 2 'a wrong word' check --format=jsno
err_has 'a wrong word: the right one is named' "did you mean 'json'?"
run 2 'a value for a flag' up --yes=1
run 2 'no value for an option' check --dir
run 2 'an argument too many' check extra
run 2 'an argument missing' explain
run 2 'a wrong first argument' completion ksh
run 2 'a number that is none' up --deadline soon
run 2 'joined letters' logs -fh
run 3 'a value behind a blank' status --dir "$tmp"
run 3 'a value behind =' status "--dir=$tmp"
run 3 'behind -- an argument, never an option' logs --dir "$tmp" -- proxy
run 2 'a process name that is none' logs --dir "$tmp" -- -f
for command in down status logs ssh open; do
	run 3 "$command without a machine" "$command" --dir "$tmp"
	err_has "$command without a machine: how to make one" 'stead up'
done

run 3 'status as JSON without a machine' status --json --dir "$tmp"
ok 'it is JSON' jq -e '.v == 1 and .state == "off"' "$tmp/out"

# a full disk behind stdout is an error, not a success
"$stead" --help >/dev/full 2>"$tmp/err"
is 'output that cannot be written: exit code 3' $? 3

# completion: the shells themselves judge it
for shell in bash fish zsh; do
	run 0 "completion $shell" completion "$shell"
	cp "$tmp/out" "$tmp/$shell"
	if command -v $shell >/dev/null; then
		ok "$shell reads its completion" $shell -n "$tmp/$shell"
	else
		skip "$shell reads its completion" "no $shell here"
	fi
done
complete() { # WORD… with the one to complete at the end
	bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _stead; printf "%s\n" "${COMPREPLY[@]}"' \
		_ "$tmp/bash" "$@" | LC_ALL=C sort | tr '\n' ' '
}
is 'bash: commands' "$(complete stead re)" 'render '
is 'bash: options' "$(complete stead check --form)" '--format= '
is 'bash: words of an option' "$(complete stead check --format = j)" 'json '
is 'bash: settings' "$(complete stead init --set machine.os)" 'machine.os= '
is 'bash: first arguments' "$(complete stead completion z)" 'zsh '
is 'bash: second words' "$(complete stead app l)" 'list '
is 'bash: options of two words' "$(complete stead app new --ap)" '--apps= '
is 'bash: options behind a first argument' "$(complete stead mail test --no)" '--no-message '
is 'bash: what explain knows of' "$(complete stead explain mail.po)" 'mail.port '
is 'bash: and again' "$(complete stead explain mail.port tcp/4)" 'tcp/443 '
is 'bash: processes' "$(complete stead logs ca)" 'caddy '
is 'bash: the tools of an application' "$(complete stead app sn)" 'snac '
is 'bash: applications' "$(complete stead app show s)" 'snac '
is 'bash: providers' "$(complete stead providers het)" 'hetzner '
is 'bash: hidden commands stay hidden' "$(complete stead manu)" ' '

# What is offered is what is understood. The shell does not know which application a folder is for: it
# offers the processes of all.
new_node "$tmp/node"
read -ra processes < <(complete stead logs '')
read -ra subjects < <(complete stead explain '' | tr ' ' '\n' | grep -vxF "$(printf '%s\n' "${processes[@]}")" | tr '\n' ' ')
ok "explain is offered subjects: ${#subjects[@]}" test ${#subjects[@]} -ge 50
run 0 'explain answers for all that it is offered' explain --dir "$tmp/node" "${subjects[@]}"
run 0 'and for processes' explain --dir "$tmp/node" caddy snac
for app in $(complete stead app show ''); do "$stead" app show "$app"; done >"$tmp/apps"
for process in "${processes[@]}"; do
	[ "$process" = caddy ] || ok "a process that is offered: $process" grep -qw "$process" "$tmp/apps"
done
for word in $(complete stead providers ''); do
	run 0 "a provider that is offered: $word" providers "$word"
done
for shell in fish zsh; do
	for word in tcp/443 mail.port caddy hetzner; do
		ok "$shell is told of $word" grep -qw "$word" "$tmp/$shell"
	done
done

# colour: only where it is asked for or on a terminal
env -u NO_COLOR TERM=xterm "$stead" check --dir "$tmp/nothing" >"$tmp/out" 2>&1 </dev/null
ok 'no colour without a terminal' bash -c '! grep -q $'"'\\033'"' "$1"' _ "$tmp/out"
"$stead" check --dir "$tmp/nothing" --color=always >"$tmp/out" 2>&1 </dev/null
ok 'colour when it is asked for' grep -q $'\033' "$tmp/out"
tap_done
