import base64
import csv
import io
import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path

import httpx2
import pytest
from openai import NotFoundError, OpenAI
from pydantic import BaseModel

from tests.provider.building import (
    RULE,
    as_jsonl,
    ask,
    batch_line,
    chat_line,
    comments,
    read_lines,
    start_batch,
)
from tests.provider.fixtures import ProviderControl
from tests.provider.server import KEY

UploadedFile = Callable[..., str]


def test_a_file_is_kept_byte_for_byte_until_it_is_deleted(strict_client: OpenAI) -> None:
    content = as_jsonl([chat_line("café ☕", "allow")])
    file = strict_client.files.create(file=("a.jsonl", content), purpose="fine-tune")
    assert (file.bytes, file.filename, file.purpose) == (len(content), "a.jsonl", "fine-tune")
    assert strict_client.files.content(file.id).read() == content
    assert strict_client.files.delete(file.id).deleted
    with pytest.raises(NotFoundError, match="No such File object"):
        strict_client.files.retrieve(file.id)


def test_a_file_with_an_expiry_is_gone_after_it(strict_client: OpenAI, provider: ProviderControl) -> None:
    expiry = {"anchor": "created_at", "seconds": 3600}
    strict_client.files.create(file=("a.txt", b"x"), purpose="user_data", expires_after=expiry)  # type: ignore[arg-type]
    assert len(list(strict_client.files.list())) == 1
    provider.advance(3600)
    assert list(strict_client.files.list()) == []


def test_paging_through_files_ends_and_shows_each_once(strict_client: OpenAI) -> None:
    made = [strict_client.files.create(file=(f"{n}.txt", b"x"), purpose="user_data").id for n in range(7)]
    assert [file.id for file in strict_client.files.list(limit=3, order="asc")] == made
    assert [file.id for file in strict_client.files.list(limit=3)] == made[::-1]
    assert list(strict_client.files.list(purpose="batch")) == []


def test_paging_through_jobs_ends_and_filters_by_metadata(
    strict_client: OpenAI, uploaded: UploadedFile
) -> None:
    file = uploaded()
    made = [
        strict_client.fine_tuning.jobs.create(
            model="gpt-4.1", training_file=file, metadata={"run": str(n % 2)}
        ).id
        for n in range(5)
    ]
    bare = strict_client.fine_tuning.jobs.create(model="gpt-4.1", training_file=file).id
    assert [job.id for job in strict_client.fine_tuning.jobs.list(limit=2)] == [bare, *made[::-1]]
    odd = strict_client.fine_tuning.jobs.list(limit=1, metadata={"run": "1"})
    assert [job.id for job in odd] == [made[3], made[1]]
    none = strict_client.fine_tuning.jobs.list(extra_query={"metadata": "null"})
    assert [job.id for job in none] == [bare]


