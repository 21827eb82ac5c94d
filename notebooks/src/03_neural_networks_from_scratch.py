# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "03"
#     title: Neural networks from scratch
#     prerequisites: ["01_what_is_generated_music"]
#     minutes: {read: 30, run: 4, exercise: 25}
#     cpu_seconds: 30
# ---

# %% [markdown] id="title"
# # 03 · Neural networks from scratch
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [01 What is generated music?](01_what_is_generated_music.ipynb). No GPU needed: the network trains in about a second.*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Compute a neuron by hand, with sigmoid, tanh or ReLU, and say what a loss measures.
# 2. Write a feed-forward network in NumPy, with back-propagation, and prove that its gradients are right.
# 3. Train it to tell major from minor chords in real sound, on instruments that it has never heard, and compare it with honest baselines.
# 4. Recognise three mistakes that make a network look better than it is, and repair them.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for one double lesson (90 min).** Listening 5 min · one neuron, on the blackboard 15 min · the network and back-propagation 25 min ·
# playground 10 min · real chords 15 min · three ways to fool yourself 10 min · quiz 5 min. Exercises are homework.
# In a single lesson (45 min): listening, "six shapes", the playground, then straight to the real chords; leave back-propagation out, and say
# "it goes downhill". The playground with `hide=["rate", "seed", "noise"]` is enough for a first class. The question that works best in class:
# *why does no single note tell you whether a chord is major?* Let them find the three chords that C belongs to.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Six chords on five instruments, one after another. Three are **major**, three are **minor**. Major is usually called bright, minor dark.
# Write down six letters, M or m, while you listen.
#
# By the end of this lesson a network of some four hundred numbers will do the same, on instruments that it has never heard.

# %% id="listen-chords"
import numpy as np

from musegen_edu import Score, audio_to_chroma, score_to_audio, stack

MINOR, MAJOR = 0, 1

def triad(root, kind, inversion=0):
    """Three MIDI pitches from low to high; each inversion moves the lowest note up an octave."""
    pitches = [root, root + (4 if kind == MAJOR else 3), root + 7]
    for _ in range(inversion):
        pitches = pitches[1:] + [pitches[0] + 12]
    return pitches

# %% id="listen-quiz"
RIDDLE = [(0, 60, MAJOR, 0), (40, 57, MINOR, 1), (19, 55, MINOR, 0),
          (56, 62, MAJOR, 2), (24, 52, MINOR, 2), (0, 58, MAJOR, 1)]  # fmt: skip

def play_chords(chords, title):
    """A score from (program, root, kind, inversion): each chord lasts three beats, then comes a rest."""
    parts = []
    for i, (program, *chord) in enumerate(chords):
        parts.append(Score.from_notes([(96 * i, 72, pitch) for pitch in triad(*chord)], programs=(program,)))
    return stack(parts).replace(title=title)

play_chords(RIDDLE, "Major or minor?")

# %% [markdown] id="listen-explained"
# <details><summary>The answers</summary>
#
# M m m M m M. Most people hear the first and the third at once, and get at least one of the **inversions** wrong: there the root is not at
# the bottom, and the chord feels less at home. Instruments matter as well: a trumpet sounds bright whatever it plays. The network will
# have the same two difficulties.
#
# </details>

# %% [markdown] id="neuron-intro"
# ## 1 · One neuron
#
# **The picture.** A neuron gets some numbers. It multiplies each by a **weight** (how much do I care, and in which direction?), adds everything
# up, adds a **bias** (how easily am I convinced?), and bends the sum with an **activation function**.
#
# ```
#   lower interval  x₁ ──── w₁ ──╲
#                                  ( + b ) ──► z ──► sigmoid ──► p   "major, says p"
#   upper interval  x₂ ──── w₂ ──╱
# ```
#
# **The symbols.** $x_1, x_2$ are the inputs, $w_1, w_2$ the weights, $b$ the bias, $z$ the sum, $\sigma$ (sigma) the sigmoid, $p$ the answer:
#
# $$z = w_1 x_1 + w_2 x_2 + b \qquad\qquad p = \sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# $\sigma$ squeezes any number into the range from 0 to 1, so that $p$ can be read as a probability.
#
# **By hand.** A triad in root position has two intervals: C–E–G is 4 semitones, then 3. C–E♭–G is 3, then 4. Take $w_1 = 1$, $w_2 = -1$, $b = 0$. Major
# gives $z = 4 - 3 = 1$, so $p = 1/(1 + e^{-1}) = 0.73$: major. Minor gives $z = 3 - 4 = -1$ and $p = 0.27$: minor. It works!
#
# The idea is old: McCulloch and Pitts described such a unit in 1943 [1], Rosenblatt made one that *learns* its weights in 1958 [2].

# %% [markdown] id="predict-six"
# **Predict.** With its inversions, each kind of triad has three shapes. Here are all six, as (lower interval, upper interval):
#
# | | root position | 1st inversion | 2nd inversion |
# |---|---|---|---|
# | major | (4, 3) | (3, 5) | (5, 4) |
# | minor | (3, 4) | (4, 5) | (5, 3) |
#
# The next cell tries a hundred thousand neurons with random weights. *How many of the six shapes does the best of them get right?* (Sketch the six points
# on squared paper. A neuron draws one straight line.)

# %% id="six-shapes"
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

SHAPES = np.array([(4, 3), (3, 5), (5, 4), (3, 4), (4, 5), (5, 3)], float)
IS_MAJOR = np.array([1, 1, 1, 0, 0, 0])

rng = np.random.default_rng(0)
w = rng.normal(size=(2, 100_000))  # two weights for each neuron
b = -4 * w.sum(axis=0) + rng.normal(size=100_000)  # lines that pass near the middle, (4, 4)
p = sigmoid(SHAPES @ w + b)  # (6, 100000)
right = ((p > 0.5) == IS_MAJOR[:, None]).sum(axis=0)
print(f"the best of {len(right):,} neurons gets {right.max()} of 6 shapes right")

# %% [markdown] id="six-explained"
# <details><summary>What happened, and why</summary>
#
# The six points sit on a ring around (4, 4), and major and minor *take turns* on it: no straight line can part them. Trying more
# weights is of no use; there are none. Minsky and Papert proved in 1969 what single-layer perceptrons cannot do [3]; this is a musical case of
# it. The way out is a second layer: several neurons draw several lines, and another one combines them.
#
# </details>

