# For the tests of receive, apply and resume: bundles, and nodes that follow them. systemd and the
# engine are stand-ins (bin/): they do at once what they are told; the real ones judge in tests/systemd.
. "$(dirname "$0")/lib.sh"

STATE=var/lib/stead/state/apply
CONF=/etc/stead/config/server/a.conf

# What each kind of change does to the bundle, in Python (bundle.py).
declare -A kinds=(
	[changed]='files["/etc/stead/config/server/a.conf"][0] = "a: 2\n"'
	[added]='dirs["/etc/stead/config/more"] = [0o750, [0, 10002]]; files["/etc/stead/config/more/b.conf"] = ["b\n", 0o640, [0, 10002], False]'
	[removed]='remove_file("/etc/stead/config/server/gone.conf"); del dirs["/etc/stead/config/old"]'
	[link]='links["/etc/stead/link"] = "elsewhere"; del links["/etc/stead/gone-link"]; links["/etc/stead/new-link"] = "x"'
	[turned]='remove_file("/etc/stead/config/server/gone.conf"); links["/etc/stead/config/server/gone.conf"] = "x"; del links["/etc/stead/gone-link"]; files["/etc/stead/gone-link"] = ["file\n", 0o644, [0, 0], False]'
	[mode]='files["/etc/stead/config/server/gone.conf"][1:3] = [0o600, [10001, 0]]; dirs["/etc/stead/config/server"] = [0o711, [10001, 0]]'
	[secret]='files["/etc/stead/secrets/server.env"][0] = "SECRET_VALUE=correct horse\n"'
	[unit]='files[f"{UNITS}/stead-prepare.service"][0] = "# other\n"; remove_unit("stead-old.timer"); p["units"].append({"name": "other.service", "state": "masked"})'
	[network]='files[NETWORK][0] = "[Network]\nSubnet=10.217.9.0/24\n"'
	[image]='server["image"] = "registry.example/server:2"; files[SERVER][0] = "[Container]\nImage=server:2\n"'
	[process]='remove_process("aux"); add_process("third")'
)
everything=("${kinds[added]}" "${kinds[removed]}" "${kinds[link]}" "${kinds[mode]/files*gone.conf*; d/d}"
	"${kinds[changed]}" "${kinds[secret]}" "${kinds[unit]}" "${kinds[network]}" "${kinds[image]}"
	"${kinds[process]}")
sick='files[SERVER][0] += "# sick\n"'

# --- bundles and nodes ---

bundle() { # NAME CODE...
	local name=$1
	shift
	python3 "$here/bundle.py" "$@" >"$work/$name.bundle" || return 1
	id_of_file "$work/$name.bundle" >"$work/$name.id"
}
id_of_file() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["id"])' "$1"
}
id() { # NAME
	echo "$(<"$work/$1.id")"
}
current() {
	sed -n 's/.*"id": "\(.*\)".*/\1/p' "$ROOT/$STATE/current.json" 2>/dev/null
}
last() { # KEY
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' \
		"$ROOT/$STATE/last.json" "$1"
}
# A value of an answer on stdin, by a Python expression of `a`.
answer() { # EXPRESSION
	python3 -c 'import json, sys; a = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"
}
receive() { # NAME
	agent receive <"$work/$1.bundle"
}
# In the foreground, as the unit does it.
apply_run() { # NAME BASE [OPTION]...
	local name=$1 base=$2
	shift 2
	agent apply --run "$(id "$name")" --base "$base" "$@" >>"$ROOT.log" 2>&1
}

empty_node() {
	new_root
	rm -r "$ROOT/etc/stead"
}

# Keeps $ROOT as the template NAME, and makes a copy of it.
keep_as() { # NAME
	rm -rf "$work/$1.root" "$work/$1.engine"
	mv "$ROOT" "$work/$1.root"
	mv "$ENGINE" "$work/$1.engine"
}
node_from() { # NAME
	ROOT=$(mktemp -d "$work/root.XXXXXX")
	ENGINE=$ROOT.engine
	cp -a "$work/$1.root/." "$ROOT"
	cp -a "$work/$1.engine" "$ENGINE"
}
drop_root() {
	rm -rf "$ROOT" "$ROOT".*
}

# All of /etc, and what systemd was told. It is taken thousands of times: few programs, each of them costs.
picture() {
	local file state
	(cd "$ROOT/etc" && find . -printf '%p %y %m %U:%G %l\n' , -type f -exec sha256sum {} + | sort)
	for file in "$ENGINE"/{enabled,masked,units}/*; do
		[[ $file != *stead-apply* && -f $file ]] || continue
		state=''
		read -r state <"$file"
		echo "${file#"$ENGINE/"}: $state"
	done
	for file in "$ROOT"/run/stead/healthy/*; do
		[ ! -f "$file" ] || echo "healthy: ${file##*/}"
	done
}

