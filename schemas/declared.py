"""Reading of files that people write: YAML into a model, errors with file, key and cure."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from roentgene.schemas.errors import FileError


class Declared(BaseModel):
    """A part of a file that a person writes: frozen, and closed against unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


#: A name that people give: plain enough for files, columns and SQL.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._+-]*$", max_length=100)]
Model = TypeVar("Model", bound=Declared)


_MERGE = "tag:yaml.org,2002:merge"


class _StrictLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key which stands twice."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    _refuse_repeated_keys(loader, node)
    # a key of the mapping itself stands over one that '<<' merges into it
    loader.flatten_mapping(node)
    return {
        loader.construct_object(key, deep=True): loader.construct_object(value, deep=True)
        for key, value in node.value
    }


def _refuse_repeated_keys(loader: _StrictLoader, node: yaml.MappingNode) -> None:
    seen = set()
    for key_node, _ in node.value:
        if key_node.tag == _MERGE:
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            problem = f"key {key!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        seen.add(key)


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_declared(path: Path, model: type[Model]) -> Model:
    """Read a YAML file into its model.

    Parameters
    ----------
    path : Path
        The file.
    model : type
        Model of its content.

    Raises
    ------
    FileError
        If the file is missing, is no YAML, or does not fit the model; the message names file,
        key and, for an unknown key, the nearest valid one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read ({error.__class__.__name__})"
        raise FileError(msg, "Check the path and that the file is UTF-8 text") from error
    try:
        # the loader is a SafeLoader: it makes no Python objects
        content = yaml.load(text, Loader=_StrictLoader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or "is not YAML"
        msg = f"{where}: {problem}"
        raise FileError(msg, "Correct the YAML") from error
    if not isinstance(content, dict):
        msg = f"{path}: holds no keys"
        raise FileError(msg, "Write it as 'key: value' lines")
    try:
        return model.model_validate(content)
    except ValidationError as error:
        msg = f"{path}: {explain(error, model)}"
        raise FileError(msg) from error


def explain(error: ValidationError, model: type[BaseModel], within: tuple[str, ...] = ()) -> str:
    """Say what is wrong with the content of a file; of an unknown key, the nearest valid one.

    Parameters
    ----------
    error : pydantic.ValidationError
        What the model says.
    model : type
        Model of the content.
    within : tuple of str
        Keys under which it stands.
    """
    return "; ".join(_explain_one(dict(problem), model, within) for problem in error.errors())


def _explain_one(problem: dict[str, Any], model: type[BaseModel], within: tuple[str, ...]) -> str:
    where = ".".join(str(part) for part in (*within, *problem["loc"]))
    if problem["type"] != "extra_forbidden":
        # pydantic writes this in front of what a validator of ours says
        told = problem["msg"].removeprefix("Value error, ")
        return f"{where or 'the file'}: {told}"
    unknown = str(problem["loc"][-1])
    valid = sorted(_names_at(model, problem["loc"][:-1]))
    near = get_close_matches(unknown, valid, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"valid keys are {', '.join(valid)}"
    return f"unknown key '{where}': {hint}"


def _names_at(model: type[BaseModel], location: tuple[int | str, ...]) -> set[str]:
    """Field names that are valid at a location of a model, union branches included."""
    candidates: set[Any] = {model}
    for part in location:
        step: set[Any] = set()
        for candidate in candidates:
            fields = getattr(candidate, "model_fields", {})
            if part in fields:
                step |= _models_in(fields[str(part)].annotation)
            else:
                step.add(candidate)
        tagged = {
            candidate for candidate in step if isinstance(part, str) and _tags(candidate, part)
        }
        candidates = tagged or step
    return {
        field.alias or name
        for candidate in candidates
        for name, field in getattr(candidate, "model_fields", {}).items()
    }


def _tags(candidate: Any, tag: str) -> bool:
    """Whether a model is the branch of a tagged union that a tag names."""
    kind = getattr(candidate, "model_fields", {}).get("kind")
    return kind is not None and tag in getattr(kind.annotation, "__args__", ())


def _models_in(annotation: Any) -> set[Any]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    found: set[Any] = set()
    for argument in getattr(annotation, "__args__", ()):
        found |= _models_in(argument)
    return found
