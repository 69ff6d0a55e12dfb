#!/usr/bin/env bash
# What needs no node: app list, show, new, check; schema; providers.
. "$(dirname "$0")/lib.sh"

run 0 'app list' app list
out_has 'the built-in one is listed' 'snac '
mkdir -p "$tmp/apps/tiny"
cp tests/golden/app/good/app.yaml "$tmp/apps/tiny/app.yaml"
run 0 'app list with a folder' app list --apps "$tmp/apps"
is 'both are listed, sorted' "$(awk '{ print $1 }' "$tmp/out" | tr '\n' ' ')" 'diaspora gotosocial mastodon snac tiny '
run 0 'app show' app show snac
for word in max_attachments 8001 owner_password precious 'setup: init' resetpwd; do
	out_has "app show tells of $word" "$word"
done
run 0 'app show of a folder' app show tiny --apps "$tmp/apps"
out_has 'its file is named' "$tmp/apps/tiny/app.yaml"
run 1 'app show of none' app show snca
err_has 'the right one is named' "did you mean 'snac'?"

run 0 'app new' app new chat --apps "$tmp/made"
run 0 'what it made is right' app check "$tmp/made/chat/app.yaml"
out_has 'and is said to be' 'no problems'
cp "$tmp/made/chat/app.yaml" "$tmp/kept"
run 3 'app new never overwrites' app new chat --apps "$tmp/made"
ok 'it is untouched' cmp "$tmp/kept" "$tmp/made/chat/app.yaml"
run 2 'app new with a bad name' app new ../chat --apps "$tmp/made"
run 2 'app new with the name of a setting' app new mail --apps "$tmp/made"
new_node "$tmp/node"
cat >"$tmp/node/stead.yaml" <<-'YAML'
	app: chat
	domain: node.example.org
	admin: {name: alice, email: alice@example.net}
	mail: none
	backup: none
YAML
sed 's/^app: .*/app: chat/' "$tmp/node/stead.lock" >"$tmp/lock" && cp "$tmp/lock" "$tmp/node/stead.lock"
echo 'app.session_key: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' >>"$tmp/node/stead.secrets.yaml"
run 0 'a node can be made of it' check --dir "$tmp/node" --apps "$tmp/made"

run 0 'app check of a folder of definitions' app check apps
run 0 'app check of the folder of one' app check "$tmp/made/chat"
sed 's/^format: 1/formt: 1/' "$tmp/kept" >"$tmp/made/chat/app.yaml"
run 1 'app check of a mistake' app check "$tmp/made"
out_has 'the place is said' "$tmp/made/chat/app.yaml:3:1: error[app.unknown-key]"
run 1 'the same as JSON' app check --format=json "$tmp/made"
ok 'it is JSON' jq -e '.errors == 2 and .findings[0].code == "app.missing"' "$tmp/out"
sed 's/^name: chat/name: other/' "$tmp/kept" >"$tmp/made/chat/app.yaml"
run 1 'app check of a folder with another name' app check "$tmp/made/chat"
out_has 'both names are said' "this definition is of 'other', but its folder is 'chat'"
run 1 'app check of a file that is not there' app check "$tmp/nothing.yaml"
mkdir "$tmp/empty"
run 3 'app check of a folder without definitions' app check "$tmp/empty"
err_has 'what makes one' 'stead app new'
run 2 'app check needs a name' app check
run 2 'options of the node are none of the definitions' app --dir x list
run 3 'any other word is a tool of the node' app state --dir "$tmp/empty"

run 0 'schema' schema
ok 'it is JSON' jq -e '.properties.machine.anyOf' "$tmp/out"
cp "$tmp/out" "$tmp/first"
run 0 'schema settings' schema settings
ok 'the same bytes' cmp "$tmp/first" "$tmp/out"
run 1 'schema with broken definitions' schema --apps "$tmp/made"
run 2 'a schema of something else' schema nodes

run 0 'providers' providers
ok 'one line each, and a head' test "$(wc -l <"$tmp/out")" = "$(($(grep -cE '^  [a-z]+:$' providers/providers.yaml) + 1))"
run 0 'one provider' providers hetzner
out_has 'its pages are named' 'https://'
run 0 'providers as JSON' providers --format=json
ok 'it is JSON' jq -e '.v == 1 and all(.providers[]; .name and .title and all(.blocked[]; .source and .seen))' "$tmp/out"
run 0 'one as JSON' providers --format=json hetzner
ok 'only that one' jq -e '(.providers | length) == 1 and .providers[0].user_data.bytes > 0' "$tmp/out"
run 2 'a provider nobody knows' providers hetznr
err_has 'the right one is named' "did you mean 'hetzner'?"
tap_done
