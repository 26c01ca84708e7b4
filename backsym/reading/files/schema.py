"""The JSON Schema (draft 2020-12) of problem files and collections.

Editors use it to complete and check a file while it is written.  The keys and their descriptions are those of the
readers' own table; the schema adds the kinds of values.  It is wider than the readers, who know what the names mean.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from backsym.core.bundled import languages
from backsym.core.choices import ACCEPT, GRAPHS, LAYOUTS, METHODS, PAPERS, TAGS, UNREAD
from backsym.core.notations import DELTA, choices
from backsym.core.problem import ROLES
from backsym.parts.table import KINDS
from backsym.reading.files import keys
from backsym.reading.files.declarations import DERIVATIVE_STYLES, MAX_AXES, MAX_SIZE
from backsym.reading.files.forward import MAX_EQUATIONS

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"

# Every plain value of a problem file is read as a text; other readers of YAML give numbers and truth values.
_TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}
_NAME_TEXT: Schema = {"type": "string", "pattern": _NAME}
_FILLED: Schema = {"type": "string", "minLength": 1}
_BOOLEAN: Schema = {"enum": [True, False, "true", "false"]}
_WHOLE: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE}
_FIRST: Schema = {"enum": [0, 1, "0", "1"]}
_SIZE: Schema = {"anyOf": [_WHOLE, {"type": "string", "pattern": "^[0-9]+$"}]}
_COMPUTED: Schema = {"type": "string", "pattern": r"^[A-Za-z0-9_ ]+([*+-][A-Za-z0-9_ ]+)+$"}
_DIM: Schema = {"anyOf": [_NAME_TEXT, _SIZE, _COMPUTED]}
_FAMILY_LETTER: Schema = {
    "type": "object",
    "properties": {"over": _DIM, "as": {"type": "string"}},
    "required": ["over"],
    "additionalProperties": False,
}
_SHAPE: Schema = {"type": "array", "items": _DIM, "maxItems": MAX_AXES}
_TEXTS: Schema = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_NUMBER: Schema = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[-+0-9.eE/ \u2212]+$"}]}

_PORTION: Schema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^\s*[0-9]{1,6}(\.[0-9]{1,20})?\s*(/\s*[0-9]{1,6}\s*)?$"},
    ]
}
_CREDIT: Schema = {
    "type": "object",
    "propertyNames": {"enum": [tag for tag in TAGS if tag not in UNREAD]},
    "additionalProperties": _PORTION,
}
_TOLERANCE: Schema = {"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}


def schema() -> Schema:
    """The schema of a file: a problem, or a collection if it has the key ``sections``."""
    return {
        "$schema": DIALECT,
        "title": "A backsym problem or collection",
        "if": {"required": ["sections"]},
        "then": {"$ref": "#/$defs/collection"},
        "else": {"$ref": "#/$defs/problem"},
        "$defs": {
            "problem": _object(keys.PROBLEM, _problem_values(), required=["forward"]),
            "symbol": _object(keys.SYMBOL, _symbol_values()),
            "dimension": _object(keys.DIMENSION, {"latex": _TEXT, "size": _SIZE}),
            "notation": _object(
                keys.NOTATION,
                {**{key: {"enum": list(words)} for key, words in choices().items()}, DELTA: {"type": "string"}},
            ),
            "part": _part(),
            "variants": _object(keys.VARIANTS, _variant_values()),
            "grid": _object(keys.GRID, dict.fromkeys(keys.GRID, _NUMBER), required=["from", "to"]),
            "collection": _object(keys.COLLECTION, _collection_values(), required=["sections"]),
            "section": _object(keys.SECTION, _section_values(), required=["problems"]),
            "value": {"anyOf": [_NUMBER, {"type": "array", "items": {"$ref": "#/$defs/value"}}]},
        },
    }


def schema_text() -> str:
    """The schema as the text of a JSON file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _object(descriptions: keys.Keys, values: Mapping[str, Schema], required: list[str] | None = None) -> Schema:
    """A mapping with these keys only; a key without a kind of value is a mistake in this module."""
    if set(descriptions) != set(values):
        raise ValueError(f"keys without a kind of value: {sorted(set(descriptions) ^ set(values))}")
    properties = {key: {"description": text, **values[key]} for key, text in descriptions.items()}
    needed = {"required": required} if required else {}
    return {"type": "object", "properties": properties, **needed, "additionalProperties": False}


def _named(value: Schema, pattern: str = _NAME) -> Schema:
    """A mapping from names to values of one kind."""
    return {"type": "object", "propertyNames": {"pattern": pattern}, "additionalProperties": value}


def _names_or(value: Schema) -> Schema:
    """Such a mapping, or a list of names."""
    return {"anyOf": [{"type": "null"}, {"type": "array", "items": _NAME_TEXT}, _named(value)]}


