#!/usr/bin/env bash
# --all: every node of a folder in one process. The same bytes as one by one, whatever is broken beside.
. "$(dirname "$0")/lib.sh"

fleet=$tmp/fleet
new_node "$tmp/seed"

# copy FROM TO DOMAIN: another node, quicker than init.
copy() {
	mkdir -p "$2"
	for file in stead.yaml stead.lock stead.secrets.yaml; do
		sed "s/node\.example\.org/$3/g" "$1/$file" >"$2/$file"
	done
	chmod 600 "$2/stead.secrets.yaml"
}
for name in carol alice bob; do copy "$tmp/seed" "$fleet/$name" "$name.example.org"; done
names() { sed -n 's/^\([a-z]*\): .*/\1/p' "$1" | tr '\n' ' '; }

# --- check ---
run 0 'check of three good nodes' check --all "$fleet"
is 'each is named, in order' "$(names "$tmp/out")" 'alice bob carol '
is 'the last line counts' "$(tail -n 1 "$tmp/out")" '3 nodes: no problems'
(cd "$fleet" && timeout 300 "$stead" check --all . </dev/null >"$tmp/here" 2>&1)
ok 'the folder may be this one' cmp "$tmp/out" "$tmp/here"
run 0 'as JSON' check --all "$fleet" --format=json
ok 'one document, all nodes' jq -e '.v == 1 and .errors == 0 and [.nodes[].name] == ["alice", "bob", "carol"]' "$tmp/out"

# A broken one in the middle.
cp "$fleet/bob/stead.yaml" "$tmp/bob.yaml"
sed -i 's/^mail: none/mial: none/; s/^  os: fcos/  os: foobar/' "$fleet/bob/stead.yaml"
run 1 'one of them broken' check --all "$fleet"
is 'the others are checked' "$(names "$tmp/out")" 'alice bob carol '
out_has 'the path names the node' "$fleet/bob/stead.yaml:12:"
out_has 'the others are fine' 'carol: no problems'
like 'the last line counts' "$(tail -n 1 "$tmp/out")" '^3 nodes, 1 with errors: [23] errors$'
cp "$tmp/out" "$tmp/broken"
run 1 'it alone' check --dir "$fleet/bob"
ok 'the same report' diff <(head -n -1 "$tmp/out") <(sed '1d' "$tmp/broken" | head -n -3)
run 1 'twice' check --all "$fleet"
ok 'the same bytes' cmp "$tmp/out" "$tmp/broken"
run 1 'as JSON too' check --all "$fleet" --format=json
ok 'each finding says whose it is' jq -e --arg f "$fleet/bob/stead.yaml" '(.findings | length) == .errors and all(.findings[]; .node == "bob" and .file == $f) and .nodes[1].errors == .errors' "$tmp/out"
ok 'JSON is alone on stdout' test ! -s "$tmp/err"

# --- render ---
run 1 'render leaves the broken one out' render --all "$fleet" -o "$tmp/trees" --no-agent
is 'and makes the others' "$(ls "$tmp/trees")" $'alice\ncarol'
err_has 'what is wrong is said' "$fleet/bob/stead.yaml:12:"
out_has 'and where the others are' "carol: $tmp/trees/carol"
like 'the last line counts' "$(tail -n 1 "$tmp/out")" '^3 nodes, 1 with errors: '
cp "$tmp/bob.yaml" "$fleet/bob/stead.yaml"
run 0 'render of all' render --all "$fleet" --tree "$tmp/trees2" --no-agent
for name in alice bob carol; do
	run 0 "$name alone" render --tree "$tmp/alone-$name" --dir "$fleet/$name" --no-agent
	ok "$name: the same files" diff -r "$tmp/alone-$name" "$tmp/trees2/$name"
	is "$name: the same modes" "$(cd "$tmp/alone-$name" && find . -printf '%p %m\n' | sort)" "$(cd "$tmp/trees2/$name" && find . -printf '%p %m\n' | sort)"
