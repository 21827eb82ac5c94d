# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "04"
#     title: Deep learning with Keras
#     prerequisites: ["03_neural_networks_from_scratch"]
#     minutes: {read: 35, run: 5, exercise: 25}
#     cpu_seconds: 104
# ---

# %% [markdown] id="title"
# # 04 · Deep learning with Keras
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [03 Neural networks from scratch](03_neural_networks_from_scratch.ipynb). No GPU needed.*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Build one network in Keras in three ways, and write the steps of SGD, momentum and Adam in NumPy, equal to Keras'.
# 2. Provoke under-fitting and over-fitting, see both in a picture, and cure them in four ways.
# 3. Train a classifier of musical styles, judge it against honest baselines with an interval, and find out what it cheats with.
# 4. Read a mood from the notes, find tunes that are like a given one, and say how far either can be trusted.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for one double lesson (90 min).** Listening 5 min · what the network sees 15 min · three ways to build 10 min · the race 15 min · over-fitting 15 min · the
# scorecard and the confusion matrix 15 min · mood or retrieval 10 min · quiz 5 min. The mistakes of section 8 make a good homework.
# In a single lesson (45 min): listening, "what gives a style away", over-fitting, scorecard, confusion matrix. The question that works best in class comes before any training:
# *how would you win 95 % in this game without knowing anything about music?* (Count the voices.)

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Four excerpts, each of 24 quarters, all on the piano, all at the same tempo and equally loud. One is a **folk tune**, one a **chorale** by Bach, one a **madrigal** by Monteverdi
# and one a movement of a **string quartet** by Haydn, Mozart or Beethoven. Write down which is which, *and what gave it away*. By the end of this lesson a network will play the same game.

# %% id="listen-styles"
import numpy as np
from IPython.display import display

from musegen_edu import load_dataset

STYLES = ("folk", "chorale", "madrigal", "quartet")
SPLITS = ("train", "valid", "test")
styles = load_dataset("styles")
scores = {split: getattr(styles, split) for split in SPLITS}
y = {split: np.array([STYLES.index(row.style) for row in styles.rows(split)]) for split in SPLITS}
RIDDLES = (110, 160, 12, 60)
for number, place in enumerate(RIDDLES, 1):
    display(scores["valid"][place].replace(title=f"Riddle {number}"))

# %% [markdown] id="listen-explained"
# <details><summary>The answers</summary>
#
# 1 madrigal, 2 quartet, 3 folk, 4 chorale. Riddle 3 gave itself away before its second note: it has *one voice*. Keep that in mind: a machine finds such a short cut faster than you.
#
# </details>

# %% [markdown] id="see-intro"
# ## 1 · What does the network see?
#
# `styles` holds 1,240 excerpts: 200 of each style to train on, 50 to choose by, 60 to judge by. They are split **by work**: all movements of a quartet, all settings of a hymn tune, lie on one side.
# A network eats numbers, so each excerpt is described by **features**, shares that add up to 1:
#
# - **pitches**, 37 numbers: how often each of the 12 pitch classes occurs, *counted from the estimated tonic* (so that the key does not matter), and how often each **step** from one note to the next in its voice, −12 to 12 semitones;
# - **rhythm**, 8 numbers: how often each note length occurs;
# - **texture**, 5 numbers: the number of voices, how many sound together, notes a quarter, mean pitch, range.

# %% id="see-features"
from musegen_edu.keys import estimate_key, parse_key
from musegen_edu.metrics import pitch_range, polyphony

def shares(numbers, n):
    return np.bincount(numbers, minlength=n) / max(len(numbers), 1)

def pitches(score):
    tonic, _ = parse_key(estimate_key(score))
    steps = np.concatenate([np.diff(part.notes["pitch"].astype(int)) for part in score.parts()])
    classes = shares((score.notes["pitch"] - tonic) % 12, 12)
    return np.concatenate([classes, shares(np.clip(steps, -12, 12) + 12, 25)])

def rhythm(score):
    lengths = (6, 12, 18, 24, 36, 48, 96)  # ticks, 24 a quarter
    return shares(np.searchsorted(lengths, score.notes["duration"]), 8)

def texture(score):
    return [score.n_parts, polyphony(score), len(score) / 24, score.notes["pitch"].mean(), pitch_range(score)]

# %% [markdown] id="see-views"
# From these we make three **views** of the same music. A view is a promise about what the network may use:
#
# | view | numbers | it may use |
# |---|---|---|
# | everything | 50 | pitches and rhythm of all voices, and the texture |
# | the tune | 45 | pitches and rhythm of **the highest voice alone**: no number of voices, no register, no key |
# | the tune's pitches | 37 | the highest voice, and of that not even the rhythm |
#
# All numbers are brought to mean 0 and deviation 1 **over the training set** (lesson 03).

# %% id="see-tune"
def highest_voice(score):
    return max((part for part in score.parts() if len(part)), key=lambda part: part.notes["pitch"].mean())

tunes = {split: [highest_voice(score) for score in scores[split]] for split in SPLITS}
raw = {
    "everything": {s: [np.r_[pitches(t), rhythm(t), texture(t)] for t in scores[s]] for s in SPLITS},
    "the tune": {s: [np.r_[pitches(t), rhythm(t)] for t in tunes[s]] for s in SPLITS},
}
raw["the tune's pitches"] = {s: [row[:37] for row in raw["the tune"][s]] for s in SPLITS}

def standardise(rows, training):
    mean, deviation = np.mean(training, axis=0), np.std(training, axis=0)
    return ((np.array(rows) - mean) / np.maximum(deviation, 1e-6)).astype("float32")

x = {view: {s: standardise(rows[s], rows["train"]) for s in SPLITS} for view, rows in raw.items()}
print({view: x[view]["train"].shape for view in x})

# %% [markdown] id="predict-baselines"
# **Baselines first.** *Always the same* names one style for everything: 25 %. **Nearest centroid** takes the mean of each style's training excerpts, its *centroid*, and names the style whose centroid is nearest. It has nothing to train.
#
# **Predict.** *How many per cent will the nearest centroid get right with everything, with the tune, with the tune's pitches?*

# %% id="baselines"
def nearest_centroid(view, split):
    train, answers = x[view]["train"], y["train"]
    centroids = np.array([train[answers == k].mean(axis=0) for k in range(4)])  # (4, n_features)
    distances = ((x[view][split][:, None] - centroids) ** 2).sum(axis=2)  # (n, 4)
    return distances.argmin(axis=1)

def accuracy(answers, truth):
    return float(np.mean(answers == truth))

for view in x:
    print(f"{view:20s} {accuracy(nearest_centroid(view, 'valid'), y['valid']):.1%} of the validation excerpts")

