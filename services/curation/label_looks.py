"""How the labels of a dataset look at the desk: their keys, colours and definitions; names never change."""

import re
from collections.abc import Mapping
from dataclasses import replace

from domain.errors import BadInput
from domain.labels import LABEL_KEYS, Label, LabelSet
from domain.people import actor_named
from domain.text import shortened
from services.curation.datasets import get_dataset, get_label_set
from storage.database import Database
from storage.datasets import add_label_set

MAX_DEFINITION = 500
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII | re.IGNORECASE)


def change_looks(
    db: Database, dataset_id: str, looks: Mapping[str, Mapping[str, str]], *, actor: str
) -> LabelSet:
    """Save another version of the label set, in which some labels have another key, colour or definition.

    Args:
        looks: Label to what changes: any of key, colour (as #2a9d8f) and definition.

    Raises:
        NotFound: there is no such dataset.
        BadInput: a label is not in the set, a key is taken by the desk or another label, or a colour or
            definition cannot be used.
    """
    who, dataset = actor_named(actor), get_dataset(db, dataset_id)
    known = get_label_set(db, dataset.dataset_id)
    by_name = {label.name: label for label in known.labels}
    for name, changes in looks.items():
        if name not in by_name:
            raise BadInput(f"'{shortened(name)}' is not in the label set.", hint=f"{', '.join(by_name)}.")
        by_name[name] = _changed(by_name[name], changes)
    keys = [label.key for label in by_name.values() if label.key]
    twice = next((key for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise BadInput(f"The key '{twice}' would stand for two labels.", hint="Give each a key of its own.")
    changed = LabelSet(tuple(by_name.values()), known.several)
    if changed != known:
        add_label_set(db, dataset.dataset_id, changed, actor=who)
    return changed


def _changed(label: Label, changes: Mapping[str, str]) -> Label:
    if strangers := sorted(set(changes) - {"key", "colour", "definition"}):
        raise BadInput(f"A label has no '{strangers[0]}'.", hint="It has key, colour and definition.")
    told = replace(label, **{name: value.strip() for name, value in changes.items()})
    told = replace(told, key=told.key.casefold())
    if told.key and (len(told.key) > 1 or told.key not in LABEL_KEYS):
        raise BadInput(
            f"'{shortened(told.key)}' cannot be a key.", hint=f"One of {' '.join(LABEL_KEYS)}; empty is none."
        )
    if told.colour and not _COLOUR.fullmatch(told.colour):
        raise BadInput(f"'{shortened(told.colour)}' is no colour.", hint="As in #2a9d8f.")
    if len(told.definition) > MAX_DEFINITION:
        raise BadInput("The definition is too long.", hint=f"Up to {MAX_DEFINITION} characters.")
    return told
