"""Teach and learn how neural networks make music: one music type, a few representations, models, sampling, sound, widgets.

The names below are in the order in which the data takes its way. Each is loaded when it is first used, so that importing
the package costs next to nothing:

>>> from musegen_edu import Score
>>> Score.from_melody([60, 62, 64], 24).n_bars
1
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# module -> public names, in pipeline order
_MAP = {
    "score": ("Score", "join", "stack"),
    "letters": ("letters_to_score",),
    "midi": ("read_midi", "write_midi", "midi_to_score", "score_to_midi"),
    "datasets": ("load_dataset", "dataset_names"),
    "downloads": ("fetch_dataset",),
    "tokens": ("Vocabulary", "MelodyCodec", "EventCodec", "FourBarCodec", "BandCodec", "score_to_tokens", "tokens_to_score"),
    "pianoroll": ("score_to_pianoroll", "pianoroll_to_score"),
    "models.markov": ("MarkovModel",),
    "models.recurrent": ("MelodyRNN", "MelodyLSTM", "MelodyGRU"),
    "models.chorale": ("ChoraleLSTM",),
    "models.convolutional": ("ChoraleInpainter",),
    "models.vae": ("MelodyVAE",),
    "models.gan": ("AdversarialPair",),
    "models.four_bar_gan": ("FourBarGAN",),
    "models.two_speed_adam": ("TwoSpeedAdam",),
    "bands": ("band_windows",),
    "models.band_gan": ("BandGAN",),
    "mu_law": ("audio_to_mu_law", "mu_law_to_audio"),
    "models.spectrogram_vae": ("SpectrogramVAE",),
    "models.style_cycle": ("StyleCycle",),
    "models.spectrogram_gan": ("SpectrogramGAN",),
    "models.vae_gan": ("SpectrogramVAEGAN",),
    "models.wavenet": ("WaveNet",),
    "devices": ("device_report",),
    "training": ("Profile", "fit", "train"),
    "pretrained": ("load_pretrained", "pretrained_names", "load_card"),
    "sampling": ("filtered_probabilities", "generate"),
    "beams": ("beam_search",),
    "sound_generation": ("generate_audio",),
    "composing": ("compose",),
    "harmonising": ("harmonise", "compose_chorale", "continue_chorale"),
    "inpainting": ("inpaint", "gibbs_steps"),
    "accompanying": ("accompany",),
    "latent": ("scores_to_latents", "latents_to_scores", "lerp", "slerp", "latent_plane"),
    "forging": ("forged_scores", "rival_scores"),
    "attributes": ("attribute_vector", "attribute_surface", "attribute_values", "move"),
    "style_transfer": ("transfer_style",),
    "metrics": (
        "pitch_class_entropy",
        "scale_consistency",
        "ngram_novelty",
        "nearest_tune",
        "note_f1",
        "voice_leading",
    ),
    "synthesis": ("score_to_audio", "read_wav", "write_wav", "audio_to_wav", "audio_to_mp3"),
    "spectrogram": (
        "audio_to_stft",
        "stft_to_audio",
        "audio_to_mel",
        "mel_to_audio",
        "audio_to_mfcc",
        "audio_to_chroma",
    ),
    "notation": ("engrave", "score_to_musicxml", "musicxml_to_score", "read_musicxml", "write_musicxml"),
    "widgets": (
        "Player",
        "PianoRollEditor",
        "NetworkPlayground",
        "TrainingMonitor",
        "SpectrogramPlayer",
        "SamplingPlayground",
        "GateViewer",
        "LatentExplorer",
        "FilterExplorer",
        "Inpainter",
        "GanMonitor",
        "Quiz",
        "Question",
        "Choice",
        "ConfusionExplorer",
        "MatrixExplorer",
        "TransitionExplorer",
    ),
    "checks": ("show_progress",),
    "doctor": ("check_machine",),
}
_HOME = {name: module for module, names in _MAP.items() for name in names}
__all__ = [*_HOME, "__version__"]

# TensorFlow greets with a page of notes on processor features and absent GPUs, in red in a notebook. At level 2
# a machine without a GPU still gets one "error" for it; what goes wrong in earnest is raised as a Python exception.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def __getattr__(name: str) -> Any:
    """Load a public name from its module when it is first used (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if TYPE_CHECKING:  # the same names once more, for editors and type checkers; a test holds the two together
    from musegen_edu.accompanying import accompany as accompany
    from musegen_edu.attributes import attribute_surface as attribute_surface
    from musegen_edu.attributes import attribute_values as attribute_values
    from musegen_edu.attributes import attribute_vector as attribute_vector
    from musegen_edu.attributes import move as move
    from musegen_edu.bands import band_windows as band_windows
    from musegen_edu.beams import beam_search as beam_search
    from musegen_edu.checks import show_progress as show_progress
    from musegen_edu.composing import compose as compose
    from musegen_edu.datasets import dataset_names as dataset_names
    from musegen_edu.datasets import load_dataset as load_dataset
    from musegen_edu.devices import device_report as device_report
    from musegen_edu.doctor import check_machine as check_machine
    from musegen_edu.downloads import fetch_dataset as fetch_dataset
    from musegen_edu.forging import forged_scores as forged_scores
    from musegen_edu.forging import rival_scores as rival_scores
    from musegen_edu.harmonising import compose_chorale as compose_chorale
    from musegen_edu.harmonising import continue_chorale as continue_chorale
    from musegen_edu.harmonising import harmonise as harmonise
    from musegen_edu.inpainting import gibbs_steps as gibbs_steps
    from musegen_edu.inpainting import inpaint as inpaint
    from musegen_edu.latent import latent_plane as latent_plane
    from musegen_edu.latent import latents_to_scores as latents_to_scores
    from musegen_edu.latent import lerp as lerp
    from musegen_edu.latent import scores_to_latents as scores_to_latents
    from musegen_edu.latent import slerp as slerp
    from musegen_edu.letters import letters_to_score as letters_to_score
    from musegen_edu.metrics import nearest_tune as nearest_tune
    from musegen_edu.metrics import ngram_novelty as ngram_novelty
    from musegen_edu.metrics import note_f1 as note_f1
    from musegen_edu.metrics import pitch_class_entropy as pitch_class_entropy
    from musegen_edu.metrics import scale_consistency as scale_consistency
    from musegen_edu.metrics import voice_leading as voice_leading
    from musegen_edu.midi import midi_to_score as midi_to_score
    from musegen_edu.midi import read_midi as read_midi
    from musegen_edu.midi import score_to_midi as score_to_midi
    from musegen_edu.midi import write_midi as write_midi
    from musegen_edu.models.band_gan import BandGAN as BandGAN
    from musegen_edu.models.chorale import ChoraleLSTM as ChoraleLSTM
    from musegen_edu.models.convolutional import ChoraleInpainter as ChoraleInpainter
    from musegen_edu.models.four_bar_gan import FourBarGAN as FourBarGAN
    from musegen_edu.models.gan import AdversarialPair as AdversarialPair
    from musegen_edu.models.markov import MarkovModel as MarkovModel
    from musegen_edu.models.recurrent import MelodyGRU as MelodyGRU
    from musegen_edu.models.recurrent import MelodyLSTM as MelodyLSTM
    from musegen_edu.models.recurrent import MelodyRNN as MelodyRNN
    from musegen_edu.models.spectrogram_gan import SpectrogramGAN as SpectrogramGAN
    from musegen_edu.models.spectrogram_vae import SpectrogramVAE as SpectrogramVAE
    from musegen_edu.models.style_cycle import StyleCycle as StyleCycle
    from musegen_edu.models.two_speed_adam import TwoSpeedAdam as TwoSpeedAdam
    from musegen_edu.models.vae import MelodyVAE as MelodyVAE
    from musegen_edu.models.vae_gan import SpectrogramVAEGAN as SpectrogramVAEGAN
    from musegen_edu.models.wavenet import WaveNet as WaveNet
    from musegen_edu.mu_law import audio_to_mu_law as audio_to_mu_law
    from musegen_edu.mu_law import mu_law_to_audio as mu_law_to_audio
    from musegen_edu.notation import engrave as engrave
    from musegen_edu.notation import musicxml_to_score as musicxml_to_score
    from musegen_edu.notation import read_musicxml as read_musicxml
    from musegen_edu.notation import score_to_musicxml as score_to_musicxml
    from musegen_edu.notation import write_musicxml as write_musicxml
    from musegen_edu.pianoroll import pianoroll_to_score as pianoroll_to_score
    from musegen_edu.pianoroll import score_to_pianoroll as score_to_pianoroll
    from musegen_edu.pretrained import load_card as load_card
    from musegen_edu.pretrained import load_pretrained as load_pretrained
    from musegen_edu.pretrained import pretrained_names as pretrained_names
    from musegen_edu.sampling import filtered_probabilities as filtered_probabilities
    from musegen_edu.sampling import generate as generate
    from musegen_edu.score import Score as Score
    from musegen_edu.score import join as join
    from musegen_edu.score import stack as stack
    from musegen_edu.sound_generation import generate_audio as generate_audio
    from musegen_edu.spectrogram import audio_to_chroma as audio_to_chroma
    from musegen_edu.spectrogram import audio_to_mel as audio_to_mel
    from musegen_edu.spectrogram import audio_to_mfcc as audio_to_mfcc
    from musegen_edu.spectrogram import audio_to_stft as audio_to_stft
    from musegen_edu.spectrogram import mel_to_audio as mel_to_audio
    from musegen_edu.spectrogram import stft_to_audio as stft_to_audio
    from musegen_edu.style_transfer import transfer_style as transfer_style
    from musegen_edu.synthesis import audio_to_mp3 as audio_to_mp3
    from musegen_edu.synthesis import audio_to_wav as audio_to_wav
    from musegen_edu.synthesis import read_wav as read_wav
    from musegen_edu.synthesis import score_to_audio as score_to_audio
    from musegen_edu.synthesis import write_wav as write_wav
    from musegen_edu.tokens import BandCodec as BandCodec
    from musegen_edu.tokens import EventCodec as EventCodec
    from musegen_edu.tokens import FourBarCodec as FourBarCodec
    from musegen_edu.tokens import MelodyCodec as MelodyCodec
    from musegen_edu.tokens import Vocabulary as Vocabulary
    from musegen_edu.tokens import score_to_tokens as score_to_tokens
    from musegen_edu.tokens import tokens_to_score as tokens_to_score
    from musegen_edu.training import Profile as Profile
    from musegen_edu.training import fit as fit
    from musegen_edu.training import train as train
    from musegen_edu.widgets import Choice as Choice
    from musegen_edu.widgets import ConfusionExplorer as ConfusionExplorer
    from musegen_edu.widgets import FilterExplorer as FilterExplorer
    from musegen_edu.widgets import GanMonitor as GanMonitor
    from musegen_edu.widgets import GateViewer as GateViewer
    from musegen_edu.widgets import Inpainter as Inpainter
    from musegen_edu.widgets import LatentExplorer as LatentExplorer
    from musegen_edu.widgets import MatrixExplorer as MatrixExplorer
    from musegen_edu.widgets import NetworkPlayground as NetworkPlayground
    from musegen_edu.widgets import PianoRollEditor as PianoRollEditor
    from musegen_edu.widgets import Player as Player
    from musegen_edu.widgets import Question as Question
    from musegen_edu.widgets import Quiz as Quiz
    from musegen_edu.widgets import SamplingPlayground as SamplingPlayground
    from musegen_edu.widgets import SpectrogramPlayer as SpectrogramPlayer
    from musegen_edu.widgets import TrainingMonitor as TrainingMonitor
    from musegen_edu.widgets import TransitionExplorer as TransitionExplorer
