#!/usr/bin/env bash
# stead init: what it makes, what it refuses, and that it makes all or nothing.
. "$(dirname "$0")/lib.sh"

nothing_in() { [ -z "$(ls -A "$1" 2>/dev/null)" ]; }
fresh() { rm -rf "$tmp/n"; mkdir "$tmp/n"; }

# --- what it makes ---
run 0 'init in a new folder' init --dir "$tmp/new/node" "${answers[@]}"
out_has 'the handle is shown' '@alice@node.example.org'
is 'secrets are 0600' "$(stat -c %a "$tmp/new/node/stead.secrets.yaml")" 600
is 'just three files' "$(cd "$tmp/new/node" && echo $(ls -A))" 'stead.lock stead.secrets.yaml stead.yaml'
ok 'the host key is one' bash -c 'sed -n "/BEGIN/,/END/s/^ *//p" "$1" >"$2" && chmod 600 "$2" && ssh-keygen -y -f "$2"' \
	_ "$tmp/new/node/stead.secrets.yaml" "$tmp/key"
ok 'the lineage is 32 hex digits' grep -qE '^lineage: "?[0-9a-f]{32}"?$' "$tmp/new/node/stead.lock"
umask 000
fresh
"$stead" init --dir "$tmp/n" "${answers[@]}" </dev/null >/dev/null 2>&1
is 'secrets are 0600 whatever the umask' "$(stat -c %a "$tmp/n/stead.secrets.yaml")" 600
umask 022
fails 'two nodes have nothing secret in common' cmp -s "$tmp/n/stead.secrets.yaml" "$tmp/new/node/stead.secrets.yaml"
ok 'and the same settings' cmp "$tmp/n/stead.yaml" "$tmp/new/node/stead.yaml"
fresh
run 0 'the order of --set does not matter' init --dir "$tmp/n" --set backup=none --set mail=none \
	--set admin.email=alice@example.net --set admin.name=alice --set images.snac=lab.invalid/snac:2.75 \
	--set domain=node.example.org --set app=snac
ok 'the same settings' cmp "$tmp/n/stead.yaml" "$tmp/new/node/stead.yaml"
run 3 'never twice' init --dir "$tmp/n" "${answers[@]}"
err_has 'it says why' 'never overwrites'
for file in stead.yaml stead.secrets.yaml stead.lock; do
	fresh
	echo mine >"$tmp/n/$file"
	run 3 "an old $file alone" init --dir "$tmp/n" "${answers[@]}"
	is "is left as it is" "$(cd "$tmp/n" && echo $(ls -A) $(cat ./*))" "$file mine"
done
fresh
ln -s nowhere "$tmp/n/stead.secrets.yaml"
run 3 'a dangling link in the place of the secrets' init --dir "$tmp/n" "${answers[@]}"

# --- without a terminal it never hangs: what is missing is said, with the remedy ---
fresh
run 1 'nothing was said' init --dir "$tmp/n"
for what in app=snac domain= admin.name= admin.email= mail=none backup=none; do
	err_has "what is missing: $what" "--set $what"
done
ok 'nothing is made' nothing_in "$tmp/n"
run 1 'an application without an image' init --dir "$tmp/n" --set app=snac
err_has 'how to name one' '--set images.snac='
run 1 'as JSON' init --dir "$tmp/n" --format=json
ok 'JSON says it too' jq -e '[.findings[].code] | unique == ["cli.missing"]' "$tmp/err"
timeout 300 "$stead" init --dir "$tmp/n" >"$tmp/out" 2>"$tmp/err" < <(sleep 600)
is 'nor with a pipe nobody writes to' $? 1
timeout 300 "$stead" init --dir "$tmp/n" >"$tmp/out" 2>"$tmp/err" <&-
is 'nor with stdin closed' $? 1

