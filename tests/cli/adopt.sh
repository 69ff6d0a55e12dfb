#!/usr/bin/env bash
# stead adopt: the folder that comes back is the one that was. ssh is a stand-in that runs the node's
# commands here, with /etc/stead in a folder of the test, and shows a host key as a server would.
. "$(dirname "$0")/lib.sh"
node=$tmp/node root=$tmp/root
"$stead" init --dir "$node" "${answers[@]}" --set machine.size=2g </dev/null >"$tmp/out" 2>&1 || cat "$tmp/out"
mkdir -p "$root/etc/stead/secrets" "$tmp/bin"
cp "$node/stead.yaml" "$node/stead.lock" "$root/etc/stead/"
cp "$node/stead.secrets.yaml" "$root/etc/stead/secrets/"
ssh-keygen -q -t ed25519 -N '' -C host -f "$tmp/host"
print=$(ssh-keygen -lf "$tmp/host.pub" | cut -d' ' -f2)
cat >"$tmp/bin/ssh" <<-SH
	#!/bin/sh
	config=\$2
	case "\$*" in
	*HostKeyAlgorithms=ssh-ed25519*)
		known=\$(sed -n 's/^ *UserKnownHostsFile *//p' "\$config" | tr -d '"')
		name=\$(sed -n 's/^ *HostKeyAlias *//p' "\$config" | tr -d '"' | head -n 1)
		echo "\${name:-host.example.net} \$(cut -d' ' -f1,2 '$tmp/host.pub')" >>"\$known"
		exit 255
		;;
	*HostKeyAlgorithms=*) exit 255 ;;
	esac
	while [ \$# -gt 0 ] && [ "\$1" != -- ]; do shift; done
	[ \$# -gt 0 ] || exit 255
	shift
	[ ! -e '$tmp/greets' ] || printf 'good morning'
	exec sh -c "\$(printf '%s' "\$*" | sed 's#/etc/stead#$root/etc/stead#g')"
SH
printf '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n' >"$tmp/bin/sudo"
chmod +x "$tmp/bin/ssh" "$tmp/bin/sudo"
PATH=$tmp/bin:$PATH
adopt() { # CODE NAME DIR [ARGUMENT…]
	local code=$1 name=$2 dir=$3
	shift 3
	run "$code" "$name" adopt root@host.example.net --dir "$dir" "$@"
}
nothing_in() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }
leaves() { ls -d /tmp/stead-adopt-* 2>/dev/null; }
before=$(leaves)

adopt 1 'a key that nobody confirmed' "$tmp/a"
err_has 'it is shown' "$print"
ok 'nothing is made' test ! -e "$tmp/a"
adopt 1 'another key' "$tmp/a" --host-key SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
ok 'nothing is made then' test ! -e "$tmp/a"
adopt 0 'the key is right' "$tmp/a" --host-key "$print"
for file in stead.yaml stead.lock stead.secrets.yaml; do
	ok "$file is the same" cmp "$tmp/a/$file" "$node/$file"
done
is 'the secrets are 0600' "$(stat -c %a "$tmp/a/stead.secrets.yaml")" 600
ok 'the key is known' grep -qF "$(cut -d' ' -f2 "$tmp/host.pub")" "$tmp/a/known_hosts"
ok 'the other commands know the machine' test -e "$tmp/a/.stead/host/target.json"
run 0 'it compiles' check --dir "$tmp/a"
fails 'no report shows a secret' grep -qF "$(sed -n '/BEGIN/{n;p}' "$node/stead.secrets.yaml" | tr -d ' ')" "$tmp/out"
touch "$tmp/greets"
adopt 0 'a shell that greets' "$tmp/g" --host-key "$print"
ok 'its greeting is no part of the files' cmp "$tmp/g/stead.secrets.yaml" "$node/stead.secrets.yaml"
rm "$tmp/greets"
# Somebody who is not root, for whom only sudo reads the secrets.
printf '#!/bin/sh\n[ "$1" != -u ] || { echo 1000; exit; }\nexec /usr/bin/id "$@"\n' >"$tmp/bin/id"
printf '#!/bin/sh\n[ "$FROM_SUDO" = yes ] || case "$1" in */secrets/*) exit 1 ;; esac\nexec /bin/cat "$@"\n' >"$tmp/bin/cat"
printf '#!/bin/sh\n[ "$1" = -n ] && shift\nFROM_SUDO=yes exec "$@"\n' >"$tmp/bin/sudo"
chmod +x "$tmp/bin/id" "$tmp/bin/cat"
adopt 0 'with sudo' "$tmp/s" --host-key "$print"
ok 'with sudo: the secrets too' cmp "$tmp/s/stead.secrets.yaml" "$node/stead.secrets.yaml"
is 'with sudo: the other commands use it' "$(jq .sudo "$tmp/s/.stead/host/target.json")" true
printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/sudo"
adopt 1 'with a sudo that asks' "$tmp/t" --host-key "$print"
err_has 'with a sudo that asks: said so' 'sudo -n'
rm "$tmp/bin/id" "$tmp/bin/cat"
printf '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n' >"$tmp/bin/sudo"
run 0 'without a user' adopt host.example.net --dir "$tmp/u" --host-key "$print"
like 'without a user: root, as a machine from a provider has' "$(cat "$tmp/u/.stead/host/ssh_config")" 'User root'
adopt 3 'never twice' "$tmp/a" --host-key "$print"
err_has 'it says so' 'adopt never overwrites'
for file in stead.yaml stead.lock stead.secrets.yaml known_hosts; do
	rm -rf "$tmp/b"
	mkdir "$tmp/b"
	echo mine >"$tmp/b/$file"
	adopt 3 "an old $file alone" "$tmp/b" --host-key "$print"
	is 'is left as it is' "$(cd "$tmp/b" && echo $(ls -A) $(cat ./*))" "$file mine"
done
mkdir "$tmp/c"
rm "$root/etc/stead/stead.lock"
adopt 1 'a node without its lock' "$tmp/c" --host-key "$print"
err_has 'what is missing is named' "has no '/etc/stead/stead.lock'"
ok 'all or nothing' nothing_in "$tmp/c"
cp "$node/stead.lock" "$root/etc/stead/"
sed -i 's#^machine:#machine:\n  ssh_keys: [ ~/.ssh/not-here.pub ]#' "$root/etc/stead/stead.yaml"
adopt 1 'a key file that this computer lacks' "$tmp/d" --host-key "$print"
err_has 'it is named' 'not-here.pub'
ok 'the settings are there all the same' test -e "$tmp/d/stead.yaml"
run 2 'no machine' adopt --dir "$tmp/e"
run 2 'an option as a host' adopt --dir "$tmp/e" -- -oProxyCommand=x
is 'nothing is left behind' "$(leaves)" "$before"
tap_done
