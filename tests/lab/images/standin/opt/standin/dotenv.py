"""A file of variables as Ruby's and JavaScript's dotenv read it; what the environment has goes before it."""
import os
import re

LINE = re.compile(r"""^\s*(?:export\s+)?([\w.]+)\s*=\s*(?:'([^']*)'|"((?:\\.|[^"\\])*)"|([^\s#'"]*))\s*(?:#.*)?$""")


def load(path):
    try:
        with open(path) as f:
            lines = f.read().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.match(line)
        if not match:
            raise SystemExit(f"stand-in: {path} has a line that not every dotenv reads")
        name, raw, escaped, plain = match.groups()
        value = raw if raw is not None else plain if escaped is None else re.sub(r"\\(.)", r"\1", escaped)
        os.environ.setdefault(name, value)
