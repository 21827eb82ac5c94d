"""How `spectrogram_gan` is made, from the rendered notes to its card, and what it is measured against."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from musegen_edu.metrics.note_pictures import nearest_take, unlikeness
from musegen_edu.models.spectrogram_gan import SpectrogramGAN
from musegen_edu.pretrained import load_pretrained
from musegen_edu.recipes.note_games import NoteGame, Notes, judge_notes, train_on_timbre
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes. `learning_rate` is the generator's, `embedding` the number of latent dimensions, `units` the width of
# the recurrent layer; patience, weight decay, depth and dropout are not used.
SPECTROGRAM_GAN_PROFILES = {
    "quick": Profile("quick", 4, 4, 32, 1e-3, 0.0, 8, 96, 1, 0.0, 640),
    "full": Profile("full", 60, 60, 32, 1e-3, 0.0, 8, 160, 1, 0.0),
}
JUDGE_RATE = 2e-3
BETAS = (0.0, 0.9)
AVERAGE = 0.995
DRAWS = 8  # noises a note, when it is asked how many of the real takes come near to one of them
_OF_NOISE = 3  # as many as there are real takes of a note


def train_spectrogram_gan(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `spectrogram_gan` on the rendered notes of "timbre", measure it, and write its weights and card (see `train_on_timbre`).

    Its generator is stored with the running average of its weights, rounded to 16-bit floats, and measured so.

    Returns
    -------
    The path of the card.
    """
    profile = SPECTROGRAM_GAN_PROFILES.get(profile.name, profile)
    sizes: dict[str, Any] = {"latent": profile.embedding, "units": profile.units}

    def finish(pair: SpectrogramGAN, train: Notes, test: Notes) -> dict[str, Any]:
        pair.settle()
        kept = f"the running average of its weights, which keeps {AVERAGE} of itself a step"
        return {"generator": kept, "metrics": judge_forger(pair, train, test)}

    game = NoteGame(
        "spectrogram_gan",
        make=lambda timbre: SpectrogramGAN(len(timbre.class_names), **sizes, average=AVERAGE, seed=seed),
        tell=lambda notes: notes.conditions,
        finish=finish,
        rates=(profile.learning_rate, JUDGE_RATE),
        betas=BETAS,
    )
    return train_on_timbre(game, profile=profile, folder=folder, seed=seed, verbose=verbose, on_epoch=on_epoch)


def judge_forger(pair: SpectrogramGAN, train: Notes, test: Notes) -> dict[str, Any]:
    """Return how forged notes of pitches that were never trained on look and sound, beside real ones and what lesson 09's network paints.

    The rows are: `real`, the notes themselves through the way to the spectrogram and back; `forged`; `vae`, what `spectrogram_vae` decodes from
    the mean code of the instrument's training notes; `semitone_below`, the real notes of the next lower pitch in place of those asked for.
    """
    asked = test.once()
    vae = load_pretrained("spectrogram_vae")
    codes, _ = vae.encode(train.mels, train.pitches)
    centres = np.stack([codes[train.instruments == number].mean(axis=0) for number in asked.instruments])
    below = train.once()
    places = [int(np.flatnonzero((below.conditions == (p - 1, i)).all(axis=1))[0]) for p, i in asked.conditions]
    painted = {
        "real": asked.mels,
        "forged": pair.generate(len(asked), condition=asked.conditions, seed=0),
        "vae": vae.decode(centres, asked.pitches),
        "semitone_below": below.mels[places],
    }
    known = train.once()
    trained = pair.generate(len(known), condition=known.conditions, seed=0)
    draws = np.stack([pair.generate(len(asked), condition=asked.conditions, seed=k) for k in range(DRAWS)], axis=1)
    takes = np.stack([test.mels[(test.conditions == note).all(axis=1)] for note in asked.conditions])
    way = np.sqrt(((takes[:, :, None] - draws[:, None]) ** 2).mean(axis=(3, 4)))  # (n, takes, draws) decibels
    return {
        "notes": len(asked),
        "test_pitches": sorted({int(pitch) for pitch in asked.pitches}),
        "rows": {name: judge_notes(mels, asked, test) for name, mels in painted.items()},
        "nearest_take_db_of_trained_pitches": round(
            float(nearest_take(trained, known.conditions, train.mels, train.conditions).mean()), 3
        ),
        "unlikeness_db": {
            "real_takes": round(float(unlikeness(takes).mean()), 3),
            "forged_draws": round(float(unlikeness(draws[:, :_OF_NOISE]).mean()), 3),
        },
        "nearest_draw_db": {
            f"of_{n}": round(float(way[:, :, :n].min(axis=2).mean()), 3) for n in (1, _OF_NOISE, DRAWS)
        },
    }
