"""Interactive pictures for notebooks: the player, the piano-roll editor, the network playground, the quiz and the spectrogram player. Importing this loads anywidget."""

from musegen_edu.widgets.confusion_explorer import ConfusionExplorer
from musegen_edu.widgets.filter_explorer import FilterExplorer
from musegen_edu.widgets.gan_monitor import GanMonitor
from musegen_edu.widgets.gate_viewer import GateViewer
from musegen_edu.widgets.inpainter import Inpainter
from musegen_edu.widgets.latent_explorer import LatentExplorer
from musegen_edu.widgets.matrix_explorer import MatrixExplorer
from musegen_edu.widgets.network_playground import NetworkPlayground
from musegen_edu.widgets.pianoroll_editor import PianoRollEditor
from musegen_edu.widgets.player import Player, score_mimebundle
from musegen_edu.widgets.quiz import Choice, Question, Quiz
from musegen_edu.widgets.sampling_playground import SamplingPlayground
from musegen_edu.widgets.spectrogram_player import SpectrogramPlayer
from musegen_edu.widgets.training_monitor import TrainingMonitor
from musegen_edu.widgets.transition_explorer import TransitionExplorer

__all__ = [
    "Choice",
    "ConfusionExplorer",
    "FilterExplorer",
    "GanMonitor",
    "GateViewer",
    "Inpainter",
    "LatentExplorer",
    "MatrixExplorer",
    "NetworkPlayground",
    "PianoRollEditor",
    "Player",
    "Question",
    "Quiz",
    "SamplingPlayground",
    "SpectrogramPlayer",
    "TrainingMonitor",
    "TransitionExplorer",
    "score_mimebundle",
]
