#!/usr/bin/env bash
# stead check, render, explain: exit codes, formats, files, and that no secret is ever shown.
. "$(dirname "$0")/lib.sh"

node=$tmp/node
new_node "$node"

# --- check ---
run 0 'check of a good node' check --dir "$node"
run 0 'check as JSON' check --dir "$node" --format=json
ok 'JSON is JSON, version 1' jq -e '.v == 1 and .errors == 0 and (.findings | type) == "array"' "$tmp/out"
cp "$node/stead.yaml" "$tmp/good.yaml"
sed -i 's/^mail: none/mial: none/; s/^  os: fcos/  os: foobar/' "$node/stead.yaml"
run 1 'check of two mistakes' check --dir "$node"
out_has 'both are found: a key' "did you mean 'mail'?"
out_has 'both are found: a value' "foobar"
out_has 'they are counted' 'errors'
out_has 'the place is said' "$node/stead.yaml:"
run 1 'the same as JSON' check --dir "$node" --format=json
ok 'each has code, file and line' jq -e '.errors >= 2 and all(.findings[]; .code and .file and .message) and any(.findings[]; .line == 12)' "$tmp/out"
ok 'JSON is alone on stdout' test ! -s "$tmp/err"
run 1 'render stops at mistakes' render ignition --dir "$node" -o "$tmp/never.ign"
ok 'and writes nothing' test ! -e "$tmp/never.ign"
run 1 'up stops at mistakes' up --dir "$node" --on vm --image /dev/null
cp "$tmp/good.yaml" "$node/stead.yaml"
run 1 'a folder without settings' check --dir "$tmp/nothing"
out_has 'what makes them is said' "'stead init' makes it"
run 2 'an empty folder name is not the root folder' check --dir ''
run 1 'a folder of definitions that is not there' check --dir "$node" --apps "$tmp/nothing"
out_has 'it is named' "$tmp/nothing"
for file in stead.yaml stead.secrets.yaml stead.lock; do
	mv "$node/$file" "$tmp/kept"
	mkfifo "$node/$file"
	run 1 "a fifo as $file does not hold it" check --dir "$node"
	rm "$node/$file"
	mv "$tmp/kept" "$node/$file"
done
chmod 644 "$node/stead.secrets.yaml"
run 1 'secrets that others may read' check --dir "$node"
out_has 'the remedy is said' 'chmod 600'
chmod 600 "$node/stead.secrets.yaml"
sed -i 's/^domain: .*/domain: other.example.org/' "$node/stead.yaml"
run 1 'another domain than the lock remembers' check --dir "$node"
cp "$tmp/good.yaml" "$node/stead.yaml"
mkfifo "$tmp/fifo"
printf 'not a key\nneither\n' >"$tmp/text"
for file in fifo text; do
	sed -i "/^machine:/a\\  ssh_keys: [$tmp/$file]" "$node/stead.yaml"
	run 1 "a $file as the public key" check --dir "$node" --format=json
	ok "one report of the $file" jq -e '.errors == 1' "$tmp/out"
	cp "$tmp/good.yaml" "$node/stead.yaml"
done