# %% [markdown] id="activations-intro"
# ### Three bends
#
# Without a bend, layers upon layers would collapse into one: $x W_1 W_2$ is just $x W$ with $W = W_1 W_2$. Three bends are used most. Learning needs
# their **derivative** as well: the slope, written with a dash. It says how much the output moves when $z$ moves a little.
#
# | | formula | derivative | range |
# |---|---|---|---|
# | **sigmoid** | $\sigma(z) = 1 / (1 + e^{-z})$ | $\sigma'(z) = \sigma(z)\,(1 - \sigma(z))$ | 0 to 1 |
# | **tanh** | $\tanh z = (e^{z} - e^{-z}) / (e^{z} + e^{-z})$ | $1 - \tanh^2 z$ | −1 to 1 |
# | **ReLU** | $\max(0, z)$ | 1 where $z > 0$, else 0 | 0 upwards |
#
# **Predict.** *Which of the three still lets something through when $z$ is very large, and which goes deaf?*

# %% id="activations"
import matplotlib.pyplot as plt

from musegen_edu.plots.style import LINES, PALETTE, add_legend, dress

z = np.linspace(-5, 5, 201)
curves = {"sigmoid": (sigmoid(z), sigmoid(z) * (1 - sigmoid(z))),
          "tanh": (np.tanh(z), 1 - np.tanh(z) ** 2), "ReLU": (np.maximum(0, z), (z > 0) * 1.0)}  # fmt: skip
figure, axes = plt.subplots(1, 2, figsize=(10, 3), dpi=110, layout="constrained")
for i, (name, pair) in enumerate(curves.items()):
    for ax, values in zip(axes, pair):
        ax.plot(z, values, LINES[i], color=PALETTE[i], linewidth=2, label=name)
axes[0].set_ylim(-1.2, 2.5)
dress(axes[0], title="Three ways to bend a sum", x="sum z", y="output")
dress(axes[1], title="Far from 0, sigmoid and tanh go flat", x="sum z", y="slope")
add_legend(axes[0])

# %% [markdown] id="activations-explained"
# <details><summary>What happened, and why</summary>
#
# Where sigmoid and tanh are flat, their slope is nearly 0: whatever is wrong there, the weights learn almost nothing. ReLU keeps its slope of 1 however
# large $z$ gets, which is why deep networks use it; but below 0 it is silent altogether. The steepest the sigmoid ever gets is ¼, at $z = 0$.
#
# </details>

# %% [markdown] id="losses-intro"
# ### How wrong? Two losses
#
# A **loss** turns "how wrong" into one number. Let $y$ be the truth (1 major, 0 minor), $p$ the answer, and $n$ the number of chords:
#
# $$\text{MSE} = \frac1n \sum_{i=1}^{n} (p_i - y_i)^2 \qquad\qquad \text{cross-entropy} = -\frac1n \sum_{i=1}^{n} \big( y_i \ln p_i + (1 - y_i) \ln (1 - p_i) \big)$$
#
# $\sum$ means: add up over all chords $i$. MSE is the **mean squared error**. Cross-entropy is the *surprise* of lesson 01, in nats: minus the
# logarithm of the probability that was given to the truth. A coin, $p = 0.5$, has $\ln 2 = 0.693$.
#
# Now the slopes with respect to $z$, because $z$ is what the weights can change. For one chord:
#
# $$\frac{d\,\text{MSE}}{dz} = 2\,(p - y)\;p\,(1 - p) \qquad\qquad \frac{d\,\text{cross-entropy}}{dz} = p - y$$
#
# **Predict.** The truth is major, but the neuron is sure of minor: $z = -6$. *Which loss says more loudly that something must change?*

# %% id="losses"
def mean_squared_error(p, y):
    return np.mean((p - y) ** 2)

def cross_entropy(p, y):
    p = np.clip(p, 1e-12, 1 - 1e-12)  # ln 0 would be minus infinity
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

z, y = np.array([-6.0, 0.0, 3.0]), 1.0
p = sigmoid(z)
print("      z       p     MSE   slope     c.-e.   slope")
for row in zip(z, p, (p - y) ** 2, 2 * (p - y) * p * (1 - p), -np.log(p), p - y):
    print("{:7.1f} {:7.3f} {:7.3f} {:7.3f} {:9.3f} {:7.3f}".format(*row))

# %% [markdown] id="losses-explained"
# <details><summary>What happened, and why</summary>
#
# At $z = -6$ the squared error is nearly as large as it can get, and yet its slope is close to 0: the sigmoid is flat there and lets nothing through. The
# cross-entropy has a slope of almost −1: *up with z!* The derivative of the logarithm cancels the flat sigmoid exactly, and what is left is
# the plain error, $p - y$. That is why classifiers use cross-entropy, and keep MSE for quantities.
#
# </details>

# %% [markdown] id="network-intro"
# ## 2 · A network, and how it learns
#
# **The picture.** Several neurons side by side are a **layer**. Each has its own weights; put them next to one another as columns, and you have a matrix $W$. The
# output of one layer is the input of the next. Layers between input and output are called **hidden**.
#
# **Forward**, for layer number $\ell$ (there are $L$ of them), with $h_0 = x$:
#
# $$z_\ell = h_{\ell-1} W_\ell + b_\ell \qquad h_\ell = \tanh(z_\ell) \quad\text{inside,}\qquad p = \sigma(z_L) \quad\text{at the end}$$
#
# $x$ has one row a chord. $W_\ell$ has one row an input and one column a neuron, $b_\ell$ one number a neuron. The first weights are drawn at random, neither too large (tanh goes
# flat) nor too small (nothing gets through): uniformly up to $\sqrt{6 / (n_\text{in} + n_\text{out})}$, as Glorot and Bengio advise [5].

# %% id="network-forward"
class Network:
    """Dense layers: tanh inside, one sigmoid neuron at the end."""

    def __init__(self, sizes, seed=0):
        rng = np.random.default_rng(seed)
        pairs = list(zip(sizes, sizes[1:]))
        self.weights = [rng.uniform(-1, 1, pair) * np.sqrt(6 / sum(pair)) for pair in pairs]
        self.biases = [np.zeros(n_out) for _, n_out in pairs]

    def forward(self, x):
        self.layers = [x]  # the input, then what each layer gives
        for W, b in zip(self.weights, self.biases):
            z = self.layers[-1] @ W + b  # (n, n_out)
            self.layers.append(sigmoid(z) if W is self.weights[-1] else np.tanh(z))
        return self.layers[-1]  # (n, 1)

