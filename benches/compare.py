#!/usr/bin/env python3
"""A full diagnosis against what merely counts: relapse, ripgrep with a hundred failure literals, and `wc -l`.

usage: benches/compare.py [--bytes N] [--folder DIR] [--rounds N] [--halves] [--packed] [--peers] [KIND…]

Builds relapse, generates a corpus of each KIND (text and storm; also ndjson, log-stream, journald), runs the commands
over it in turn, and prints medians. One round before the counted ones warms the page cache. A peak under some 15 MiB is
Python's own: a child inherits that of whom it came from.

With --halves ripgrep also gets the file cut in two, as it keeps to one core on one file. With --packed the corpus is
also read compressed, beside what the decompressors alone do. With --peers whatever else is installed (grep, lnav,
angle-grinder, jq) runs over the first 128 MiB, beside relapse and ripgrep on the same; `mining.py` runs Drain3.
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


def commands(relapse, file, halves):
    """Names and commands; the first one is what the others are compared to."""
    rows = {
        "wc -l FILE": ["wc", "-l", file],
        "relapse analyze FILE": [relapse, "analyze", "--format", "json", file],
        "relapse analyze --threads 1 FILE": [relapse, "analyze", "--threads", "1", "--format", "json", file],
        "cat FILE to relapse analyze -": ["sh", "-c", 'cat "$1" | "$0" analyze --format json -', relapse, file],
    }
    if shutil.which("rg"):
        rg = ["rg", "-c", "-F", "-f", LITERALS]
        rows = {"rg -c -F -f LITERALS FILE": [*rg, file], **rows}
        if halves:
            rows["rg -j2 -c -F -f LITERALS HALF HALF"] = [*rg, "-j2", *halves]
    return rows


def cut(file, size, name):
    """The first so many bytes of a file, without the line that is cut."""
    part = file.with_name(f"{file.stem}.{name}{file.suffix}")
    if not part.exists():
        with file.open("rb") as source, part.open("wb") as out:
            left = size
            while left > 0 and (piece := source.read(min(left, 1 << 24))):
                left -= len(piece)
                out.write(piece if left > 0 else piece[: piece.rfind(b"\n") + 1])
    return part


def halves_of(file):
    first = cut(file, file.stat().st_size // 2, "first")
    second = file.with_name(f"{file.stem}.second{file.suffix}")
    if not second.exists():
        with file.open("rb") as source, second.open("wb") as out:
            source.seek(first.stat().st_size)
            shutil.copyfileobj(source, out, 1 << 24)
    return [first, second]


def packed(relapse, file):
    """Compressed copies: the decompressor alone, then relapse, for each kind that is installed."""
    rows = {}
    for tool, end in [("gzip", ".gz"), ("zstd", ".zst")]:
        if not shutil.which(tool):
            print(f"{tool} is not installed", file=sys.stderr)
            continue
        copy = file.with_name(file.name + end)
        if not copy.exists():
            with copy.open("wb") as out:
                subprocess.run([tool, "-c", file], stdout=out, check=True)
        rows[f"{tool} -dc FILE{end}"] = ["sh", "-c", '"$0" -dc "$1" >/dev/null', tool, copy]
        rows[f"relapse analyze FILE{end}"] = [relapse, "analyze", "--format", "json", copy]
    return rows


def peers(relapse, file):
    """What else reads logs, as far as it is installed."""
    rg = {"rg -c -F -f LITERALS": ["rg", "-c", "-F", "-f", LITERALS, file]} if shutil.which("rg") else {}
    rows = {
        **rg,
        "relapse analyze": [relapse, "analyze", "--format", "json", file],
        "LC_ALL=C grep -c -F -f LITERALS": ["env", "LC_ALL=C", "grep", "-c", "-F", "-f", LITERALS, file],
        "lnav -n -c ';SELECT count(*) FROM all_logs'": ["lnav", "-n", "-c", ";SELECT count(*) FROM all_logs", file],
        "agrind '\"error\" | count'": ["agrind", "-f", file, '"error" | count'],
        "jq -c .level": ["jq", "-c", ".level", file] if "ndjson" in file.name else ["jq-for-ndjson-only"],
    }
    return {name: command for name, command in rows.items() if shutil.which(str(command[0])) is not None}


def versions():
    for tool, flag in [("rg", "--version"), ("grep", "--version"), ("lnav", "-V"), ("agrind", "--version"),
                       ("jq", "--version"), ("gzip", "--version"), ("zstd", "--version")]:
        if shutil.which(tool):
            told = subprocess.run([tool, flag], capture_output=True, text=True).stdout.strip()
            yield told.split("\n")[0]
        else:
            yield f"{tool}: not installed"


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
    options.add_argument("--halves", action="store_true", help="ripgrep on the file cut in two as well")
    options.add_argument("--packed", action="store_true", help="compressed copies as well")
    options.add_argument("--peers", action="store_true", help="other tools that are installed as well")
    options = options.parse_args()
    built = build()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not shutil.which("rg"):
            print("ripgrep is not installed (cargo install ripgrep): ratios are to wc -l")
        version = subprocess.run([built / "relapse", "--version"], check=True, capture_output=True, text=True).stdout
        print(f"{version.strip()}, {os.cpu_count()} cores, {len(LITERALS.read_text().splitlines())} literals")
        print("; ".join(versions()))
        head = "| command | ms (min–max) | GB/s | CPU / wall | peak MiB | ratio |\n| --- | --- | --- | --- | --- | --- |"
        for kind in options.kinds:
            file = folder / f"{kind}-{options.bytes}.log"
            if not file.exists():
                made = file.with_suffix(".part")
                subprocess.run([built / "examples" / "corpora", "large", kind, str(options.bytes), made], check=True)
                made.rename(file)
            size = file.stat().st_size
            print(f"\n### {kind}, {size:,} bytes, medians of {options.rounds}\n")
            print(head)
            halves = halves_of(file) if options.halves else []
            compare(commands(built / "relapse", file, halves), size, options.rounds)
            if options.packed:
                print(f"\n### {kind}, compressed\n\n{head}")
                compare(packed(built / "relapse", file), size, options.rounds)
            if options.peers:
                part = cut(file, 128 << 20, "part")
                print(f"\n### {kind}, the first {part.stat().st_size:,} bytes\n\n{head}")
                compare(peers(built / "relapse", part), part.stat().st_size, options.rounds)


if __name__ == "__main__":
    main()
