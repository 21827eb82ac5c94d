# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "07"
#     title: Convolutional networks
#     prerequisites: ["04_deep_learning_with_keras", "06_lstm_and_gru"]
#     minutes: {read: 35, run: 6, exercise: 25}
#     cpu_seconds: 120
# ---

# %% [markdown] id="title"
# # 07 · Convolutional networks
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [04 Deep learning with Keras](04_deep_learning_with_keras.ipynb) and [06 LSTM and GRU](06_lstm_and_gru.ipynb).*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Compute convolution, stride, padding, dilation and pooling by hand, in agreement with Keras, and count what one output can hear.
# 2. Train a network that names instruments from pictures of sound, split so that nothing leaks, and hear what it listens to.
# 3. Erase notes of a chorale and have a network fill the hole, at once and by Gibbs sampling, and say why the second is better.
# 4. Build a causal, dilated network that writes sound sample by sample, and measure the notes that it makes.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for one double lesson (90 min).** Listening 5 min · the sliding window on the blackboard, kernels that can be heard 15 min · the canon and the filter explorer 15 min · receptive fields and the network that peeks 15 min · who plays, and the three splits 15 min · filling a hole, with the widget on the projector 15 min · WaveNet, listening only 5 min · quiz 5 min. Exercises are homework.
# In a single lesson (45 min): listening, the canon, the filter explorer, the figure of the three splits, one hole that the class chooses. The question that works best comes before the three splits: *your friend's classifier has 98 %. What do you ask?*

# %% [markdown] id="listen-intro"
# ## Listen first
#
# The same six bars by Bach, twice. In one of them the alto and the tenor of the middle bars were **erased, and filled in by a convolutional network** that saw what stands around the hole. Then three notes, of which a network has written **every single sample**, 8,000 a second.
#
# **Write down**: which chorale is Bach's? Which instruments are the three notes meant to be?

# %% id="listen-prepare"
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import Audio, display

from musegen_edu import inpaint, load_card, load_dataset, load_pretrained
from musegen_edu.inpainting import n_sixteenths
from musegen_edu.plots.style import INK, LINES, MARKERS, PALETTE, add_legend, dress

bach = load_dataset("chorales")
in_four = [piece for piece in bach.test if piece.meter == (4, 4) and piece.n_bars >= 6 and piece.duration % 6 == 0]
original = in_four[3].slice_bars(1, 6)

def hole_in(piece, voices, bars):
    """Which sixteenths of a chorale in 4/4 are erased, (4, n): some voices (0 is the soprano), some bars."""
    hole = np.zeros((4, n_sixteenths(piece)), bool)
    shift = piece.pickup // 6
    hole[voices, shift + 16 * (bars[0] - 1) : shift + 16 * bars[1]] = True
    return hole

# %% id="listen-one"
middle = hole_in(original, [1, 2], bars=(2, 5))
inpaint(original, middle, seed=1).replace(title="Number 1")

# %% id="listen-two"
original.replace(title="Number 2")

# %% id="listen-notes"
from musegen_edu.sound_generation import generate_audio

wavenet = load_pretrained("wavenet")
HEAT = load_card("wavenet")["metrics"]["temperature"]  # the one that was best on validation pitches
asked = [("Vibraphone", 67), ("Clarinet", 60), ("Cello", 53)]
names, keys = zip(*asked)
written = generate_audio(wavenet, keys, names, temperature=HEAT, seed=1)
for number, sound in enumerate(written, 1):
    print(f"note {number}")
    display(Audio(sound, rate=wavenet.sample_rate))

# %% [markdown] id="listen-explained"
# <details><summary>The answers</summary>
#
# Number 1 has the network's inner voices, number 2 is Bach. Where you cannot say *why* you chose, you have probably guessed: between an outer voice that is Bach's above and one below there is not much room, and the network has learnt what usually stands there. Listen for a line that is worth singing.
#
# The notes are a vibraphone, a clarinet and a cello, at 8,000 samples a second. You may hear noise, and a pitch that is not quite steady. No oscillator, no recording: 8,000 times a second one number was drawn.
#
# </details>

# %% [markdown] id="window-intro"
# ## 1 · A window that slides
#
# The dense layers of lessons 03 and 04 have a weight of their own for *every* place. A **convolutional** layer has a small table of weights, the **kernel**, and slides it along: the same few weights at every place. Whoever can tell a drum stroke at second 1 can tell it at second 7 as well.
#
# **The picture.** A kernel of width 3, with stride 1, slides over seven samples:
#
# ```
#   x₀   x₁   x₂   x₃   x₄   x₅   x₆            the input
#   └─ k ─┘                                      y₀ = k₀x₀ + k₁x₁ + k₂x₂ + b
#        └─ k ─┘                                 y₁ = k₀x₁ + k₁x₂ + k₂x₃ + b
#             └─ k ─┘                            y₂ = ...
# ```
#
# Five numbers come out of seven: at the ends there is no room. **The symbols.** $t$ counts the places of the output $y$, $j$ the $K$ taps (weights) of the kernel $k$, $b$ is the bias. $s$ is the **stride**: how many samples the window moves on from one output to the next. $d$ is the **dilation**: how far apart the taps stand.
#
# $$y_t = b + \sum_{j=0}^{K-1} k_j \, x_{s\,t + d\,j}$$
#
# With several channels in (left and right, or the rows of a picture), the kernel has a column for each and the products of all of them are added; with several kernels, each gives a channel of its own, its **feature map**.
#
# In three lines of NumPy, written so that `x` may have any number of further axes:

# %% id="window-numpy"
def windows(x, width, stride=1, dilation=1):
    """What the window sees at each place: (n_out, width, ...) of x, (n_in, ...)."""
    reach = (width - 1) * dilation + 1  # samples from the first tap to the last
    return np.stack([x[s : s + reach : dilation] for s in range(0, len(x) - reach + 1, stride)])

def convolve(x, kernel, bias=0.0, stride=1, dilation=1):
    """x (n_in, channels), kernel (width, channels, filters) -> (n_out, filters)."""
    return np.tensordot(windows(x, len(kernel), stride, dilation), kernel, axes=2) + bias

# %% [markdown] id="padding-intro"
# **Padding** says what happens at the ends: `valid` leaves them as they are; `same` puts zeros on both sides, so that (with stride 1) as many numbers come out as go in; `causal` puts all the zeros *in front*, so that an output never sees what comes after it. **Pooling** is a window without weights: it hands on the largest number, or the mean.

