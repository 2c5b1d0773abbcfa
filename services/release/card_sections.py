"""The release card in the order in which a reader asks, as headings, lines and tables of plain text."""

from typing import Any

from services.evaluation.confusion import UNPARSED
from services.release.card_behaviour import behaviour_section
from services.release.documents import Section, Table, pairs
from services.release.result_tables import averages_table, classes_table, clauses_table, matrix_table, shown

Card = dict[str, Any]

OUTCOME_WORDS = {
    "pass": "PASS: every clause of the policy holds",
    "fail": "FAIL: the policy is not met",
    "not decidable": "NOT DECIDABLE: the data cannot say whether the policy is met",
}


_JUDGED_THERE = (
    "Clauses on recall, precision and false positives of what it flags are judged at this threshold; all"
    " other clauses, and the results, take the label that the model names."
)

WIDENED = (
    "Every interval allows for that, but those of slices, differences and curves, which take comments one by"
    " one."
)
EARLIER = (
    "Clauses are judged on intervals as wide as that; those in the tables below take comments one by one."
)


def title_of(card: Card) -> str:
    """The card's own heading."""
    return f"Release card {card['release_id']}: {card['model']['name']}"


def sections_of(card: Card) -> tuple[Section, ...]:
    """The card, verdict and approvals first."""
    return (
        _verdict(card),
        _approval(card),
        _results(card),
        _comparison(card),
        _failures(card),
        behaviour_section(card.get("behaviour")),
        _data(card),
        _model(card),
        _proof(card),
    )


def _verdict(card: Card) -> Section:
    told = card["verdict"]
    version = f"version {told['policy_version']}, " if told["policy_version"] else ""
    return Section(
        "Verdict",
        (
            f"{OUTCOME_WORDS[told['outcome']]}. {told['sentence']}",
            f"Judged on {told['judged_on']} by the policy of {card['dataset_id']} ({version}sha256"
            f" {told['policy_sha256']}), on the bounds of 95 % intervals, never on the number alone.",
        ),
        (clauses_table(told),),
        warning=_override(card),
    )


def _override(card: Card) -> str:
    """What must stand above everything: that nobody approved it, or that somebody did against the gate."""
    given = card["approval"]
    if given is None:
        return "Not released: this is a proposal."
    if not given["is_override"]:
        return ""
    said = card["verdict"]["outcome"]
    return f"OVERRIDE: released although the gate said “{said}”. Reason of {given['by']}: {given['why']}"


def _approval(card: Card) -> Section:
    asked, given = card["proposal"], card["approval"]
    trained = card["model"]
    lines = [
        f"Trained by {trained['trained_by']} on {_when(trained['trained_at'])}.",
        f"Proposed by {asked['by']} on {_when(asked['at'])}. {asked['why']}".strip(),
    ]
    if given is not None:
        lines.append(f"Approved by {given['by']} on {_when(given['at'])}. {given['why']}".strip())
    return Section("Approval", tuple(lines))


def _results(card: Card) -> Section:
    found = card["results"]
    seen, shared = found["data"]["seen_in_training"], card.get("clusters")
    return Section(
        "Results",
        (
            f"On {found['n']:,} comments of the {found['data']['split']} split of"
            f" {found['data']['snapshot_id']}; {found['unparsed']:,} answers named no label: they are wrong.",
            *((f"{shared['sentence']} {WIDENED if card['format'] >= 4 else EARLIER}",) if shared else ()),
        ),
        (
            averages_table(found),
            classes_table(found),
            matrix_table(found),
        ),
        warning=f"The model learned from {seen:,} of these comments." if seen else "",
    )


def _comparison(card: Card) -> Section:
    found, champion = card["comparison"], card["verdict"]["champion"]
    if found is None:
        why = f"{champion} did not answer the same comments." if champion else "Nothing was in production."
        return Section("Compared with production", (why,))
    return Section("Compared with production", (f"{champion} was in production.", found["sentence"]))


