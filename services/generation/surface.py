"""BLEU and chrF2++ by sacrebleu, with its signatures and intervals."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.evaluation.intervals import Estimate
from services.generation.references import as_streams, check_rows

RESAMPLES = 1_000
CHRF = {"word_order": 2}  # what makes chrF2 chrF2++


@dataclass(frozen=True)
class CorpusScore:
    """One number for all texts together, 0 to 100, and how it was made."""

    name: str
    score: Estimate
    signature: str


def bleu(
    outputs: Sequence[str], references: Sequence[Sequence[str]], *, resamples: int = RESAMPLES
) -> CorpusScore:
    """BLEU of all texts together.

    Where every reference is shorter than four words none has four in a row: the effective order is then
    taken for all that is measured against them, and the signature says so (eff:yes).

    Raises:
        BadInput: there is no output, or one has no reference.

    Source: Papineni and others (2002), ACL; Post (2018), A Call for Clarity in Reporting BLEU Scores.
    """
    from sacrebleu.metrics.bleu import BLEU

    check_rows(outputs, references)
    short = all(len(text.split()) < 4 for refs in references for text in refs)
    return _scored("BLEU", BLEU(effective_order=short, force=True), outputs, references, resamples)


def chrf(
    outputs: Sequence[str], references: Sequence[Sequence[str]], *, resamples: int = RESAMPLES
) -> CorpusScore:
    """chrF2++ of all texts together: letters in a row up to six, words up to two.

    Raises:
        BadInput: there is no output, or one has no reference.

    Source: Popovic (2017), chrF++: words helping character n-grams, WMT.
    """
    from sacrebleu.metrics.chrf import CHRF as Chrf

    class PlainChrf(Chrf):  # type: ignore[misc]
        """As it is, but never a NumPy number: sacrebleu's bootstrap cannot mix those with its own 0.0."""

        def _compute_f_score(self, statistics: Any) -> float:
            return float(super()._compute_f_score(statistics))

    check_rows(outputs, references)
    return _scored("chrF2++", PlainChrf(**CHRF), outputs, references, resamples)


def chrf_each(outputs: Sequence[str], references: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """chrF2++ of each text by itself, 0 to 100, shape (n,); what paired tests go by."""
    from sacrebleu.metrics.chrf import CHRF as Chrf

    check_rows(outputs, references)
    metric = Chrf(**CHRF)
    return np.array(
        [
            metric.sentence_score(text, list(refs)).score
            for text, refs in zip(outputs, references, strict=True)
        ]
    )


def _scored(
    name: str, metric: Any, outputs: Sequence[str], references: Sequence[Sequence[str]], resamples: int
) -> CorpusScore:
    found = metric.corpus_score(list(outputs), as_streams(references), n_bootstrap=resamples)
    # Rounding carries identical texts a hair above 100.
    value, signature = min(100.0, float(found.score)), str(metric.get_signature())
    if resamples <= 1:
        return CorpusScore(name, Estimate(value, value, value), signature)
    told = json.loads(found.format(width=6, signature=signature, is_json=True))
    # Left out where every resample scores 0.
    mean, half = float(told.get("confidence_mean", value)), float(told.get("confidence_var", 0.0))
    return CorpusScore(
        name,
        Estimate(value, min(value, max(0.0, mean - half)), max(value, min(100.0, mean + half))),
        signature,
    )
