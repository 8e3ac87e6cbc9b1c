"""A change of ``study.yaml`` that leaves every other line as somebody wrote it."""

from __future__ import annotations

import os
import re
import secrets

import yaml

from roentgene.schemas.errors import FileError
from roentgene.schemas.storage import Storage
from roentgene.schemas.study import read_study
from roentgene.warehouse.layout import Layout

# the key and whatever stands below it, indented
_BLOCK = re.compile(r"^storage:.*\n(?:[ \t]+.*\n|[ \t]*\n)*", re.MULTILINE)


def write_storage(layout: Layout, storage: Storage) -> None:
    """Replace the key ``storage`` in one step; who reads sees the former file or the new one.

    Raises
    ------
    FileError
        If the file is written in a way that cannot be changed line by line.
    """
    text = layout.study.read_text(encoding="utf-8")
    kept = _BLOCK.sub("", text if text.endswith("\n") else f"{text}\n")
    content = storage.model_dump(mode="json", exclude_defaults=True)
    block = yaml.safe_dump({"storage": content}, sort_keys=False, width=1000) if content else ""
    unfinished = layout.root / f".study.{secrets.token_hex(4)}"
    unfinished.mkdir()
    try:
        new = unfinished / layout.study.name
        with new.open("w", encoding="utf-8") as opened:
            opened.write(kept + block)
            opened.flush()
            os.fsync(opened.fileno())
        wanted = read_study(layout.root).model_copy(update={"storage": storage})
        if read_study(unfinished) != wanted:
            msg = f"{layout.study}: the key storage cannot be changed where it stands"
            raise FileError(msg, "Write it as a block of its own lines")
        new.replace(layout.study)
    finally:
        (unfinished / layout.study.name).unlink(missing_ok=True)
        unfinished.rmdir()