# %% [markdown] id="backward-intro"
# **Backward.** How should each weight change? The **gradient** is the list of slopes: by how much does the loss rise if *this* weight rises a little? Going
# *against* it makes the loss fall. **Back-propagation** gets all slopes in one sweep from the end to the beginning [4]. Write $\delta_\ell$ (delta) for the slope of the
# loss with respect to $z_\ell$, $n$ for the number of chords, $\odot$ for multiplying number by number, and $^{\mathsf T}$ for swapping rows and columns:
#
# $$\delta_L = \frac{p - y}{n} \qquad \frac{\partial\,\text{loss}}{\partial W_\ell} = h_{\ell-1}^{\mathsf T}\, \delta_\ell \qquad \frac{\partial\,\text{loss}}{\partial b_\ell} = \text{sum of the rows of } \delta_\ell \qquad \delta_{\ell-1} = (\delta_\ell W_\ell^{\mathsf T}) \odot (1 - h_{\ell-1}^2)$$
#
# In words: the error at the end is $p - y$. A weight is to blame as much as its *input* was large and the *error after it* was large. An error goes back
# through the same weights by which the signal came, and through the slope of the bend ($1 - h^2$ for tanh).
#
# The symbol $\partial$ is a $d$ that says: all the other weights stay as they are.

# %% id="network-backward"
def gradients(network, y):
    """Slopes of the mean cross-entropy, (dW, db) layer by layer. Call network.forward first."""
    slopes = []
    delta = (network.layers[-1] - y) / len(y)  # (n, 1)
    for layer in reversed(range(len(network.weights))):
        h = network.layers[layer]  # what came into this layer
        slopes.insert(0, (h.T @ delta, delta.sum(axis=0)))
        delta = (delta @ network.weights[layer].T) * (1 - h**2)  # back through the weights, then through tanh
    return slopes

# %% [markdown] id="training-step"
# One step of training: forward, backward, and then every weight a small way against its slope. How small is the **learning rate**.

# %% id="network-training-step"
class MLP(Network):  # "multi-layer perceptron", the old name of such a network
    def train_step(self, x, y, learning_rate):
        loss = cross_entropy(self.forward(x), y)
        for (dW, db), W, b in zip(gradients(self, y), self.weights, self.biases):
            W -= learning_rate * dW  # a small step downhill
            b -= learning_rate * db
        return loss

# %% [markdown] id="predict-gradient"
# **Is it right?** A wrong gradient is the most patient of bugs: the loss may still fall, only worse. So measure. Move *one* weight by a tiny $\epsilon$ (epsilon) up and
# down, and see how the loss changes:
#
# $$\frac{\partial\,\text{loss}}{\partial w} \approx \frac{\text{loss}(w + \epsilon) - \text{loss}(w - \epsilon)}{2 \epsilon}$$
#
# These are **finite differences**. **Predict.** *Our networks will have some four hundred weights. How many forward passes does this take for one gradient, and how many does
# back-propagation take?*

# %% id="gradient-check"
def worst_disagreement(network, x, y, epsilon=1e-5):
    """The largest difference between back-propagation and finite differences, over every weight and bias."""
    network.forward(x)
    worst = 0.0
    for (dW, db), W, b in zip(gradients(network, y), network.weights, network.biases):
        for numbers, slopes in ((W, dW), (b, db)):
            for index in np.ndindex(numbers.shape):
                keep = numbers[index]
                numbers[index] = keep + epsilon
                up = cross_entropy(network.forward(x), y)
                numbers[index] = keep - epsilon
                down = cross_entropy(network.forward(x), y)
                numbers[index] = keep
                worst = max(worst, abs((up - down) / (2 * epsilon) - slopes[index]))
    return worst

# %% id="gradient-run"
rng = np.random.default_rng(3)
x_check, y_check = rng.normal(size=(20, 12)), rng.integers(0, 2, (20, 1))
for sizes in ([12, 1], [12, 32, 1], [12, 8, 8, 1]):
    agrees = worst_disagreement(MLP(sizes, seed=1), x_check, y_check) < 1e-6
    print(sizes, "every slope agrees to within 0.000001:", agrees)

# %% [markdown] id="gradient-explained"
# <details><summary>What happened, and why</summary>
#
# Two forward passes a weight: 900 or so. Back-propagation needs one pass forward and one back, whatever the number of weights. That is why networks with billions of weights can be
# trained at all. Rumelhart, Hinton and Williams made the method famous in 1986 [4]. Whenever you write a gradient by hand, test it like this.
#
# </details>

# %% [markdown] id="keras-intro"
# ### Keras agrees
#
# **Keras** is the library of the coming lessons; it finds gradients by itself. Copy our weights into a Keras network and let it take a single step with a learning rate of 1: then
# *weights before − weights after* **is** its gradient.

# %% id="keras-agrees"
from musegen_edu.quiet_keras import keras

ours = MLP([12, 8, 1], seed=1)
ours.forward(x_check)
slopes = [numbers for pair in gradients(ours, y_check) for numbers in pair]  # dW1, db1, dW2, db2

dense = [keras.layers.Dense(8, activation="tanh", dtype="float64"),
         keras.layers.Dense(1, activation="sigmoid", dtype="float64")]  # fmt: skip
theirs = keras.Sequential([keras.Input((12,), dtype="float64"), *dense])
theirs.compile(keras.optimizers.SGD(learning_rate=1.0), keras.losses.BinaryCrossentropy(dtype="float64"))
before = [ours.weights[0], ours.biases[0], ours.weights[1], ours.biases[1]]
theirs.set_weights(before)
theirs.train_on_batch(x_check, y_check)
gaps = [np.abs(old - new - slope).max() for old, new, slope in zip(before, theirs.get_weights(), slopes)]
print("Keras and our NumPy agree to within 0.000001:", max(gaps) < 1e-6)