# %% id="padding-numpy"
def padded(x, width, kind, stride=1, dilation=1):
    """x with the zeros that Keras puts around it; kind is valid, same or causal."""
    reach = (width - 1) * dilation + 1
    n_out = -(-len(x) // stride)  # rounded up
    total = max((n_out - 1) * stride + reach - len(x), 0)
    left, right = {"valid": (0, 0), "same": (total // 2, total - total // 2), "causal": (reach - 1, 0)}[kind]
    return np.pad(x, [(left, right)] + [(0, 0)] * (x.ndim - 1))

def pool(x, width, stride):
    return windows(x, width, stride).max(axis=1)

# %% [markdown] id="predict-sizes"
# **Predict.** 50 samples, a kernel of width 4. *How many numbers come out with `valid`? With `same` and stride 3? With `valid` and dilation 3?* Then compare with Keras, in all combinations that it allows.

# %% id="sizes"
from musegen_edu.quiet_keras import keras

layers, rng = keras.layers, np.random.default_rng(0)
x, kernel, bias = rng.normal(size=(50, 3)), rng.normal(size=(4, 3, 5)), rng.normal(size=5)
for kind, stride, dilation in [("valid", 1, 1), ("valid", 3, 1), ("valid", 1, 3),
                               ("same", 1, 1), ("same", 3, 1), ("causal", 1, 3)]:  # fmt: skip
    layer = layers.Conv1D(5, 4, strides=stride, dilation_rate=dilation, padding=kind)
    theirs = layer(x[None].astype("float32"))  # the first call makes the weights
    layer.set_weights([kernel, bias])
    theirs = np.array(layer(x[None].astype("float32")))[0]
    ours = convolve(padded(x, 4, kind, stride, dilation), kernel, bias, stride, dilation)
    agrees = ours.shape == theirs.shape and np.abs(ours - theirs).max() < 1e-5
    print(f"{kind:6s} stride {stride} dilation {dilation}: {len(ours):2d} numbers; Keras agrees to 0.00001: {agrees}")
gap = np.abs(pool(x, 3, 2) - np.array(layers.MaxPooling1D(3, 2)(x[None]))[0]).max()
print("max pooling agrees:", bool(gap < 1e-5))

# %% [markdown] id="sizes-explained"
# <details><summary>What happened, and why</summary>
#
# `valid`: $50 - 3 = 47$ places have room. `same` with stride 3: $50 / 3$, rounded up, 17. With dilation 3 the four taps reach over $3 \cdot 3 + 1 = 10$ samples, so 41 places are left. And however long the sound is, there are $4 \cdot 3 \cdot 5 + 5 = 65$ weights.
#
# A word about the name: mathematicians turn the kernel round before they slide it, and only that is called *convolution*; what Keras and we do is *cross-correlation*. For weights that are learnt it makes no difference. `np.convolve` does turn it round.
#
# </details>

# %% [markdown] id="predict-echo"
# ### Kernels that you can hear
#
# One input channel, one output channel, a real recording (from `one_shots`): a kernel for sound is what musicians call a *filter*, long before networks. Four kernels by hand:
#
# - `dull`: sixteen weights of 1/16, a mean; `sharp`: the difference between a sample and the one before;
# - `echo`: two taps, 0.6 and 1, with a **dilation** of 3,200 samples (0.2 s), causal;
# - `room`: 8,000 taps by dice that die away.
#
# **Predict.** *What will each sound like? Which one needs zeros in front?*

# %% id="echo"
shots = load_dataset("one_shots")
place = shots.labels["file"].tolist().index("elec_mid_snare.flac")
snare = shots.steps[place] / 32768  # (32000,), two seconds at 16,000 samples a second

taps = np.random.default_rng(1).normal(size=8000) * np.exp(-np.arange(8000) / 1500)
KERNELS = {"dull": (np.full(16, 1 / 16), 1), "sharp": (np.array([-1.0, 1.0]), 1),  # taps, dilation
           "echo": (np.array([0.6, 1.0]), 3200), "room": (taps[::-1] / np.abs(taps).sum() * 8, 1)}  # fmt: skip
heard = {}
for name, (kernel, dilation) in KERNELS.items():
    sound = padded(snare[:, None], len(kernel), "causal", dilation=dilation)[:, 0]
    spread = np.zeros((len(kernel) - 1) * dilation + 1)
    spread[::dilation] = kernel  # zeros between the taps
    heard[name] = np.convolve(sound, spread[::-1], "valid")  # turned round twice: quick, and the same as ours
short = convolve(padded(snare[:, None], 2, "causal", dilation=3200), KERNELS["echo"][0][:, None, None], dilation=3200)
print("np.convolve and ours agree on the echo:", bool(np.allclose(short[:, 0], heard["echo"])))

# %% id="echo-listen"
from musegen_edu import SpectrogramPlayer

LABELS = ("as recorded", "with an echo")
SpectrogramPlayer(snare, 16_000, other=heard["echo"] / 1.6, labels=LABELS, title="A dilated kernel is an echo")

# %% id="echo-others"
from IPython.display import Audio, display

for name in ("dull", "sharp", "room"):
    print(name)
    display(Audio(heard[name], rate=16_000))

# %% [markdown] id="echo-explained"
# <details><summary>What happened, and why</summary>
#
# A mean smooths what changes quickly, so the high partials go; a difference keeps *only* what changes quickly. The dilated kernel adds the sound to itself, 0.2 s late: two weights reach 3,201 samples. Eight thousand random taps are eight thousand echoes, and that is what a room is (for a real one, clap once in a church and use the recording as the kernel).
# The causal ones begin as the recording begins. With `same` the echo would come half *before* the stroke. A network finds such kernels by itself; nothing in it was called "echo".
#
# </details>
#
# ### The same in two directions
#
# A piano roll is a picture: time in one direction, pitch in the other. A 2-D kernel is a small picture, too, and slides in both directions.
#
# $$y_{t,p} = b + \sum_{i} \sum_{j} k_{i,j} \; x_{t+i,\;p+j}$$
#
# $t$ and $p$ are the place of the window in time and pitch, $i$ and $j$ run over the rows and columns of the kernel. In NumPy: windows in one direction, and of these, windows in the other.

# %% id="plane-numpy"
def windows2d(x, size, stride=1, dilation=1):
    """What the window sees at each place of x (time, pitch, channels): (time, pitch, height, width, channels)."""
    rows = windows(x, size[0], stride, dilation)  # (n_time, height, pitch, channels)
    both = windows(np.moveaxis(rows, 2, 0), size[1], stride, dilation)  # (n_pitch, width, n_time, height, channels)
    return both.transpose(2, 0, 3, 1, 4)

def convolve2d(picture, kernel):
    """picture (time, pitch), kernel (height, width) -> feature map (n_time, n_pitch)."""
    return np.tensordot(windows2d(picture[..., None], kernel.shape)[..., 0], kernel, axes=2)

# %% id="plane-agrees"
x, kernel = rng.normal(size=(12, 9, 2)), rng.normal(size=(3, 2, 2, 4))
for stride, dilation in ((1, 1), (2, 1), (1, 2)):
    layer = layers.Conv2D(4, (3, 2), strides=stride, dilation_rate=dilation)
    layer.build((None, 12, 9, 2))
    layer.set_weights([kernel, np.zeros(4)])
    ours = np.tensordot(windows2d(x, (3, 2), stride, dilation), kernel, axes=3)
    gap = np.array(layer(x[None].astype("float32")))[0] - ours
    print(f"stride {stride}, dilation {dilation}: {gap.shape}; agrees to 0.00001: {bool(np.abs(gap).max() < 1e-5)}")

# %% [markdown] id="predict-canon"
# ### A kernel that knows a motif
#
# *Frère Jacques* as a round of four voices, each entering two bars after the one before, in another octave. The kernel is the beginning, C D E C, drawn as a little roll of its own: 13 sixteenths by 5 semitones with four ones in it. Where all four notes begin at their places, the sum is 4; with a bias of $-3$ and a ReLU the neuron fires *only* there.
#
# **Predict.** *How many places will light up? What if the whole round is moved up by a fifth? And what does the map show where three of four notes are right?*

# %% id="canon"
from musegen_edu import letters_to_score, score_to_pianoroll, stack

TUNE = ("C4 D E C | C D E C | E F G:2 | E F G:2 | G:1/2 A:1/2 G:1/2 F:1/2 E C | G4:1/2 A4:1/2 G4:1/2 F4:1/2 E C | "
        "C G3 C4:2 | C G3 C4:2")  # fmt: skip
voices = [letters_to_score("r:4 " * (2 * k) + TUNE, key="C major", bpm=120).transpose(octave)
          for k, octave in enumerate((0, 12, -12, -24))]  # fmt: skip
canon = stack(voices).replace(title="Frère Jacques, a round", programs=(73, 73, 71, 70))

roll = score_to_pianoroll(canon)[..., 1].max(axis=0)  # layer 1: where notes begin; (sixteenths, 128)
motif = np.zeros((13, 5))
motif[[0, 4, 8, 12], [0, 2, 4, 0]] = 1  # four quarters: C, two semitones up, four up, C again
lit = convolve2d(roll, motif)
higher = convolve2d(np.roll(roll, 7, axis=1), motif)
for name, found in (("all four notes at", lit), ("a fifth higher at", higher)):
    print(name, [(step // 16 + 1, pitch) for step, pitch in np.argwhere(found == 4).tolist()], "(bar, pitch)")
print("the map has moved up by seven rows, nothing else:", np.array_equal(higher, np.roll(lit, 7, axis=1)))

# %% id="canon-figure"
figure, axes = plt.subplots(2, 1, figsize=(9, 5.2), dpi=110, layout="constrained", sharex=True)
for ax, picture, name in zip(axes, (roll, np.maximum(lit - 3, 0)), ("note beginnings", "ReLU(sum − 3)")):
    step, pitch = np.nonzero(picture)
    i = int(name != "note beginnings")
    ax.scatter(step / 16 + 1, pitch, s=(14, 60)[i], marker="s", color=PALETTE[i])
    dress(ax, x=("", "bar")[i], y="MIDI pitch", title=name)
    ax.set_ylim(30, 86)
axes[1].set_title(axes[1].get_title(loc="left") + f": one kernel finds {(lit == 4).sum()} entries, in four octaves",
                  color=INK, fontsize=12.5, fontweight="bold", loc="left")  # fmt: skip
canon

# %% [markdown] id="canon-explained"
# <details><summary>What happened, and why</summary>
#
# Four voices, and each sings the motif twice: eight. A picture that moves gives a map that moves, by as much (the word is **equivariance**). That is the point of sharing weights: seven semitones higher, four bars later, same neuron. A dense layer would have to learn each place for itself. In C minor (E flat for E) the sum is 3, and the neuron is silent; with a bias of $-2$ it would accept near misses.
#
# **Pooling** turns this round: the largest value of a window does not care *where* in the window it was. After a few poolings the network knows *that* the motif was there, and only roughly when.
#
# </details>

# %% [markdown] id="predict-explorer"
# ### Edit a kernel, and hear it
#
# The filter explorer slides a kernel over a picture. Move over the map: under the pointer stand the cells below the kernel, their products with the weights, and the sum, as you would work it out by hand. Change a weight, or choose a kernel from the list, and see and hear what lights up.
#
# It begins with the motif of the round, with a bias of −3. (Here a cell is 1 as long as a note *sounds*, not only where it begins.) **Predict.** *Choose "onset", then "major third": what will light up, and what will you hear? And what happens to the motif when you raise the bias to −2?*

# %% id="explorer-roll"
from musegen_edu import FilterExplorer

explorer = FilterExplorer(canon, kernel=motif, title="A kernel on the round")
explorer.bias = -3.0
explorer

# %% [markdown] id="explorer-sound-intro"
# Now on sound. The picture is a mel spectrogram (lesson 02) of four notes on the piano. "Onset" is minus on its earlier and plus on its later half, so it answers to **beginnings**; "steady tone" is plus in the middle and minus above and below for nine frames, so it answers to **partials**, the thin level lines of a tone. Play what each of them hears. *Which of the two would you rather dance to?*

# %% id="explorer-sound"
from musegen_edu import score_to_audio

phrase = letters_to_score("C4:1/2 G4:1/2 E4:1/2 C5:1", key="C major", bpm=96)
phrase_audio = score_to_audio(phrase, sample_rate=16_000, cache=False).mean(axis=0)[: 2 * 16_000]
FilterExplorer(audio=phrase_audio, sr=16_000, kernel="onset", title="A kernel on a spectrogram")

# %% [markdown] id="mel-intro"
# **Beware of the pitch axis.** On a piano roll (and on a constant-Q spectrogram) a note moved up by a fifth is the same picture, seven rows higher. On a *mel* spectrogram it is not: the bands are evenly spaced up to 1,000 Hz and then grow with frequency, and a tone has many partials. Here is by how many bands each partial moves when A3 becomes A4.

# %% id="mel-shift"
import librosa

edges = librosa.mel_frequencies(n_mels=66, fmax=8000)  # 64 bands, and the two ends
moved_by = {}
for partial in (1, 2, 3, 6, 12):
    low, high = np.interp([220 * partial, 440 * partial], edges, np.arange(66))
    moved_by[partial] = high - low
    print(f"partial {partial:2d}: from {220 * partial:5,} Hz to {440 * partial:5,} Hz, {high - low:4.1f} bands up")

# %% [markdown] id="mel-explained"
# <details><summary>What follows from that</summary>
#
# Low partials move by fewer bands than high ones, so a chord or a timbre changes its shape a little as it goes up. Sharing weights along that axis is *roughly* right, and works; but such a network must learn what a violin looks like in several registers. Sharing along *time* is exact.
#
# </details>

# %% [markdown] id="field-intro"
# ## 2 · What can one output hear?
#
# The **receptive field** of an output is how much of the input can change it. Count it from the bottom up: each layer adds $(K - 1) \cdot d$ steps *of its own input*, and such a step is as wide as all strides below it multiplied. For layers $l = 1 \ldots L$ with kernels $K_l$, strides $s_l$ and dilations $d_l$:
#
# $$r = 1 + \sum_{l=1}^{L} (K_l - 1)\, d_l \prod_{i<l} s_i$$
#
# **By hand**: convolution 3, pooling 2 (with stride 2), convolution 3: $1 + 2 + 1 + 2 \cdot 2 = 8$.
#
# **Predict.** *Six layers with kernel 2: how far do they hear with all dilations 1? With dilations 1, 2, 4, 8, 16, 32?*

# %% id="field-count"
def receptive_field(plan):
    """Inputs that one output hears; plan has (kernel, stride, dilation) for each layer, from the input upwards."""
    field, step = 1, 1
    for kernel, stride, dilation in plan:
        field += (kernel - 1) * dilation * step
        step *= stride
    return field

PLAIN = [(2, 1, 1)] * 6
DOUBLING = [(2, 1, 2**i) for i in range(6)]
POOLED = [(3, 1, 1), (2, 2, 1), (3, 1, 1)]
PLANS = {"plain": PLAIN, "doubling": DOUBLING, "pooled": POOLED}
print({name: receptive_field(plan) for name, plan in PLANS.items()})

# %% [markdown] id="field-check-intro"
# **Is it right?** Do not trust the formula: build the layers, **change one input, and see which outputs change**. Counted for every input, that gives a table; a row of it is what one output hears.

# %% id="field-check"
def heard_by(network, n_inputs=80):
    """Which outputs (n_out) change when one input (n_in) is changed: (n_out, n_in) of True and False."""
    silence = np.zeros((1, n_inputs, 1), "float32")
    changed = np.eye(n_inputs, dtype="float32")[..., None]  # (n_in, n_inputs, 1): input i is 1 in copy i
    return np.abs(np.array(network(changed) - network(silence)))[..., 0].T > 1e-9

for name, plan in PLANS.items():
    network = keras.Sequential([keras.Input((None, 1))])
    for kernel, stride, dilation in plan:
        conv = layers.Conv1D(1, kernel, dilation_rate=dilation, kernel_initializer="ones")
        network.add(layers.MaxPooling1D(kernel, stride) if stride > 1 else conv)
    counted = int(heard_by(network)[0].sum())
    print(f"{name:8s} formula {receptive_field(plan):2d}, counted {counted:2d}, weights {network.count_params()}")

# %% id="field-figure"
from musegen_edu.plots import plot_receptive_field

axes = plt.subplots(2, 1, figsize=(9, 6.4), dpi=110, layout="constrained")[1]
for ax, plan, name in ((axes[0], PLAIN[:4], "dilation 1"), (axes[1], DOUBLING[:4], "dilations 1, 2, 4, 8")):
    names = ["input", *(f"dilation {dilation}" for _, _, dilation in plan)]
    title = f"Four layers, {name}: one output hears {receptive_field(plan)} inputs"
    plot_receptive_field(plan, causal=True, n_outputs=24 - receptive_field(plan), names=names, ax=ax, title=title)

# %% [markdown] id="field-explained"
# <details><summary>What happened, and why</summary>
#
# With dilation 1 the field grows by one a layer, 7 after six layers. With doubling dilations it doubles, 64, at *the same number of weights*: van den Oord and others built WaveNet on that [6]. Pooling makes the field grow, too, but throws away where things were, which a classifier may do and a generator may not.
#
# The field is what *can* change the output. What does change it much is usually less: the middle has more paths to the output than the edges.
#
# </details>

# %% [markdown] id="predict-peek"
# ### The mistake that looks like success
#
# A network shall say the next note of a melody. As music we take **dice**: 12 pitch classes, drawn evenly. Nobody can do better than $\ln 12 = 2.48$ nats. Two networks with the same layers; the first has `padding="same"`, as many listings do, the second `padding="causal"`.
#
# **Predict.** *What losses will they reach?*

# %% id="peek"
notes = np.random.default_rng(0).integers(0, 12, (64, 65))  # 64 melodies of 65 notes, by dice
losses, networks = {}, {}
for padding in ("same", "causal"):
    keras.utils.set_random_seed(0)
    convolutions = [layers.Conv1D(32, 3, padding=padding, activation="relu") for _ in range(2)]
    ends = layers.Embedding(12, 16), layers.Dense(12)
    networks[padding] = keras.Sequential([keras.Input((None,)), ends[0], *convolutions, ends[1]])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    networks[padding].compile(keras.optimizers.Adam(0.01), loss)
    losses[padding] = [float(networks[padding].train_on_batch(notes[:, :-1], notes[:, 1:])) for _ in range(80)]
    print(f"{padding:6s} after 80 steps: {losses[padding][-1]:.2f} nats; on new dice nobody is below {np.log(12):.2f}")

# %% id="peek-test"
def peeks(network, n_notes=32, at=16):
    """Whether a change of the note at a place changes what is said before that place."""
    first = np.random.default_rng(1).integers(0, 12, (1, n_notes))
    other = first.copy()
    other[0, at] = (other[0, at] + 5) % 12
    changed = np.abs(np.array(network(first) - network(other)))[0].max(axis=-1) > 1e-6
    return np.flatnonzero(changed).min() < at, np.flatnonzero(changed).tolist()

for padding, network in networks.items():
    answer, places = peeks(network)
    print(f"{padding:6s} note 16 changed: outputs {places} move. Peeks: {answer}")

# %% [markdown] id="peek-explained"
# <details><summary>What happened, and why</summary>
#
# With `same`, the window at note $t$ reaches to note $t + 1$: the very note that is asked for. The network copies it. Its loss on *dice* goes towards zero, which is a miracle, and when it has to generate, the next note is not there and it babbles. The causal one cannot peek. (It may go a little below 2.48: it learns these 64 melodies by heart. On new dice it does not.)
#
# The test takes five lines: **change one input; nothing before it may move.** Run it on every generator that you build. And a second habit: train once on dice. What can be learnt from dice is a leak.
#
# </details>

# %% [markdown] id="who-intro"
# ## 3 · Who plays?
#
# `timbre` holds single notes of twelve instruments, four octaves, each struck softly, middling and hard: 1,728 sounds of one second, rendered from a SoundFont (lesson 02). A convolutional network shall name the instrument from the mel spectrogram: 32 frames by 64 bands.

# %% id="who-data"
from musegen_edu.models.instruments import sounds_to_pictures

timbre = load_dataset("timbre")
NAMES = timbre.class_names
sounds = {split: getattr(timbre, split) for split in ("train", "valid", "test")}
mels = {split: sounds_to_pictures(part.audio) for split, part in sounds.items()}  # (n, 32, 64, 1) in decibels
targets = {split: part.targets for split, part in sounds.items()}
x_all, y_all = (np.concatenate(list(found.values())) for found in (mels, targets))
pitch_all = np.concatenate([part.labels["pitch"] for part in sounds.values()])
velocity_all = np.concatenate([part.labels["velocity"] for part in sounds.values()])
print({split: mels[split].shape for split in mels})

# %% id="who-figure"
figure, axes = plt.subplots(1, 4, figsize=(11, 3), dpi=110, layout="constrained", sharey=True)
for ax, name in zip(axes, ("Grand Piano", "Violin", "Trumpet", "Clarinet")):
    part = sounds["test"].labels
    place = np.flatnonzero((part["instrument"] == name) & (part["pitch"] == 60) & (part["velocity"] == 85))[0]
    look = {"origin": "lower", "aspect": "auto", "cmap": "cividis", "extent": (0, 1, 0, 64)}
    ax.imshow(mels["test"][place, ..., 0].T, vmin=-80, vmax=0, **look)
    dress(ax, title=name, x="seconds", y="mel band" if ax is axes[0] else "")
    ax.title.set_fontsize(11)
heading = figure.suptitle("The same C4: partials, attack and decay differ", color=INK, fontweight="bold", x=0.02, ha="left")

# %% [markdown] id="predict-leak"
# ### How to split, and how not to
#
# Each note is there three times, at three velocities, and the three sound nearly alike: **twins**. Most tutorials shuffle all sounds and hold some out. The dataset's own split holds out whole *pitches*, one in seven. A third way holds out a whole *register*: everything from C5 up.
#
# First without any network: the **nearest neighbour** names the instrument of the training sound that is most like the new one (the largest cosine between the two spectrograms, as power, so that loudness says nothing).
#
# **Predict.** *What will it get right, of twelve instruments, with each split?*

# %% id="leak-neighbour"
n_train, n_test = len(mels["train"]), len(mels["test"])
order = np.random.default_rng(0).permutation(len(x_all))
SPLITS = {"at random": (order[:n_train], order[-n_test:]),
          "by pitch": (np.arange(n_train), np.arange(len(x_all) - n_test, len(x_all))),
          "by register": (np.flatnonzero(pitch_all < 72), np.flatnonzero(pitch_all >= 72))}  # fmt: skip

power = (10 ** (x_all / 10)).reshape(len(x_all), -1)
power /= np.linalg.norm(power, axis=1, keepdims=True)
note_all = pitch_all + 128 * y_all  # the same for twins
right = {method: {} for method in ("nearest neighbour", "linear, mean MFCCs", "CNN")}
for name, (train, test) in SPLITS.items():
    nearest = train[(power[test] @ power[train].T).argmax(axis=1)]
    right["nearest neighbour"][name] = (y_all[nearest] == y_all[test]).mean()
    share, twin = right["nearest neighbour"][name], np.isin(note_all[test], note_all[train]).mean()
    print(f"{name:11s} {twin:4.0%} have a twin in training; nearest neighbour right in {share:.1%}")

# %% [markdown] id="leak-explained"
# <details><summary>What happened, and why</summary>
#
# At random, nearly every test sound has a twin among the training sounds, and to find the twin is enough: nothing has to be understood. By pitch there is no twin, and the same method on the same sounds is much worse; in a register that it has never heard it is not far above chance (8 %). **The split decides which question you ask**: "who plays this very note?", "who plays a note between two that I know?" or "who plays up there, where I have never been?"
#
# </details>
#
# ### A plain one, and a network
#
# The baseline: the mean over time of MFCCs 1 to 19 (lesson 02) and a **linear** classifier (lesson 03). Then the network, in the open: convolution and pooling by turns, as LeCun and others had it for handwritten digits [1, 2]; at the end the mean over the whole picture. Its first layer brings decibels to about −1 to 1 with *fixed* numbers, which come from no set of sounds, so that nothing of the test set can leak in.

# %% id="cnn-build"
def build_cnn(seed=0):
    keras.utils.set_random_seed(seed)
    return keras.Sequential([
        keras.Input((None, 64, 1)),  # frames, bands, one channel
        layers.Rescaling(1 / 40, 1.0),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(48, 3, padding="same", activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dropout(0.1),
        layers.Dense(12),
    ])  # fmt: skip

# %% id="cnn-size"
field = receptive_field([(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1), (3, 1, 1)])
print(f"{build_cnn().count_params():,} weights; a number of the last map has heard {field * 0.032:.2f} s")
print(f"one dense layer of 48 neurons on the whole picture: {32 * 64 * 48 + 48:,} weights")

# %% [markdown] id="predict-cnn"
# **Predict.** *How much better than the linear model will it be? Will the random split flatter the network as much as it flatters the nearest neighbour? And up there, in the register that it never heard?*
#
# The monitor plots the loss on the held-out sounds as well (for looking; nothing is chosen by it), and lets you hear, every four epochs, the test sound that the network finds hardest.

# %% id="cnn-train"
from musegen_edu import Profile, TrainingMonitor

def hardest(network, epoch):
    """The test sound to whose instrument the network gives the least probability."""
    test = SPLITS["by pitch"][1]
    p = np.array(keras.ops.softmax(network(x_all[test])))[np.arange(n_test), y_all[test]]
    return sounds["test"].audio[p.argmin()], 16_000

def train_cnn(split, monitor, epochs):
    network, (train, test) = build_cnn(), SPLITS[split]
    network.compile(keras.optimizers.Adam(4e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    monitor.start_run(split)
    network.fit(x_all[train], y_all[train], epochs=epochs, batch_size=32, verbose=0,
                validation_data=(x_all[test], y_all[test]), callbacks=[monitor.callback])  # fmt: skip
    return network

# %% id="cnn-train-run"
quick = Profile.named("quick")
monitor = TrainingMonitor(title="A convolutional network learns twelve instruments", sample=hardest, sample_every=4)
networks = {split: train_cnn(split, monitor, 5 * quick.epochs) for split in SPLITS}

# %% [markdown] id="cnn-full-intro"
# With a GPU, or with patience: the same network by its recipe, with each sound louder or softer in every epoch so that loudness says nothing. It writes into your own folder.

# %% id="cnn-train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

print(train_by_recipe("instrument_cnn", profile="full", seed=0, verbose=2))

# %% id="cnn-judge"
from musegen_edu.recipes.instruments import linear_classes, mfcc_means

features = mfcc_means(x_all)  # (1728, 19)
guesses = {}
for split, (train_rows, test_rows) in SPLITS.items():
    line = linear_classes(features[train_rows], y_all[train_rows], features[test_rows])
    right["linear, mean MFCCs"][split] = (line == y_all[test_rows]).mean()
    guesses[split] = np.array(networks[split](x_all[test_rows])).argmax(axis=1)
    right["CNN"][split] = (guesses[split] == y_all[test_rows]).mean()
for method, found in right.items():
    print(f"{method:19s}", "   ".join(f"{split} {value:6.1%}" for split, value in found.items()))

# %% id="cnn-figure"
ax = plt.subplots(figsize=(9, 3.4), dpi=110, layout="constrained")[1]
for i, (method, found) in enumerate(right.items()):
    style = {"marker": MARKERS[i], "markersize": 8, "color": PALETTE[i], "linewidth": 2}
    ax.plot(list(found), list(found.values()), LINES[i], label=method, **style)
ax.axhline(1 / 12, color=INK, linewidth=1, linestyle=":")
ax.text(0, 1 / 12 + 0.02, "chance", color=INK, va="bottom")
ax.set_ylim(0, 1.05)
known, new = right["CNN"]["by pitch"], right["CNN"]["by register"]
dress(ax, title=f"Same network: {known:.0%} between known pitches, {new:.0%} in a new register", y="share that is right")
ax.set_xlabel("how the test sounds were chosen", color=INK)
add_legend(ax, ncols=3, loc=(0, -0.42))

# %% [markdown] id="cnn-explained"
# <details><summary>What happened, and why</summary>
#
# - **Against the baseline** the network wins clearly: it sees when and where, not just a mean.
# - **The random split** flatters the nearest neighbour by a lot, the network hardly at all, for the network has learnt something about timbre. But you could not have known that without the other split.
# - **The new register** costs the network most of what it had. A violin at C6 is not a violin at C4 moved up (section 1: the mel axis). A report that gives a percentage and not *on which split* has said nothing.
# - And all of this is one SoundFont: twelve sets of samples. It says nothing of violins.
#
# </details>

# %% [markdown] id="confusion-intro"
# ### Hear its mistakes
#
# Rows are what the notes are, columns what the network took them for, in the new register. Click a cell and listen. (The player plays the note from the same SoundFont.) *Which pairs would you have confused?*

# %% id="confusion"
from musegen_edu import ConfusionExplorer, Score
from musegen_edu.keys import pitch_to_name

PROGRAMS = dict(zip(timbre.labels["instrument"], timbre.labels["program"].tolist()))

def as_score(row):
    """A note of the dataset as a score, so that it can be shown and played."""
    name, pitch, velocity = NAMES[y_all[row]], int(pitch_all[row]), int(velocity_all[row])
    title = f"{name} {pitch_to_name(pitch)}, velocity {velocity}"
    return Score.from_melody([pitch], 36, velocity=velocity, bpm=120, programs=(PROGRAMS[name],), title=title)

test = SPLITS["by register"][1]
notes_there = [as_score(row) for row in test]
title = "What the network takes the high notes for"
ConfusionExplorer(y_all[test], guesses["by register"], notes_there, labels=NAMES, title=title)

# %% [markdown] id="cam-intro"
# ### What did it listen to?
#
# Because the last map is only *averaged* before the logits, one can say exactly which place spoke for which instrument. Let $m_{t,f,k}$ be the last map at frame $t$, band $f$, filter $k$ (of size $T \times F$), $v_{k,c}$ the weight from filter $k$ to instrument $c$, $b_c$ its bias. Then
#
# $$\text{logit}_c = b_c + \sum_k v_{k,c} \frac{1}{TF}\sum_{t,f} m_{t,f,k} = b_c + \frac{1}{TF} \sum_{t,f} \Big( \underbrace{\textstyle\sum_k v_{k,c}\, m_{t,f,k}}_{\text{what this place says for } c} \Big)$$
#
# The bracket is a picture, the **class activation map** (Zhou and others, 2016 [5]). We take the course's trained network of the same build. To *hear* it: keep of the spectrogram only the places that speak for the instrument, and turn that back into sound (`mel_to_audio`, lesson 02).

# %% id="cam"
trained = load_pretrained("instrument_cnn")
last = keras.Model(trained.inputs[0], trained.get_layer("conv_3").output)
v, b = trained.get_layer("logits").get_weights()

def find(name, pitch, velocity=85):
    here = (y_all == NAMES.index(name)) & (pitch_all == pitch) & (velocity_all == velocity)
    return int(np.flatnonzero(here)[0])

def speaks_for(row, name):
    """(8, 16): what each place of the last map says for an instrument."""
    return np.array(last(x_all[[row]]))[0] @ v[:, NAMES.index(name)]

row = find("Harpsichord", 60)
said, c = speaks_for(row, "Harpsichord"), NAMES.index("Harpsichord")
logit = np.array(trained(x_all[[row]]))[0, c]
print("map and bias give the logit:", bool(abs(said.mean() + b[c] - logit) < 1e-3))

# %% id="cam-sound"
from musegen_edu import mel_to_audio

def heard_through(row, picture):
    """The sound of a note where a map is bright; the map is stretched to the size of the spectrogram."""
    share = np.maximum(picture, 0) / max(picture.max(), 1e-9)
    share = np.kron(share, np.ones((32 // len(share), 64 // share.shape[1])))  # (32, 64)
    masked = np.maximum(x_all[row, ..., 0] + 20 * np.log10(np.maximum(share, 1e-4)), -80)
    return mel_to_audio(masked.T, 16_000, n_fft=1024, hop_length=512)

whole = mel_to_audio(x_all[row, ..., 0].T, 16_000, n_fft=1024, hop_length=512)
labels = ("the whole note", "what says harpsichord")
SpectrogramPlayer(whole, 16_000, other=heard_through(row, said), labels=labels, title="Harpsichord, C4")

# %% [markdown] id="predict-filters"
# And the single filters of the first layer? In section 1 you asked three questions by hand: *does it get louder here? softer? is there a line, louder than its neighbours above and below?* Let us look for the filter that answers each of them most nearly: the largest correlation between its map and ours, over all test notes. **Predict.** *Has the network found these questions by itself?*

# %% id="filters"
first = keras.Model(trained.inputs[0], trained.get_layer("conv_1").output)
test = SPLITS["by pitch"][1]
level = x_all[test][..., 0]  # (n, 32, 64)
rise = (level[:, 2:] - level[:, :-2])[..., 1:-1]  # from the frame before to the frame after
line = 2 * level[:, 1:-1, 1:-1] - level[:, 1:-1, :-2] - level[:, 1:-1, 2:]
maps = np.array(first(x_all[test]))[:, 1:-1, 1:-1]  # without the edges, (n, 30, 62, filters)
CHOSEN = {}
for question, by_hand in {"louder?": rise, "softer?": -rise, "a line?": line}.items():
    hand = np.maximum(by_hand, 0).ravel()
    alive = [k for k in range(maps.shape[-1]) if maps[..., k].std() > 0]  # some filters never fire
    likeness = {k: np.corrcoef(hand, maps[..., k].ravel())[0, 1] for k in alive}
    CHOSEN[question] = max(likeness, key=likeness.get)
    print(f"{question:8s} filter {CHOSEN[question]:2d}, correlation {max(likeness.values()):.2f}")

# %% id="filters-figure"
row = find("Grand Piano", 60)
figure, axes = plt.subplots(1, 4, figsize=(11, 3), dpi=110, layout="constrained", sharey=True)
answers = np.array(first(x_all[[row]]))[0]
pictures = {"spectrogram": x_all[row, ..., 0]}
pictures |= {f"{question} filter {k}": answers[..., k] for question, k in CHOSEN.items()}
for ax, (name, picture) in zip(axes, pictures.items()):
    ax.imshow(picture[1:-1, 1:-1].T, origin="lower", aspect="auto", cmap="cividis", extent=(0, 1, 1, 63))
    dress(ax, title=name, x="seconds", y="mel band" if ax is axes[0] else "")
    ax.title.set_fontsize(11)

# %% id="filters-listen"
for question, k in CHOSEN.items():
    print(f"{question} filter {k}")
    display(Audio(heard_through(row, answers[..., k] - answers[..., k].min()), rate=16_000))

# %% [markdown] id="filters-explained"
# <details><summary>What to notice</summary>
#
# Nobody told the network these questions; it found filters that come more or less close, because they help to tell instruments apart. (For *louder* none comes close: a small correlation. The others seem to be enough.) Three frames by three bands can ask no larger ones. The second and third layer put such answers together over a wider field. Dieleman and Schrauwen looked into first layers that read raw samples in 2014 [4] and found that they had taught themselves filters like those of a spectrogram.
#
# Do not say "filter 7 is the violin filter": most filters answer to most sounds, and the answer lies in the mixture.
#
# </details>

# %% [markdown] id="filters-explorer-intro"
# All maps of all three layers of the network, for the same piano note. Walk through the layers: the deeper, the coarser, and the harder to put into words. Under the pointer you see how much of the spectrogram a number of a map has heard: its receptive field.

# %% id="filters-explorer"
title = "Layer by layer: a piano's C4 in the network"
FilterExplorer(x_all[row], model=trained, sr=16_000, n_fft=1024, hop_length=512, title=title)

# %% [markdown] id="predict-real"
# ### And real recordings?
#
# `one_shots` are recordings: drums, tablas, basses, a crow. None of the twelve instruments is among them. **Predict.** *What does the network answer to a crow? How sure is it?*

# %% id="real"
n_shots = len(shots)
x_shots = sounds_to_pictures(shots.steps[:, :16_000] / 32768)  # their first second
p_shots, p_notes = (trained.probabilities(x).max(axis=1) for x in (x_shots, x_all[test]))
answers = trained.probabilities(x_shots).argmax(axis=1)
for name in ("misc_crow.flac", "elec_mid_snare.flac", "tabla_na.flac", "drum_cymbal_open.flac"):
    place = shots.labels["file"].tolist().index(name)
    print(f"{name:23s} {NAMES[answers[place]]:13s} {p_shots[place]:.0%} sure")
sure = [(p > 0.9).mean() for p in (p_notes, p_shots)]
print(f"more than 90 % sure: of {sure[0]:.0%} of the test notes, and of {sure[1]:.0%} of the recordings")

# %% [markdown] id="real-explained"
# <details><summary>What happened, and why</summary>
#
# A softmax over twelve names *must* spread 100 % over twelve names: it cannot say "none of them". And it is often very sure of nonsense, because nothing in training ever punished that. Whoever lets such a network loose on the world needs a class "something else" with plenty of examples, or a threshold that was checked on sounds from outside.
#
# What differs from the notes that it knows: rooms and microphones, noise, strokes without pitch, lengths from 20 ms up.
#
# </details>

# %% [markdown] id="transfer-intro"
# But its **48 averages** before the logits are a description of a sound (an *embedding*, lesson 04). Do they help with another task: which *kind* of one-shot is it, of nine? There are 87 recordings, far too few to train a network. So: the nearest centroid, and to judge it, **leave one family out**: recordings that belong together (lesson 02) are taken away together, the centroids are computed from the rest.

# %% id="transfer"
kinds, families = shots.labels["kind"], shots.labels["family"]
describe = keras.Model(trained.inputs[0], trained.get_layer("mean").output)

def leave_one_family_out(features):
    """Which recordings the nearest centroid gets right, each judged by centroids that its family had no part in."""
    is_right = np.zeros(n_shots, bool)
    for family in np.unique(families):
        out = families == family
        z = (features - features[~out].mean(axis=0)) / (features[~out].std(axis=0) + 1e-6)
        names = np.unique(kinds[~out])
        centroids = np.array([z[~out & (kinds == name)].mean(axis=0) for name in names])
        nearest = ((z[out][:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
        is_right[out] = names[nearest] == kinds[out]
    return is_right

# %% id="transfer-run"
def interval(is_right, draws=2000):
    """95 % interval of the share that is right, drawing whole families."""
    rng, groups = np.random.default_rng(0), [is_right[families == family] for family in np.unique(families)]
    picks = rng.integers(len(groups), size=(draws, len(groups)))
    return np.percentile([np.concatenate([groups[g] for g in pick]).mean() for pick in picks], [2.5, 97.5])

contestants = {"mean MFCCs": mfcc_means(x_shots), "48 averages of the network": np.array(describe(x_shots))}
print(f"always the commonest kind: {max(np.unique(kinds, return_counts=True)[1]) / n_shots:.0%}")
for name, rows in contestants.items():
    is_right = leave_one_family_out(rows)
    low, high = interval(is_right)
    print(f"{name:27s} {is_right.mean():.0%} right, 95 % between {low:.0%} and {high:.0%}")

# %% [markdown] id="transfer-explained"
# <details><summary>What happened, and why</summary>
#
# What the network learnt on rendered notes carries over, in part: its averages know more of the kinds than mean MFCCs do, though it has never heard a drum. That is **transfer**, and it is what one does when there are only 87 examples. The intervals are wide and touch each other: with 58 families one cannot say how *much* better. And as the dataset's card warns, some kinds come from a single maker, so that a microphone may give a kind away.
#
# </details>

# %% [markdown] id="hole-intro"
# ## 4 · A hole in a chorale
#
# The recurrent networks of lesson 06 write from left to right. A composer does not: she has the end in mind, writes the outer voices, and fills the middle. A **convolution that may look both ways** can do that. The task: some cells (a voice at a sixteenth) are *hidden*; say what stands there.
#
# **What it sees.** The chorale as pictures over time and pitch, three for each voice: where it sounds, where it begins a note, and *where it is hidden* (a picture that is 1 over all pitches there). Without the third it could not tell a hole from a rest. This is Coconet's idea (Huang and others, 2017 [7]).
#
# **How it learns.** Take a chorale, hide cells by dice, sometimes a few, sometimes all, and ask for them. Every chorale gives endlessly many exercises, and the network learns to answer *whatever* is hidden. Here is the whole network, in the open:

# %% id="hole-build"
from musegen_edu.tokens.chorale_grid import GRID_COLUMNS

PLAN_SIZES = list(GRID_COLUMNS.values())  # how many values each column of the plan can take

def build_inpainter(filters, channels, dilations, n_pitches=59):
    pictures = keras.Input((None, n_pitches, 12))  # (time, pitch, three pictures for each of four voices)
    plan = keras.Input((None, len(PLAN_SIZES)), dtype="int32")  # place in the bar, mode, fermata ...
    seen = layers.Conv2D(filters, (3, 5), padding="same", activation="relu")(pictures)  # figures in time and pitch
    x = layers.Dense(channels, use_bias=False)(layers.Reshape((-1, n_pitches * filters))(seen))
    for column, size in enumerate(PLAN_SIZES):
        x = x + layers.Embedding(size, channels)(plan[..., column])
    for dilation in dilations:  # further and further in time, both ways
        listen = layers.Conv1D(channels, 3, padding="same", dilation_rate=dilation, activation="relu")
        found = listen(layers.LayerNormalization()(x))
        x = x + layers.Dense(channels)(found)
    # for each of four voices: a rest, the pitches, and "strikes again"
    logits = layers.Dense(4 * (n_pitches + 2))(layers.LayerNormalization()(x))
    return keras.Model([pictures, plan], logits)

# %% id="hole-same"
from musegen_edu.inpainting import score_to_grid
from musegen_edu.models.convolutional import GridPictures

inpainter = load_pretrained("chorale_inpainter")
told = inpainter.get_config()
ours = build_inpainter(told["filters"], told["channels"], told["dilations"])
ours.set_weights(inpainter.get_weights())

grid = score_to_grid(original)[0].copy()  # (sixteenths, 13): what sounds, what begins, the plan
grid[16:32, 1] = 0  # hide a bar of the alto
theirs = np.array(inpainter(grid[None]))[0].reshape(len(grid), -1)
mine = np.array(ours([np.array(GridPictures(60)(grid[None])), grid[None, :, 8:]]))[0]
agrees = bool(np.abs(mine - theirs).max() < 1e-3)
print(f"{ours.count_params():,} weights; ours and the course's agree to within 0.001: {agrees}")
print(f"a cell looks {inpainter.reach} sixteenths back and as many ahead: {inpainter.reach / 16:.1f} bars of 4/4")

# %% [markdown] id="hole-padding"
# Note the `padding="same"`: here looking ahead is no mistake, it is the point. What makes peeking harmless is that the answer is *hidden* in the input.

# %% [markdown] id="hole-coins"
# ### Why not draw all of the hole at once?
#
# For each hidden cell the network gives probabilities, *as if the other hidden cells did not matter*. Lesson 06 showed what comes of that: let two pairs fit at a place in alto and tenor, C with E and A with F, and the mixtures not. By itself each voice tosses a coin.
#
# **Gibbs sampling** (Geman and Geman, 1984 [8]) mends that with the same network: draw everything; then hide *some* of it again, and draw that anew, *knowing the rest*; and again. **Predict.** *What share of the chords will be good after 0, 1, 2, 5 rounds?*

# %% id="hole-coins-run"
joint = np.array([[0.48, 0.02],  # alto C: tenor E, tenor F
                  [0.02, 0.48]])  # alto A: tenor E, tenor F

def good_after(rounds, n=5000):
    rng = np.random.default_rng(0)
    alto, tenor = rng.integers(0, 2, n), rng.integers(0, 2, n)  # each by itself is a fair coin
    for _ in range(rounds):
        p_tenor = joint[alto, 1] / joint[alto].sum(axis=1)  # knowing the alto
        tenor = (rng.random(n) < p_tenor).astype(int)
        p_alto = joint[1, tenor] / joint[:, tenor].sum(axis=0)  # knowing the tenor
        alto = (rng.random(n) < p_alto).astype(int)
    return (alto == tenor).mean()

print({rounds: f"{good_after(rounds):.0%}" for rounds in (0, 1, 2, 5)}, f"the truth: {np.trace(joint):.0%}")

# %% [markdown] id="hole-coins-explained"
# <details><summary>What happened, and why</summary>
#
# Drawn separately, half of the chords are bad. A single round in which each voice *listens to the other* brings nearly all of it. If the two good chords excluded each other *completely* (0 in place of 0.02), a chain that has begun in one of them would never get to the other: each voice alone would have to pass through a bad chord. That is why our sampling begins by redrawing many cells together, and redraws fewer and fewer: **annealed block Gibbs** (the schedule of Yao and others [9], which Coconet uses, too).
#
# </details>

# %% [markdown] id="predict-hole"
# **Now music.** The alto and the tenor of whole chorales are erased; soprano and bass stay. One pass against 64 Gibbs steps, with the same network and the same seed. **Predict.** *What will a single pass get wrong most: the chords, the voices' ranges, or how the voices move?*

# %% id="hole-one-pass"
inpaint(original, middle, n_steps=1, seed=1).replace(title="One pass: every cell for itself")

# %% id="hole-gibbs"
inpaint(original, middle, n_steps=64, seed=1).replace(title="64 Gibbs steps")

# %% id="hole-measure"
from musegen_edu.metrics import voice_leading

def inner_voices(piece):
    hole = np.zeros((4, n_sixteenths(piece)), bool)
    hole[1:3] = True
    return hole

def clashes(pieces):
    """Share of sixteenths at which two neighbouring voices sound a semitone, a tone or a seventh apart."""
    rolls = [score_to_pianoroll(piece)[..., 0].argmax(axis=2) for piece in pieces]  # (4, n): each voice's pitch, or 0
    gaps = np.concatenate([np.abs(np.diff(roll, axis=0)) % 12 for roll in rolls], axis=1)
    return np.isin(gaps, (1, 2, 10, 11)).any(axis=0).mean()

# %% [markdown] id="hole-measure-read"
# *Clashes*: sixteenths at which two neighbouring voices sound a second or a seventh apart. *Parallels*: fifths and octaves for a hundred chord changes (lesson 06).

# %% id="hole-measure-run"
pieces = [piece.slice_bars(1, 6) for piece in in_four[:8]]
filled = {name: [inpaint(piece, inner_voices(piece), n_steps=n, seed=0) for piece in pieces]
          for name, n in (("one pass", 1), ("8 steps", 8), ("64 steps", 64))}  # fmt: skip
filled["Bach"] = pieces
for name, scores in filled.items():
    counts = voice_leading(scores)
    print(f"{name:9s} clashes {clashes(scores):5.1%}   notes a piece {counts.notes / len(scores):3.0f}   "
          f"parallels/100 {counts.parallels_per_100_changes:5.2f}   crossed bars {counts.crossed_share:5.1%}")  # fmt: skip

# %% [markdown] id="hole-explained"
# <details><summary>What happened, and why</summary>
#
# In one pass every cell decides for itself. So neighbouring voices clash far more often than Bach's, voices cross in about half of the bars, and there are nearly twice as many notes: two sixteenths that each *might* move on flicker. With 64 steps each voice listens to the others and to itself, and clashes and number of notes come down to Bach's. It is the same network; it is only asked more often.
#
# The **parallels** stay, as with the LSTM of lesson 06, and for the same reason: a loss that is a mean over cells does not know what a teacher marks in red. A rule while drawing, or a choice among several fillings, would help.
#
# </details>
#
# ### Your hole
#
# Brush over what shall go, then press Fill: at each step you see which cells are drawn anew. Undo brings back what was there. **Predict** before you fill: *which note would you write?*

# %% id="hole-widget"
from musegen_edu import Inpainter

explorer = Inpainter(original, n_steps=32, seed=0)
explorer.erase("alto", bars=(2, 3))
explorer

# %% [markdown] id="frames-intro"
# ### How surprised is it?
#
# The surprise in nats a *frame*: all four voices at a sixteenth, on test chorales. A network that fills holes can be asked in any **order**, and each order is a chain rule of its own (lesson 06): frame after frame from left to right, or the frames in a shuffled order, where mostly some later ones are known as well. Within a frame the voices come in an order by lot, each hearing those before it. **Predict.** *Which order is easier?*

# %% id="frames"
measured = load_card("chorale_inpainter")["metrics"]["nats_per_frame_test"]
ROWS = {"guessing": "uniform", "four Markov chains of order 1": "first_order_markov",
        "the network, left to right": "chronological_exact", "the network, shuffled": "random_exact"}  # fmt: skip
for name, key in ROWS.items():
    error = f" ± {measured[key + '_error']:.2f}" if key + "_error" in measured else ""
    print(f"{name:30s} {measured[key]:5.2f}{error} nats a frame")

# %% [markdown] id="frames-explained"
# <details><summary>What happened, and why</summary>
#
# Shuffled is much easier: to say what stands between two known chords is easier than to say how it goes on. And a chain that repeats what it has is not bad at sixteenths, for most of them only hold the note before. So a surprise per sixteenth is small for *every* model that has noticed this; compare it only with others on the same grid.
#
# `benchmarks/coconet.py` measures this anew, prints it beside what the paper of Coconet reports, and says what differs (another split, key and meter told, far fewer layers).
#
# </details>

# %% [markdown] id="scorecard-intro"
# ### The scorecard
#
# Chorales from *nothing*: everything is hidden, and the network fills the page. The measures of lesson 06, for dice, for four Markov chains that know nothing of each other, for the LSTM of lesson 06 (by itself, without its rule against parallels), for one pass and for Gibbs sampling, and for Bach. **Predict.** *Who has the fewest parallels?*

# %% id="scorecard-contestants"
from musegen_edu import compose_chorale
from musegen_edu.recipes.chorale import chorale_tables, markov_chorales, random_chorale

pieces, empty = in_four[:6], compose_chorale(seed=0, candidates=1)  # of `empty` only meter, key and length are used

def from_nothing(n_steps, seed):
    return inpaint(empty, np.ones((4, n_sixteenths(empty)), bool), n_steps=n_steps, seed=seed)

contestants = {"dice": [random_chorale(piece, seed=seed) for seed, piece in enumerate(pieces)]}
contestants["Markov, order 3"] = markov_chorales(chorale_tables(bach, "train"), n=len(pieces), seed=0)
contestants["LSTM (lesson 06)"] = [compose_chorale(seed=s, candidates=1, avoid_parallels=False) for s in range(6)]
contestants["one pass"] = [from_nothing(1, seed) for seed in range(6)]
contestants["Gibbs, 64"] = [from_nothing(64, seed) for seed in range(6)]
contestants["Bach"] = pieces

# %% id="scorecard"
from musegen_edu.metrics import CorpusIndex, ngram_novelty, scale_consistency

corpus = CorpusIndex(bach.train)
rows = {}
for name, scores in contestants.items():
    counts = voice_leading(scores)
    rows[name] = {"in one scale": np.mean([scale_consistency(score) for score in scores]),
                  "voices clash": clashes(scores),
                  "parallels / 100 changes": counts.parallels_per_100_changes,
                  "new runs of 8 notes": ngram_novelty(scores, corpus)}  # fmt: skip
    print(f"{name:17s}", "   ".join(f"{measure} {value:5.2f}" for measure, value in rows[name].items()))

# %% id="scorecard-figure"
from musegen_edu.plots import plot_scorecard

clash = {name: row["voices clash"] for name, row in rows.items()}
off = {name: abs(value - clash["Bach"]) for name, value in clash.items() if name != "Bach"}
nearest = min(off, key=off.get)
axes = plot_scorecard(rows, reference="Bach", title=f"“{nearest}” clashes most nearly as often as Bach")

# %% id="scorecard-listen"
contestants["Gibbs, 64"][0].replace(title="From nothing, by 64 Gibbs steps")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - **Dice and Markov chains** have few parallels: voices that know nothing of each other seldom move together. A single number can always be had cheaply; look at the clashes beside it.
# - **One pass** from nothing is hardly better than the chains: with everything hidden, no cell has anybody to listen to. **Gibbs sampling** turns the same network into one that clashes about as often as Bach.
# - **Parallels**: Bach has none in these pieces, both networks have many. Neither has understood the rule.
# - **New runs**: nobody copies. Bach himself repeats runs that occur in his other chorales.
# - Six pieces are few, and the measures are crude. Play them.
#
# </details>

# %% [markdown] id="sound-intro"
# ## 5 · Sound, sample by sample
#
# Can a network write *sound itself*, one sample after another, as others write tokens? Two things stand in the way: a sample has 65,536 possible values (16 bits), and what matters lies hundreds of samples back. WaveNet (van den Oord and others, 2016 [6]) answered with mu-law and with dilation.
#
# **Mu-law.** Cut the range into 256 levels, but *narrow ones near zero*, where quiet sounds live. With $\mu = 255$ and $x$ between −1 and 1:
#
# $$F(x) = \operatorname{sign}(x)\, \frac{\ln(1 + \mu |x|)}{\ln(1 + \mu)}$$
#
# $F(x)$ lies between −1 and 1 as well; it is cut into even steps. Telephones did that long before networks (the standard G.711).

# %% id="mu-law"
def to_levels(x, n_levels=256):
    mu = n_levels - 1
    bent = np.sign(x) * np.log1p(mu * np.abs(x)) / np.log1p(mu)
    return np.floor((bent + 1) / 2 * mu + 0.5).astype(int)

def to_sound(levels, n_levels=256):
    mu = n_levels - 1
    bent = 2 * levels / mu - 1
    return np.sign(bent) * np.expm1(np.abs(bent) * np.log1p(mu)) / mu

from musegen_edu.mu_law import audio_to_mu_law, mu_law_to_audio

part = sounds["test"].labels
piano = sounds["test"].audio[np.flatnonzero((part["instrument"] == "Grand Piano") & (part["pitch"] == 74))[1]]
piano = piano / np.abs(piano).max() * 0.9
print("ours and the course's agree:", np.array_equal(to_levels(piano), audio_to_mu_law(piano)),
      bool(np.allclose(to_sound(to_levels(piano)), mu_law_to_audio(audio_to_mu_law(piano)), atol=1e-5)))  # fmt: skip

# %% [markdown] id="predict-bits"
# A D5 of the piano that dies away, with fewer and fewer bits a sample, in even steps and with mu-law. **Predict.** *Where in the note will you hear the difference: at the stroke, or in its tail?*

# %% id="bits"
def even(x, bits):
    return np.round((x + 1) / 2 * (2**bits - 1)) / (2**bits - 1) * 2 - 1

def signal_to_noise(x, y):
    return 10 * np.log10((x**2).mean() / ((x - y) ** 2).mean())

loud, soft = slice(0, 4000), slice(11_000, 15_000)  # the first quarter second; a quarter second of the tail
table = {}
for bits in (8, 6, 4):
    for name, small in (("even", even(piano, bits)), ("mu-law", to_sound(to_levels(piano, 2**bits), 2**bits))):
        table[bits, name] = small
        noise = [signal_to_noise(piano[part], small[part]) for part in (loud, soft)]
        print(f"{bits} bits {name:7s} tone above noise: {noise[0]:5.1f} dB at the stroke, {noise[1]:5.1f} dB in the tail")

# %% id="bits-listen"
labels = ("4 bits, even steps", "4 bits, mu-law")
SpectrogramPlayer(table[4, "even"], 16_000, other=table[4, "mu-law"], labels=labels, title="Where is the noise?")

# %% [markdown] id="bits-explained"
# <details><summary>What happened, and why</summary>
#
# Even steps have the same noise everywhere: small beside the stroke, large beside the tail, which at four bits drowns in it or falls silent (a negative number of decibels: more noise than tone). With mu-law the noise shrinks with the sound. Eight bits of it sound nearly like the original, and a softmax over 256 levels is no larger than one over tokens.
#
# </details>

# %% [markdown] id="gate-intro"
# **Dilation.** One layer has two taps, `dilation` samples apart, and looks only back. Layers with dilations 1, 2, 4 … 128 hear 256 samples (section 2). **Gates**, as in lesson 06: each layer makes two numbers, and one decides how much of the other passes. $a$ and $g$ are the two halves of what the layer's kernel and the wish give, $z$ what it passes on:
#
# $$z = \tanh(a) \odot \sigma(g) \qquad\qquad x \leftarrow x + W_r z \qquad\qquad \text{skip} \leftarrow \text{skip} + W_s z$$
#
# $x$ goes on to the next layer (*residual*: only a change is added), *skip* collects what every layer has to say for the end. $W_r$ and $W_s$ are tables of weights. The **wish** is what shall be played: pitch and instrument. Ours is told the pitch as sines, with the phase, which makes it much easier to stay in tune than for the network of the paper. The network, in the open:

# %% id="wave-parts"
from musegen_edu.models.note_conditions import LevelReading, NoteConditions  # a level as two numbers; the wish

ops = keras.ops

# %% id="wave-build"
def build_wavenet(n_instruments, depth, channels, skip_channels, wish, stacks):
    note = {"phase": keras.Input((None,), name="phase"), "pitch": keras.Input((), name="pitch")}
    note |= {part: keras.Input((), dtype="int32", name=part) for part in ("instrument", "start")}
    levels = keras.Input((None,), dtype="int32", name="levels")
    late = ops.pad(levels[:, :-1], [[0, 0], [1, 0]], constant_values=128)  # the sample before; silence at first
    asked = NoteConditions(n_instruments, wish, 8000, 0.75, seed=0)(*note.values())  # (batch, time, wish)
    x, skip = layers.Conv1D(channels, 2, padding="causal")(LevelReading(256)(late)), 0.0
    for dilation in [2**i for i in range(depth)] * stacks:
        heard = layers.Conv1D(2 * channels, 2, dilation_rate=dilation, padding="causal")(x)
        both = heard + layers.Dense(2 * channels, use_bias=False)(asked)
        gated = ops.tanh(both[..., :channels]) * ops.sigmoid(both[..., channels:])
        out = layers.Dense(channels + skip_channels)(gated)
        x, skip = x + out[..., :channels], skip + out[..., channels:]
    logits = layers.Dense(256)(ops.relu(layers.Dense(skip_channels)(ops.relu(skip))))
    return keras.Model({"levels": levels, **note}, logits)

# %% [markdown] id="predict-wave"
# The course's `WaveNet` is the same network, with one thing more: it can also take **one step at a time**. Every layer keeps what it will need later in a queue, so that a new sample costs only as much as there are layers, however far they hear.
#
# First: are they the same? Then train a tiny one, on 35 notes of the clarinet, for less than half a minute. **Predict.** *Guessing costs $\ln 256 = 5.5$ nats a sample. Where will it get? And what will three notes of it sound like: hiss, a tone, a clarinet?*

# %% id="wave-same"
from musegen_edu.models.wavenet import WaveNet
from musegen_edu.recipes.wavenet import timbre_notes

SIZE = {"depth": 7, "channels": 16, "skip_channels": 32, "stacks": 1}
learner = WaveNet(NAMES, **SIZE, condition_channels=16, seed=0)
ours = build_wavenet(len(NAMES), **SIZE, wish=16)
ours.set_weights(learner.get_weights())

clarinets, held_out = (timbre_notes(timbre, split, velocity=85) for split in ("train", "valid"))  # at 8,000 Hz
clarinets, held_out = (notes[notes.instruments == NAMES.index("Clarinet")] for notes in (clarinets, held_out))
piece = held_out[:2].first(500).inputs()
gap = np.abs(np.array(ours(piece)) - np.array(learner(piece))).max()
print(f"{learner.count_params():,} weights; ours and the course's agree to within 0.0001: {bool(gap < 1e-4)}")
print(f"it hears {learner.receptive_field} samples, {learner.receptive_field / 8:.0f} ms")

# %% id="wave-peek"
other = {name: values.copy() for name, values in piece.items()}
other["levels"][0, 200] += 40  # another sample at place 200
moved = np.flatnonzero(np.abs(np.array(ours(piece)) - np.array(ours(other)))[0].max(axis=-1) > 1e-6)
print(f"sample 200 changed: the answers from {moved.min()} to {moved.max()} move; it peeks: {bool(moved.min() <= 200)}")

# %% id="wave-train"
import dataclasses

from musegen_edu import fit
from musegen_edu.note_crops import NoteCrops, nats_per_sample

def crops(places, batch_size, **order):
    return NoteCrops(clarinets, batch_size, length=1024, context=learner.receptive_field - 1, jitter=3.0, **order)

tiny = dataclasses.replace(quick, epochs=60, patience=99, batch_size=5, learning_rate=1e-2, weight_decay=0.0)
monitor = TrainingMonitor(title="A tiny WaveNet hears 35 notes of a clarinet")
soon = held_out.first(2000)
options = {"batches": crops, "loss": lambda model, places: nats_per_sample(model, soon), "monitor": monitor}
reports = fit(learner, range(len(clarinets)), range(len(soon)), profile=tiny, seed=0, verbose=0, **options)
best = min(report.valid_loss for report in reports)
print(f"guessing {np.log(256):.2f}, after training {best:.2f} nats a sample, on held-out pitches")

# %% id="wave-cents"
import soxr

from musegen_edu.pitch import measure_pitch

def cents_off(sound, pitch):
    try:
        hertz = measure_pitch(soxr.resample(sound, 8000, 16_000), 16_000)
    except ValueError:  # no clear pitch
        return np.nan
    return 1200 * np.log2(hertz / 440) - 100 * (pitch - 69)

# %% id="wave-tiny-listen"
tiny_notes = generate_audio(learner, [60, 64, 67], ["Clarinet"] * 3, temperature=0.6, seed=0)
display(Audio(tiny_notes.ravel(), rate=8000))
for sound, pitch in zip(tiny_notes, (60, 64, 67)):
    cents = cents_off(sound, pitch)
    print(pitch_to_name(pitch), "no clear pitch" if np.isnan(cents) else f"{round(cents):+d} cents")

# %% [markdown] id="wave-tiny-explained"
# <details><summary>What happened, and why</summary>
#
# From guessing it has come a long way down in half a minute, and still it hisses. In every sample some chance is left, and chance 8,000 times a second is noise; a wrong sample is also the past of those that follow. A note that is in tune is so to the cent, because the network is *told* the phase of the wish and has only to follow; where it has lost the thread, the measurement finds some other period, or none. What it had to learn is what a clarinet makes of it, and for that half a minute is little.
#
# </details>

# %% [markdown] id="wave-full-intro"
# The course's `wavenet` had all twelve instruments and some ten minutes of a processor. With a GPU, or with patience, train it yourself (into your own folder):

# %% id="wave-train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

print(train_by_recipe("wavenet", profile="full", seed=0, verbose=2))

# %% [markdown] id="predict-pitch"
# ### Measure what you hear
#
# "It sounds like a violin" is no measurement. Two questions can be asked of a written note: **is it the asked pitch** (`measure_pitch` finds the period; 100 cents are a semitone), and **whom does it sound like** (the instrument classifier of section 3, which has never heard a generated note)? The pitches are test pitches: neither network has been trained on them.
#
# **Predict.** *Which of the two is easier for the network? Which instruments will go wrong?*

# %% id="pitch-measure"
PITCHES = (53, 60, 67)
wishes = [(name, pitch) for name in NAMES for pitch in PITCHES]
names, keys = zip(*wishes)
notes = generate_audio(wavenet, keys, names, temperature=HEAT, seed=2)

off = np.array([cents_off(sound, pitch) for sound, (_, pitch) in zip(notes, wishes)])
near = np.mean(np.abs(off) <= 50)
print(f"{near:.0%} of {len(off)} notes within 50 cents of the asked pitch; the median is {np.nanmedian(np.abs(off)):.0f}")

# %% id="pitch-whom"
from musegen_edu.spectrogram import sounds_to_mels

rows = [find(name, pitch) - (len(x_all) - n_test) for name, pitch in wishes]  # among the test sounds
real = soxr.resample(sounds["test"].audio[rows].T, 16_000, 8000).T  # (36, 8000): the notes that were asked for

def pictures(audio):
    """Mel spectrograms, each with its loudest cell at 0 dB: (36, 64 bands x frames)."""
    mel = sounds_to_mels(audio, 8000, n_fft=512, hop_length=256, n_mels=64)
    return np.maximum(mel - mel.max(axis=(1, 2), keepdims=True), -60).reshape(len(audio), -1)

distance = np.abs(pictures(notes)[:, None] - pictures(real)[None]).mean(axis=2)  # (written, real), decibels
same_pitch = np.array([[pitch == other for _, other in wishes] for _, pitch in wishes])
nearest = np.where(same_pitch, distance, np.inf).argmin(axis=1)
right_kind = nearest == np.arange(len(wishes))
others = distance[same_pitch & ~np.eye(len(wishes), dtype=bool)].mean()
print(f"of the twelve real notes of its pitch the asked one is nearest: {right_kind.mean():.0%}, chance {1 / 12:.0%}")
print(f"distance to the asked note {np.diag(distance).mean():.1f} dB, to the other instruments {others:.1f} dB")

# %% id="pitch-figure"
ax = plt.subplots(figsize=(9, 3.4), dpi=110, layout="constrained")[1]
for i, pitch in enumerate(PITCHES):
    x, y = np.arange(12) + 0.2 * (i - 1), np.nan_to_num(np.clip(off[i::3], -90, 90), nan=-120)
    ax.plot(x, y, MARKERS[i], color=PALETTE[i], markersize=7, label=pitch_to_name(pitch))
for cents in (-50, 50):
    ax.axhline(cents, color=INK, linewidth=1, linestyle=":")
ax.set_xticks(range(12), NAMES, rotation=30, ha="right")
ax.set_yticks((-120, -90, -50, 0, 50, 90), ("no clear pitch", "−90 or less", "−50", "0", "50", "90 or more"))
ax.set_ylim(-135, 150)
title = f"{np.sum(np.abs(off) <= 50)} of {len(off)} notes are nearer to the asked pitch than to any other"
add_legend(dress(ax, title=title, y="cents off"), ncols=3, loc="upper right")

# %% id="pitch-listen"
best = int(np.diag(distance).argmin())
title = f"{wishes[best][0]}, {pitch_to_name(wishes[best][1])}"
labels = ("from the SoundFont", "written by the network")
SpectrogramPlayer(real[best], 8000, other=notes[best], labels=labels, title=title)

# %% [markdown] id="pitch-explained"
# <details><summary>What happened, and why</summary>
#
# - **Pitch**: most notes are right, and then almost to the cent, for the network follows the wish, whose phase it is told. The others have *no clear pitch*, or a wrong one: the tone drowns in noise, or the network has lost the thread. There is hardly anything in between.
# - **Instrument**: of twelve real notes of the same pitch the asked one is nearest far more often than by chance, and still often is not. Attack and decay come out well, because the time since the stroke is told, too; the noise fills the high bands.
# - Listen to a good one and a bad one: change `best` into `int(np.diag(distance).argmax())`.
#
# The paper's networks were larger, and learnt from many hours of recordings. What you have is the idea, at a size that trains in minutes.
#
# </details>

# %% [markdown] id="exercise-motif"
# ## 6 · Exercises
#
# ### Exercise 1 · Find the motif (fill in, 8 min)
#
# Write `find_motif(roll, motif)`. `roll` is (steps, 128), with a 1 where a note begins. `motif` is a list of pairs (step, semitones): how many sixteenths after its first note each note begins, and how many semitones above it (or below: −2). Return a list of pairs (step, pitch): where the motif begins, and on which pitch, for every place at which **all** its notes are there.
#
# Make the kernel, slide it with `convolve2d`, and see where the sum is as large as it can be. *A motif may go down: what is then the lowest column of the kernel?*

# %% id="exercise-motif-code"
def find_motif(roll, motif):
    """Where the motif begins: a list of (step, pitch of its first note)."""
    # solution: draw the motif as a kernel, and keep the places where all of its notes light up
    steps, semitones = np.array(motif).T
    lowest = semitones.min()  # 0, or below for a motif that goes down
    kernel = np.zeros((steps.max() + 1, semitones.max() - lowest + 1))
    kernel[steps, semitones - lowest] = 1
    lit = convolve2d(roll, kernel)
    return [(int(step), int(low - lowest)) for step, low in np.argwhere(lit == len(motif))]
    # end solution

# %% id="exercise-motif-check"
from musegen_edu.checks.convolutional_networks import check_motif

check_motif(find_motif)

# %% [markdown] id="exercise-motif-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-motif-code}}
#
# The map's columns count from the kernel's *lowest* column. A motif that goes down has its first note higher up in the kernel, `-lowest` columns above.
#
# </details>

# %% [markdown] id="exercise-depth"
# ### Exercise 2 · How deep to hear a low note? (modify, 7 min)
#
# To continue a tone, a network should hear at least one whole **period** of it. `field_after(n_layers)` is the receptive field of layers with kernel 2 and doubling dilations. Change it into `layers_to_hear(pitch, sample_rate, kernel=2)`: the smallest number of layers (dilations 1, 2, 4, 8 …) whose field is at least one period of that MIDI pitch, in samples. The frequency of a pitch is $440 \cdot 2^{(p - 69)/12}$ Hz.
#
# *How many more layers does an octave lower cost? How many would it cost without dilation?*

# %% id="exercise-depth-given"
def field_after(n_layers):
    field = 1
    for layer in range(n_layers):
        field += (2 - 1) * 2**layer  # kernel 2, dilation 2^layer
    return field

# %% id="exercise-depth-code"
def layers_to_hear(pitch, sample_rate, kernel=2):
    """The smallest number of layers with doubling dilations that hears one period of a pitch."""
    # solution: one period in samples; add layers until the field is at least as long
    period = sample_rate / (440 * 2 ** ((pitch - 69) / 12))
    field, n_layers = 1, 0
    while field < period:
        field += (kernel - 1) * 2**n_layers
        n_layers += 1
    return n_layers
    # end solution

# %% id="exercise-depth-check"
from musegen_edu.checks.convolutional_networks import check_depth

check_depth(layers_to_hear)

# %% [markdown] id="exercise-depth-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-depth-code}}
#
# An octave lower is twice the period: one more layer. Without dilation it would be twice as many layers, and 145 of them for A1 at 8,000 samples a second.
#
# </details>

# %% [markdown] id="exercise-hole"
# ### Exercise 3 · A hole of your own (open, 10 min)
#
# Take a chorale of the test set (some bars of it will do), erase something of it, a bar of one voice at least, and let the network fill it. Try several seeds, numbers of steps and temperatures, and keep the best. You may use `Inpainter` (its `.original`, `.erased` and `.score`), or `inpaint`.
#
# The check wants everything around the hole unchanged, something new in it, voices in range, and no more parallels than twice Bach's rate (one is always allowed). Then one sentence (at least eight words): **where is it weaker than the original**, and what do you hear there?

# %% id="exercise-hole-code"
# solution: the bass of two bars; the best of a few seeds
# stub: my_original = ...
# stub: my_hole = ...
# stub: my_chorale = ...
# stub: my_sentence = "..."
my_original = in_four[5].slice_bars(1, 4)
my_hole = hole_in(my_original, [3], bars=(2, 3))
attempts = [inpaint(my_original, my_hole, n_steps=16, seed=seed) for seed in range(4)]
my_chorale = min(attempts, key=lambda score: voice_leading(score).faults)
my_sentence = "In the third bar my bass stands still where the original walks in eighths."
# end solution

# %% id="exercise-hole-check"
from musegen_edu.checks.convolutional_networks import check_hole

check_hole(my_original, my_hole, my_chorale, my_sentence)

# %% id="exercise-hole-listen"
my_chorale

# %% [markdown] id="exercise-hole-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-hole-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: negative columns. In NumPy `kernel[0, -2]` is no error but the second column from the *right*, and the motif is found at a wrong pitch; the check names it. Exercise 2: counting the field as the sum of the kernels. Exercise 3 is good in pairs: one erases and fills, the other hears both versions without knowing which is which. Whoever erases the soprano finds out how much of a chorale is its tune.

# %% [markdown] id="quiz-intro"
# ## 7 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.convolutional_networks import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You computed convolution, stride, padding, dilation and pooling by hand, in agreement with Keras, heard kernels as filters, and counted receptive fields by changing one input.
# 2. You trained a network that names instruments, saw that its score depends on *which question the split asks*, and heard what it listens to.
# 3. You erased notes of chorales and had them filled, and measured why many small steps that listen to one another are better than one big one.
# 4. You built a causal, dilated network that writes sound sample by sample, measured its pitch, and know how to catch one that peeks.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | 99 % on the test set, and useless in the world | twins of the test sounds in training: a random split | split by what shall be new: pitch, register, piece, player, recording |
# | the loss of a generator is almost 0 | `padding="same"` on the time axis: it sees the note that it should say | `padding="causal"`; change one input and see which outputs move |
# | good in class, bad on one's own recordings | normalised by the *test set's* mean or maximum (lesson 04) | fixed numbers, or those of the training set, kept with the model |
# | it calls a cymbal a trumpet, and is sure of it | a softmax over twelve names cannot say "none" | a class of other sounds, or a threshold checked on sounds from outside |
# | it fails in a high register | on a mel spectrogram a tone changes its shape as it goes up | train in all registers, or use a constant-Q spectrogram |
# | `expected ndim=4, found ndim=3` | Conv2D wants (batch, height, width, channels) | add the channel: `x[..., None]` |
# | `Computed output size would be negative` | the picture is smaller than the kernel, or pooled once too often | `padding="same"`, fewer poolings, a longer picture |
# | clashing chords in the filled hole | all cells drawn at once, each for itself | Gibbs steps |
# | generating a second of sound takes minutes | the whole past is computed again for each sample | keep each layer's past in a queue, as `generate_audio` does |
# | generated sound is hiss, or silence | temperature too high, or at 0: the likeliest sample of a soft passage is silence | 0.5 to 1, and look at the waveform |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. Y. LeCun and others, "Backpropagation applied to handwritten zip code recognition", *Neural Computation* 1(4), 1989, 541–551, [doi:10.1162/neco.1989.1.4.541](https://doi.org/10.1162/neco.1989.1.4.541).
# 2. Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document recognition", *Proceedings of the IEEE* 86(11), 1998, 2278–2324, [doi:10.1109/5.726791](https://doi.org/10.1109/5.726791).
# 3. A. Araujo, W. Norris and J. Sim, "Computing receptive fields of convolutional neural networks", *Distill*, 2019, [doi:10.23915/distill.00021](https://doi.org/10.23915/distill.00021).
# 4. S. Dieleman and B. Schrauwen, "End-to-end learning for music audio", ICASSP 2014, 6964–6968, [doi:10.1109/ICASSP.2014.6854950](https://doi.org/10.1109/ICASSP.2014.6854950).
# 5. B. Zhou, A. Khosla, A. Lapedriza, A. Oliva and A. Torralba, "Learning deep features for discriminative localization", CVPR 2016, [arXiv:1512.04150](https://arxiv.org/abs/1512.04150).
# 6. A. van den Oord and others, "WaveNet: a generative model for raw audio", 2016, [arXiv:1609.03499](https://arxiv.org/abs/1609.03499).
# 7. C.-Z. A. Huang, T. Cooijmans, A. Roberts, A. Courville and D. Eck, "Counterpoint by convolution", ISMIR 2017, [arXiv:1903.07227](https://arxiv.org/abs/1903.07227) (Coconet).
# 8. S. Geman and D. Geman, "Stochastic relaxation, Gibbs distributions, and the Bayesian restoration of images", *IEEE Transactions on Pattern Analysis and Machine Intelligence* 6(6), 1984, 721–741, [doi:10.1109/TPAMI.1984.4767596](https://doi.org/10.1109/TPAMI.1984.4767596).
# 9. L. Yao, S. Ozair, K. Cho and Y. Bengio, "On the equivalence between deep NADE and generative stochastic networks", ECML PKDD 2014, [arXiv:1409.0585](https://arxiv.org/abs/1409.0585).
# 10. T. Le Paine and others, "Fast WaveNet generation algorithm", 2016, [arXiv:1611.09482](https://arxiv.org/abs/1611.09482): the queues that make it quick.
# 11. J. Engel and others, "Neural audio synthesis of musical notes with WaveNet autoencoders", ICML 2017, [arXiv:1704.01279](https://arxiv.org/abs/1704.01279) (NSynth, the large relative of our `timbre`).

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.inpaint` (`musegen_edu.inpainting`: `gibbs_steps`, `n_sixteenths`) · `musegen_edu.models.convolutional.ChoraleInpainter` · `musegen_edu.models.instruments` (`InstrumentCNN`, `sounds_to_pictures`) · `musegen_edu.models.wavenet.WaveNet` · `musegen_edu.sound_generation.generate_audio` · `musegen_edu.mu_law` (`audio_to_mu_law`, `mu_law_to_audio`) ·
# `musegen_edu.mel_to_audio` · `musegen_edu.pitch.measure_pitch` · `musegen_edu.plots.plot_receptive_field` · `musegen_edu.metrics.voice_leading` · `musegen_edu.widgets` (`FilterExplorer`, `Inpainter`, `SpectrogramPlayer`, `ConfusionExplorer`, `TrainingMonitor`). In a cell, write a name with a question mark, such as `inpaint?`, and run it: the description appears, with its source.
