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

# --- newer versions, within updates.app ---
mkdir -p "$tmp/apps/duo"
cat >"$tmp/apps/duo/app.yaml" <<-'EOF'
	format: 1
	name: duo
	title: Two images that belong together
	versions: [version >= 4.7, version < 4.9]
	env: {new: {processes: [web], when: [version >= 4.8], values: {NEW: "1"}}}
	processes:
	  web: {image: lab.invalid/duo/web:v4.7.1, user: "1000:1000", port: 8000, networks: [ext, int], env: {V: "1"}}
	  streaming: {image: lab.invalid/duo/streaming:v4.7.1, user: "1000:1000", networks: [int]}
	  worker: {image: "${image.web}", user: "1000:1000", networks: [int]}
	  store: {image: lab.invalid/duo/store:7.4-bookworm, user: "1000:1000", networks: [int], group: data}
	routes: [{path: /, process: web}]
EOF
web=lab.invalid/duo/web streaming=lab.invalid/duo/streaming store=lab.invalid/duo/store
push() { python3 tests/lib/registry-small.py "$reg" push "http://$plain" "$@" >>"$reg/pushed"; }
pushed() { awk -v name="$1" '$1 == name { d = $2 } END { print d }' "$reg/pushed"; }
duo() { # [LINE…]
	settings "  mirror: http://${from:-$plain}" "$@"
	sed -i 's/^app: snac/app: duo/' "$tmp/n/stead.yaml" "$tmp/n/stead.lock"
}
update() { lock "$1" "$2" "${@:3}" --apps "$tmp/apps"; } # CODE NAME [ARGUMENT…]
tag_of() { sed -n "s#^  $1: \(v.*\)#\1#p" "$tmp/n/stead.lock"; }
tree() { # NAME: what the node would get
	rm -rf "$tmp/tree.duo"
	run 0 "$1" render tree "$tmp/tree.duo" --no-agent --dir "$tmp/n" --apps "$tmp/apps"
}
push $web:v4.7.1 $streaming:v4.7.1 $store:7.4-bookworm $store:7.6-bookworm $web:latest
duo
update 0 'what is named is locked first'
update 0 'an update, when there is nothing newer' --update
out_has 'nothing is done' 'nothing to change'
update 0 'and asked about' --update --check
out_has 'the same is said' 'nothing is newer than in stead.lock'
push $web:v4.7.2 $web:v4.7.10 $web:v4.7.11-rc1 $web:v4.7.12-slim $web:v4.8.0 $web:v4.9.0 $streaming:v4.7.2 $streaming:v4.8.0
cp "$tmp/n/stead.lock" "$tmp/before.lock"
update 0 'without --update'
out_has 'all stays' 'nothing to change'
update 1 'asked what is newer' --check
out_has 'a tag that both have' "web: $web:v4.7.1 goes on to v4.7.2, which is $(pushed $web:v4.7.2) (aarch64 x86_64)"
out_has 'of the other too' "streaming: $streaming:v4.7.1 goes on to v4.7.2, which is $(pushed $streaming:v4.7.2)"
out_has 'what is beyond is said' "web, streaming: v4.8.0 is newer still: beyond 'updates.app: patch'"
out_has 'and how to take it' "'stead lock --update' takes it"
fails 'the store keeps its line' grep -qF 7.6 "$tmp/out"
ok 'nothing is written' cmp "$tmp/before.lock" "$tmp/n/stead.lock"
update 0 'one that belongs to another' --update streaming
is 'both went' "$(tag_of $web:v4.7.1) $(tag_of $streaming:v4.7.1)" 'v4.7.2 v4.7.2'
ok 'the image is the newer one' grep -qx "  $web:v4.7.2: $(pushed $web:v4.7.2)" "$tmp/n/stead.lock"
fails 'and that of before is gone' grep -q 'v4.7.1: sha256' "$tmp/n/stead.lock"
cp "$tmp/n/stead.lock" "$tmp/after.lock"
update 0 'once more' --update
out_has 'there is no more' 'nothing to change'
update 0 'and without'
ok 'the same bytes' cmp "$tmp/after.lock" "$tmp/n/stead.lock"
tree 'the node'
is 'web and worker are the newer one' \
	"$(grep -rlF "duo/web@$(pushed $web:v4.7.2)" "$tmp/tree.duo/etc/containers/systemd" | wc -l)" 2