done
ok 'whole ones too' test "$(find "$tmp/trees2/bob" -type f | wc -l)" -gt 20
ok 'with the plan' grep -q bob.example.org "$tmp/trees2/bob/etc/stead/node.json"
is 'nobody else may look' "$(stat -c %a "$tmp/trees2" "$tmp/trees2/bob" | tr '\n' ' ')" '700 700 '
run 0 'the other spelling of a tree' render tree "$tmp/alone2" --dir "$fleet/bob" --no-agent
ok 'is the same' diff -r "$tmp/alone-bob" "$tmp/alone2"
run 3 'trees go into no folder with something in it' render --all "$fleet" -o "$tmp/trees2" --no-agent
err_has 'the hint says what to name' 'does not exist yet'

run 0 'configs of all' render ignition --all "$fleet" -o "$tmp/configs"
for name in alice bob carol; do
	run 0 "$name: its config alone" render ignition --dir "$fleet/$name" -o "$tmp/$name.ign"
	ok "$name: the same bytes" cmp "$tmp/$name.ign" "$tmp/configs/$name.ign"
done
is 'configs are 0600' "$(stat -c %a "$tmp/configs"/* | sort -u)" 600
ok 'with the agent inside' test "$(stat -c %s "$tmp/configs/bob.ign")" -gt 200000
cp -r "$tmp/configs" "$tmp/configs2"
chmod 644 "$tmp/configs2/bob.ign"
echo old >"$tmp/configs2/bob.ign"
run 0 'again, over those of before' render ignition --all "$fleet" -o "$tmp/configs2"
ok 'the same bytes' diff -r "$tmp/configs" "$tmp/configs2"
is '0600 again' "$(stat -c %a "$tmp/configs2/bob.ign")" 600
sed -i 's/^  os: fcos/  os: as-is/' "$fleet/bob/stead.yaml"
run 1 'one that has no config' render ignition --all "$fleet" -o "$tmp/configs3" --no-agent
is 'the others have' "$(ls "$tmp/configs3")" $'alice.ign\ncarol.ign'
err_has 'its place is said' "$fleet/bob/stead.yaml:"
cp "$tmp/bob.yaml" "$fleet/bob/stead.yaml"

# --- the output folder ---
: >"$tmp/file"
ln -s "$tmp" "$tmp/link"
for kind in '' ignition; do
	# shellcheck disable=SC2086
	run 3 "${kind:-trees}: a file is no folder" render $kind --all "$fleet" -o "$tmp/file" --no-agent
	# shellcheck disable=SC2086
	run 3 "${kind:-trees}: below a folder that is not there" render $kind --all "$fleet" -o "$tmp/no/where" --no-agent
	# shellcheck disable=SC2086
	run 3 "${kind:-trees}: below a file" render $kind --all "$fleet" -o "$tmp/file/out" --no-agent
done
ok 'the file is as it was' test -f "$tmp/file"
run 3 'trees: not through a link' render --all "$fleet" -o "$tmp/link" --no-agent
mkdir "$tmp/in-the-way" && mkdir "$tmp/in-the-way/bob.ign"
run 3 'a folder where one config goes' render ignition --all "$fleet" -o "$tmp/in-the-way" --no-agent
is 'the others are written' "$(cd "$tmp/in-the-way" && find . -type f | sort | tr '\n' ' ')" './alice.ign ./carol.ign '
out_has 'which one is not, is said' 'bob: not written'
(cd "$fleet" && "$stead" render ignition --all . -o out --no-agent && "$stead" render ignition --all . -o out --no-agent) \
	</dev/null >"$tmp/out" 2>"$tmp/err"
is 'an output folder beside the nodes is none of them' "$(ls "$fleet/out")" $'alice.ign\nbob.ign\ncarol.ign'
fails 'and is not spoken of' grep -q 'fleet.no-node' "$tmp/err"
rm -r "$fleet/out"