def _problem_values() -> dict[str, Schema]:
    alone: list[Schema] = [{"const": name} for name, kind in KINDS.items() if kind.alone]
    return {
        "title": _TEXT,
        "objective": _TEXT,
        "text": _TEXT,
        **_masthead_values(),
        "language": {"enum": list(languages())},
        "notation": {"anyOf": [{"enum": list(choices()["layer"])}, {"$ref": "#/$defs/notation"}]},
        "dims": _names_or({"anyOf": [_TEXT, {"$ref": "#/$defs/dimension"}]}),
        "indices": _named({"anyOf": [_DIM, _FAMILY_LETTER]}, r"^[A-Za-z_][A-Za-z0-9_]*'*$"),
        "symbols": _names_or({"anyOf": [{"type": "null"}, _SHAPE, {"$ref": "#/$defs/symbol"}, {"const": ""}]}),
        "functions": _named(
            {"type": ["string", "null"], "not": {"pattern": r"^\s*(?!abstract\s*$)[A-Za-z_][A-Za-z0-9_]+\s*$"}}
        ),
        "derivatives": _named({"enum": list(DERIVATIVE_STYLES)}),
        "forward": {
            "anyOf": [
                _FILLED,
                {"type": "array", "items": _FILLED, "minItems": 1, "maxItems": MAX_EQUATIONS},
            ]
        },
        "loss": _NAME_TEXT,
        "show_forward": _BOOLEAN,
        "figure": {"enum": list(GRAPHS)},
        "parts": {"type": "array", "items": {"anyOf": [*alone, {"$ref": "#/$defs/part"}]}},
        "values": _named({"$ref": "#/$defs/value"}),
        "tolerance": _TOLERANCE,
        "credit": _CREDIT,
        "follow_through": _PORTION,
        "variants": {"$ref": "#/$defs/variants"},
    }


def _symbol_values() -> dict[str, Schema]:
    return {
        "shape": {"anyOf": [_SHAPE, {"type": "null"}, {"const": ""}]},
        "role": {"enum": list(ROLES)},
        "from": {"anyOf": [_FIRST, {"type": "array", "items": _FIRST, "minItems": 1, "maxItems": MAX_AXES}]},
        "one_hot": _BOOLEAN,
        "sums_to_one": _BOOLEAN,
        "values": {"type": "array", "items": _NUMBER, "minItems": 2},
        "positive": _BOOLEAN,
        "symmetric": _BOOLEAN,
        "label": {"anyOf": [_SIZE, _NAME_TEXT]},
        "latex": _TEXT,
        "for": {"type": "string"},
    }


def _variant_values() -> dict[str, Schema]:
    ranged: Schema = {"type": "string", "pattern": r"^\s*[0-9]+\s*\.\.\s*[0-9]+\s*$"}
    listed: Schema = {"type": "array", "items": {"$ref": "#/$defs/value"}, "minItems": 1}
    return {
        "activation": _named(_TEXTS),
        "loss": _TEXTS,
        "dims": _named({"anyOf": [ranged, _SIZE, {"type": "array", "items": _SIZE, "minItems": 1}]}),
        "letters": _named(_TEXTS),
        "values": _named({"anyOf": [listed, {"$ref": "#/$defs/grid"}, {"const": "one_hot"}]}),
        "words": _named(_TEXT),
    }


def _part() -> Schema:
    """A part has exactly one kind."""
    kinds: dict[str, Schema] = {name: dict(kind.values or _TEXTS) for name, kind in KINDS.items()}
    marks: Schema = {
        "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": r"^\d{1,6}(\.\d{1,3})?$"}]
    }
    extras: dict[str, Schema] = {
        "text": _TEXT,
        "marks": marks,
        "points": marks,
        "tolerance": _TOLERANCE,
        "accept": {"enum": list(ACCEPT)},
        "form": _TEXT,
        "answer": _TEXT,
        "method": {"enum": list(METHODS)},
        "layout": {"enum": list(LAYOUTS)},
        **_masthead_values(),
    }
    part = _object({**keys.part_kinds(), **keys.PART_EXTRAS}, {**kinds, **extras})
    one_name = {"not": {"required": ["marks", "points"]}}
    return {**part, **one_name, "oneOf": [{"required": [kind]} for kind in KINDS]}


def _collection_values() -> dict[str, Schema]:
    sections: Schema = {"type": "array", "items": {"$ref": "#/$defs/section"}, "minItems": 1}
    texts = dict.fromkeys(("title", "text"), _TEXT)
    language: Schema = {"enum": list(languages())}
    return {
        **texts,
        **_masthead_values(),
        "language": language,
        "credit": _CREDIT,
        "follow_through": _PORTION,
        "sections": sections,
    }


def _masthead_values() -> dict[str, Schema]:
    return {**dict.fromkeys(keys.MASTHEAD, _TEXT), "paper": {"enum": list(PAPERS)}}


def _section_values() -> dict[str, Schema]:
    return {"title": _TEXT, "objective": _TEXT, "problems": _TEXTS}
