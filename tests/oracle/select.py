#!/usr/bin/env python3
"""Makes a small set of cases out of a whole one (what PyTorch's own sample inputs gave, a safetensors file an operator).

usage: select.py WHOLE SMALL [--bytes N] [NAME...]

From each file of WHOLE (or those named, without .safetensors) it takes cases until N bytes are used (default 20000): first
one of each form (which arguments there are, of which kinds and numbers of dimensions), then the smallest that are left. At
least one case of each file is taken. A file keeps its name and its format; the cases stay in order.
"""
import argparse
import json
import os
import struct


def read(path):
    """(header, cases, numbers) of a case file."""
    with open(path, "rb") as file:
        text = file.read()
    size = struct.unpack("<Q", text[:8])[0]
    header = json.loads(text[8:8 + size])
    return header, json.loads(header["__metadata__"]["cases"]), text[8 + size:]


def names_in(value, header):
    """The tensors that a part of a case names, anywhere."""
    if isinstance(value, str):
        return {value} & header.keys()
    if isinstance(value, dict):
        return set().union(*(names_in(v, header) | names_in(k, header) for k, v in value.items()), set())
    if isinstance(value, list):
        return set().union(*(names_in(v, header) for v in value), set())
    return set()


def form(value, header):
    """What of an argument makes a case another kind of case."""
    if isinstance(value, dict) and "t" in value:
        entry = header[value["t"]]
        return f"{entry['dtype']}:{len(entry['shape'])}:{0 in entry['shape']}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}={form(v, header)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({form(v, header) for v in value})) + "]"
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return repr(value)
    return f"{type(value).__name__}{'-' if value < 0 else ''}"


def length(name, header):
    begin, end = header[name]["data_offsets"]
    return end - begin


def choose(header, cases, most):
    """The numbers of the cases to take."""
    needs = [names_in(case, header) for case in cases]
    weight = [sum(length(name, header) for name in names) + len(json.dumps(case)) + 90 * len(names)
              for case, names in zip(cases, needs)]
    seen, first, later = set(), [], []
    for i in sorted(range(len(cases)), key=lambda i: (weight[i], i)):
        about = {k: cases[i].get(k) for k in ("args", "kwargs", "constructor", "options", "optimizer", "scheduler")}
        kind = form(about, header)
        (later if kind in seen else first).append(i)
        seen.add(kind)
    taken, used = [], 0
    for i in first + later:
        if not taken or used + weight[i] <= most:
            taken.append(i)
            used += weight[i]
    return sorted(taken), needs


def write(path, header, cases, numbers):
    order = sorted(set().union(*(names_in(case, header) for case in cases)),
                   key=lambda name: header[name]["data_offsets"][0])
    metadata = dict(header["__metadata__"], cases=json.dumps(cases, separators=(",", ":")))
    out, parts, at = {"__metadata__": metadata}, [], 0
    for name in order:
        begin, end = header[name]["data_offsets"]
        out[name] = dict(header[name], data_offsets=[at, at + end - begin])
        parts.append(numbers[begin:end])
        at += end - begin
    text = json.dumps(out, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("whole")
    parser.add_argument("small")
    parser.add_argument("--bytes", type=int, default=20000)
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    os.makedirs(options.small, exist_ok=True)
    names = options.names or [f[:-12] for f in sorted(os.listdir(options.whole)) if f.endswith(".safetensors")]
    total = count = 0
    for name in names:
        header, cases, numbers = read(os.path.join(options.whole, name + ".safetensors"))
        taken, _ = choose(header, cases, options.bytes)
        path = os.path.join(options.small, name + ".safetensors")
        write(path, header, [cases[i] for i in taken], numbers)
        total += os.path.getsize(path)
        count += len(taken)
    print(f"{len(names)} files, {count} cases, {total} bytes")


if __name__ == "__main__":
    main()
