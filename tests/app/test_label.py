import pytest

from domain.labels import IMPORTED, Vote
from domain.queues import QueueSettings
from services.curation.datasets import write_guideline
from services.labelling import adjudication, care
from services.labelling.desk import record_votes
from services.labelling.guideline_examples import guideline_for_people, list_examples
from services.labelling.queues import close_queue, create_queue, list_queues, next_in_queue
from storage.votes import add_votes, count_votes
from tests.building import KIDS, asked, kids, numbers, put_in, texts
from ui.labelling.desk import DeskVote

SECRET = "zelda"


@pytest.fixture
def said(db):
    """Sixty comments; zelda voted on each with a reason, the file brought labels, half are decided."""
    kids(db)
    rows = texts(*(f"comment {n}" for n in range(60)))
    put_in(db, [{**row, "author": f"author-of-{row['id']}", "score": "0.77341"} for row in rows])
    for number in numbers(db):
        given = Vote(number, SECRET, "label", f"z{number}", "disallow", reason="zelda's reason")
        record_votes(db, KIDS, [given], actor=SECRET)
        add_votes(db, KIDS, [Vote(number, IMPORTED, "label", f"i{number}", "disallow", source="import")])
    for number in numbers(db)[40:]:
        adjudication.decide(db, KIDS, number, label="disallow", why="zelda was right", actor="lena")
    return numbers(db)


def queue(db, name="first", **settings):
    return create_queue(db, KIDS, name, QueueSettings(votes_needed=3, **settings), actor="lena")


def sent(at):
    """Everything that the browser gets of the page, as text."""
    return "".join(repr(node.proto) for node in at._tree if hasattr(node, "proto"))


def sent_to_desk(at):
    """What the pane gets: the data of the component, without its program."""
    [desk] = [each.proto for each in at._tree if getattr(each, "type", "") == "bidi_component"
              and "desk" in each.proto.component_name]  # fmt: skip
    return repr(desk).replace(repr(desk.js_content)[1:-1], "")


def test_a_blind_queue_sends_nothing_of_what_others_think(db, said, open_page):
    blind = queue(db, golden_share=0.3)
    at = open_page("label", queue=blind.queue_id)
    assert not at.exception
    told = sent_to_desk(at)
    assert "comment 7" in told  # so that what is looked for below would be found here
    for secret in (
        SECRET,
        "lena",
        "author-of",
        "0.77341",
        "score 0",
        "imported",
        "majority",
        "adjudicated",
        "golden",
    ):
        assert secret not in told, secret
    for secret in ("zelda's reason", "zelda was right", "author-of", "0.77341", "(imported)"):
        assert secret not in sent(at), secret


def test_a_queue_that_is_not_blind_says_what_is_in_force(db, said, open_page):
    at = open_page("label", queue=queue(db, is_blind=False).queue_id)
    told = sent_to_desk(at)
    assert "now disallow (single), score 0.77" in told
    assert "author-of-c0" in told


def test_without_a_queue_the_desk_says_who_wrote_and_no_label(db, said, open_page):
    queue(db)
    put_in(db, [{"id": "new", "text": "a new one", "author": "author-of-new"}])
    told = sent_to_desk(open_page("label"))
    assert "author-of-new" in told
    assert SECRET not in told and "(single)" not in told


def test_a_queue_is_made_on_the_page_and_taken_in_hand(db, said, open_page):
    at = open_page("label")
    at.text_input(key="queue_name").set_value("by *chance*")
    at.radio(key="queue_order").set_value("random")
    at.number_input(key="queue_votes").set_value(3)
    at.multiselect(key="queue_people").set_value(["ana"])
    next(each for each in at.button if each.label == "Make it").click().run()
    assert not at.exception and not at.error
    assert at.selectbox(key="queue_picked").value == "queue-1"
    assert len(next_in_queue(db, "queue-1", actor="ana")) == 32


def test_a_queue_that_cannot_be_made_says_why(db, said, open_page):
    at = open_page("label")
    at.text_input(key="queue_name").set_value("unsure")
    at.radio(key="queue_order").set_value("uncertain")
    next(each for each in at.button if each.label == "Make it").click().run()
    assert "By whose uncertainty" in at.error[0].value


@pytest.mark.parametrize("asked", ["queue-1", "queue-99", "nonsense"])
def test_a_queue_that_is_closed_or_not_there_gives_way_to_what_waits(db, said, open_page, asked):
    close_queue(db, queue(db).queue_id, actor="lena")
    at = open_page("label", queue=asked)
    assert not at.exception and not at.error
    assert at.selectbox(key="queue_picked").value == ""
    assert "not among what can be chosen" in at.warning[0].value


def test_the_pane_gets_what_was_answered_last_so_that_a_reload_can_take_it_back(db, said, open_page):
    for place, number in enumerate(said[:12]):
        record_votes(db, KIDS, [Vote(number, "ana", "label", f"ana-{place:08}", "allow")], actor="ana")
    record_votes(db, KIDS, [Vote(said[11], "ana", "undo", "undo-11", undoes="ana-00000011")], actor="ana")
    at = open_page("label")
    assert [each.client_id for each in at.session_state["label_desk"].recent] == [
        f"ana-{place:08}" for place in range(1, 11)
    ]
    assert '"client_id":"ana-00000010"' in sent(at).replace("\\", "").replace(" ", "")


