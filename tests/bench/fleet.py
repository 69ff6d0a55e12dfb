#!/usr/bin/env python3
"""fleet.py [--smoke]: render and check for 1, 10, 100 and 1,000 nodes, in one run.

Prints a table of wall time, CPU time and peak memory, and judges it by ratios of the same run: CPU per
node at 1,000 nodes at most 1.5 times that at 100, memory flat; one node under 10 ms of CPU and 16 MiB.
What /bin/true costs on this machine at this moment, the start of any process, is not stead's and is taken
off. --smoke only shows that it works, with 1 and 10 nodes: nothing of time is judged.
"""
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STEAD = os.environ.get("STEAD", os.path.join(TOP, "build/stead"))
MEASURE = os.path.join(os.path.dirname(STEAD), "tests/bench/measure")
FILES = ("stead.yaml", "stead.lock", "stead.secrets.yaml")
DIGEST = "sha256:" + "0123456789abcdef" * 4
SETTINGS = ["app=snac", "images.snac=registry.example.net/snac@" + DIGEST, "domain=node.example.org",
            "admin.name=alice", "admin.email=alice@example.net", "mail=none", "backup=none",
            "machine.os=fcos"]
CPU_MS, RSS_MIB, PER_NODE, FLAT = 10, 16, 1.5, 1.25


def run(args):
    """(wall, CPU, peak memory) of one command, in ms and MiB."""
    done = subprocess.run([MEASURE, *args], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: '{' '.join(args)}' ended with status {done.returncode}")
    wall, cpu, rss_kib = map(float, done.stdout.split())
    return wall, cpu, rss_kib / 1024


def make_fleet(seed, folder, count):
    for i in range(count):
        name = f"n{i:04}"
        os.makedirs(os.path.join(folder, name))
        for file in FILES:
            with open(os.path.join(seed, file), encoding="utf-8") as source:
                text = source.read().replace("node.example.org", name + ".example.org")
            path = os.path.join(folder, name, file)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as to:
                to.write(text)


def commands(fleet, out):
    """Name and command; each renders or checks all nodes of a fleet."""
    return {
        "check": [STEAD, "check", "--all", fleet],
        "render ignition": [STEAD, "render", "ignition", "--all", fleet, "-o", out],
        "render tree": [STEAD, "render", "--all", fleet, "-o", out, "--no-agent"],
    }


def measure(tmp, counts):
    """{(command, nodes): (wall, CPU, memory)}: the best of several; the more nodes, the fewer."""
    results = {}
    for count in counts:
        fleet, out = os.path.join(tmp, f"fleet-{count}"), os.path.join(tmp, "out")
        make_fleet(os.path.join(tmp, "seed"), fleet, count)
        start = min(run(["/bin/true"])[1] for _ in range(30))
        for name, command in commands(fleet, out).items():
            best = None
            for _ in range({1: 30, 10: 10, 100: 3}.get(count, 1)):
                shutil.rmtree(out, ignore_errors=True)
                one = run(command)
                best = one if best is None else tuple(map(min, best, one))
            made = len(os.listdir(out)) if os.path.isdir(out) else count
            if made != count:
                sys.exit(f"bench: {name}: {made} of {count} nodes were made")
            results[name, count] = (best[0], max(best[1] - start, 0), best[2])
            wall, cpu, rss = results[name, count]
            print(f"{name:<16} {count:>6} {wall:>12.1f} {cpu:>12.1f} {cpu / count:>12.2f} {rss:>10.1f}",
                  flush=True)
        shutil.rmtree(fleet)
        shutil.rmtree(out, ignore_errors=True)
    return results


def judge(results):
    """The sentences that are true or not."""
    for name in commands("", ""):
        _, cpu, rss = results[name, 1]
        _, cpu100, rss100 = results[name, 100]
        _, cpu1000, rss1000 = results[name, 1000]
        ratio = (cpu1000 / 1000) / (cpu100 / 100)
        yield cpu < CPU_MS, f"{name}: one node takes {cpu:.1f} ms of CPU, under {CPU_MS}"
        yield rss < RSS_MIB, f"{name}: one node takes {rss:.1f} MiB, under {RSS_MIB}"
        yield ratio <= PER_NODE, f"{name}: a node of 1,000 takes {ratio:.2f} times one of 100"
        yield rss1000 <= FLAT * rss100, f"{name}: 1,000 nodes take {rss1000 / rss100:.2f} times the memory of 100"


def main():
    smoke = sys.argv[1:] == ["--smoke"]
    with tempfile.TemporaryDirectory() as tmp:
        init = [STEAD, "init", "--dir", os.path.join(tmp, "seed")]
        for setting in SETTINGS:
            init += ["--set", setting]
        subprocess.run(init, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        print(f"{'':<16} {'nodes':>6} {'wall ms':>12} {'CPU ms':>12} {'CPU ms/node':>12} {'RSS MiB':>10}")
        results = measure(tmp, (1, 10) if smoke else (1, 10, 100, 1000))
    failed = 0
    for good, sentence in () if smoke else judge(results):
        print("ok    " if good else "NOT OK", sentence)
        failed += not good
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
