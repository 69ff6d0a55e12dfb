# A real mail server (exim) on loopback, and small ones that do what no real one does. Needs tap.sh.
# shellcheck shell=bash
#
#     smtp_up DIR      starts exim with all in DIR; sets the ports below
#     smtp_down        ends what this file started
#
# Its certificate is for "localhost", made by an authority in $smtp_ca. It takes the login
# hello / $smtp_password, and delivers into the maildir $smtp_maildir.

# shellcheck disable=SC2034
smtp_password="pa ss\"wörd'%\\1" smtp_pids=()
smtp_in=() # the words that start it somewhere else, as in another network namespace

# COUNT ports that nobody listens on.
free_ports() {
	python3 - "$1" <<-'PY'
		import socket, sys
		held = [socket.socket() for _ in range(int(sys.argv[1]))]
		for s in held:
		    s.bind(("127.0.0.1", 0))
		print(*(s.getsockname()[1] for s in held))
	PY
}

smtp_certificates() { # DIR
	(
		cd "$1" || exit 1
		openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj '/CN=Lab CA' &&
			openssl req -newkey rsa:2048 -nodes -keyout key.pem -out server.csr -subj '/CN=localhost' &&
			: >index.txt && echo 01 >serial &&
			printf '%s\n' '[ca]' 'default_ca=lab' '[lab]' 'database=index.txt' 'serial=serial' \
				'new_certs_dir=.' 'default_md=sha256' 'policy=any' 'unique_subject=no' \
				'x509_extensions=san' '[any]' 'commonName=supplied' '[san]' \
				'subjectAltName=DNS:localhost' >ca.conf &&
			openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in server.csr -out cert.pem \
				-days 30 -notext &&
			openssl ca -batch -config ca.conf -cert ca.pem -keyfile ca.key -in server.csr -out expired.pem \
				-startdate 20200101000000Z -enddate 20200102000000Z -notext
	) >"$1/openssl.log" 2>&1
}

smtp_config() { # DIR USER
	cat <<-CONF
		primary_hostname = localhost
		spool_directory = $1/spool
		log_file_path = $1/log/%s
		pid_file_path = $1/exim.pid
		exim_user = $2
		exim_group = $(id -gn "$2")
		never_users =
		deliver_drop_privilege = $([ "$(id -u)" = 0 ] && echo false || echo true)
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $port_starttls : $port_tls : $port_plain : $port_method : $port_expired
		tls_on_connect_ports = $port_tls
		tls_advertise_hosts = \${if eq{\$received_port}{$port_plain}{}{*}}
		tls_certificate = \${if eq{\$received_port}{$port_expired}{$1/expired.pem}{$1/cert.pem}}
		tls_privatekey = $1/key.pem
		auth_advertise_hosts = \${if def:tls_in_cipher{*}{}}
		acl_smtp_mail = sender
		acl_smtp_rcpt = recipient
		acl_smtp_data = message
		rfc1413_query_timeout = 0s
		keep_environment =
		begin acl
		sender:
		  deny sender_domains = refused.invalid
		       message = not your sender
		  accept
		recipient:
		  deny local_parts = nobody
		       message = there is no such mailbox
		  defer local_parts = later
		       message = greylisted, come back in five minutes
		  deny !authenticated = *
		       !condition = \${if eq{\$received_port}{$port_plain}}
		       message = log in first
		  accept
		message:
		  deny condition = \${if eq{\$recipients}{spam@lab.invalid}}
		       message = this looks like spam
		  accept
		begin authenticators
		plain:
		  driver = plaintext
		  public_name = PLAIN
		  server_advertise_condition = \${if !eq{\$received_port}{$port_method}}
		  server_prompts = :
		  server_condition = \${if and{{eq{\$auth2}{hello}}{eq{\$auth3}{\${readfile{$1/password}}}}}}
		  server_set_id = \$auth2
		strange:
		  driver = plaintext
		  public_name = XSTRANGE
		  server_advertise_condition = \${if eq{\$received_port}{$port_method}}
		  server_prompts = :
		  server_condition = false
		begin routers
		all:
		  driver = accept
		  transport = maildir
		begin transports
		maildir:
		  driver = appendfile
		  directory = $1/maildir
		  maildir_format
		  user = $2
	CONF
}

listens() { "${smtp_in[@]}" timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$1" 2>/dev/null; }

smtp_up() { # DIR
	local dir=$1 user
	user=$([ "$(id -u)" = 0 ] && echo Debian-exim || id -un)
	read -r port_starttls port_tls port_plain port_method port_expired port_closed < <(free_ports 6)
	mkdir -p "$dir/spool" "$dir/log" "$dir/maildir"
	smtp_certificates "$dir" || return 1
	printf %s "$smtp_password" >"$dir/password"
	smtp_config "$dir" "$user" >"$dir/exim.conf"
	[ "$(id -u)" != 0 ] || chown -R "$user" "$dir"
	chown "$(id -u)" "$dir/exim.conf"
	"${smtp_in[@]}" /usr/sbin/exim4 -C "$dir/exim.conf" -bdf >"$dir/log/stdout" 2>&1 &
	smtp_pids+=($!)
	smtp_ca=$dir/ca.pem smtp_maildir=$dir/maildir
	until_ok 30 listens "$port_expired"
}

# small_server WHAT: one that is no real one; its port is in $small_port.
small_server() {
	local out
	out=$(mktemp)
	python3 "$(dirname "${BASH_SOURCE[0]}")/smtp-small.py" "$1" >"$out" &
	smtp_pids+=($!)
	until_ok 30 test -s "$out"
	small_port=$(cat "$out")
	rm -f "$out"
}

smtp_down() {
	local pid
	for pid in "${smtp_pids[@]}"; do kill "$pid" 2>/dev/null; done
	wait 2>/dev/null
	smtp_pids=()
}
