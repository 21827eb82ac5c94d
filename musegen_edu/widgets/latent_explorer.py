"""LatentExplorer: four melodies, the plane of melodies between them, and a puck to walk there while it plays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from musegen_edu.attributes import AttributeSurface
from musegen_edu.latent import LatentModel, latents_to_scores
from musegen_edu.score import Score
from musegen_edu.widgets.base import packed_module, theme
from musegen_edu.widgets.latent_controls import LatentControls
from musegen_edu.widgets.latent_corners import CORNERS, checked_corner, corpus_corner, folk_attributes
from musegen_edu.widgets.latent_journey import join_bars, path_to_cells, point_to_cell
from musegen_edu.widgets.latent_pictures import plane_picture
from musegen_edu.widgets.latent_plane import LatentPlane
from musegen_edu.widgets.pictures import engraving_of, static_picture
from musegen_edu.widgets.saved_melodies import melody_to_score, score_to_melody
from musegen_edu.widgets.sounding import answers, checked

LARGEST = 15  # cells along an edge
_TEMPO = 112.0  # of folk tunes here: a dance tempo is too quick to follow with the eye


class LatentExplorer(LatentControls):
    """A plane of melodies between four: drag the puck, or draw a path, and hear what lies there without a gap.

    The whole plane is decoded in one call of the model, so the page can follow the puck at once. While the puck is dragged the
    music changes where it is and the beat goes on; a puck that is moved by keys or along a path changes at the bar lines. The corners
    sound exactly as they were entered, as long as no attribute is moved. In the page each corner can be drawn, played on the letter keys,
    taken from the corpus or drawn from the prior.

    `explorer.here` is the melody under the puck, `explorer.journey` the path's, `explorer.plane` all of them, `explorer.saved_scores`
    what the learner kept. Keys: space plays, arrows move the puck, 1 to 4 jump to the corners, S saves, Ctrl+Z undoes.

    Parameters
    ----------
    model : with `encode`, `decode` and (if it is not a `FourBarCodec`) `codec` as `MelodyVAE` has them; None takes
        `load_pretrained("melody_vae")`.
    corners : four scores of at most four bars of 4/4 (top left, top right, bottom left, bottom right), or widgets with such a
        `score`, which then follow what is drawn in them; None takes four tunes of the folk corpus that the model was not trained on.
    size : cells along an edge, 2 to 15.
    attributes : name -> vector (latent,), times -3 to 3 added to all latents, or `AttributeSurface`, climbed by -3 to 3; `{}` for none;
        None measures density, range, syncopation, contour and majorness of 3,000 windows of folk tunes (see `folk_attributes`), and a slider
        goes up to three standard deviations of the corpus either way.
    seed : of corpus tunes, random melodies and random points.
    title : heading.
    hide : controls to put away, any of `LatentExplorer.HIDEABLE`.

    Raises
    ------
    ValueError
        If an argument is outside what is said above, or the codec cannot write a corner.

    Examples
    --------
    >>> from musegen_edu.models.vae import MelodyVAE
    >>> model = MelodyVAE(latent=4, units=16, hidden=16, decoder_units=8)
    >>> tunes = [Score.from_melody([60 + corner, 64, 67], 24, key="C major") for corner in range(4)]
    >>> explorer = LatentExplorer(model, tunes, attributes={})
    >>> explorer.puck = [8.0, 0.0]  # corner B
    >>> explorer.here.notes["pitch"].tolist()
    [61, 64, 67]

    Lesson: 09 variational_autoencoders.
    """

    HIDEABLE = ("title", "corners", "editor", "attributes", "path", "random", "saved", "undo", "notation", "tempo", "instrument", "follow", "download")  # fmt: skip
    _esm = packed_module("latent_explorer")
    _css = theme()

    def __init__(
        self,
        model: LatentModel | None = None,
        corners: Sequence[Any] | None = None,
        *,
        size: int = 9,
        attributes: Mapping[str, AttributeSurface | npt.ArrayLike] | None = None,
        seed: int = 0,
        title: str = "Between four melodies",
        hide: Iterable[str] = (),
    ) -> None:
        if model is None:
            from musegen_edu.pretrained import load_pretrained

            model = load_pretrained("melody_vae")
        for name in ("encode", "decode"):
            if not callable(getattr(model, name, None)):
                raise ValueError(f"model={model!r} cannot {name}; give one such as load_pretrained('melody_vae')")
        checked("size", size, isinstance(size, int) and 2 <= size <= LARGEST, f"from 2 to {LARGEST}")
        plane = LatentPlane(model, size, folk_attributes(model) if attributes is None else attributes)
        self._model = model
        self._rng = np.random.default_rng(checked("seed", seed, isinstance(seed, int) and seed >= 0, "at least 0"))
        scores = self._four_tunes() if corners is None else self._linked(corners)
        super().__init__(
            plane,
            scores,
            title=title,
            puck=[(size - 1) / 2] * 2,
            bpm=scores[0].bpm,
            program=scores[0].programs[0],
            hide=[hide] if isinstance(hide, str) else list(hide),
        )

    # ---- from Python ----

    @property
    def here(self) -> Score:
        """The melody under the puck."""
        row, column = point_to_cell(self.puck)
        return self.plane[row][column]

    @property
    def journey(self) -> Score:
        """The melody along the path, `path_bars` bars long; without a path, the melody under the puck."""
        if not self.path:
            return self.here
        plane = self.plane
        bars = join_bars([plane[i][j] for i, j in path_to_cells(self.path, self.path_bars)])
        return bars.replace(title=f"A walk of {self.path_bars} bars", key=self.corners[0].key)

    @property
    def heard(self) -> Score:
        """What plays in the page: the path's melody while the path is walked, else the puck's."""
        return self.journey if self.walking else self.here

    @property
    def saved_scores(self) -> tuple[Score, ...]:
        """The melodies that were kept, each with its name as title."""
        return tuple(melody_to_score(melody) for melody in self.saved)

    def set_corner(self, name: str, score: Score) -> None:
        """Put another melody into a corner, `"A"` to `"D"`, and decode the plane anew."""
        at = CORNERS.index(checked("name", name, name in CORNERS, f"one of {', '.join(CORNERS)}"))
        self.corners = (*self.corners[:at], score, *self.corners[at + 1 :])

    def corner_from_corpus(self, name: str) -> Score:
        """Put four bars of a folk tune into a corner, in the tonic of corner A (of B, for A itself); return them."""
        key = self.corners[1 if name == CORNERS[0] else 0].key
        self.set_corner(name, corpus_corner(key, self._rng))
        return self.corners[CORNERS.index(name)]

    def corner_from_prior(self, name: str) -> Score:
        """Put a melody into a corner that the model makes of a random latent (standard normal); return it."""
        latent = self._rng.standard_normal((1, self._n_latent))
        (melody,) = latents_to_scores(self._model, latent, key=self.corners[0].key, title="a random melody")
        self.set_corner(name, melody)
        return self.corners[CORNERS.index(name)]

    def random_point(self) -> Score:
        """Put the puck on a random cell; return its melody."""
        self.puck = [float(value) for value in self._rng.integers(self.size, size=2)]
        return self.here

    def save(self, name: str = "") -> Score:
        """Keep what is heard in `saved`, under a name that is made unlike the others; return it with its title."""
        taken = {melody["name"] for melody in self.saved}
        wanted = name.strip()[:80] or f"Melody {len(self.saved) + 1}"
        number, free = 1, wanted
        while free in taken:
            number += 1
            free = f"{wanted} {number}"
        kept = self.heard.replace(title=free)
        self.saved = [*self.saved, score_to_melody(kept)]
        return kept

    # ---- what the page asks for ----

    @answers
    def put_corner(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Take a corner from the page: notes that were drawn, a saved melody, what is under the puck, the corpus or the prior."""
        name = CORNERS[int(message["corner"])]
        source = message["source"]
        if source == "corpus":
            self.corner_from_corpus(name)
        elif source == "prior":
            self.corner_from_prior(name)
        elif source == "here":
            self.set_corner(name, self.here)
        elif source == "saved":
            self.set_corner(name, self.saved_scores[int(message["index"])])
        else:
            rows = [tuple(int(value) for value in row) for row in message["notes"]]
            old = self.corners[CORNERS.index(name)]
            self.set_corner(name, Score.from_notes(rows, key=old.key, bpm=self.bpm, programs=(self.program,), title="your own"))  # fmt: skip
        return {}, []

    @answers
    def move(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Move attributes, and answer when the plane is decoded."""
        self.amounts = message["amounts"]
        return {}, []

    @answers
    def step(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Undo, redo, jump to a random point, or save what is heard."""
        what = message["what"]
        if what == "save":
            self.save(message["name"])
        elif what == "random":
            self.random_point()
        elif what == "undo":
            self.undo()
        else:
            self.redo()
        return {}, []

    @answers
    def engrave(self, message: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """Return the melody of a cell, of a corner as entered (numbered after the cells), or of the path, as SVG."""
        cell = message["cell"]
        melodies = (*(score for row in self.plane for score in row), *self.corners)
        score = self.journey if cell is None else melodies[int(cell)]
        drawn = engraving_of(score.replace(title=""), width=int(np.clip(message["width"], 300, 1100)))
        return {"pages": drawn["pages"], "remark": drawn["remark"]}, []

    # ---- corners ----

    def _linked(self, corners: Sequence[Any]) -> tuple[Any, ...]:
        """Return the scores of the corners; where a widget was given, follow it."""

        def follow(widget: Any, name: str) -> Score:
            widget.observe(lambda change: self.set_corner(name, change["new"]), "score")
            score: Score = widget.score
            return score

        fits = len(corners) == len(CORNERS) if isinstance(corners, Sequence) else False
        checked("corners", corners, fits, "four scores: top left, top right, bottom left, bottom right")
        pairs = zip(corners, CORNERS, strict=True)
        return tuple(follow(one, name) if isinstance(one, traitlets.HasTraits) else checked_corner(name, one) for one, name in pairs)  # fmt: skip

    def _four_tunes(self) -> tuple[Score, ...]:
        first = corpus_corner(None, self._rng).replace(bpm=_TEMPO, programs=(0,))
        return (first, *(corpus_corner(first.key, self._rng) for _ in CORNERS[1:]))

    # ---- how it is shown ----

    def static_html(self) -> str:
        """Return the plane as a picture, and the melody under the puck, or the path's, engraved and to be heard."""
        names = [score.title for score in self.corners]
        title = self.heard.title or "The melody under the puck"
        return plane_picture(self.plane, names, self.puck, self.path) + static_picture(self.heard.replace(title=title))

    def __repr__(self) -> str:
        return f"LatentExplorer({type(self._model).__name__}, {self.size} x {self.size} cells, puck at {self.puck})"
