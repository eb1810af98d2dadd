"""The JSON Schemas of docs/schemas, which refer to each other."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[1] / "docs" / "schemas"


def schema(name):
    """What validates a document."""
    contents = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.glob("*.json")}
    for content in contents.values():
        Draft202012Validator.check_schema(content)
    registry = Registry().with_resources([(k, Resource.from_contents(v)) for k, v in contents.items()])
    return Draft202012Validator(contents[f"{name}.schema.json"], registry=registry)
