#!/usr/bin/env python3
"""Runs the workloads, with PyTorch beside them if asked, and says how long a step takes.

usage: compare.py PROGRAM [--only A,B] [--threads N] [--peers] [--json] [--rounds N]

Each workload runs in a process of its own, several times; with --peers the sides take turns, so that what else the machine
does falls on both. A time is the median over the rounds of the medians that the processes measured; the spread is the
fastest and the slowest of them. One thread stands on one processor. PyTorch's OpenBLAS may choose its kernels itself:
OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are not handed to it. "start" is the time from starting a process until one that has
run a single op has ended.

With --json a line each is an object: that of our side, and "spread_us", "torch_us", "torch_check", "ratio" (PyTorch's time
by ours), "same" (whether the checks agree to one in a thousand). The exit status is 1 if a workload fails or does other work.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_peer.py")
SAME = 1e-3
STARTS = 7


class Side:
    """One of the programs that are compared, and how it is started."""

    def __init__(self, name, command, threads, without=()):
        self.name, self.command = name, command
        self.environment = {k: v for k, v in os.environ.items() if k not in without}
        self.environment["OMP_NUM_THREADS"] = str(threads)
        self.threads = threads

    def arguments(self, *more):
        return [*self.command, "--threads", str(self.threads), *more]

    def run(self, workload):
        """(object of the workload, megabytes at the peak), or None after a failure."""
        done = subprocess.run(self.arguments("--only", workload), env=self.environment, stdout=subprocess.PIPE,
                              check=False, text=True)
        objects = {line["w"]: line for line in map(json.loads, done.stdout.splitlines())}
        if done.returncode or workload not in objects:
            print(f"{self.name}: {workload} failed", file=sys.stderr)
            return None
        return objects[workload], objects["process"]["peak_rss_mb"]

    def start_seconds(self):
        took = []
        for _ in range(STARTS):
            begin = time.perf_counter()
            subprocess.run(self.arguments("--start"), env=self.environment, check=True)
            took.append(time.perf_counter() - begin)
        return statistics.median(took)


def python_with_torch():
    """Debian's package is Debian's Python's; another may come first in the path."""
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0:
            return python
    sys.exit("compare: no Python has PyTorch (script/bootstrap peers)")


def pin(threads):
    """Keeps this process and all that it starts to as many processors as there are threads; not the first, if it may."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, set(allowed[-threads:]))


def merge(runs):
    """One object for several runs of a workload: their median time, and the spread."""
    runs = sorted(runs, key=lambda run: run[0]["us"])
    times = [run[0]["us"] for run in runs]
    result = dict(runs[len(runs) // 2][0], spread_us=[times[0], times[-1]])
    result["peak_rss_mb"] = max(run[1] for run in runs)
    return result


def compare(workload, sides, rounds):
    """The object to report; None after a failure."""
    runs = {side: [] for side in sides}
    for _ in range(rounds):
        for side in sides:
            run = side.run(workload)
            if run is None:
                return None
            runs[side].append(run)
    ours = merge(runs[sides[0]])
    if len(sides) > 1:
        theirs = merge(runs[sides[1]])
        ours["torch_us"], ours["torch_spread_us"] = theirs["us"], theirs["spread_us"]
        ours["torch_check"], ours["torch_peak_rss_mb"] = theirs["check"], theirs["peak_rss_mb"]
        ours["ratio"] = round(theirs["us"] / ours["us"], 2)
        ours["same"] = abs(ours["check"] - theirs["check"]) <= SAME * abs(theirs["check"])
    return ours


def spread(times):
    return f"{times[0]:.4g}..{times[1]:.4g}"


def show(o):
    """One line of the table."""
    line = f"{o['w']:<12} {o['us']:>10.2f} {spread(o['spread_us']):>18}"
    if "torch_us" in o:
        line += f" {o['torch_us']:>11.2f} {spread(o['torch_spread_us']):>18} {o['ratio']:>7.2f}"
    line += f" {o['check']:>11}"
    if "torch_us" in o:
        line += f" {o['torch_check']:>11} {'same' if o['same'] else 'DIFFERS'}"
    more = {"ns_per_node": "ns a node", "bytes_per_node": "bytes a node", "samples_s": "samples/s"}
    notes = [f"{o[key]:g} {words}" for key, words in more.items() if key in o]
    return line + (f"  ({', '.join(notes)})" if notes else "")


def heading(peers):
    line = f"{'workload':<12} {'us a step':>10} {'spread':>18}"
    if peers:
        line += f" {'PyTorch':>11} {'spread':>18} {'ratio':>7}"
    return line + f" {'check':>11}" + (f" {'PyTorch':>11}" if peers else "")


def processes(sides, results):
    """The object about processes: what starting one costs, and memory in the workloads that were run."""
    o = {"w": "process", "threads": sides[0].threads}
    for side, prefix in zip(sides, ("", "torch_")):
        o[prefix + "start_s"] = round(side.start_seconds(), 4)
        o[prefix + "peak_rss_mb"] = max((r[prefix + "peak_rss_mb"] for r in results), default=0)
    if len(sides) > 1:
        o["start_ratio"] = round(o["torch_start_s"] / o["start_s"], 1)
        if o["peak_rss_mb"]:
            o["memory_ratio"] = round(o["torch_peak_rss_mb"] / o["peak_rss_mb"], 1)
    return o


def show_processes(o):
    lines = [f"process: starts in {1e3 * o['start_s']:.1f} ms, at most {o['peak_rss_mb']:.1f} MB"]
    if "torch_start_s" in o:
        lines.append(f"PyTorch: starts in {1e3 * o['torch_start_s']:.1f} ms, at most {o['torch_peak_rss_mb']:.1f} MB;"
                     f" {o['start_ratio']:g} times ours, {o.get('memory_ratio', 0):g} times ours")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--only")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=0, help="0: 5 with peers, 3 without")
    options = parser.parse_args()

    listed = subprocess.run([options.program, "--list"], check=True, capture_output=True, text=True).stdout
    known = [line.split()[0] for line in listed.splitlines()]
    names = options.only.split(",") if options.only else known
    if options.threads < 1 or not set(names) <= set(known):
        parser.error(f"the workloads are {', '.join(known)}")
    pin(options.threads)
    sides = [Side("fluxion", [options.program], options.threads)]
    if options.peers:
        sides.append(Side("torch", [python_with_torch(), PEER], options.threads, ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")))
    rounds = options.rounds or (5 if options.peers else 3)

    if not options.json:
        print(heading(options.peers))
    good, results = True, []
    for name in names:
        result = compare(name, sides, rounds)
        good = good and result is not None and result.get("same", True)
        if result:
            results.append(result)
            print(json.dumps(result) if options.json else show(result), flush=True)
    process = processes(sides, results)
    print(json.dumps(process) if options.json else show_processes(process))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
