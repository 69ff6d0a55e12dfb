#!/usr/bin/env python3
"""unit-words.py UNITS_DIR TREE: do the command lines that start containers say what the plan says?

Takes each stead-PROCESS.service apart as systemd would (systemd.service(5), "Command lines": quotes,
C escapes, then specifiers, then variables) and compares command and environment with node.json, and
with the env file where a value is secret. UNITS_DIR has what Quadlet made; docker's units are in TREE.
Prints what differs; nothing when all is well.
"""
import json
import sys

SPECIFIERS = {'%': '%', 't': '/run'}
ESCAPES = {'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v', 's': ' ',
           '\\': '\\', '"': '"', "'": "'"}


def words(line):
    """systemd's extract_first_word() with UNQUOTE and CUNESCAPE, on bytes."""
    result, word, quote, i = [], None, None, 0
    while i < len(line):
        c = line[i]
        if c == '\\':
            e = line[i + 1]
            if e == 'x':
                word, i = (word or '') + chr(int(line[i + 2:i + 4], 16)), i + 4
            else:
                word, i = (word or '') + ESCAPES[e], i + 2
            continue
        i += 1
        if quote:
            if c == quote:
                quote = None
            else:
                word += c
        elif c in '"\'':
            quote, word = c, word or ''
        elif c in ' \t':
            if word is not None:
                result.append(word)
            word = None
        else:
            word = (word or '') + c
    if quote:
        raise ValueError('unbalanced quote')
    if word is not None:
        result.append(word)
    return result


def expand(word, unit):
    """Specifiers, then variables; an unset variable or an unknown specifier is an error here."""
    out, i = '', 0
    while i < len(word):
        if word[i] == '%':
            key = word[i + 1:i + 2]
            out += unit if key == 'N' else SPECIFIERS[key]
            i += 2
        else:
            out += word[i]
            i += 1
    word, out, i = out, '', 0
    while i < len(word):
        if word[i:i + 2] == '$$':
            out, i = out + '$', i + 2
        elif word[i:i + 2] == '${' or (i == 0 and word[i] == '$' and len(word) > 1):
            raise ValueError('a variable in %r' % word)
        else:
            out, i = out + word[i], i + 1
    return out


def command_line(path, unit, start):
    # Bytes as Latin-1, so that \x and UTF-8 both keep their bytes. A backslash at the end joins two lines.
    with open(path, encoding='latin-1', newline='\n') as f:
        lines = [l for l in f.read().replace('\\\n', ' ').split('\n') if l.startswith(start)]
    assert len(lines) == 1, (path, start, lines)
    line = lines[0].split('=', 1)[1]
    return [expand(w, unit).encode('latin-1').decode() for w in words(line)]


# Where an engine's command line is, and how it names what the plan has.
ENGINES = {
    'podman': {
        'dir': '{units}', 'start': 'ExecStart=', 'env': '--env', 'env_file': '--env-file',
        'hard': ['--security-opt=no-new-privileges', '--cap-drop all', '--pull never'],
        'read_only': '--read-only --user',
    },
    'docker': {
        'dir': '{tree}/etc/systemd/system', 'start': 'ExecStartPre=/usr/bin/docker create',
        'env': '--env=', 'env_file': '--env-file=',
        'hard': ['--security-opt=no-new-privileges', '--cap-drop=all', '--pull=never'],
        'read_only': '--read-only',
    },
}


def values(args, option):
    """Of an option with its value in the same word ("--env="), or in the next one ("--env")."""
    if option.endswith('='):
        return [a[len(option):] for a in args if a.startswith(option)]
    return [args[i + 1] for i in range(len(args)) if args[i] == option]


def main():
    units, tree = sys.argv[1:]
    with open(tree + '/etc/stead/node.json') as f:
        plan = json.load(f)
    engine = ENGINES[plan['engine']]
    for process in plan['processes']:
        unit = 'stead-' + process['name']
        folder = engine['dir'].format(units=units, tree=tree)
        args = command_line('%s/%s.service' % (folder, unit), unit, engine['start'])
        image = args.index(process['image'])
        if args[image + 1:] != process.get('command', []):
            print('%s: command %r, not %r' % (unit, args[image + 1:], process.get('command')))
        env = dict(e.split('=', 1) for e in values(args[:image], engine['env']))
        if env != process.get('env', {}):
            print('%s: environment %r, not %r' % (unit, env, process.get('env')))
        files = values(args[:image], engine['env_file'])
        if files != process.get('env_files', []):
            print('%s: env files %r' % (unit, files))
        hard = list(engine['hard'])
        if not process.get('writable_root'):
            hard.append(engine['read_only'])
        for option in hard:
            if option not in ' '.join(args[:image]):
                print('%s: without %s' % (unit, option))


if __name__ == '__main__':
    main()
