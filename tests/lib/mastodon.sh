# Whole nodes of Mastodon for tests, on the lab's stand-ins (tests/lab/images/contract.md): source it behind tap.sh and
# node.sh. The node is $node, its engine $engine, its settings folder $dir/n.
# shellcheck shell=bash

# mastodon_settings [init's arguments...]: the same for every way onto a machine.
mastodon_settings() {
	"$stead" init --dir "$dir/n" --set app=mastodon --set domain=$web --set admin.name=alice \
		--set admin.email=alice@example.test --set mail=none --set backup=none --set tls.issuer=internal \
		--set "images.mirror=http://10.0.2.2:$registry_port" "$@" </dev/null && lock_settings "$dir/n"
}

# mastodon_image TAG: the settings name it, and the lock knows it.
mastodon_image() {
	sed -i '/^  web: /d; /^  streaming: /d; s|^images:|&\n  web: ghcr.io/mastodon/mastodon:'"$1"'\n  streaming: ghcr.io/mastodon/mastodon-streaming:'"$1"'|' \
		"$dir/n/stead.yaml" && lock_settings "$dir/n"
}

mastodon_prove() {
	inside "$node" stead-node ca >"$dir/ca.crt" &&
		inside "$node" stead-node login --json | jq -j .password >"$dir/password" &&
		"$top/tests/lib/prove-mastodon.sh" "$web" alice alice@example.test "$dir/ca.crt" "$dir/password" "$("$lab" node ip "$node")"
}

# sql QUERY: asked as the superuser, from within.
sql() { inside "$node" "$engine" exec --user 999:999 stead-postgres psql -U postgres mastodon_production -Atc "$1"; }

# redis WORDS: a command for Redis, from within.
redis() {
	inside "$node" "$engine" exec stead-redis sh -c 'REDISCLI_AUTH=$(cat /config/redis-password) exec redis-cli "$@"' _ "$@"
}

# steps: what the journals of all jobs hold, the times too. What runs is journaled, so the same text is: nothing ran.
steps() { inside "$node" sh -c 'cat /var/lib/stead/state/jobs/*.json' | jq -c '.steps[] | [.id, .state, .attempt, .at]'; }

# mastodon_words: every secret of the node, one a line, to $dir/words.
mastodon_words() {
	sed -n 's/^app\.[a-z_]*: *"\{0,1\}\([^ "]\{20,\}\)"\{0,1\} *$/\1/p' "$dir/n/stead.secrets.yaml" >"$dir/words"
	sed -n '/BEGIN/,/END/p' "$dir/n/stead.secrets.yaml" | sed -n '3,4p' | tr -d ' ' >>"$dir/words"
	inside "$node" stead-node login --json | jq -r .password >>"$dir/words"
}

# mastodon_is_whole: what is there once it is ready, on either engine.
mastodon_is_whole() {
	ok "the whole proof, from outside" mastodon_prove || inside "$node" journalctl --no-pager -n 60 | sed 's/^/# /'
	is "no unit has failed" "$(inside "$node" systemctl --failed --no-legend)" ""
	is "one owner, confirmed and approved" \
		"$(sql "SELECT count(*), bool_and(approved AND confirmed_at IS NOT NULL) FROM users JOIN user_roles ON role_id = user_roles.id WHERE name = 'Owner'")" '1|t'
	is "the application is no superuser" "$(sql "SELECT rolsuper FROM pg_roles WHERE rolname = 'mastodon'")" f
	is "nobody comes in without a password" \
		"$(sql "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method NOT IN ('peer', 'scram-sha-256')")" 0
	fails "redis asks for one too" inside "$node" "$engine" exec stead-redis redis-cli -e ping
	is "redis throws nothing away" \
		"$(redis config get maxmemory-policy | tail -n 1)" noeviction
	is "one sidekiq has all queues" \
		"$(redis hget "$(redis smembers processes)" info | jq -c '.queues | sort')" \
		'["default","fasp","ingress","mailers","pull","push","scheduler"]'
	is "sign-up is closed" "$(sql "SELECT value FROM settings WHERE var = 'registrations_mode'" | tr -d '\n')" '--- none'
	for p in web:991 streaming:991 sidekiq:991 postgres:999 redis:999; do
		is "${p%:*}: its own user, a read-only root, no capability" \
			"$(inside "$node" sh -c 'pid=$('"$engine"' inspect stead-'"${p%:*}"' --format "{{.State.Pid}}")
				awk "/^Uid/ { print \$2 } /^CapBnd/ { print \$2 }" /proc/$pid/status | xargs
				'"$engine"' inspect stead-'"${p%:*}"' --format "{{.HostConfig.ReadonlyRootfs}}"' | xargs)" \
			"${p#*:} 0000000000000000 true"
	done
}

# mastodon_keeps_secrets: no secret in what is logged, told or seen of a process, nor in a file that is not root's alone.
mastodon_keeps_secrets() {
	mastodon_words
	is "the secrets to look for" "$(wc -l <"$dir/words")" 11
	{
		inside "$node" journalctl --no-pager -o export
		inside "$node" ps axww -o args
		inside "$node" stead-node status --json
		inside "$node" sh -c "$engine"' inspect $('"$engine"' ps -aq)'
		cat "$dir/n/stead.yaml" "$dir/n/stead.lock"
	} >"$dir/everything" 2>&1
	ok "there is plenty to search" test "$(wc -c <"$dir/everything")" -gt 100000
	fails "no secret in journal, arguments, status or what is told of containers" grep -aqFf "$dir/words" "$dir/everything"
	# As a user that is nobody's, over all that such a one can read. A file of ours shows that this finds something.
	inside "$node" sh -c 'umask 077; cat >/root/words' <"$dir/words"
	head -n 1 "$dir/words" | inside "$node" sh -c 'umask 022; cat >/etc/readable'
	is "no secret in a file that others can read" "$(inside "$node" sh -c '
		setpriv --reuid=65534 --regid=65534 --clear-groups grep -rlaF -f - --devices=skip \
			/etc /run /var /usr/local /opt /tmp /root /home </root/words 2>/dev/null')" /etc/readable
	inside "$node" rm /root/words /etc/readable
}

# mastodon_answers: and the owner's login works; without a new post.
mastodon_answers() { (export POST=no && mastodon_prove); }
