#!/usr/bin/env bash
# stead lock: against real registries, plain, with tokens and with passwords; and what each failure says.
. "$(dirname "$0")/lib.sh"
. tests/lib/registry.sh
reg=$(mktemp -d)
trap 'registries_down; rm -rf "$tmp" "$reg"' EXIT
unset REGISTRY_AUTH_FILE XDG_RUNTIME_DIR XDG_CONFIG_HOME DOCKER_CONFIG
export SSL_CERT_FILE=$reg/cert.pem
if ! registries_up "$reg"; then
	cat "$reg"/*.log
	echo 'Bail out! the registries do not start'
	exit 1
fi
caddy=docker.io/library/caddy:2 snac=lab.invalid/snac:2.75

# settings [LINE…]: new settings, with these images.
settings() {
	rm -rf "$tmp/n"
	new_node "$tmp/n"
	printf '%s\n' 'app: snac' 'domain: node.example.org' 'admin: {name: alice, email: alice@example.net}' \
		'mail: none' 'backup: none' 'tls: internal' 'machine: {os: fcos}' 'delivery: inline' 'images:' "$@" \
		>"$tmp/n/stead.yaml"
}
mirrored() { settings "  mirror: http://$plain" "  snac: ${1:-$snac}"; }
lock() { # CODE NAME [ARGUMENT…]
	local code=$1 name=$2
	shift 2
	run "$code" "$name" lock --dir "$tmp/n" "$@"
}
untouched() { is "$1: the lock is as it was" "$(grep -c sha256 "$tmp/n/stead.lock")" "${2:-0}"; }

# --- it works ---
mirrored
cp "$tmp/n/stead.lock" "$tmp/first.lock"
run 0 'rendering without a lock' render tree "$tmp/tree" --no-agent --dir "$tmp/n"
err_has 'it is warned' "warning[image.unlocked]: the image '$snac' is not locked"
lock 1 'check, when nothing is locked' --check
out_has 'it says so' "snac: $snac is $(digest_of snac)"
ok 'check writes nothing' cmp "$tmp/first.lock" "$tmp/n/stead.lock"
lock 0 'a mirror'
out_has 'an index' "caddy: $caddy is $(digest_of caddy) (aarch64 x86_64)"
out_has 'one image' "snac: $snac is $(digest_of snac) (x86_64)"
is 'the lock' "$(cat "$tmp/n/stead.lock")" "$(
	cat "$tmp/first.lock"
	printf 'images:\n  %s: %s\n  %s: %s\n' "$caddy" "$(digest_of caddy)" "$snac" "$(digest_of snac)"
	printf 'arches:\n  %s: aarch64 x86_64\n  %s: x86_64\n' "$caddy" "$snac"
)" || cat "$tmp/n/stead.lock"
cp "$tmp/n/stead.lock" "$tmp/lock"
lock 0 'once more'
out_has 'nothing to do' 'nothing to change'
ok 'the same bytes' cmp "$tmp/lock" "$tmp/n/stead.lock"
lock 0 'check, when all is the same' --check
run 0 'rendering with it' render tree "$tmp/tree2" --no-agent --dir "$tmp/n"
fails 'no warning' grep -q unlocked "$tmp/err"
is 'only digests are rendered' "$(grep -rhoE '^Image=.*' "$tmp/tree2/etc/containers/systemd" | sort)" \
	"$(printf 'Image=%s/docker.io/library/caddy@%s\nImage=%s/lab.invalid/snac@%s\n' "$plain" "$(digest_of caddy)" "$plain" "$(digest_of snac)")"
fails 'nowhere a tag' grep -rqE 'caddy:2|snac:2\.75' "$tmp/tree2/etc/containers" "$tmp/tree2/etc/stead/node.json"
sed -i '/^arches/,$d' "$tmp/n/stead.lock"
run 0 'a lock of before reads as well' check --dir "$tmp/n"
lock 0 'and is left alone'
fails 'as it was' grep -q arches "$tmp/n/stead.lock"
lock 0 'until it is to be updated' --update
ok 'then it has everything' cmp "$tmp/lock" "$tmp/n/stead.lock"
python3 tests/lib/registry-small.py "$reg" fill "http://$plain" --new >"$reg/new"
new=$(cut -d' ' -f2 "$reg/new")
lock 1 'check, when something is newer' --check
out_has 'it is named' "caddy: $caddy is $new now, and was $(digest_of caddy)"
fails 'the other is not' grep -q "$snac" "$tmp/out"
lock 0 'what is locked stays'
ok 'unchanged' cmp "$tmp/lock" "$tmp/n/stead.lock"
lock 0 'update of another one' --update snac
ok 'still unchanged' cmp "$tmp/lock" "$tmp/n/stead.lock"
lock 0 'update of this one' --update "$caddy"
is 'only that has changed' "$(diff "$tmp/lock" "$tmp/n/stead.lock" | grep -c '^>')" 1
ok 'to the new one' grep -qF "$new" "$tmp/n/stead.lock"
lock 2 'a name that is none' --update cady
err_has 'what is meant' "did you mean 'caddy'?"
settings "  mirror: http://$plain" '  snac: lab.invalid/snac:list'
lock 0 "Docker's manifest list"
ok 'its digest' grep -qF "lab.invalid/snac:list: $(digest_of list)" "$tmp/n/stead.lock"
settings "  mirror: http://$plain" "  snac: lab.invalid/snac@$(digest_of snac)"
lock 0 'one that is written with its digest'
fails 'is not in the lock' grep -q snac@ "$tmp/n/stead.lock"

# --- logins ---
with() { settings "  caddy: $1/open/snac:1" "  snac: $1/$2"; }
with "$tokens" open/snac:1
lock 0 'a token for everybody'
ok 'locked' grep -qF "$tokens/open/snac:1: $(digest_of open/snac)" "$tmp/n/stead.lock"
ok 'it was asked for without a login' grep -qx 'repository:open/snac:pull nobody' "$reg/token.log"
with "$tokens" private/snac:1
lock 1 'a token that is not enough'
err_has 'what helps' "'podman login $tokens'"
untouched 'no access'
mkdir -p "$HOME/.docker" "$HOME/.config/containers"
login() { printf '{"auths":{"%s":{"auth":"%s"}}}' "$1" "$(printf %s "$2" | base64 -w0)"; }
login "$tokens" alice:secret >"$HOME/.docker/config.json"
lock 0 "docker's login"
ok 'it was used' grep -qx 'repository:private/snac:pull alice' "$reg/token.log"
with "$basic" private/snac:1
lock 1 'a password is wanted'
err_has 'so it says' "does not give '$basic/open/snac:1'"
login "$basic" alice:secret >"$HOME/.config/containers/auth.json"
lock 0 "podman's login"
login "$basic" alice:wrong-secret >"$HOME/.config/containers/auth.json"
with "$basic" private/snac:1
lock 1 'a wrong password'
err_has 'so it says' 'may this login read it?'
fails 'nothing of it is said' grep -qE "wrong-secret|$(printf %s alice:wrong-secret | base64)" "$tmp/out" "$tmp/err"
small_registry lure || echo 'Bail out! no small registry'
settings "  mirror: http://$small" "  snac: $snac"
login "$small" alice:secret >"$HOME/.config/containers/auth.json"
lock 1 'a registry that sends to another, which wants a login'
err_has 'so it says' "$small sends to 127.0.0.1:${small#*:}, which wants a login"
ok 'it was there' grep -qx '/lured None' "$reg/lure.log"
fails 'the login went nowhere' grep -qE '^/token|Basic' "$reg/lure.log"
mkdir "$tmp/bin"
printf '#!/bin/sh\nexec sleep 300\n' >"$tmp/bin/docker-credential-asleep"
chmod +x "$tmp/bin/docker-credential-asleep"
echo '{"credsStore": "asleep"}' >"$HOME/.config/containers/auth.json"
with "$basic" private/snac:1
before=$SECONDS
PATH=$tmp/bin:$PATH lock 1 'a keeper of logins that does not answer' --deadline 2
ok 'is not waited for any longer' test $((SECONDS - before)) -lt 12
rm -r "$HOME/.docker" "$HOME/.config"
with "$tokens" open/snac:1
SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt lock 1 'an authority that is not known'
err_has 'so it says' 'the certificate of the registry'
with "$plain" open/snac:1
lock 1 'TLS with one that has none'
err_has 'so it says' "TLS with the registry $plain fails"

# --- each failure has its own sentence, and nothing is written ---
bad() { # NAME SENTENCE [ARGUMENT…]
	local name=$1 sentence=$2
	shift 2
	lock 1 "$name" "$@"
	err_has "$name: its sentence" "$sentence"
	untouched "$name"
}
mirrored lab.invalid/snac:3
bad 'no such tag' "error[image.registry]: $plain has no image '$plain/lab.invalid/snac:3': manifest unknown"
err_has 'the place is shown' '  snac: lab.invalid/snac:3'
mirrored lab.invalid/nothing:1
bad 'no such image' "has no image '$plain/lab.invalid/nothing:1'"
mirrored lab.invalid/snac:arm
bad 'another machine, an index' "'lab.invalid/snac:arm' is for aarch64, not for the machine's x86_64"
mirrored lab.invalid/snac:arm-one
bad 'another machine, one image' "'lab.invalid/snac:arm-one' is for aarch64"
small() { # WHAT SENTENCE [ARGUMENT…]
	small_registry "$1" || echo 'Bail out! no small registry'
	settings "  mirror: http://$small" "  snac: $snac"
	bad "$1" "${2//SMALL/$small}" "${@:3}"
}
small busy 'was asked too often and wants to be left alone for 120 s'
small trouble 'has trouble of its own: 503: ?[31mback at noon'
small garbage "sends for 'SMALL/docker.io/library/caddy:2' is no JSON"
small wrong "not sha256:0000000000000000000000000000000000000000000000000000000000000000"
small huge 'sends more than an answer can be'
small elsewhere 'sends elsewhere, and that is wrong'
small slow 'takes too long to answer' --deadline 1
settings '  mirror: http://127.0.0.1:1' "  snac: $snac"
bad 'nobody listens' 'the registry 127.0.0.1:1 cannot be reached'
is 'one that cannot be asked is asked once' "$(grep -c 'cannot be reached' "$tmp/err")" 1
settings '  mirror: https://registry.invalid' "  snac: $snac"
bad 'no such name' 'no address is found for the registry registry.invalid'
settings '  mirror: http://127.0.0.1:port' "  snac: $snac"
bad 'a mirror that is none' "error[image.mirror]: 'http://127.0.0.1:port' is not a registry"
is 'nobody is asked instead' "$(grep -c 'error\[' "$tmp/err")" 1

# --- up, which stops behind it here: nobody could look into this machine ---
up() { # NAME [ARGUMENT…]
	run 1 "$1" up --on vm --image "$tmp/none" --dir "$tmp/n" "${@:2}"
}
mirrored
up 'up --dry-run' --dry-run
untouched 'up --dry-run'
up 'up'
err_has 'it locks what is missing' 'locked 2 images in stead.lock'
sed "s/^lineage: .*/$(grep '^lineage' "$tmp/n/stead.lock")/; s/$(digest_of caddy)/$new/" "$tmp/lock" >"$tmp/wanted"
ok 'as stead lock does' cmp "$tmp/wanted" "$tmp/n/stead.lock"
fails 'nothing is unlocked' grep -q unlocked "$tmp/err"
if command -v qemu-img >/dev/null; then
	mirrored
	ssh-keygen -q -t ed25519 -N '' -f "$tmp/key"
	sed -i "s#os: fcos}#os: fcos, ssh_keys: [$tmp/key.pub]}#" "$tmp/n/stead.yaml"
	qemu-img create -q -f qcow2 "$tmp/empty.img" 1G
	cat >"$tmp/qemu" <<-EOF
		#!/bin/sh
		[ "\$1" != --version ] || exec echo QEMU emulator version 10.0.0
		cp "$tmp/n/.stead/vm/config.ign" "$tmp/config.ign"
		exit 1
	EOF
	chmod +x "$tmp/qemu"
	STEAD_QEMU=$tmp/qemu run 3 'up in a VM that does not start' up --on vm --yes --image "$tmp/empty.img" --dir "$tmp/n"
	err_has 'it was locked' 'locked 2 images'
	jq -r .ignition.config.replace.source "$tmp/config.ign" | sed 's/^data:[^,]*,//' | base64 -d | zcat >"$tmp/inner.ign"
	jq -r '.storage.files[] | select(.path == "/etc/stead/node.json").contents.source' "$tmp/inner.ign" |
		python3 -c 'import sys, urllib.request as r; sys.stdout.buffer.write(r.urlopen(sys.stdin.read().strip()).read())' \
			>"$tmp/node.json"
	is 'the data are on the disk that a VM has' "$(jq -r .data.device "$tmp/node.json")" /dev/disk/by-id/virtio-stead-data
	fails 'and on no part of the system' grep -q partitions "$tmp/inner.ign"
fi
mirrored lab.invalid/snac:3
up 'up with an image that is not there'
err_has 'it does not begin' "error[image.registry]: $plain has no image"
fails 'with anything' grep -q 'up.ssh_keys' "$tmp/err"
settings '  mirror: http://127.0.0.1:1' "  snac: $snac"
up 'up with a registry that cannot be asked from here'
err_has 'it warns' "warning[image.unlocked]: '$caddy' is not locked"
err_has 'and goes on' 'up.ssh_keys'

# --- other mistakes ---
mirrored
rm "$tmp/n/stead.lock"
lock 1 'no lock at all'
err_has 'it says what it is for' 'there is no stead.lock'
tap_done
