#!/usr/bin/env python3
"""Template mining from standard input to JSON lines: relapse beside Drain3 with its defaults, in turn, in one go.

usage: benches/mining.py [--rounds N] [--lines N] FILE

FILE has one message a line; it is repeated up to N lines. Needs `pip install drain3`. Prints medians.
"""
import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

DRAIN3 = """
import json, sys
from drain3 import TemplateMiner
miner = TemplateMiner()
for number, line in enumerate(sys.stdin, 1):
    found = miner.add_log_message(line.rstrip("\\n"))
    sys.stdout.write(json.dumps({"line": number, "cluster": found["cluster_id"], "template": found["template_mined"]}) + "\\n")
"""


def measure(command, path):
    with open(path, "rb") as source:
        start = time.perf_counter()
        subprocess.run(command, stdin=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lines", type=int, default=640_000)
    arguments = parser.parse_args()
    here = Path(__file__).resolve().parent.parent
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "relapse"], cwd=here, check=True)
    target = json.loads(subprocess.run(["cargo", "metadata", "--format-version", "1", "--no-deps"], cwd=here, check=True,
                                       capture_output=True).stdout)["target_directory"]
    messages = arguments.file.read_bytes().splitlines()
    with tempfile.NamedTemporaryFile() as corpus:
        for number in range(arguments.lines):
            corpus.write(messages[number % len(messages)] + b"\n")
        corpus.flush()
        sides = {"relapse templates": [f"{target}/release/relapse", "templates"],
                 f"Drain3 {metadata.version('drain3')}": [sys.executable, "-c", DRAIN3]}
        times = {name: [] for name in sides}
        for _ in range(arguments.rounds):
            for name, command in sides.items():
                times[name].append(measure(command, corpus.name))
    own = statistics.median(times["relapse templates"])
    print("| command | s | lines a second | times relapse |\n| --- | --- | --- | --- |")
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"| {name} | {middle:.3f} | {arguments.lines / middle:,.0f} | {middle / own:.1f} |")


if __name__ == "__main__":
    main()
