#!/usr/bin/env python3
"""Checks that includes run one way.

usage: layering.py [ROOT]

Each folder may include its own headers, those of the folders below it that stand in RULES, and the libraries that stand
there. The header named like its folder, fluxion.h and what lies in nn/public or ops/public are public; of the others those in
OPEN are for the folders above, and the rest private. Prints each include that breaks the rule and exits with 1 if there is one.
"""
import os
import re
import sys
from collections import namedtuple

LIBC = set("""assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
fcntl unistd sys/file dirent pthread sched strings sys/types sys/stat sys/mman sys/time sys/resource sys/ioctl sys/wait""".split())
COMPUTE = {"oneapi/dnnl", "cblas", "lapacke", "openblas", "sleef", "fftw3", "omp", "immintrin", "x86intrin", "cpuid"}
RANDOM = {"Random123"}
HASH = {"xxhash"}
FILES = {"jansson", "zlib"}

# private: folders whose every header may be used; public: folders whose public header may; libraries: besides libc.
Rule = namedtuple("Rule", "private public libraries")
RULES = {
    "ops/kernels": Rule([], [], COMPUTE | RANDOM),
    "autograd": Rule([], [], HASH | RANDOM | {"sanitizer"}),
    "ops": Rule(["autograd", "ops/kernels"], ["autograd"], RANDOM),
    "optim": Rule(["ops/kernels"], ["autograd", "ops"], set()),
    "data": Rule([], ["autograd", "ops"], FILES | HASH),
    "nn": Rule([], ["autograd", "ops", "data"], HASH),
    "train": Rule([], ["autograd", "ops", "nn", "optim", "data"], FILES | HASH),
    "examples": Rule([], ["autograd", "ops", "nn", "optim", "data", "train", "include/fluxion"], set()),
    "benchmarks/kernels": Rule(["ops/kernels"], [], COMPUTE),
    "benchmarks": Rule([], ["autograd", "ops", "nn", "optim", "data", "train", "include/fluxion"], set()),
}
# Rows of tables (.def) that name no tensor: of the folder above, expanded by the folder below into loops.
ROWS = {"ops/kernels": "ops"}
# Private to the library, but meant for whatever may include the folder's public header.
OPEN = {"autograd/owned.h", "data/file.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path):
    """The folder of RULES that a path (relative to the root) lies in; its first part if it is in none."""
    parts = os.path.dirname(path)
    while parts and parts not in RULES:
        parts = os.path.dirname(parts)
    return parts or path.split(os.sep)[0]


def is_public(path):
    folder = os.path.dirname(path)
    return folder in ("include/fluxion", "include/fluxion/nn", "include/fluxion/ops", "nn/public", "ops/public") or os.path.basename(path) == os.path.basename(folder) + ".h"


def resolve(root, file, quote, name):
    """The path within the project of what an include names, or None: then it is a library's."""
    places = [os.path.join(root, os.path.dirname(file))] if quote == '"' else []
    if is_public(file):  # installed side by side
        places.append(os.path.join(root, "include/fluxion"))
    for place in places + [root, os.path.join(root, "include")]:
        path = os.path.join(place, name)
        if os.path.isfile(path):
            return os.path.relpath(os.path.realpath(path), root)
    return None


def complaint(root, file, quote, name):
    """Why `file` may not include `name`, or None."""
    folder = folder_of(file)
    rule = RULES[folder]
    if name == "config.h":
        return None if folder in ("ops/kernels", "ops", "autograd", "data", "nn", "train", "benchmarks/kernels") else "config.h is the library's"
    target = resolve(root, file, quote, name)
    if target is None:
        stem = os.path.splitext(name)[0]
        library = any(stem == known or stem.startswith(known + "/") for known in rule.libraries)
        return None if stem in LIBC or library else f"{folder} may not use this library"
    other = folder_of(target)
    if other == folder or other in rule.private or (target.endswith(".def") and ROWS.get(folder) == other):
        return None
    if other in rule.public or os.path.dirname(target) in rule.public:
        return None if is_public(target) or target in OPEN else f"{target} is private to {other}"
    return f"{folder} may not depend on {other}"


def sources(root):
    for folder in sorted({rule.split(os.sep)[0] for rule in RULES}):
        for place, _, names in os.walk(os.path.join(root, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".def")):
                    yield os.path.relpath(os.path.join(place, name), root)


def main():
    root = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else ".")
    wrong = seen = 0
    for file in sources(root):
        seen += 1
        with open(os.path.join(root, file), encoding="utf-8") as text:
            for number, line in enumerate(text, 1):
                match = INCLUDE.match(line)
                reason = match and complaint(root, file, *match.groups())
                if reason:
                    wrong += 1
                    print(f"{file}:{number}: includes {match.group(2)}: {reason}")
    print(f"layering: {seen} files, {wrong} includes that run the wrong way")
    return 1 if wrong or not seen else 0


if __name__ == "__main__":
    sys.exit(main())
