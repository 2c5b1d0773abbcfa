"""The gate: a model on a frozen set against a policy, clause by clause; the same answer every time."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any

from domain.errors import BadInput, NotFound
from domain.people import actor_named
from services.evaluation.acting import acting, threshold_in_use
from services.evaluation.reports import absent_labels, absent_told, evaluate
from services.release.clause import CHAMPION
from services.release.deciding import Finding, Outcome, counted, overall, unknown
from services.release.judges import Case, judged, rival_run
from services.release.policy import Policy
from storage.audit import add_lone_entry
from storage.database import Database
from storage.imported_scores import BACKEND as IMPORTED
from storage.judging import count_judged
from storage.models import get_model, list_runs
from storage.releases import find_champion, get_release
from storage.snapshots import get_snapshot

# What every policy asks without saying so: who has seen the answers passes any test.
UNSEEN = "The model has not learned from the comments that it is judged on"
PRESENT = "Every label that is named has comments among those that it is judged on"
EXIT_CODES = {"pass": 0, "fail": 1, "not decidable": 3}


@dataclass(frozen=True)
class JudgedClause:
    """A clause in words, its text form (None for what every policy asks), and what was found."""

    words: str
    clause: dict[str, Any] | None
    finding: Finding


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a model.

    Attributes:
        policy_version: 0 where the policy is not one of the dataset's own.
        champion: The release that was in production when it was judged; None for none.
        rival_run: The champion's answers to the same comments; None where there are none.
        threshold: The frozen threshold at which clauses about its labels were judged; None where the label
            that the model names decided.
        judged_on: The day, for what ends on a day.
    """

    outcome: Outcome
    dataset_id: str
    model_id: str
    model: str
    run_id: str
    snapshot_id: str
    sha256: str
    split: str
    n: int
    policy_version: int
    policy_sha256: str
    champion: str | None
    rival_run: str | None
    threshold: str | None
    judged_on: date
    clauses: tuple[JudgedClause, ...]

    @property
    def sentence(self) -> str:
        """The verdict in one line."""
        verbs = {"pass": "passed", "fail": "failed", "not decidable": "cannot be decided"}
        counts = [(self.count(outcome), verb) for outcome, verb in verbs.items()]
        idle = self.count("not applicable")
        counts.append((idle, f"{'is' if idle == 1 else 'are'} not applicable"))
        return f"Of {len(self.clauses)} clauses {', '.join(f'{n} {verb}' for n, verb in counts if n)}."

    def count(self, outcome: str) -> int:
        """How many clauses came out so."""
        return sum(each.finding.outcome == outcome for each in self.clauses)


