"""What a model must show before it is released: clauses, as text that people can write, in versions."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.errors import BadInput, NotFound
from domain.people import actor_named
from domain.text import shortened
from services.release.clause import CHAMPION, KINDS, Clause
from services.several import refuse_several
from storage import policies as stored
from storage.audit import canonical
from storage.database import Database
from storage.datasets import get_dataset, get_label_set
from storage.models import get_model

MAX_CLAUSES = 50
MAX_WHY = 2_000  # characters of any reason that is written down
_MAX_TEXT = 100_000
_OWN_KEYS = ("clause", "label", "against", "parts", "on", "suite")


@dataclass(frozen=True)
class Policy:
    """Clauses that all have to pass. `version` is 0 for a policy that is not (yet) a dataset's own."""

    clauses: tuple[Clause, ...]
    version: int = 0

    @property
    def text(self) -> str:
        """The policy as people write it, to be read again by `read_policy`."""
        lines = ",\n".join(f"    {json.dumps(each.as_dict, ensure_ascii=False)}" for each in self.clauses)
        return f'{{\n  "clauses": [\n{lines}\n  ]\n}}\n'

    @property
    def canonical(self) -> str:
        """The clauses as JSON that is spelt one way only."""
        return canonical([each.as_dict for each in self.clauses])

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.canonical.encode()).hexdigest()


def read_policy(text: str) -> Policy:
    """The policy that a JSON text describes: {"clauses": [{"clause": "recall", "label": …, "at_least": …}]}.

    Raises:
        BadInput: it is no such text, or a clause cannot be used; the message counts them from 1.
    """
    if len(text) > _MAX_TEXT:
        raise BadInput(f"The policy has {len(text):,} characters.", hint=f"At most {_MAX_TEXT:,}.")
    try:
        told = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            f"The policy is not JSON: {shortened(str(error), 200)}", hint="See docs/lead.md."
        ) from error
    if not isinstance(told, dict) or set(told) != {"clauses"} or not isinstance(told["clauses"], list):
        raise BadInput('The policy is not of the form {"clauses": [...]}.', hint="See docs/lead.md.")
    return policy_of(told["clauses"])


def policy_of(told: Sequence[Any]) -> Policy:
    """The policy of clauses in their text form.

    Raises:
        BadInput: there are none or too many, or one of them cannot be used.
    """
    if not 1 <= len(told) <= MAX_CLAUSES:
        raise BadInput(f"A policy of {len(told):,} clauses.", hint=f"It has 1 to {MAX_CLAUSES}.")
    return Policy(tuple(_clause(each, number) for number, each in enumerate(told, 1)))


def write_policy(db: Database, dataset_id: str, policy: Policy, *, why: str = "", actor: str) -> Policy:
    """Make it the dataset's policy in force and return it with its version; the versions before stay.

    Raises:
        NotFound: there is no such dataset, or a model that a clause names is unknown.
        BadInput: a clause names a label that the dataset does not have, nothing was changed, or comments may
            have several labels.
    """
    dataset = get_dataset(db, dataset_id)
    refuse_several(dataset, "Release policies")
    who, labels = actor_named(actor), get_label_set(db, dataset_id).names
    for clause in policy.clauses:
        if clause.label is not None and clause.on is None and clause.label not in labels:
            raise BadInput(
                f"'{dataset_id}' has no label '{shortened(clause.label)}'.",
                hint=f"It has {', '.join(labels)}.",
            )
        if clause.against not in (None, CHAMPION):
            get_model(db, str(clause.against))
    before = find_policy(db, dataset_id)
    if before is not None and before.sha256 == policy.sha256:
        raise BadInput("This is the policy in force already.", hint="Change a clause first.")
    version = stored.add_policy(
        db, dataset_id, clauses=policy.canonical, sha256=policy.sha256, why=reason(why), actor=who
    )
    return Policy(policy.clauses, version)


def find_policy(db: Database, dataset_id: str, version: int | None = None) -> Policy | None:
    """The dataset's policy in force, or the version that is named; None where there is none."""
    for each in stored.list_policies(db, dataset_id):
        if version in (None, each.version):
            return Policy(policy_of(json.loads(each.clauses)).clauses, each.version)
    return None


def get_policy(db: Database, dataset_id: str) -> Policy:
    """The dataset's policy in force.

    Raises:
        NotFound: none was written.
    """
    refuse_several(get_dataset(db, dataset_id), "Release policies")
    found = find_policy(db, dataset_id)
    if found is None:
        raise NotFound(
            f"'{dataset_id}' has no release policy yet.",
            hint="Write one on the Release page, or: policy --dataset NAME --file policy.json.",
        )
    return found


def starter_policy(labels: Sequence[str]) -> Policy:
    """A policy to begin with: every label but the first is taken as unwanted."""
    unwanted = labels[1:]
    return Policy(
        (
            *(Clause("recall", 0.8, label) for label in unwanted),
            *(Clause("false_positive_rate", 0.05, label) for label in unwanted),
            Clause("macro_f1", 0.7),
            Clause("not_worse_than", 0.02, against=CHAMPION),
            Clause("leaks", 0, parts=("same_text", "near_duplicate")),
            Clause("unparsed", 0.02),
            Clause("not_expired", 30),
            Clause("reviewed", 20),
        )
    )


def reason(why: str) -> str:
    """The reason as it is written down.

    Raises:
        BadInput: it is longer than MAX_WHY.
    """
    if len(why) > MAX_WHY:
        raise BadInput(f"The reason has {len(why):,} characters.", hint=f"At most {MAX_WHY:,}; shorten it.")
    return why.strip()


def _clause(told: Any, number: int) -> Clause:
    if not isinstance(told, dict) or not isinstance(told.get("clause"), str):
        raise BadInput(f"Clause {number} does not say what it is.", hint='As in {"clause": "accuracy", …}.')
    kind = KINDS.get(told["clause"])
    known = {*_OWN_KEYS, *([kind.bound] if kind and kind.bound else [])}
    if kind and (strangers := [str(name) for name in told if name not in known]):
        raise BadInput(
            f"Clause {number}, '{told['clause']}', does not know '{shortened(strangers[0])}'.",
            hint=f"It knows {', '.join(sorted(known))}.",
        )
    parts = told.get("parts") or ()
    if isinstance(parts, str) or not isinstance(parts, list | tuple):
        raise BadInput(f"The parts of clause {number} are no list.", hint='As in "parts": ["language"].')
    try:
        line = told.get(kind.bound) if kind and kind.bound else None
        named = {name: told.get(name) for name in ("label", "against", "on", "suite")}
        return Clause(told["clause"], line, parts=tuple(parts), **named)
    except BadInput as error:
        raise BadInput(f"Clause {number}: {error}", hint=error.hint) from error


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    told = dict(pairs)
    if len(told) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return told