# %% [markdown] id="playground-intro"
# ## 3 · Look inside while it learns
#
# A choir sings the six shapes, a little out of tune, so that each shape becomes a small cloud. Two inputs (the lower and the upper interval, minus 4), one hidden layer, one answer. The network in the
# picture is **your own class** from above, running in your kernel, a few steps at a time.
#
# - Each small square in a neuron is a map of the plane: where does *this* neuron say yes (blue)?
# - **Predict.** *How few hidden neurons are enough?* Try `[2, 2, 1]`, `[2, 3, 1]`, `[2, 6, 1]` in the cell.
# - Turn up the noise: from which point on do the clouds touch, and what does the network do then?
# - Change the seed. Does it always find the way?

# %% id="playground"
from musegen_edu.widgets.network_playground import NetworkPlayground

def choir(noise, seed):
    """Each of the six shapes sung 12 times, out of tune by about `noise` semitones."""
    rng = np.random.default_rng(seed)
    x = np.repeat(SHAPES - 4, 12, axis=0)
    return x + rng.normal(0, noise, x.shape), np.repeat(IS_MAJOR, 12)

NetworkPlayground(
    lambda seed: MLP([2, 6, 1], seed), choir, names=("lower interval − 4 (semitones)", "upper interval − 4"),
    kinds=("minor", "major"), title="Six shapes of a triad, sung by a choir",
    noise=0.15, max_noise=0.6, learning_rate=0.3, seed=1,
)  # fmt: skip

# %% [markdown] id="playground-explained"
# <details><summary>What to notice</summary>
#
# Each hidden neuron draws one straight edge; the last one combines them. The six clouds take turns on a ring, so several edges are needed. With the noise as it stands and 2000 steps at learning rate 1, we
# tried twelve seeds: two hidden neurons never sufficed, three did in ten of the twelve, four and six always. More neurons than needed make *learning* easier. With much noise the clouds overlap, and the network settles for a
# compromise; with very many neurons and steps it would start to draw islands around single singers. That is over-fitting.
#
# </details>

# %% [markdown] id="families-intro"
# ## 4 · Four families
#
# What you have built is a **feed-forward** network. Almost everything else in this course is made by sharing weights, or by stacking. Lines of one colour and style in the figure
# are *the same weights*.
#
# **Predict.** *Which family needs no more weights when the tune gets longer?*

# %% id="families"
from musegen_edu.plots.networks import plot_network_families

axes = plot_network_families()

# %% [markdown] id="families-explained"
# <details><summary>The four, and where they come back</summary>
#
# | family | what is shared | what it is good at | in this course |
# |---|---|---|---|
# | **feed-forward** | nothing | a fixed number of inputs: one chord | this lesson |
# | **deep** | nothing; many layers | features of features | lesson 04 |
# | **recurrent** | the same weights at every time step, and a memory handed on | melodies of any length | lessons 05 and 06 |
# | **convolutional** | the same few weights at every place | patterns wherever they stand: a motif in a piano roll, a partial in a spectrogram | lesson 07 |
#
# The recurrent and the convolutional family need no more weights for a longer tune. A dense layer does: one for each new input and neuron. Sharing is a promise, too: *what is true here is
# true there*. You will make such a promise in a moment, about keys.
#
# </details>

# %% [markdown] id="chords-intro"
# ## 5 · Real chords
#
# Now the sound. 53 instruments of the SoundFont play major and minor triads on random roots, in three positions and two octaves: 636 chords, rendered in one go and cut apart. Each
# becomes twelve numbers, its **chroma**: how strongly each of the twelve pitch classes (C, C♯, D, …, B) sounds, whatever the octave (Fujishima, 1999 [6]). [Lesson 02](02_representing_music.ipynb) says more about it.

# %% id="chords-render"
PROGRAMS = (*range(9), 11, 12, *range(16, 29), 40, 41, 42, 44, 46, 48, 49, 52, 56, 57, 59, 60, 61, *range(64, 80))
RATE, EVERY = 16_000, 12_000  # samples a second; one chord every 0.75 s

rng = np.random.default_rng(1)
chords = [(part, rng.integers(12), kind, inversion, octave) for part in range(len(PROGRAMS))
          for kind in (MINOR, MAJOR) for inversion in range(3) for octave in (48, 60)]  # fmt: skip
notes = [(36 * i, 24, pitch, 80, part) for i, (part, root, kind, inversion, octave) in enumerate(chords)
         for pitch in triad(octave + root, kind, inversion)]  # fmt: skip