# --- what it refuses ---
refuse() { # NAME TEXT SET…
	local name=$1 text=$2 sets=()
	shift 2
	for s in "$@"; do sets+=(--set "$s"); done
	run 1 "$name" init --dir "$tmp/n" "${answers[@]}" "${sets[@]}"
	err_has "$name: said" "$text"
	ok "$name: nothing is made" nothing_in "$tmp/n"
}
fresh
refuse 'a key that is none' "did you mean 'machine.size'?" machine.szie=2g
refuse 'a port that is none' '--set mail.port' mail.port=70000
refuse 'a word that is none' "did you mean 'internal'?" tls=internl
refuse 'not KEY=VALUE' 'KEY=VALUE' machine
refuse 'no value' "there is no value for 'web'" web=
refuse 'twice' "was given twice" domain=other.example.org
refuse 'a map as a value' 'set the keys below it' machine=2g
refuse 'none, and then a key below' "'mail' is 'none'" mail.host=smtp.example.net
refuse 'bytes that are no UTF-8' 'not UTF-8' $'snac.title=\xff\xfe'
refuse 'a private key as the public one' 'private key' 'machine.ssh_keys=-----BEGIN OPENSSH PRIVATE KEY-----'
refuse 'a name the application cannot have' 'stead.yaml' snac.no_such_key=1
run 1 'an application that is not known' init --dir "$tmp/n" --set app=snacc --set domain=node.example.org \
	--set admin.name=alice --set admin.email=a@example.net --set mail=none --set backup=none
err_has 'it is named' 'snac'
run 1 "an owner's name the application cannot have" init --dir "$tmp/n" --set app=snac --set domain=node.example.org \
	--set admin.name=al.ice --set admin.email=a@example.net --set mail=none --set backup=none
ok 'nothing is made' nothing_in "$tmp/n"

# --- values arrive ---
run 0 'many settings' init --dir "$tmp/n" "${answers[@]}" "${inline[@]}" --set machine.size=4g --set web=node.example.org \
	--set 'snac.title=yes: "quoted" # not a comment' --set snac.max_attachments=8 --set proxy.trusted=192.0.2.1,192.0.2.2 \
	--set proxy.trusted=192.0.2.3 --set machine.firewall.open=tcp/9000
ok 'lists by commas and repeating' test "$(grep -c '^    - .*192\.0\.2' "$tmp/n/stead.yaml")" = 3
ok 'they read back as they were given' grep -qF '"yes: \"quoted\" # not a comment"' "$tmp/n/stead.yaml"
run 0 'and are right' check --dir "$tmp/n"

# --- secrets come from files or stdin, never from arguments ---
fresh
echo 'hunter2 hunter2' >"$tmp/password"
run 2 'a secret in the arguments' init --dir "$tmp/n" "${answers[@]}" --secret mail.password=hunter2
err_has 'it says why' 'every user'
fails 'and does not repeat it' grep -q hunter2 "$tmp/err"
run 2 'a secret without a name' init --dir "$tmp/n" "${answers[@]}" --secret "@$tmp/password"
run 3 'a file that is not there' init --dir "$tmp/n" "${answers[@]}" --secret "mail.password=@$tmp/none"
run 1 'a secret the application has not' init --dir "$tmp/n" "${answers[@]}" --secret "mail.pasword=@$tmp/password"
err_has 'its code' 'error[cli.secret]'
err_has 'the right one is named' "did you mean 'mail.password'?"
run 2 'two from stdin' init --dir "$tmp/n" "${answers[@]}" --secret mail.password=- --secret x=-
run 2 'a host key that is none' init --dir "$tmp/n" "${answers[@]}" --secret "ssh_host_ed25519_key=@$tmp/password"
fails 'and does not show it' grep -q hunter2 "$tmp/err"
mail=("${identity[@]}" --set admin.email=a@example.net --set backup=none --set mail.host=smtp.example.net --set mail.user=u)
run 1 'a password that is needed' init --dir "$tmp/n" "${mail[@]}"
err_has 'how to give it' '--secret mail.password=@FILE'
ok 'nothing is made' nothing_in "$tmp/n"
run 0 'from a file' init --dir "$tmp/n" "${mail[@]}" --secret "mail.password=@$tmp/password"
ok 'without the newline of the file' grep -qE '^mail\.password: "?hunter2 hunter2"?$' "$tmp/n/stead.secrets.yaml"
fails 'it is not in the settings' grep -q hunter2 "$tmp/n/stead.yaml" "$tmp/n/stead.lock"
fresh
printf 'hunter2 hunter2' | timeout 300 "$stead" init --dir "$tmp/n" "${mail[@]}" --secret mail.password=- >/dev/null 2>"$tmp/err"
is 'from stdin' $? 0
fresh
run 0 'an own host key' init --dir "$tmp/n" "${answers[@]}" --secret "ssh_host_ed25519_key=@$tmp/key"
ok 'is taken' grep -qF "$(sed -n 2p "$tmp/key")" "$tmp/n/stead.secrets.yaml"

