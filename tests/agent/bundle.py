#!/usr/bin/env python3
"""Prints a bundle for the tests of `receive` and `apply`. Each argument CODE is run with the plan as
`p` (of plan.py), its one process as `server`, and `files`, `dirs`, `links` to be changed: path ->
[content, mode, user, secret], path -> [mode, user], path -> target."""
import hashlib
import json
import pathlib
import subprocess
import sys

PLAN = "/etc/stead/node.json"
p = json.loads(subprocess.check_output([sys.executable, pathlib.Path(__file__).parent / "plan.py"]))
server = p["processes"][0]
QUADLETS = "/etc/containers/systemd"
SERVER = f"{QUADLETS}/stead-server.container"
NETWORK = f"{QUADLETS}/stead-ext.network"
UNITS = "/etc/systemd/system"
files = {
    PLAN: ["", 0o644, [0, 0], False],
    SERVER: ["[Container]\nImage=server:1\n", 0o644, [0, 0], False],
    NETWORK: ["[Network]\nSubnet=10.217.1.0/24\n", 0o644, [0, 0], False],
    "/etc/stead/secrets/server.env": ["SECRET_VALUE=hunter2hunter2\n", 0o600, [0, 0], True],
    "/etc/stead/config/server/a.conf": ["a: 1\n", 0o644, [0, 0], False],
    "/etc/stead/config/server/gone.conf": ["gone\n", 0o640, [0, 10002], False],
    "/etc/stead/firewall.nft": ["table inet stead {}\n", 0o600, [0, 0], False],
    **{f"{UNITS}/{name}": [f"# {name}\n", 0o644, [0, 0], False]
       for name in ("stead.target", "stead-app.target", "stead-prepare.service",
                    "stead-setup.service", "stead-ready.service", "stead-old.timer")},
}
dirs = {"/etc/stead": [0o755, [0, 0]], "/etc/stead/secrets": [0o700, [0, 0]],
        "/etc/stead/config": [0o755, [0, 0]], "/etc/stead/config/server": [0o755, [0, 10002]],
        "/etc/stead/config/old": [0o755, [0, 0]]}
links = {"/etc/stead/link": "config/server/a.conf", "/etc/stead/gone-link": "nowhere"}
p["units"] = [{"name": "stead.target", "state": "enabled"},
              {"name": "stead-old.timer", "state": "enabled"}]
p["restart"] = {SERVER: ["stead-server.service"],
                "/etc/stead/config/server/a.conf": ["stead-server.service"],
                "/etc/stead/secrets/server.env": ["stead-server.service"],
                "/etc/stead/firewall.nft": ["stead-firewall.service"]}


def add_process(name, **more):
    """Another process, with its quadlet."""
    p["processes"].append({**server, "name": name, "unit": f"stead-{name}.service", **more})
    path = f"{QUADLETS}/stead-{name}.container"
    files[path] = ["[Container]\nImage=server:1\n", 0o644, [0, 0], False]
    p["restart"][path] = [f"stead-{name}.service"]


def remove_file(path):
    del files[path]
    p["restart"].pop(path, None)


def remove_process(name):
    p["processes"] = [one for one in p["processes"] if one["name"] != name]
    remove_file(f"{QUADLETS}/stead-{name}.container")


def remove_unit(name):
    p["units"] = [one for one in p["units"] if one["name"] != name]
    remove_file(f"{UNITS}/{name}")


add_process("aux")


for code in sys.argv[1:]:
    exec(code)
p["files"] = [{"path": path, "mode": mode, "user": user, "secret": secret}
              for path, (_, mode, user, secret) in files.items()]
p["dirs"] = [{"path": path, "mode": mode, "user": user} for path, (mode, user) in dirs.items()]
p["links"] = [{"path": path, "target": target} for path, target in links.items()]
files[PLAN][0] = json.dumps(p, indent=1)
texts = {path: file[0] for path, file in sorted(files.items())}
digest = hashlib.sha256()
for path, text in texts.items():
    data = text.encode()
    digest.update(path.encode() + b"\0" + str(len(data)).encode() + b"\0" + data)
print(json.dumps({"bundle": 1, "id": digest.hexdigest(), "files": texts}))
