"""The error tree: every error a user meets has a code, says where, and says the cure."""

from __future__ import annotations

import errno

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class RoentgeneError(Exception):
    """Anything that roentgene refuses to do.

    Parameters
    ----------
    message : str
        What is wrong and where.
    cure : str
        What to do about it.

    Attributes
    ----------
    code : str
        Stable name of the kind of error, for programs.
    exit_code : int
        What the command line returns.
    """

    code = "error"
    exit_code = 2

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message}. {self.cure}" if self.cure else self.message

    def __reduce__(self) -> tuple[type[RoentgeneError], tuple[str, str]]:
        return type(self), (self.message, self.cure)


class FileError(RoentgeneError):
    """A file that a person wrote (cohort, study, analysis, view) is wrong."""

    code = "file_wrong"


class QueryError(RoentgeneError):
    """A query is not allowed, does not bind, or ran out of its limits."""

    code = "query_refused"


class WarehouseError(RoentgeneError):
    """The warehouse could not be used."""

    code = "warehouse_unusable"
    exit_code = 3


class WarehouseBusyError(WarehouseError):
    """Another process is writing, and went on writing past the deadline."""

    code = "warehouse_busy"


class RunUnderWayError(WarehouseError):
    """Another run over everything that is pending is at work; this one did nothing."""

    code = "run_under_way"
    exit_code = 75


class CatalogueDamagedError(WarehouseError):
    """The catalogue is no database any more, or one with broken pages."""

    code = "catalogue_damaged"


class DataDamagedError(WarehouseError):
    """A file of data that the catalogue lists is missing, cut off, or not what was written."""

    code = "data_damaged"


class DataFolderGoneError(WarehouseError):
    """The folder with the data is not there, as when its disk is not mounted."""

    code = "data_folder_gone"


class NetworkFileSystemError(WarehouseError):
    """The catalogue lies on a network file system, where locks do not hold."""

    code = "network_file_system"


class DiskFullError(WarehouseError):
    """No space was left on a disk; what had begun was undone."""

    code = "disk_full"
    exit_code = 4


def is_disk_full(error: OSError) -> bool:
    """Whether the system had no space left, or gave no more of it."""
    return error.errno in _FULL


class BatchRefusedError(RoentgeneError):
    """A gate kept a whole batch out: nothing was committed."""

    code = "batch_refused"
    exit_code = 4


class ExtractionUnavailableError(RoentgeneError):
    """The packages that extract features are not installed."""

    code = "extraction_unavailable"


class MissingExtraError(RoentgeneError):
    """A package that an optional part of roentgene needs is not installed."""

    code = "extra_missing"


class BundleError(RoentgeneError):
    """A bundle cannot be made of this installation, or a folder is none."""

    code = "bundle_wrong"


class NoNetworkError(BundleError):
    """No index of Python packages answered."""

    code = "no_network"