def test_a_job_walks_through_its_statuses_and_leaves_a_model(
    strict_client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    jobs = strict_client.fine_tuning.jobs
    job = jobs.create(model="gpt-4o-mini", training_file=uploaded(), suffix="House Rules", seed=5)
    seen = [job.status]
    assert (job.model, job.seed, job.fine_tuned_model) == ("gpt-4o-mini-2024-07-18", 5, None)
    assert job.hyperparameters.n_epochs == "auto"
    for _ in range(80):
        provider.advance(1)
        job = jobs.retrieve(job.id)
        if job.status != seen[-1]:
            seen.append(job.status)
        if job.status == "running":
            assert (job.trained_tokens, job.result_files) == (None, []) and job.estimated_finish is not None
    assert seen == ["queued", "validating_files", "queued", "running", "succeeded"]
    assert job.hyperparameters.n_epochs == 3
    assert job.trained_tokens is not None and job.trained_tokens > 40 * 3 * 10
    assert (job.fine_tuned_model or "").startswith("ft:gpt-4o-mini-2024-07-18:workbench:house-rules:")
    assert job.finished_at == job.created_at + 70
    model = strict_client.models.retrieve(job.fine_tuned_model or "")
    assert (model.owned_by, model.shutdown_date) == ("workbench", "2027-01-14")


def test_metric_events_grow_while_a_job_runs(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    job = client.fine_tuning.jobs.create(
        model="gpt-4.1-mini", training_file=uploaded(), validation_file=uploaded()
    )
    counts = []
    for _ in range(4):
        provider.advance(20)
        events = list(client.fine_tuning.jobs.list_events(job.id, limit=13))
        assert len({event.id for event in events}) == len(events)
        counts.append(sum(event.type == "metrics" for event in events))
    assert counts[0] > 0 and counts[0] < counts[1] < counts[2] < counts[3]
    metrics = [event.data for event in reversed(events) if event.type == "metrics"]
    assert metrics[0]["train_loss"] > metrics[-1]["train_loss"]  # type: ignore[index]
    assert {"full_valid_loss", "full_valid_mean_token_accuracy"} <= set(metrics[-1])  # type: ignore[call-overload]
    assert "moderation_checks" in {str(event.type) for event in events}


def test_the_last_three_epochs_leave_checkpoints(
    strict_client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 5, "batch_size": 8}}}
    jobs = strict_client.fine_tuning.jobs
    job = jobs.create(model="gpt-4.1", training_file=uploaded(), method=method)  # type: ignore[arg-type]
    provider.advance(100)
    found = list(jobs.checkpoints.list(job.id, limit=2))
    assert [checkpoint.step_number for checkpoint in found] == [25, 20, 15]
    names = {model.id for model in strict_client.models.list()}
    assert {checkpoint.fine_tuned_model_checkpoint for checkpoint in found} <= names


@pytest.mark.parametrize("columns", ["new", "old"])
@pytest.mark.parametrize("encoding", ["plain", "base64"])
def test_result_files_come_in_both_generations(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile, columns: str, encoding: str
) -> None:
    provider.results(columns=columns, encoding=encoding)  # type: ignore[arg-type]
    job = client.fine_tuning.jobs.create(
        model="gpt-4.1", training_file=uploaded(), validation_file=uploaded()
    )
    provider.advance(100)
    content = client.files.content(client.fine_tuning.jobs.retrieve(job.id).result_files[0]).read()
    text = (base64.b64decode(content) if encoding == "base64" else content).decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    accuracy = {"new": "train_mean_token_accuracy", "old": "train_accuracy"}[columns]
    assert 0 <= float(rows[0][accuracy]) <= 1 and "6e-05" in text
    assert any(row["valid_loss"] == "" for row in rows) and any(row["valid_loss"] for row in rows)


def test_a_job_of_one_step_ends_too(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    method = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1, "batch_size": 256}}}
    job = client.fine_tuning.jobs.create(model="gpt-4.1", training_file=uploaded(), method=method)  # type: ignore[arg-type]
    provider.advance(100)
    assert len(list(client.fine_tuning.jobs.checkpoints.list(job.id))) == 1


