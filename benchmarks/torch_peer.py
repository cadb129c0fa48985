#!/usr/bin/env python3
"""The workloads of benchmarks/workloads.c in PyTorch, for comparison.

usage: torch_peer.py [--threads N] [--only A,B] [--list] [--start]

Prints the same JSON objects as the library's program, a line each: "us" is the median time of a step in microseconds,
"check" tells that the work is the same. The numbers that a workload starts from are those of benchmarks/measure.c.
--start imports PyTorch, runs an operator and ends: what starting costs.
"""
import argparse
import json
import statistics
import sys
import time

import numpy
import torch
from torch import nn

CHECK_STEP = 5


def sequence(k, n):
    """Numbers 0 .. n-1 of sequence k, in [0, 1), as measure.c makes them."""
    z = numpy.arange(1, n + 1, dtype=numpy.uint64) + numpy.uint64(k * 1000003)
    with numpy.errstate(over="ignore"):
        z *= numpy.uint64(0x9E3779B97F4A7C15)
        z ^= z >> numpy.uint64(32)
        z *= numpy.uint64(0xD6E8FEB86659FD93)
    z ^= z >> numpy.uint64(32)
    return (z >> numpy.uint64(40)).astype(numpy.float64) / (1 << 24)


def fill(k, low, high, *shape):
    numbers = low + (high - low) * sequence(k, int(numpy.prod(shape)))
    return torch.from_numpy(numbers.reshape(shape).astype(numpy.float32))


def labels(k, n, classes):
    return torch.from_numpy((sequence(k, n) * classes).astype(numpy.int64))


def perceptron(activation, *sizes):
    layers = []
    for first, second in zip(sizes, sizes[1:]):
        layers += [nn.Linear(first, second), activation()]
    net = nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for i, parameter in enumerate(net.parameters()):
            if parameter.dim() == 2:
                bound = parameter.shape[1] ** -0.5
                parameter.copy_(fill(100 + i, -bound, bound, *parameter.shape))
            else:
                parameter.zero_()
    return net


def median_seconds(step, times, warm, repetitions):
    for _ in range(warm):
        step()
    took = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        for _ in range(times):
            step()
        took.append((time.perf_counter() - begin) / times)
    return statistics.median_high(took)


def report(name, seconds, check, **more):
    print(json.dumps({"w": name, "threads": torch.get_num_threads(), "us": round(seconds * 1e6, 2), "check": check,
                      **more}), flush=True)


def train(name, net, optimizer, loss_of, x, y, times, warm, repetitions, samples=0):
    def step():
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(CHECK_STEP):
        loss = step()
    check = round(loss.item(), 6)
    seconds = median_seconds(step, times, warm, repetitions)
    report(name, seconds, check, **({"samples_s": round(samples / seconds)} if samples else {}))


def scalar():
    nodes = 3 * 333

    def step():
        x, w = torch.tensor(0.5, requires_grad=True), torch.tensor(0.9, requires_grad=True)
        y = x
        for _ in range(333):
            y = torch.tanh(y * w + x)
        y.backward()
        return w.grad

    check = round(step().item(), 6)
    seconds = median_seconds(step, 3, 2, 7)
    report("scalar", seconds, check, ns_per_node=round(seconds / nodes * 1e9, 1))


def deep():
    nodes = 100000

    def step():
        x = torch.ones(16, requires_grad=True)
        y = x
        for _ in range(nodes):
            y = y * 1.00001
        y.sum().backward()
        return x.grad

    check = round(step()[0].item(), 4)
    seconds = median_seconds(step, 1, 0, 3)
    report("deep", seconds, check, ns_per_node=round(seconds / nodes * 1e9, 1))


def mlp_tiny():
    net = perceptron(nn.Tanh, 2, 16, 16, 1)
    train("mlp_tiny", net, torch.optim.SGD(net.parameters(), lr=0.1), nn.functional.mse_loss, fill(1, -1, 1, 32, 2),
          fill(2, -1, 1, 32, 1), times=200, warm=20, repetitions=7)


def mlp_mnist():
    net = perceptron(nn.ReLU, 784, 128, 10)
    train("mlp_mnist", net, torch.optim.Adam(net.parameters(), lr=1e-3), nn.functional.cross_entropy,
          fill(1, 0, 1, 64, 784), labels(2, 64, 10), times=100, warm=10, repetitions=7, samples=64)


def mlp_wide():
    net = perceptron(nn.ReLU, 784, 1024, 1024, 10)
    train("mlp_wide", net, torch.optim.Adam(net.parameters(), lr=1e-3), nn.functional.cross_entropy,
          fill(1, 0, 1, 256, 784), labels(2, 256, 10), times=10, warm=3, repetitions=7, samples=256)


def hvp():
    net = perceptron(nn.Tanh, 64, 128, 128, 1)
    x, parameters = fill(1, -1, 1, 64, 64), list(net.parameters())
    directions = [fill(50 + i, -1, 1, *p.shape) for i, p in enumerate(parameters)]

    def step():
        value = net(x).square().mean()
        gradient = torch.autograd.grad(value, parameters, create_graph=True)
        return torch.autograd.grad(gradient, parameters, directions)

    check = round(sum(p.double().sum().item() for p in step()), 4)
    report("hvp", median_seconds(step, 20, 3, 7), check)


def elementwise():
    n = 1 << 20
    x = fill(1, -2, 2, n).requires_grad_()

    def step():
        x.grad = None
        y = (x.sigmoid() * x.tanh() + x * x).sum()
        y.backward()
        return y

    check = round(step().item() / n, 5)
    seconds = median_seconds(step, 5, 2, 7)
    report("elementwise", seconds, check, grad=round(x.grad.double().sum().item() / n, 5))


WORKLOADS = {f.__name__: f for f in (scalar, deep, mlp_tiny, mlp_mnist, mlp_wide, hvp, elementwise)}


def peak_megabytes():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--start", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.list:
        print("\n".join(WORKLOADS))
    elif options.start:
        torch.ones(2, 2) * 2
    else:
        names = options.only.split(",") if options.only else list(WORKLOADS)
        unknown = [name for name in names if name not in WORKLOADS]
        if unknown:
            sys.exit(f"torch_peer: there is no {', '.join(unknown)}")
        for name in names:
            WORKLOADS[name]()
        print(json.dumps({"w": "process", "threads": options.threads, "peak_rss_mb": round(peak_megabytes(), 1)}))


if __name__ == "__main__":
    main()
