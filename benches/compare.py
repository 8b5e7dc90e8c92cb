#!/usr/bin/env python3
"""A full diagnosis against what merely counts: relapse, ripgrep with a hundred failure literals, and `wc -l`.

usage: benches/compare.py [--bytes N] [--folder DIR] [--rounds N] [KIND…]

Builds relapse, generates a corpus of each KIND (text and storm; also ndjson, log-stream, journald), runs the commands
over it in turn, and prints medians. One round before the counted ones warms the page cache. A peak under some 15 MiB is
Python's own: a child inherits that of whom it came from.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LITERALS = HERE / "literals.txt"


def build():
    """Builds what is measured and what makes the corpora; gives the folder of both."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "relapse", "--example", "corpora"],
                   cwd=HERE.parent, check=True)
    metadata = subprocess.run(["cargo", "metadata", "--format-version", "1", "--no-deps"],
                              cwd=HERE.parent, check=True, capture_output=True).stdout
    return Path(json.loads(metadata)["target_directory"]) / "release"


def commands(relapse, file):
    """Names and commands; the first one is what the others are compared to."""
    rows = {
        "wc -l FILE": ["wc", "-l", file],
        "relapse analyze FILE": [relapse, "analyze", "--format", "json", file],
        "cat FILE to relapse analyze -": ["sh", "-c", 'cat "$1" | "$0" analyze --format json -', relapse, file],
    }
    if shutil.which("rg"):
        rows = {"rg -c -F -f LITERALS FILE": ["rg", "-c", "-F", "-f", LITERALS, file], **rows}
    return rows


def measure(command):
    """Wall time and CPU time in seconds, and peak memory in MiB, of a command with all its children."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    if status != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def compare(rows, size, rounds):
    times = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name, command in rows.items():
            measured = measure(command)
            if number > 0:
                times[name].append(measured)
    base = None
    for name, measured in times.items():
        wall = statistics.median(wall for wall, _, _ in measured)
        spread = f"({min(m[0] for m in measured) * 1e3:.0f}–{max(m[0] for m in measured) * 1e3:.0f})"
        cores = statistics.median(cpu / wall for wall, cpu, _ in measured)
        base = base or wall
        print(f"| {name} | {wall * 1e3:.0f} {spread} | {size / wall / 1e9:.2f} | {cores:.2f} | "
              f"{max(m[2] for m in measured):.0f} | {wall / base:.3f} |")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("kinds", nargs="*", metavar="KIND", default=["text", "storm"])
    options.add_argument("--bytes", type=int, default=1 << 30, help="size of each corpus (1 GiB)")
    options.add_argument("--folder", type=Path, help="keep the corpora here for the next time")
    options.add_argument("--rounds", type=int, default=5, help="counted rounds (5)")
    options = options.parse_args()
    built = build()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not shutil.which("rg"):
            print("ripgrep is not installed (cargo install ripgrep): ratios are to wc -l")
        version = subprocess.run([built / "relapse", "--version"], check=True, capture_output=True, text=True).stdout
        print(f"{version.strip()}, {os.cpu_count()} cores, {len(LITERALS.read_text().splitlines())} literals")
        for kind in options.kinds:
            file = folder / f"{kind}-{options.bytes}.log"
            if not file.exists():
                made = file.with_suffix(".part")
                subprocess.run([built / "examples" / "corpora", "large", kind, str(options.bytes), made], check=True)
                made.rename(file)
            size = file.stat().st_size
            print(f"\n### {kind}, {size:,} bytes, medians of {options.rounds}\n")
            print("| command | ms (min–max) | GB/s | CPU / wall | peak MiB | ratio |\n| --- | --- | --- | --- | --- | --- |")
            compare(commands(built / "relapse", file), size, options.rounds)


if __name__ == "__main__":
    main()
