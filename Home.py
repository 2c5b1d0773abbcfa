"""Entry point: who is here, which dataset is in hand, and the pages in the order of the loop."""

from pathlib import Path

import streamlit as st

from ui.errors import showing_errors
from ui.frame import draw_frame, draw_head
from ui.person import person

_PAGES = Path(__file__).resolve().parent / "pages"
_ICON = Path(__file__).resolve().parent / "ui" / "icon.svg"


def _page(file: str, title: str, icon: str, purpose: str, **options: bool) -> st.Page:
    return st.Page(_PAGES / f"{file}.py", title=title, icon=f":material/{icon}:", help=purpose, **options)


st.set_page_config(page_title="Moderation Workbench", page_icon=str(_ICON), layout="wide")
page = st.navigation(
    {
        "": [_page("overview", "Home", "home", "Where each dataset stands; what to do next.", default=True)],
        "Curate": [
            _page("import", "Import", "upload_file", "Bring comments in from a file of any usual kind."),
            _page("clean", "Clean", "mop", "Exclude empty comments and exact duplicates, with an undo."),
            _page("guideline", "Guideline", "menu_book", "What each label means, in versions."),
            _page("label", "Label", "label", "One comment at a time, by keyboard."),
            _page("comments", "Comments", "forum", "Find comments, and see all that is known of one."),
            _page("agreement", "Agreement", "handshake", "Can the labels be trusted? Who disagrees?"),
        ],
        "Train": [
            _page("snapshots", "Snapshots", "photo_camera", "Freeze the labels in force."),
            _page("tokens", "Tokens", "toll", "What fine-tuning would cost, and what is wrong in a file."),
            _page("train", "Train", "model_training", "Train a model on a snapshot."),
            _page("generation", "Generate", "edit_note", "Models that write: summarise, reply, make polite."),
            _page("studies", "Experiments", "insights", "Better settings? More labels? Which split?"),
            _page("jobs", "Jobs", "pending_actions", "Follow, cancel and restart jobs."),
            _page("models", "Models", "neurology", "Models, and their predictions."),
        ],
        "Evaluate": [
            _page("try", "Playground", "play_circle", "Try models on a text of your own, side by side."),
            _page("evaluate", "Evaluate", "analytics", "How well a model does on a frozen set."),
            _page("behaviour", "Behaviour", "rule", "Test cases, other spellings, prompt injection."),
            _page("review", "Review", "rate_review", "Decide what each miss means."),
            _page("thresholds", "Thresholds", "tune", "Where to cut, and what that means in a day."),
            _page("compare", "Compare", "compare_arrows", "Two models on the same rows."),
            _page("leaving", "Leaving a service", "logout", "Its scores beside your model's."),
            _page("release", "Release", "verified", "May this model go into production, and who says so."),
        ],
    },
    expanded=True,
)
beside_title = draw_head(page.title)
with showing_errors():
    who = person()
    draw_frame(who, beside_title)
    page.run()
