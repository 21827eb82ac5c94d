"""What the quiz does with clicks and keys, in Chromium."""

import pytest

from musegen_edu.widgets import Question, Quiz

pytestmark = pytest.mark.browser


def quiz(**options):
    return Quiz(
        [
            Question("What sounds in a `rest`?", [("Nothing", "A rest is silence.", True), ("The last note", "That is a hold."), ("A drum", "No.")]),
            Question("Order 3 looks back ...", [("3 bars", "It knows no bars."), ("3 notes", "That is what order means.", True)]),
        ],
        title="Recap",
        **options,
    )  # fmt: skip


def test_wrong_then_right_then_over_again(show):
    page = show(quiz()).page
    last_note = page.get_by_role("button", name="The last note")
    last_note.click()
    assert page.evaluate("model.get('answers')") == [[1], []]
    assert "✗ Wrong" in last_note.inner_text()
    assert page.get_by_text("That is a hold.").first.is_visible()
    assert page.get_by_text("A rest is silence.").first.is_hidden()  # the right answer is not given away
    last_note.dispatch_event("click")
    assert page.evaluate("model.get('answers')") == [[1], []]  # a second click adds nothing
    page.get_by_role("button", name="Nothing").click()
    assert page.get_by_text("A rest is silence.").first.is_visible()
    assert page.get_by_text("No.", exact=True).is_visible()  # solved: now every choice is explained
    page.get_by_role("button", name="A drum").dispatch_event("click")
    assert page.evaluate("model.get('answers')") == [[1, 0], []]
    assert page.locator(".mg-tally").inner_text() == "0 of 2 right at the first try, 1 to go"
    page.get_by_role("button", name="3 notes").click()
    assert page.locator(".mg-tally").inner_text() == "1 of 2 right at the first try"
    page.get_by_role("button", name="Start over").click()
    assert page.evaluate("model.get('answers')") == [[], []]
    assert page.locator(".mg-why:visible").count() == 0


def test_keys_alone_and_a_voice_that_reads(show):
    page = show(quiz()).page
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("model.get('answers')") == [[1], []]
    spoken = page.locator(".mg-question [role=status]").first
    assert spoken.text_content() == "Wrong. That is a hold."
    assert page.locator("button[aria-disabled=true]").count() == 1


def test_answers_given_before_are_shown_again(show):
    before = quiz()
    before.answers = [[0], [0]]
    page = show(before, dark=True, width=480).page
    assert page.locator(".mg-tally").inner_text() == "1 of 2 right at the first try"
    assert page.evaluate("document.documentElement.scrollWidth") <= 480


def test_what_a_teacher_hides_is_not_there(show):
    page = show(quiz(hide=["title", "score", "restart"])).page
    page.get_by_role("button", name="Nothing").click()
    assert page.get_by_text("Recap").count() == 0
    assert page.locator(".mg-tally").count() == 0
    assert page.get_by_role("button", name="Start over").count() == 0


def test_clean_up(show):
    page = show(quiz()).page
    page.evaluate("cleanUp()")
    assert page.evaluate("[...model.listeners.values()].flat().length") == 0
