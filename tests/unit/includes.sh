#!/usr/bin/env bash
# The layers: a folder includes only folders above it; siblings in one row never include each other.
set -u
cd "$(dirname "$0")/../.."

rows=(
	"base" "archive dns" "diag" "yaml dotenv" "schema" "settings app provider" "secret" "node" "check" "plan" "output"
	"host" "ignition butane" "kubernetes terraform netboot graph vm remote" "probe" "agent" "cli" "cmd"
)
# These depend on less than their place would allow: they are part of the agent.
declare -A only=([diag]="base" [plan]="base diag" [agent]="base archive dns diag plan secret")

declare -A allowed
above=""
for row in "${rows[@]}"; do
	for folder in $row; do
		allowed[$folder]=" ${only[$folder]:-$above} $folder "
	done
	above="$above $row"
done

n=0 failed=0
result() { # STATUS NAME
	n=$((n + 1))
	[ "$1" = 0 ] && echo "ok $n - $2" && return
	echo "not ok $n - $2"
	failed=1
}

# Every #include "folder/..." of a folder, one "file: folder" a line.
includes_of() { # FOLDER
	grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*"' "src/$1"/*.[ch] \
		"src/$1"/*/*.[ch] 2>/dev/null | sed -E 's/^([^:]*):.*"([^"]*)"/\1 \2/'
}

check_folder() { # FOLDER
	local file target wrong=0
	while read -r file target; do
		local other=${target%%/*}
		if [ "$other" = "$target" ]; then
			echo "# $file includes \"$target\": write \"$1/$target\""
			wrong=1
		elif [[ "${allowed[$1]}" != *" $other "* ]]; then
			echo "# $file includes \"$target\": $1 must not know $other"
			wrong=1
		fi
	done < <(includes_of "$1")
	return $wrong
}

for path in src/*/; do
	folder=$(basename "$path")
	if [ -z "${allowed[$folder]:-}" ]; then
		result 1 "src/$folder has a place among the layers"
		continue
	fi
	problems=$(check_folder "$folder")
	result $? "src/$folder includes only what is above it"
	[ -z "$problems" ] || echo "$problems"
done

# A check that would let everything pass is worth nothing.
[[ "${allowed[yaml]}" != *" schema "* && "${allowed[app]}" != *" settings "* &&
	"${allowed[agent]}" != *" yaml "* && "${allowed[cmd]}" == *" agent "* ]]
result $? "the table says what it should"

echo "1..$n"
exit $failed
