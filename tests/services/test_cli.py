import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import workbench
from services.verbs.table import VERBS
from tests.hostile import HOSTILE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cli(home, monkeypatch):
    """Run workbench.py with these words in this process; the answer's exit code and output."""
    monkeypatch.setenv("WORKBENCH_PROCESS", "workbench.py")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["workbench.py", *words])  # where --json is looked for
        return CliRunner().invoke(workbench.app, list(words))

    return run


def told(answer):
    return json.loads(answer.stdout)


# Verbs that other commands carry out for an option or a command of theirs.
WITHIN = {
    "look": ("import", "--look"),
    "check-import": ("import", "--check"),
    "evaluate-file": ("evaluate", "--predictions"),
    "estimate": ("train", "--estimate"),
    "hosted-jobs": ("jobs", "--provider"),
    "archive-model": ("models", "archive"),
    "compare-models": ("models", "differences"),
    "base-model": ("models", "base"),
    "export-model": ("models", "export"),
}
FOR_PROGRAMS = {"show-snapshot"}  # at the door


@pytest.mark.parametrize(("verb", "within"), WITHIN.items())
def test_a_verb_within_another_command_is_found_in_its_help(cli, verb, within):
    command, part = within
    assert part in cli(command, "--help").stdout
    assert verb in VERBS


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in {*WITHIN, *FOR_PROGRAMS}])
def test_every_verb_is_a_command_that_help_lists_and_that_answers_in_json(cli, verb):
    assert f"\n  {verb} " in cli("--help").stdout
    assert "--json" in cli(verb, "--help").stdout


def test_help_costs_no_heavy_import():
    heavy = ("duckdb", "streamlit", "sklearn", "torch")
    code = f"import sys, workbench; print([name for name in {heavy!r} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() == "[]"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["datasets"], None),
        (["comments", "--dataset", "none"], "NotFound"),
        (["guideline", "--dataset", "none", "--as", "ana"], "NotFound"),
        (["snapshot", "--list", "--dataset", "none"], "NotFound"),
        (["jobs", "--dataset", "none"], "NotFound"),
        (["models", "--dataset", "none"], "NotFound"),
        (["snapshot", "--dataset", "none", "--as", "ana"], "NotFound"),
        (["create", "--dataset", "Bad Name", "--labels", "a,b", "--as", "ana"], "BadInput"),
        (["create", "--dataset", "fine", "--labels", "a", "--as", "ana"], "BadInput"),
        (["create", "--dataset", "fine", "--labels", "a,b", "--as", "(imported)"], "BadInput"),
        (["findings", "7"], "NotFound"),
        (["comment", "7"], "NotFound"),
        (["evaluate"], "BadInput"),
        (["tokens"], "BadInput"),
        (["tokens", "--snapshot", "snapshot-9"], "NotFound"),
        (["tokens", "--snapshot", "snapshot-9", "--keep", "allow"], "BadInput"),
        (["export", "out.csv"], "BadInput"),
        (["export", "out.jsonl", "--format", "chat", "--snapshot", "snapshot-9"], "NotFound"),
        (["export", "out.jsonl", "--format", "poem"], "BadInput"),
        (["review", "--run", "run-9", "--as", "ana"], "NotFound"),
        (["compare", "run-1", "run-2"], "NotFound"),
        (["jobs", "job-9"], "NotFound"),
        (["jobs", "--cancel", "--as", "ana"], "BadInput"),
        (["jobs", "--restart", "--as", "ana"], "BadInput"),
        (["clean", "--dataset", "none", "--undo", "1", "--as", "ana"], "NotFound"),
        (["models", "model-9"], "NotFound"),
        (["train", "--snapshot", "snapshot-9", "--as", "ana"], "NotFound"),
        (["clean", "--dataset", "none", "--as", "ana"], "NotFound"),
    ],
)
def test_under_json_an_error_is_json_too_and_only_success_exits_with_zero(cli, words, error):
    answer = cli(*words, "--json")
    assert answer.exit_code == (1 if error else 0)
    if error:
        assert told(answer)["error"] == error
        assert told(answer)["message"]


