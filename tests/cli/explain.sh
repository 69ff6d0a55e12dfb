#!/usr/bin/env bash
# stead explain: every line of every file has an origin; what a unit, port, setting, image, secret, network and
# volume are; no secret is shown.
. "$(dirname "$0")/lib.sh"

# Asks for all files at once; prints lines whose origin is missing, or whose rule has no sentence.
walk() { # DIR [OPTION…]
	local dir=$1
	shift
	rm -rf "$tmp/tree"
	timeout 60 "$stead" render tree "$tmp/tree" --dir "$dir" --no-agent "$@" 2>/dev/null </dev/null |
		awk '$1 == "file" { print $4 }' >"$tmp/paths"
	[ "$(wc -l <"$tmp/paths")" -gt 10 ] || echo "only $(wc -l <"$tmp/paths") files"
	xargs timeout 60 "$stead" explain --dir "$dir" --format=json "$@" <"$tmp/paths" >"$tmp/json" 2>/dev/null ||
		echo "exit code $?"
	cat "$tmp/json" >>"$tmp/all"
	jq -r '.answers[] | select(.kind == "file") | "\(.name) \(.lines | length)"' "$tmp/json" >"$tmp/asked" ||
		echo 'not as it should be'
	while read -r path; do
		echo "$path $(wc -l <"$tmp/tree$path")"
	done <"$tmp/paths" | diff - "$tmp/asked"
	jq -r '.answers[] | select(.kind == "file") | .name as $path | .lines[] |
		select(.origin == null or (.origin.file == null and .origin.rule == null) or
			(.origin.rule != null and .origin.why == null)) |
		"\($path):\(.line) \(.text)"' "$tmp/json" || echo 'nor this'
}

count=0
for case in tests/golden/host/*/; do
	cp -r "$case" "$tmp/case"
	chmod 600 "$tmp/case/stead.secrets.yaml"
	options=()
	[ ! -d "$tmp/case/apps" ] || options=(--apps "$tmp/case/apps")
	is "$(basename "$case"): every line has an origin" "$(walk "$tmp/case" "${options[@]}")" ''
	rm -rf "$tmp/case"
	count=$((count + 1))
done
ok 'there were trees to walk' test $count -ge 8

# The application of the tests of `up`: settings, sizes and secrets reach several processes.
. tests/lib/up-app.sh
top=$PWD
make_app "$tmp/apps"
run 0 'settings for it' init --dir "$tmp/node" --apps "$tmp/apps" "${identity[@]}" --set admin.email=alice@example.net \
	--set mail.host=smtp.example.net --set backup=none --set images.worker=lab.invalid/snac:2.75 "${inline[@]}"
apps=(--dir "$tmp/node" --apps "$tmp/apps")
is 'the node of the tests: every line has an origin' "$(walk "$tmp/node" --apps "$tmp/apps")" ''

run 0 'a setting that was written' explain mail.host "${apps[@]}"
out_has 'its value and its place' "value: smtp.example.net  ← $tmp/node/stead.yaml:"
out_has 'what it reaches' '(stead-worker.service)'
run 0 'a setting with its default' explain mail.port "${apps[@]}"
out_has 'it is the default' 'value: 587  ← rule node.default'
out_has 'where that goes' 'reaches: /etc/containers/systemd/stead-worker.container:'
run 0 'the size' explain machine.size "${apps[@]}"
out_has 'reaches by way of the table of sizes' 'stead-worker.container'
run 0 "an application's own setting" explain snac.title "${apps[@]}"
run 0 'a process' explain snac "${apps[@]}"
out_has 'is a unit' 'unit stead-snac.service'
out_has 'and has an image' 'image: lab.invalid/snac:2.75  ←'
run 0 'a unit' explain stead-ready.service "${apps[@]}"
run 0 'a port' explain 443 "${apps[@]}"
out_has 'of the proxy' 'tcp: caddy'
run 0 'a port of one kind' explain udp/443 "${apps[@]}"
fails 'is not the other' grep -q 'tcp: caddy' "$tmp/out"
run 0 'an image' explain lab.invalid/snac "${apps[@]}"
out_has 'runs in processes' 'process: worker'
cp -r "$tmp/node" "$tmp/mirrored"
printf '  mirror: mirror.example:5000\n' >"$tmp/mirror"
sed -i "/^images:/r $tmp/mirror" "$tmp/mirrored/stead.yaml"
printf 'images:\n  lab.invalid/snac:2.75: sha256:%064d\n' 0 >>"$tmp/mirrored/stead.lock"
for image in lab.invalid/snac lab.invalid/snac:2.75 mirror.example:5000/lab.invalid/snac; do
	run 0 "an image that is locked and mirrored, as $image" explain "$image" --dir "$tmp/mirrored" --apps "$tmp/apps"
	out_has 'runs in processes too' 'process: worker'
done
printf 'tags:\n  lab.invalid/snac:2.75: "2.76"\n' >>"$tmp/mirrored/stead.lock"
run 0 'an image that was updated' explain lab.invalid/snac:2.75 --dir "$tmp/mirrored" --apps "$tmp/apps"
out_has 'is the newer one' 'image mirror.example:5000/lab.invalid/snac:2.76'
out_has 'and why' "the newer one that 'stead lock --update' took"
run 0 'a network' explain int "${apps[@]}"
out_has 'has who is on it' 'on it: worker'
run 0 'a volume' explain data "${apps[@]}"
out_has 'has its folder' 'folder: /var/lib/stead/data/snac/data'
run 0 'a secret' explain worker_key "${apps[@]}"
out_has 'where it goes' 'reaches: /etc/stead/secrets/worker.env:'
run 0 'a secret that the node makes' explain owner_password "${apps[@]}"
out_has 'where it is kept' 'file: /var/lib/stead/state/secrets/owner_password'
run 0 'the host key' explain ssh_host_ed25519_key "${apps[@]}"
out_has 'where that goes' 'reaches: /etc/ssh/'
run 2 'a mistyped setting' explain mail.prot "${apps[@]}"
err_has 'the nearest is named' "did you mean 'mail.port'?"
run 2 'nothing of that name' explain qqqqqqqqqqq "${apps[@]}"

for what in worker_key mail.password snac mail.host; do
	"$stead" explain $what "${apps[@]}" >>"$tmp/all" 2>&1
done
sed -n 's/.*worker_key: *"\{0,1\}\([0-9a-f]\{64\}\).*/\1/p' "$tmp/node/stead.secrets.yaml" >"$tmp/secrets"
ok 'there is a secret to look for' test -s "$tmp/secrets"
fails 'it is never shown' grep -qF -f "$tmp/secrets" "$tmp/all"

tap_done
