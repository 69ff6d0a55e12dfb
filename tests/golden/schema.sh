#!/usr/bin/env bash
# `stead schema`, judged by a JSON Schema validator on the cases of settings/, app/, host/ and on the
# built-in definitions: what is right passes, and what stead calls an unknown key, a missing one or a
# wrong type fails. What only `stead check` can see is not asked of it.
set -u
cd "$(dirname "$0")" || exit 1
# shellcheck source=/dev/null
. ../lib/tap.sh
stead=$(readlink -f "${STEAD:-../../build/stead}")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

"$stead" schema >"$work/settings.json" </dev/null
is 'schema of stead.yaml: exit code 0' $? 0
"$stead" schema app >"$work/app.json" </dev/null
is 'schema of app.yaml: exit code 0' $? 0
"$stead" schema --apps host/hostile/apps >"$work/hostile.json" </dev/null
is 'schema with more applications: exit code 0' $? 0
"$stead" app new chat --apps "$work" >/dev/null </dev/null

python3 - "$work" >"$work/cases" <<'PY'
import glob, json, re, sys
import jsonschema, yaml

# YAML's core schema, by which editors read: no yes and no, no dates, no octal numbers.
class Loader(yaml.SafeLoader):
    yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"^(~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", list("-+.0123456789")),
):
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), first)
Loader.add_constructor("tag:yaml.org,2002:int", lambda l, n: int(l.construct_scalar(n)))

def validator(name):
    schema = json.load(open(f"{sys.argv[1]}/{name}.json", encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)

settings, app, hostile = validator("settings"), validator("app"), validator("hostile")
# (app.type is also what checks behind the rows say.)
sure = re.compile(r"error\[(settings\.(unknown-key|missing|type)|app\.(unknown-key|missing|never))\]")
counts = {"good": 0, "bad": 0}

def judge(judge, path, good):
    with open(path, encoding="utf-8") as f:
        errors = list(judge.iter_errors(yaml.load(f, Loader)))
    counts["good" if good else "bad"] += 1
    right = (not errors) == good
    print("ok" if right else "not", f"{path.replace(sys.argv[1], '')}: {'passes' if good else 'fails'}")
    for error in errors[:3] if not right else []:
        print("#", error.json_path if hasattr(error, "json_path") else list(error.path), error.message[:200])

for kind, schema, file in ("settings", settings, "stead.yaml"), ("app", app, "app.yaml"):
    for folder in sorted(glob.glob(f"{kind}/*/")):
        report = open(folder + "expected.txt", encoding="utf-8").read()
        if sure.search(report) or "error[" not in report or folder == "app/wrong-types/":
            judge(schema, folder + file, "error[" not in report)
for path in sorted(glob.glob("host/*/stead.yaml")):
    judge(hostile if "/hostile/" in path else settings, path, True)
for path in sorted(glob.glob("../../apps/*/app.yaml") + glob.glob(f"{sys.argv[1]}/chat/app.yaml") +
                   glob.glob("host/*/apps/*/app.yaml")):
    judge(app, path, True)
for key, value, good in (("machine", {"os": "fcos"}, True), ("machine", {"os": "foo"}, False),
                         ("snac", {"max_attachments": 4}, True), ("snac", {"max_attachments": 99}, False),
                         ("snac", {"env": {"A": "b"}}, True), ("snac", {"tilte": "x"}, False),
                         ("machine", {"size": "2g"}, True), ("machine", {"size": "2 GB"}, False)):
    base = {"app": "snac", "domain": "example.org", "admin": {"name": "a", "email": "a@example.org"},
            "mail": "none", "backup": "none", key: value}
    print("ok" if settings.is_valid(base) == good else "not", f"{key}: {value} {'passes' if good else 'fails'}")
print("ok" if counts["good"] >= 15 and counts["bad"] >= 10 else "not", "there were enough:", counts)
PY
is 'the validator ran' $? 0
while read -r verdict name; do
	case $verdict in
	ok | not) is "$name" "$verdict" ok ;;
	*) echo "# $name" ;;
	esac
done <"$work/cases"
tap_done
