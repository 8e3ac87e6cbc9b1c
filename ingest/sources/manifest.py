"""Images and masks by manifest: one row a pair, the fields as columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from roentgene.ingest.refusal import Gated, Refusal
from roentgene.ingest.sources.pair import DEFAULTS, FIELDS, MaskOf, Pair
from roentgene.schemas.errors import FileError

_REQUIRED = ("patient_id", "timepoint", "sequence")


def read_manifest(
    path: Path, name: str, root: Path, constants: Mapping[str, str], mask_of: MaskOf
) -> Gated[list[Pair]]:
    """Read a manifest with the columns ``image``, ``mask`` and those of the fields.

    Parameters
    ----------
    path : Path
        CSV, TSV or Parquet file.
    name : str
        How messages call it.
    root : Path
        Folder that the files must lie in.
    constants : mapping of str to str
        Fields that the cohort file states.
    mask_of : {'volume', 'sequence', 'visit'}
        What masks were drawn for. It is told and not guessed from the rows: another row must not
        change what a mask is.

    Raises
    ------
    FileError
        If the file cannot be read, lacks ``image`` or ``mask``, or has an unknown column.
    """
    rows = _rows(path, name)
    pairs, refused = [], []
    for number, row in enumerate(rows, start=2):
        fields = {**DEFAULTS, **constants, **{k: v for k, v in row.items() if v and k in FIELDS}}
        refusal = _fault(row, fields, root, name, number)
        if refusal is None:
            image, mask = root / row["image"], root / row["mask"]
            pairs.append(Pair(image, mask, fields, mask_of, name, number))
        else:
            refused.append(refusal)
    return Gated(pairs, tuple(refused))


def _rows(path: Path, name: str) -> list[dict[str, str]]:
    try:
        if path.suffix == ".parquet":
            table = pl.read_parquet(path).cast(pl.String)
        else:
            separator = "\t" if path.suffix in {".tsv", ".txt"} else ","
            table = pl.read_csv(path, infer_schema=False, separator=separator)
    except (OSError, pl.exceptions.PolarsError) as error:
        msg = f"manifest {name} cannot be read: {str(error).splitlines()[0]}"
        raise FileError(msg, "Deliver it as UTF-8 CSV with the columns image and mask") from error
    table = table.rename({column: column.strip() for column in table.columns})
    repeated = [column for column, times in Counter(table.columns).items() if times > 1]
    unknown = sorted(set(table.columns) - set(FIELDS) - {"image", "mask"})
    missing = sorted({"image", "mask"} - set(table.columns))
    for wrong, words in (
        (missing, "lacks"),
        (unknown, "has the unknown column"),
        (repeated, "repeats"),
    ):
        if wrong:
            msg = f"manifest {name} {words} {', '.join(wrong)}"
            raise FileError(msg, f"Its columns are image, mask, {', '.join(FIELDS)}")
    return table.with_columns(pl.all().str.strip_chars().fill_null("")).to_dicts()


def _fault(
    row: Mapping[str, str], fields: Mapping[str, str], root: Path, name: str, number: int
) -> Refusal | None:
    subject = " ".join(fields.get(field, "?") for field in _REQUIRED)

    def refusal(code: str, detail: str, column: str) -> Refusal:
        return Refusal("manifest", code, subject, detail, name, number, column)

    for field in _REQUIRED:
        if not fields.get(field):
            return refusal("missing_field", f"{field} is empty", field)
    for column in ("image", "mask"):
        if not row[column]:
            return refusal("missing_field", f"{column} is empty", column)
        place = (root / row[column]).resolve()
        if not place.is_relative_to(root.resolve()):
            return refusal("path_outside", f"{row[column]} lies outside its folder", column)
        if not place.is_file():
            return refusal("file_missing", f"{row[column]} does not exist", column)
    return None
