#!/usr/bin/env python3
"""Checks that the shared library exports what the public headers declare, and nothing else.

usage: symbols.py LIBRARY INCLUDE_DIR [COMPILER]

Declared is what stands after FX_API in the preprocessed fluxion/fluxion.h; exported is what `nm -D` lists. Prints the
differences and exits with 1 if there are any.
"""
import re
import subprocess
import sys

MARK = "FX_API_HERE"
DECLARATION = re.compile(MARK + r"[^;{]*?\b(fx_\w+)\s*[(\[;=]")


def declared(include, compiler):
    """Every name that the headers give default visibility, which is what FX_API expands to."""
    text = subprocess.run([compiler, "-E", "-P", "-x", "c", f"-I{include}", "-include", "fluxion/fluxion.h", "/dev/null"],
                          check=True, capture_output=True, text=True).stdout
    text = re.sub(r'__attribute__\s*\(\(\s*visibility\s*\(\s*"default"\s*\)\s*\)\)', MARK, text)
    return set(DECLARATION.findall(text))


def exported(library):
    text = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in text.splitlines() if line.split()[-2] not in ("A",)}


def main():
    library, include = sys.argv[1:3]
    ours, theirs = declared(include, sys.argv[3] if len(sys.argv) > 3 else "cc"), exported(library)
    for name in sorted(ours - theirs):
        print(f"declared but not exported: {name}")
    for name in sorted(theirs - ours):
        print(f"exported but not declared: {name}")
    print(f"symbols: {len(ours)} declared, {len(theirs)} exported")
    return 1 if ours != theirs or not ours else 0


if __name__ == "__main__":
    sys.exit(main())
