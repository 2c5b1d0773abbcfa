"""The dashboard as a server: Home.py, the door for the command line, safe headers, no traceback to a user.

Run with `streamlit run server.py`, or `workbench.py serve-ui`, which does that.
"""

import asyncio
import logging
import os
import secrets
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from streamlit.logger import get_logger
from streamlit.runtime.pages_manager import PagesManager

from domain.errors import Busy, WorkbenchError
from domain.text import escape_markdown, with_hint
from services.homes import home_folder
from services.log_lines import OursInALine
from services.owner import Owner, owner_of

_log = logging.getLogger("workbench")

_UNTIL_IT_LISTENS_S = 1.0

# Nothing is loaded from elsewhere: a comment that smuggles a picture in still reaches no other host.
# Streamlit runs inline scripts and styles, its charts compile their expressions.
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self' data: blob:; worker-src 'self' blob:; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'self'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}


class _SafeHeaders(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response


@asynccontextmanager
async def _owning(_app: st.App) -> AsyncIterator[None]:
    """Own the database from the start; while another process holds it, say so and try again."""
    owner = owner_of(home_folder())
    opening = asyncio.create_task(_open(owner))
    if address := os.environ.get("WORKBENCH_OPEN_BROWSER"):
        asyncio.get_running_loop().call_later(_UNTIL_IT_LISTENS_S, webbrowser.open, address)
    yield
    opening.cancel()
    owner.close()


async def _open(owner: Owner) -> None:
    told = ""
    while True:
        try:
            await asyncio.to_thread(owner.database)
            return
        except Busy as error:
            if str(error) != told:
                told = str(error)
                _log.warning("Waiting: %s", told)
            await asyncio.sleep(0.2)
        except WorkbenchError as error:
            _log.error("%s", with_hint(str(error), error.hint))
            return


def _health(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def _on_script_error(error: Exception) -> bool:
    """An error of ours is shown. A bug: the whole of it goes to the log, the person gets its number."""
    if isinstance(error, WorkbenchError):
        st.error(escape_markdown(with_hint(str(error), error.hint)), icon=":material/error:")
        return True
    number = secrets.token_hex(4)
    _log.error("Error %s", number, exc_info=error)
    st.error(
        f"Something went wrong that should not. It is in the log as error {number}.", icon=":material/error:"
    )
    return True


# Streamlit logs whatever ends a page, or a part of one, before it asks what is to be shown.
get_logger("streamlit.error_util").addFilter(OursInALine())

# A folder named pages would make Streamlit run a page without Home.py for whoever comes first by a link,
# which after a restart is every open tab. Streamlit has no public word for this.
PagesManager.uses_pages_directory = False

app = st.App(
    Path(__file__).resolve().parent / "Home.py",
    lifespan=_owning,
    routes=[Route("/api/health", _health)],
    middleware=[Middleware(_SafeHeaders)],
    on_script_error=_on_script_error,
)
