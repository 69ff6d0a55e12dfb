#!/usr/bin/env python3
"""Prints a plan for the tests of the agent. Each argument CODE is run with the plan as `p`, the steps
of the setup by their ids as `s`, and the one process as `server`."""
import json
import sys

DIR = "/data/server"
HOST = "/var/lib/stead/data/server/data/server"


def step(name, key, **more):
    return {"id": name, "key": key, "done": {"kind": "journal"}, "deadline_s": 60, **more}


def done_by(path):
    return {"kind": "file", "path": f"{HOST}/{path}"}


server = {
    "name": "server", "image": "registry.example/server:1", "unit": "stead-server.service",
    "user": [10001, 10002], "group": "app", "writable_root": False, "networks": ["stead-ext"],
    "mounts": [{"host": "/var/lib/stead/data/server/data", "target": "/data", "ro": False}],
    "env": {"PUBLIC": "x y"}, "env_files": ["/etc/stead/secrets/server.env"],
    "health": {"kind": "exec", "exec": ["server", "ping", DIR], "start_s": 2}, "stop_s": 10,
}
setup = [
    step("init", "1", run=["server", "init", DIR], stdin="0.0.0.0\n8001\nexample.org\n",
         done=done_by("server.json")),
    step("configure", "1", merge={"file": f"{DIR}/server.json",
                                  "values": {"title": "Example", "dbglevel": None}}),
    step("owner", "1", run=["server", "adduser", DIR, "alice"], done=done_by("user/alice/user.json"),
         repair=["server", "resetpwd", DIR, "alice"],
         capture={"pattern": "password [A-Za-z ]*is ([A-Za-z0-9+/=]+)", "secret": "owner_password"}),
    step("key", "1", run=["server", "key", DIR, "alice"]),
]
announce = step("announce", "1", run=["server", "announce", DIR],
                done={"kind": "exec", "exec": ["server", "is-announced", DIR]})
p = {
    "plan": 1, "stead": "0.1.0", "app": "server", "domain": "example.org", "web": "example.org",
    "lineage": "00112233445566778899aabbccddeeff", "engine": "podman",
    "owner": {"name": "alice", "login": "owner_password"},
    "ca": "/var/lib/stead/data/server/data/root.crt",
    "processes": [server],
    "volumes": [{"name": "data", "path": "/var/lib/stead/data/server/data", "user": [10001, 10002],
                 "mode": 0o2770, "class": "precious"}],
    "jobs": [{"name": "setup", "phase": "setup", "process": "server", "steps": setup},
             {"name": "after", "phase": "post-start", "process": "server", "steps": [announce]}],
    "networks": [{"name": "stead-ext", "internal": False, "unit": "stead-ext-network.service"}],
    "commands": [], "reach": "unchecked", "tls": {"issuer": "internal", "staging": False},
    "files": [], "dirs": [], "links": [], "units": [], "restart": {},
}
s = {one["id"]: one for one in setup + [announce]}
for code in sys.argv[1:]:
    exec(code)
print(json.dumps(p, indent=1))