run 0 'the reports know it' explain $web:v4.7.2 --dir "$tmp/n" --apps "$tmp/apps"
out_has 'and say why' "the newer one that 'stead lock --update' took"
echo 'updates: {app: minor}' >>"$tmp/n/stead.yaml"
update 0 'a wider channel' --update
is 'goes further, from what it has' "$(tag_of $web:v4.7.1) $(tag_of $streaming:v4.7.1)" 'v4.8.0 v4.8.0'
tree 'the node of the newer version'
ok 'conditions know the version' grep -rq 'NEW=1' "$tmp/tree.duo/etc"
push $streaming:v4.9.0
update 0 'beyond what the definition is for' --check
out_has 'that is said' 'web, streaming: v4.9.0 is newer still: the definition of duo was not written for it'
out_has 'and nothing else' "nothing that 'stead lock --update' would take"
sed -i 's/v4\.7\.1/v4.7.9/' "$tmp/apps/duo/app.yaml"
tree 'a definition that has gone on, and less far'
ok 'does not take it back' grep -rqF "web@$(pushed $web:v4.8.0)" "$tmp/tree.duo/etc/containers/systemd"
push $web:v4.8.2 $streaming:v4.8.2
update 0 'the next update' --update
is 'has the names of now alone' "$(grep -c 'duo/web:v4.*: v4' "$tmp/n/stead.lock") $(tag_of $web:v4.7.9)" '1 v4.8.2'
sed -i "s#^updates.*#updates: {app: none}#" "$tmp/n/stead.yaml"
push $web:v4.8.3 $streaming:v4.8.3
update 0 'no channel' --update
out_has 'keeps the tags that it has' 'nothing to change'
sed -i 's/v4\.7\.9/v4.7.1/' "$tmp/apps/duo/app.yaml"
duo "  web: $web:v4.8.0"
update 0 'web is named by the user'
update 0 'what belongs to it is behind' --update
fails 'and cannot follow in its channel' grep -q tags "$tmp/n/stead.lock"
sed -i 's/v4.8.0$/v4.7.2/' "$tmp/n/stead.yaml"
update 0 'web is named a little newer' --update
is 'what belongs to it follows' "$(tag_of $streaming:v4.7.1)" v4.7.2
for other in latest "v4.7.1@$(pushed $web:v4.7.1)"; do
	duo "  web: $web:$other"
	update 0 "web as $other" --update
	out_has 'neither goes' 'web, streaming: they belong together, and are not named with one kind of tag, so they stay'
	fails 'none is changed' grep -q tags "$tmp/n/stead.lock"
done

# Lists of tags that come in pages, or not at all; the images themselves are there.
tags() { # WHAT SENTENCE [ARGUMENT…]
	small_registry "$1" "http://$plain" || echo 'Bail out! no small registry'
	from=$small duo
	update 0 "$1: the images"
	cp "$tmp/n/stead.lock" "$tmp/before.lock"
	# What has no list keeps its tag; who does not answer is an error.
	if [ "$1" = tags-slow ]; then
		update 1 "$1" --update "${@:3}"
		err_has 'it says so' "error[image.registry]: what is newer than '$web:v4.7.1' is not known: ${2//SMALL/$small}"
	else
		update 0 "$1" --update "${@:3}"
		out_has 'it says so' "web: what is newer than '$web:v4.7.1' is not known: ${2//SMALL/$small}"
	fi
	ok 'the lock is as it was' cmp "$tmp/before.lock" "$tmp/n/stead.lock"
}
small_registry tags-pages "http://$plain" || echo 'Bail out! no small registry'
from=$small duo
rm -f "$reg/tags.log"
update 0 'a list in pages' --update
is 'all pages are read' "$(tag_of $web:v4.7.1)" v4.7.2
ok 'there were several' test "$(grep -c '/web/tags/list' "$reg/tags.log")" -gt 3
tags tags-endless "what SMALL sends as the tags of 'SMALL/$web' is more than can be compared"
tags tags-many "what SMALL sends as the tags of 'SMALL/$web' is more than can be compared"
tags tags-denied "SMALL does not give 'SMALL/$web:v4.7.1': no lists here"
tags tags-missing "SMALL has no image 'SMALL/$web:v4.7.1': no lists here"
tags tags-garbage "what SMALL sends as the tags of 'SMALL/$web' is no list of tags"
rm -f "$reg/tags.log"
tags tags-elsewhere "what SMALL sends as the tags of 'SMALL/$web' is a list that goes on elsewhere"
fails 'and nobody went there' grep -q '^127' "$reg/tags.log"
tags tags-slow 'the registry SMALL takes too long to answer' --deadline 1
echo 'updates: {app: none}' >>"$tmp/n/stead.yaml"
update 0 'a registry without lists, and no channel' --update
from=127.0.0.1:1 duo
update 1 'a registry that is not there' --update
err_has 'it is said' "what is newer than '$web:v4.7.1' is not known: the registry 127.0.0.1:1 cannot be reached"
is 'and asked once' "$(grep -c 'cannot be reached' "$tmp/err")" 1

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