def test_check_exits_with_one_for_a_file_that_no_host_would_take(cli, tmp_path):
    example = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "allow"}]}
    path = tmp_path / "examples.jsonl"
    lines = [json.dumps({"messages": [{**example["messages"][0], "content": f"{n}"}, example["messages"][1]]})
             for n in range(10)]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    fine = cli("check", str(path), "--json")
    assert (fine.exit_code, told(fine)["ok_to_upload"]) == (0, True)
    path.write_text("\n".join([*lines[:-1], "{"]), encoding="utf-8")
    wrong = cli("check", str(path), "--json")
    assert (wrong.exit_code, told(wrong)["ok_to_upload"]) == (1, False)
    assert (10, "not_json") in {(one["row"], one["code"]) for one in told(wrong)["findings"]}
    assert "row 10: error: example:" in cli("check", str(path)).stdout
    path.write_text("\n".join(lines).replace('"7"', '"call 555-0142"'), encoding="utf-8")
    personal = cli("check", str(path))
    assert personal.exit_code == 1 and "555-0142" not in personal.stdout
    assert "row 8: error: messages[0].content: The text holds a phone number." in personal.stdout


def test_without_json_an_error_is_one_sentence_on_the_other_stream(cli):
    answer = cli("comment", "7")
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr.startswith("There is no comment 7.")
    assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(("told", "added"), [((), 1), (("--column", "label="), 0)])
def test_a_column_that_is_not_named_is_guessed_unless_it_is_left_out(cli, tmp_path, told, added):
    file = tmp_path / "a.csv"
    file.write_text("id,body,verdict\n1,hello,allow\n")
    columns = ("--column", "text=body", *told)
    answer = cli("import", str(file), "--dataset", "kids", *columns, "--labels", "allow,disallow", "--json")
    assert json.loads(answer.stdout)["import"]["counts"]["labels"] == added


def test_a_pair_without_an_equals_sign_is_refused(cli, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text\nhello\n")
    answer = cli("import", str(file), "--dataset", "kids", "--column", "text", "--as", "ana", "--json")
    assert (answer.exit_code, told(answer)["error"]) == (1, "BadInput")


def test_a_guideline_that_is_no_text_is_refused(cli, tmp_path):
    cli("create", "--dataset", "kids", "--labels", "allow,disallow", "--as", "ana")
    (tmp_path / "guideline.bin").write_bytes(b"\xff\xfe\x00")
    file = str(tmp_path / "guideline.bin")
    answer = cli("guideline", "--dataset", "kids", "--file", file, "--as", "ana", "--json")
    assert (answer.exit_code, told(answer)["error"]) == (1, "BadInput")


def test_no_hostile_comment_reaches_the_terminal_as_a_control(cli, tmp_path):
    file = tmp_path / "hostile.jsonl"
    rows = [{"id": str(n), "text": text} for n, text in enumerate(HOSTILE)]
    file.write_text("\n".join(map(json.dumps, rows)))
    made = ("--dataset", "kids", "--labels", "allow,disallow", "--as", "ana", "--json")
    imported = cli("import", str(file), *made)
    assert imported.exit_code == 0, imported.stdout
    shown = [
        cli("comments", "--dataset", "kids", "--limit", "100").stdout,
        cli("label", "--dataset", "kids", "--wanted", "100", "--as", "ana").stdout,
        cli("comment", "2").stdout,
    ]
    for output in shown:
        assert output.strip()
        assert not set(output) & set("\x00\x07\x1b\x7f\x9b\r\u202e\u2066\u200b\ufeff")


def test_the_home_is_made_private_and_only_where_it_was_asked_for(cli, tmp_path):
    folder = tmp_path / "elsewhere"
    assert cli("datasets", "--home", str(folder)).exit_code == 0
    assert (folder / "workbench.duckdb").exists()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["findings", "1", "--limit", "-1"],
        ["review", "--run", "run-1", "--limit", "-1"],
        ["comments", "--dataset", "none", "--limit", "-1"],
        ["comments", "--dataset", "none", "--offset", "-1"],
        ["label", "--dataset", "none", "--wanted", "-1"],
        ["tokens", "--limit", "-1"],
    ],
)
def test_a_negative_number_of_rows_is_refused_by_the_name_of_its_option(cli, words):
    answer = cli(*words)
    assert answer.exit_code == 2
    assert words[-2] in answer.stderr and "greater than or equal to" in answer.stderr
