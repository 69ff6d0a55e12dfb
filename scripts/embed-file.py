#!/usr/bin/env python3
"""embed-file.py FILE HEADER SYMBOL OUTPUT_C: one file as a C array SYMBOL and its SYMBOL_len."""
import sys


def main():
    path, header, symbol, output = sys.argv[1:]
    with open(path, "rb") as f:
        data = f.read()
    # Numbers, because a string literal could be longer than the standard promises.
    lines = [
        "\t" + ",".join(str(b) for b in data[i : i + 24]) + ","
        for i in range(0, len(data), 24)
    ]
    with open(output, "w", encoding="utf-8") as f:
        f.write(f'#include "{header}"\n\n')
        f.write(f"const unsigned char {symbol}[] = {{\n" + "\n".join(lines) + "\n\t0,\n};\n")
        f.write(f"const size_t {symbol}_len = {len(data)};\n")


main()
