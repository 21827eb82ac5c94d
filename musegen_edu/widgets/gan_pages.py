"""What the page asks of a GanMonitor: pictures of steps, sounds, what its buttons say, and steps of training when no fit runs."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.score import Score
from musegen_edu.widgets.gan_history import Frame, GanHistory
from musegen_edu.widgets.gan_players import PLAYERS, Players, Rest
from musegen_edu.widgets.gan_steering import Steering
from musegen_edu.widgets.gan_views import SpectrogramsView, View
from musegen_edu.widgets.kernel_messages import answer_waiting_commands
from musegen_edu.widgets.sounding import SoundingWidget, answers

MOST_FRAMES = 24  # in one answer
LONGEST = 1.0  # s that the page may train at once, so that pause works
_PROBABILITY = ("saturating", "non_saturating")  # losses for which a score is the logit of a probability
_CURVES = ("_loss", "_right")


class GanPages(SoundingWidget):
    """The half of a GanMonitor that takes pictures of the game and answers the page."""

    _history: GanHistory
    _steering: Steering
    _players: Players
    _view: View
    _rest: Rest
    _pair: Any
    _busy: threading.RLock
    _rng: np.random.Generator
    _examples: npt.NDArray[Any]
    _condition: npt.NDArray[Any] | None
    _batch_size: int | None
    _goal: int | None
    _moving: str
    _diversity: Callable[[Any], float]
    _fetch_weights: Callable[[], Any]
    at: Any
    info: Any
    progress: Any
    curves: Any

    @property
    def heard(self) -> Score:
        """The first generated tune at the step that is looked at."""
        forged = self._history.near(self.at).forged
        if self._view.kind != "scores" or not forged:
            raise ValueError("there is no generated tune to hear here")
        return forged[0]

    # ---- pictures ----

    def _describe(self, diversity: str, *, is_share: bool) -> dict[str, Any]:
        loss = getattr(self._pair, "loss_name", "")
        return {
            "kind": self._view.kind,
            "diversity": diversity,
            "is_share": is_share,  # is the diversity a share, to be told in percent?
            "loss": loss,
            "is_probability": loss in _PROBABILITY,
            **self._view.info(),
        }

    def _take_frame(self, *, is_passing: bool = False) -> None:
        """Let the generator forge and the judge score, and keep what there is to see; an error of a learner's function is kept in its place."""
        newest = self._history.frames[-1] if self._history.frames else None
        if newest is not None and newest.step == self._history.steps and not newest.is_passing:
            return
        self._fetch_weights()
        frame = Frame(self._history.steps, None, {}, math.nan, is_passing=is_passing)
        try:
            forged = self._players.forged()
            real, fake, frame.probed = self._players.scores_of_all(forged, self._view.probes)
            frame.scores = {name: (real[name], fake[name]) for name in real}
            frame.diversity = float(self._diversity(forged))
            frame.forged = self._view.keep(forged)
        except Exception as error:  # noqa: BLE001  (networks and functions are the learner's: what they raise is shown, and training goes on)
            frame.error = f"{type(error).__name__}: {error}"
        self._history.add_frame(frame)

    def _add(self, logs: Mapping[str, float]) -> None:
        self._history.add_logs({name: float(value) for name, value in logs.items() if name.endswith(_CURVES)})
        if self._history.is_due(self._history.steps):
            self._take_frame()

    # ---- training ----

    def _let_move(self, players: str | None = None) -> None:
        """Set the rates of the players, where that is not how they stand."""
        players = players or self._steering.players
        if players != self._moving:
            self._fetch_weights()
            self._rest.let_move(players)
            self._moving = players

    def _hold(self) -> None:
        """Show this very step, and wait as the page asks."""
        self._take_frame()
        self._steering.state = "paused" if self._steering.is_paused else "running"
        self._publish()

        def look() -> None:
            answer_waiting_commands(self)
            self._publish_progress()

        self._steering.wait(look)
        self._publish_progress()

    @property
    def _can_train(self) -> bool:
        return self._batch_size is not None and bool(getattr(self._pair, "compiled", False))

    def _train(self, *, steps: int, seconds: float = math.inf) -> dict[str, float]:
        """Train some steps on batches of the real examples, until the time is over."""
        if not self._can_train:
            raise ValueError("pair must be compiled, and batch_size a number, for steps without fit")
        with self._busy:
            if self._steering.is_active:
                raise ValueError("a training is going on already")
            if not self._history.frames:
                self._take_frame()
            self._let_move()
            until, done, logs = time.perf_counter() + seconds, 0, {}
            try:
                while not done or (done < steps and time.perf_counter() < until):
                    self._pair.reset_metrics()  # else the losses would be means over all steps
                    logs = self._pair.train_on_batch(self._batch(), return_dict=True)
                    self._add(logs)
                    done += 1
            finally:
                self._let_move(PLAYERS[0])
            self._take_frame(is_passing=steps > 1)
            return {name: float(value) for name, value in logs.items()}

    def _batch(self) -> Any:
        from musegen_edu.quiet_keras import keras

        rows = self._rng.integers(len(self._examples), size=min(self._batch_size or 1, len(self._examples)))
        if self._condition is None:
            return self._examples[rows]
        tensor = keras.ops.convert_to_tensor  # torch does not mix tensors and arrays
        return tensor(self._examples[rows]), tensor(self._condition[rows])

    # ---- what the page is told ----

    def _publish(self) -> None:
        self.curves = self._history.curves_for_page()
        self._publish_progress()

    def _publish_progress(self) -> None:
        frames = self._history.frames
        self.progress = {
            "state": self._steering.state,
            "step": self._history.steps,
            "goal": self._goal if self._steering.is_active else None,
            "players": self._steering.players,
            "slow": self._steering.is_slow,
            "can_rest": self._rest.can,
            "can_train": self._can_train,
            "kept": [frame.step for frame in frames],
            "diversity": [_number(frame.diversity) for frame in frames],
        }

    # ---- what the page asks for; may come in another thread ----

    @answers
    def control(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Take what a button asks for; return whether there is a training to obey."""
        action = message["action"]
        if action in PLAYERS[1:] and not self._rest.can:
            raise ValueError("one player can move alone only with a TwoSpeedAdam: pair.compile(TwoSpeedAdam())")
        taken = self._steering.take(action)
        if not taken:
            self._publish_progress()
        return {"taken": taken}, []

    @answers
    def advance(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Train a little when no fit runs."""
        seconds = min(float(message["seconds"]), LONGEST)
        self._train(steps=int(message["steps"]), seconds=seconds)
        self._publish()
        return {}, []

    @answers
    def fetch_frames(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the pictures of some steps; those that are kept no longer are left out."""
        wanted = {int(step) for step in message["steps"][:MOST_FRAMES]}
        facts: list[dict[str, Any]] = []
        buffers: list[bytes] = []
        for frame in [frame for frame in self._history.frames if frame.step in wanted]:
            told, shown = self._view.shown(frame.forged) if not frame.error else ([], [])
            parts = [scores.astype("<f4").tobytes() for pair in frame.scores.values() for scores in pair]
            probed = frame.probed is not None and not frame.error
            parts += [frame.probed.astype("<f4").tobytes()] if probed and frame.probed is not None else []
            facts.append(
                {
                    "step": frame.step,
                    "diversity": _number(frame.diversity),
                    "error": frame.error,
                    "judges": list(frame.scores),
                    "probed": probed,
                    "shown": told,
                }
            )
            buffers += [*parts, *shown]
        return {"frames": facts}, buffers

    @answers
    def fetch_real(self, _: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the real examples that stand beside the generated ones."""
        view: Any = self._view  # its `shown` takes what its `real` holds
        facts, buffers = view.shown(view.real)
        return {"shown": facts}, buffers

    @answers
    def fetch_sound(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the sound of one spectrogram: real, or generated at a step."""
        from musegen_edu.widgets.training_samples import audio_file

        view = self._view
        if not isinstance(view, SpectrogramsView):
            raise ValueError("only spectrograms are made into sound here")
        step = message["step"]
        levels = view.real if step is None else self._history.near(int(step)).forged
        audio = view.audio(levels[int(message["index"])])
        return {"seconds": audio.shape[-1] / view.sample_rate}, [audio_file(audio, view.sample_rate)[1]]


def _number(value: float) -> float | None:
    return float(f"{value:.4g}") if math.isfinite(value) else None
