"""Keys of the files that people write: what each may hold and means, from its model."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from roentgene.app.markdown import code, link, prose, sentence, table
from roentgene.schemas.declared import Declared, Name
from roentgene.schemas.table_source import MISSING_WORDS

Model: TypeAlias = type[BaseModel]

#: Heading of the section that lists the words of empty cells.
MISSING = "Words that mean no value"

_TYPES: Mapping[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Any: "anything",
}
_LIMITS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}


@dataclass(frozen=True)
class Section:
    """One mapping of a file: the heading it has on its page, and its model."""

    heading: str
    model: Model


def name_rule() -> str:
    """Say what a key may hold whose value is called a name."""
    constraints = _constraints(get_args(Name)[1:])
    return (
        f"A *name* matches {code(constraints['pattern'])} and is no longer than "
        f"{constraints['max_length']} signs."
    )


def section_blocks(roots: list[Section]) -> Iterator[str]:
    """Write a section for every mapping: its heading, what it is, and a table of its keys."""
    found = sections(roots)
    headings = {section.model: section.heading for section in found}
    for section in found:
        yield f"## {section.heading}"
        yield from (prose(paragraph) for paragraph in _about(section.model))
        yield table(
            ("key", "value", "default", "meaning"),
            [
                [
                    code(field.alias or name),
                    _type(field.annotation, field.metadata, headings),
                    _default(field),
                    sentence(meaning(section.model, name)),
                ]
                for name, field in _fields(section.model)
            ],
        )


def _fields(model: Model) -> list[tuple[str, FieldInfo]]:
    """Keys of a mapping, in front the one that says what it is."""
    return sorted(model.model_fields.items(), key=lambda pair: not _says_the_kind(pair[1]))


def sections(roots: list[Section]) -> list[Section]:
    """Find every mapping below some, each once, in the order in which a reader meets them."""
    found: dict[Model, Section] = {}

    def visit(section: Section) -> None:
        if section.model in found:
            return
        found[section.model] = section
        for name, field in section.model.model_fields.items():
            models = list(_models(field.annotation))
            for model in models:
                kind = f": {_kind(model)}" if len(models) > 1 else ""
                visit(Section(f"{field.alias or name}{kind}", model))

    for root in roots:
        visit(root)
    return list(found.values())


def _kind(model: Model) -> str:
    """Name one of several mappings that a key may hold, by the key that tells them apart."""
    return next(
        f"{name} {get_args(field.annotation)[0]}"
        for name, field in model.model_fields.items()
        if _is_one_word(field)
    )


def _models(annotation: Any) -> Iterator[Model]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)


def meaning(model: Model, name: str) -> str:
    """Say what a key means: the text below it in its model.

    Raises
    ------
    LookupError
        If there is none.
    """
    if _is_one_word(model.model_fields[name]):
        return "says what this is"
    for cls in model.__mro__:
        if cls is not Declared and issubclass(cls, Declared):
            text = _texts(cls).get(name)
            if text:
                return text
    msg = f"{model.__name__}.{name} has no description: write one below it"
    raise LookupError(msg)


def _says_the_kind(field: FieldInfo) -> bool:
    return _is_one_word(field) and field.is_required()


def _is_one_word(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is Literal and len(get_args(field.annotation)) == 1


@cache
def _texts(model: Model) -> Mapping[str, str]:
    """Texts that stand below the fields of a model.

    They are read from the source here, for pydantic would read them whenever a model is imported,
    which is felt at every command.
    """
    body = _body(model)
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr)
        and isinstance(below.value, ast.Constant)
        and isinstance(below.value.value, str)
    }


def _body(model: Model) -> list[ast.stmt]:
    statement = ast.parse(inspect.getsource(model)).body[0]
    return statement.body if isinstance(statement, ast.ClassDef) else []


def _about(model: Model) -> list[str]:
    return inspect.cleandoc(model.__doc__ or "").split("\n\n")


def _default(field: FieldInfo) -> str:
    default = field.default
    if field.is_required():
        return "**required**"
    if default is None:
        return ""
    if isinstance(default, BaseModel):
        return "its own defaults"
    if isinstance(default, tuple) and default[: len(MISSING_WORDS)] == MISSING_WORDS:
        others = [code(word) for word in default[len(MISSING_WORDS) :]]
        return ", ".join([link("the usual words", MISSING), *others])
    return code(_as_yaml(TypeAdapter(Any).dump_python(default, mode="json")))


def _as_yaml(value: Any) -> str:
    """Write a value as in a file, on one line."""
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("...\n").strip()


def _type(annotation: Any, metadata: Any, headings: Mapping[Model, str]) -> str:
    """Say in words what a key may hold."""
    if get_origin(annotation) is Annotated:
        inner, *others = get_args(annotation)
        return _type(inner, [*others, *metadata], headings)
    constraints = _constraints(metadata)
    if "pattern" in constraints:
        return "name"
    return ", ".join([_words(annotation, headings), *_limits(constraints)])


def _words(annotation: Any, headings: Mapping[Model, str]) -> str:
    def words(argument: Any) -> str:
        return _type(argument, (), headings)

    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation in headings:
        heading = headings[annotation]
        # of several mappings that a key may hold, the last word is what tells them apart
        return link(heading.split()[-1], heading)
    if origin is Literal:
        return _either([code(str(word)) for word in arguments])
    if origin in (Union, UnionType):
        return _either(_alternatives(arguments, headings))
    if origin is tuple and arguments[1] is Ellipsis:
        return f"list of {words(arguments[0])}"
    if origin is tuple:
        return f"[{', '.join(words(argument) for argument in arguments)}]"
    if origin is dict:
        return f"mapping of {words(arguments[0])} to {words(arguments[1])}"
    return _TYPES[annotation]


def _alternatives(arguments: Any, headings: Mapping[Model, str]) -> list[str]:
    """Say what each of several may be, the plain ones in front."""
    found = []
    for argument in arguments:
        if get_origin(argument) is Literal:
            found += [code(str(word)) for word in get_args(argument)]
        elif argument is not NoneType:
            found.append(_type(argument, (), headings))
    return sorted(found, key=lambda words: words.startswith(("list ", "mapping ")))


def _either(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _limits(constraints: Mapping[str, Any]) -> Iterator[str]:
    within = " ".join(f"{word} {constraints[n]}" for n, word in _LIMITS.items() if n in constraints)
    if within:
        yield within
    if constraints.get("min_length"):
        yield "not empty"


def _constraints(metadata: Any) -> dict[str, Any]:
    names = (*_LIMITS, "min_length", "max_length", "pattern")
    flat = [m for one in metadata for m in (one.metadata if isinstance(one, FieldInfo) else [one])]
    found = [(name, getattr(one, name, None)) for one in flat for name in names]
    return {name: value for name, value in found if value is not None}
