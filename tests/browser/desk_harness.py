"""A page with the labelling pane and a ledger in memory; the tests choose its manners in the address."""

import json
import time
from dataclasses import asdict, dataclass, field

import streamlit as st

from ui.labelling.desk import DeskComment, DeskForm, DeskLabel, DeskVote, Recent, label_desk

HOSTILE = [
    '<img src=x onerror="window.hurt=1"> ![x](http://127.0.0.1:9/b.png) **bold** '
    "<script>window.hurt=1</script>",
    "admin \u202eesrever\u202c end\u200b\u200b\u200bless \u2066isolated\u2069\ufeff",
    "family \U0001f468\u200d\U0001f469\u200d\U0001f467 flag \U0001f3f3\ufe0f\u200d\U0001f308 and a\u200db",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \u0627\u06cc\u0646 \u0646\u0638\u0631",
    "Z\u0351\u036b\u0343a\u0363\u034cl\u0322g\u033bo\u0321 " + "\u0351\u036b\u0343" * 40 + "W" * 400,
    "line one\nline two\rline three\r\n    indented \x07bell " + "a long sentence that goes on. " * 80,
]
PLAIN = [
    "I have read the article twice and still cannot see what the fuss is about.",
    "You people are why nobody comes to this forum any more.",
    "Thanks, that fixed it. For anyone else: the second screw has a left-hand thread.",
    "lol",
    "Go back to wherever you crawled out of and take your stupid opinions with you.",
]
LABELS = [
    DeskLabel("allow", "1", "#2a9d8f", "Heated, rude to an idea, or simply wrong: all of it may stay."),
    DeskLabel("disallow", "2", "#d1495b", "Attacks a person or a group, threatens, or drives others out."),
    DeskLabel("<b>spam</b>", "s", "url(http://127.0.0.1:9/c.png)", "Sells something."),
]
GUIDELINE = (
    "Judge what is written, not who wrote it.\n\nA quotation counts as its author's words when the comment "
    "agrees with it.\nWhen in doubt, choose Not sure: somebody else will look."
)
GUIDELINE_AS_MARKDOWN = """# When it *stays*

Judge **what is written**, not `who` wrote it.
- heated \\* words
  - 2 * 3 * 4 <img src=x onerror="window.hurt=1">
3. ![x](http://127.0.0.1:9/d.png) and [a link](javascript:window.hurt=1)

| label | means |
|---|:-:|
| allow | **may** stay |
"""
GUIDELINE_WITH_A_WIDE_TABLE = """| label | may | may not | why |
|---|---|---|---|
| disallow | anger at an idea | contempt of a person | it drives people out |
"""


@dataclass
class Ledger:
    """What a server would hold: votes by client id, and the failures that a test ordered."""

    votes: dict[str, DeskVote] = field(default_factory=dict)
    calls: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    spare: int = 0
    lose: int = 0
    unacked: int = 0
    mute: bool = False

    def write(self, votes: list[DeskVote]) -> None:
        started = time.perf_counter()
        self.calls.append(len(votes))
        if self.spare:
            self.spare -= 1
        elif self.lose:
            self.lose -= 1
            return
        for vote in votes:
            self.votes.setdefault(vote.client_id, vote)
        self.milliseconds.append((time.perf_counter() - started) * 1000)

    def acked(self) -> list[str]:
        if self.mute:
            return []
        if self.unacked:
            self.unacked -= 1
            return []
        return list(self.votes)[-400:]

    def answered(self) -> dict[int, DeskVote]:
        undone = {vote.undoes for vote in self.votes.values()}
        live = (v for v in self.votes.values() if v.kind != "undo" and v.client_id not in undone)
        return {vote.comment_id: vote for vote in live}


@st.cache_resource
def ledger(name: str, *, spare: int, lose: int, unacked: int, mute: bool) -> Ledger:
    return Ledger(spare=spare, lose=lose, unacked=unacked, mute=mute)


def comments(kind: str, count: int) -> list[DeskComment]:
    bodies = HOSTILE if kind == "hostile" else PLAIN
    author = "\u202eeve <b>" if kind == "hostile" else None
    return [
        DeskComment(
            place,
            bodies[(place - 1) % len(bodies)],
            author or f"author {place % 7}",
            f"thread {place % 11}",
            "2026-11-20 14:05",
            "en",
            veiled="veiled" in wanted and place % 2 == 0,
        )
        for place in range(1, count + 1)
    ]


wanted = st.query_params.to_dict()
st.set_page_config(layout="wide" if "wide" in wanted else "centered")
book = ledger(
    wanted.get("ledger", "one"),
    spare=int(wanted.get("spare", 0)),
    lose=int(wanted.get("lose", 0)),
    unacked=int(wanted.get("unacked", 0)),
    mute="mute" in wanted,
)
everything = comments(wanted.get("kind", "plain"), int(wanted.get("count", 200)))

guideline = {"1": GUIDELINE_AS_MARKDOWN, "2": GUIDELINE_WITH_A_WIDE_TABLE}.get(
    wanted.get("markdown", ""), GUIDELINE * int(wanted.get("times", 1))
)

st.selectbox("Queue", ["first", "second"], key="queue")
st.text_input("Search", key="search")
st.checkbox("Only mine", key="mine")
st.checkbox("Show the desk", key="shown", value=True)


@st.fragment
def desk() -> None:
    time.sleep(float(wanted.get("slow", 0)))
    acked = book.acked()
    answered = book.answered()
    waiting = [comment for comment in everything if comment.comment_id not in answered]
    label_desk(
        key=f"desk-{wanted.get('ledger', 'one')}-{st.session_state.queue}",
        labels=LABELS,
        queue=waiting[:24],
        acked=acked,
        done=len(answered),
        waiting=len(waiting),
        guideline=guideline,
        examples=["disallow: “**go away** <b>”"] if "markdown" in wanted else [],
        recent=[
            Recent(everything[number - 1], vote.client_id, vote.kind, vote.label)
            for number, vote in answered.items()
        ][-10:],
        several="several" in wanted,
        on_votes=book.write,
        form=None if "bare" in wanted else DeskForm(severity=3, masked=("stupid",)),
        context=st.session_state.get("around"),
        on_asked=lambda number: st.session_state.update(
            around={"comment_id": number, "parts": [["Before it", [f"what came before {number}"]]]}
        ),
        rest=wanted.get("rest", ""),
    )
    if "quiet" not in wanted:
        votes = [asdict(vote) for vote in book.votes.values()]
        st.text(json.dumps({"votes": votes, "calls": book.calls, "ms": book.milliseconds}))


if st.session_state.shown:
    desk()
