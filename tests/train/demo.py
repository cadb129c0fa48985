#!/usr/bin/env python3
"""Runs the demo's program over a few images that it can learn, and checks what it prints and leaves.

usage: demo.py PROGRAM
"""
import gzip
import json
import os
import random
import re
import struct
import subprocess
import sys
import tempfile
import xml.dom.minidom

ROWS = 28


def write_images(folder, split, count):
    """Class k is a bright row 2k + 4 in noise. The training set is gzip'ed, the test set is not."""
    labels = bytes(random.randrange(10) for _ in range(count))
    pixels = bytearray(random.randrange(60) for _ in range(count * ROWS * ROWS))
    for i, label in enumerate(labels):
        at = (i * ROWS + 2 * label + 4) * ROWS
        pixels[at:at + ROWS] = bytes([200]) * ROWS
    for name, sizes, data in (("images-idx3", (count, ROWS, ROWS), pixels), ("labels-idx1", (count,), labels)):
        file = gzip.open if split == "train" else open
        path = os.path.join(folder, f"{split}-{name}-ubyte") + (".gz" if split == "train" else "")
        with file(path, "wb") as out:
            out.write(struct.pack(f">{1 + len(sizes)}I", 0x800 + len(sizes), *sizes) + data)


def main():
    program = os.path.abspath(sys.argv[1])
    random.seed(1)
    with tempfile.TemporaryDirectory() as folder:
        write_images(folder, "train", 2000)
        write_images(folder, "t10k", 300)
        done = subprocess.run([program, "--data", folder, "--out", folder, "--epochs", "3"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=True)
        lines = done.stdout.splitlines()
        assert [line.split(":")[0] for line in lines[:3]] == ["epoch 1", "epoch 2", "epoch 3"], done.stdout
        last = re.fullmatch(r"test accuracy (\d+\.\d\d)%", lines[-1])
        assert last and float(last[1]) > 95, done.stdout
        assert "epoch 3 of 3  32 batches, 2,000 samples  loss " in done.stderr, done.stderr
        with open(os.path.join(folder, "fashion_mnist.safetensors"), "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        assert header["0.weight"]["shape"] == [128, 784] and header["2.bias"]["dtype"] == "F32", header
        xml.dom.minidom.parse(os.path.join(folder, "fashion_mnist.svg"))
        assert not [name for name in os.listdir(folder) if "partial" in name]

        done = subprocess.run([program, "--data", os.path.join(folder, "nowhere")], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False, cwd=folder)
        assert done.returncode == 1 and not done.stdout and "train-images-idx3-ubyte: No such file" in done.stderr, done
        for wrong in (["--epochs"], ["--epochs", "0"], ["--epochs", "3x"], ["--epochs", "-1"], ["--threads", "two"], ["epochs", "1"]):
            done = subprocess.run([program, *wrong], stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode == 2 and done.stderr.startswith("usage: "), (wrong, done)


if __name__ == "__main__":
    main()