def judge(
    db: Database,
    model_id: str,
    policy: Policy,
    *,
    snapshot_id: str | None = None,
    split: str = "test",
    run_id: str | None = None,
    threshold: str | None = None,
    clusters: bool = True,
    today: date | None = None,
) -> Verdict:
    """The verdict on the model's newest answers to that split. Nothing is written.

    Args:
        snapshot_id: None takes that of the model's newest run on the split.
        run_id: The very answers to judge, instead of the newest.
        threshold: The frozen threshold that clauses on recall, precision and false positives are judged at;
            None takes the model's newest; acting.BY_LABEL none: then the label that the model names decides.
        clusters: Whether intervals are widened where authors or threads repeat; cards of the formats 1 and 2
            were judged without.
        today: For what ends on a day; None takes this one, in UTC.

    Raises:
        NotFound: there is no such model or threshold, or it has not answered that split.
        BadInput: the threshold is another model's, or the answers have no scores to hold against it.
    """
    model, day = get_model(db, model_id), today or datetime.now(UTC).date()
    release = find_champion(db, model.dataset_id)
    champion = get_release(db, release).model_id if release else None

    def case_on(frozen: str | None, run_id: str | None = None) -> Case:
        runs = list_runs(db, model_id=model_id, snapshot_id=frozen, split=split)
        runs = [run for run in runs if run_id in (None, run.run_id)]
        if not runs:
            raise NotFound(
                f"{model_id} has not answered the {split} split of {frozen or 'any snapshot'}.",
                hint=f"Let it: predict --model {model_id} --snapshot {frozen or 'SNAPSHOT'} --split {split}.",
            )
        snapshot = get_snapshot(db, runs[0].snapshot_id)
        named = threshold_in_use(db, runs[0].run_id, threshold)
        held = acting(db, runs[0].run_id, named) if named else None
        found = evaluate(db, runs[0].run_id, clusters=clusters)
        return Case(db, model, runs[0], snapshot, found, champion, day, held)

    case = case_on(snapshot_id, run_id)
    clauses = [JudgedClause(UNSEEN, None, _unseen(case))]
    for clause in policy.clauses:
        try:
            found = judged(case if clause.on is None else case_on(clause.on), clause)
        except (NotFound, BadInput) as error:  # such as a snapshot that nobody let the model answer
            found = unknown(f"{error} {error.hint}".strip())
        clauses.append(JudgedClause(clause.words, clause.as_dict, found))
    clauses += _absent(case, policy)
    rival = None if champion in (None, model_id) else rival_run(case, CHAMPION)
    return Verdict(
        outcome=overall([each.finding.outcome for each in clauses]),
        dataset_id=model.dataset_id,
        model_id=model_id,
        model=model.name,
        run_id=case.run.run_id,
        snapshot_id=case.snapshot.snapshot_id,
        sha256=case.snapshot.sha256,
        split=split,
        n=case.evaluation.report.n,
        policy_version=policy.version,
        policy_sha256=policy.sha256,
        champion=release,
        rival_run=rival.run_id if rival else None,
        threshold=case.acting.threshold.threshold_id if case.acting else None,
        judged_on=day,
        clauses=tuple(clauses),
    )


def judging_stamp(db: Database, dataset_id: str) -> tuple[int, ...]:
    """What changes whenever a verdict may: the same stamp, model, policy, run and day give the same verdict.

    Comments and votes are not in it: a model is judged on a frozen snapshot.
    """
    return count_judged(db, dataset_id)


def run_gate(
    db: Database, model_id: str, policy: Policy, *, snapshot_id: str | None = None, split: str = "test",
    threshold: str | None = None, actor: str,
) -> Verdict:  # fmt: skip
    """Judge, and write into the log that it was done and what came out."""
    who = actor_named(actor)
    verdict = judge(db, model_id, policy, snapshot_id=snapshot_id, split=split, threshold=threshold)
    add_lone_entry(
        db, actor=who, verb="gate judged", dataset_id=verdict.dataset_id, object_=model_id,
        details=brief(verdict),
    )  # fmt: skip
    return verdict


def brief(verdict: Verdict) -> dict[str, Any]:
    """What the log keeps of a verdict."""
    names = ("outcome", "run_id", "snapshot_id", "sha256", "policy_version", "policy_sha256", "threshold")
    return {name: getattr(verdict, name) for name in names}


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON can carry it, with its sentence."""
    told = {**asdict(verdict), "judged_on": verdict.judged_on.isoformat(), "sentence": verdict.sentence}
    told["clauses"] = [
        {"words": each.words, "clause": each.clause, **asdict(each.finding)} for each in verdict.clauses
    ]
    return told


def _unseen(case: Case) -> Finding:
    seen, n = case.evaluation.data.seen_in_training, case.evaluation.report.n
    if case.model.backend == IMPORTED:
        return unknown("It was made elsewhere: nobody here can know which comments it has learned from.", n)
    return counted(seen, n, holds=seen == 0, why=f"{seen:,} of {n:,} comments were in its training.")


def _absent(case: Case, policy: Policy) -> list[JudgedClause]:
    """What no policy can be met without; nothing where every label has comments."""
    named = [each.label for each in policy.clauses if each.label and each.on is None]
    report = case.evaluation.report
    told = absent_told(absent_labels(report, named), case.evaluation.data, report.n)
    return [JudgedClause(PRESENT, None, unknown(told))] if told else []
