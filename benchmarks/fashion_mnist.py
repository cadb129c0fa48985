#!/usr/bin/env python3
"""The demo beside the same in PyTorch: accuracy on the test set and the time of training.

usage: fashion_mnist.py PROGRAM [--data DIR] [--epochs N] [--threads N] [--rounds N]

PROGRAM is examples/fashion_mnist. Both train a perceptron 784-128-10 by Adam (1e-3) on batches of 64, and take turns.
PyTorch's side holds the images as float32 and picks batches from a tensor by a permutation, which is quicker than its
DataLoader. Times are of training alone, without reading files and without the test set. Prints a line a round and last the
medians and their ratio (PyTorch's time by ours).
"""
import argparse
import gzip
import os
import re
import statistics
import struct
import subprocess
import sys
import time


def read_idx(path):
    import torch
    with (gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path, "rb")) as file:
        data = file.read()
    sizes = struct.unpack(f">{data[3]}I", data[4:4 + 4 * data[3]])
    return torch.frombuffer(bytearray(data[4 + 4 * data[3]:]), dtype=torch.uint8).reshape(sizes)


def peer(options):
    import torch
    from torch import nn
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    parts = [[read_idx(f"{options.data}/{split}-{kind}-ubyte") for kind in ("images-idx3", "labels-idx1")]
             for split in ("train", "t10k")]
    (x, y), (test_x, test_y) = [(a.float().div(255).reshape(len(a), -1), b.long()) for a, b in parts]
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    start = time.perf_counter()
    for _ in range(options.epochs):
        order = torch.randperm(len(x))
        for i in range(0, len(x), 64):
            pick = order[i:i + 64]
            loss = nn.functional.cross_entropy(net(x[pick]), y[pick])
            loss.backward()
            adam.step()
            adam.zero_grad(set_to_none=True)
            loss.item()  # the demo reads each loss, too
    spent = time.perf_counter() - start
    with torch.no_grad():
        accuracy = (net(test_x).argmax(1) == test_y).double().mean().item()
    print(f"trained in {spent:.2f} s\ntest accuracy {100 * accuracy:.2f}%")


def run(threads, command):
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env=environment).stdout
    return float(re.search(r"trained in ([\d.]+) s", text)[1]), float(re.search(r"^test accuracy ([\d.]+)%", text, re.M)[1])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.program == "peer":
        return peer(options)
    common = ["--data", options.data, "--epochs", str(options.epochs), "--threads", str(options.threads)]
    ours, theirs = [], []
    for i in range(options.rounds):
        ours.append(run(options.threads, [options.program, "--out", "/tmp", "--seed", str(i), *common]))
        theirs.append(run(options.threads, [sys.executable, __file__, "peer", "--seed", str(i), *common]))
        print("round {}: here {:.2f} s, {:.2f}%; PyTorch {:.2f} s, {:.2f}%".format(i + 1, *ours[-1], *theirs[-1]), flush=True)
    times = [statistics.median(t for t, _ in side) for side in (ours, theirs)]
    marks = [statistics.median(a for _, a in side) for side in (ours, theirs)]
    print(f"here {times[0]:.2f} s, {marks[0]:.2f}%; PyTorch {times[1]:.2f} s, {marks[1]:.2f}%; ratio {times[1] / times[0]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
