#!/usr/bin/env python3
"""Compares docs/ops.md with what the registry has now.

usage: table.py PROGRAM PAGE

PROGRAM prints the page. Shows what differs and exits with 1 if anything does.
"""
import difflib
import subprocess
import sys


def main():
    program, page = sys.argv[1:]
    now = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    with open(page, encoding="utf-8") as file:
        then = file.read()
    if now == then:
        print(f"table: {page} is what the registry says")
        return 0
    sys.stdout.writelines(difflib.unified_diff(then.splitlines(True), now.splitlines(True), page, "the registry", n=0))
    print(f"table: {page} is old; to make it anew: {program} >{page}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