sound = score_to_audio(Score.from_notes(notes, programs=PROGRAMS), sample_rate=RATE, cache=False).mean(axis=0)
pieces = [sound[EVERY * i :][: RATE * 6 // 10] for i in range(len(chords))]
chroma = np.array([audio_to_chroma(piece, RATE).mean(axis=1) for piece in pieces], float)  # (636, 12)
labels = np.array([[kind] for _, _, kind, _, _ in chords])

# %% [markdown] id="predict-chroma"
# **Predict.** The figure shows one minor and one major chord, both with the root C moved to the first place. *Three of the twelve bars should be high. Why are others not zero?*

# %% id="chroma-figure"
from musegen_edu.keys import pitch_to_name
from musegen_edu.widgets.instruments import instrument_name

NAMES = [pitch_to_name(60 + k)[:-1] for k in range(12)]
figure, axes = plt.subplots(1, 2, figsize=(10, 2.8), dpi=110, sharey=True, layout="constrained")
clarinet = PROGRAMS.index(71)
for ax, kind, colour in zip(axes, (MINOR, MAJOR), (PALETTE[1], PALETTE[0])):
    i = chords.index(next(c for c in chords if c[0] == clarinet and c[2:] == (kind, 0, 48)))
    ax.bar(range(12), np.roll(chroma[i], -chords[i][1]), color=colour)
    ax.set_xticks(range(12), NAMES)
    title = f"A {'major' if kind else 'minor'} triad of clarinets is not three bars"
    dress(ax, title=title, x="pitch class, root moved to C", y="strength")

# %% [markdown] id="chroma-explained"
# <details><summary>What happened, and why</summary>
#
# A note is not one frequency. Above it sound its **overtones**: twice the frequency (the octave), three times (the octave and a *fifth*), four times, five times (two octaves and a *major third*). So the
# root C alone brings some G and some **E**, even in C minor; the G brings a D, its own fifth, and a clarinet brings a lot of it: its odd partials are the strong ones. Low notes also lie only a few Hz apart, so that
# neighbours blur into each other. Keep this in mind when the network makes mistakes.
#
# </details>

# %% [markdown] id="split-intro"
# **Split by instrument, not by chord.** If chords of the same trumpet stand on both sides, the network may learn that trumpet. The real question is: does it know *chords*? So whole instruments are
# held back, and dice choose which: 37 to train on, 6 to make decisions with (**validation**), 10 to judge (**test**). The test set is used at the end, and for nothing else.
#
# The numbers are prepared in two steps: a square root, which lifts what is weak, as our ears do; then the **training** mean is taken off and everything divided by the **training** deviation.

# %% id="split"
order = np.random.default_rng(0).permutation(len(PROGRAMS))
instrument = np.array([part for part, *_ in chords])
is_test, is_valid = np.isin(instrument, order[:10]), np.isin(instrument, order[10:16])
is_train = ~is_test & ~is_valid
mean, deviation = np.sqrt(chroma[is_train]).mean(), np.sqrt(chroma[is_train]).std()

def prepare(chroma):
    return (np.sqrt(chroma) - mean) / deviation

x, y = prepare(chroma), labels
print(f"{is_train.sum()} chords to train on, {is_valid.sum()} for validation, {is_test.sum()} to test with")
print("never heard in training:", ", ".join(instrument_name(PROGRAMS[part]) for part in order[:10]))

# %% [markdown] id="baselines-intro"
# **Baselines first.** A result means nothing alone. Four simple listeners:
#
# - a **coin**;
# - **one neuron**, trained;
# - **templates**: 24 ideal triads; which is most similar? This is how Fujishima did it, without any learning [6];
# - the **nearest chord**: find the most similar training chord, and give its answer. A network that is no better has only learnt by heart.

# %% id="baselines"
def train(network, x, y, epochs, learning_rate=0.1, seed=0, batch=16):
    """Small batches in random order; the losses on training and validation chords, epoch by epoch."""
    rng, history = np.random.default_rng(seed), []
    for _ in range(epochs):
        shuffled = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = shuffled[start : start + batch]
            network.train_step(x[rows], y[rows], learning_rate)
        history.append((cross_entropy(network.forward(x), y), cross_entropy(network.forward(x_valid), y_valid)))
    return history

x_valid, y_valid = x[is_valid], y[is_valid]
one_neuron = MLP([12, 1])
history = train(one_neuron, x[is_train], y[is_train], epochs=60)

# %% id="baselines-templates"
pure = np.zeros((24, 12))
for k in range(12):
    pure[k, [pitch % 12 for pitch in triad(k, MINOR)]] = 1
    pure[12 + k, [pitch % 12 for pitch in triad(k, MAJOR)]] = 1

def templates(chroma):
    likeness = chroma @ pure.T / np.linalg.norm(chroma, axis=1, keepdims=True)  # (n, 24)
    return (likeness.argmax(axis=1) >= 12)[:, None] * 1.0

def nearest(x_new):
    distances = ((x_new[:, None] - x[is_train][None]) ** 2).sum(axis=2)  # (n, n_train)
    return y[is_train][distances.argmin(axis=1)] * 1.0

# %% [markdown] id="predict-train"
# **Predict.** Now the network: 12 inputs, 32 hidden neurons, one answer. Chance is 50 %. *What will it reach on the instruments of the training set? And on the validation instruments?*

# %% id="train-plain"
def accuracy(p, y):
    return ((p > 0.5) == (y > 0.5)).mean()

plain = MLP([12, 32, 1], seed=0)
history = train(plain, x[is_train], y[is_train], epochs=60)
for name, rows in {"training instruments": is_train, "validation instruments": is_valid}.items():
    alone, together = (accuracy(listener.forward(x[rows]), y[rows]) for listener in (one_neuron, plain))
    print(f"{name:24s} one neuron {alone:.1%}   network {together:.1%}")

# %% [markdown] id="train-explained"
# <details><summary>What happened, and why</summary>
#
# The one neuron is no better than a coin. Count: C is in three major triads (C, F, A♭) and in three minor ones (C, F, A minor). So is every other note. *No note speaks for major*; only
# combinations do, and a neuron that adds up its inputs cannot hear combinations. The hidden layer can.
#
# The network does very well on what it knows, and less well on new instruments. There is a cure that costs nothing, and it is musical.
#
# </details>

# %% [markdown] id="keys-intro"
# ### Every chord in twelve keys
#
# C major moved up by two semitones is D major: still major. On chroma, moving up by $k$ semitones is turning the ring of twelve numbers by $k$ places: `np.roll`. So every training chord gives us twelve. **Only training
# chords**: a moved copy of a test chord in the training set would be cheating.

# %% id="train-keys"
def in_all_keys(x, y):
    return np.concatenate([np.roll(x, k, axis=1) for k in range(12)]), np.concatenate([y] * 12)

network = MLP([12, 32, 1], seed=0)
history = train(network, *in_all_keys(x[is_train], y[is_train]), epochs=60)

ax = plt.subplots(figsize=(8, 2.8), dpi=110, layout="constrained")[1]
for i, name in enumerate(("training chords, in all keys", "validation instruments")):
    ax.plot(range(1, 61), [losses[i] for losses in history], LINES[i], color=PALETTE[i], linewidth=2, label=name)
ax.axhline(np.log(2), color=PALETTE[4], linewidth=1)
ax.text(60, np.log(2), "a coin ", color=PALETTE[4], ha="right", va="top")
add_legend(ax, loc="center right")
title = f"In sixty epochs the surprise falls from {history[0][1]:.2f} to {history[-1][1]:.2f} on new instruments"
ax = dress(ax, title=title, x="epoch", y="cross-entropy (nats)")

# %% [markdown] id="train-full-intro"
# With a GPU, or with patience: a larger network in Keras, with the full profile. Try it, and see whether size was missing, too; but remember that 120 chords are few. The
# **training monitor** draws the losses while they fall, marks the best epoch, and has buttons that pause and stop.

# %% id="train-full" tags=["gpu"]
from musegen_edu import Profile, TrainingMonitor

profile = Profile.named("full")
hidden = [keras.layers.Dense(256, activation="relu"), keras.layers.Dropout(profile.dropout)]
hidden += [keras.layers.Dense(256, activation="relu")]
large = keras.Sequential([keras.Input((12,)), *hidden, keras.layers.Dense(1, activation="sigmoid")])
optimizer = keras.optimizers.AdamW(1e-3, weight_decay=profile.weight_decay)
large.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
stop = keras.callbacks.EarlyStopping("val_loss", patience=profile.patience, restore_best_weights=True)
monitor = TrainingMonitor(title="The larger network")
large.fit(*in_all_keys(x[is_train], y[is_train]), batch_size=profile.batch_size, epochs=profile.epochs,
          validation_data=(x_valid, y_valid), callbacks=[stop, monitor.callback], verbose=0)  # fmt: skip
print(f"new instruments, test: {accuracy(large.predict(x[is_test], verbose=0), y[is_test]):.1%}")

# %% [markdown] id="lies-intro"
# ## 6 · Three ways to fool yourself
#
# All three are common in tutorials. Each is shown failing first, then repaired.
#
# ### The test set's own maximum
#
# Networks like numbers of about the same size. So somebody divides the training set by its maximum. And the test set by... *its* maximum.
#
# **Predict.** *One of the 120 test chords was recorded ten times too loud. How many of the 120 answers does that change?*

# %% id="lies-maximum"
top = chroma[is_train].max()
listener = MLP([12, 32, 1], seed=0)
history = train(listener, *in_all_keys(4 * np.sqrt(chroma[is_train] / top) - 2, y[is_train]), epochs=60)

recordings = chroma[is_test].copy()
recordings[0] *= 10  # one loud recording
wrong_way = listener.forward(4 * np.sqrt(recordings / recordings.max()) - 2)  # the test set's maximum
right_way = listener.forward(4 * np.sqrt(recordings / top) - 2)  # the training set's maximum
print(f"divided by the test set's maximum:     {accuracy(wrong_way, y[is_test]):.1%}")
print(f"divided by the training set's maximum: {accuracy(right_way, y[is_test]):.1%}")

# %% [markdown] id="lies-maximum-explained"
# <details><summary>What happened, and why</summary>
#
# One loud chord made the other 119 quieter, and so the network saw numbers that it had never met. Worse: with well-behaved recordings nobody would have noticed. The test for this mistake: *does a chord get the
# same answer alone as in company?* Whatever is measured in order to prepare data (maximum, mean, deviation) is measured **on the training set**, kept, and used for everything that comes later.
#
# </details>

# %% [markdown] id="lies-labels-intro"
# ### Labels that are all 1
#
# The labels shall be read from file names. This line looks innocent:

# %% id="lies-labels"
files = [f"{instrument_name(PROGRAMS[part])} {NAMES[root]} {'major' if kind else 'minor'}.wav"
         for part, root, kind, *_ in chords]  # fmt: skip
lazy = np.array([[1 if name.find("major") else 0] for name in files])  # find gives the place, or -1

fooled = MLP([12, 32, 1], seed=0)
history = train(fooled, x[is_train], lazy[is_train], epochs=5)
print(f"accuracy on the test set: {accuracy(fooled.forward(x[is_test]), lazy[is_test]):.1%}   Champagne?")
print("how many 0, how many 1:", np.bincount(lazy.ravel(), minlength=2))

fixed = np.array([[1 if "major" in name else 0] for name in files])
honest = accuracy(fooled.forward(x[is_test]), fixed[is_test])
print("repaired:", np.bincount(fixed.ravel()), f"  and the fooled network gets {honest:.1%}")

# %% [markdown] id="lies-labels-explained"
# <details><summary>What happened, and why</summary>
#
# `find` returns −1 when there is nothing to find, and −1 counts as true; only a 0 would not. So every label is 1, the network says "major" to everything, and is right every time. **Count your labels before you train**, and
# ask what somebody gets who always gives the most frequent answer.
#
# </details>

# %% [markdown] id="lies-training-intro"
# ### Accuracy on the training set
#
# **Predict.** The labels are now *shuffled*: pure nonsense, a coin for each chord. *What accuracy can a network of 200 hidden neurons reach on these training chords?*

# %% id="lies-training"
nonsense = np.random.default_rng(5).permutation(y[is_train])
parrot = MLP([12, 200, 1], seed=0)
history = train(parrot, x[is_train], nonsense, epochs=300, learning_rate=0.3)
print(f"nonsense learnt by heart, on the training chords: {accuracy(parrot.forward(x[is_train]), nonsense):.1%}")
print(f"the same network, on new instruments:             {accuracy(parrot.forward(x[is_test]), y[is_test]):.1%}")

# %% [markdown] id="lies-training-explained"
# <details><summary>What happened, and why</summary>
#
# There was nothing to understand, so it learnt by heart. Accuracy on the training set says only that the network is large enough. It is not worthless: if even *that* is low, something is broken. But the number to report
# comes from data that had no part in any decision.
#
# </details>

# %% [markdown] id="scorecard-intro"
# ## 7 · The scorecard
#
# Now, once, the ten test instruments. **Predict.** *Will the network beat the templates, which needed no training at all?*

# %% id="scorecard"
from musegen_edu.plots import plot_scorecard

coin = np.random.default_rng(0).random(y.shape)
BEST = "network, in all keys"
answers = {
    "coin": coin, "one neuron": one_neuron.forward(x), "templates (no learning)": templates(chroma),
    "nearest training chord": nearest(x), "network": plain.forward(x), BEST: network.forward(x),
}  # fmt: skip
KNOWN, NEW, MINORS = "known instruments, % right", "new instruments, % right", "new, minor chords, % right"
rows = {name: {KNOWN: 100 * accuracy(p[is_train], y[is_train]), NEW: 100 * accuracy(p[is_test], y[is_test]),
               MINORS: 100 * (p[is_test & (y[:, 0] == MINOR)] <= 0.5).mean()} for name, p in answers.items()}  # fmt: skip
title = f"In all keys, the network gets {rows[BEST][NEW]:.1f} % on instruments that it has never heard"
axes = plot_scorecard(rows, title=title)
for name, row in rows.items():
    print(f"{name:24s} known {row[KNOWN]:5.1f} %   new {row[NEW]:5.1f} %")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - **Coin** and **one neuron** are the floor. A neuron alone is a coin with 13 numbers.
# - **Templates** are a strong opponent: a person's knowledge of chords, written down. Always look for such a baseline before you train.
# - **The nearest chord** is right on *known* instruments for a dull reason: it finds the very chord itself. This is the copy check of this lesson. On new instruments it is strong, too: with 444 chords in memory, some
#   neighbour is usually near. It carries 444 × 12 = 5328 numbers along; the network carries 449.
# - **The network** finds combinations, but in some keys it has heard few examples.
# - **In all keys** the same network gains most: what we knew about music, that a key does not matter, was worth more than more neurons.
#
# </details>

# %% [markdown] id="predict-luck"
# **Was it luck?** 120 chords are not many: one chord more or less is 0.8 %. So let the dice hold back *other* instruments, five times, train afresh each time, and look at the average. **Predict.** *Which of the three will vary most?*

# %% id="scorecard-luck"
results = {"templates": [], "nearest training chord": [], "network, in all keys": []}
for seed in range(5):
    drawn = np.random.default_rng(seed).permutation(len(PROGRAMS))
    is_new, is_known = np.isin(instrument, drawn[:10]), np.isin(instrument, drawn[16:])
    fresh = MLP([12, 32, 1], seed=0)
    train(fresh, *in_all_keys(x[is_known], y[is_known]), epochs=60)
    distances = ((x[is_new][:, None] - x[is_known][None]) ** 2).sum(axis=2)
    answers = (templates(chroma[is_new]), y[is_known][distances.argmin(axis=1)], fresh.forward(x[is_new]))
    for right, p in zip(results.values(), answers):
        right.append(100 * accuracy(p, y[is_new]))
for name, right in results.items():
    print(f"{name:24s} mean {np.mean(right):.1f} %   from {min(right):.1f} to {max(right):.1f} %")

# %% [markdown] id="luck-explained"
# <details><summary>What happened, and why</summary>
#
# Every listener has lucky and unlucky instruments: a difference of a few per cent on a single split says little. On average the network is ahead, if not by much. Report the mean and the range, not the best draw.
#
# </details>

# %% [markdown] id="mistakes-intro"
# ### Hear its mistakes
#
# These are the test chords that one of the two networks got wrong, one after the other. Beside each stand its four strongest pitch classes. *Would you have been right? And can you explain one of the mistakes from its four strongest notes?*

# %% id="mistakes"
mistakes = {}
for name, listener in {"network": plain, "network, in all keys": network}.items():
    p = listener.forward(x)
    for i in np.flatnonzero(is_test & ((p > 0.5) != (labels > 0.5))[:, 0]):
        part, root, kind, inversion, octave = chords[i]
        mistakes[i] = (PROGRAMS[part], octave + int(root), kind, inversion)
        strongest = " ".join(NAMES[k] for k in sorted(np.argsort(chroma[i])[-4:], key=lambda k: (k - root) % 12))
        title = f"{NAMES[root]} {'major' if kind else 'minor'}, {instrument_name(PROGRAMS[part])}"
        print(f"{name:22s}{title:28s} p(major) = {p[i, 0]:.2f}   strongest: {strongest}")
play_chords(list(mistakes.values())[:8] or RIDDLE, "What the networks got wrong")

# %% [markdown] id="mistakes-explained"
# <details><summary>What to listen for</summary>
#
# Look at a *major* chord that was taken for minor. A fourth note is among the strongest that nobody played: the major seventh above the root, B in the case of C–E–G. It is an overtone, the third partial of E. But E–G–B is
# **E minor**! The network heard a minor chord that really is in the sound. The other way round, the fifth partial of a minor chord's root *is* a major third, so that both thirds sound at once.
#
# These are not stupid mistakes; an ear can make them, too. More such instruments in the training set would help, and so would a feature that takes overtones away.
#
# </details>

# %% [markdown] id="exercise-relu"
# ## 8 · Exercises
#
# ### Exercise 1 · Back through a ReLU (fill in, 10 min)
#
# The network of this exercise has ReLU instead of tanh inside: `h = max(0, z)`. Write its gradients. The forward pass is there. Return `dW1, db1, dW2, db2`, for the mean cross-entropy. The check compares every
# slope with finite differences, on the 24 major and minor triads.
#
# *What is the slope of ReLU where $z$ is negative? What does that mean for a neuron that is negative for every chord?*

# %% id="exercise-relu-code"
def relu_gradients(W1, b1, W2, b2, x, y):
    """Slopes of the mean cross-entropy; x is (n, 12), y is (n, 1)."""
    z = x @ W1 + b1
    h = np.maximum(0, z)
    p = sigmoid(h @ W2 + b2)
    # solution: from the end to the beginning: delta at the output, dW2 and db2, delta at the hidden layer, dW1 and db1
    delta = (p - y) / len(x)
    delta_hidden = (delta @ W2.T) * (z > 0)
    return x.T @ delta_hidden, delta_hidden.sum(axis=0), h.T @ delta, delta.sum(axis=0)
    # end solution

# %% id="exercise-relu-check"
from musegen_edu.checks.neural_networks import check_relu_gradients

check_relu_gradients(relu_gradients)

# %% [markdown] id="exercise-relu-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-relu-code}}
#
# Below 0 the slope is 0: such a neuron gets no correction from this chord. One that is negative for *every* chord never changes again; people call it a dead ReLU.
#
# </details>

# %% [markdown] id="exercise-kinds"
# ### Exercise 2 · Two more kinds of chord (modify, 7 min)
#
# Change `triad` into `any_triad(root, kind, inversion)`, which knows four kinds: `"major"` (0, 4, 7 semitones above the root), `"minor"` (0, 3, 7), `"diminished"` (0, 3, 6) and `"augmented"` (0, 4, 8). The pitches go from low to
# high, and each inversion moves the lowest note up an octave.
#
# Then hear what our network, which has never met the two new kinds, makes of them. *What would you expect of a listener that may say only "major" or "minor"?*

# %% id="exercise-kinds-code"
def any_triad(root, kind, inversion=0):
    """Three MIDI pitches from low to high."""
    # solution: start from triad above; only the steps from the root differ from kind to kind
    third, fifth = {"major": (4, 7), "minor": (3, 7), "diminished": (3, 6), "augmented": (4, 8)}[kind]
    pitches = [root, root + third, root + fifth]
    for _ in range(inversion):
        pitches = pitches[1:] + [pitches[0] + 12]
    return pitches
    # end solution

# %% id="exercise-kinds-check"
from musegen_edu.checks.neural_networks import check_chord_kinds

check_chord_kinds(any_triad)

# %% id="exercise-kinds-listen"
strange = [("minor", 0), ("diminished", 0), ("major", 0), ("augmented", 0)]
if check_chord_kinds(any_triad):
    notes = [(72 * i, 60, pitch) for i, chord in enumerate(strange) for pitch in any_triad(60, *chord)]
    four = Score.from_notes(notes, title="Minor, diminished, major, augmented")
    audio = score_to_audio(four, sample_rate=RATE, cache=False).mean(axis=0)
    pieces = [audio[2 * EVERY * i :][: RATE * 6 // 10] for i in range(4)]
    heard_as = network.forward(prepare(np.array([audio_to_chroma(piece, RATE).mean(axis=1) for piece in pieces])))
    for (kind, _), p_major in zip(strange, heard_as[:, 0]):
        print(f"C {kind:10s} p(major) = {p_major:.2f}")

# %% [markdown] id="exercise-kinds-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-kinds-code}}
#
# A network with two answers has no way of saying "neither". It answers anyway, often with great confidence. Before you trust a classifier, ask what it does with things that it was never shown.
#
# </details>

# %% [markdown] id="exercise-listener"
# ### Exercise 3 · A better listener (open, 8 min)
#
# Build your own listener: a function `my_listener(chroma)` that gets raw chroma of shape (n, 12) and returns n probabilities of major. It must get 95 % of the chords of the validation instruments right, know every key, and give each chord the
# same answer alone as in company. Some ways to go: another depth or width; ReLU from exercise 1; averaging three networks with different seeds; more epochs, a smaller learning rate; templates and network together.
#
# Then write one sentence: what did you change, and what did it do?

# %% id="exercise-listener-code"
# solution: three networks that vote
# stub: my_listener = ...
# stub: my_sentence = "..."
team = [MLP([12, 32, 1], seed=seed) for seed in (1, 2, 3)]
for member in team:
    train(member, *in_all_keys(x[is_train], y[is_train]), epochs=40)

def my_listener(chroma):
    return np.mean([member.forward(prepare(chroma)) for member in team], axis=0)

my_sentence = "Three networks with different seeds vote, so that their accidental mistakes cancel out."
# end solution

# %% id="exercise-listener-check"
from musegen_edu.checks.neural_networks import check_listener

check_listener(my_listener, my_sentence, chroma[is_valid], y[is_valid])

# %% [markdown] id="exercise-listener-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-listener-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: most write `* h` or forget `(z > 0)`; the check names both. Let them answer the question about the dead neuron aloud. Exercise 2: the inversion of
# the augmented triad is a nice discussion: it sounds the same in every position, so it has no audible root. Exercise 3 uses the *validation* instruments on purpose; whoever tunes on the test set has just made the third mistake of section 6.

# %% [markdown] id="quiz-intro"
# ## 9 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.neural_networks import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You computed a neuron by hand, saw where sigmoid, tanh and ReLU go flat, and why cross-entropy pushes harder than the squared error.
# 2. You wrote a network and its back-propagation in NumPy; finite differences and Keras agree with every slope.
# 3. You trained it on real sound and judged it on instruments that it had never heard, against a coin, a neuron, templates and learning by heart.
# 4. You saw the test set's own maximum, labels that are all 1 and accuracy on the training set fool everybody, and repaired each.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | the loss becomes `nan` | the learning rate is too large, or a logarithm of 0 | a tenth of the rate; clip p as `cross_entropy` does |
# | the loss stays at 0.693 | the answer stays at 0.5: weights all 0, inputs not prepared, or a single neuron on this task | random weights; look at `x.mean()` and `x.std()` |
# | the loss falls, but slowly | a slip in the gradient | finite differences, from the last layer backwards |
# | every hidden neuron does the same | they all began with the same weights | random weights, not zeros or ones |
# | 100 % at once | all labels equal, or the test set is in the training set | count the labels; split by instrument |
# | good here, bad on another computer's recordings | prepared with numbers of the wrong set | keep the training set's mean and deviation |
# | shapes do not fit: (n,) and (n, 1) | `p - y` silently becomes (n, n) | keep labels as a column, (n, 1) |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. W. S. McCulloch and W. Pitts, "A logical calculus of the ideas immanent in nervous activity", *Bulletin of Mathematical Biophysics* 5, 1943, 115–133, [doi:10.1007/BF02478259](https://doi.org/10.1007/BF02478259).
# 2. F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain", *Psychological Review* 65(6), 1958, 386–408, [doi:10.1037/h0042519](https://doi.org/10.1037/h0042519).
# 3. M. Minsky and S. Papert, *Perceptrons: An Introduction to Computational Geometry*, MIT Press, 1969.
# 4. D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by back-propagating errors", *Nature* 323, 1986, 533–536, [doi:10.1038/323533a0](https://doi.org/10.1038/323533a0).
# 5. X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010, 249–256, [proceedings.mlr.press/v9/glorot10a](https://proceedings.mlr.press/v9/glorot10a.html).
# 6. T. Fujishima, "Realtime chord recognition of musical sound: a system using Common Lisp Music", ICMC 1999, 464–467.
# 7. C. Zhang, S. Bengio, M. Hardt, B. Recht and O. Vinyals, "Understanding deep learning requires rethinking generalization", ICLR 2017, [arXiv:1611.03530](https://arxiv.org/abs/1611.03530): large networks learn shuffled labels by heart, as ours did.
# 8. M. Nielsen, *Neural Networks and Deep Learning*, 2015, [neuralnetworksanddeeplearning.com](http://neuralnetworksanddeeplearning.com): a whole free book on what this lesson does.

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.Score` (`from_notes`) · `musegen_edu.stack` · `musegen_edu.score_to_audio` · `musegen_edu.audio_to_chroma` · `musegen_edu.Profile` ·
# `musegen_edu.widgets.network_playground.NetworkPlayground` · `musegen_edu.plots.networks` (`plot_network_families`) · `musegen_edu.plots` (`plot_scorecard`) · `musegen_edu.keys` (`pitch_to_name`). In a cell, write a name with a question
# mark, such as `audio_to_chroma?`, and run it: the description appears, with its source.
