"""Scores in, numbers out: what generated music is like, how near it is to real music, and whether it is copied."""

from musegen_edu.metrics.character import contour, majorness, syncopation
from musegen_edu.metrics.distributions import (
    distribution_overlap,
    interval_distribution,
    kl_divergence,
    rhythm_distribution,
)
from musegen_edu.metrics.features import (
    empty_bar_rate,
    groove_consistency,
    note_density,
    pitch_class_entropy,
    pitch_range,
    polyphony,
    scale_consistency,
)
from musegen_edu.metrics.forgeries import ForgeryTable, forger_rows
from musegen_edu.metrics.multitrack import (
    empty_bars,
    notes_in_drum_pattern,
    qualified_notes,
    tonal_centroid,
    tonal_distance,
    used_pitch_classes,
)
from musegen_edu.metrics.multitrack_rows import multitrack_distance, multitrack_row, real_to_real
from musegen_edu.metrics.novelty import CorpusIndex, nearest_tune, ngram_novelty
from musegen_edu.metrics.reconstruction import active_units, detour, kl_to_prior, note_f1, share_in_range, step_accuracy
from musegen_edu.metrics.scorecards import Scorecard, scorecard
from musegen_edu.metrics.voice_leading import VoiceLeading, voice_leading

__all__ = [
    "CorpusIndex",
    "ForgeryTable",
    "Scorecard",
    "VoiceLeading",
    "active_units",
    "contour",
    "detour",
    "distribution_overlap",
    "empty_bar_rate",
    "empty_bars",
    "forger_rows",
    "groove_consistency",
    "interval_distribution",
    "kl_divergence",
    "kl_to_prior",
    "majorness",
    "multitrack_distance",
    "multitrack_row",
    "nearest_tune",
    "ngram_novelty",
    "note_density",
    "note_f1",
    "notes_in_drum_pattern",
    "pitch_class_entropy",
    "pitch_range",
    "polyphony",
    "qualified_notes",
    "real_to_real",
    "rhythm_distribution",
    "scale_consistency",
    "scorecard",
    "share_in_range",
    "step_accuracy",
    "syncopation",
    "tonal_centroid",
    "tonal_distance",
    "used_pitch_classes",
    "voice_leading",
]