# --- render ignition ---
run 0 'render ignition' render ignition --dir "$node" -o "$tmp/node.ign"
is 'the config is 0600' "$(stat -c %a "$tmp/node.ign")" 600
ok 'it is an Ignition config' jq -e '.ignition.version == "3.3.0"' "$tmp/node.ign"
err_has 'the bytes used are said' "$(stat -c %s "$tmp/node.ign") bytes"
run 0 'render ignition to stdout' render ignition --dir "$node"
ok 'the same bytes' cmp "$tmp/out" "$tmp/node.ign"
err_has 'it warns of a file that others may read' 'holds secrets'
: >"$tmp/open.ign"
chmod 666 "$tmp/open.ign"
run 0 'over a file that others may read' render ignition --dir "$node" -o "$tmp/open.ign"
is 'it is 0600 then' "$(stat -c %a "$tmp/open.ign")" 600
run 0 'without the agent' render ignition --dir "$node" -o "$tmp/small.ign" --no-agent
ok 'that is much smaller' test "$(stat -c %s "$tmp/small.ign")" -lt 60000
run 3 'a folder that is not there' render ignition --dir "$node" -o "$tmp/no/such/dir.ign"
run 3 'a full disk' render ignition --dir "$node" -o /dev/full
sed -i 's/^delivery: inline/delivery: ssh/' "$node/stead.yaml"
run 0 'delivery ssh: keys and base' render ignition --dir "$node" -o "$tmp/base.ign"
ok 'that is small' test "$(stat -c %s "$tmp/base.ign")" -lt 8000
sed -i 's/^  os: fcos/  os: as-is/' "$node/stead.yaml"
run 1 'as-is has no Ignition config' render ignition --dir "$node"
err_has 'os: the place' "$node/stead.yaml:12"
err_has 'os: what to write' 'render.os'
ok 'no half config on stdout' test ! -s "$tmp/out"
run 1 'nor a VM' up --dir "$node" --on vm --image /dev/null
cp "$tmp/good.yaml" "$node/stead.yaml"
sed -i '/^machine:/a\  arch: aarch64' "$node/stead.yaml"
run 1 'nor can a VM be of another architecture' up --dir "$node" --on vm --image /dev/null
err_has 'arch: the code' 'up.arch'
err_has 'a VM nobody can look into is refused' 'up.ssh_keys'
cp "$tmp/good.yaml" "$node/stead.yaml"

# --- render tree ---
run 0 'render tree' render --tree "$tmp/tree" --dir "$node" --no-agent
ok 'the plan is there' test -s "$tmp/tree/etc/stead/node.json"
out_has 'and listed' '/etc/stead/node.json'
wrong=0
while read -r kind mode _ path; do
	[ "$kind" != file ] || [ "$(stat -c %04a "$tmp/tree$path")" = "$mode" ] || wrong=$((wrong + 1))
done <"$tmp/out"
is 'every file has the mode that is listed' $wrong 0
run 3 'never into a folder that is not empty' render tree "$tmp/tree" --dir "$node"
mkdir "$tmp/empty"
run 0 'but into an empty one' render tree "$tmp/empty" --dir "$node" --no-agent
ok 'the same files again' diff -r "$tmp/tree" "$tmp/empty"
run 2 'render tree needs a folder' render tree --dir "$node"
run 2 'render ignition takes none' render ignition out --dir "$node"

# --- explain ---
run 0 'explain a file' explain /etc/stead/node.json --dir "$node"
ok 'it says much' test "$(wc -l <"$tmp/out")" -gt 10
run 0 'explain one line, by the name alone' explain firewall.nft:2 --dir "$node"
run 2 'a line that is not there' explain firewall.nft:99999 --dir "$node"
run 2 'a file that is not there' explain /etc/stead/firewal.nft --dir "$node"
err_has 'the nearest is named' '/etc/stead/firewall.nft'
while read -r kind _ _ path; do
	[ "$kind" = file ] || continue
	"$stead" explain "$path" --dir "$node" >"$tmp/explained" 2>&1 </dev/null || echo "$path"
	cat "$tmp/explained" >>"$tmp/all-explained"
done < <("$stead" render tree "$tmp/tree2" --dir "$node" --no-agent 2>/dev/null) >"$tmp/unexplained"
ok 'every file can be explained' test ! -s "$tmp/unexplained"

# --- secrets ---
# A line of the host key and what is generated, as they stand in the document.
grep -vE '^#|BEGIN|END|\|$' "$node/stead.secrets.yaml" | sed -E 's/^[^ ]*: +//; s/^ +//; s/^"(.*)"$/\1/' |
	awk 'length > 15' >"$tmp/secrets"
