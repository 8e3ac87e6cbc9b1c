"""Whether this installation works: versions, extensions, the engines, the sandbox."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from roentgene.app.engine_health import check_engines
from roentgene.app.finding import Finding
from roentgene.queries.query_file import query_text
from roentgene.schemas.errors import QueryError, WarehouseError
from roentgene.schemas.study import QueryLimits
from roentgene.warehouse.connection import connect
from roentgene.warehouse.layout import Layout
from roentgene.warehouse.sandbox import kernel_walls, run_sandboxed
from roentgene.warehouse.sandbox_child import KERNEL_WALLS, SECCOMP

_INSTALL = "Install the extra: pip install 'roentgene[extract]' (on Python 3.11)"
_LIMITS = QueryLimits(seconds=30)


def check_installation() -> Iterator[Finding]:
    """Look at everything that does not need a warehouse."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform()}")
    yield Finding("roentgene", "ok", version("roentgene"))
    yield _duckdb()
    yield _package("SimpleITK", "SimpleITK", "SimpleITK")
    # without its C extension PyRadiomics installs, and fails at the first feature
    yield _package("pyradiomics", "pyradiomics", "radiomics._cmatrices")
    yield from check_engines()
    yield _sandbox()
    if sys.platform == "linux":
        yield _walls()


def _duckdb() -> Finding:
    with TemporaryDirectory() as folder:
        try:
            connect(Layout(Path(folder))).close()
        except (WarehouseError, duckdb.Error) as error:
            reason = str(error).splitlines()[0]
            cure = "Install the versions that roentgene pins"
            return Finding("duckdb", "bad", f"{duckdb.__version__}: {reason}", cure)
    return Finding("duckdb", "ok", f"{duckdb.__version__}, its extensions are of that version")


def _package(check: str, distribution: str, module: str) -> Finding:
    try:
        found = version(distribution)
    except PackageNotFoundError:
        detail = "not installed: tables can be ingested and queried, images cannot be measured"
        return Finding(check, "warning", detail, _INSTALL)
    try:
        import_module(module)
    except ImportError as error:
        return Finding(check, "warning", f"{found}, but {module}: {error}", _INSTALL)
    return Finding(check, "ok", f"{found}, {module} loads")


def _sandbox() -> Finding:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "probe.duckdb"
        duckdb.connect(str(file)).close()
        try:
            run_sandboxed(file, query_text("app/sandbox_answers"), _LIMITS)
        except (WarehouseError, QueryError) as error:
            cure = error.cure if sys.platform != "linux" else "'roentgene sql' works without it"
            return Finding("sandbox", "warning", error.message, cure)
        if _reads_a_file(file):
            cure = "Do not let strangers ask; please report it"
            return Finding("sandbox", "bad", "SQL in it could read a file", cure)
    return Finding("sandbox", "ok", "answers, and its SQL reads no file")


def _walls() -> Finding:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "probe.duckdb"
        duckdb.connect(str(file)).close()
        try:
            held = kernel_walls(file, _LIMITS)
        except WarehouseError as error:
            return Finding("sandbox walls", "warning", error.message, error.cure)
    told = ", ".join(("DuckDB's locks", "limits of the process", *held))
    missing = [wall for wall in KERNEL_WALLS if wall not in held]
    if missing:
        lost = "; answers may name the folder" if SECCOMP in missing else ""
        detail = f"{told}; not on this machine: {', '.join(missing)}{lost}"
        cure = "Landlock needs Linux 5.13 with 'landlock' in its lsm=; a container must allow both"
        return Finding("sandbox walls", "warning", detail, cure)
    return Finding("sandbox walls", "ok", told)


def _reads_a_file(file: Path) -> bool:
    try:
        run_sandboxed(file, query_text("app/sandbox_reads"), _LIMITS)
    except QueryError:
        return False
    return True
