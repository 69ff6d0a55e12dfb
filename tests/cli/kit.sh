#!/usr/bin/env bash
# stead kit: what is in it, and that a camera reads the same.
. "$(dirname "$0")/lib.sh"

# An application with a secret for ever and one that can be made anew.
mkdir -p "$tmp/apps/demo"
cat >"$tmp/apps/demo/app.yaml" <<'YAML'
format: 1
name: demo
title: Demo
secrets:
  identity: { kind: hex, size: 32, permanent: true, doc: signs everything }
  session: { kind: hex, size: 32, doc: keeps people signed in }
volumes:
  data: { class: precious, user: "1000:1000" }
processes:
  web:
    image: docker.io/demo/demo:1
    user: "1000:1000"
    port: 8001
    networks: [int, ext]
    volumes: [ { volume: data, path: /data } ]
    env: { IDENTITY: "${secret.identity}", SESSION: "${secret.session}" }
routes:
  - { path: /, process: web }
YAML
node=$tmp/node
"$stead" init --dir "$node" --apps "$tmp/apps" --set app=demo --set domain=example.org --set admin.name=alice \
	--set admin.email=alice@example.net --set mail=none --set backup.to=sftp://u@box.example.net/alice \
	--set machine.host=203.0.113.7 </dev/null >"$tmp/init" 2>"$tmp/err" || cat "$tmp/init" "$tmp/err"
ok 'init says how to print it' grep -qF "stead kit --dir" "$tmp/init"
kit() { run "$@" --dir "$node" --apps "$tmp/apps"; }
secret_of() { sed -n "s/^app.$1: *//p" "$node/stead.secrets.yaml" | tr -d '"'; }

kit 0 'the kit' kit
for what in '@alice@example.org' example.org "$(sed -n 's/^lineage: *//p' "$node/stead.lock" | tr -d '"')" \
	203.0.113.7 sftp://u@box.example.net/alice "$(readlink -f "$node")/stead.secrets.yaml" \
	"app.identity: \"$(secret_of identity)\""; do
	out_has "it has $what" "$what"
done
sed -n '/BEGIN/,/END/s/^ *//p' "$node/stead.secrets.yaml" >"$tmp/key"
chmod 600 "$tmp/key"
ssh-keygen -y -f "$tmp/key" >"$tmp/key.pub"
out_has "the host key's fingerprint" "$(ssh-keygen -lf "$tmp/key.pub" | cut -d' ' -f2)"
like 'the date' "$(cat "$tmp/out")" '^date +20[0-9]{2}-[0-9]{2}-[0-9]{2}$'
ok 'there is a session secret' test -n "$(secret_of session)"
fails 'which is not in the kit, because it can be made anew' grep -qF "$(secret_of session)" "$tmp/out"
fails 'nor is the host key' grep -qF "$(sed -n 3p "$tmp/key")" "$tmp/out"
err_has 'a pipe is warned of' 'stdout is no terminal'
ok 'nothing new lies in the folder' test "$(cd "$node" && echo $(ls -A))" = 'stead.lock stead.secrets.yaml stead.yaml'
cp "$tmp/out" "$tmp/kit"

# --- codes, read by a real reader ---
kit 0 'with codes' kit --qr
ok 'it begins with the same text' bash -c 'head -c "$(wc -c <"$1")" "$2" | cmp - "$1"' _ "$tmp/kit" "$tmp/out"
python3 - "$tmp/out" "$tmp/code" <<'PY'
import sys
blocks, current = [], None
for line in open(sys.argv[1], encoding="utf-8").read().split("\n"):
    if line and set(line) <= set(" ▀▄█"):
        current = current if current is not None else []
        current.append(line)
    elif current:
        blocks.append(current)
        current = None
for number, block in enumerate(blocks):
    rows = []
    for line in block:
        rows.append([c in "▀█" for c in line])
        rows.append([c in "▄█" for c in line])
    scale = 4
    with open(f"{sys.argv[2]}{number:02}.pgm", "wb") as f:
        f.write(b"P5 %d %d 255\n" % (len(rows[0]) * scale, len(rows) * scale))
        for row in rows:
            f.write(b"".join((b"\xff" if light else b"\0") * scale for light in row) * scale)
PY
ok 'there are several' test -e "$tmp/code02.pgm"
is 'each is counted' "$(grep -cE '^[0-9]+ of [0-9]+$' "$tmp/out")" "$(find "$tmp" -name 'code*.pgm' | wc -l)"
for image in "$tmp"/code*.pgm; do
	# One newline is zbarimg's own.
	zbarimg -q --raw --nodbus "$image" 2>/dev/null | head -c -1
done >"$tmp/read"
ok 'together they are the text' cmp "$tmp/read" "$tmp/kit"
widest=$(python3 -c 'import sys; print(max(len(l) for l in open(sys.argv[1], encoding="utf-8") if "▀" in l) - 1)' "$tmp/out")
ok "they fit into 80 columns ($widest)" test "$widest" -le 80
run 0 'in colour' kit --qr --color=always --dir "$node" --apps "$tmp/apps"
ok 'they are black on white' grep -qF $'\033[40;97m' "$tmp/out"

# --- what is wrong ---
run 1 'no settings' kit --dir "$tmp/nowhere"
new_node "$tmp/snac"
run 0 'an application without such secrets' kit --dir "$tmp/snac"
out_has 'it says so' 'all of them can be made anew'
tap_done