ok 'there are secrets to look for' test -s "$tmp/secrets"
secret_in() { grep -qrF -f "$tmp/secrets" "$@"; }
ok 'they are found where they belong' secret_in "$tmp/tree/etc/stead" "$tmp/tree/etc/ssh"
fails 'explain masks them' grep -qF -f "$tmp/secrets" "$tmp/all-explained"
public=$(find "$tmp/tree" -type f -perm /077)
# shellcheck disable=SC2086
fails 'none is in a file that others may read' grep -qF -f "$tmp/secrets" $public
sed -i 's/^ssh_host_ed25519_key: |/ssh_host_ed25519_key: | # broken\n  "/; s/^app/ app/' "$node/stead.secrets.yaml"
for format in text json; do
	timeout 300 "$stead" check --dir "$node" --format=$format >"$tmp/out" 2>&1 </dev/null
	fails "no report shows a line of the secrets ($format)" grep -qF -f "$tmp/secrets" "$tmp/out"
done

# --- what is known about the provider ---
new_node "$tmp/hetzner" --set machine.provider=hetzner
run 0 'a config that is too large for the provider' check --dir "$tmp/hetzner"
err=$(cat "$tmp/out")
like 'is a warning with both numbers' "$err" 'stead.yaml:[0-9]+:[0-9]+: warning\[provider.user-data\]: the Ignition config has [0-9]{5,} bytes, and Hetzner Cloud takes 32768'
out_has 'the provider has no such image' 'note[provider.image]: Hetzner Cloud offers no image of '"'fcos'"
"$stead" render ignition --dir "$tmp/hetzner" -o "$tmp/config.ign" 2>"$tmp/err" </dev/null
like 'it is the size of what is handed out' "$err" "config has $(stat -c %s "$tmp/config.ign") bytes"
err_has 'render warns too' 'warning[provider.user-data]'
run 1 'asked for one it does not fit, it is an error' check --dir "$tmp/hetzner" --for aws
out_has 'of the one that was asked for' 'AWS EC2 takes 16384'
sed 's/^delivery: inline/delivery: ssh/' "$tmp/hetzner/stead.yaml" >"$tmp/ssh.yaml"
cp "$tmp/ssh.yaml" "$tmp/hetzner/stead.yaml"
run 0 'keys and base fit' check --dir "$tmp/hetzner" --for aws
like 'with both numbers' "$(cat "$tmp/out")" 'note\[provider.user-data\]: the Ignition config has [0-9]{4} bytes, and AWS EC2 takes 16384'
run 2 'a provider nobody knows' check --dir "$tmp/hetzner" --for awz
err_has 'the right one is named' "did you mean 'aws'?"
run 2 'a resolver for nothing' check --dir "$tmp/hetzner" --resolver 192.0.2.1
err_has 'it is said' 'without --online no name server is asked'
run 0 'the memory' check --dir "$tmp/hetzner" --memory
like 'the table of memory' "$(cat "$tmp/out")" 'the system +320 MiB'
cp -r apps "$tmp/apps"
sed -i 's/^mail_used: false/mail_used: true/' "$tmp/apps/snac/app.yaml"
new_node "$tmp/said"
sed -i 's/^mail: none/mail: {host: smtp.example.net, port: 465}/' "$tmp/said/stead.yaml"
run 0 'a provider nobody has named' check --dir "$tmp/said" --apps "$tmp/apps"
fails 'is not known' grep -q 'provider' "$tmp/out"
mkdir -p "$tmp/said/.stead/host"
printf '{"agent":"a","web":"w","handle":"h","issuer":"acme","on":"root@h","provider":"%s"}' hetzner \
	>"$tmp/said/.stead/host/target.json"
run 0 'a provider the machine has named' check --dir "$tmp/said" --apps "$tmp/apps"
out_has 'is known: its ports' 'note[provider.mail]: port 465 may be blocked'
fails 'is known: the machine is there and needs no image' grep -q 'provider.image' "$tmp/out"
sed -i s/hetzner/newone/ "$tmp/said/.stead/host/target.json"
run 0 'a provider another stead knew' check --dir "$tmp/said" --apps "$tmp/apps"
new_node "$tmp/elsewhere" --set machine.provider=upcloud
run 0 'a provider whose limit is not known' check --dir "$tmp/elsewhere"
fails 'is no reason to warn' grep -q provider "$tmp/out"

tap_done