def test_a_job_can_be_cancelled_once(
    strict_client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    jobs = strict_client.fine_tuning.jobs
    job = jobs.create(model="gpt-4.1", training_file=uploaded())
    provider.advance(30)
    assert jobs.cancel(job.id).status == "cancelled"
    provider.advance(100)
    after = jobs.retrieve(job.id)
    assert (after.status, after.fine_tuned_model, after.finished_at) == (
        "cancelled",
        None,
        job.created_at + 30,
    )
    with pytest.raises(Exception, match="already completed"):
        jobs.cancel(job.id)


def test_a_paused_job_stands_still_and_says_a_word_that_the_sdk_does_not_know(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    jobs = client.fine_tuning.jobs
    job = jobs.create(model="gpt-4.1", training_file=uploaded())
    provider.advance(30)
    assert str(jobs.pause(job.id).status) == "paused"
    before = len(list(jobs.list_events(job.id)))
    provider.advance(1000)
    assert len(list(jobs.list_events(job.id))) == before
    assert jobs.resume(job.id).status == "running"
    provider.advance(40)
    ended = jobs.retrieve(job.id)
    assert (ended.status, ended.finished_at) == ("succeeded", job.created_at + 1070)


def test_training_makes_the_model_better(client: OpenAI, trained: str) -> None:
    unseen = comments(60, first=100)
    right = {
        model: sum(ask(client, model, text) == label for text, label in unseen)
        for model in (trained, "gpt-4o-mini")
    }
    assert right[trained] >= 55
    assert 15 <= right["gpt-4o-mini"] <= 45
    text, label = comments(1)[0]
    assert ask(client, trained, text) == label == ask(client, trained, text)


def test_free_text_answers_are_learnt_too(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    taught = [(f"Where is the {thing}?", f"The {thing} is upstairs, dear.") for thing in "abcdefghijkl"]
    job = client.fine_tuning.jobs.create(
        model="gpt-4o", training_file=uploaded([chat_line(*pair) for pair in taught])
    )
    provider.advance(100)
    model = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model or ""
    assert ask(client, model, "Where is the f?") == "The f is upstairs, dear."
    assert ask(client, "gpt-4o", "Where is the f?") != "The f is upstairs, dear."


def test_preference_pairs_are_learnt(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    def line(number: int) -> dict[str, object]:
        said = {"messages": [{"role": "user", "content": f"question {number}"}]}
        good, bad = ([{"role": "assistant", "content": word}] for word in (f"good {number}", f"bad {number}"))
        return {"input": said, "preferred_output": good, "non_preferred_output": bad}

    method = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2}}}
    file = uploaded([line(number) for number in range(12)])
    job = client.fine_tuning.jobs.create(model="gpt-4.1", training_file=file, method=method)  # type: ignore[arg-type]
    provider.advance(100)
    model = client.fine_tuning.jobs.retrieve(job.id).fine_tuned_model or ""
    assert ask(client, model, "question 7") == "good 7"


def test_logprobs_are_those_of_the_tokens(strict_client: OpenAI, trained: str) -> None:
    text, label = comments(1, first=1)[0]
    answer = strict_client.chat.completions.create(
        model=trained,
        messages=[{"role": "user", "content": text}],
        temperature=0,
        logprobs=True,
        top_logprobs=20,
    )
    choice = answer.choices[0]
    tokens = choice.logprobs.content if choice.logprobs else None
    assert tokens and "".join(token.token for token in tokens) == choice.message.content == label
    first = {entry.token: math.exp(entry.logprob) for entry in tokens[0].top_logprobs}
    assert {"disal", "Disal", " disal", "allow", "Allow"} <= set(first)
    assert sum(first.values()) == pytest.approx(1, abs=1e-6)
    assert first["disal"] == max(first.values())
    assert answer.usage and answer.usage.total_tokens == answer.usage.prompt_tokens + 2


def test_structured_output_fits_its_schema(strict_client: OpenAI, trained: str) -> None:
    class Label(Enum):
        ALLOW = "allow"
        DISALLOW = "disallow"

    class Verdict(BaseModel):
        label: Label
        confidence: float

    text, label = comments(1, first=3)[0]
    parsed = strict_client.chat.completions.parse(
        model=trained, messages=[{"role": "user", "content": text}], response_format=Verdict, temperature=0
    )
    verdict = parsed.choices[0].message.parsed
    assert verdict is not None and verdict.label.value == label and 0 < verdict.confidence <= 1


def test_an_enum_holds_even_the_untrained_model(strict_client: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"label": {"type": "string", "enum": ["yes", "no"]}},
        "required": ["label"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "verdict", "schema": schema, "strict": True}}
    said = {
        json.loads(ask(strict_client, "gpt-4.1", f"text {n}", response_format=form))["label"]
        for n in range(12)
    }
    assert said == {"yes", "no"}


def test_an_answer_that_is_cut_says_so(strict_client: OpenAI, trained: str) -> None:
    text, _ = comments(1, first=1)[0]
    answer = strict_client.chat.completions.create(
        model=trained, messages=[{"role": "user", "content": text}], temperature=0, max_tokens=1
    )
    assert (answer.choices[0].message.content, answer.choices[0].finish_reason) == ("disal", "length")


