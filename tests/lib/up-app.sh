# make_app DIR [COMMAND [NETWORKS]]: the application of the tests of `up`, as a folder for --apps. It is the built-in
# snac and one process more, in which every kind of change can be seen.
# shellcheck shell=bash

worker_command='[sh, -c, "env >/tmp/index.html && exec busybox httpd -f -p 8002 -h /tmp"]'

make_app() {
	mkdir -p "$1/snac"
	awk -v command="${2:-$worker_command}" -v networks="${3:-[int]}" '
		/^settings:/ { print; print "  worker: {type: bool, default: \"true\", doc: whether the worker runs}"; next }
		/^secrets:/ {
			print "sizes:"
			print "  1g: {threads: 1, memory: 64m}"
			print "  4g: {threads: 4, memory: 128m}\n"
			print; print "  worker_key: {kind: hex}"; next
		}
		/^routes:/ {
			print "  worker:"
			print "    command: " command
			print "    user: \"10002:10002\""
			print "    tmpfs: [/tmp]"
			print "    networks: " networks
			print "    after: [snac]"
			print "    port: 8002"
			print "    health: {http: /, start: 8s}"
			print "    stop: 2s"
			print "    memory: ${size.memory}"
			print "    when: [own.worker == true]"
			print "    env:"
			print "      THREADS: ${size.threads}"
			print "      MAIL: ${settings.mail.host}:${settings.mail.port}"
			print "      WORKER_KEY: ${secret.worker_key}\n"
		}
		{ print }' "$top/apps/snac/app.yaml" >"$1/snac/app.yaml"
}
