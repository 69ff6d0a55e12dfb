#!/usr/bin/env bash
# stead import: a settings folder out of the variables of an old installation, and what is refused.
. "$(dirname "$0")/lib.sh"

full=tests/golden/import/full/old.env
given=(--set admin.name=alice --set admin.email=alice@example.net --set backup=none --set machine.size=8g)
old() { grep -v -e '^#' "$full" | sed "$@" >"$tmp/old.env"; }
secret() { sed -n 's/^'"${1//./\\.}"': *"\{0,1\}\(.*[^"]\)"\{0,1\} *$/\1/p' "$tmp/n/stead.secrets.yaml"; }

# --- what it makes ---
run 0 'import makes a settings folder' import --env "$full" --dir "$tmp/n" "${given[@]}"
out_has 'it says what a variable became' 'mail.host: smtp.example.net'
out_has 'and what was not understood' '2 not understood'
is 'just three files' "$(cd "$tmp/n" && echo $(ls -A))" 'stead.lock stead.secrets.yaml stead.yaml'
is 'secrets are 0600' "$(stat -c %a "$tmp/n/stead.secrets.yaml")" 600
is 'a permanent secret is the old one' "$(secret app.encryption_salt)" ssssssssssssssssssssssssssssssss
is 'the key of web push too' "$(secret app.vapid)" 'LQC3tmL3DLtmm_sFxQUxlZ2nOf7uv_AiM4Jpq6Jq_vA='
is 'a password with everything in it' "$(secret mail.password)" 'hi$dden \"mail\" #1'
is "one of the provider's" "$(secret redis.password)" hidden-redis-1
like 'what is new was made' "$(secret app.database_password)" '^[A-Za-z0-9]{32}$'
run 0 'the folder is right' check --dir "$tmp/n"
fails 'no secret is in the settings' grep -qi -e hidden -e 'hi\$dden' -e ssssssss "$tmp/n/stead.yaml" "$tmp/n/stead.lock"
run 0 'they reach the node' render --tree "$tmp/tree" --no-agent --dir "$tmp/n"
ok 'a secret that is passed on' grep -rqx 'OIDC_CLIENT_SECRET=hidden-oidc' "$tmp/tree/etc/stead/config"
ok 'a variable that is passed on' grep -rq 'OIDC_SCOPE=openid,profile,email' "$tmp/tree"

# --- options go first ---
old -e ''
run 0 'what --set says wins' import --env "$tmp/old.env" --dir "$tmp/other" "${given[@]}" --set mail=none --set redis=here
ok 'no mail then' grep -qx 'mail: none' "$tmp/other/stead.yaml"
printf other >"$tmp/password"
run 0 'so does --secret' import --env "$tmp/old.env" --dir "$tmp/third" "${given[@]}" --secret "mail.password=@$tmp/password"
ok 'it is taken' grep -qE '^mail\.password: "?other"?$' "$tmp/third/stead.secrets.yaml"

# --- a folder that is there ---
cp -r "$tmp/n" "$tmp/before"
run 0 'the same again compares' import --env "$full" --dir "$tmp/n"
ok 'and changes nothing' diff -r "$tmp/before" "$tmp/n"
old -e s/smtp.example.net/mx.example.net/ -e s/hidden-redis-1/another/
run 0 'another setting and password' import --env "$tmp/old.env" --dir "$tmp/n"
err_has 'the setting is a note' 'note[import.setting]'
err_has 'the password a warning' 'warning[import.secret-other]'
fails 'neither is shown' grep -q -e another "$tmp/out" "$tmp/err"
old -e s/ssssssss/tttttttt/
run 1 'another permanent secret' import --env "$tmp/old.env" --dir "$tmp/n"
err_has 'is an error' 'error[import.secret-differs]'
fails 'that shows neither' grep -q -e ssssssss -e tttttttt "$tmp/out" "$tmp/err"
old -e s/^LOCAL_DOMAIN=.*/LOCAL_DOMAIN=other.example.net/
run 1 'another domain' import --env "$tmp/old.env" --dir "$tmp/n"
err_has 'is one too' 'error[import.domain]'
ok 'nothing was changed by all that' diff -r "$tmp/before" "$tmp/n"

