"""Words of a file and what they are called here, as people write them in YAML."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator


def words_as_text(value: Any) -> Any:
    """Take numbers among the words as they are written, and refuse what YAML changed.

    YAML reads ``yes``, ``no``, ``on``, ``off``, ``true`` and ``false`` as something else than a
    word, so that it could never be found in a cell.

    Raises
    ------
    ValueError
        Which word is to be put in quotes.

    Examples
    --------
    >>> words_as_text({1: "baseline"})
    {'1': 'baseline'}
    """
    if not isinstance(value, dict):
        return value
    for word in value:
        if isinstance(word, bool):
            msg = f"YAML reads a word here as {word}: put it in quotes, as the file has it"
            raise ValueError(msg)
    return {str(word): ours for word, ours in value.items()}


def one_or_more(value: Any) -> Any:
    """Take a single text for a list of one."""
    return [value] if isinstance(value, str) else value


#: Words of the file with numbers.
WordCodes = Annotated[dict[str, int], BeforeValidator(words_as_text)]
#: Words of the file with words of ours.
WordMap = Annotated[dict[str, str], BeforeValidator(words_as_text)]
#: Names of columns, of which one need not stand in a list.
Columns = Annotated[tuple[str, ...], BeforeValidator(one_or_more)]