# %% [markdown] id="baselines-explained"
# <details><summary>What happened, and why</summary>
#
# With *everything* the game is nearly won, without any learning: the number of voices alone sets folk (1) and madrigals (5) apart. That is a **confounder**: something that goes along with the style and gives it away, but is
# not what we wanted to know. On the tune alone the same method has to work, and gets much less. What it still uses: rhythm, and that is partly a habit of *notation*. All our madrigals are written in long notes, in 4/4, because their
# source is. Without rhythm, only the steps and the scale are left.
#
# None of these numbers is *the* accuracy of style recognition. Each answers another question.
#
# </details>

# %% [markdown] id="build-intro"
# ## 2 · One network, three ways
#
# **The picture.** 45 numbers → 32 hidden neurons with ReLU → 4 numbers, one a style.
#
# **The formula.** $x$ is a row of features, $W_1, b_1, W_2, b_2$ weights and biases, $h$ the hidden layer, $z$ the four **logits** (any numbers), $p$ four probabilities:
#
# $$h = \max(0,\; x W_1 + b_1) \qquad z = h W_2 + b_2 \qquad p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# The last one is called **softmax**: it makes every number positive and lets them add up to 1. $k$ is a style, and $\sum_j$ adds up over all four.
#
# Keras knows three ways of writing such a network. A **Sequential** model is a list. A **functional** model is a diagram: you say which output goes into which input, so there may be several of either. A **subclassed** model is a Python class: whatever you can program.

# %% id="build-three"
from musegen_edu.quiet_keras import keras

layers = keras.layers
keras.utils.set_random_seed(0)

sequential = keras.Sequential([keras.Input((45,)), layers.Dense(32, activation="relu"), layers.Dense(4)])

features = keras.Input((45,))
hidden = layers.Dense(32, activation="relu", name="hidden")(features)
functional = keras.Model(features, layers.Dense(4)(hidden))

# %% id="build-subclass"
class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(32, activation="relu")
        self.out = layers.Dense(4)

    def call(self, x):
        return self.out(self.hidden(x))

subclassed = Subclassed()
print("before its first data:", len(subclassed.weights), "arrays of weights")
_ = subclassed(x["the tune"]["train"][:1])
for network in (sequential, functional, subclassed):
    print([tuple(w.shape) for w in network.weights], f"{network.count_params():,} numbers")

# %% [markdown] id="predict-same"
# **Predict.** *The three have equal shapes. Do they give equal answers to the same excerpt? What has to be done so that they do?*

# %% id="build-same"
batch = x["the tune"]["valid"][:5]
different = np.abs(sequential(batch) - functional(batch)).max()
for network in (functional, subclassed):
    network.set_weights(sequential.get_weights())
same = max(np.abs(sequential(batch) - network(batch)).max() for network in (functional, subclassed))
print(f"fresh: up to {different:.1f} apart.   With the same weights: less than 0.000001 apart: {same < 1e-6}")

# %% id="build-numpy"
W1, b1, W2, b2 = sequential.get_weights()
h = np.maximum(0, batch @ W1 + b1)  # (5, 32)
z = h @ W2 + b2  # (5, 4)
p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)  # (5, 4), each row adds up to 1
print("NumPy and Keras agree:", np.allclose(p, keras.ops.softmax(sequential(batch)), atol=1e-6))

# %% [markdown] id="build-explained"
# <details><summary>What happened, and why</summary>
#
# Each network drew its own random weights. With equal weights all three are the same function, down to rounding: **how you write a network says nothing about what it can do**. A subclassed model has no weights until it has seen data, because it does not know
# the width of its input; nor can Keras draw its diagram or save it without the class. Rule of thumb: a list if it is one, a diagram if there are several inputs or outputs, a class if something must be programmed (lesson 05 onwards). We shall need the diagram in section 7, where `hidden` becomes an output of its own.
#
# </details>

# %% [markdown] id="steps-intro"
# ## 3 · Downhill: SGD, momentum, Adam
#
# Lesson 03 went downhill by the plainest rule. An **optimiser** is such a rule. In all of them $w$ is a weight, $g$ the slope of the loss with respect to it, measured on one batch, $\eta$ (eta) the **learning rate**, $t$ the number of the step, and ← means "becomes".
#
# | | rule | in words |
# |---|---|---|
# | **SGD** | $w \leftarrow w - \eta\, g$ | a step against the slope |
# | **momentum** [1] | $v \leftarrow \mu v - \eta\, g$, then $w \leftarrow w + v$ | a heavy ball: $v$ is its speed, $\mu$ (mu, 0.9) how much of it stays |
# | **Adam** [2] | $m \leftarrow \beta_1 m + (1 - \beta_1)\, g$, $\;v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2$, then $w \leftarrow w - \eta\, \dfrac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}\, \dfrac{m}{\sqrt{v} + \epsilon}$ | $m$ is a running mean of the slope, $v$ of its square. Each weight gets its own length of step: about $\eta$, however steep it is |
#
# $\beta_1 = 0.9$ and $\beta_2 = 0.999$ say how long the means remember; the fraction with the powers $\beta^t$ repairs that both begin at 0; $\epsilon = 10^{-7}$ keeps us from dividing by 0.

# %% id="steps-numpy"
def sgd(w, g, state, t, rate):
    return w - rate * g, state

def momentum(w, g, state, t, rate, mu=0.9):
    v = mu * state.get("v", 0) - rate * g
    return w + v, {"v": v}

def adam(w, g, state, t, rate, beta1=0.9, beta2=0.999, epsilon=1e-7):
    m = beta1 * state.get("m", 0) + (1 - beta1) * g
    v = beta2 * state.get("v", 0) + (1 - beta2) * g**2
    step = rate * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - step * m / (np.sqrt(v) + epsilon), {"m": m, "v": v}

# %% id="steps-agree"
SLOPES = np.random.default_rng(0).normal(size=(20, 3)) * [0.1, 1, 3]  # three weights, flat to steep
theirs = {"SGD": keras.optimizers.SGD(0.01), "momentum": keras.optimizers.SGD(0.01, momentum=0.9),
          "Adam": keras.optimizers.Adam(0.01)}  # fmt: skip
for rule, optimizer in zip((sgd, momentum, adam), theirs.values()):
    w, state, variable = np.ones(3), {}, keras.Variable(np.ones(3), dtype="float64")
    for t, g in enumerate(SLOPES, 1):
        w, state = rule(w, g, state, t, rate=0.01)
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64")], [variable])
    gap = np.abs(w - keras.ops.convert_to_numpy(variable)).max()
    print(f"{rule.__name__:9s} equal to Keras after 20 steps, to within 0.000001: {gap < 1e-6}")

# %% [markdown] id="predict-valley"
# **Predict.** A valley: steep across, nearly flat along. $f(a, b) = (a^2 + 30\, b^2) / 2$, so the slopes are $a$ and $30\, b$. All three start at the same place and take 40 steps. *Which one bounces from wall to wall? Which one runs past the goal? Which one cares least how steep the walls are?*

