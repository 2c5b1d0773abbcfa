"""The house rules that a machine can check: which layer may import which, and words that must not appear."""

import ast
import re
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ("domain", "storage", "services", "ui", "pages")
ENTRIES = ("Home", "server", "workbench")

# What each layer may import of ours.
ARROWS = {
    "domain": {"domain"},
    "storage": {"domain", "storage"},
    "services": {"domain", "storage", "services"},
    "ui": {"domain", "services", "ui"},
    "pages": {"domain", "services", "ui"},
    "Home": {"domain", "services", "ui"},
    "server": {"domain", "services"},
    "workbench": {"domain", "services"},
}
# What a single module may import beyond its layer, and why.
EXCEPTIONS = {
    "ui/store.py": {"storage"},  # it hands the open database to the pages
}
# Where a library may be imported: everywhere below these.
HOMES = {
    "streamlit": ("Home.py", "server.py", "pages/", "ui/"),
    "duckdb": ("storage/",),
    "openai": ("services/backends/", "services/jobs/"),
    "torch": ("services/backends/", "services/jobs/"),
    "transformers": ("services/backends/", "services/jobs/"),
    "sklearn": ("services/backends/", "services/jobs/"),
}
FORBIDDEN = {
    "a page that runs what a comment says": r"unsafe_allow_html|\bst\.html\b|components\.html|allow_html",
    "a file that runs code when it is read": r"\b(pickle|joblib|dill|marshal)\b\s*(\.|import|$)|torch\.load",
    "code out of text": r"(?<![\w.])(eval|exec)\(",
    "code of strangers": r"trust_remote_code",
    "a cache emptied for everybody": r"cache_(data|resource)\.clear",
    "an error swallowed": r"except\s*:|except BaseException\s*:\s*pass",
}
EXCUSED = {("storage/database.py", "an error swallowed")}  # it rolls back and raises again
MOST_LINES, MANY_LINES = 450, 300


def modules():
    folders = [path for layer in LAYERS for path in (ROOT / layer).rglob("*.py")]
    return sorted([*folders, *(ROOT / f"{entry}.py" for entry in ENTRIES)])


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@cache
def imports_of(path):
    """The import statements of the file, at whatever depth of the code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(path):
    """Every module that the file imports."""
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            assert node.level == 0, f"{name_of(path)} imports relatively"
            yield node.module


def code_of(path):
    """The file without its strings and comments, so that a rule may be talked about."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.unparse(tree)


def test_arrows_point_one_way():
    wrong = []
    for path in modules():
        layer = path.relative_to(ROOT).parts[0].removesuffix(".py")
        allowed = ARROWS[layer] | EXCEPTIONS.get(name_of(path), set())
        for module in imported(path):
            target = module.split(".")[0]
            if target in {*LAYERS, *ENTRIES} and target not in allowed:
                wrong.append(f"{name_of(path)} imports {module}")
    assert wrong == []


def test_no_exception_is_kept_that_nobody_needs():
    for name, targets in EXCEPTIONS.items():
        assert targets <= {module.split(".")[0] for module in imported(ROOT / name)}


def test_a_library_stays_in_its_layer():
    wrong = [
        f"{name_of(path)} imports {module}"
        for path in modules()
        for module in imported(path)
        if module.split(".")[0] in HOMES and not name_of(path).startswith(HOMES[module.split(".")[0]])
    ]
    assert wrong == []


def our_imports(path, seen):
    """The file and all of ours that it imports, directly or not."""
    if path in seen:
        return seen
    seen.add(path)
    for module in imported(path):
        for name in (module, *(f"{module}.{part}" for part in module_parts(path, module))):
            place = ROOT / name.replace(".", "/")
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.is_file():
                    our_imports(file, seen)
    return seen


def module_parts(path, module):
    for node in imports_of(path):
        if isinstance(node, ast.ImportFrom) and node.module == module:
            yield from (alias.name for alias in node.names)


def scripts():
    """What runs in a process of its own: jobs, and the child that reads foreign files."""
    files = sorted((ROOT / "services" / "jobs").glob("*.py")) + [ROOT / "storage" / "intake" / "child.py"]
    return [path for path in files if '__name__ == "__main__"' in path.read_text(encoding="utf-8")]


@pytest.mark.parametrize("script", scripts(), ids=name_of)
def test_a_process_beside_the_app_never_opens_the_database(script):
    reached = {name_of(path) for path in our_imports(script, set())}
    assert "storage/database.py" not in reached, sorted(reached)


def test_there_are_scripts_to_look_at():
    known = {"services/jobs/train_baseline.py", "services/jobs/predict.py", "storage/intake/child.py"}
    assert known <= set(map(name_of, scripts()))


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_forbidden_code_appears_nowhere(rule):
    found = [
        f"{name_of(path)}: {match.group()}"
        for path in modules()
        for match in re.finditer(FORBIDDEN[rule], code_of(path), re.MULTILINE)
        if (name_of(path), rule) not in EXCUSED
    ]
    assert found == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("a page that runs what a comment says", "st.markdown(x, unsafe_allow_html=True)"),
        ("a page that runs what a comment says", "st.html(x)"),
        ("a file that runs code when it is read", "import pickle"),
        ("a file that runs code when it is read", "torch.load(x)"),
        ("code out of text", "y = eval(x)"),
        ("an error swallowed", "try:\n    f()\nexcept:\n    pass"),
    ],
)
def test_the_rules_find_what_they_forbid(rule, code):
    assert re.search(FORBIDDEN[rule], code, re.MULTILINE)


def test_the_first_screen_loads_no_trainer():
    names = sorted({module for path in [ROOT / "Home.py", ROOT / "server.py", *(ROOT / "pages").glob("*.py")]
                    for module in imported(path) if module.split(".")[0] in LAYERS})  # fmt: skip
    heavy = ("torch", "transformers", "sklearn", "openai", "matplotlib", "openpyxl")
    code = (
        f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    command = [sys.executable, "-W", "ignore", "-c", code]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr[-2_000:]


def test_no_page_hides_its_script_in_a_function():
    for path in (ROOT / "pages").glob("*.py"):
        assert "__main__" not in path.read_text(encoding="utf-8"), path.name


def test_whoever_counts_folders_upwards_arrives_at_the_root():
    for path in modules():
        told = path.read_text(encoding="utf-8")
        for steps in re.findall(r"__file__\)\.resolve\(\)\.parents\[(\d)\]", told):
            assert path.parents[int(steps)] == ROOT, name_of(path)


def test_modules_stay_small():
    sizes = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    large = {name: lines for name, lines in sizes.items() if lines > MANY_LINES}
    print(f"Above {MANY_LINES} lines: {large}")
    assert {name: lines for name, lines in large.items() if lines > MOST_LINES} == {}


def test_no_module_is_called_after_nothing():
    names = {path.stem for path in modules()}
    assert not names & {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}


def test_every_module_compiles_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in modules():
            compile(path.read_text(encoding="utf-8"), str(path), "exec")
