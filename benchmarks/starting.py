"""start: from `workbench.py serve-ui` to the first page drawn, and what that imports."""

import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from playwright.sync_api import Browser

from benchmarks.figures import Figure
from benchmarks.workshop import PERSON, Workshop, chromium
from tests.browser.driving import PATIENCE_MS, ROOT, free_port, running, settled, wait_until_up

_TIMES = 5
_AIM_S = 3.0
_HEAVY = ("torch", "transformers", "sklearn", "openai")

# Everything that Home.py and its pages import, without running them.
_IMPORTS = """
import ast, importlib, pathlib, sys
files = [pathlib.Path("Home.py"), pathlib.Path("server.py"), *pathlib.Path("pages").glob("*.py")]
for file in files:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            importlib.import_module(node.module)
        elif isinstance(node, ast.Import):
            for name in node.names:
                importlib.import_module(name.name)
print(" ".join(name for name in sys.argv[1:] if name in sys.modules))
"""


def figures(shop: Workshop) -> Iterator[Figure]:
    """Seconds to the first page, and how many of the heavy libraries it brings in."""
    home = str(shop.demo())
    with chromium() as browser:
        taken = [_start(browser, home, shop) for _ in range(_TIMES)]
    yield Figure(
        "start: serve-ui to the first page, demo",
        median(total for total, _ in taken),
        "s",
        limit=_AIM_S,
        aim="under 3 s",
        parts=f"median of {_TIMES}, {min(taken)[0]:.2f} to {max(taken)[0]:.2f} s; "
        f"the server answers after {median(up for _, up in taken):.2f} s",
    )
    found = subprocess.run(
        [sys.executable, "-c", _IMPORTS, *_HEAVY], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    yield Figure(
        f"start: of {', '.join(_HEAVY)}, imported",
        len(found),
        "",
        limit=0.0,
        aim="none",
        rival=float(len(_HEAVY)),
        rival_name="all",
        parts=" ".join(found),
    )


def _start(browser: Browser, home: str, shop: Workshop) -> tuple[float, float]:
    """Seconds from the command to the first page drawn, and to the server's first answer."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    context = browser.new_context(viewport={"width": 1440, "height": 950})
    context.add_cookies([{"name": "workbench_person", "value": PERSON, "url": address}])
    page = context.new_page()
    command = [sys.executable, "workbench.py", "serve-ui", "--port", str(port), "--home", home]
    started = time.perf_counter()
    with running(command, shop.folder / "start.log", cwd=ROOT) as process:
        wait_until_up(f"{address}/api/health", process)
        up = time.perf_counter() - started
        page.goto(address)
        settled(page)
        page.locator("[data-testid=stMain] h3").first.wait_for(timeout=PATIENCE_MS)
        total = time.perf_counter() - started
        context.close()
    return total, up