# %% id="valley"
import matplotlib.pyplot as plt

from musegen_edu.plots.style import INK, LINES, MARKERS, PALETTE, add_legend, dress

RULES, ends = {"SGD": (sgd, 0.06), "momentum": (momentum, 0.02), "Adam": (adam, 0.2)}, {}
a, b = np.meshgrid(np.linspace(-3.5, 2, 120), np.linspace(-1.3, 1.3, 80))
ax = plt.subplots(figsize=(9, 3.8), dpi=110, layout="constrained")[1]
ax.contour(a, b, (a**2 + 30 * b**2) / 2, levels=12, colors=INK, linewidths=0.5, alpha=0.45)
for (name, (rule, rate)), marker, line, color in zip(RULES.items(), MARKERS, LINES, PALETTE):
    w, state, path = np.array([-3.0, 1.0]), {}, [(-3.0, 1.0)]
    for t in range(1, 41):
        w, state = rule(w, w * [1, 30], state, t, rate)
        path.append(tuple(w))
    ends[name] = np.hypot(*w)
    ax.plot(*np.transpose(path), marker, ls=line, color=color, markersize=4, label=f"{name}, η = {rate}")
title = f"After 40 steps, {min(ends, key=ends.get)} is nearest to the goal (0, 0)"
add_legend(dress(ax, title=title, x="weight a (flat)", y="weight b (steep)"), ncols=3, loc=(0, -0.36))

# %% [markdown] id="valley-explained"
# <details><summary>What happened, and why</summary>
#
# SGD bounces in the steep direction and hardly moves in the flat one; its rate must suit the *steepest* direction (above 2/30 = 0.067 it would fly out of the valley). Momentum adds up what points the same way and cancels what changes its sign; then it is so fast that it runs past.
# Adam measures each direction by its own yardstick and starts diagonally, as if the walls were not steep. Which one is nearest after 40 steps depends on the rates; try others. There is no winner for all valleys.
#
# </details>

# %% [markdown] id="predict-race"
# **The race.** The same network, the same first weights, the same order of batches, each rule with the learning rate that Keras gives it if you say nothing (0.01 for SGD, 0.001 for Adam). **Predict.** *Which one will have the lowest loss on the training excerpts after 12 epochs? And on the validation excerpts?*

# %% id="race-fit"
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
SGD, ADAM = keras.optimizers.SGD, keras.optimizers.Adam
RACERS = {"SGD": SGD(), "momentum": SGD(momentum=0.9), "Adam": ADAM()}

def fit(network, optimizer, inputs, epochs, callbacks=(), batches=None):
    """Train on the training excerpts, or on ready-made batches; the same dice each time."""
    keras.utils.set_random_seed(0)
    network.compile(optimizer, LOSS, metrics=["accuracy"], jit_compile=False)
    data = {"x": inputs["train"], "y": y["train"], "batch_size": 32} if batches is None else {"x": batches}
    return network.fit(**data, validation_data=(inputs["valid"], y["valid"]), epochs=epochs, verbose=0,
                       callbacks=list(callbacks)).history  # fmt: skip

# %% id="race"
from musegen_edu import TrainingMonitor

race = TrainingMonitor(title="SGD, momentum, Adam", hide=["samples"])
for name, optimizer in RACERS.items():
    racer = keras.models.clone_model(functional)
    racer.set_weights(sequential.get_weights())  # all start at the same place
    race.start_run(name)
    fit(racer, optimizer, x["the tune"], epochs=12, callbacks=[race.callback])

# %% id="race-result"
for name, history in race.runs.items():
    last = {key: values[-1] for key, values in history.items()}
    print(f"{name:9s} loss: training {last['loss']:.3f}, validation {last['val_loss']:.3f}   "
          f"right: validation {last['val_accuracy']:.1%}")  # fmt: skip

# %% [markdown] id="race-explained"
# <details><summary>What happened, and why</summary>
#
# Plain SGD is still on its way after 12 epochs. Momentum with $\mu = 0.9$ takes steps that are, in the long run, ten times as long ($1 + 0.9 + 0.81 + \dots = 10$), and Adam gets along without anybody having chosen a rate for this task. But look at the validation loss as well: a much lower *training* loss need not mean a lower *validation* loss. That is the
# subject of the next section.
#
# And a warning about all races of this kind: we compared three rules *at one rate each*. With a rate of 0.1, SGD would look very different (try it). A fair comparison tunes the rate of each on the validation set.
#
# </details>

# %% [markdown] id="fitting-intro"
# ## 4 · Too little, too much
#
# Now without any clever features. The network gets the tune as a **piano roll**: 96 sixteenths × 48 pitches, 1 where a note begins, ½ where it is held. That is 4,608 numbers for one excerpt, and 800 excerpts: far more weights than examples.

# %% id="fitting-rolls"
LOW, N_PITCHES, N_STEPS = 48, 48, 96