# --- what lies in the folder ---
mkdir "$fleet/docs" "$fleet/.git"
: >"$fleet/README"
: >"$fleet/stead.yaml"
run 0 'files, hidden folders and others are no nodes' check --all "$fleet"
out_has 'a folder that is none is said' "$fleet/docs: note[fleet.no-node]"
is 'and counted' "$(tail -n 1 "$tmp/out")" '3 nodes: 1 note'
fails 'a hidden one is not' grep -qF '.git' "$tmp/out"
cp -r apps "$fleet/apps"
run 0 'a folder that another option names' check --all "$fleet" --apps "$fleet/apps"
fails 'is not spoken of' grep -qF 'fleet/apps' "$tmp/out"
rm -r "$fleet/apps" "$fleet/docs" "$fleet/README" "$fleet/stead.yaml"
mv "$fleet/bob/stead.yaml" "$fleet/bob/stead.yml"
run 1 'a lock without settings is an error' check --all "$fleet"
out_has 'that names the node' "$fleet/bob/stead.yaml: error[yaml.missing]"
mv "$fleet/bob/stead.yml" "$fleet/bob/stead.yaml"
ln -s ../seed "$fleet/dave"
run 0 'a link to a node is one' check --all "$fleet"
is 'it has the name of the link' "$(names "$tmp/out")" 'alice bob carol dave '
ln -sfn nowhere "$fleet/dave"
run 1 'a link to nowhere is an error' check --all "$fleet"
out_has 'the link is named' "$fleet/dave: error[fleet.unreadable]"
is 'the nodes are checked' "$(names "$tmp/out")" 'alice bob carol '
rm "$fleet/dave"
copy "$tmp/seed" "$fleet/"$'x\e[31m' x.example.org
run 1 'a name that would move the cursor' check --all "$fleet"
out_has 'is refused' 'fleet.name'
fails 'and not printed' grep -q $'\e' "$tmp/out"
rm -r "$fleet/"$'x\e[31m'
mkfifo "$fleet/bob/fifo"
mv "$fleet/bob/stead.lock" "$tmp/kept"
mv "$fleet/bob/fifo" "$fleet/bob/stead.lock"
run 1 'a fifo does not hold the others' check --all "$fleet"
out_has 'they are checked' 'carol: no problems'
mv "$tmp/kept" "$fleet/bob/stead.lock"

# --- no nodes ---
mkdir "$tmp/empty"
run 1 'a folder without a node' check --all "$tmp/empty"
out_has 'is a finding' "$tmp/empty: error[fleet.empty]"
run 1 'also when it is to be rendered' render --all "$tmp/empty" -o "$tmp/from-empty"
run 1 'as JSON' check --all "$tmp/empty" --format=json
ok 'that is JSON' jq -e '.errors == 1 and .nodes == [] and .findings[0].node == null' "$tmp/out"
run 1 'the folder of one node' check --all "$fleet/bob"
out_has 'is not a fleet' 'it is the folder of one node: --dir'
run 3 'a folder that is not there' check --all "$tmp/nowhere"
run 3 'a file' check --all "$tmp/file"

# --- between two nodes ---
copy "$tmp/seed" "$fleet/dave" bob.example.org
run 1 'two nodes of one domain' check --all "$fleet"
like 'the later one is wrong' "$(cat "$tmp/out")" "$fleet/dave/stead.yaml:5:9: error\[fleet.domain\]: the domain 'bob.example.org' is also that of $fleet/bob/stead.yaml"
out_has 'the other is not' 'bob: no problems'
is 'it is said once' "$(tail -n 1 "$tmp/out")" '4 nodes, 1 with errors: 1 error'
run 1 'they are not both rendered' render --all "$fleet" -o "$tmp/both" --no-agent
is 'the first one is' "$(ls "$tmp/both")" $'alice\nbob\ncarol'
copy "$tmp/seed" "$fleet/dave" dave.example.org
sed -i '/^domain/a web: bob.example.org' "$fleet/dave/stead.yaml"
run 1 'two sites at one name' check --all "$fleet"
out_has 'are found' "$fleet/dave/stead.yaml:6:6: error[fleet.web]"
copy "$tmp/seed" "$fleet/dave" dave.example.org
printf 'media: { store: { s3: { endpoint: "https://s3.example.net", bucket: files, public_host: bob.example.org, serve: true } } }\n' \
	>>"$fleet/dave/stead.yaml"
