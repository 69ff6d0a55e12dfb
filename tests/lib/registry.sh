# Debian's docker-registry on loopback, with and without logins, and servers that are none. Needs tap.sh.
# shellcheck shell=bash
#
#     registries_up DIR   $plain (http, may be written to), $tokens (https, a token for everybody) and
#                         $basic (https, alice with the password secret): HOST:PORT of each, over one storage.
#                         $registry_ca is the authority of their certificate; digests are in DIR/digests
#     small_registry WHAT [URL]
#                         one of registry-small.py's servers; its HOST:PORT goes to $small
#     registries_down     ends what this file started
registry_pids=()
registry_py=tests/lib/registry-small.py

registry_serve() { # NAME CONFIG: its HOST:PORT goes to $served
	local port try
	for try in 1 2 3; do
		port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
		{
			printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n'
			printf 'storage: {filesystem: {rootdirectory: %s/storage}}\n' "$registry_dir"
			printf 'http: {addr: "127.0.0.1:%s", secret: lab%s}\n' "$port" "$2"
		} >"$registry_dir/$1.yml"
		docker-registry serve "$registry_dir/$1.yml" >"$registry_dir/$1.log" 2>&1 &
		registry_pids+=($!)
		served=localhost:$port
		until_ok 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port" && return
	done 2>/dev/null
	cat "$registry_dir/$1.log"
	return 1
}

small_registry() {
	rm -f "$registry_dir/port"
	python3 "$registry_py" "$registry_dir" "$@" >"$registry_dir/port" 2>"$registry_dir/small.log" &
	registry_pids+=($!)
	until_ok 20 test -s "$registry_dir/port" && small=localhost:$(cat "$registry_dir/port")
}

registries_up() {
	registry_dir=$1
	local tls=$'\nauth:' word
	registry_ca=$registry_dir/cert.pem
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$registry_dir/key.pem" -out "$registry_ca" -days 30 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost 2>"$registry_dir/openssl.log" &&
		registry_serve plain '' && plain=$served &&
		python3 "$registry_py" "$registry_dir" fill "http://$plain" >"$registry_dir/digests" &&
		small_registry token || return 1
	tls=", tls: {certificate: $registry_ca, key: $registry_dir/key.pem}"
	word=$(python3 -W ignore -c 'import crypt; print(crypt.crypt("secret", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))')
	echo "alice:$word" >"$registry_dir/htpasswd"
	# What ends the http line begins auth on its own: the closing brace comes from registry_serve.
	registry_serve tokens "$tls}
auth: {token: {realm: \"https://$small/token\", service: lab registry, issuer: lab, rootcertbundle: $registry_ca}" &&
		tokens=$served &&
		registry_serve basic "$tls}
auth: {htpasswd: {realm: lab, path: $registry_dir/htpasswd}" && basic=$served
}

registries_down() {
	[ ${#registry_pids[@]} = 0 ] || kill "${registry_pids[@]}" 2>/dev/null
	wait "${registry_pids[@]}" 2>/dev/null
	registry_pids=()
}

digest_of() { awk -v name="$1" '$1 == name { print $2 }' "$registry_dir/digests"; }
