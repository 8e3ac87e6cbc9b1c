"""Ask many statements in the sandbox, each in a process forked off one that has imported all.

The children are those that a query has, all walls included; only Python's start is left out, for
it takes most of the time. Run with the folder of the benchmarks and that of the houses as its
arguments; names of ways come over standard input, and their outcomes go to standard output.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import duckdb
import pyarrow as pa

from roentgene.warehouse import sandbox_child, statement

sys.path.insert(0, sys.argv[1])
from made_house import FOLDER, make_house, opened_house
from ways_out import outcome, ways

assert duckdb and pa and statement  # the children need not import them


class Forked:
    """What the sandbox needs of a ``subprocess.Popen``."""

    def __init__(self, command: list[str], **options: object) -> None:
        assert command[-1] == sandbox_child.__file__ and options["env"] == {}
        its_input, to_it = os.pipe()
        from_it, its_output = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            os.dup2(its_input, 0)
            os.dup2(its_output, 1)
            os.closerange(3, 1000)
            os.environ.clear()
            os.chdir("/")
            sys.stdin = os.fdopen(0, "r")
            sandbox_child.main()
            os._exit(0)
        os.close(its_input)
        os.close(its_output)
        self.stdin, self.stdout = os.fdopen(to_it, "wb"), os.fdopen(from_it, "rb")

    def wait(self) -> None:
        os.waitpid(self.pid, 0)


def main() -> None:
    subprocess.Popen = Forked  # type: ignore[misc, assignment]
    known = {way.name: way for way in ways()}
    told = {}
    like = make_house(Path(sys.argv[2], FOLDER))
    for number, name in enumerate(json.load(sys.stdin)):
        with opened_house(Path(sys.argv[2], str(number)), like) as house:
            told[name] = asdict(outcome(known[name], house))
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
