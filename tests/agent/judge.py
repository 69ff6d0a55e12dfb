#!/usr/bin/env python3
"""judge.py ROOT: is the node below ROOT set up, by what lies on its disk? Prints what is wrong."""
import hashlib
import json
import os
import stat
import sys

root = sys.argv[1]
wrong = []


def expect(what, got, expected):
    if got != expected:
        wrong.append(f"{what}: {got!r}, not {expected!r}")


def path(name):
    return f"{root}/var/lib/stead/{name}"


def read(name):
    with open(path(name), encoding="utf-8") as file:
        return file.read()


try:
    plan = json.load(open(f"{root}/etc/stead/node.json", encoding="utf-8"))
    data = "data/server/data/server"
    journal = json.loads(read("state/jobs/setup.json"))
    steps = plan["jobs"][0]["steps"]
    expect("journal", [(s["id"], s["key"], s["state"]) for s in journal["steps"]],
           [(s["id"], s["key"], "done") for s in steps])
    expect("users", os.listdir(path(data + "/user")), ["alice"])
    expect("times an account was made", read(data + "/made").split(), ["alice"])
    password = read("state/secrets/owner_password")
    digest = hashlib.sha256(password.encode()).hexdigest() + "  -"
    expect("stored login", json.loads(read(data + "/user/alice/user.json"))["passwd"], digest)
    expect("settings", json.loads(read(data + "/server.json")),
           {"host": "example.org", "address": "0.0.0.0", "port": 8001, "layout": 2.7,
            "title": "Example"})
    status = os.stat(path(data + "/server.json"))
    expect("owner of the settings", (status.st_uid, status.st_gid, status.st_mode & 0o7777),
           (10001, 10002, 0o660))
    for name, mode in (("", 0o700), ("state", 0o700), ("state/secrets", 0o700),
                       ("state/secrets/owner_password", 0o600), ("state/jobs/setup.json", 0o600),
                       ("data/server/data", 0o2770)):
        expect("mode of " + name, oct(stat.S_IMODE(os.stat(path(name)).st_mode)), oct(mode))
    expect("sentinel", json.loads(read("sentinel.json")),
           {"v": 1, "domain": "example.org", "lineage": plan["lineage"]})
    digest = hashlib.sha256(open(f"{root}/etc/stead/node.json", "rb").read()).hexdigest()
    for name in ("prepare", "setup"):
        with open(f"{root}/run/stead/{name}.done", encoding="utf-8") as file:
            expect("stamp " + name, file.read(), digest + "\n")
    left = [f"{folder}/{name}" for folder, _, names in os.walk(root) for name in names
            if name.endswith(".stead-new")]
    expect("files left over", left, [])
    secret = [f"{folder}/{name}" for folder, _, names in os.walk(root) for name in names
              if name != "owner_password" and not name.endswith(".sock")
              and password in open(f"{folder}/{name}", encoding="utf-8", errors="replace").read()]
    expect("files with the password in them", secret, [])
    for name in (root + ".log", root + ".engine/calls"):
        if os.path.exists(name):
            with open(name, encoding="utf-8", errors="replace") as file:
                expect("password in " + name, password in file.read(), False)
except (OSError, ValueError, KeyError) as error:
    wrong.append(f"{type(error).__name__}: {error}")
for line in wrong:
    print(line)
sys.exit(1 if wrong else 0)
