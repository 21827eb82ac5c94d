"""Points between points and along a quality: the geometry, and the music that comes out of it."""

import numpy as np
import pytest

from musegen_edu.attributes import (
    ATTRIBUTES,
    attribute_surface,
    attribute_values,
    attribute_vector,
    move,
    moved_points,
)
from musegen_edu.latent import (
    latent_plane,
    latents_to_scores,
    lerp,
    plane_points,
    scores_to_latents,
    slerp,
)
from musegen_edu.metrics import active_units, contour, detour, majorness, note_f1, share_in_range, syncopation
from musegen_edu.metrics.reconstruction import kl_to_prior, morph_steps, symbol_note_f1
from musegen_edu.score import Score
from musegen_edu.tokens import FourBarCodec


class BarModel:
    """A model that anybody can see through: the first number is the pitch of the notes, the second how many there are a bar."""

    codec = FourBarCodec()
    calls = 0

    def encode(self, symbols):
        pitches = [np.mean(row[row >= 3]) - 18 for row in symbols]  # semitones above C4
        counts = [(row >= 3).sum() / 4 for row in symbols]
        mean = np.column_stack([pitches, counts]).astype(np.float32)
        return mean, np.zeros_like(mean)

    def decode(self, z):
        self.calls += 1
        symbols = np.ones((len(z), 64), np.int32)
        for row, (pitch, count) in zip(symbols, z, strict=True):
            n = int(np.clip(round(float(count)), 1, 16))
            row[(np.arange(4)[:, None] * 16 + np.arange(n) * 16 // n).ravel()] = 18 + round(float(pitch))
        return symbols


def tune(pitch, n, **fields):
    return Score.from_melody([pitch] * 4 * n, 96 // n, **fields)


def test_music_to_points_and_back():
    model = BarModel()
    tunes = [tune(60, 4), tune(67, 8, key="D major")]
    z = scores_to_latents(model, tunes)
    np.testing.assert_allclose(z, [[0, 4], [5, 8]])
    again = latents_to_scores(model, z, key="D major", bpm=90)
    assert note_f1(tunes[1], again[1]) == 1 and again[0].bpm == 90 and again[0].notes["pitch"][0] == 62
    with pytest.raises(ValueError, match="scores is empty"):
        scores_to_latents(model, [])


def test_lines_and_arcs():
    a, b = np.array([3.0, 0.0, 0.0]), np.array([0.0, 3.0, 0.0])
    shares = np.linspace(0, 1, 7)
    arc = slerp(a, b, shares)
    np.testing.assert_allclose(np.linalg.norm(arc, axis=1), 3, rtol=1e-5)
    angles = np.degrees(np.arctan2(arc[:, 1], arc[:, 0]))
    np.testing.assert_allclose(angles, 90 * shares, atol=1e-3)
    assert np.linalg.norm(lerp(a, b, 0.5)) == pytest.approx(3 / np.sqrt(2))
    for ends in ((a, b), (a, 2 * a), (a, -a), (a, 0 * a), (0 * a, 0 * a)):
        both = slerp(*ends, [0.0, 1.0])
        np.testing.assert_allclose(both, ends, atol=1e-5)
        assert np.isfinite(slerp(*ends, shares)).all()
    np.testing.assert_allclose(np.linalg.norm(slerp(a, 3 * b, 0.5)), 6, rtol=1e-5)
    with pytest.raises(ValueError, match=r"a has shape \(3,\) and b \(2,\)"):
        lerp(a, b[:2], 0.5)


def test_the_plane_has_the_corners_at_its_corners_and_is_decoded_at_once():
    model = BarModel()
    corners = np.array([[0.0, 2.0], [12.0, 2.0], [0.0, 8.0], [12.0, 8.0]])
    plane = latent_plane(model, corners, 5, key="G major")
    assert model.calls == 1 and len(plane) == 5 and {len(row) for row in plane} == {5}
    assert [len(row[0]) for row in plane] == [8, 16, 20, 24, 32] or [len(row[0]) for row in plane] == [
        8,
        16,
        20,
        28,
        32,
    ]
    assert [row[4].notes["pitch"][0] for row in plane] == [79] * 5  # an octave above G4
    np.testing.assert_allclose(plane_points(corners, 5)[[0, 0, -1, -1], [0, -1, 0, -1]], corners)
    with pytest.raises(ValueError, match="size=1"):
        plane_points(corners, 1)
    with pytest.raises(ValueError, match="give four points"):
        plane_points(corners[:3])


def test_a_quality_has_a_direction_and_the_others_can_be_held():
    model, rng = BarModel(), np.random.default_rng(0)
    counts = rng.choice([1, 2, 4, 8], 200)
    pitches = np.clip(60 + counts + rng.integers(-3, 4, 200), 50, 80)  # dense tunes lie higher
    tunes = [tune(int(pitch), int(n)) for pitch, n in zip(pitches, counts, strict=True)]
    density = attribute_values(tunes)["density"]
    np.testing.assert_allclose(density, counts)
    plain = attribute_vector(model, tunes, density)
    held = attribute_vector(model, tunes, density, steady=pitches)
    np.testing.assert_allclose(plain, [1, 1], atol=0.15)  # a note more a bar, and with it a semitone
    np.testing.assert_allclose(held, [0, 1], atol=0.05)
    np.testing.assert_allclose(attribute_vector(model, tunes, density, latents=model.encode(
        np.array([model.codec.encode(t) for t in tunes]))[0]), plain)  # fmt: skip
    moved = move(model, [tune(62, 2, key="D major", bpm=70, title="a")], held, 2)
    assert len(moved[0]) == 16 and (moved[0].key, moved[0].bpm, moved[0].title) == ("D major", 70, "a")
    with pytest.raises(ValueError, match="all the same"):
        attribute_vector(model, tunes, np.ones(200))
    with pytest.raises(ValueError, match=r"values has shape \(3,\) for 200 scores"):
        attribute_vector(model, tunes, density[:3])


def test_a_quality_without_one_direction_has_a_surface():
    rng = np.random.default_rng(1)
    z = rng.normal(size=(800, 3))
    spread = 2 + (z[:, 0] - z[:, 1]) ** 2 + 0.5 * z[:, 2]  # grows to both sides
    surface = attribute_surface(z, np.where(rng.random(800) < 0.1, np.nan, spread))
    np.testing.assert_allclose(surface.values(z), spread, atol=0.1)
    step = 1e-4
    for axis in range(3):
        ahead = surface.values(z + step * np.eye(3)[axis]) - surface.values(z - step * np.eye(3)[axis])
        np.testing.assert_allclose(surface.gradients(z)[:, axis], ahead / (2 * step), atol=1e-4)
    apart = np.abs(z[:, 0] - z[:, 1]) > 1
    moved = surface.moved(z[apart], 2.0)
    np.testing.assert_allclose(surface.values(moved), surface.values(z[apart]) + 2, atol=0.05)
    np.testing.assert_allclose(surface.values(surface.moved(z[apart], 0.0)), surface.values(z[apart]), atol=1e-4)
    np.testing.assert_allclose(moved_points([[1.0, 2.0]], [0.5, 0.0], 2), [[2, 2]])
    with pytest.raises(ValueError, match=r"latents has shape \(800, 3\) and values \(3,\)"):
        attribute_surface(z, spread[:3])
    with pytest.raises(ValueError, match="no number"):
        attribute_surface(z, np.full(800, np.nan))


def test_move_goes_along_vectors_and_up_surfaces():
    model = BarModel()
    tunes = [tune(60 + n, n) for n in (1, 2, 4, 8)]
    surface = attribute_surface(scores_to_latents(model, tunes * 50), np.tile([1.0, 2, 4, 8], 50))
    assert [len(score) for score in move(model, tunes[1:2], surface, 2)] == [16]


def test_qualities():
    anacrusis = Score.from_melody([60] * 4, 24, pickup=24)
    assert syncopation(anacrusis) == 0
    pushed = Score.from_melody(
        [60, 60, 60], [36, 48, 12]
    )  # the second note begins half a beat before beat 3 and holds on
    assert syncopation(pushed) == 2  # strength -3 passes -1
    assert syncopation(Score.from_melody([60, 62] * 8, 6)) == 0
    assert np.isnan(syncopation(Score())) and np.isnan(contour(Score())) and np.isnan(majorness(Score()))
    with pytest.raises(ValueError, match="meter 3/4"):
        syncopation(Score.from_melody([60] * 3, 24, meter=(3, 4)))
    assert contour(Score.from_melody([72, 71, 69, 67], 24)) < 0 and np.isnan(contour(Score.from_melody([60], 24)))
    minor = Score.from_melody([60, 63, 67, 68, 70], 24, key="C minor")
    assert majorness(minor) == -1 and majorness(minor.transpose(5)) == -1
    assert majorness(Score.from_melody([60, 67], 24)) == 0
    assert set(ATTRIBUTES) == {"density", "range", "syncopation", "contour", "majorness"}


def test_reconstruction_figures():
    a = Score.from_melody([60, 62, None, 65], 24)
    assert note_f1([a, a], [a, Score()]) == pytest.approx(2 * 3 / (6 + 3))
    assert np.isnan(note_f1(Score(), Score()))
    codec = FourBarCodec()
    b = Score.from_melody([60, 64, 65, 65], 24)
    assert symbol_note_f1([codec.encode(a)], [codec.encode(b)]) == pytest.approx(note_f1(a, b))
    with pytest.raises(ValueError, match="real has 1 scores and told 2"):
        note_f1(a, [a, a])
    with pytest.raises(ValueError, match="as many steps"):
        symbol_note_f1([[1, 2]], [[1]])
    with pytest.raises(ValueError, match="for both"):
        kl_to_prior([1.0], [1.0])
    assert active_units(np.zeros((5, 3))) == 0
    assert np.isnan(detour([[1, 2], [1, 3], [1, 2]])) and morph_steps([[1, 2], [1, 2]]).tolist() == [0]
    assert share_in_range([0, 5, np.nan, 100], np.arange(11)) == 0.25
