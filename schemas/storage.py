"""Where catalogue and data of a warehouse lie: settings of ``study.yaml``, never secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field, ValidationError, field_validator

from roentgene.schemas.declared import Declared, explain
from roentgene.schemas.errors import FileError

_PREFIX = "postgres:"
_PLACES = frozenset({"host", "hostaddr", "port", "dbname", "user", "service", "passfile"})
_TLS = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey"})
_WORD = re.compile(r"[^\s'\"\\=]+")


class Storage(Declared):
    """Where catalogue and data lie; left out, both lie in the folder of the warehouse."""

    catalog: str | None = None
    """PostgreSQL database that holds the catalogue, in the words of libpq:
    ``postgres:host=db.example.org dbname=lgg user=roentgene``. The password stands in
    ``~/.pgpass`` or ``$PGPASSWORD``, and what is left out is taken from libpq's own variables.
    """
    catalog_schema: str = Field(default="public", pattern=r"^[a-z_][a-z0-9_]{0,62}$")
    """Schema of the database, for several warehouses may share one."""
    data: str | None = Field(
        default=None, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)+/?$"
    )
    """Place of the data in a store that speaks S3, as ``s3://bucket/prefix``. The key stands in
    ``$AWS_ACCESS_KEY_ID`` and ``$AWS_SECRET_ACCESS_KEY``, or in the shared file of AWS.
    """
    endpoint: str | None = Field(default=None, pattern=r"^https?://[A-Za-z0-9.-]+(:[0-9]+)?$")
    """Address of the store, as ``https://s3.example.org``; left out, that of AWS. With ``http://``
    nothing is encrypted on the way.
    """
    region: str | None = Field(default=None, pattern=r"^[a-z0-9-]+$")
    """Region of the bucket; left out, ``$AWS_REGION``, else ``us-east-1``."""
    path_style: bool | None = None
    """Whether the bucket stands in the path of the address and not in its name; left out, it does
    where ``endpoint`` is given.
    """
    encrypted: bool = False
    """Whether nothing but encrypted files of data is written and read. The key of each file stands
    in the catalogue: who reads the catalogue reads the data. A warehouse is made so, or becomes so
    by ``roentgene move --encrypt``.
    """
    timeout_seconds: float = Field(default=10.0, ge=2, le=600)
    """Time after which a server that does not answer counts as unreachable."""

    @field_validator("catalog")
    @classmethod
    def _is_a_database_without_password(cls, given: str | None) -> str | None:
        if given is not None:
            _parameters(given)
        return given

    @property
    def embedded(self) -> Storage:
        """The same with catalogue and data in the folder; how servers are asked stays known."""
        places = ("catalog", "catalog_schema", "data", "endpoint")
        return Storage.model_validate(self.model_dump(exclude=set(places)))

    @property
    def catalog_parameters(self) -> dict[str, str]:
        """Parameters of libpq by name; empty where the catalogue lies in the folder."""
        return {} if self.catalog is None else _parameters(self.catalog)

    @property
    def catalog_name(self) -> str:
        """The database in words, for messages."""
        parameters = self.catalog_parameters
        host = parameters.get("host") or parameters.get("hostaddr") or parameters.get("service")
        name = parameters.get("dbname", "its default database")
        return f"PostgreSQL {name} on {host or 'its default host'}"

    @property
    def data_path(self) -> str:
        """Bucket and prefix, without a slash at the end."""
        return (self.data or "").removeprefix("s3://").rstrip("/")

    @property
    def data_name(self) -> str:
        """The place of the data in words, for messages."""
        where = f" at {self.endpoint}" if self.endpoint else ""
        return f"s3://{self.data_path}{where}"

    @property
    def endpoint_host(self) -> str:
        """Host and port of the store; empty for that of AWS."""
        return (self.endpoint or "").partition("://")[2]

    @property
    def uses_tls(self) -> bool:
        """Whether what goes to the store and comes from it is encrypted on the way."""
        return not (self.endpoint or "").startswith("http://")

    @property
    def uses_path_style(self) -> bool:
        """Whether the bucket stands in the path of the address."""
        return self.endpoint is not None if self.path_style is None else self.path_style


def storage_of(now: Storage, given: Mapping[str, object]) -> Storage:
    """Give storage that is as it is now but for what is given.

    Raises
    ------
    FileError
        If a value is wrong.
    """
    try:
        return Storage.model_validate({**now.model_dump(), **given})
    except ValidationError as error:
        raise FileError(explain(error, Storage)) from error


def _parameters(given: str) -> dict[str, str]:
    example = f"write {_PREFIX}host=db.example.org dbname=lgg"
    if not given.startswith(_PREFIX) or "://" in given:
        raise ValueError(example)
    found: dict[str, str] = {}
    for part in given.removeprefix(_PREFIX).split():
        name, equals, value = part.partition("=")
        if name == "password":
            msg = "a password has no place in study.yaml: put it into ~/.pgpass or $PGPASSWORD"
            raise ValueError(msg)
        # a value that is refused is not repeated, for it may be a secret
        if not equals or not _WORD.fullmatch(value):
            msg = f"every part is name=value, without quotes; {example}"
            raise ValueError(msg)
        if name not in _PLACES | _TLS or name in found:
            valid = ", ".join(sorted(_PLACES | _TLS))
            msg = f"{name!r} is no parameter, or stands twice; valid ones are {valid}"
            raise ValueError(msg)
        found[name] = value
    return found
