#!/usr/bin/env python3
"""Says what passed, from the log of `meson test` (testlog.json).

usage: summary.py TESTLOG...

Prints a line for each test program, for one that failed also what it wrote, and last a line `N passed, N failed`. A
Criterion program counts as many tests as it ran (it says so on its line "Synthesis"), any other as one. A program that
fails while all its tests pass (a leak that a sanitizer saw, a crash after the last test) counts as one failed test more.
The exit status is 0 if at least one test passed and none failed.
"""
import json
import re
import sys

SYNTHESIS = re.compile(r"^\[====\] Synthesis: Tested: *(\d+) *\| *Passing: *(\d+) *\| *Failing: *(\d+)", re.M)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
GOOD = ("OK", "EXPECTEDFAIL", "SKIP")


def count(entry):
    """(passed, failed) of one line of the log."""
    text = COLOUR.sub("", entry.get("stdout", "") + entry.get("stderr", ""))
    passed = failed = 0
    found = SYNTHESIS.findall(text)
    for tested, passing, _ in found:
        passed += int(passing)
        failed += int(tested) - int(passing)
    good = entry["result"] in GOOD
    if not found:
        return (0, 0) if entry["result"] == "SKIP" else (int(good), int(not good))
    if entry["result"] == "EXPECTEDFAIL":
        return 1, 0
    return passed, failed + int(not good and failed == 0)


def last_lines(entry, lines=120):
    text = COLOUR.sub("", entry.get("stdout", "") + entry.get("stderr", "")).rstrip().splitlines()
    cut = [f"... {len(text) - lines} lines more in the log"] if len(text) > lines else []
    return cut + text[-lines:]


def summarize(path):
    passed = failed = 0
    try:
        with open(path) as log:
            entries = [json.loads(line) for line in log if line.strip()]
    except OSError as error:
        print(f"no test log: {error}")
        return 0, 1
    for entry in sorted(entries, key=lambda e: e["name"]):
        p, f = count(entry)
        passed, failed = passed + p, failed + f
        note = entry["result"] if f or entry["result"] not in ("OK", "FAIL") else ""
        print(f"{entry['name']:<44} {p:>5} passed {f:>3} failed {entry.get('duration', 0):>7.1f} s  {note}".rstrip())
        if f:
            print("\n".join("    | " + line for line in last_lines(entry)))
    return passed, failed


def main():
    counts = [summarize(path) for path in sys.argv[1:]]
    passed, failed = sum(p for p, _ in counts), sum(f for _, f in counts)
    print(f"{passed} passed, {failed} failed")
    return 0 if passed > 0 and failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
