"""A house to break out of: the analyst's file, a folder of somebody else's, and a port."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from roentgene.warehouse.slots import SLOTS

#: What stands in every file that is nobody else's business, and in the name of one.
CANARY = "canary7f3a"
#: What nobody may learn of where the analyst's file lies.
FOLDER = "stranger9c1e"


@dataclass
class House:
    """A folder, and somebody who listens at a port of this machine."""

    root: Path
    port: int = 0
    connections: list[bytes] = field(default_factory=list)

    @property
    def host(self) -> Path:
        """Folder of somebody else."""
        return self.root / "host"

    @property
    def file(self) -> Path:
        """The analyst's file."""
        return self.root / "published" / "analyst.duckdb"

    def state(self) -> dict[str, str]:
        """Every path with its mode and the hash of its content, but for the places of queries."""
        return {
            str(path.relative_to(self.root)): f"{path.lstat().st_mode:o} "
            + (hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
            for path in sorted(self.root.rglob("*"))
            if SLOTS not in path.parts
        }


@contextmanager
def opened_house(parent: Path, like: House | None = None) -> Iterator[House]:
    """Make a house, or copy one, and listen at its port as long as it stands."""
    root = parent / FOLDER
    if like is None:
        make_house(root)
    else:
        shutil.copytree(like.root, root, symlinks=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        house = House(root, server.getsockname()[1])
        listener = threading.Thread(target=_listen, args=(server, house))
        listener.start()
        try:
            yield house
        finally:
            server.shutdown(socket.SHUT_RDWR)  # the listener sees the end
            listener.join()


def _listen(server: socket.socket, house: House) -> None:
    while True:
        try:
            guest, _ = server.accept()
        except OSError:
            return
        with guest:
            house.connections.append(guest.recv(1000))
            guest.sendall(b"HTTP/1.0 404 Not Found\r\nContent-Length: 0\r\n\r\n")


def make_house(root: Path) -> House:
    """Make the folders and what is in them."""
    house = House(root)
    house.host.mkdir(parents=True)
    house.file.parent.mkdir()
    for name, content in {
        f"{CANARY}.txt": "",
        "secret.txt": CANARY,
        "secret.csv": f"{CANARY},n\n{CANARY},1\n",
        "secret.json": json.dumps({CANARY: CANARY}),
    }.items():
        (house.host / name).write_text(content)
    pq.write_table(pa.table({CANARY: [CANARY]}), house.host / "secret.parquet")
    with sqlite3.connect(house.host / "secret.sqlite") as lite:
        lite.execute("CREATE TABLE t AS SELECT 'canary7f3a' AS s")
    lite.close()
    with duckdb.connect(str(house.host / "secret.duckdb")) as con:
        con.execute("CREATE TABLE t AS SELECT 'canary7f3a' AS s")
    (house.file.parent / "link.txt").symlink_to("../host/secret.txt")
    _fill(house.file)
    return house


def _fill(file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE SCHEMA study")
        con.execute("CREATE SCHEMA mart")
        con.execute("CREATE TABLE study.patient (patient_id VARCHAR, sex VARCHAR, age DOUBLE)")
        con.execute(
            "INSERT INTO study.patient VALUES ('p1', 'F', 40), ('p2', 'M', 50), ('p3', 'F', 70)"
        )
        con.execute("CREATE TABLE study.scan (patient_id VARCHAR, day INTEGER, volume DOUBLE)")
        con.execute("INSERT INTO study.scan VALUES ('p1', 0, 10), ('p1', 90, 15), ('p2', 0, 8)")
        con.execute("CREATE VIEW mart.women AS SELECT * FROM study.patient WHERE sex = 'F'")
