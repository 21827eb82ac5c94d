"""GanMonitor: a generator and a judge while they play: real and generated side by side, step by step, to see, to hear and to steer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.score import Score
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.gan_history import GanHistory
from musegen_edu.widgets.gan_pages import GanPages
from musegen_edu.widgets.gan_players import PLAYERS, Players, Rest, as_array
from musegen_edu.widgets.gan_steering import Steering
from musegen_edu.widgets.gan_views import make_view
from musegen_edu.widgets.kernel_messages import answer_waiting_commands
from musegen_edu.widgets.notebook_cells import CellWatch
from musegen_edu.widgets.sounding import checked

LOOK_EVERY = 0.25  # s between two looks at the page, at most this often
SHARE = 0.02  # of the time may go into telling the page


def _nothing() -> None:
    """Weights are where they always are."""


class GanMonitor(GanPages):
    """The game of a generator and a judge while it is trained, and a slider back through all of it.

    Give `monitor.callback` to `pair.fit`. If the monitor is not on the page yet, it shows itself in the cell that trains. There the game can
    be paused, taken step by step, slowed down, stopped; one player can be let move alone, if the pair has a `TwoSpeedAdam`. When `fit` is over,
    Run and One step go on from the page, on batches drawn from `real`. A loop of one's own uses `steps` and `record` in place of the callback.

    The same noise is made into examples every few steps, the judge scores them and the real ones, and what there is to see and hear is kept.

    Parameters
    ----------
    pair : a compiled `AdversarialPair`, or anything with the networks `generator` and `judge`.
    real : real examples, (n, ...), or a pair (examples, conditions); best all that `fit` gets.
    show : `"points"` for examples of shape (n, 1) or (n, 2); `"tunes"` for symbols; `"spectrograms"` for mel spectrograms in decibels,
        (n, mels, frames); or a function from an example to a `Score`. None is `"points"` where the shape fits, else `"tunes"`.
    codec : for `"tunes"`: its `decode` makes a `Score` of symbols; None takes the pair's, or a `FourBarCodec`.
    to_mel : for `"spectrograms"`: makes decibels, (n, mels, frames), of examples as the players know them; None where they are decibels, or
        levels as the course's own players know them (see `SpectrogramGAN.prepare`).
    sample_rate, n_fft, hop_length : for `"spectrograms"`, in Hz and samples: as in `mel_to_audio`.
    every : steps from one kept picture to the next, at first.
    keep : pictures kept at most, 4 or more; when there are more, every second one is dropped and `every` doubles.
    shown : examples of each kind that stand side by side, 1 to 6. (Of points 400 are drawn.)
    batch_size : of the steps that the page takes by itself; None lets the page only steer a training that runs.
    diversity : function of generated examples (n, ...) that returns a number; its name is shown. None is the coverage of the real examples,
        for tunes the share of distinct bars.
    forge : function of n and `seed` that returns generated examples; None lets the pair's generator make them.
    score : function of examples, as `real` has them, that returns a judge's scores, (n, ...), or a dict of them for several judges; None is
        `pair.scores`, else `pair.judge`.
    seed : of the noise and of the page's own batches.
    title : heading.
    hide : controls to put away, any of `GanMonitor.HIDEABLE`.

    Raises
    ------
    ValueError
        If an argument is not what is said above.

    Examples
    --------
    >>> from musegen_edu.models.gan import AdversarialPair
    >>> from musegen_edu.quiet_keras import keras
    >>> forger = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> judge = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)])
    >>> pair = AdversarialPair(forger, judge, noise=2)
    >>> pair.compile()
    >>> monitor = GanMonitor(pair, np.linspace(3, 5, 64)[:, None], every=2, batch_size=16)
    >>> _ = monitor.step(4)
    >>> monitor.kept
    [0, 2, 4]
    >>> monitor.forged(4).shape  # made of the same noise at each step
    (64, 1)

    Lesson: 10 generative_adversarial_networks.
    """

    HIDEABLE = ("title", "run", "stop", "step", "players", "slow", "time", "losses", "scores", "diversity", "sound")
    _esm = packed_module("gan_monitor")
    _css = theme()

    title = traitlets.Unicode("").tag(sync=True)
    info = traitlets.Dict(help="what is shown and how, known before the first step").tag(sync=True)
    progress = traitlets.Dict(help="state, step, steps, who may move, kept steps").tag(sync=True)
    curves = traitlets.Dict(help="losses and shares over the steps, one list each").tag(sync=True)
    at = traitlets.Int(None, allow_none=True, help="the step that is looked at; None is the newest").tag(sync=True)

    def __init__(
        self,
        pair: Any,
        real: Any,
        *,
        show: str | Callable[[Any], Score] | None = None,
        codec: Any = None,
        to_mel: Callable[[Any], Any] | None = None,
        sample_rate: int = 16_000,
        n_fft: int = 1024,
        hop_length: int = 256,
        every: int = 10,
        keep: int = 120,
        shown: int = 3,
        batch_size: int | None = 64,
        diversity: Callable[[Any], float] | None = None,
        forge: Callable[..., Any] | None = None,
        score: Callable[[Any], Any] | None = None,
        seed: int = 0,
        title: str = "Generator and judge",
        hide: Iterable[str] = (),
    ) -> None:
        checked("every", every, isinstance(every, int) and every >= 1, "a whole number of steps, 1 or more")
        checked("keep", keep, isinstance(keep, int) and keep >= 4, "a whole number of pictures, 4 or more")
        checked("shown", shown, isinstance(shown, int) and 1 <= shown <= 6, "from 1 to 6")
        checked("batch_size", batch_size, batch_size is None or batch_size >= 1, "at least 1, or None")
        examples, condition = real if isinstance(real, tuple) else (real, None)
        self._examples = as_array(examples)
        self._condition = None if condition is None else as_array(condition)
        checked("real", self._examples.shape, self._examples.ndim >= 2 and len(self._examples) >= 2, "of the shape (n, ...), two examples or more")  # fmt: skip
        sound = {"sample_rate": sample_rate, "n_fft": n_fft, "hop_length": hop_length}
        self._view = make_view(show, self._examples, pair, codec, to_mel, shown, sound)
        n = min(self._view.n_scored, len(self._examples))
        told = None if self._condition is None else self._condition[:n]
        self._players = Players(pair, self._examples[:n], told, forge=forge, score=score, seed=seed)
        self._pair, self._rest, self._batch_size = pair, Rest(pair), batch_size
        self._diversity = diversity or self._view.diversity
        self._history, self._steering = GanHistory(every, keep), Steering()
        self._cell, self._busy = CellWatch(self), threading.RLock()
        self._rng = np.random.default_rng(seed)
        self._goal: int | None = None  # the step at which the training of now is to end
        self._next_look, self._moving = 0.0, PLAYERS[0]
        self._fetch_weights: Callable[[], Any] = _nothing
        name = self._view.diversity_name if diversity is None else getattr(diversity, "__name__", "diversity")
        info = self._describe(name.replace("_", " "), is_share=diversity is None)
        super().__init__(title=title, info=info, hide=[hide] if isinstance(hide, str) else list(hide))
        self._publish()

    # ---- what was recorded ----

    @property
    def history(self) -> dict[str, list[float]]:
        """Losses and shares over the steps, at most 300 rows: `step`, `judge_loss`, `generator_loss`, `real_right`, `forged_right`, ...

        A long game has the mean of several steps in each row; `step` is the last of them.
        """
        return {name: list(column) for name, column in self._history.curves.items()}

    @property
    def kept(self) -> list[int]:
        """The steps whose pictures are kept; 0 is before training."""
        return self._history.kept

    @property
    def diversity(self) -> dict[int, float]:
        """How manifold the generated examples were, by kept step."""
        return {frame.step: frame.diversity for frame in self._history.frames}

    def forged(self, step: int | None = None) -> Any:
        """Return what is kept of the generated examples at the kept step nearest to `step`: points, scores, or levels of spectrograms."""
        return self._history.near(step).forged

    def scores(self, step: int | None = None) -> dict[str, tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
        """Return the scores of real and of generated examples at the kept step nearest to `step`, by judge."""
        return self._history.near(step).scores

    @property
    def players(self) -> str:
        """Who may move: `"both"`, `"judge"` or `"generator"`; the other's learning rate is 0 while training."""
        return self._steering.players

    @players.setter
    def players(self, players: str) -> None:
        checked("players", players, players in PLAYERS, f"one of {', '.join(PLAYERS)}")
        checked("players", players, players == PLAYERS[0] or self._rest.can, "'both', or the pair's optimiser a TwoSpeedAdam")  # fmt: skip
        self._steering.take(players)
        self._publish()

    # ---- the training tells ----

    @cached_property
    def callback(self) -> Any:
        """The callback for `pair.fit(..., callbacks=[monitor.callback])`, on every Keras backend."""
        from musegen_edu.widgets.gan_callback import GanCallback

        return GanCallback(self)

    def begin(self, *, steps: int | None = None, fetch_weights: Callable[[], Any] = _nothing) -> None:
        """A training begins, or goes on.

        Parameters
        ----------
        steps : how many from now on, if that is known.
        fetch_weights : called before the networks are asked, where weights are elsewhere while training.
        """
        with self._busy:  # what the page trains by itself is over first
            self._steering.begin()
        self._goal = None if steps is None else self._history.steps + steps
        self._fetch_weights = fetch_weights
        self._cell.begin()
        self._let_move()
        if not self._history.frames:
            self._take_frame()
        self._publish()

    def record(self, logs: Mapping[str, float]) -> bool:
        """Note what a step brought, such as `{"judge_loss": 0.4, "generator_loss": 1.2}`; wait while paused; return whether to go on.

        Parameters
        ----------
        logs : names that end in `_loss` or `_right` become curves; others are left out.
        """
        if not self._steering.is_active:
            self.begin()
            self._cell.ends_well = True  # a bare loop has no other end than its cell's
        self._add(logs)
        now = time.perf_counter()
        if now >= self._next_look:
            answer_waiting_commands(self)
            self._publish()
            self._next_look = now + max(LOOK_EVERY, (time.perf_counter() - now) / SHARE)
        if self._steering.is_paused or self._steering.is_slow:
            self._hold()
        self._let_move()
        return not self._steering.stop.is_set()

    def steps(self, n: int) -> Iterator[int]:
        """Yield 1 to n for a loop of one's own, fewer when Stop is pressed. Each step ends with `record`."""
        checked("n", n, n >= 1, "1 or more steps")
        self.begin(steps=n)
        try:
            for index in range(n):
                yield index + 1
                if self._steering.stop.is_set():
                    break
        except GeneratorExit:  # a break in the loop, or an error: from here they look the same
            self.end(failed=True)
            raise
        self.end()

    def end(self, *, failed: bool = False) -> None:
        """The training is over; both players may move again."""
        if not self._steering.is_active:
            return
        self._steering.state = "failed" if failed else "stopped" if self._steering.stop.is_set() else "finished"
        if not failed:
            self._take_frame()
        self._let_move(PLAYERS[0])
        self._fetch_weights = _nothing
        self._cell.end()
        self._publish()

    def interrupt(self) -> None:
        """Stop after this step, as the Stop button does."""
        self._steering.stop.set()

    def step(self, n: int = 1, *, players: str | None = None) -> dict[str, float]:
        """Train n steps on batches of `real`, as the page does; return what the last one brought.

        Parameters
        ----------
        n : steps, 1 or more.
        players : who moves; None as the switch stands.
        """
        checked("n", n, n >= 1, "1 or more steps")
        if players is not None:
            self.players = players
        logs = self._train(steps=n)
        self._publish()
        return logs

    # ---- how it is shown ----

    def _repr_mimebundle_(self, **options: Any) -> Any:
        self._cell.shown()
        return super()._repr_mimebundle_(**options)

    def static_html(self) -> str:
        """Return the losses and some moments of the game as pictures, with their sound."""
        from musegen_edu.widgets.gan_pictures import game_picture

        return game_picture(self.title, self._history, self._view, self.info, self.at)

    def __repr__(self) -> str:
        return f"GanMonitor({self._history.steps} steps, {len(self.kept)} pictures kept)"
