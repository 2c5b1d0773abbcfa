"""A chat model behind OpenAI's protocol as a classifier: one question per comment, paid once."""

import hashlib
import json
import math
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain.errors import BackendError, BadInput, Conflict
from domain.models import Answer, Answers, ScoreKind, answers_of
from domain.personal_data import find_personal_data
from services.backends.kept_answers import append_answer, read_answers
from services.backends.provider import Provider
from services.backends.provider_errors import ProviderError, wait_s
from services.backends.provider_replies import Reply
from services.backends.registry import read_about
from services.modelling.answers.parsing import answer_keys, parse_answer
from services.modelling.answers.structured import response_format, scores_of, structured_answer
from services.modelling.formats.chat import prompt_for, prompt_sha256
from services.modelling.hosted.outbound import (
    ANSWER_TOKENS,
    Prices,
    answering_cost_usd,
    check_cost,
    check_texts,
    counting,
)
from services.modelling.hosted.patience import FOR_A_JOB
from services.modelling.hosted.providers import provider_of
from services.modelling.tokens.budget import tokens_of_message

if TYPE_CHECKING:
    from services.backends.few_shot import Examples

KIND = "openai"
REASONING_TOKENS = 4_000  # a model that thinks first needs room for it
_STRUCTURE_TOKENS = 12  # what stands around the label in a structured answer
_SAMPLED = 100  # questions whose examples are counted for an estimate
_TRIES = 6
_FAILURES_IN_A_ROW = 5
_FATAL = (401, 403, 404)
_OTHER_MODEL = (
    "Exclude those comments and take a new snapshot, or ask a model that was made with "
    "personal_data=withhold, which keeps them back."
)