# --- ssh keys ---
fresh
mkdir -p "$HOME/.ssh"
ssh-keygen -q -t ed25519 -N '' -C me -f "$HOME/.ssh/id_ed25519"
run 0 'the usual public key' init --dir "$tmp/n" "${answers[@]}"
ok 'is taken' grep -qF '~/.ssh/id_ed25519.pub' "$tmp/n/stead.yaml"
rm -r "$HOME/.ssh"

# --- git ---
fresh
git init -q "$tmp/n"
mkdir "$tmp/n/deep"
printf 'old' >"$tmp/n/deep/.gitignore"
run 0 'inside a git work tree' init --dir "$tmp/n/deep" "${answers[@]}"
is 'the secrets are ignored' "$(git -C "$tmp/n" check-ignore deep/stead.secrets.yaml deep/.stead/x | wc -l)" 2
is 'what stood there stands there' "$(head -n 1 "$tmp/n/deep/.gitignore")" old
fails 'settings are not ignored' git -C "$tmp/n" check-ignore -q deep/stead.yaml deep/stead.lock
cp "$tmp/n/deep/.gitignore" "$tmp/ignore"
rm "$tmp/n"/deep/stead.*
run 0 'again' init --dir "$tmp/n/deep" "${answers[@]}"
ok 'they are added once' cmp "$tmp/n/deep/.gitignore" "$tmp/ignore"

