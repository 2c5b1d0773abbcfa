"""A model that answers what it was told to, for tests of everything that asks models."""

from collections import deque
from collections.abc import Sequence

from domain.errors import BackendError
from domain.models import Answer, Answers, ScoreKind, answers_of


class ScriptedClassifier:
    """Answers with what was enqueued, in that order, and remembers what it was asked."""

    def __init__(self, labels: Sequence[str], *, score_kind: ScoreKind = "none") -> None:
        self.labels = tuple(labels)
        self.score_kind = score_kind
        self.history: list[str] = []
        self._queue: deque[Answer | BackendError] = deque()

    def enqueue(self, *answers: Answer | BackendError) -> None:
        """Add what to answer next; an error is raised instead of answering."""
        self._queue.extend(answers)

    def predict(self, texts: Sequence[str]) -> Answers:
        """The next answers of the queue.

        Raises:
            BackendError: an error was enqueued for one of the texts, or the queue is empty.
        """
        rows = []
        for text in texts:
            self.history.append(text)
            if not self._queue:
                raise BackendError("The script has no answer left.", hint="Enqueue one per text.")
            answer = self._queue.popleft()
            if isinstance(answer, BackendError):
                raise answer
            rows.append(answer)
        return answers_of(rows, label_count=len(self.labels))
