"""What the page's buttons do to a game while it is trained: pause, one step, stop, slow motion, and who may move."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from musegen_edu.widgets.gan_players import PLAYERS

ACTIONS = ("pause", "resume", "step", "stop", "slow", "quick", "look", *PLAYERS)
ACTIVE = ("running", "paused")
SLOW = 0.6  # s between two steps in slow motion
_POLL = 0.03  # s between two looks at what the page asks for, while it waits


class Steering:
    """What is asked of a training, from whatever thread; and the waiting between two steps, in the thread that trains.

    Examples
    --------
    >>> steering = Steering()
    >>> steering.begin()
    >>> steering.take("judge")
    True
    >>> steering.players, steering.state
    ('judge', 'running')
    """

    def __init__(self) -> None:
        self.state = "idle"
        self.players = PLAYERS[0]
        self.is_slow = False
        self.stop = threading.Event()
        self._paused = threading.Event()
        self._allowed = 0  # single steps that were asked for and not taken yet
        self._lock = threading.Lock()
        self.waited = 0.0  # s

    @property
    def is_active(self) -> bool:
        """Whether a training is going on, or paused."""
        return self.state in ACTIVE

    @property
    def is_paused(self) -> bool:
        """Whether the training is to wait before the next step."""
        return self._paused.is_set()

    def begin(self) -> None:
        """A training begins, and nothing is asked of it yet."""
        self.state, self._allowed, self.waited = "running", 0, 0.0
        self._paused.clear()
        self.stop.clear()

    def take(self, action: str) -> bool:
        """Note what the page asks for; return whether there is a training to obey.

        Raises
        ------
        ValueError
            If it is none of `ACTIONS`.
        """
        if action not in ACTIONS:
            raise ValueError(f"action={action!r} must be one of {', '.join(ACTIONS)}")
        if action in PLAYERS:
            self.players = action
        elif action in ("slow", "quick"):
            self.is_slow = action == "slow"
        elif self.is_active:
            self._obey(action)
        return self.is_active

    def _obey(self, action: str) -> None:
        if action == "stop":
            self.stop.set()
        elif action == "resume":
            self._paused.clear()
        elif action in ("pause", "step"):
            self._paused.set()
            with self._lock:
                self._allowed += action == "step"

    def wait(self, look: Callable[[], Any]) -> None:
        """Wait while paused, until one step, or going on, or stop is asked for; in slow motion, wait a little.

        Parameters
        ----------
        look : called again and again, answers what the page asks for.
        """
        began = time.perf_counter()
        until = began + SLOW if self.is_slow else began
        while not self.stop.is_set() and (self._paused.is_set() or (self.is_slow and time.perf_counter() < until)):
            with self._lock:
                if self._allowed:
                    self._allowed -= 1
                    break
            self.state = "paused" if self._paused.is_set() else "running"
            look()
            time.sleep(_POLL)
        if self.is_active:
            self.state = "paused" if self._paused.is_set() else "running"
        self.waited += time.perf_counter() - began
