"""Write the reference part of the documentation from the code.

Run ``python -m roentgene.app.reference`` in a checkout after a change of a table, a view, a word,
a model or a command; with ``--check`` it only says which pages are out of date.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from roentgene.app import reference_names as names
from roentgene.app.reference_commands import commands_page
from roentgene.app.reference_data import tables_page, views_page
from roentgene.app.reference_files import analysis_page, cohort_page, release_page, study_page
from roentgene.app.reference_words import features_page, reason_codes_page, words_page
from roentgene.schemas.errors import FileError, RoentgeneError

_FOLDER = Path("docs", "reference")
_MADE = "<!-- Made by `python -m roentgene.app.reference`: change the code and run that. -->\n\n"
_PAGES: Mapping[str, Callable[[], str]] = {
    names.TABLES: tables_page,
    names.VIEWS: views_page,
    names.REASON_CODES: reason_codes_page,
    names.WORDS: words_page,
    names.FEATURES: features_page,
    names.COHORT: cohort_page,
    names.STUDY: study_page,
    names.ANALYSIS: analysis_page,
    names.RELEASE: release_page,
    names.COMMANDS: commands_page,
}


def pages() -> dict[str, str]:
    """Make every page of the reference, by its file name."""
    return {name: _MADE + make() for name, make in _PAGES.items()}


def out_of_date(checkout: Path) -> dict[Path, str | None]:
    """Compare the reference of a checkout with the code.

    Parameters
    ----------
    checkout : Path
        Root of a checkout.

    Returns
    -------
    dict of Path to str or None
        Each file that is not as it should be, with its right text; None for one that should not
        be there.

    Raises
    ------
    FileError
        If the folder is no checkout.
    """
    if not (checkout / "docs" / "decisions").is_dir():
        msg = f"{checkout} is no checkout of roentgene"
        raise FileError(msg, "Run it in the root of one")
    folder = checkout / _FOLDER
    wanted = {folder / name: text for name, text in pages().items()}
    found = {file: file.read_text(encoding="utf-8") for file in folder.glob("*.md")}
    everything = sorted({*wanted, *found})
    return {file: wanted.get(file) for file in everything if wanted.get(file) != found.get(file)}


def write(checkout: Path) -> list[Path]:
    """Write the pages that are out of date.

    Parameters
    ----------
    checkout : Path
        Root of a checkout.

    Returns
    -------
    list of Path
        Files that were written.

    Raises
    ------
    FileError
        If the folder is no checkout, or a page stands in it that nothing makes.
    """
    written = []
    for file, text in out_of_date(checkout).items():
        if text is None:
            msg = f"{file} is made by nothing"
            raise FileError(msg, "Remove it, or put it elsewhere below docs")
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def main(arguments: Sequence[str]) -> int:
    """Write the reference of the checkout that is the working directory, or check it.

    Returns
    -------
    int
        Exit code: 1 where ``--check`` found a page out of date.
    """
    parser = argparse.ArgumentParser(prog="python -m roentgene.app.reference")
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    checking = parser.parse_args(arguments).check
    checkout = Path.cwd()
    found = list(out_of_date(checkout)) if checking else write(checkout)
    for file in found:
        verb = "out of date" if checking else "wrote"
        sys.stdout.write(f"{verb}: {file.relative_to(checkout)}\n")
    return 1 if checking and found else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RoentgeneError as error:
        sys.exit(str(error))
