"""Names of image and mask files with what they say on their own, and the patterns they make."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from roentgene.ingest.proposing.listing import split_suffix
from roentgene.ingest.proposing.name_words import (
    Tail,
    read_tail,
    says_image,
    says_mask,
)

#: Files by name, each with what its name says.
Files = dict[str, dict[str, str]]

#: What stands between the words of a name.
SEPARATORS = "_-. "
# channels of nnU-Net, in folders of images
_CHANNEL = re.compile(r"(?P<start>.+_)(?P<channel>00[0-9]{2})")


@dataclass(frozen=True)
class Named:
    """An image or mask file with what its name says on its own."""

    name: str
    folders: tuple[str, ...]
    tail: Tail
    ending: str

    @property
    def start(self) -> str:
        """Beginning of the file name up to its known words, without separators at its end."""
        return self.tail.start.rstrip(SEPARATORS)

    @property
    def separator(self) -> str:
        """What stands between that and the known words."""
        return self.tail.start[len(self.start) :]

    @property
    def has_sequence(self) -> bool:
        """Whether a known sequence ends the file name."""
        return any(key == "sequence" for key, _ in self.tail.fields)

    @property
    def is_mask(self) -> bool:
        """Whether its name or a folder says that it is a mask."""
        return self.tail.is_mask or any(map(says_mask, self.folders))


@dataclass
class Places:
    """Patterns with the files that they were read from, and what was guessed on the way."""

    patterns: dict[str, Files] = field(default_factory=lambda: defaultdict(dict))
    patients: set[str] = field(default_factory=set)
    visits: set[str] = field(default_factory=set)
    sequences: set[str] = field(default_factory=set)
    guessed: dict[str, None] = field(default_factory=dict)
    not_understood: list[str] = field(default_factory=list)


def ended(start: str) -> tuple[str, ...]:
    """Give a beginning with each of the separators that may end it."""
    return tuple(start + separator for separator in SEPARATORS)


def read_name(name: str) -> Named:
    """Read the name of an image or mask file.

    Parameters
    ----------
    name : str
        Path below the folder that is looked into.
    """
    place, ending = split_suffix(name)
    *folders, stem = place.split("/")
    tail = read_tail(stem)
    channel = _CHANNEL.fullmatch(stem)
    if channel is not None and folders and says_image(folders[-1]):
        fields = (("sequence", channel["channel"]),)
        tail = Tail(channel["start"], "{sequence}", fields, is_mask=False)
    return Named(name, tuple(folders), tail, ending)