def _failures(card: Card) -> Section:
    found = card["known_failures"]
    cells = tuple(
        (each["gold"], UNPARSED if each["predicted"] is None else each["predicted"], f"{each['comments']:,}")
        for each in found["confusion"]
    )
    slices = tuple(
        (_spaced(each["by"]), each["name"], shown(each["accuracy"]), f"{each['accuracy']['n']:,}")
        for each in found["worst_slices"]
    )
    read = ", ".join(f"{n:,} {name}" for name, n in found["reviewed"].items())
    return Section(
        "Known failures",
        (f"{found['misses']:,} misses on this snapshot; of those that were read: {read}.",),
        (
            Table(("label", "was taken for", "comments"), cells),
            Table(("slice by", "slice", "accuracy", "n"), slices),
        ),
    )


def _data(card: Card) -> Section:
    data, guideline = card["data"], card["guideline"]
    counts = tuple(
        (split, *(f"{of.get(label, 0):,}" for label in data["labels"]))
        for split, of in data["counts"].items()
    )
    leaks = ", ".join(f"{_spaced(name)} {n:,}" for name, n in data["leaks"].items())
    sources = ", ".join(f"{n:,} {name}" for name, n in data["label_from"].items())
    written = f"version {guideline['version']}, sha256 {guideline['sha256']}" if guideline else "none"
    return Section(
        "Data",
        (
            f"{data['snapshot_id']}: {data['rows']:,} rows, {data['split_mode']} split, taken by"
            f" {data['taken_by']} on {_when(data['taken_at'])}. {data['note']}".strip(),
            f"sha256 of the rows {data['sha256']}.",
            f"Labels: {sources}. Guideline: {written}.",
            f"Held-out comments that share something with training comments: {leaks}.",
        ),
        (Table(("split", *data["labels"]), counts),),
    )


def _model(card: Card) -> Section:
    model, expiry = card["model"], card["expiry"]
    trained = model["trained_on"]
    lines = [
        f"{model['model_id']} ({model['backend']}), made by {model['job_id']} from {trained['snapshot_id']}"
        f" (sha256 {trained['sha256']}).",
        "It runs here: no provider can end it." if expiry is None else f"Shut at its provider on {expiry}.",
        *_threshold(card["threshold"], card["verdict"].get("threshold")),
    ]
    settings = pairs("setting", ((name, str(value)) for name, value in model["settings"].items()))
    return Section("Model", tuple(lines), (settings,))


def _threshold(frozen: Card | None, judged_at: str | None) -> tuple[str, ...]:
    if frozen is None:
        return ("No threshold was frozen: the label that the model names is the decision.",)
    unwanted = ", ".join(f"“{label}”" for label in frozen["unwanted"])
    cut = f"from {frozen['upper_score']:.4f} up"
    if frozen["lower_score"] != frozen["upper_score"]:
        cut += f", to a human from {frozen['lower_score']:.4f} up"
    scores = "as they are" if frozen["temperature"] is None else f"at temperature {frozen['temperature']:.3f}"
    told = [
        f"{frozen['threshold_id']}: acts on scores for {unwanted} {cut}, taken {scores}."
        f" Rule {frozen['rule']}, chosen on validation at a base rate of {frozen['base_rate']:g} by"
        f" {frozen['by']} on {_when(frozen['at'])}. {frozen['why']}".strip(),
        _JUDGED_THERE
        if judged_at
        else "The clauses above judge the label that the model names, not this threshold.",
    ]
    for name, words in (("on_validation", "On validation"), ("on_test", "On test, looked at once")):
        if frozen[name] is not None:
            told.append(f"{words}: {', '.join(f'{_spaced(key)} {n:,}' for key, n in frozen[name].items())}.")
    told.append(f"This test set had been looked at {frozen['looks_at_test']:,} times.")
    return tuple(told)


def _proof(card: Card) -> Section:
    head = card.get("log_head")
    line = (
        f"Newest entry of the log when this was released: {head['seq']}, hash {head['hash']}." if head else ""
    )
    return Section(
        "Hashes and versions",
        tuple(filter(None, (line,))),
        (
            Table(("file of the model", "sha256"), tuple(card["files"].items())),
            pairs("version", card["versions"].items()),
        ),
    )


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _when(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"
