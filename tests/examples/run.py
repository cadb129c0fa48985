#!/usr/bin/env python3
"""Runs an example in a folder of its own, with what it needs, and checks what it prints.

usage: run.py NAME SOURCE NAME=PROGRAM...

mistakes: each line is what its source says in a comment. mlp: five epochs over small images, which it then knows, and a
saved model. inference: classes of images, by the model that mlp saves, or by one that this script writes.
"""
import array
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

CLASSES, SIDE = 10, 28


def run(program, *arguments, stdin=b""):
    done = subprocess.run([program, *arguments], input=stdin, stdout=subprocess.PIPE, timeout=300, check=False)
    if done.returncode:
        sys.exit(f"{program} ends with {done.returncode}")
    return done.stdout.decode()


def check(condition, *what):
    if not condition:
        sys.exit("\n".join(str(w) for w in what))


def write_tensors(path, tensors, cut=None):
    """A safetensors file of float32 numbers, with only `cut` bytes of them."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, (shape, numbers) in tensors.items():
        chunk = array.array("f", numbers).tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(chunk)]}
        data += chunk
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data[:cut])


def perceptron(rule):
    """The tensors of fx_mlp(784, 128, 10); rule(name, row, column) gives a weight."""
    def weights(name, rows, columns):
        return [rows, columns], [rule(name, i, j) for i in range(rows) for j in range(columns)]
    return {"0.weight": weights("0", 128, 784), "0.bias": ([128], [0.0] * 128),
            "2.weight": weights("2", 10, 128), "2.bias": ([10], [0.0] * 10)}


def image(kind, noise):
    """Two bright rows that say the class, and noise."""
    return [230 + noise.randrange(25) if i // SIDE // 2 == kind else noise.randrange(60) for i in range(SIDE * SIDE)]


def write_idx(path, dims, numbers):
    with open(path, "wb") as file:
        file.write(struct.pack(f">HBB{len(dims)}I", 0, 8, len(dims), *dims) + bytes(numbers))


def write_mnist(folder, split, count, seed):
    noise = random.Random(seed)
    labels = [noise.randrange(CLASSES) for _ in range(count)]
    images = [image(kind, noise) for kind in labels]
    write_idx(f"{folder}/{split}-images-idx3-ubyte", [count, SIDE, SIDE], [v for pixels in images for v in pixels])
    write_idx(f"{folder}/{split}-labels-idx1-ubyte", [count], labels)
    return images, labels


def as_floats(images):
    return b"".join(array.array("f", [v / 255 for v in pixels]).tobytes() for pixels in images)


def mistakes(source, programs):
    write_tensors("truncated.safetensors", perceptron(lambda *_: 0.0), cut=1024)
    with open(source, encoding="utf-8") as file:
        expected = re.findall(r"/\* (mistakes\.c:\d+: .*) \*/", file.read())
    printed = run(programs["mistakes"]).splitlines()
    check(len(expected) >= 5, "the source has no comments to compare with")
    check(printed == expected, "printed:", *printed, "instead of:", *expected)


def inference(_, programs):
    # Class k is bright in rows 2k and 2k + 1: hidden unit k looks there, and number k of the output at it.
    write_tensors("mlp.safetensors", perceptron(
        lambda name, i, j: float(i == (j // SIDE // 2 if name == "0" else j))))
    noise = random.Random(1)
    labels = [noise.randrange(CLASSES) for _ in range(50)]
    printed = run(programs["inference"], stdin=as_floats(image(kind, noise) for kind in labels)).split()
    check([int(word) for word in printed] == labels, printed, labels)
    check(run(programs["inference"], "mlp.safetensors") == "", "it prints without input")
    missing = subprocess.run([programs["inference"], "none"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    check(missing.returncode == 1 and b"none" in missing.stderr, "a missing model is no error")


def mlp(_, programs):
    write_mnist(".", "train", 640, 1)
    images, labels = write_mnist(".", "t10k", 200, 2)
    printed = run(programs["mlp"], ".")
    accuracy = [float(v) for v in re.findall(r"^epoch \d: test accuracy ([\d.]+)%$", printed, re.M)]
    check(len(accuracy) == 5 and accuracy[-1] > 95, printed)
    known = [int(word) for word in run(programs["inference"], stdin=as_floats(images)).split()]
    right = 100 * sum(a == b for a, b in zip(known, labels)) / len(labels)
    check(abs(right - accuracy[-1]) < 0.01, f"{right} % in the application instead of {accuracy[-1]}")


def custom_op(_, programs):
    printed = run(programs["custom_op"]).splitlines()
    tensor = ["tensor([[-0.2124, -0.4144, -0.3802],", "        [ 0.8505,  0.9123, -0.0449],",
              "        [-0.3975, -0.4352,  0.5408],", "        [ 0.1456,  0.4487,  0.6522]], dtype=float64)"]
    check(printed[:4] == tensor, "the gradient:", *printed[:4])
    check(printed[4] == "gradcheck of bump: y = x exp(-x^2)", printed[4])
    lines = printed[5:8]
    for line, label in zip(lines, ["x[0]  ", "x[0], second order", "seed[0], second order"]):
        check(line.strip().startswith(label) and " 12 numbers" in line and line.endswith(": right"), line)
        check(float(re.search(r"off by ([\d.e+-]+) at", line)[1]) < 1e-10, line)
    check(printed[-1] == "  right", *printed)


def main():
    name, source = sys.argv[1:3]
    programs = {key: os.path.abspath(value) for key, value in (word.split("=", 1) for word in sys.argv[3:])}
    source = os.path.abspath(source)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        {"custom_op": custom_op, "mistakes": mistakes, "inference": inference, "mlp": mlp}[name](source, programs)
        os.chdir("/")


if __name__ == "__main__":
    main()