def sent_again(number, kind="label"):
    return DeskVote(f"ana-{number:08}", number, kind, "allow", 1.0, None)


def test_votes_that_a_reloaded_tab_sends_again_are_counted_once(db, said, open_page):
    given = [Vote(number, "ana", "label", f"ana-{number:08}", "allow") for number in said[:3]]
    record_votes(db, KIDS, given[:2], actor="ana")
    state = open_page("label").session_state["label_desk"]
    assert state.done == 2
    assert list(state.acked) == [vote.client_id for vote in given[:2]]  # so the tab adds nothing to it
    record_votes(db, KIDS, given[2:], actor="ana")  # stored by the old session, after the new one had counted
    state.take([sent_again(number) for number in said[:3]])
    assert state.done == count_votes(db, KIDS, "ana") == 3
    state.take([sent_again(said[3])])
    assert state.done == 4


def test_what_was_answered_since_can_be_taken_back_when_the_page_is_visited_again(db, said, open_page):
    at = open_page("label")
    at.session_state["label_desk"].take([sent_again(said[0])])
    at.run()
    assert [each.client_id for each in at.session_state["label_desk"].recent] == [f"ana-{said[0]:08}"]


def test_a_queue_with_comments_mixed_in_tells_what_was_answered_and_not_what_waits(db, said, open_page):
    mixed = queue(db, golden_share=0.5)
    at = open_page("label", queue=mixed.queue_id)
    state = at.session_state["label_desk"]
    numbers_ = [comment.comment_id for comment in state.queue[:14]]
    assert set(numbers_) & set(said[40:])  # some of them are there to check the hand
    state.take([sent_again(number) for number in numbers_[:1]])
    state.take([sent_again(number) for number in numbers_[1:]])
    before = state.done
    at.run()
    assert before == at.session_state["label_desk"].done == 14
    assert '"waiting":null' in sent(at).replace("\\", "").replace(" ", "")


def test_labels_under_an_older_guideline_are_counted_and_offered_as_a_queue(db, said, open_page):
    assert not [each for each in open_page("guideline").info if "older version" in each.value]
    write_guideline(db, KIDS, "Be kind.", actor="lena")
    at = open_page("guideline")
    assert "60 comments were labelled under an older version only" in at.info[0].value
    at.button(key="stale_queue").click().run()
    assert not at.exception and not at.error
    assert [found.settings.order for found in list_queues(db, KIDS)] == ["stale"]


def test_a_comment_becomes_an_example_by_one_click_and_is_read_beside_the_guideline(db, said, open_page):
    number = said[3]
    at = open_page("comments", comment=str(number))
    at.button(key=f"example_{KIDS}_{number}").click().run()
    assert not at.exception and not at.error
    [example] = list_examples(db, KIDS)
    assert (example.comment_id, example.label, example.created_by) == (number, "disallow", "ana")
    assert "comment 3" in sent(open_page("guideline"))
    assert "Examples" in guideline_for_people(db, KIDS)
    at = open_page("guideline")
    at.button(key=f"example_out_{example.example_id}").click().run()
    assert list_examples(db, KIDS) == []


def test_a_filtered_list_is_labelled_by_one_click_with_the_count_before_and_taken_back(db, said, open_page):
    at = open_page("comments", contains="comment 5")
    assert "15 comments" in sent(at)
    at.selectbox(key="bulk_label").set_value("allow").run()
    at.button(key="bulk_go").click().run()
    assert not at.exception and not at.error
    assert asked(db, "SELECT count(*) FROM votes WHERE annotator = 'ana' AND label = 'allow'") == [(15,)]
    back = next(each for each in at.button if each.label == "Take back 15 × allow")
    back.click().run()
    assert count_votes(db, KIDS, "ana") == 0
    assert not [each for each in at.button if each.label.startswith("Take back")]


def test_the_desk_is_changed_for_everybody_only_after_a_question(db, said, open_page):
    at = open_page("label")
    at.number_input(key="desk_severity").set_value(2)
    next(each for each in at.button if each.label == "Set it").click().run()
    asked = next(each.value for each in at.warning if "changes the desk" in each.value)
    assert asked == "This changes the desk for 1 other person: zelda."
    assert care.desk_settings(db, KIDS).severity == 0
    at.button(key="desk_yes").click().run()
    assert not at.exception and not at.error
    assert care.desk_settings(db, KIDS).severity == 2
    assert not [each for each in at.warning if "changes the desk" in each.value]


def test_a_queue_that_was_made_leaves_a_closed_window_with_an_empty_name(db, said, open_page):
    at = open_page("label")
    at.text_input(key="queue_name").set_value("by name")
    at.number_input(key="queue_votes").set_value(3)
    next(each for each in at.button if each.label == "Make it").click().run()
    assert at.session_state["queue_made"] == 1
    assert at.text_input(key="queue_name").value == ""
