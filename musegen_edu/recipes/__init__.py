"""How each of the course's trained models is made, from its data to its card: one module a kind of model."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from musegen_edu.models.crnn import KINDS
from musegen_edu.models.recurrent import MELODY_NETWORKS
from musegen_edu.recipes.band import GIVEN, train_band
from musegen_edu.recipes.chorale import train_chorale_lstm
from musegen_edu.recipes.crnn import train_instrument_tagger
from musegen_edu.recipes.four_bar_gan import train_four_bar_gan
from musegen_edu.recipes.inpainter import train_chorale_inpainter
from musegen_edu.recipes.instruments import train_instrument_cnn
from musegen_edu.recipes.melody import markov_nats as markov_nats
from musegen_edu.recipes.melody import melody_profile as melody_profile
from musegen_edu.recipes.melody import train_melody_network
from musegen_edu.recipes.melody import without_numbers as without_numbers
from musegen_edu.recipes.melody_vae import LATENTS, train_melody_vae
from musegen_edu.recipes.next_bar import train_next_bar
from musegen_edu.recipes.spectrogram_gan import train_spectrogram_gan
from musegen_edu.recipes.spectrogram_vae import train_spectrogram_vae
from musegen_edu.recipes.style_cycle import train_style_cycle
from musegen_edu.recipes.vae_gan import train_vae_gan
from musegen_edu.recipes.wavenet import train_wavenet


def _ending(kind: str) -> str:
    """Return what a kind adds to the name of a network of lesson 08: nothing for the one that has both parts."""
    return "" if kind == "crnn" else f"_{kind}"


RECIPES: dict[str, Callable[..., Path]] = {
    **{name: partial(train_melody_network, name) for name in MELODY_NETWORKS},
    "chorale_lstm": train_chorale_lstm,
    "wavenet": train_wavenet,
    "chorale_inpainter": train_chorale_inpainter,
    "instrument_cnn": train_instrument_cnn,
    **{"instrument_tagger" + _ending(kind): partial(train_instrument_tagger, kind) for kind in KINDS},
    **{name: partial(train_melody_vae, name) for name in LATENTS},
    **{"next_bar" + _ending(kind): partial(train_next_bar, kind) for kind in KINDS},
    "four_bar_gan": train_four_bar_gan,
    "spectrogram_vae": train_spectrogram_vae,
    **{name: partial(train_band, name) for name in GIVEN},
    "style_cycle": train_style_cycle,
    "spectrogram_gan": train_spectrogram_gan,
    "vae_gan": train_vae_gan,
}