class ChatClassifier:
    """Asks a hosted chat model about each comment, with the same bytes as in its training.

    Args:
        provider: The client.
        about: What model.json says: model, labels, system_prompt, prompt_sha256, settings, prices.
        examples: What stands before each question; None shows none.

    Raises:
        Conflict: the prompt is not the one that the model was trained with.
        BadInput: model.json lacks something, or two labels cannot be told apart.
    """

    chunk_rows = 100

    def __init__(self, provider: Provider, about: dict[str, Any], examples: "Examples | None" = None) -> None:
        try:
            self.labels = tuple(about["labels"])
            self.model = str(about["model"])
            self._system_prompt, trained_with = str(about["system_prompt"]), about["prompt_sha256"]
            self._settings, self._prices = dict(about["settings"]), Prices(**about["prices"])
            self.score_kind: ScoreKind = about["score_kind"]
        except (KeyError, TypeError) as error:
            raise BadInput(f"The hosted model's model.json lacks {error}.", hint="Train it again.") from error
        if prompt_sha256(self._system_prompt) != trained_with:
            raise Conflict(
                f"The prompt of {self.model} is not the one that it was trained with.",
                hint="Train it again: a model that is asked in other words gives other answers.",
            )
        answer_keys(self.labels)
        self._provider, self._examples = provider, examples
        self._tries = _TRIES if provider.patience == FOR_A_JOB else provider.patience.tries
        # A tuned model is asked in the bytes of its training; older models have no such setting.
        self._structured = self._settings.get("structured", "off") == "auto" and not self._settings["tune"]
        self._room = max(ANSWER_TOKENS, max(len(label) for label in self.labels) + 8) + (
            _STRUCTURE_TOKENS if self._structured else 0
        )
        self._left_out: set[str] = set() if self.score_kind == "logprob" else {"logprobs"}
        if not self._structured:
            self._left_out.add("response_format")
        self._known: dict[str, Answer] = {}
        self._kept: Path | None = None
        self._lock = threading.Lock()
        self._not_before, self._failures = 0.0, 0
        self._spent_usd, self._cap_usd = 0.0, math.inf
        self._stop = threading.Event()

    def begin(self, texts: Sequence[str], kept: Path, *, allowed_usd: float = math.inf) -> float:
        """Look at everything that will be sent, before anything is; take up answers already paid for.

        Args:
            texts: Every comment of the job.
            kept: Where answers are kept as they come; they are read back from there.
            allowed_usd: What they may cost, where that is less than the model's settings allow.

        Returns:
            What they will cost, by estimate.

        Raises:
            BadInput: a comment holds personal data, and those are not to be withheld.
            Conflict: it would cost more than the model's settings allow.
        """
        self._known = read_answers(kept)
        self._kept = kept
        waiting = [text for text in dict.fromkeys(texts) if self._key(text) not in self._known]
        if self._settings["personal_data"] == "stop":
            named = ((f"Comment {row:,} of those to be answered", text) for row, text in enumerate(texts, 1))
            check_texts(named, hint=_OTHER_MODEL)
        else:
            waiting = [text for text in waiting if find_personal_data(text) is None]
        estimate = self.estimate_usd(waiting)
        cap = min(float(self._settings["cost_cap_usd"]), allowed_usd)
        check_cost(estimate, cap, f"asking about {len(waiting):,} comments")
        self._cap_usd = cap
        self._spent_usd = sum(answer.cost_usd or 0.0 for answer in self._known.values())
        return estimate

    @property
    def prices(self) -> Prices:
        """What its answers cost."""
        return self._prices

    def estimate_usd(self, texts: Sequence[str]) -> float:
        """What asking about every text once will cost at most; examples are counted on a sample."""
        more = _STRUCTURE_TOKENS if self._structured else 0.0
        if self._examples is not None and texts and self._prices.input_usd_per_million:
            encoding = counting(self.model)
            sample = texts[:: max(1, len(texts) // _SAMPLED)]
            shown = [one for text in sample for one in self._messages(text, self._structured)[1:-1]]
            more += sum(tokens_of_message(one, encoding) for one in shown) / len(sample)
        return answering_cost_usd(
            texts, system_prompt=self._system_prompt, model=self.model, prices=self._prices,
            more_tokens_each=more,
        )  # fmt: skip

    def predict(self, texts: Sequence[str]) -> Answers:
        """One answer per text; a text that was answered before is not asked again, and costs nothing.

        A comment with personal data is not sent; its answer is "filtered".

        Raises:
            BackendError: the provider refuses every question, or several in a row failed.
        """
        wanted = {self._key(text): text for text in texts}
        fresh = {key: text for key, text in wanted.items() if key not in self._known}
        failed: dict[str, Answer] = {}
        pool = ThreadPoolExecutor(int(self._settings["at_once"]), thread_name_prefix="asking")
        self._stop.clear()
        try:
            asking = {pool.submit(self._answer, key, text): key for key, text in fresh.items()}
            for future in as_completed(asking):
                answer, is_final = future.result()
                if not is_final:
                    failed[asking[future]] = answer
        finally:
            self._stop.set()  # nothing more is asked, whatever ended the loop
            pool.shutdown(wait=True, cancel_futures=True)
        return answers_of(self._in_order(texts, failed), label_count=len(self.labels))

    def _in_order(self, texts: Sequence[str], failed: dict[str, Answer]) -> list[Answer]:
        """The answers; what was paid for one text is not counted again for the same text elsewhere."""
        rows = []
        for text in texts:
            key = self._key(text)
            answer = failed[key] if key in failed else self._known[key]
            rows.append(answer)
            if key not in failed and (answer.tokens or answer.cost_usd):
                free = Answer(answer.label, answer.parse_status, answer.scores, answer.latency_ms, 0, 0.0)
                self._known[key] = free
        return rows

    def _answer(self, key: str, text: str) -> tuple[Answer, bool]:
        """The answer and whether it is for good; a question that failed may be asked again by a later job."""
        if find_personal_data(text):
            answer = Answer(None, "filtered", latency_ms=0.0, tokens=0, cost_usd=0.0)
        else:
            started = time.monotonic()
            try:
                reply = self._ask(text)
            except ProviderError as error:
                self._count_failure(error)
                return Answer(None, "api_error", latency_ms=_ms_since(started), tokens=0, cost_usd=0.0), False
            answer = self._read(reply, _ms_since(started))
        with self._lock:
            self._failures = 0
            self._known[key] = answer
            append_answer(self._kept, key, answer)
            self._spent_usd += answer.cost_usd or 0.0
        self._check_spent()
        return answer, True

    def _check_spent(self) -> None:
        """Stop where answers turn out dearer than they were estimated, as those of models that think first.

        Raises:
            Conflict: the cap is reached.
        """
        if self._spent_usd > self._cap_usd:
            self._stop.set()  # before another thread takes up the next question
            raise Conflict(
                f"The answers so far cost ${self._spent_usd:,.2f}; ${self._cap_usd:,.2f} is allowed.",
                hint="Raise cost_cap_usd, or choose another model. Answers that came are kept.",
            )

    def _ask(self, text: str) -> Reply:
        """The reply, asked for again while that may help; waits are shared by all who ask."""
        attempt = 0
        while True:
            self._wait_turn()
            left_out = frozenset(self._left_out)
            messages = self._messages(text, "response_format" not in left_out)
            try:
                return self._provider.ask(self.model, messages, self._options())
            except ProviderError as error:
                if self._leaves_out(error, left_out):
                    continue
                attempt += 1
                if not error.retryable or attempt >= self._tries or self._stop.is_set():
                    raise
                pause = wait_s(attempt, error)
                if error.retry_after_s is not None:
                    with self._lock:
                        self._not_before = max(self._not_before, time.monotonic() + pause)
                else:
                    self._stop.wait(pause)

    def _messages(self, text: str, structured: bool) -> list[dict[str, str]]:
        """The policy, the examples as questions with their answers, and the question."""
        system, question = prompt_for(text, self._system_prompt)
        shown = []
        for example, label in self._examples.nearest(text) if self._examples is not None else ():
            answer = structured_answer(label) if structured else label
            shown += [prompt_for(example, "")[1], {"role": "assistant", "content": answer}]
        return [system, *shown, question]

    def _wait_turn(self) -> None:
        while (left := self._not_before - time.monotonic()) > 0 and not self._stop.wait(left):
            pass
        if self._stop.is_set():
            raise ProviderError("Stopped before it was asked.")

    def _options(self) -> dict[str, Any]:
        options: dict[str, Any] = {
            "temperature": 0, "seed": int(self._settings["seed"]), "max_completion_tokens": self._room,
            "response_format": response_format(self.labels),
        }  # fmt: skip
        if "logprobs" in self._left_out:
            options["max_completion_tokens"] = REASONING_TOKENS
        else:
            options |= {"logprobs": True, "top_logprobs": 20}
        return {name: value for name, value in options.items() if name not in self._left_out}

    def _leaves_out(self, error: ProviderError, asked_without: frozenset[str]) -> bool:
        """Whether the model does not take one of the options, so that it is left out from now on."""
        if error.status != 400:
            return False
        for name in ("logprobs", "temperature", "seed", "response_format"):
            if name in str(error) and name not in asked_without:
                with self._lock:
                    self._left_out.add(name)
                    if name == "logprobs":
                        self.score_kind = "none"
                return True
        return False

    def _read(self, reply: Reply, latency_ms: float) -> Answer:
        label, status = parse_answer(
            reply.text, self.labels, finish_reason=reply.finish_reason, refusal=reply.refusal
        )
        tokens_in, tokens_out = reply.tokens_in or 0, reply.tokens_out or 0
        return Answer(
            label, status,
            scores=scores_of(reply.text, reply.positions, self.labels) if status == "ok" else None,
            latency_ms=latency_ms,
            tokens=None if reply.tokens_in is None else tokens_in + tokens_out,
            cost_usd=None if reply.tokens_in is None else self._prices.answer_cost_usd(tokens_in, tokens_out),
        )  # fmt: skip

    def _count_failure(self, error: ProviderError) -> None:
        """Give up where going on would only fail again.

        Raises:
            BackendError: it would.
        """
        if self._stop.is_set():
            return
        with self._lock:
            self._failures += error.status != 400  # one comment that is too long says nothing of the others
            broken = self._failures >= _FAILURES_IN_A_ROW
        is_fatal = error.status in _FATAL or error.code == "insufficient_quota"
        if is_fatal or broken:
            self._stop.set()  # before another thread takes up the next question
        if is_fatal:
            raise error
        if broken:
            raise BackendError(
                f"{_FAILURES_IN_A_ROW} questions in a row failed; the last: {error}",
                hint="Start the job again later: answers that came are kept and not paid for twice.",
                retryable=True,
            ) from error

    def _key(self, text: str) -> str:
        """What an answer is kept under: everything that it depends on."""
        asked = [self.model, self._settings["seed"], *prompt_for(text, self._system_prompt)]
        if self._structured:
            asked.append("structured")
        if self._examples is not None:
            asked += [self._examples.sha256, self._settings["shots"]]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def load(folder: Path) -> ChatClassifier:
    """The hosted model that the folder describes; the address of its provider lies beside the folder.

    Raises:
        BadInput: model.json or provider.json is missing or damaged.
        Conflict: the prompt is not the one that the model was trained with.
        BackendError: the provider's key is not set.
    """
    about = read_about(folder)
    return ChatClassifier(Provider(read_address(folder.parent)), about, _examples(folder, about))


def _examples(folder: Path, about: dict[str, Any]) -> "Examples | None":
    if not about.get("examples_sha256"):
        return None
    # Here, because it loads a library that no other question needs.
    from services.backends.few_shot import read_examples

    return read_examples(folder, shots=int(about["settings"]["shots"]), sha256=about["examples_sha256"])


def read_address(inputs: Path) -> Any:
    """The provider that a job was given when it was launched.

    Raises:
        BadInput: provider.json is missing or damaged, or its address cannot be trusted.
    """
    try:
        return provider_of(json.loads((inputs / "provider.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadInput(
            f"The job does not say which provider to ask: {error}", hint="Launch the job again."
        ) from error


def _ms_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 3)
