"""ROUGE of each text against its references, by the library, with words of any script."""

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from services.generation.references import check_rows, references_told
from services.generation.words import UnicodeTokenizer, sentences_of

ROUGES = ("rouge1", "rouge2", "rougeL", "rougeLsum")

Floats = NDArray[np.float64]


def rouge(
    outputs: Sequence[str], references: Sequence[Sequence[str]], *, use_stemmer: bool = True
) -> dict[str, Floats]:
    """F-measures of each output, shape (n,) each, 0 to 1; of several references the best one counts.

    An output or a reference without a word scores 0, also where both have none.

    Args:
        outputs: n texts.
        references: One or more for each.
        use_stemmer: Cut the endings of English words (Porter).

    Raises:
        BadInput: there is no output, or one has no reference.

    Source: Lin (2004), ROUGE: A Package for Automatic Evaluation of Summaries, ACL workshop.
    """
    check_rows(outputs, references)
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(ROUGES), tokenizer=UnicodeTokenizer(use_stemmer=use_stemmer))
    rows = [
        scorer.score_multi(list(map(_by_lines, refs)), _by_lines(output))
        for output, refs in zip(outputs, references, strict=True)
    ]
    return {name: np.array([row[name].fmeasure for row in rows], dtype=np.float64) for name in ROUGES}


def rouge_signature(references: Sequence[Sequence[str]], *, use_stemmer: bool = True) -> str:
    """How the numbers were made, in the manner of sacrebleu's signatures."""
    stemmer = f"porter-nltk-{version('nltk')}" if use_stemmer else "none"
    return (
        f"{references_told(references)}|measure:f1|stem:{stemmer}|tok:unicode-words|sents:line+mark|"
        f"multi:max|version:rouge-score-{version('rouge-score')}"
    )


def _by_lines(text: str) -> str:
    """ROUGE-Lsum takes each line for a sentence."""
    return "\n".join(sentences_of(text))