run 1 'files at the name of a site' check --all "$fleet"
out_has 'are found as well' "error[fleet.web]: the host of files 'bob.example.org' is also that of $fleet/bob/stead.yaml"
copy "$tmp/seed" "$fleet/dave" dave.example.org
sed -i '/^machine:/a\  host: one.example.net' "$fleet/dave/stead.yaml" "$fleet/bob/stead.yaml"
run 1 'two nodes on one machine' check --all "$fleet"
out_has 'are found too' 'error[fleet.host]'
rm -r "$fleet/dave"
cp "$tmp/bob.yaml" "$fleet/bob/stead.yaml"

# --- usage ---
run 2 'either --all or --dir' check --all "$fleet" --dir "$fleet/bob"
run 2 'one node alone is looked at online' check --all "$fleet" --online
run 2 'and its memory shown' check --all "$fleet" --memory
run 2 'a provider nobody knows' check --all "$fleet" --for awz
run 1 'one that is known' check --all "$fleet" --for aws
out_has 'each is judged by its limits' "$fleet/alice/stead.yaml: error[provider.user-data]"
run 2 'render wants an output folder' render --all "$fleet"
err_has 'and says so' '-o OUT'
run 2 'configs too' render ignition --all "$fleet"
run 2 'stdout is none' render ignition --all "$fleet" -o -
run 2 'one folder is enough' render --all "$fleet" -o "$tmp/a" --tree "$tmp/b"
run 2 'render wants to know what' render
run 2 'a config is no tree' render ignition --tree "$tmp/a" --dir "$fleet/bob"
run 2 'a tree needs a folder' render tree --dir "$fleet/bob"
run 2 'a tree is named once' render tree "$tmp/a" --tree "$tmp/b" --dir "$fleet/bob"
run 2 '-o is for configs' render --tree "$tmp/a" -o "$tmp/b" --dir "$fleet/bob"
fails 'nothing was made of all that' ls "$tmp/a" "$tmp/b"
for format in text json; do
	"$stead" check --all "$fleet" --format=$format </dev/null >/dev/full 2>"$tmp/err"
	is "a full disk ($format)" $? 3
done

# --- what may not be read, or written ---
mkdir "$tmp/bin" "$tmp/theirs"
cp "$stead" "$(dirname "$stead")/stead-node" "$tmp/bin/"
cp -r "$fleet" "$tmp/theirs/fleet"
as_nobody() { "$@"; }
if [ "$(id -u)" = 0 ]; then
	chmod 755 "$tmp" "$tmp/bin" "$tmp/bin"/*
	chown -R 65534:65534 "$tmp/theirs"
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
fi
nobody() { # CODE NAME ARGUMENT…
	local want=$1 name=$2 code
	shift 2
	as_nobody timeout 300 "$tmp/bin/stead" "$@" </dev/null >"$tmp/out" 2>"$tmp/err"
	code=$?
	is "$name: exit code $want" "$code" "$want" || sed 's/^/# /' "$tmp/out" "$tmp/err"
}
nobody 0 'somebody else' check --all "$tmp/theirs/fleet"
chmod 000 "$tmp/theirs/fleet/bob"
nobody 1 'a node that may not be read' check --all "$tmp/theirs/fleet"
out_has 'is an error of its own' "$tmp/theirs/fleet/bob/stead.yaml: error[yaml.unreadable]"
out_has 'the others are checked' 'carol: no problems'
chmod 500 "$tmp/theirs"
nobody 3 'trees where nothing may be written' render --all "$tmp/theirs/fleet" -o "$tmp/theirs/out" --no-agent
nobody 3 'configs where nothing may be written' render ignition --all "$tmp/theirs/fleet" -o "$tmp/theirs" --no-agent
err_has 'it is said once' "cannot write below"
chmod 700 "$tmp/theirs" "$tmp/theirs/fleet/bob"
chmod 000 "$tmp/theirs/fleet"
nobody 3 'a fleet that may not be read' check --all "$tmp/theirs/fleet"
chmod 700 "$tmp/theirs/fleet"

tap_done