# The old node, ready; and the pictures of it and of a node before its first plan.
make_old() {
	bundle old || return 1
	empty_node
	picture >"$work/none.picture"
	receive old >"$ROOT.answer" || return 1
	cp -a "$ROOT" "$work/first.root"
	cp -a "$ENGINE" "$work/first.engine"
	apply_run old '' || { cat "$ROOT.log"; return 1; }
	agent status >/dev/null || return 1
	agent prepare >/dev/null 2>&1 || return 1
	picture >"$work/old.picture"
	keep_as old
}

# The old node that has received NAME, and the picture of one that follows it.
make_change() { # NAME CODE...
	bundle "$@" || return 1
	node_from old
	receive "$1" >"$ROOT.answer" || { cat "$ROOT.answer"; return 1; }
	cp -a "$ROOT" "$work/$1.root"
	cp -a "$ENGINE" "$work/$1.engine"
	apply_run "$1" "$(id old)"
	picture >"$work/$1.picture"
	drop_root
}

# All of the old node or all of the new one; says which.
is_whole() { # OLD NEW
	local which=none left old='' new now
	picture >"$ROOT.picture"
	[ ! -e "$ROOT/$STATE/journal.json" ] || { echo "the journal is still there"; return 1; }
	left=$(find "$ROOT/etc" "$ROOT/var" -name '*.stead-new' -o -name '*.stead-old')
	[ -z "$left" ] || { echo "left over: $left"; return 1; }
	[ "$1" = none ] || read -r old <"$work/$1.id"
	read -r new <"$work/$2.id"
	now=$(current)
	[ "$now" != "$new" ] || which=new
	[ "$now" != "$old" ] || which=old
	[ $which != none ] || { echo "the node follows '$now'"; return 1; }
	left=$work/$([ $which = old ] && echo "$1" || echo "$2").picture
	cmp -s "$left" "$ROOT.picture" ||
		{ diff "$left" "$ROOT.picture"; echo "^ not all of the $which node"; return 1; }
	outcome=$which
}

outcome=''

# --- killed ---

# The change from OLD to NEW, from its start to its end; the base of it is $base.
base=''
start_of() { # OLD NEW
	base=$([ "$1" = none ] || id "$1")
	node_from "$([ "$1" = none ] && echo first || echo "$2")"
}

# Finishes by METHOD what lies in $ROOT; $outcome is old or new.
finish() { # OLD NEW METHOD
	case $3 in
	resume) agent resume >>"$ROOT.log" 2>&1 || { tail "$ROOT.log"; return 1; } ;;
	apply) agent apply "$(id "$2")" --base "$base" >>"$ROOT.log" 2>&1 ;;
	esac
	is_whole "$1" "$2" || { cat "$ROOT.log" "$ENGINE/unit.log" | tail -n 20; return 1; }
}

# At each STEPth point that differs. EXPECTED is what comes out in the end: new, or old where the change is
# returned. Before the commit point `resume` gives the old node, behind it never again.
killed() { # OLD NEW METHOD EXPECTED [STEP]
	local point n=0 before=0 after=0
	start_of "$1" "$2"
	keep_points change 1 1 apply_run "$2" "$base"
	is_whole "$1" "$2" && [ "$outcome" = "$4" ] || { tail -n 5 "$ROOT.log"; return 1; }
	drop_root
	for point in "$work"/change.points/*.tar; do
		n=$((n + 1))
		[ $((n % ${5:-1})) = 0 ] || continue
		node_at "$point"
		finish "$1" "$2" "$3" || { echo "^ killed at point ${point##*/}, then $3"; return 1; }
		if [ "$outcome" = "$4" ]; then
			after=$((after + 1))
		else
			before=$((before + 1))
			[ "$3" = resume ] && [ $after = 0 ] ||
				{ echo "$outcome at point ${point##*/}"; return 1; }
		fi
		drop_root
	done
	echo "$1 to $2, $3: $(points_of change), $before before the commit" >>"$work/points"
	[ $after -gt 0 ] && { [ "$3" != resume ] || [ "$4" = old ] || [ $before -gt 0 ]; }
}

# Killed once, and then again while `resume` works on it.
killed_twice() { # OLD NEW STEP
	local first second n=0 count=0
	start_of "$1" "$2"
	keep_points once 5 "$3" apply_run "$2" "$base"
	drop_root
	for first in "$work"/once.points/*.tar; do
		n=$((n + 1))
		node_at "$first"
		keep_points twice $((1 + n % 3)) "$3" agent resume >>"$ROOT.log" 2>&1
		drop_root
		for second in "$work"/twice.points/*.tar; do
			[ -e "$second" ] || break # nothing was left to be done
			node_at "$second"
			finish "$1" "$2" resume ||
				{ echo "^ killed at ${first##*/}, and resume at ${second##*/}"; return 1; }
			count=$((count + 1))
			drop_root
		done
	done
	echo "$1 to $2: killed twice in $count ways" >>"$work/points"
	[ $count -gt 0 ]
}

make_templates() {
	make_old && make_change all "${everything[@]}" && make_change sick "${everything[@]}" "$sick"
}
# What `resume` does from a point, the next `apply` does too, in the same function: fewer points do.
step=$([ -n "${STEAD_SOAK:-}" ] && echo 1 || echo 4)