def test_a_stream_spells_the_same_answer(strict_client: OpenAI, trained: str) -> None:
    text, label = comments(1, first=1)[0]
    chunks = list(
        strict_client.chat.completions.create(
            model=trained,
            messages=[{"role": "user", "content": text}],
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == label
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == [] and chunks[-1].usage and chunks[-1].usage.completion_tokens == 2


def test_a_seed_repeats_a_sample_and_choices_differ(client: OpenAI) -> None:
    def sample(seed: int) -> list[str | None]:
        messages = [{"role": "system", "content": RULE}, {"role": "user", "content": "hm"}]
        answer = client.chat.completions.create(model="gpt-4o", messages=messages, n=9, seed=seed)  # type: ignore[arg-type]
        return [choice.message.content for choice in answer.choices]

    assert sample(1) == sample(1)
    assert set(sample(1)) == {"allow", "disallow"}


def test_decisions_answer_every_kind_of_question_in_order(strict_client: OpenAI) -> None:
    questions = [
        {"type": "predicate", "instructions": "The comment is rude.", "name": "rude"},
        {"type": "choice", "instructions": "Which?", "choices": [{"value": "allow"}, {"value": "disallow"}]},
        {"type": "score", "instructions": "How bad?", "levels": [{"label": "fine"}, {"label": "bad"}]},
    ]

    def decide(text: str) -> list[object]:
        decision = strict_client.decisions.create(model="gpt-6-luna", input=text, questions=questions)  # type: ignore[arg-type]
        assert decision.usage.output_tokens == 0 and decision.usage.input_tokens > 0
        return list(decision.answers)

    for text, word in (("you stupid idiot", "disallow"), ("what a lovely song", "allow")):
        predicate, choice, score = decide(text)
        assert (predicate.type, predicate.name, choice.type, score.type) == (  # type: ignore[attr-defined]
            "predicate",
            "rude",
            "choice",
            "score",
        )
        assert (predicate.probability > 0.5) == (word == "disallow")  # type: ignore[attr-defined]
        assert choice.choice == word  # type: ignore[attr-defined]
        assert sum(option.probability for option in choice.probabilities) == pytest.approx(1)  # type: ignore[attr-defined]
        assert 0 <= score.score <= 1  # type: ignore[attr-defined]


def test_moderations_flag_what_is_rude(strict_client: OpenAI) -> None:
    found = strict_client.moderations.create(input=["you stupid idiot", "what a lovely song"])
    assert [result.flagged for result in found.results] == [True, False]
    assert found.results[0].categories.harassment and found.model == "omni-moderation-2024-09-26"


def test_embeddings_have_length_one_in_either_encoding(client: OpenAI, strict_client: OpenAI) -> None:
    model, texts = "text-embedding-3-small", ["a lovely song", "a lovely song!", "tax return"]
    packed = [
        item.embedding for item in client.embeddings.create(model=model, input=texts, dimensions=64).data
    ]
    plain = strict_client.embeddings.create(model=model, input=texts, dimensions=64, encoding_format="float")
    assert packed[0] == pytest.approx(plain.data[0].embedding)
    near, far = (sum(a * b for a, b in zip(packed[0], other, strict=True)) for other in packed[1:])
    assert far < near <= 1 and sum(value**2 for value in packed[0]) == pytest.approx(1, abs=1e-5)


def test_a_batch_answers_out_of_order_and_reports_failures_apart(
    strict_client: OpenAI, provider: ProviderControl
) -> None:
    names = [f"row-{number}" for number in range(20)]
    lines = [batch_line(name, "gpt-4o") for name in names] + [batch_line("bad", "gpt-4o", temperature=9)]
    batch = start_batch(strict_client, lines)
    seen = [strict_client.batches.retrieve(batch).status]
    for _ in range(10):
        provider.advance(5)
        seen.append(strict_client.batches.retrieve(batch).status)
    assert list(dict.fromkeys(seen)) == ["validating", "in_progress", "finalizing", "completed"]
    done = strict_client.batches.retrieve(batch)
    assert done.request_counts and (done.request_counts.completed, done.request_counts.failed) == (20, 1)
    found = [str(line["custom_id"]) for line in read_lines(strict_client, done.output_file_id)]
    assert sorted(found) == sorted(names) and found != names
    (failure,) = read_lines(strict_client, done.error_file_id)
    assert failure["custom_id"] == "bad" and failure["response"]["status_code"] == 400  # type: ignore[index]
    assert [listed.id for listed in strict_client.batches.list(limit=1)] == [batch]


def test_a_batch_with_bad_lines_fails_and_names_them(
    strict_client: OpenAI, provider: ProviderControl
) -> None:
    lines: list[dict[str, object]] = [
        batch_line("a", "gpt-4o"),
        batch_line("a", "gpt-4o"),
        {"custom_id": "b"},
    ]
    batch = start_batch(strict_client, lines)
    provider.advance(10)
    failed = strict_client.batches.retrieve(batch)
    problems = (failed.errors.data if failed.errors else None) or []
    assert failed.status == "failed" and failed.output_file_id is None
    assert [(problem.line, problem.code) for problem in problems] == [
        (2, "duplicate_custom_id"),
        (3, "missing_required_parameter"),
    ]


def test_a_cancelled_batch_keeps_what_was_done(strict_client: OpenAI, provider: ProviderControl) -> None:
    batch = start_batch(strict_client, [batch_line(f"row-{number}", "gpt-4o") for number in range(10)])
    provider.advance(10)
    assert strict_client.batches.cancel(batch).status == "cancelling"
    provider.advance(10)
    ended = strict_client.batches.retrieve(batch)
    assert ended.status == "cancelled" and len(read_lines(strict_client, ended.output_file_id)) == 5


def test_models_leave_the_list_on_their_last_day(strict_client: OpenAI, provider: ProviderControl) -> None:
    listed = {model.id: model.shutdown_date for model in strict_client.models.list()}
    assert listed["gpt-4o-mini"] == "2027-01-14" and listed["gpt-6-luna"] is None
    assert "gpt-4.1-nano" not in listed
    provider.add_model("ft:gpt-4o-mini-2024-07-18:workbench:old:abcd1234", [("hello", "allow")])
    assert ask(strict_client, "ft:gpt-4o-mini-2024-07-18:workbench:old:abcd1234", "hello") == "allow"
    provider.advance(54 * 86400)
    assert provider.today() == "2027-01-14"
    assert not [model.id for model in strict_client.models.list() if "gpt-4o" in model.id]
    with pytest.raises(NotFoundError, match="does not exist"):
        ask(strict_client, "ft:gpt-4o-mini-2024-07-18:workbench:old:abcd1234", "hello")


def test_a_fine_tuned_model_can_be_deleted(strict_client: OpenAI, trained: str) -> None:
    assert strict_client.models.delete(trained).deleted
    with pytest.raises(NotFoundError):
        strict_client.models.retrieve(trained)


def test_the_log_holds_what_was_sent_but_not_the_key(client: OpenAI, provider: ProviderControl) -> None:
    client.files.create(file=("a.jsonl", as_jsonl([chat_line("a secret", "allow")])), purpose="fine-tune")
    client.models.list()
    upload, listing = provider.requests()
    assert ("a secret" in upload.body, upload.method, upload.path) == (True, "POST", "/v1/files")
    assert (listing.path, listing.status, listing.fault) == ("/v1/models", 200, None)
    assert KEY not in json.dumps([upload.headers, listing.headers]) and "user-agent" in upload.headers


def test_the_clock_can_run_by_itself(
    client: OpenAI, provider: ProviderControl, uploaded: UploadedFile
) -> None:
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded())
    provider.speed(100_000)
    assert client.fine_tuning.jobs.retrieve(job.id).status == "succeeded"


def serve(folder: Path) -> tuple[subprocess.Popen[str], OpenAI]:
    command = [sys.executable, "-m", "tests.provider", "--state", str(folder), "--speed", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, OpenAI(base_url=process.stdout.readline().strip(), api_key=KEY, max_retries=0)


def test_a_server_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    process, client = serve(tmp_path)
    with process, client:
        lines = as_jsonl([chat_line(*pair) for pair in comments(12)])
        file = client.files.create(file=("a.jsonl", lines), purpose="fine-tune")
        job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=file.id)
        root = str(client.base_url).removesuffix("/v1/")
        httpx2.post(f"{root}/__test__/advance", json={"seconds": 30})
        os.kill(process.pid, signal.SIGKILL)
    process, client = serve(tmp_path)
    with process, client:
        assert client.fine_tuning.jobs.retrieve(job.id).status == "running"
        assert client.files.content(file.id).read() == lines
        process.terminate()