# --- a folder that cannot be used ---
echo x >"$tmp/file"
run 3 'a file instead of a folder' init --dir "$tmp/file" "${answers[@]}"
run 3 'a folder below a file' init --dir "$tmp/file/n" "${answers[@]}"
if [ "$(id -u)" = 0 ] && mkdir -p "$tmp/disk" && mount -t tmpfs -o size=512k tmpfs "$tmp/disk" 2>/dev/null; then
	# from nothing free to almost enough: each time all or nothing
	bad=0
	for free in 0 1 2 3 4 5 6 7 8 9 10; do
		rm -rf "$tmp/disk"/* "$tmp/disk"/.[!.]*
		mkdir "$tmp/disk/n"
		git init -q "$tmp/disk/n" 2>/dev/null && rm -rf "$tmp/disk/n/.git/hooks"
		dd if=/dev/zero of="$tmp/disk/filler" bs=4k status=none 2>/dev/null
		truncate -s -$((free * 4096)) "$tmp/disk/filler"
		timeout 300 "$stead" init --dir "$tmp/disk/n" "${answers[@]}" >/dev/null 2>&1 </dev/null
		code=$?
		made=$(ls -A "$tmp/disk/n" | grep -c '^stead\|^\.stead')
		if [ $code = 0 ]; then [ "$made" = 3 ] || bad=1; else [ "$made" = 0 ] && [ $code = 3 ] || bad=1; fi
		[ $bad = 0 ] || { echo "# $free blocks free: exit code $code, $(ls -A "$tmp/disk/n" | tr '\n' ' ')"; break; }
		[ $code = 0 ] && full=1
	done
	is 'on a full disk: all or nothing' $bad 0
	is 'and all, when there is room' "${full:-0}" 1
	mount -o remount,ro "$tmp/disk"
	run 3 'a disk that is read-only' init --dir "$tmp/disk/m" "${answers[@]}"
	umount "$tmp/disk"
else
	skip 'on a full disk: all or nothing' 'cannot mount a tmpfs here'
fi

# --- killed at any moment, the next init has a clean table ---
# A library that ends the program right before or after its N-th file gets its name.
cat >"$tmp/kill.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
static void point(void)
{
	static int n;
	const char *at = getenv("KILL_AT");
	if (at != NULL && ++n == atoi(at))
		kill(getpid(), SIGKILL);
}
int linkat(int a, const char *b, int c, const char *d, int e)
{
	int (*real)(int, const char *, int, const char *, int) = dlsym(RTLD_NEXT, "linkat");
	point();
	int r = real(a, b, c, d, e);
	point();
	return r;
}
int renameat(int a, const char *b, int c, const char *d)
{
	int (*real)(int, const char *, int, const char *) = dlsym(RTLD_NEXT, "renameat");
	point();
	int r = real(a, b, c, d);
	point();
	return r;
}
int unlinkat(int a, const char *b, int c)
{
	int (*real)(int, const char *, int) = dlsym(RTLD_NEXT, "unlinkat");
	point();
	int r = real(a, b, c);
	point();
	return r;
}
END
if gcc -shared -fPIC -o "$tmp/kill.so" "$tmp/kill.c" 2>"$tmp/err"; then
	bad='' kills=0 whole=0
	for at in $(seq 1 60); do
		fresh
		git init -q "$tmp/n"
		LD_PRELOAD=$tmp/kill.so KILL_AT=$at timeout 300 "$stead" init --dir "$tmp/n" "${answers[@]}" \
			>/dev/null 2>&1 </dev/null
		code=$?
		[ $code = 137 ] || break
		kills=$((kills + 1))
		git -C "$tmp/n" status --porcelain --untracked-files=all | grep -q secrets && bad+=" $at:git-sees-secrets"
		if [ -e "$tmp/n/stead.yaml" ] && "$stead" check --dir "$tmp/n" >/dev/null 2>&1 </dev/null &&
			[ ! -e "$tmp/n/.stead/init" ]; then
			continue # it was done already
		fi
		if "$stead" check --dir "$tmp/n" >/dev/null 2>&1 </dev/null; then
			# All but the journal's end: what may have been used since is never made anew.
			whole=$((whole + 1))
			cp "$tmp/n/stead.secrets.yaml" "$tmp/whole"
			"$stead" init --dir "$tmp/n" "${answers[@]}" >"$tmp/out" 2>"$tmp/err" </dev/null && bad+=" $at:again"
			cmp -s "$tmp/whole" "$tmp/n/stead.secrets.yaml" || bad+=" $at:lost"
			[ ! -e "$tmp/n/.stead/init" ] || bad+=" $at:left"
			continue
		fi
		"$stead" init --dir "$tmp/n" "${answers[@]}" >"$tmp/out" 2>"$tmp/err" </dev/null || bad+=" $at:$?"
		is_left=$(ls -A "$tmp/n" | grep -c '^\.stead')
		[ "$is_left" = 0 ] || bad+=" $at:left"
	done
	is 'killed at any moment, init works again' "$bad" ''
	ok "it was killed often enough ($kills times)" test $kills -ge 10
	ok 'also right before its journal went' test $whole -ge 1
else
	skip 'killed at any moment, init works again' 'no compiler'
fi

# --- on a terminal ---
if command -v script >/dev/null; then
	fresh
	printf 'snac\nnode.example.org\nbad name\nalice\nalice@example.net\nnone\nnone\nlab.invalid/snac:2.75\ny\n' |
		timeout 300 script -qec "$stead init --color=never --dir $tmp/n" /dev/null >"$tmp/out" 2>&1
	ok 'asked on a terminal, it makes the same' diff <(grep -v ssh_keys "$tmp/n/stead.yaml") "$tmp/new/node/stead.yaml"
	out_has 'the handle that will be for ever is shown' '@alice@node.example.org'
	out_has 'a wrong answer is asked again' "does not accept 'bad name'"
	fresh
	printf 'snac\nnode.example.org\nalice\nalice@example.net\nnone\nnone\nlab.invalid/snac:2.75\nn\n' |
		timeout 300 script -qec "$stead init --dir $tmp/n" /dev/null >"$tmp/out" 2>&1
	is 'a handle that is not right makes nothing' $? 1
	ok 'really nothing' nothing_in "$tmp/n"
	timeout 300 script -qec "$stead init --dir $tmp/n" /dev/null >"$tmp/out" 2>&1 </dev/null
	is 'the end of input is an answer' $? 1
else
	skip 'asked on a terminal' 'no script(1) here'
fi
tap_done
