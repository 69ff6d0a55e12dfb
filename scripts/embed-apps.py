#!/usr/bin/env python3
"""embed-apps.py APPS_DIR OUTPUT_C DEPFILE: the files below apps/ as a C table.

Deterministic: sorted by path, no times, no absolute paths.
"""
import os
import sys


def collect(root):
    """Every file in apps/NAME/, and every folder and file the result depends on."""
    found, seen = [], []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        seen.append(folder)
        for name in sorted(names):
            full = os.path.join(folder, name)
            path = os.path.relpath(full, root)
            if name.startswith(".") or name.endswith("~") or os.sep not in path:
                continue
            found.append((path, full))
            seen.append(full)
    return sorted(found, key=lambda f: f[0].encode()), seen


def bytes_of(data):
    """A C initializer; a string literal could be longer than the standard promises."""
    lines = []
    for i in range(0, len(data), 24):
        lines.append("\t" + ",".join(str(b) for b in data[i : i + 24]) + ",")
    lines.append("\t0,")
    return "\n".join(lines)


def main():
    root, output, depfile = sys.argv[1:]
    found, seen = collect(root)
    out = ['/* Generated from apps/ by scripts/embed-apps.py. */', '#include "app/builtin.h"', ""]
    table = []
    for number, (path, full) in enumerate(found):
        with open(full, "rb") as f:
            data = f.read()
        out.append(f"static const unsigned char file_{number}[] = {{\n{bytes_of(data)}\n}};")
        table.append(f'\t{{ "{path}", (const char *)file_{number}, {len(data)} }},')
    out.append("\nconst struct builtin_file builtin_files[] = {")
    out.extend(table)
    out.append("\t{ 0 },\n};")
    out.append(f"const size_t builtin_file_count = {len(found)};\n")
    with open(output, "w", encoding="utf-8") as f:
        f.write("\n".join(out))
    with open(depfile, "w", encoding="utf-8") as f:
        escaped = [p.replace(" ", "\\ ") for p in seen]
        f.write(os.path.basename(output) + ": " + " ".join(escaped) + "\n")


main()
