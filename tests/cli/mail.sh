#!/usr/bin/env bash
# stead mail test: against a real mail server, by way of the node's agent; and what each failure says.
# ssh and sudo are stand-ins that run the node's command here; all else is real.
. "$(dirname "$0")/lib.sh"
. tests/lib/smtp.sh
. tests/lib/fake-machine.sh
mail=$(mktemp -d)
chmod 755 "$mail"
trap 'smtp_down; machine_down; rm -rf "$tmp" "$mail"' EXIT

if ! smtp_up "$mail"; then
	cat "$mail"/log/* "$mail/openssl.log"
	echo 'Bail out! the mail server does not start'
	exit 1
fi

# mail_node [ARGUMENT…]: a settings folder in $tmp/n with a machine, and these settings.
printf %s "$smtp_password" >"$tmp/password"
mail_node() {
	local from='Grüße "aus" Münster <hello@lab.invalid>' more=()
	[[ "$*" == *mail.host=* ]] || more+=(--set mail.host=localhost)
	[[ "$*" == *mail.from=* ]] || more+=(--set "mail.from=$from")
	rm -rf "$tmp/n"
	"$stead" init --dir "$tmp/n" "${identity[@]}" --set admin.email=alice@lab.invalid --set backup=none \
		"${more[@]}" "$@" </dev/null >"$tmp/out" 2>"$tmp/err" || { cat "$tmp/err"; echo 'Bail out! init'; exit 1; }
	machine_up "$tmp/n"
}
login=(--set mail.user=hello --secret mail.password=@"$tmp/password")
mail_test() { # CODE NAME [ARGUMENT…]
	local code=$1 name=$2
	shift 2
	run "$code" "$name" mail test --dir "$tmp/n" "$@"
}
new_mail() { find "$smtp_maildir" -path '*/new/*' -type f; }
arrived() { [ "$(new_mail | wc -l)" = "$1" ]; }
export SSL_CERT_FILE=$smtp_ca

# --- it works ---
mail_node --set mail.port="$port_starttls" "${login[@]}"
mail_test 0 'STARTTLS, login, message'
out_has 'it says what was done' "takes mail from the node: STARTTLS, login as 'hello', a message to alice@lab.invalid is on its way"
ok 'the message arrives' until_ok 30 arrived 1
new_mail | xargs cat >"$tmp/message"
ok 'it is what it should be' python3 - "$tmp/message" <<-'PY'
	import email, email.policy, sys
	from email.utils import parseaddr, parsedate_to_datetime
	raw = open(sys.argv[1], "rb").read()
	assert all(b < 128 for b in raw), "seven bits"
	m = email.message_from_bytes(raw, policy=email.policy.default)
	assert not m.defects, m.defects
	assert parseaddr(str(m["from"])) == ('Grüße "aus" Münster', "hello@lab.invalid"), m["from"]
	assert m["to"].addresses[0].addr_spec == "alice@lab.invalid"
	assert m["message-id"].endswith("@node.example.org>")
	assert abs(parsedate_to_datetime(m["date"]).timestamp() - __import__("time").time()) < 3600
	text = m.get_content()
	assert m.get_content_type() == "text/plain" and m.get_content_charset() == "utf-8"
	assert "node.example.org" in text and "“Grüße" in text, text
PY
ok 'it was received by TLS with a login' grep -qE 'with esmtpsa' "$tmp/message"
ok 'from the name of the site' grep -qE 'helo=node.example.org|\(node.example.org\)|from .*node.example.org' "$tmp/message"
mail_test 0 'to somebody else' --to bob@lab.invalid
ok 'it arrives too' until_ok 30 arrived 2
ok 'for him' bash -c 'grep -rlq "^To: <bob@lab.invalid>" "$1"' _ "$smtp_maildir/new"
touch "$machine_bin/greets"
mail_test 0 'a shell that greets first' --no-message
rm "$machine_bin/greets"
mail_test 0 'no message' --no-message
out_has 'says so' "STARTTLS, login as 'hello'"
fails 'sends none' grep -q 'on its way' "$tmp/out"
arrived 2 && before=2 || before=0
is 'nothing arrives' "$before" 2
mail_node --set mail.port="$port_tls" --set mail.tls=tls "${login[@]}"
mail_test 0 'TLS from the start'
out_has 'named so' 'from the node: TLS, login'
mail_node --set mail.port="$port_plain" --set mail.tls=none
mail_test 0 'without TLS and without a login'
out_has 'named so' 'without TLS, a message'

# --- each failure has its own sentence ---
failure() { # CODE NAME SENTENCE HINT [ARGUMENT…]
	local code=$1 name=$2 sentence=$3 hint=$4
	shift 4
	mail_test "$code" "$name" "$@"
	err_has "$name: its sentence" "$sentence"
	[ -z "$hint" ] || err_has "$name: its hint" "$hint"
	fails "$name: no password" grep -qF -e "$smtp_password" -e "$(printf '\0hello\0%s' "$smtp_password" | base64 -w0)" "$tmp/err"
}
mail_node --set mail.host=nothing.invalid
failure 1 'a name that is none' 'finds no address for nothing.invalid' 'typing error'
mail_node --set mail.port="$port_closed"
failure 1 'nobody listens' "is refused a connection to localhost:$port_closed" 'many providers block ports 25 and 465'
mail_node --set mail.port=465 --set machine.provider=hetzner
failure 1 'a port the provider blocks' 'is refused a connection to localhost:465' 'Hetzner blocks ports 25 and 465'
mail_node --set mail.port=465
sed -i 's/}$/,"provider":"hetzner"}/' "$tmp/n/.stead/vm/target.json"
failure 1 'the machine said whose it is' 'is refused a connection to localhost:465' 'Hetzner blocks ports 25 and 465'
small_server full
mail_node --set mail.port="$small_port"
failure 1 'nothing answers' "nothing answers the node at localhost:$small_port" 'many providers block' --deadline 2
mail_node --set mail.port="$port_plain" "${login[@]}"
failure 1 'no STARTTLS' 'offers no STARTTLS' 'port 465'
mail_node --set mail.port="$port_plain" --set mail.tls=none "${login[@]}"
failure 1 'no login' 'offers no login' 'only after TLS'
mail_node --set mail.port="$port_method" "${login[@]}"
failure 1 'another way to log in' 'no way to log in with a password' ''
mail_node --set mail.port="$port_starttls" --set mail.user=hello --secret mail.password=@/dev/fd/3 3<<<wrong
failure 1 'a wrong password' "refuses the login of 'hello': 535" 'mail.password'
mail_node --set mail.port="$port_starttls" "${login[@]}"
failure 1 'a recipient that is none' "refuses the recipient 'nobody@lab.invalid': 550 there is no such mailbox" 'typing error' \
	--to nobody@lab.invalid
failure 1 'greylisting' 'puts the recipient off for now: 451 greylisted' 'try again in some minutes' --to later@lab.invalid
failure 1 'spam' 'refuses the message: 550 this looks like spam' '' --to spam@lab.invalid
mail_node --set mail.port="$port_starttls" --set mail.from=x@refused.invalid "${login[@]}"
failure 1 'a sender that is not ours' "refuses the sender 'x@refused.invalid': 550 not your sender" 'mail.from'
mail_node --set mail.port="$port_starttls"
failure 1 'a login is wanted' "refuses the recipient 'alice@lab.invalid': 550 log in first" 'mail.user'

# --- certificates ---
mail_node --set mail.port="$port_expired" "${login[@]}"
failure 1 'an expired certificate' 'has expired' 'renew'
mail_node --set mail.port="$port_starttls" --set mail.host=127.0.0.1 "${login[@]}"
failure 1 'a certificate for another name' 'is for another name' 'mail.host'
mail_node --set mail.port="$port_starttls" "${login[@]}"
SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt failure 1 'an authority that is not known' 'authority that is not known' ''
mail_node --set mail.port="$port_starttls" --set mail.tls=tls "${login[@]}"
failure 1 'TLS too early' 'TLS with localhost' 'mail.tls: starttls'

# --- what a mail server never does ---
small() { # WHAT NAME SENTENCE HINT [ARGUMENT…]
	small_server "$1"
	mail_node --set mail.port="$small_port"
	shift
	failure 1 "$@"
}
small silent 'silence' 'lets the node connect, and says nothing' 'mail.tls: tls' --deadline 8
small slow 'no answer to EHLO' 'took too long to answer EHLO' '--deadline' --deadline 8
small ssh 'an ssh server' 'is no mail server' 'mail.port'
small garbage 'garbage' 'is no mail server' 'mail.port'
small not-welcome 'not welcome' 'wants nothing to do with the node: 554 go away?[31m' ''
small busy 'a busy one' 'puts its greeting off for now: 421 too many of you' 'try again'
small hangs-up 'it hangs up' 'ended the connection at EHLO' ''
small_server echo
mail_node --set mail.port="$small_port" --set mail.tls=none "${login[@]}"
failure 1 'it repeats the password' "refuses the login of 'hello': 535" ''

# --- before it begins ---
mail_node --set mail.port="$port_starttls" "${login[@]}"
machine_ssh_fails 'Permission denied (publickey).'
failure 3 'ssh does not get there' 'the node was not reached: Permission denied (publickey).' 'stead status'
machine_down
mail_test 3 'the machine does not run'
sed -i '/^mail.password/d' "$tmp/n/stead.secrets.yaml"
mail_test 1 'the password is missing'
err_has 'it is named' "'mail.password'"
rm -rf "$tmp/n"
new_node "$tmp/n"
mail_test 1 'no mail at all'
err_has 'it says so' "'mail' is 'none'"
mail_test 2 'an address that is none' --to 'a b@example.net'
mail_test 2 'header injection' --to $'a@b\r\nX: y'
run 2 'another word' mail send --dir "$tmp/n"
fails 'no argument of any program held the password' grep -qF -e "$smtp_password" "$machine_log"
ok 'the arguments were looked at' test -s "$machine_log"
tap_done
