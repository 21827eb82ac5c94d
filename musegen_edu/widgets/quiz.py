"""Quiz: multiple choice with an explanation for each choice; local, without an account."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import traitlets

from musegen_edu.widgets.base import CourseWidget, theme, widget_module


class Choice(NamedTuple):
    """One possible answer: what it says, why it is right or wrong, and whether it is right."""

    text: str
    why: str
    right: bool = False


@dataclass(frozen=True)
class Question:
    """A question with two or more choices, exactly one of them right.

    Parameters
    ----------
    prompt : the question; `` `code` ``, `*emphasis*` and `**strong**` are understood, here and in the choices.
    choices : `Choice` objects or tuples (text, why) and, for the right one, (text, why, True).

    Raises
    ------
    ValueError
        If there are fewer than two choices, none or several are right, or a text is empty.

    Examples
    --------
    >>> question = Question("How many ticks has an eighth note?", [
    ...     ("12", "A quarter note has 24, an eighth half of that.", True),
    ...     ("8", "That is an eighth of a triplet: three of them fill a quarter note."),
    ... ])
    >>> question.choices[0].right
    True
    """

    prompt: str
    choices: Sequence[Choice | tuple[str, str] | tuple[str, str, bool]]

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise ValueError(f"prompt={self.prompt!r} must be a question")
        choices = tuple(Choice(*choice) for choice in self.choices)
        if len(choices) < 2:
            raise ValueError(f"choices has {len(choices)} entries for {self.prompt!r}; a question needs two or more")
        for choice in choices:
            if not choice.text.strip() or not choice.why.strip():
                raise ValueError(f"choices has {choice!r} for {self.prompt!r}; each needs a text and an explanation")
        if sum(choice.right for choice in choices) != 1:
            raise ValueError(
                f"choices has {sum(c.right for c in choices)} right answers for {self.prompt!r}; it needs exactly one"
            )
        object.__setattr__(self, "choices", choices)


class Quiz(CourseWidget):
    """One or more questions, answered by a click or a key, with the explanation shown at once.

    A wrong answer may be followed by others; what counts is the first try. When every question has been answered,
    `on_result` is called with the number of questions right at the first try and the number of questions, once a round;
    "Start over" begins a new round.

    Parameters
    ----------
    questions : a `Question` or several.
    key : names the quiz, such as `"01.recap"`; for whoever records results.
    title : heading.
    on_result : called with (correct, total) at the end of a round.
    hide : any of `"title"`, `"score"`, `"restart"`.

    Raises
    ------
    ValueError
        If there is no question, or `hide` holds another word.

    Examples
    --------
    >>> quiz = Quiz(Question("Which is higher?", [("C4", "60 is below 62."), ("D4", "62 is above 60.", True)]))
    >>> quiz.answers = [[1]]
    >>> quiz.result
    {'correct': 1, 'answered': 1, 'total': 1}

    Lesson: every one, from 00 start_here on.
    """

    HIDEABLE = ("title", "score", "restart")
    _esm = widget_module("quiz")
    _css = theme()

    title = traitlets.Unicode("Quiz").tag(sync=True)
    questions = traitlets.List(traitlets.Dict(), help="prompts and choices as HTML").tag(sync=True)
    answers = traitlets.List(traitlets.List(traitlets.Int()), help="the choices tried, per question").tag(sync=True)
    result = traitlets.Dict(help="questions right at the first try, answered, and in all")

    def __init__(
        self,
        questions: Question | Iterable[Question],
        *,
        key: str = "",
        title: str = "Quiz",
        on_result: Callable[[int, int], object] | None = None,
        hide: Iterable[str] = (),
    ) -> None:
        asked = (questions,) if isinstance(questions, Question) else tuple(questions)
        if not asked or not all(isinstance(question, Question) for question in asked):
            raise ValueError(f"questions={questions!r} must be one Question or several")
        self.asked = asked
        self.key = key
        self._on_result = on_result
        self._reported = False
        super().__init__(
            questions=[
                {
                    "prompt": inline_html(question.prompt),
                    "choices": [
                        {"text": inline_html(text), "why": inline_html(why), "right": right}
                        for text, why, right in map(_as_choice, question.choices)
                    ],
                }
                for question in asked
            ],
            answers=[[] for _ in asked],
            title=title,
            hide=[hide] if isinstance(hide, str) else list(hide),
        )
        self._count()

    @traitlets.validate("answers")
    def _check_answers(self, proposal: dict[str, Any]) -> list[list[int]]:
        answers: list[list[int]] = proposal["value"]
        if len(answers) != len(self.asked):
            raise ValueError(f"answers has {len(answers)} entries; it must have {len(self.asked)}, one a question")
        for number, (tries, question) in enumerate(zip(answers, self.asked, strict=True)):
            if any(not 0 <= choice < len(question.choices) for choice in tries) or len(set(tries)) != len(tries):
                raise ValueError(
                    f"answers[{number}]={tries!r} must hold different numbers from 0 to {len(question.choices) - 1}"
                )
        return answers

    @traitlets.observe("answers")
    def _count(self, _: Any = None) -> None:
        tried = [(tries, question) for tries, question in zip(self.answers, self.asked, strict=True) if tries]
        correct = sum(_as_choice(question.choices[tries[0]]).right for tries, question in tried)
        self.result = {"correct": correct, "answered": len(tried), "total": len(self.asked)}
        if len(tried) < len(self.asked):
            self._reported = False
        elif not self._reported:
            self._reported = True
            if self._on_result is not None:
                self._on_result(correct, len(self.asked))

    def __repr__(self) -> str:
        return f"Quiz({self.key or self.title!r}, {len(self.asked)} question{'' if len(self.asked) == 1 else 's'})"

    def static_html(self) -> str:
        """Return the questions with their answers folded away."""
        blocks = []
        for number, question in enumerate(self.questions, 1):
            choices = "".join(f"<li>{choice['text']}</li>" for choice in question["choices"])
            answers = "".join(
                f"<li>{'<strong>Right:</strong>' if choice['right'] else 'Wrong:'} {choice['why']}</li>"
                for choice in question["choices"]
            )
            blocks.append(
                f"<p><strong>{number}. {question['prompt']}</strong></p><ol type='a'>{choices}</ol>"
                f"<details><summary>Answer</summary><ol type='a'>{answers}</ol></details>"
            )
        return f"<section><h4>{html.escape(self.title)}</h4>{''.join(blocks)}</section>"


def _as_choice(choice: Any) -> Choice:
    return Choice(*choice)


def inline_html(text: str) -> str:
    """Return text as safe HTML in which `` `code` ``, `**strong**` and `*emphasis*` are marked up.

    Examples
    --------
    >>> inline_html("a < b in `x < y`, *always*")
    'a &lt; b in <code>x &lt; y</code>, <em>always</em>'
    """
    parts = re.split(r"`([^`]+)`", html.escape(text, quote=False))
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"\*\*(\S(?:.*?\S)?)\*\*", r"<strong>\1</strong>", parts[i])
        parts[i] = re.sub(r"\*(\S(?:.*?\S)?)\*", r"<em>\1</em>", parts[i])
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
