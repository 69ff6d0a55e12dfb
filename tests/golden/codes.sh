#!/usr/bin/env bash
# Every finding that the sources can make is in an expected report of the suite, or codes.txt names the
# test that shows it.
set -u
cd "$(dirname "$0")/../.." || exit 1
python3 - <<'PY'
import glob, re, sys

# The functions that take a finding's code as their first text.
MAKERS = {"diag_error", "diag_warning", "diag_note", "report", "error", "host_error",
          "ignition_error", "literal_or_error", "claim"}
# What schema_decode() makes of its AREA.
AREAS = {"settings", "app", "lock", "provider"}
SCHEMA = {"unknown-key", "type", "missing", "value"}

call = re.compile(r'(\w+)\s*\((?:[^"();]|\([^"();]*\))*"([a-z_]+\.[a-z0-9_-]+)"')
made = {f"{area}.{rule}" for area in AREAS for rule in SCHEMA}
for path in glob.glob("src/**/*.c", recursive=True):
    if not path.startswith("src/agent/"):
        with open(path, encoding="utf-8") as file:
            made |= {code for name, code in call.findall(file.read()) if name in MAKERS}

shown = set()
for path in glob.glob("tests/golden/*/*/expected.txt"):
    with open(path, encoding="utf-8") as file:
        shown |= set(re.findall(r"\b(?:error|warning|note)\[([^]]+)\]: ", file.read()))

# codes.txt: "FILE: CODE...", below a comment that says why.
elsewhere, lies = set(), []
with open("tests/golden/codes.txt", encoding="utf-8") as file:
    for line in file:
        if not line.strip() or line.startswith("#"):
            continue
        name, codes = line.split(":", 1)
        text = open("tests/" + name, encoding="utf-8").read() if name != "none" else None
        for code in codes.split():
            elsewhere.add(code)
            if code not in made:
                lies.append(f"{code} of codes.txt is made by nothing")
            elif code in shown:
                lies.append(f"{code} of codes.txt has an expected report")
            elif text is not None and code not in text:
                lies.append(f"{code} is not in tests/{name}")

results = [(code in shown or code in elsewhere, f"{code} is shown by a test")
           for code in sorted(made)]
results += [(False, lie) for lie in lies]
results.append((len(made) > 150, f"{len(made)} codes are found in the sources"))
for number, (good, name) in enumerate(results, 1):
    print("ok" if good else "not ok", number, "-", name)
print(f"1..{len(results)}")
sys.exit(any(not good for good, _ in results))
PY
