"""Answer questions as they come, beside a dashboard that never loads a model itself.

    python -m services.jobs.answer_now [--idle-s 600]

Questions are JSON lines on standard input, each with its number and kind: `classify`, `explain`, `similar`,
`meaning`, `chat`, or `cancel` with the number of another. Answers are JSON lines on standard output, each
with its number too. Local models stay loaded and answer one after the other; providers are asked meanwhile.
It ends when its input does, when its parent is gone, or when nobody has asked for a while, and writes no
file.
"""

import argparse
import json
import os
import selectors
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from domain.errors import BackendError, BadInput, WorkbenchError
from domain.models import Answers
from services.backends.protocol import Classifier
from services.backends.registry import load_classifier
from services.modelling.formats.chat import prompt_for
from services.modelling.hosted.outbound import check_cost
from services.modelling.hosted.patience import FOR_A_QUESTION, FOR_TEXTS, Patience, asking
from services.modelling.hosted.providers import ProviderAddress

IDLE_S = 600.0
MOST_MODELS = 3
CHUNK_ROWS = 16  # between two looks whether the question was taken back
_LOOK_S = 1.0
_GIVES_WAY_S = 0.2

Facts = dict[str, Any]


class _TakenBack(Exception):
    """Nobody waits for the answer any more."""


class Question:
    """One question, and the way back to whoever asked it."""

    def __init__(self, told: Facts, say: Callable[[Facts], None]) -> None:
        self.told, self._say = told, say
        self._taken_back = threading.Event()

    def take_back(self) -> None:
        """Stop working on it at the next opportunity."""
        self._taken_back.set()

    def check(self) -> None:
        """Stop here if nobody waits for the answer."""
        if self._taken_back.is_set():
            raise _TakenBack

    def say(self, **facts: Any) -> None:
        """Tell something that belongs to this question."""
        self._say({"number": self.told["number"], **facts})


@dataclass(frozen=True)
class _AddressWithKey(ProviderAddress):
    """An address whose key came with the question: this process has none in its environment."""

    given: str | None = field(default=None, repr=False)

    @property
    def key(self) -> str | None:
        return self.given


class Workplace:
    """The models that are loaded, and the order in which they are used."""

    def __init__(self) -> None:
        self._models: OrderedDict[str, Classifier] = OrderedDict()
        self._indexes: OrderedDict[tuple[int, int, bool], Any] = OrderedDict()
        self._local, self._indexing = threading.Lock(), threading.Lock()

    def answer(self, question: Question) -> Facts:
        """The answer to a question of any kind.

        Raises:
            WorkbenchError: it cannot be answered.
        """
        kinds = {
            "classify": self._classify, "explain": self._explain, "chat": _chat, "similar": _similar,
            "meaning": self._meaning,
        }  # fmt: skip
        kind = question.told.get("kind")
        if kind not in kinds:
            raise BadInput(f"There is no kind of question {kind!r}.", hint=f"Kinds: {', '.join(kinds)}.")
        return kinds[kind](question)

    def _classify(self, question: Question) -> Facts:
        if question.told.get("address"):
            return _ask_hosted(question)
        with self._turn(question):
            classifier = self._loaded(question)
            rows: list[Facts] = []
            for texts in _chunks(question):
                question.say(progress="Answers.")
                rows += _rows(classifier.predict(texts))
            return {"rows": rows, "labels": classifier.labels, "score_kind": classifier.score_kind}

    def _explain(self, question: Question) -> Facts:
        """The deciding words, for a local model, and the nearest comments of its training."""
        told = question.told
        near = self._nearest(question) if told["comments"] else None
        words = None
        if told["folder"] and told["label"]:
            from services.backends.deciding_words import deciding_words

            with self._turn(question):
                classifier = self._loaded(question)
                question.say(progress="Looks for the deciding words.")
                words = deciding_words(classifier, told["text"], told["label"])
        return {"words": asdict(words) if words else None, "near": near}

    def _meaning(self, question: Question) -> Facts:
        """How near each text is to the nearest of its others, by the encoder that needs no network."""
        from services.backends.embedding import embedder

        with self._turn(question):
            question.say(progress="Compares meanings.")
            measure, found = embedder(), list[float]()
            texts, others = question.told["texts"], question.told["others"]
            for first in range(0, len(texts), CHUNK_ROWS):
                question.check()
                last = first + CHUNK_ROWS
                found += measure.cosines(texts[first:last], others[first:last]).tolist()
            return {"cosines": found, "signature": measure.signature}

    def _nearest(self, question: Question) -> Facts:
        from services.backends.nearest import TrainingIndex

        path, withheld = Path(question.told["comments"]), bool(question.told["withheld"])
        question.say(progress="Looks for the nearest training comments.")
        with self._indexing:
            status = path.stat()
            key = (status.st_dev, status.st_ino, withheld)  # models of one snapshot share the file
            index = self._indexes.pop(key, None) or TrainingIndex(path, withheld=withheld)
            self._indexes[key] = index
            while len(self._indexes) > MOST_MODELS:
                self._indexes.popitem(last=False)
        found = [asdict(one) for one in index.nearest(question.told["text"])]
        return {"comments": found, "searched": index.searched, "rows": index.rows}

    def _loaded(self, question: Question) -> Classifier:
        """The model in the folder, which was used last from now on; the one unused for longest goes."""
        folder = question.told["folder"]
        if folder not in self._models:
            question.say(progress="Loads the model.")
            while len(self._models) >= MOST_MODELS:
                self._models.popitem(last=False)
            self._models[folder] = load_classifier(Path(folder))
        self._models.move_to_end(folder)
        question.check()
        return self._models[folder]

    @contextmanager
    def _turn(self, question: Question) -> Iterator[None]:
        """One local model works at a time: two would only slow each other down."""
        while not self._local.acquire(timeout=_GIVES_WAY_S):
            question.check()
            question.say(progress="Waits for another question to be answered.")
        try:
            question.check()
            yield
        finally:
            self._local.release()


