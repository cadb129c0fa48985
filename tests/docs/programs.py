#!/usr/bin/env python3
"""Compiles and runs the C programs that stand in the documentation.

usage: programs.py ROOT LIBRARY COMPILER [FLAG...]

A program is a block of C with a main(); a block marked `text` after it is what it prints. Exits with 1 if one does not
compile without warnings, fails, or prints something else.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def programs(path):
    """(source, what it prints or None) of each program of a page."""
    with open(path, encoding="utf-8") as page:
        blocks = BLOCK.findall(page.read())
    for (language, text), following in zip(blocks, blocks[1:] + [("", "")]):
        if language == "c" and re.search(r"\bmain\(", text):
            yield text, following[1] if following[0] == "text" else None


def run(source, expected, root, library, command):
    """What is wrong, or None."""
    folder = os.path.dirname(os.path.abspath(library))
    with tempfile.TemporaryDirectory() as place:
        program = os.path.join(place, "program")
        with open(program + ".c", "w", encoding="utf-8") as file:
            file.write(source)
        built = subprocess.run([*command, "-std=c11", "-Wall", "-Wextra", "-Werror", f"-I{root}/include", program + ".c", library,
                                f"-Wl,-rpath,{folder}", "-lm", "-o", program], capture_output=True, text=True, check=False)
        if built.returncode:
            return built.stderr
        ran = subprocess.run([program], capture_output=True, text=True, check=False, cwd=place)
        if ran.returncode:
            return f"exit status {ran.returncode}\n{ran.stdout}{ran.stderr}"
        if expected is not None and ran.stdout.split() != expected.split():
            return f"it prints\n{ran.stdout}and should print\n{expected}"
    return None


def main():
    root, library, *command = sys.argv[1:]
    seen = wrong = 0
    for path in [os.path.join(root, "README.md"), *sorted(glob.glob(os.path.join(root, "docs", "*.md")))]:
        for source, expected in programs(path):
            seen += 1
            problem = run(source, expected, root, library, command)
            if problem:
                wrong += 1
                print(f"{os.path.relpath(path, root)}: program {seen}: {problem}")
    print(f"programs: {seen} of the documentation, {wrong} wrong")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
