"""The table of operations: what is promised to whoever runs a warehouse for years, measured.

Run it with ``python benchmarks/operations.py [--only NAME] [--runs N] [--json]``. Each name is a
module beside this one whose ``measure(runs)`` gives its rows; without ``--runs`` each takes what
its promise asks for. It ends with 1 where a row does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec

from operation_rows import Row, table_lines

NAMES = ("kills", "crowd", "erasure", "ways_out", "deliveries")


def present() -> list[str]:
    """Names of the measurements that are there."""
    return [name for name in NAMES if find_spec(name) is not None]


def measured(names: Sequence[str], runs: int | None) -> list[Row]:
    """Rows of some measurements, one measurement after the other."""
    rows: list[Row] = []
    for name in names:
        sys.stderr.write(f"{name} …\n")
        sys.stderr.flush()
        given = {} if runs is None else {"runs": runs}
        rows += import_module(name).measure(**given)
    return rows


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is asked for and print the table; 1 where a row does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", choices=present(), help="measure this alone")
    parser.add_argument("--runs", type=int, help="how often, in place of what is promised")
    parser.add_argument("--json", action="store_true", help="answer for a program")
    options = parser.parse_args(words)
    rows = measured(options.only or present(), options.runs)
    if options.json:
        told = json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)
    else:
        told = "\n".join(table_lines(rows))
    sys.stdout.write(f"{told}\n")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