def _similar(question: Question) -> Facts:
    from services.backends.similar import similar_groups

    return {"groups": [asdict(group) for group in similar_groups(question.told["texts"])]}


def _ask_hosted(question: Question) -> Facts:
    """A hosted model's answers with their raw text; what they cost is told as it is spent."""
    from services.backends.openai_chat import ChatClassifier
    from services.backends.provider import Provider
    from services.backends.provider_replies import Reply

    raw: dict[str, Reply] = {}

    class Overheard(Provider):
        """The client, which keeps what was said to each text."""

        def ask(self, model: str, messages: Any, options: Facts) -> Reply:
            reply = super().ask(model, messages, options)
            raw[messages[-1]["content"]] = reply
            return reply

    told, examples = question.told, None
    if told["about"].get("examples_sha256"):
        from services.backends.few_shot import read_examples

        shots = int(told["about"]["settings"]["shots"])
        examples = read_examples(Path(told["folder"]), shots=shots, sha256=told["about"]["examples_sha256"])
    classifier = ChatClassifier(Overheard(_address(question), patience=FOR_TEXTS), told["about"], examples)
    estimate = classifier.estimate_usd(told["texts"])
    check_cost(estimate, told["allowed_usd"], f"asking about {len(told['texts']):,} texts")
    rows: list[Facts] = []
    for texts in _chunks(question):
        question.say(progress=_asking(question, FOR_TEXTS))
        rows += _rows(classifier.predict(texts))
        question.say(paid_usd=sum(row["cost_usd"] or 0.0 for row in rows))
    for row, text in zip(rows, told["texts"], strict=True):
        reply = raw.get(prompt_for(text, "")[-1]["content"])
        row["raw"] = None if reply is None else reply.refusal or reply.text
    return {"rows": rows, "labels": classifier.labels, "score_kind": classifier.score_kind}


def _chat(question: Question) -> Facts:
    """The raw answer of a chat model to messages that a person wrote."""
    from services.backends.provider import Provider
    from services.backends.provider_errors import ProviderError

    told = question.told
    provider = Provider(_address(question), patience=FOR_A_QUESTION)
    options, note = dict(told["options"]), ""
    question.say(progress=_asking(question, FOR_A_QUESTION))
    started = time.monotonic()
    try:
        reply = provider.ask(told["model"], told["messages"], options)
    except ProviderError as error:
        if error.status != 400 or "temperature" not in str(error) or "temperature" not in options:
            raise
        note = "This model takes no temperature: it was asked without one."
        del options["temperature"]
        started = time.monotonic()
        reply = provider.ask(told["model"], told["messages"], options)
    spent = {"tokens_in": reply.tokens_in, "tokens_out": reply.tokens_out}
    latency_ms = round((time.monotonic() - started) * 1000, 1)
    said = {"text": reply.text, "refusal": reply.refusal, "finish_reason": reply.finish_reason}
    return {**said, **spent, "latency_ms": latency_ms, "note": note}


