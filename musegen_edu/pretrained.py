"""Trained weights and their cards: saved together, checked against each other when loaded."""

from __future__ import annotations

import importlib
import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musegen_edu.files import sha256_of, weights_folder, write_atomically
from musegen_edu.tokens import BandCodec, ChoraleCodec, Codec, FourBarCodec, codec_from_dict

if TYPE_CHECKING:
    import keras

CARD_VERSION = 1
_MODULES = {  # class -> module of `musegen_edu.models`, loaded when it is needed, because it loads Keras
    "MelodyRNN": "recurrent",
    "MelodyLSTM": "recurrent",
    "MelodyGRU": "recurrent",
    "ChoraleLSTM": "chorale",
    "InstrumentCNN": "instruments",
    "InstrumentTagger": "crnn",
    "NextBar": "next_bar",
    "WaveNet": "wavenet",
    "ChoraleInpainter": "convolutional",
    "FourBarGAN": "four_bar_gan",
    "MelodyVAE": "vae",
    "BandGAN": "band_gan",
    "SpectrogramVAE": "spectrogram_vae",
    "StyleCycle": "style_cycle",
    "SpectrogramGAN": "spectrogram_gan",
    "SpectrogramVAEGAN": "vae_gan",
}


def save_pretrained(
    name: str,
    model: keras.Model,
    codec: Codec | ChoraleCodec | FourBarCodec | BandCodec | None = None,
    *,
    card: dict[str, Any],
    folder: str | os.PathLike[str] | None = None,
) -> Path:
    """Write a model's weights as 16-bit floats, and beside them the card that says what they are.

    The card is a JSON file with what is given here (by habit: data with its sha256, command, seed, seconds, machine, metrics) and what
    `load_pretrained` needs: the model's class and arguments, the codec with its vocabulary, and the sha256 of the weights.

    Parameters
    ----------
    name : the files are `name.npz` and `name.json`.
    model : one of the classes in `musegen_edu.models`.
    codec : what turns the model's symbols into scores and back; None where a model works on arrays alone.
    folder : the course's own weights folder if None.

    Returns
    -------
    The path of the card.
    """
    folder = Path(folder) if folder is not None else weights_folder()
    stream = io.BytesIO()
    values = zip(model.weights, model.get_weights(), strict=True)
    arrays: dict[str, Any] = {weight.path: value.astype(np.float16) for weight, value in values}
    np.savez(stream, **arrays)
    weights = stream.getvalue()
    content = {
        "name": name,
        "version": CARD_VERSION,
        **card,
        "model": {"class": type(model).__name__, "arguments": model.get_config(), "parameters": model.count_params()},
        "weights": {"file": f"{name}.npz", "bytes": len(weights), "sha256": sha256_of(weights)},
        "codec": None if codec is None else codec.to_dict(),
    }
    write_atomically(folder / f"{name}.npz", weights)
    return write_atomically(folder / f"{name}.json", json.dumps(content, indent=1) + "\n")


def pretrained_names(folder: str | os.PathLike[str] | None = None) -> list[str]:
    """Return the names that `load_pretrained` knows, sorted."""
    folder = Path(folder) if folder is not None else weights_folder()
    return sorted(path.stem for path in folder.glob("*.json"))


def load_card(name: str, folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """Return the card of a trained model: how it was made, and what it was measured to do.

    Raises
    ------
    FileNotFoundError, ValueError
        If the card is missing, or is no card; the message says what to do.

    Examples
    --------
    >>> load_card("melody_lstm")["model"]["class"]
    'MelodyLSTM'
    """
    folder = Path(folder) if folder is not None else weights_folder()
    path = folder / f"{name}.json"
    if not path.is_file():
        known = ", ".join(pretrained_names(folder)) or "none"
        raise FileNotFoundError(f"{path} is missing (models there: {known}). {_cure(name)}")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        version = card["version"]
        _ = card["model"]["class"], card["model"]["arguments"], card["weights"]["sha256"], card["codec"]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} is cut or is not the card of a model. {_cure(name)}") from None
    if version != CARD_VERSION:
        raise ValueError(f"{path} has version {version}; this musegen-edu reads version {CARD_VERSION}. {_cure(name)}")
    return dict(card)


def load_pretrained(name: str, folder: str | os.PathLike[str] | None = None) -> keras.Model:
    """Make a model with its trained weights, on whatever backend Keras runs.

    Parameters
    ----------
    name : such as `"melody_lstm"`; `pretrained_names` lists them.
    folder : where to look; the course's own weights folder (`MUSEGEN_WEIGHTS` names another) if None.

    Returns
    -------
    The model; its `codec` attribute turns its tokens into scores and back (None for a model of arrays).

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing, cut or changed, or from another version; the message says what to do.

    Lesson: 00 start_here.
    """
    folder = Path(folder) if folder is not None else weights_folder()
    card = load_card(name, folder)
    path = folder / f"{name}.npz"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing. {_cure(name)}")
    data = path.read_bytes()
    if sha256_of(data) != card["weights"]["sha256"]:
        raise ValueError(
            f"{path} is cut or changed: its card says {card['weights']['bytes']} bytes with sha256 "
            f"{card['weights']['sha256'][:12]}..., it has {len(data)} bytes with sha256 {sha256_of(data)[:12]}.... {_cure(name)}"
        )
    try:
        class_name = card["model"]["class"]
        network = getattr(importlib.import_module(f"musegen_edu.models.{_MODULES[class_name]}"), class_name)
        model = network(**card["model"]["arguments"])
        codec = None if card["codec"] is None else codec_from_dict(card["codec"])
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            for weight in model.weights:
                weight.assign(stored[weight.path].astype(np.float32))  # ValueError where the shapes differ
    except (KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"the card and the weights of {name!r} in {folder} do not fit together ({error}). {_cure(name)}"
        ) from error
    model.codec = codec
    return model


def _cure(name: str) -> str:
    return (
        "Install musegen-edu again (in a clone: git checkout musegen_edu/weights), "
        f"or train the model yourself: musegen train {name}"
    )
