import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = ("curator", "evaluator", "lead", "operator")
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


def commands(document: str) -> list[str]:
    blocks = BLOCK.findall((ROOT / document).read_text(encoding="utf-8"))
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith(".venv/bin/python")]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "comments.csv").write_text("body,label\nso lovely,allow\ngo away,disallow\n", encoding="utf-8")
    (folder / "theirs.csv").write_text("label,prediction\nallow,allow\ndisallow,allow\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("document", ["README.md", "docs/evaluator.md"])
def test_every_command_in_the_document_works_in_the_order_given(document: str, elsewhere: Path) -> None:
    environment = {**os.environ, "WORKBENCH_HOME": str(elsewhere / "home"), "WORKBENCH_AS": "ana"}
    for command in commands(document):
        words = [sys.executable, str(ROOT / "workbench.py"), *command.split()[2:]]
        done = subprocess.run(
            words, cwd=elsewhere, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_the_readme_is_under_120_lines() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < 120


@pytest.mark.parametrize("page", sorted(path.stem for path in (ROOT / "pages").glob("*.py")))
def test_every_page_is_in_a_guide(page: str) -> None:
    title = {"overview": "Home"}.get(page, page.capitalize())
    texts = [(ROOT / "docs" / f"{guide}.md").read_text(encoding="utf-8") for guide in GUIDES]
    assert any(title in text for text in texts)


@pytest.mark.parametrize("document", ["README.md", *(f"docs/{guide}.md" for guide in GUIDES)])
def test_every_link_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert ((ROOT / document).parent / target).exists(), target