def _asking(question: Question, patience: Patience) -> str:
    return asking(str(question.told["address"]["name"]), patience)


def _address(question: Question) -> _AddressWithKey:
    return _AddressWithKey(**question.told["address"], given=question.told.get("key"))


def _chunks(question: Question) -> Iterator[list[str]]:
    texts = question.told["texts"]
    for start in range(0, len(texts), CHUNK_ROWS):
        question.check()
        yield texts[start : start + CHUNK_ROWS]


def _rows(answers: Answers) -> list[Facts]:
    """Answers one by one, as JSON can carry them; scores that are no numbers are left out."""
    rows = []
    for place, (label, status) in enumerate(zip(answers.labels, answers.parse_status, strict=True)):
        scores = None if answers.scores is None else [float(score) for score in answers.scores[place]]
        rows.append(
            {
                "label": label,
                "parse_status": status,
                "scores": None if scores is None or any(score != score for score in scores) else scores,
                "raw": None,
                "latency_ms": None if answers.latency_ms is None else float(answers.latency_ms[place]),
                "tokens": None if answers.tokens is None else answers.tokens[place],
                "cost_usd": None if answers.cost_usd is None else answers.cost_usd[place],
            }
        )
    return rows


class Desk:
    """Where questions come in: each gets a thread, so that a slow one keeps none waiting."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write, self._writing = write, threading.Lock()
        self._open: dict[int, Question] = {}
        self._workplace = Workplace()
        self.idle_since = time.monotonic()

    def is_idle_for(self, seconds: float) -> bool:
        """Whether nothing is being answered, nor was for so long."""
        return not self._open and time.monotonic() - self.idle_since > seconds

    def take(self, line: bytes) -> None:
        """One line of the input."""
        told = json.loads(line)
        if told["kind"] == "cancel":
            if question := self._open.get(told["number"]):
                question.take_back()
            return
        question = self._open[told["number"]] = Question(told, self._say)
        question.say(progress="Has begun.")
        threading.Thread(target=partial(self._answer, question), daemon=True).start()

    def _answer(self, question: Question) -> None:
        """Whatever happens, the question gets an answer or an error."""
        try:
            question.say(answer=self._workplace.answer(question))
        except _TakenBack:
            question.say(**BackendError("The question was taken back.").as_dict())
        except WorkbenchError as error:
            question.say(**error.as_dict())
        except Exception as error:  # noqa: BLE001 - the end of the line: what is not told here, nobody hears
            traceback.print_exc(file=sys.stderr)
            question.say(
                **BackendError(
                    f"The model failed: {type(error).__name__}: {error}", hint="Ask again, or another model."
                ).as_dict()
            )
        finally:
            self.idle_since = time.monotonic()
            del self._open[question.told["number"]]

    def _say(self, facts: Facts) -> None:
        line = json.dumps(facts).encode() + b"\n"
        with self._writing:
            self._write(line)


def serve(idle_s: float) -> None:
    """Answer until the input ends, the parent is gone, or nobody has asked for `idle_s`."""
    answers = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no answer
    parent, waiting = os.getppid(), b""
    with os.fdopen(answers, "wb", buffering=0) as out, selectors.DefaultSelector() as selector:
        desk = Desk(out.write)
        selector.register(0, selectors.EVENT_READ)
        while os.getppid() == parent and not desk.is_idle_for(idle_s):
            if not selector.select(_LOOK_S):
                continue
            said = os.read(0, 1 << 20)
            if not said:
                break
            *lines, waiting = (waiting + said).split(b"\n")
            for line in lines:
                desk.take(line)
        os._exit(0)  # without waiting for what is still being answered: nobody would hear it


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Answer questions as they come.")
    parser.add_argument("--idle-s", type=float, default=IDLE_S)
    serve(parser.parse_args().idle_s)