def draw_roll(tune):
    """(96, 48): sixteenths by pitches from C3 up; 1 where a note begins, 0.5 where it is held."""
    roll = np.zeros((N_STEPS, N_PITCHES), "float32")
    for onset, duration, pitch, *_ in tune.notes.tolist():
        if LOW <= pitch < LOW + N_PITCHES:
            roll[onset // 6 : (onset + duration + 5) // 6, pitch - LOW] = 0.5
            roll[onset // 6, pitch - LOW] = 1
    return roll

rolls = {split: np.array([draw_roll(tune) for tune in tunes[split]]) for split in SPLITS}

def dense(n_hidden, dropout=0.0):
    keras.utils.set_random_seed(0)
    stack = [keras.Input((N_STEPS, N_PITCHES)), layers.Flatten(), layers.Dropout(dropout)]
    stack += [layers.Dense(n_hidden, activation="relu"), layers.Dropout(dropout), layers.Dense(4)]
    return keras.Sequential(stack)

# %% [markdown] id="predict-fitting"
# **Predict.** Two networks: one with a *single* hidden neuron, one with 64, that is 295,236 numbers to learn. *Sketch four curves over 20 epochs: the loss on training and on validation excerpts, for each network.*

# %% id="fitting-curves"
memoriser = dense(64)
under = fit(dense(1), ADAM(2e-3), rolls, epochs=20)
over = fit(memoriser, ADAM(2e-3), rolls, epochs=20)

figure, axes = plt.subplots(1, 2, figsize=(10, 3.2), dpi=110, sharey=True, layout="constrained")
epochs = np.arange(1, 21)
for ax, history, name in ((axes[0], under, "1 neuron"), (axes[1], over, "64 neurons")):
    ax.plot(epochs, history["loss"], LINES[0], color=PALETTE[0], label="training excerpts")
    ax.plot(epochs, history["val_loss"], LINES[1], color=PALETTE[1], label="validation excerpts")
    ax.axhline(np.log(4), color=PALETTE[4], linewidth=1)
    ax.set_xticks([1, 5, 10, 15, 20])
    title = f"{name}: {history['loss'][-1]:.2f} known, {history['val_loss'][-1]:.2f} new"
    dress(ax, title=title, x="epoch", y="cross-entropy (nats)" if ax is axes[0] else "")
axes[0].text(20, np.log(4), "guessing ", color=PALETTE[4], ha="right", va="bottom")
add_legend(axes[1])

# %% [markdown] id="fitting-explained"
# <details><summary>What happened, and why</summary>
#
# **Under-fitting** (left): one neuron makes one number out of a tune, too little to tell four styles apart. Both curves stay high, and close together. **Over-fitting** (right): the training loss goes to zero; the validation loss falls at first, turns round and climbs. From there on the network learns the 800 tunes *by heart*: this very C sharp on the seventeenth sixteenth. It gets surer and surer, of wrong things as well.
#
# How to tell them apart: look at the **gap**. No gap, both bad: too small, or not trained long enough. Large gap: too large for so little data.
#
# </details>

# %% [markdown] id="predict-cures"
# ### Four cures
#
# - **Dropout** [3]: in each training step half of the inputs and neurons, chosen by dice, are set to 0 (and the others doubled). Nobody can rely on a single colleague.
# - **Weight decay** [4]: after each step every weight shrinks a little, $w \leftarrow w - \eta \lambda w$, with $\lambda$ (lambda) its strength. A weight that nothing keeps alive dies.
# - **Early stopping**: keep the weights of the best epoch on the *validation* set.
# - **Augmentation**: play each training tune in another key in every epoch. This one is music: we *know* that the key is not the style.
#
# **Predict.** *Which one brings the validation loss down most?*

# %% id="cures-augmentation"
def moved(roll, semitones):
    """The roll some semitones higher or lower: what leaves the picture is lost, nothing comes back."""
    padded = np.pad(roll, ((0, 0), (12, 12)))
    return padded[:, 12 - semitones : 12 - semitones + N_PITCHES]

class InAllKeys(keras.utils.PyDataset):
    """25 batches of 32 training tunes drawn by lot, each 5 semitones down to 6 up, by lot as well."""

    def __init__(self, seed=0):
        super().__init__()
        self.dice = np.random.default_rng(seed)

    def __len__(self):
        return 25

    def __getitem__(self, index):
        rows = self.dice.integers(800, size=32)
        shifts = self.dice.integers(-5, 7, size=32)
        return np.array([moved(rolls["train"][r], k) for r, k in zip(rows, shifts)]), y["train"][rows]

# %% id="cures"
cures = {
    "no cure": over,
    "dropout": fit(dense(64, dropout=0.5), ADAM(2e-3), rolls, epochs=20),
    "weight decay": fit(dense(64), keras.optimizers.AdamW(2e-3, weight_decay=3.0), rolls, epochs=20),
    "in all keys": fit(dense(64), ADAM(2e-3), rolls, epochs=20, batches=InAllKeys()),
}
ax = plt.subplots(figsize=(9, 3.8), dpi=110, layout="constrained")[1]
for (name, history), line, color in zip(cures.items(), LINES, (PALETTE[4], PALETTE[0], PALETTE[2], PALETTE[1])):
    losses = history["val_loss"]
    ax.plot(epochs, losses, linestyle=line, color=color, linewidth=2, label=f"{name}: best {min(losses):.2f}")
    ax.plot(np.argmin(losses) + 1, min(losses), "o", markersize=10, color=color, markerfacecolor="none")
last = {name: history["val_loss"][-1] for name, history in cures.items()}
title = f"After 20 epochs “{min(last, key=last.get)}” is lowest; circles: where to stop early"
ax.set_xticks([1, 5, 10, 15, 20])
add_legend(dress(ax, title=title, x="epoch", y="validation cross-entropy (nats)"), ncols=4, loc=(0, -0.36))

# %% [markdown] id="cures-explained"
# <details><summary>What happened, and why</summary>
#
# Early stopping costs nothing and takes most of the harm away: it is the circle on the grey line. Dropout and weight decay slow the learning by heart down. Playing in other keys changes the *task*: the network never sees the same roll twice, so there is nothing to learn by heart, and its curve still falls when the others have long turned round.
#
# There is a price, and it is a good one to pay. In our data the violins and the folk tunes lie higher than the singers. A network that sees the true pitches can use that; one that hears every tune in all keys cannot. Accuracy may *fall* while honesty rises, as section 5 will show.
#
# </details>

# %% [markdown] id="listener-intro"
# ## 5 · A listener with a better idea
#
# A dense layer has a weight of its own for each pitch at each sixteenth. But a turn of phrase is the same turn wherever it stands. A **convolutional** layer slides one small window along the time axis, with the same weights at every place (lesson 07 opens it up). Here: windows of eight sixteenths, then of four, then the mean over time. `Profile` says how long and how large: `quick` for this computer, `full` for the cell with the GPU.
#
# While it trains, **listen**: every four epochs the monitor keeps the validation excerpt that the network finds hardest, the one to whose true style it gives the least probability.

# %% id="listener-build"
from musegen_edu import Profile

def build_listener(profile):
    keras.utils.set_random_seed(1)
    n = profile.units // 2
    stack = [layers.Conv1D(n, 8, activation="relu"), layers.MaxPooling1D(4)]
    stack += [layers.Conv1D(n, 4, activation="relu")]
    stack += [layers.GlobalAveragePooling1D(), layers.Dropout(profile.dropout)]
    return keras.Sequential([keras.Input((N_STEPS, N_PITCHES)), *stack, layers.Dense(4)])

def probabilities(network, inputs):
    return np.array(keras.ops.softmax(network(inputs)))

def hardest(network, epoch):
    p = probabilities(network, rolls["valid"])[np.arange(200), y["valid"]]  # what the truth got, (200,)
    piece, p_truth = scores["valid"][p.argmin()], p.min()
    return piece.replace(title=f"{STYLES[y['valid'][p.argmin()]]}, gets {p_truth:.1%}: {piece.title}")

# %% [markdown] id="predict-listener"
# **Predict.** *Will it beat the dense network with 64 neurons, although it has far fewer weights? And what happens to its accuracy when it is trained in all keys?*

# %% id="listener-train"
profile = Profile.named("quick")
n_epochs = 4 * profile.epochs
monitor = TrainingMonitor(title="Listening to piano rolls", sample=hardest, sample_every=4)
listener = build_listener(profile)
monitor.start_run("as written")
fit(listener, ADAM(2e-3), rolls, n_epochs, [monitor.callback])

listener_in_all_keys = build_listener(profile)
monitor.start_run("in all keys")
history = fit(listener_in_all_keys, ADAM(2e-3), rolls, n_epochs, [monitor.callback], InAllKeys())
print(f"dense, 64 neurons: {dense(64).count_params():,} numbers; this one: {listener.count_params():,}")

# %% [markdown] id="full-intro"
# With a GPU, or with patience: the same function, the full profile (twice as wide, dropout, many more epochs, early stopping).

# %% id="listener-train-full" tags=["gpu"]
full = Profile.named("full")
monitor = TrainingMonitor(title="Listening to piano rolls, full profile", sample=hardest, sample_every=10)
large = build_listener(full)
optimizer = keras.optimizers.AdamW(1e-3, weight_decay=full.weight_decay)
fit(large, optimizer, rolls, 4 * full.epochs, [monitor.callback], InAllKeys())
monitor.restore_best(large)
print(f"validation: {accuracy(probabilities(large, rolls['valid']).argmax(axis=1), y['valid']):.1%}")

# %% [markdown] id="networks-intro"
# For the comparison also a **linear** classifier (no hidden layer) and the **MLP** of section 2 on each view, with early stopping: `restore_best_weights` brings the best epoch back.

# %% id="networks-train"
def train_on_view(view, hidden):
    keras.utils.set_random_seed(2)
    inner = [layers.Dense(hidden, activation="relu", name="hidden")] if hidden else []
    network = keras.Sequential([keras.Input((x[view]["train"].shape[1],)), *inner, layers.Dense(4)])
    stop = keras.callbacks.EarlyStopping("val_loss", patience=4, restore_best_weights=True)
    fit(network, ADAM(5e-3), x[view], 20, [stop])
    return network

linear = {view: train_on_view(view, 0) for view in x}
mlp = {view: train_on_view(view, 32) for view in x}

# %% [markdown] id="scorecard-intro"
# ## 6 · The scorecard
#
# Now, once, the test set. One accuracy is not enough: 240 excerpts are few, and worse, **excerpts of one work are alike**. The quartets of the test set come from four works. So the interval is found by a **bootstrap** over works: draw as many works of each style as there are, with repetition, compute the accuracy, do that 2,000 times, and say
# between which values 95 % of the results lie.
#
# **Predict.** *How wide will the interval be: 2, 5 or 10 per cent?*

# %% id="scorecard-interval"
def interval(right, rows, draws=2000, seed=0):
    """95 % interval of an accuracy, drawing whole works within each style."""
    rng, n_right, n = np.random.default_rng(seed), np.zeros(draws), np.zeros(draws)
    for style in STYLES:
        works = {}
        for row, is_right in zip(rows, right):
            if row.style == style:
                works.setdefault(row.family, []).append(is_right)
        sums, counts = np.array([(sum(found), len(found)) for found in works.values()]).T
        drawn = rng.integers(len(sums), size=(draws, len(sums)))
        n_right, n = n_right + sums[drawn].sum(axis=1), n + counts[drawn].sum(axis=1)
    return np.percentile(n_right / n, [2.5, 97.5])

# %% id="scorecard"
answers = {("always the same", view): np.zeros(240, int) for view in x}
answers |= {("nearest centroid", view): nearest_centroid(view, "test") for view in x}
for name, networks in (("linear", linear), ("MLP", mlp)):
    answers |= {(name, view): np.array(networks[view](x[view]["test"])).argmax(axis=1) for view in x}
for name, network in (("CNN, as written", listener), ("CNN, in all keys", listener_in_all_keys)):
    answers[name, "piano roll of the tune"] = probabilities(network, rolls["test"]).argmax(axis=1)
table = {}
for (name, view), found in answers.items():
    low, high = interval(found == y["test"], styles.rows("test"))
    table[name, view] = (accuracy(found, y["test"]), low, high)
    print(f"{view:23s} {name:17s} {table[name, view][0]:6.1%}   95 % between {low:.1%} and {high:.1%}")

# %% id="scorecard-figure"
VIEWS = list(dict.fromkeys(view for _, view in table))
ordered = [(name, view) for view in VIEWS for (name, found) in table if found == view]
ax = plt.subplots(figsize=(9, 4.6), dpi=110, layout="constrained")[1]
for place, (name, view) in enumerate(ordered):
    middle, low, high = table[name, view]
    i, first = VIEWS.index(view), name in ("always the same", "CNN, as written")
    ax.plot([low, high], [place, place], color=PALETTE[i], linewidth=2)
    ax.plot(middle, place, MARKERS[i], color=PALETTE[i], markersize=8, label=view if first else None)
ax.axvline(0.25, color=INK, linewidth=1, linestyle=":")
ax.set_yticks(range(len(ordered)), [name for name, _ in ordered])
ax.invert_yaxis()
best_tune = max((key for key in table if key[1] != "everything"), key=lambda key: table[key][0])
title = f"All voices: {table['MLP', 'everything'][0]:.0%}. The tune alone: {table[best_tune][0]:.0%} at best"
dress(ax, title=title, x="share of the test excerpts that is right, with 95 % interval")
add_legend(ax, loc="lower left")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - **Everything** is nearly solved by the nearest centroid, without learning. Where a baseline is that strong, the task is easy, not the network clever.
# - **On the tune** linear, MLP and centroid lie within each other's intervals: with good features and 800 examples, a hidden layer adds little. Somebody's knowledge of music is in the features.
# - **The CNN** was given no features at all, only the picture of the tune, and made its own. It does as well as all our features together. But as written it may use the register, too; trained in all keys it may not.
# - **Intervals are wide**, and two that overlap are not a proof of anything. Ten times as many excerpts *of the same four quartets* would hardly narrow them; more quartets would.
#
# Tzanetakis and Cook made the classification of genres a standard task in 2002, on sound [5]; Sturm later showed how a classifier can be right for the wrong reasons, a "horse" that reads its master's face [6]. Our number of voices is such a face.
#
# </details>

# %% [markdown] id="predict-confusion"
# ### Hear its mistakes
#
# Rows are what the excerpts are, columns what the CNN (in all keys) took them for. **Predict.** *Which two styles does it confuse most?* Then click on that cell, or walk there with the arrow keys and press Enter, and listen to the highest voices, which is all that the network has. *Would you have known?*

# %% id="confusion"
from musegen_edu import ConfusionExplorer

heard = [tune.replace(title=score.title) for tune, score in zip(tunes["test"], scores["test"])]
guesses = answers["CNN, in all keys", "piano roll of the tune"]
ConfusionExplorer(y["test"], guesses, heard, labels=STYLES, title="What the CNN takes the tunes for")

# %% [markdown] id="confusion-explained"
# <details><summary>What to listen for</summary>
#
# The highest voice of a chorale and that of a madrigal are both singable: small steps, even notes. A slow movement of a quartet may pass for either; a fast one with running quavers sounds like a reel. What tells a quartet from them is often *outside* the highest voice. Some of these "mistakes" are right answers to the question that we really asked: what is this tune like?
#
# </details>

# %% [markdown] id="mood-intro"
# ## 7 · Mood, and tunes like this one
#
# Russell ordered feelings in 1980 on a ring in a plane with two axes [7]: **valence** (unpleasant to pleasant) and **arousal**, here *energy* (calm to excited). Which properties of music go along with which is well studied: fast, loud and high music is mostly heard as excited, major as happier than minor [8, 9]. Our excerpts all have the same tempo and loudness, so only some cues are left. A simple reading, with $z(\cdot)$ for "in deviations from the training mean":
#
# $$\text{energy} = \tfrac13 \big( z(\text{notes a quarter}) + z(\text{mean pitch}) + z(\text{mean size of a step}) \big) \qquad \text{valence} = \frac{n_4 - n_3}{n_4 + n_3 + 1}$$
#
# $n_4$ is the number of notes a *major* third (4 semitones) above the estimated tonic, $n_3$ a *minor* third. Nothing here is trained: it is a **formula of ours**, not a measurement of feelings.

# %% id="mood"
def cues(tune):
    pitch = tune.notes["pitch"].astype(int)
    return [len(tune) / 24, pitch.mean(), np.abs(np.diff(pitch)).mean()]

def valence(score):
    tonic, _ = parse_key(estimate_key(score))
    n_minor, n_major = (int(((score.notes["pitch"] - tonic) % 12 == third).sum()) for third in (3, 4))
    return (n_major - n_minor) / (n_major + n_minor + 1)

usual, spread = (f([cues(tune) for tune in tunes["train"]], axis=0) for f in (np.mean, np.std))
energies = np.array([((cues(tune) - usual) / spread).mean() for tune in tunes["test"]])
valences = np.array([valence(score) for score in scores["test"]])

# %% [markdown] id="predict-mood"
# **Predict.** *Which style has the most energy by this formula? Which has most excerpts on the minor side?*

# %% id="mood-figure"
ax = plt.subplots(figsize=(9, 4), dpi=110, layout="constrained")[1]
for i, style in enumerate(STYLES):
    mine = y["test"] == i
    ax.plot(valences[mine], energies[mine], MARKERS[i], color=PALETTE[i], markersize=6, alpha=0.75, label=style)
ax.axhline(0, color=INK, linewidth=0.8)
ax.axvline(0, color=INK, linewidth=0.8)
means = [energies[y["test"] == i].mean() for i in range(4)]
title = f"By this formula {STYLES[np.argmax(means)]} has most energy, {STYLES[np.argmin(means)]} least"
dress(ax, title=title, x="valence: minor thirds ← → major thirds", y="energy (deviations)")
add_legend(ax, loc="upper left", ncols=4, bbox_to_anchor=(0, -0.18))

# %% id="mood-listen"
corners = {"calm, minor": (-1, -1), "excited, major": (1, 1)}
for name, (side, height) in corners.items():
    place = int(np.argmax(side * valences + height * energies))
    display(scores["test"][place].replace(title=f"{name}: {scores['test'][place].title}"))

# %% [markdown] id="mood-explained"
# <details><summary>How far can this be trusted?</summary>
#
# Not far, and it is easy to say why. (1) Tempo and loudness, among the strongest cues [9], are *missing*: we set them equal. At 60 and at 180 beats a minute the same reel is another piece, and this reading would not notice. (2) "Minor is sad" is a habit of ears raised on Western music, and even there our folk tunes have merry jigs in minor and dorian. (3) The tonic is estimated, and sometimes wrong. (4) Nobody was asked. Whoever wants to claim that music *makes people feel* something must ask people.
#
# The valence formula knows nothing of words either: Monteverdi's *Sì, ch'io vorrei morire*, "yes, I would like to die", sings of a kiss.
#
# </details>

# %% [markdown] id="retrieval-intro"
# ### Find tunes like this one
#
# On its way to four logits the MLP makes 32 numbers of a tune, in its hidden layer. They were never asked for, but tunes that the network treats alike lie close together there. Such a place is called an **embedding**. How close two are is measured by the **cosine** of the angle between them: $\cos(u, v) = u \cdot v \,/\, (\lvert u\rvert \lvert v\rvert)$, 1 for the same direction.
#
# How good is the search? **Precision at 5**: of the five nearest training tunes, which share has the style of the query? Chance is 25 %. **Predict.** *Will the embedding do better than the 45 features it was made from?*

# %% id="retrieval"
network = mlp["the tune"]
embed = keras.Model(network.inputs[0], network.get_layer("hidden").output)  # the functional way: another output

def normed(rows):
    rows = np.array(rows)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

def precision_at_5(database, queries):
    order = np.argsort(-normed(queries) @ normed(database).T, axis=1)[:, :5]  # (n_queries, 5), the nearest first
    return np.mean(y["train"][order] == y["test"][:, None]), order

tune_view = x["the tune"]
by_features, _ = precision_at_5(tune_view["train"], tune_view["test"])
by_embedding, order = precision_at_5(embed(tune_view["train"]), embed(tune_view["test"]))
print(f"precision at 5: chance 25.0%, features {by_features:.1%}, embedding {by_embedding:.1%}")

# %% id="retrieval-listen"
query = 0  # any number from 0 to 239
display(tunes["test"][query].replace(title=f"The query: {scores['test'][query].title}"))
for place in order[query][:2]:
    style = STYLES[y["train"][place]]
    display(tunes["train"][place].replace(title=f"Like it: {scores['train'][place].title} ({style})"))

# %% [markdown] id="retrieval-explained"
# <details><summary>What happened, and why</summary>
#
# The embedding was trained to separate styles, so it forgets what does not help with that: it is better at *style*, and may be worse at, say, finding the same tune in another book. "Like this one" always means: alike *for the task the network was trained on*. Listen to the neighbours: the same kinds of steps and note lengths, but not the same tune.
#
# </details>

# %% [markdown] id="lies-intro"
# ## 8 · Four ways to fool yourself
#
# Each is common; each is shown failing first, then repaired.
#
# ### Prepared with the numbers of the set that is judged
#
# Somebody standardises the test set with the *test set's* mean and deviation, or divides by its maximum. On our test set, with its four styles in equal shares, little happens, and so nobody notices. Then a learner brings a folder with folk tunes alone. **Predict.** *How many of the 60 folk tunes will the MLP recognise?*

# %% id="lies-own-numbers"
everybody = np.array(raw["the tune"]["test"])
for name, training in (("own", everybody), ("training", raw["the tune"]["train"])):
    answer = np.array(mlp["the tune"](standardise(everybody, training))).argmax(axis=1)
    print(f"all four styles, prepared with the {name} mean: {accuracy(answer, y['test']):.1%} right")

folder = everybody[y["test"] == 0]  # 60 folk tunes
wrong = standardise(folder, training=folder)  # the folder's own mean and deviation
by_maximum = (folder / folder.max(axis=0).clip(1e-6)).astype("float32")  # or its own maximum
right = standardise(folder, training=raw["the tune"]["train"])
for name, rows in (("own mean", wrong), ("own maximum", by_maximum), ("training mean", right)):
    answer = np.array(mlp["the tune"](rows)).argmax(axis=1)
    print(f"folk tunes alone, prepared with the {name:14s} {accuracy(answer, 0):6.1%} called folk")

# %% [markdown] id="lies-own-numbers-explained"
# <details><summary>What happened, and why</summary>
#
# What makes folk tunes folk tunes is that their features lie *away from the mean of all styles*. Subtract their own mean, and exactly that is gone. Keep the training set's numbers with the model, and use them for everything that comes later.
#
# </details>

# %% [markdown] id="lies-mfcc-intro"
# ### One mean vector as "the song"
#
# For sound, many tutorials compute MFCC (lesson 02), 13 numbers for each of the many short **frames**, take the mean over time, and call these 13 numbers the song. **Predict.** *We cut a chorale's sound into frames and shuffle them like cards. How much does "the song" change?*

# %% id="lies-mfcc"
from musegen_edu import audio_to_mfcc, score_to_audio

piece = scores["test"][60]
audio = score_to_audio(piece, sample_rate=16_000, cache=False).mean(axis=0)
frames = np.array(audio_to_mfcc(audio, 16_000))  # (13, n_frames)
shuffled = frames[:, np.random.default_rng(0).permutation(frames.shape[1])]
is_same = np.allclose(frames.mean(axis=1), shuffled.mean(axis=1), atol=1e-3)
print("the mean of the shuffled frames is the same vector:", is_same)

def moves(frames):
    """13 means and 13 mean sizes of the change from frame to frame: order counts."""
    return np.r_[frames.mean(axis=1), np.abs(np.diff(frames, axis=1)).mean(axis=1)]

changed = np.abs(moves(frames) - moves(shuffled))[13:] / np.abs(moves(frames))[13:]
print(f"with the changes from frame to frame it differs: by {changed.mean():.0%} on average")

# %% id="lies-mfcc-listen"
blocks = audio[: len(audio) // 4000 * 4000].reshape(-1, 4000)  # quarter seconds
mixed = np.random.default_rng(0).permutation(blocks).ravel()
from IPython.display import Audio

Audio(mixed[: 6 * 16_000], rate=16_000)

# %% [markdown] id="lies-mfcc-explained"
# <details><summary>What happened, and why</summary>
#
# A mean does not know any order: 2 + 3 is 3 + 2. The shuffled chorale is no music any more (listen), and yet has the same vector. Such a vector describes *timbre*, which sound prevails, and may be enough to tell a trumpet from a flute. It is not the song. Repairs, from simple to thorough: add how the frames *change*; give the network all frames in order (a CNN as above, or the recurrent networks of the next lessons).
#
# </details>

# %% [markdown] id="lies-labels-intro"
# ### Labels that are all 1, and accuracy on the training set
#
# **Predict.** *Two proud announcements come out of the next cell. What is wrong with each?*

# %% id="lies-labels"
rows = styles.rows("train")
lazy = np.array([1 if row.style == "quartet" or "chorale" else 0 for row in rows])  # surely?
print(f"always saying 1 is right in {np.mean(lazy == 1):.0%}. Labels: {np.bincount(lazy, minlength=2)}")
fixed = np.array([1 if row.style in ("quartet", "chorale") else 0 for row in rows])
print(f"repaired: {np.bincount(fixed)}, and always saying 1 is right in {np.mean(fixed == 1):.0%}")

found = {split: probabilities(memoriser, rolls[split]).argmax(axis=1) for split in ("train", "test")}
print(f"accuracy on the training set {accuracy(found['train'], y['train']):.1%}", end="")
print(f", on the test set {accuracy(found['test'], y['test']):.1%}")

# %% [markdown] id="lies-labels-explained"
# <details><summary>What happened, and why</summary>
#
# `row.style == "quartet" or "chorale"` is read as `(row.style == "quartet") or "chorale"`, and a text that is not empty counts as true: every label is 1. One hundred per cent of nothing. **Count the labels before training**; `np.bincount` takes a second.
#
# And the second announcement is the over-fitted network of section 4. On the training set it is perfect, because it has learnt the training set. The only number to report comes from data that had no part in any decision: not in training, not in choosing the epoch, not in choosing the network.
#
# </details>

# %% [markdown] id="exercise-leaps"
# ## 9 · Exercises
#
# ### Exercise 1 · A feature of your own (fill in, 8 min)
#
# Write `leap_share(score)`: which share of all melodic steps is a **leap**, wider than 4 semitones (a major third), up or down? Count inside each part; from the last note of the soprano to the first of the bass is no step. A score without any step gives 0.0.
#
# *Before you run the check: what should a scale give, what a broken chord C3–G3–E4? And what happens to your number when the tune is played in another key?*

# %% id="exercise-leaps-code"
def leap_share(score):
    """Share of the melodic steps that are wider than 4 semitones, 0.0 to 1.0."""
    # solution: collect the steps of each part with np.diff, then compare their sizes with 4
    steps = np.concatenate([np.diff(part.notes["pitch"].astype(int)) for part in score.parts()])
    return float(np.mean(np.abs(steps) > 4)) if len(steps) else 0.0
    # end solution

# %% id="exercise-leaps-check"
from musegen_edu.checks.deep_learning import check_leap_share

if check_leap_share(leap_share):
    for i, style in enumerate(STYLES):
        mine = [leap_share(tune) for tune, k in zip(tunes["train"], y["train"]) if k == i]
        print(f"{style:9s} {np.mean(mine):.1%} leaps in the highest voice")
check_leap_share(leap_share)

# %% [markdown] id="exercise-leaps-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-leaps-code}}
#
# `astype(int)` matters: pitches are stored in few bits. A number that does not change under transposition is called *invariant*; building such numbers is how knowledge of music gets into a network.
#
# </details>

# %% [markdown] id="exercise-two-ears"
# ### Exercise 2 · Two ears (modify, 8 min)
#
# Change the functional network of section 2 so that it has **two inputs**: the 37 numbers of the pitches and the 8 of the rhythm, each with a hidden layer of its own (16 neurons with ReLU), joined by `layers.Concatenate()`, then 4 logits (no softmax). Which way of building can do this: list, diagram, class?
#
# *What could you do with such a network that you could not do with one input of 45 numbers?*

# %% id="exercise-two-ears-code"
# solution: two inputs, two hidden layers, join them, four logits
# stub: two_ears = ...
ear_for_pitch, ear_for_rhythm = keras.Input((37,)), keras.Input((8,))
heard_pitches = layers.Dense(16, activation="relu")(ear_for_pitch)
heard_rhythm = layers.Dense(16, activation="relu")(ear_for_rhythm)
joined = layers.Concatenate()([heard_pitches, heard_rhythm])
two_ears = keras.Model([ear_for_pitch, ear_for_rhythm], layers.Dense(4)(joined))
# end solution

# %% id="exercise-two-ears-check"
from musegen_edu.checks.deep_learning import check_two_ears

check_two_ears(two_ears)

# %% [markdown] id="exercise-two-ears-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-two-ears-code}}
#
# It has 37·16 + 16 + 8·16 + 16 + 32·4 + 4 = 884 numbers, fewer than the 1,604 of the network with one input: no weight leads from a pitch to a rhythm neuron. And you can stop up one ear (put in zeros) to ask what each contributes.
#
# </details>

# %% [markdown] id="exercise-listener"
# ### Exercise 3 · A better listener (open, 10 min)
#
# Write `my_listener(tunes)`: it gets a list of scores in one voice and returns a list of style names. It must get at least 72 % of the validation tunes right, give the same answer when a tune is moved by a few semitones, and the same answer to a tune alone as in company. Some ways to go: the MLP or the nearest centroid on the tune view; your `leap_share` as one more feature; several networks that vote; other features (how often is the direction changed? how often a note repeated?).
#
# Then one sentence: what did you change, and what did it do?

# %% id="exercise-listener-code"
# solution: three small networks with different seeds vote, on pitches, rhythm and the share of leaps
# stub: my_listener = ...
# stub: my_sentence = "..."
def see(tunes):
    return np.array([np.r_[pitches(tune), rhythm(tune), leap_share(tune)] for tune in tunes])

seen = {split: see(tunes[split]) for split in ("train", "valid")}
inputs = {split: standardise(rows, seen["train"]) for split, rows in seen.items()}
def small(n):
    return keras.Sequential([keras.Input((46,)), layers.Dense(n, activation="relu"), layers.Dense(4)])

team = [small(24), small(32), small(48)]
for member in team:
    fit(member, ADAM(5e-3), inputs, epochs=10)

def my_listener(tunes):
    p = np.mean([probabilities(member, standardise(see(tunes), seen["train"])) for member in team], axis=0)
    return [STYLES[k] for k in p.argmax(axis=1)]

my_sentence = "Three networks of different widths vote, and see the share of leaps, too; so single mistakes are outvoted."
# end solution

# %% id="exercise-listener-check"
from musegen_edu.checks.deep_learning import check_style_listener

check_style_listener(my_listener, my_sentence, tunes["valid"], [STYLES[k] for k in y["valid"]])

# %% [markdown] id="exercise-listener-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-listener-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: many forget to stay inside a part, or write `np.diff` on the int16 pitches of several parts in onset order; the check has a duet for it. Some count `>= 4`; a major third is not a leap here. Exercise 2: softmax at the end is the usual slip, and then the loss with `from_logits=True` learns badly without any
# error message: a good moment to talk about silent mistakes. Exercise 3: whoever feeds the *mean pitch* fails the transposition test. That is the point of it; ask why the test is fair.

# %% [markdown] id="quiz-intro"
# ## 10 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.deep_learning import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You built one network as a list, a diagram and a class, proved them equal, and wrote SGD, momentum and Adam in NumPy, equal to Keras'.
# 2. You saw under-fitting and over-fitting in their curves, and cured the second with dropout, weight decay, early stopping and other keys.
# 3. You classified styles against baselines, with an interval over works, and took the number of voices, the register and the rhythm away to see what was left.
# 4. You read a mood by a formula and know what it misses, and searched with an embedding, measured against chance.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | the loss becomes `nan` | the learning rate is too large | a tenth of it; or `clipnorm=1.0` in the optimiser |
# | the loss stays at 1.386 | that is ln 4, guessing: nothing is learnt | look at the inputs (are they all 0?), the labels, the rate |
# | training well, validation badly | over-fitting | section 4: stop early, other keys, dropout, decay, or a smaller network |
# | both badly | under-fitting, or too few epochs | more neurons, more epochs, better features |
# | loss falls, but accuracy is poor and the outputs look flat | softmax in the network *and* `from_logits=True` | logits out, softmax only where you need probabilities |
# | perfect on the first try | labels all equal, a leak, or a confounder | count the labels, split by work, take clues away |
# | good at home, bad on your own MIDI files | prepared with other numbers, or another habit of notation | keep the training mean; look at the note lengths |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. B. T. Polyak, "Some methods of speeding up the convergence of iteration methods", *USSR Computational Mathematics and Mathematical Physics* 4(5), 1964, 1–17, [doi:10.1016/0041-5553(64)90137-5](https://doi.org/10.1016/0041-5553(64)90137-5).
# 2. D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, [arXiv:1412.6980](https://arxiv.org/abs/1412.6980). Keras uses the form at the end of their section 2.
# 3. N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple way to prevent neural networks from overfitting", *Journal of Machine Learning Research* 15, 2014, 1929–1958.
# 4. I. Loshchilov and F. Hutter, "Decoupled weight decay regularization", ICLR 2019, [arXiv:1711.05101](https://arxiv.org/abs/1711.05101).
# 5. G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", *IEEE Transactions on Speech and Audio Processing* 10(5), 2002, 293–302.
# 6. B. L. Sturm, "A simple method to determine if a music information retrieval system is a 'horse'", *IEEE Transactions on Multimedia* 16(6), 2014, 1636–1644.
# 7. J. A. Russell, "A circumplex model of affect", *Journal of Personality and Social Psychology* 39(6), 1980, 1161–1178.
# 8. A. Gabrielsson and E. Lindström, "The role of structure in the musical expression of emotions", in P. N. Juslin and J. A. Sloboda (eds.), *Handbook of Music and Emotion*, Oxford University Press, 2010.
# 9. T. Eerola, A. Friberg and R. Bresin, "Emotional expression in music: contribution, linearity, and additivity of primary musical cues", *Frontiers in Psychology* 4, 2013, article 487.
#
# What `styles` holds, where it comes from and what was left out (ragtime, for one: our source has a single rag) is in its card: `print(load_dataset("styles").card)`.

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.load_dataset` · `musegen_edu.TrainingMonitor` · `musegen_edu.ConfusionExplorer` · `musegen_edu.Profile` · `musegen_edu.keys` (`estimate_key`, `parse_key`) · `musegen_edu.metrics` (`polyphony`, `pitch_range`) · `musegen_edu.audio_to_mfcc` · `musegen_edu.score_to_audio`. In a cell, write a name with a question
# mark, such as `audio_to_mfcc?`, and run it: the description appears, with its source.