# --- what it refuses ---
refuse() { # CODE NAME TEXT ARGUMENT…
	local code=$1 name=$2 text=$3
	shift 3
	run "$code" "$name" import --dir "$tmp/none" "$@"
	err_has "$name: said" "$text"
	fails "$name: nothing is made" test -e "$tmp/none"
}
refuse 2 'nothing to import' 'stead import --env'
refuse 3 'a file that is not there' 'cannot read' --env "$tmp/nowhere" "${given[@]}"
refuse 3 'a folder' 'cannot read' --env "$tmp" "${given[@]}"
truncate -s 2M "$tmp/big"
refuse 3 'a file that is too large' '1 MiB' --env "$tmp/big" "${given[@]}"
head -c 4096 /dev/zero >"$tmp/zeros"
refuse 1 'zeros' 'env.utf8' --env "$tmp/zeros" "${given[@]}"
: >"$tmp/empty"
refuse 1 'an empty file' 'import.empty' --env "$tmp/empty" "${given[@]}"
old -e /PRIMARY_KEY/d
refuse 1 'a permanent secret is missing' 'error[import.secret]' --env "$tmp/old.env" "${given[@]}"
printf pppppppppppppppppppppppppppppppp >"$tmp/primary"
run 0 'it can be given' import --env "$tmp/old.env" --dir "$tmp/fourth" "${given[@]}" --secret "app.encryption_primary=@$tmp/primary"
refuse 1 'without a terminal it asks nothing' '--set admin.name=alice' --env "$full"
run 1 'as JSON' import --env "$tmp/empty" --dir "$tmp/none" --format=json
ok 'JSON says it too' jq -e '[.findings[].code] == ["import.empty"]' "$tmp/err"

# --- dumps and archives, before any machine is asked ---
bad() { # CODE NAME TEXT ARGUMENT…
	local code=$1 name=$2 text=$3
	shift 3
	run "$code" "$name" import --dir "$tmp/n" "$@"
	err_has "$name: said" "$text"
}
plain=$tmp/plain.sql
printf -- '--\n-- PostgreSQL database dump\n--\n' >"$plain"
tar -C "$tmp" -cf "$tmp/files.tar" old.env
sed 's/^S3_ENABLED=true/S3_ENABLED=false/' "$full" >"$tmp/local.env"
run 0 'a folder with files of its own' import --env "$tmp/local.env" --dir "$tmp/local" "${given[@]}"
bad 2 'files alone' '--database' --media "$tmp/files.tar"
bad 2 'a dry run with a dump' '--dry-run' --database "$plain" --dry-run
bad 2 'finish and a dump' 'stand alone' --finish --database "$plain"
bad 3 'a dump that is not there' 'cannot read' --database "$tmp/nowhere"
bad 1 'an empty dump' 'is empty' --database "$tmp/empty"
bad 1 'something else' 'is no dump' --database "$tmp/old.env"
bad 1 'zeros as a dump' 'is no dump' --database "$tmp/zeros"
bad 1 'a folder that is no dump' 'is no dump' --database "$tmp"
gzip -k "$plain"
bad 1 'a packed dump' 'unpack it first' --database "$plain.gz"
bad 3 'a fifo' 'is neither' --database <(echo x)
bad 3 'files that are not there' 'cannot read' --database "$plain" --media "$tmp/nowhere"
bad 1 'no archive' 'is no tar archive' --database "$plain" --media "$plain"
gzip -k "$tmp/files.tar"
bad 1 'a packed archive' 'unpack it first' --database "$plain" --media "$tmp/files.tar.gz"
bad 1 'files for a bucket' 'in a bucket' --database "$plain" --media "$tmp/files.tar"
sed -i '/^redis:/i database:\n  url: postgres://mastodon@db.example.net/mastodon' "$tmp/local/stead.yaml"
echo 'database.password: x' >>"$tmp/local/stead.secrets.yaml"
run 1 'a database elsewhere' import --dir "$tmp/local" --database "$plain"
err_has 'is said' 'elsewhere'
bad 3 'no machine yet' 'stead up' --database "$plain"
run 3 'no folder yet' import --dir "$tmp/none" --database "$plain"
err_has 'what comes first' "first 'stead import --env"

# --- all or nothing, also when it is killed ---
mkdir "$tmp/full-disk"
echo mine >"$tmp/full-disk/stead.lock"
run 3 'a lock that is there' import --env "$full" --dir "$tmp/full-disk" "${given[@]}"
is 'is left as it is' "$(cd "$tmp/full-disk" && echo $(ls -A) $(cat stead.lock))" 'stead.lock mine'
tap_done
