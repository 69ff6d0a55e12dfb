"""A file of variables as Ruby's dotenv reads it, or JavaScript's; what the environment has goes before it."""
import os
import re

START = r"^\s*(?:export\s+)?([\w.]+)\s*=\s*(?:"
END = r"|([^\s#'\"`]*))\s*(?:#.*)?$"
RUBY = re.compile(START + r"""'([^']*)'|"((?:\\.|[^"\\])*)\"""" + END)
JAVASCRIPT = re.compile(START + r"""'([^']*)'|`([^`]*)`|"([^"]*)\"""" + END)


def ruby(raw, escaped, plain):
    return raw if raw is not None else plain if escaped is None else re.sub(r"\\(.)", r"\1", escaped)


def javascript(*found):
    """No escapes, but for line breaks between double quotes."""
    if found[2] is not None:
        return found[2].replace("\\n", "\n").replace("\\r", "\r")
    return next(value for value in found if value is not None)


def load(path, line=RUBY, value_of=ruby):
    try:
        with open(path) as f:
            lines = f.read().splitlines()
    except FileNotFoundError:
        return
    for text in lines:
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        match = line.match(text)
        if not match:
            raise SystemExit(f"stand-in: {path} has a line that is not understood")
        os.environ.setdefault(match[1], value_of(*match.groups()[1:]))


def load_javascript(path):
    load(path, JAVASCRIPT, javascript)
