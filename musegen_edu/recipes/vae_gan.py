"""How `vae_gan` is made, from the rendered notes to its card, and what it is measured against: the VAE without a judge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from musegen_edu.metrics.note_pictures import flicker, partial_contrast
from musegen_edu.models.vae_gan import SpectrogramVAEGAN
from musegen_edu.pretrained import load_card, load_pretrained
from musegen_edu.recipes.note_games import NoteGame, Notes, judge_notes, train_on_timbre
from musegen_edu.recipes.spectrogram_vae import rms
from musegen_edu.training import EpochReport, Profile

# In place of the profiles for folk tunes. `learning_rate` is that of encoder and decoder, `embedding` the number of latent dimensions, `units` the
# width of the recurrent layer; `full` takes about as long as `spectrogram_vae` does. Patience, weight decay, depth and dropout are not used.
VAE_GAN_PROFILES = {
    "quick": Profile("quick", 4, 4, 32, 2e-3, 0.0, 8, 96, 1, 0.0, 640),
    "full": Profile("full", 18, 18, 32, 2e-3, 0.0, 8, 160, 1, 0.0),
}
JUDGE_RATE = 2e-3
BETAS = (0.5, 0.99)
N_DRAWN = 256  # notes from the standard normal distribution, for the rows `drawn`


def train_vae_gan(
    profile: Profile,
    *,
    folder: Path,
    seed: int,
    verbose: int = 1,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Path:
    """Train `vae_gan` on the rendered notes of "timbre", measure it, and write its weights and card (see `train_on_timbre`).

    Returns
    -------
    The path of the card.
    """
    profile = VAE_GAN_PROFILES.get(profile.name, profile)
    game = NoteGame(
        "vae_gan",
        make=lambda _: SpectrogramVAEGAN(profile.embedding, units=profile.units, seed=seed),
        tell=lambda notes: notes.pitches,
        finish=lambda *judged: {"metrics": judge_beside_vae(*judged)},
        rates=(profile.learning_rate, JUDGE_RATE),
        betas=BETAS,
    )
    return train_on_timbre(game, profile=profile, folder=folder, seed=seed, verbose=verbose, on_epoch=on_epoch)


def judge_beside_vae(model: SpectrogramVAEGAN, train: Notes, test: Notes) -> dict[str, Any]:
    """Return how test notes come back from their codes, from this model and from `spectrogram_vae`, and how notes from drawn codes look.

    `test_error_db` is the root mean square over all bands and frames. `kl_nats` is the rate of the codes: where one model has more of it, its codes
    tell more. In `drawn`, `partial_contrast` and `flicker` are shares of the training notes'.
    """
    asked, vae = test.once(), load_pretrained("spectrogram_vae")
    pitches = np.random.default_rng(1).choice(np.unique(train.pitches), N_DRAWN)
    found: dict[str, Any] = {"notes": len(asked), "rows": {"real": judge_notes(asked.mels, asked, test)}}
    for name, network in (("vae", vae), ("vae_gan", model)):
        mean, log_variance = network.encode(test.mels, test.pitches)
        painted = network.decode(mean, test.pitches)
        middle = np.isin(test.velocities, asked.velocities)
        row = judge_notes(painted[middle], asked, test)
        drawn = network.decode(np.random.default_rng(0).normal(size=(N_DRAWN, network.latent)), pitches)
        found["rows"][name] = {
            "test_error_db": round(rms(painted - test.mels), 3),
            **row,
            "kl_nats": round(float(kl_nats(mean, log_variance)), 3),
            "drawn": {
                "partial_contrast": round(
                    float(partial_contrast(drawn).mean() / partial_contrast(train.mels).mean()), 4
                ),
                "flicker": round(float(flicker(drawn).mean() / flicker(train.mels).mean()), 4),
            },
        }
    found["cpu_seconds_of_vae"] = load_card("spectrogram_vae")["cpu_seconds"]
    return found


def kl_nats(mean: npt.NDArray[Any], log_variance: npt.NDArray[Any]) -> float:
    """Return the mean KL divergence of codes from the standard normal distribution, in nats a note.

    Examples
    --------
    >>> kl_nats(np.ones((1, 2)), np.zeros((1, 2)))
    1.0
    """
    return float((0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance)).sum(axis=1).mean())
