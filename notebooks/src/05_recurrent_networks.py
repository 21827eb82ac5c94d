# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "05"
#     title: Recurrent networks
#     prerequisites: ["03_neural_networks_from_scratch", "04_deep_learning_with_keras"]
#     minutes: {read: 30, run: 5, exercise: 25}
#     cpu_seconds: 90
# ---

# %% [markdown] id="title"
# # 05 · Recurrent networks
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [03 Neural networks from scratch](03_neural_networks_from_scratch.ipynb) and [04 Deep learning with Keras](04_deep_learning_with_keras.ipynb).*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Compute a recurrent network by hand, note by note, and say what its hidden state is.
# 2. Write back-propagation through time in NumPy, prove it right, and show why such a network forgets.
# 3. Train a recurrent network on real tunes and judge it in nats against chance and Markov chains.
# 4. Draw notes from it with temperature, top-k and top-p, and let it go on from a melody of your own.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for one double lesson (90 min).** Listening 5 min · the echo, on the blackboard with a pocket calculator 10 min · *Frère Jacques* 10 min · back-propagation through time 15 min ·
# why it forgets 15 min · tokens and training 15 min · sampling, with the playground on the projector 15 min · quiz 5 min. Exercises are homework.
# In a single lesson (45 min): listening, echo, *Frère Jacques*, then straight to the playground in its guessing mode: the class votes for the next note before it is shown. Leave back-propagation
# out and say "each correction has to travel back through every note between". The figure with the four lines in section 3 is the one to remember.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Three tunes of eight bars. One was printed in the 19th century. One comes from a Markov chain that remembers three symbols (lesson 01). One comes from the network that you will build in this
# lesson: it has read 2,638 tunes, and remembers... as much as it can.
#
# **Write down your guess**: which is which? Listen for a figure that *comes back*.

# %% id="listen-prepare"
import matplotlib.pyplot as plt
import numpy as np

from musegen_edu import MarkovModel, Score, compose, load_dataset, load_pretrained
from musegen_edu.plots.style import INK, LINES, PALETTE, add_legend, dress

folk = load_dataset("folk")
trained = load_pretrained("melody_rnn")
codec = trained.codec  # how a tune is written as tokens; more of this in section 4
train, valid, test = ([codec.encode(tune) for tune in tunes] for tunes in (folk.train, folk.valid, folk.test))
chain = MarkovModel(order=3, n_tokens=len(codec.vocabulary)).fit(train)

# %% id="listen-one"
compose(trained, bars=8, seed=4, key="D major", title="Number 1")

# %% id="listen-two"
in_d = [tune for tune in folk.test if tune.meter == (4, 4) and tune.key == "D major" and tune.n_bars >= 8]
in_d[3].slice_bars(1, 8).replace(title="Number 2", programs=(40,), bpm=160)

# %% id="listen-three"
compose(chain, codec=codec, bars=8, seed=4, key="D major", title="Number 3")

# %% [markdown] id="listen-explained"
# <details><summary>The answers</summary>
#
# Number 1 is the network, number 2 is real, number 3 is the Markov chain. Whoever got all three right probably listened for *repetition*: people say a thing, and say it again a little differently. A chain of order 3
# cannot repeat on purpose, because it has no idea what it played a bar ago. The network could, for nothing in it is limited to three symbols. How much of this it really does is the question of section 3.
#
# </details>

# %% [markdown] id="echo-intro"
# ## 1 · A network with an echo
#
# **The picture.** The networks of lesson 03 get all their inputs at once and forget them at once. A melody comes note by note. So give the layer a memory: what it answered at the last note comes back as
# an extra input at this note.
#
# ```
#          y₁          y₂          y₃               what may come next
#          ▲           ▲           ▲
#   h₀ ──► h₁ ───────► h₂ ───────► h₃ ───────► …    the hidden state: the memory
#          ▲           ▲           ▲
#          x₁          x₂          x₃               the notes
# ```
#
# The arrows from left to right all carry **the same weights**. That is why the network can read a tune of any length.
#
# **The symbols.** $t$ counts the notes. $x_t$ is the input at note $t$, $h_t$ the **hidden state** after it, $y_t$ the output (the **logits**: the larger, the likelier). $W_x$, $W_h$ and $W_y$ are tables of
# weights; $b_h$ and $b_y$ are biases:
#
# $$h_t = \tanh(W_h h_{t-1} + W_x x_t + b_h) \qquad\qquad y_t = W_y h_t + b_y \qquad\qquad h_0 = 0$$
#
# This is Elman's simple recurrent network of 1990 [1]; Todd composed melodies with a relative of it in 1989 [2].
#
# **By hand.** One hidden neuron, $W_x = 1$, $W_h = 0.9$, $b_h = 0$. The input is 1 when a drum is struck, else 0. At the stroke, $h = \tanh(1) = 0.76$. At the next step nothing is struck, but $h = \tanh(0.9 \cdot 0.76) = 0.59$.
#
# **Predict.** *How does it go on? What would $W_h = 0.5$ do? And $W_h = 3$?*

# %% id="echo"
stroke = np.zeros(24)
stroke[2] = 1.0

ax = plt.subplots(figsize=(8, 2.8), dpi=110, layout="constrained")[1]
for i, W_h in enumerate((0.5, 0.9, 1.5, -0.9)):
    h, echo = 0.0, []
    for x in stroke:
        h = np.tanh(W_h * h + 1.0 * x)
        echo.append(h)
    ax.plot(echo, LINES[i % len(LINES)], color=PALETTE[i], linewidth=2, label=f"$W_h$ = {W_h}")
add_legend(ax, loc="upper right")
ax = dress(ax, title="One weight decides how long a stroke is remembered", x="step t", y="hidden state h")

# %% [markdown] id="echo-explained"
# <details><summary>What happened, and why</summary>
#
# With 0.5 the echo is gone after four or five steps, with 0.9 after about twenty. With 1.5 it never ends: $\tanh$ keeps it from growing beyond 1, but it stays up and can no longer tell *when* the stroke was. A negative weight swings. So a single weight
# decides between forgetting, remembering, and being stuck. A real network has thousands of such weights, which mix; remember this picture for section 3.
#
# </details>

# %% [markdown] id="network-intro"
# ### The whole network
#
# Now with many inputs and many hidden neurons. A whole batch of melodies can be read side by side, so the arrays have the shape (time, batch, numbers). We write a batch as *rows*, so that $W_x x_t$ becomes `x_t @ W_x`, as in lesson 03.
#
# The first $W_h$ is a **rotation** (what `np.linalg.qr` gives for random numbers) times `gain`: with a gain of 1 it turns the hidden state without making it longer or shorter. Section 3 shows why that matters.

# %% id="network-class"
class RNN:
    """Recurrent neurons, and a layer that reads their state."""

    def __init__(self, n_in, n_hidden, n_out, gain=1.0, seed=0):
        rng = np.random.default_rng(seed)
        self.W_x = rng.normal(size=(n_in, n_hidden)) / np.sqrt(n_in)
        self.W_h = gain * np.linalg.qr(rng.normal(size=(n_hidden, n_hidden)))[0]
        self.b_h = np.zeros(n_hidden)
        self.W_y = rng.normal(size=(n_hidden, n_out)) / np.sqrt(n_hidden)
        self.b_y = np.zeros(n_out)

# %% id="network-forward"
def forward(net, x):
    """Logits (time, batch, n_out) for inputs (time, batch, n_in); the hidden states are kept in net.h."""
    net.x, net.h = x, [np.zeros((x.shape[1], len(net.b_h)))]
    for x_t in x:
        net.h.append(np.tanh(x_t @ net.W_x + net.h[-1] @ net.W_h + net.b_h))
    return np.array(net.h[1:]) @ net.W_y + net.b_y

# %% [markdown] id="keras-intro"
# **Keras agrees.** `SimpleRNN` is this layer. Its batches come first, (batch, time, numbers), so two axes change places.

# %% id="keras-agrees"
from musegen_edu.quiet_keras import keras

ours = RNN(n_in=7, n_hidden=16, n_out=7, seed=1)
layers = [keras.layers.SimpleRNN(16, return_sequences=True), keras.layers.Dense(7)]
theirs = keras.Sequential([keras.Input((None, 7)), *layers])
theirs.set_weights([ours.W_x, ours.W_h, ours.b_h, ours.W_y, ours.b_y])

x = np.random.default_rng(0).normal(size=(40, 3, 7))  # 40 notes, 3 melodies, 7 numbers a note
gap = np.abs(forward(ours, x).swapaxes(0, 1) - theirs.predict(x.swapaxes(0, 1), verbose=0)).max()
print("Keras and our NumPy agree to within 0.00001:", bool(gap < 1e-5))
print("weights:", theirs.count_params(), "whether the tune has 40 notes or 4,000")

# %% [markdown] id="predict-order"
# **Predict.** Here are two melodies with the same seven notes in another order. A bag that only counts notes (lesson 04's histograms) cannot tell them apart. *Can the hidden state? And will the state after the last note be the same if only the
# first two notes change places?*

# %% id="order"
from musegen_edu import letters_to_score

def notes_to_inputs(pitches, names):
    """One-hot rows, (time, 1, len(names)): a 1 at the place of the note, else 0."""
    return np.eye(len(names))[[names.index(pitch) for pitch in pitches]][:, None]

def last_state(letters):
    pitches = letters_to_score(letters).notes["pitch"].tolist()
    forward(ours, notes_to_inputs(pitches, [60, 62, 64, 65, 67, 69, 71]))
    return ours.h[-1][0]

scale = last_state("C D E F G A4 B4")
print(f"backwards:            the states differ by {np.linalg.norm(scale - last_state('B4 A4 G4 F4 E4 D4 C4')):.2f}")
print(f"first two exchanged:  the states differ by {np.linalg.norm(scale - last_state('D4 C4 E4 F4 G4 A4 B4')):.2f}")

# %% [markdown] id="order-explained"
# <details><summary>What happened, and why</summary>
#
# The state depends on the order, so it can tell the two melodies apart. A change five notes ago still shows, but less than a change now: on the way it went through `tanh` and the weights five times. The hidden state is a *summary of everything so far, in sixteen
# numbers*, in which the recent weighs more.
#
# </details>

# %% [markdown] id="bptt-intro"
# ## 2 · Learning through time
#
# What should the network learn? To **say the next note**. At every note $t$ it gives logits $y_t$; **softmax** makes probabilities of them, and the loss is the surprise at the note that really came, the mean over all notes, in nats:
#
# $$p_{t,k} = \frac{e^{y_{t,k}}}{\sum_j e^{y_{t,j}}} \qquad\qquad \text{loss} = -\frac1T \sum_{t=1}^{T} \ln p_{t,\,n_t}$$
#
# $k$ and $j$ run over all notes that there are, $n_t$ is the number of the note that came after note $t$, and $T$ is how many notes were asked for. As in lesson 03, the slope at the logits is simple: probability minus truth.

# %% id="surprise"
def softmax(y):
    e = np.exp(y - y.max(axis=-1, keepdims=True))  # taking off the largest changes nothing and avoids overflow
    return e / e.sum(axis=-1, keepdims=True)

def surprise(y, target):
    """Mean surprise in nats, and its slopes at the logits. Where the target is -1 nothing is asked."""
    asked = target >= 0
    p, truth = softmax(y[asked]), np.eye(y.shape[-1])[target[asked]]  # (n_asked, n_out) each
    slopes = np.zeros_like(y)
    slopes[asked] = (p - truth) / len(p)
    return -np.log((p * truth).sum(axis=-1)).mean(), slopes

# %% [markdown] id="bptt-symbols"
# **The picture.** Unroll the network: a tune of 40 notes is a deep network of 40 layers *that share their weights*. So back-propagation works as ever, from the last note back to the first. It is called **back-propagation through time** (BPTT) [3]. Write $\delta_t$ for the slope of the loss with
# respect to what goes into the $\tanh$ at note $t$, $\dot y_t$ for the slope at the logits, $\odot$ for multiplying number by number:
#
# $$\delta_t = \big( W_y^{\mathsf T} \dot y_t + W_h^{\mathsf T} \delta_{t+1} \big) \odot (1 - h_t^2) \qquad \frac{\partial\,\text{loss}}{\partial W_x} = \sum_t \delta_t x_t^{\mathsf T} \qquad \frac{\partial\,\text{loss}}{\partial W_h} = \sum_t \delta_t h_{t-1}^{\mathsf T} \qquad \frac{\partial\,\text{loss}}{\partial b_h} = \sum_t \delta_t$$
#
# In words: a hidden state is to blame for two things, for what it said *now* ($\dot y_t$) and for what it handed on to *later* ($\delta_{t+1}$). Weights that were used at every note collect blame from every note; that is the sum.

# %% id="bptt"
def bptt(net, slopes):
    """Slopes of the loss for every weight of the network, from the slopes at its logits."""
    h = np.array(net.h)  # (time + 1, batch, n_hidden)
    found = {"W_y": np.einsum("tbh,tbo->ho", h[1:], slopes), "b_y": slopes.sum(axis=(0, 1))}
    found |= {name: np.zeros_like(getattr(net, name)) for name in ("W_x", "W_h", "b_h")}
    later = 0.0  # what comes back from the notes after this one
    for t in reversed(range(len(slopes))):
        delta = (slopes[t] @ net.W_y.T + later) * (1 - h[t + 1] ** 2)
        found["W_x"] += net.x[t].T @ delta
        found["W_h"] += h[t].T @ delta
        found["b_h"] += delta.sum(axis=0)
        later = delta @ net.W_h.T
    return found

# %% [markdown] id="predict-bptt"
# **Is it right?** As in lesson 03: move one weight a little up and down, and compare. **Predict.** *Suppose you forget `later`, so that each note is corrected only for what it said itself. Which slopes will still be right?*

# %% id="bptt-check"
def worst_disagreement(net, x, target, epsilon=1e-5):
    """The largest difference between BPTT and finite differences, for each table of weights."""
    found, worst = bptt(net, surprise(forward(net, x), target)[1]), {}
    for name, slopes in found.items():
        weights, measured = getattr(net, name), np.zeros_like(slopes)
        for index in np.ndindex(weights.shape):
            for sign in (1, -1):
                weights[index] += sign * epsilon
                measured[index] += sign * surprise(forward(net, x), target)[0] / (2 * epsilon)
                weights[index] -= sign * epsilon
        worst[name] = np.abs(measured - slopes).max()
    return worst

target = np.random.default_rng(2).integers(0, 7, x.shape[:2])
for name, gap in worst_disagreement(RNN(7, 8, 7, seed=3), x, target).items():
    print(f"{name}: agrees to within 0.000001: {bool(gap < 1e-6)}")

# %% [markdown] id="bptt-explained"
# <details><summary>What happened, and why</summary>
#
# All five agree. Without `later`, $W_y$ and $b_y$ would still be right, for nothing comes back to them from later notes; $W_x$, $W_h$ and $b_h$ would be wrong, and the network could never learn that a note matters *four notes on*. The loss would still fall a little. Only the comparison shows it.
#
# </details>

# %% [markdown] id="jacques-intro"
# ### *Frère Jacques*, by heart
#
# Let it learn one tune. After a C, this tune goes on with C, D, E or the low G: who knows only the last note must guess. **Predict.** *Someone who knows the last note, and the exact shares of what follows it, still has a mean surprise of about 1 nat. What can the network reach?*

# %% id="jacques-train"
JACQUES = letters_to_score("C D E C | C D E C | E F G:2 | E F G:2 | G:1/2 A:1/2 G:1/2 F:1/2 E C |"
                           "G4:1/2 A4:1/2 G4:1/2 F4:1/2 E C | C G3 C4:2 | C G3 C4:2", key="C major", title="Frère Jacques")  # fmt: skip

def train_step(net, x, target, learning_rate, limit=np.inf):
    """One step downhill; returns the loss and the length of the gradient. `limit` is explained in section 3."""
    loss, slopes = surprise(forward(net, x), target)
    found = bptt(net, slopes)
    length = np.sqrt(sum((slope**2).sum() for slope in found.values()))
    for name, slope in found.items():
        weights = getattr(net, name)
        weights -= learning_rate * min(1.0, limit / length) * slope
    return loss, length

# %% id="jacques-run"
pitches = JACQUES.notes["pitch"].tolist()
NAMES = sorted(set(pitches))
inputs = notes_to_inputs(pitches, NAMES)
target = np.array([NAMES.index(pitch) for pitch in pitches[1:]])[:, None]  # the next note, (time, 1)

network = RNN(len(NAMES), 24, len(NAMES), seed=0)
for step in range(601):
    loss, _ = train_step(network, inputs[:-1], target, learning_rate=0.3, limit=1.0)
    if step % 100 == 0:
        print(f"step {step:3d}: {loss:.3f} nats a note")

# %% [markdown] id="jacques-explained"
# <details><summary>What happened, and why</summary>
#
# The surprise falls almost to 0, far below 1: the hidden state knows *where in the tune* it is. At the first C it says D, at the fourth C, C. Nobody told it to count; it was the only way to be less surprised.
#
# Now let it *play*: give it the first note, take the likeliest next one, give it that, and so on. This is how every network of this lesson makes music: **its own output becomes its next input**.
#
# </details>

# %% id="jacques-play"
h, note, played = np.zeros((1, 24)), NAMES.index(60), [60]
while len(played) < len(pitches):
    x_t = np.eye(len(NAMES))[[note]]
    h = np.tanh(x_t @ network.W_x + h @ network.W_h + network.b_h)
    note = int((h @ network.W_y + network.b_y).argmax())
    played.append(NAMES[note])

print("note for note as in the tune:", played == pitches)
rhythm = JACQUES.notes["duration"].tolist()
Score.from_melody(played, rhythm, key="C major", title="Played by 24 neurons")

# %% [markdown] id="jacques-warning"
# A perfect performance, and **not one new note**. It has learnt by heart, as lesson 03's parrot did. A network that shall invent must read so many tunes that it *cannot* remember them all. Before we give it a corpus, there is a problem to look in the eye.

# %% [markdown] id="forgetting-intro"
# ## 3 · Why it forgets
#
# A correction for something $k$ notes ago has to travel back through $k$ steps. At each step it is multiplied by $W_h^{\mathsf T}$ and by the slopes of $\tanh$, which are at most 1:
#
# $$\delta_{t-k} \;\approx\; \underbrace{(1 - h_{t-k}^2) \odot W_h^{\mathsf T} \; \cdots \; (1 - h_{t-1}^2) \odot W_h^{\mathsf T}}_{k\ \text{times}} \; \delta_t$$
#
# If each step shortens it to 0.8 of its length, ten steps leave $0.8^{10} = 0.11$, and fifty leave 0.00001. If each step makes it 1.3 times longer, fifty steps make it 500,000 times longer. The first is called the **vanishing gradient**, the second the **exploding gradient**. Hochreiter described it in 1991 [4],
# Bengio, Simard and Frasconi in 1994 [5].
#
# **Predict.** *Four networks of 64 neurons, differing in the gain of $W_h$: 0.5, 0.9, 1.0, 1.5. Which of them can hand a correction back over fifty notes?*

# %% id="forgetting-norms"
def correction_lengths(net, x):
    """How long a correction of length 1 at the last note still is 0, 1, 2, ... notes earlier."""
    forward(net, x)
    delta = np.random.default_rng(0).normal(size=(1, len(net.b_h)))
    delta, lengths = delta / np.linalg.norm(delta), []
    for h in reversed(net.h[1:]):
        lengths.append(np.linalg.norm(delta))
        delta = (delta * (1 - h**2)) @ net.W_h.T
    return np.array(lengths)

soft = 0.3 * np.random.default_rng(0).normal(size=(101, 1, 8))  # a hundred soft random notes
lengths = {gain: correction_lengths(RNN(8, 64, 8, gain, seed=1), soft) for gain in (0.5, 0.9, 1.0, 1.5)}

# %% id="forgetting-figure"
ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")[1]
for i, (gain, values) in enumerate(lengths.items()):
    ax.semilogy(values, LINES[i % len(LINES)], color=PALETTE[i], linewidth=2, label=f"gain {gain}")
ax.set_ylim(1e-12, 1e3)
ax.set_xlim(0, 130)  # room for the legend
add_legend(ax, loc="center right")
title = f"After 50 notes, a gain of 0.9 leaves one part in {1 / lengths[0.9][50]:,.0f} of a correction"
ax = dress(ax, title=title, x="distance (notes)", y="length of the correction")

# %% [markdown] id="forgetting-explained"
# <details><summary>What happened, and why</summary>
#
# On this scale a straight line is a constant factor a step. Even the gain of 1, which keeps lengths exactly, loses: the slopes of $\tanh$ are below 1 wherever the state is not 0. With 1.5 the two effects are at war, and corrections wander up and down, wherever the notes happen to push them. There is no gain
# that is right for all music. *Something else than a weight should decide how long to remember.* That is lesson 06.
#
# </details>

# %% [markdown] id="memory-intro"
# ### A memory test
#
# Does it matter? Let us test it. The first symbol names one of four keys. Then come $g$ notes drawn by dice, which say nothing about it. Then a question mark: *which key was it?* Who guesses has a surprise of $\ln 4 = 1.39$ nats.
#
# **Predict.** *400 steps of training, 32 neurons. Up to which gap $g$ will the network learn it?*

# %% id="memory-task"
def memory_batch(gap, rng, n=32):
    """Inputs (gap + 2, n, 9): one of four keys, `gap` notes, a question mark; targets only at the end."""
    key = rng.integers(0, 4, n)
    symbols = rng.integers(4, 8, (gap + 2, n))  # four notes, drawn by dice
    symbols[0], symbols[-1] = key, 8  # 8 is the question mark
    target = np.full(symbols.shape, -1)
    target[-1] = key
    return np.eye(9)[symbols], target

def memory_run(gap, gain, seed, limit=1.0, steps=400):
    net, rng = RNN(9, 32, 4, gain, seed), np.random.default_rng(seed + 100)
    return np.array([train_step(net, *memory_batch(gap, rng), 0.3, limit) for _ in range(steps)])

# %% id="memory-run"
GAPS = (2, 5, 10, 20, 40)
ax = plt.subplots(figsize=(8, 3), dpi=110, layout="constrained")[1]
middle = {}
for i, gain in enumerate((0.7, 1.0)):
    left = np.array([[memory_run(gap, gain, seed)[-30:, 0].mean() for gap in GAPS] for seed in range(3)])
    middle[gain] = np.median(left, axis=0)
    ax.plot(GAPS, middle[gain], LINES[i], color=PALETTE[i], linewidth=2, label=f"gain {gain} (middle of three)")
ax.axhline(np.log(4), color=INK, linewidth=0.8, label="guessing")
ax.set_xscale("log")
ax.set_xticks(GAPS, GAPS)
ax.minorticks_off()
add_legend(ax, loc="center left")
reach = {gain: max(gap for gap, value in zip(GAPS, values) if value < 0.1) for gain, values in middle.items()}
title = f"With a gain of 1 it remembers over {reach[1.0]} notes, with 0.7 over {reach[0.7]}"
ax = dress(ax, title=title, x="gap (notes)", y="surprise left (nats)")

# %% [markdown] id="memory-explained"
# <details><summary>What happened, and why</summary>
#
# With a gain of 0.7 a correction has faded to nothing after some twenty notes: the network hears that it was wrong, but not why. With a gain of 1 it gets about twice as far, and then it fails as well. Not for lack of neurons: two of its 32 would be enough to store one of four keys.
#
# Sixteen bars of a reel are about 130 notes. A network of this kind will know the last bar or two, and little more.
#
# </details>

# %% [markdown] id="clipping-intro"
# ### When it explodes: clip
#
# The other danger is easier to cure. Now and then a gradient is enormous, and one step throws the weights away. So measure its length over *all* weights, and where it is more than a limit, shorten it to the limit. The direction stays. This is **gradient clipping** [6], the `limit` of `train_step`; in Keras it is `clipnorm` (one table of weights at a time) or `global_clipnorm` (all
# together, as here).
#
# **Predict.** *The same memory test with a gap of 10, the same seed, with and without clipping. What will the curves look like?*

# %% id="clipping"
runs = {"not clipped": memory_run(10, 1.0, seed=1, limit=np.inf), "clipped": memory_run(10, 1.0, seed=1)}
figure, axes = plt.subplots(1, 2, figsize=(10, 3), dpi=110, layout="constrained")
for i, (name, run) in enumerate(runs.items()):
    for ax, column in zip(axes, run.T):
        ax.plot(column, LINES[i], color=PALETTE[i], linewidth=1.5, label=name)
axes[1].set_yscale("log")
wild = runs["not clipped"]
dress(axes[0], title=f"Unclipped, it ends at {wild[-30:, 0].mean():.2f} nats", x="step", y="surprise (nats)")
dress(axes[1], title=f"Its longest gradient: {wild[:, 1].max():.0f}", x="step", y="length of the gradient")
add_legend(axes[1], loc="center right")

# %% [markdown] id="clipping-explained"
# <details><summary>What happened, and why</summary>
#
# Both begin alike. Learning to remember means making $W_h$ larger in some directions, and that very thing makes gradients explode. Without clipping one step lands far away, and the network never finds back; with clipping it has a bad moment and goes on. Clipping costs nothing, so all recurrent networks of this course are
# trained with it.
#
# It cures exploding only. A gradient that has *vanished* cannot be made longer: its direction is lost in the other corrections.
#
# </details>

# %% [markdown] id="language-intro"
# ## 4 · A language model of tunes
#
# Now the corpus: 2,638 dance tunes and airs. A tune is written as a line of **tokens**, one a note, its pitch and its length in ticks (24 to the quarter note) in one; lesson 02 showed how. Every tune is written as if its home note were C (60). The bar lines count *down*, so that
# the network can know how far off the end is.

# %% id="language-tokens"
tune = folk.train[7]
words = codec.vocabulary.words(train[7])
print(" ".join(words[:30]), "...", " ".join(words[-4:]))
print(f"{len(codec.vocabulary)} different tokens; {sum(len(line) for line in train):,} tokens to learn from")
tune.slice_bars(1, 4)

# %% [markdown] id="language-network"
# The network is four lines of Keras. An **embedding** replaces the one-hot rows: token number $k$ gets row $k$ of a table of 64 learnt numbers, which is the same as a one-hot row times $W_x$, only faster. `MelodyRNN` of the course is this very network, with a
# way to save it, and with a method `step` that reads one token at a time.

# %% id="language-network-keras"
from musegen_edu.models.recurrent import MelodyRNN

n_tokens = len(codec.vocabulary)
in_the_open = keras.Sequential([
    keras.Input((None,), dtype="int32"),  # (batch, time)
    keras.layers.Embedding(n_tokens, 64),  # (batch, time, 64)
    keras.layers.SimpleRNN(256, return_sequences=True),  # (batch, time, 256)
    keras.layers.Dense(n_tokens),  # (batch, time, n_tokens): logits of the next token
])
packed = MelodyRNN(n_tokens, embedding=64, units=256, depth=1)
same = [w.shape for w in in_the_open.weights] == [w.shape for w in packed.weights]
print(f"{in_the_open.count_params():,} weights; the same shapes in MelodyRNN: {same}")

# %% [markdown] id="predict-training"
# **Predict.** Guessing among all tokens costs $\ln 708 = 6.56$ nats a token. The Markov chain of order 2 needs 2.43, of order 3 2.37 (lesson 01: orders 4 and 5 are worse again, because they have seen too little). *Where will a small network be after three passes over the tunes? And a larger one after twenty-eight?*
#
# The monitor shows the loss while it trains; after each epoch you can hear four bars. *Pause it in the middle, listen, go on.*

# %% id="train-quick"
from musegen_edu import Profile, fit
from musegen_edu.widgets.training_monitor import TrainingMonitor

def four_bars(model, epoch):
    return compose(model, codec=codec, bars=4, seed=1, key="D major", candidates=1, title=f"After epoch {epoch}")

quick = Profile.named("quick")
learner = MelodyRNN(n_tokens, embedding=quick.embedding, units=quick.units, depth=quick.depth, seed=0)
monitor = TrainingMonitor(title="A small RNN reads 2,638 tunes", sample=four_bars)
reports = fit(learner, train, valid, profile=quick, seed=0, verbose=0, monitor=monitor)

# %% [markdown] id="train-full-intro"
# With a GPU, or with patience (some twenty minutes on a laptop), the full profile. It writes its weights into your own folder; the ones that came with the course stay.

# %% id="train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

card_path = train_by_recipe("melody_rnn", profile="full", seed=0, verbose=2)
print(card_path)

# %% [markdown] id="judge-intro"
# The trained network of the course, `melody_rnn`, is the full profile's. Now compare all of them on the **test tunes**, which nobody has looked at. All numbers are mean surprises in nats a token; $e$ to that power, the **perplexity**, says between how many equally likely tokens the model hesitates.

# %% id="judge"
from musegen_edu.batching import nats_per_token
from musegen_edu.recipes import markov_nats

nats = {"guessing": np.log(n_tokens)}
nats |= {f"Markov, order {order}": value for order, value in markov_nats(codec, train, test).items() if order <= 3}
nats |= {"RNN, quick": nats_per_token(learner, test), "RNN, trained": nats_per_token(trained, test)}
for name, value in nats.items():
    print(f"{name:16s} {value:5.2f} nats a token   perplexity {np.exp(value):6.1f}")

# %% [markdown] id="judge-explained"
# <details><summary>What happened, and why</summary>
#
# Three passes are **not enough**: the small network is still behind the chains of order 2 and 3, which only had to count. A network must *find out* what a table simply writes down, and that takes time. But where the table stops, the network goes on: after 28 passes it is far ahead.
#
# Why? The chain treats `67:12` and `67:24` as strangers, and must have met a run of three tokens *exactly* to know how it goes on. The network's embedding puts similar tokens near one another, and its hidden state blends what it has read; so it can be sensible about runs that it has never met.
#
# </details>

# %% [markdown] id="hearing-intro"
# ### How far back does it hear?
#
# Section 3 had networks with random weights. Now measure the *trained* one: the same `correction_lengths`, on twenty test tunes. **Predict.** *Has training lengthened its memory?*

# %% id="hearing"
def numpy_twin(model):
    """Our RNN with the weights of a trained MelodyRNN, and its table of embeddings."""
    table, W_x, W_h, b_h, W_y, b_y = model.get_weights()
    net = RNN(W_x.shape[0], W_x.shape[1], W_y.shape[1])
    net.W_x, net.W_h, net.b_h, net.W_y, net.b_y = W_x, W_h, b_h, W_y, b_y
    return net, table

twin, table = numpy_twin(trained)
heard = [correction_lengths(twin, table[line[:101]][:, None])[:80] for line in test if len(line) > 101][:20]
ax = plt.subplots(figsize=(8, 2.8), dpi=110, layout="constrained")[1]
ax.semilogy(np.transpose(heard), color=PALETTE[4], linewidth=0.6, alpha=0.7)
typical = np.exp(np.mean(np.log(heard), axis=0))
ax.semilogy(typical, color=PALETTE[0], linewidth=2.5)
title = f"Of a correction one part in {1 / typical[20]:,.0f} is left after 20 tokens"
ax = dress(ax, title=title, x="distance (tokens)", y="length of the correction")

# %% [markdown] id="hearing-explained"
# <details><summary>What happened, and why</summary>
#
# Each thin line is a tune, the thick one their typical course. Training has *not* lengthened the memory: the line falls as steadily as in section 3. A bar of a reel is about nine tokens with its bar line, so the network hears this bar and the one before it, and then ever more faintly. That already beats a chain that sees three tokens. The *countdown* in the bar lines reminds it how far off the
# end is; nothing reminds it of a phrase eight bars ago.
#
# </details>

# %% [markdown] id="sampling-intro"
# ## 5 · From numbers to notes
#
# The network never says a note. It says **708 numbers**, and somebody has to choose. First look at them. A start of four notes, and what the network thinks may come next:

# %% id="sampling-look"
letters = "G4:1/2 A4:1/2 B4:1/2 G4:1/2 D5:1/2 B4:1/2"
start = letters_to_score(letters, key="G major", bpm=160, programs=(40,), title="A start")
prompt = np.concatenate([codec.header((4, 4), "major", 8), codec.encode(start)[4:-1]])
print("the network reads:", " ".join(codec.vocabulary.words(prompt)))

logits = np.array(trained(prompt[None]))[0, -1]  # (n_tokens,)
p = softmax(logits)
for k in np.argsort(-p)[:8]:
    print(f"{codec.vocabulary.symbols[k]:>8s}  {p[k]:6.1%}  " + "█" * round(80 * p[k]))

# %% [markdown] id="sampling-symbols"
# (In its tokens the tonic is 60, so 67 is the D above G, and 12 ticks are an eighth.)
#
# **Temperature.** Divide all logits by a number $\tau$ (tau) before the softmax:
#
# $$p_k = \frac{e^{y_k / \tau}}{\sum_j e^{y_j / \tau}}$$
#
# $\tau = 1$ leaves the network's own opinion. Below 1 the likely becomes likelier, and near 0 only the likeliest is left. Above 1 all become more alike.
#
# **Top-k** keeps the $k$ likeliest tokens and forgets the others. **Top-p** (nucleus sampling, Holtzman and others, 2020 [7]) keeps the likeliest tokens until their probabilities reach $p$ together: few where the network is sure, many where it is not. What is kept is scaled up so that it adds up to 1.
#
# **Predict.** *What becomes of the first three bars at $\tau = 0.5$, and at $\tau = 2$?*

# %% id="sampling-filters"
def choose(y, temperature=1.0, top_k=None, top_p=None):
    """Probabilities after the three filters, in this order."""
    p = softmax(y / temperature)
    order = np.argsort(-p, kind="stable")  # from the likeliest on
    if top_k is not None:
        p[order[top_k:]] = 0
    if top_p is not None:
        before = np.cumsum(p[order] / p.sum()) - p[order] / p.sum()  # what stood in line before each
        p[order[before >= top_p]] = 0
    return p / p.sum()

likeliest = np.argsort(-p)[:4]

# %% id="sampling-table"
print("                 ", "  ".join(f"{codec.vocabulary.symbols[k]:>7s}" for k in likeliest), "  tokens left")
for options in ({"temperature": 0.5}, {}, {"temperature": 2.0}, {"top_k": 3}, {"top_p": 0.8}):
    q = choose(logits, **options)
    name = ", ".join(f"{key} {value}" for key, value in options.items()) or "as it is"
    print(f"{name:17s}", "  ".join(f"{q[k]:7.1%}" for k in likeliest), f"  {(q > 1e-4).sum():5d}")

# %% [markdown] id="sampling-explained"
# <details><summary>What happened, and why</summary>
#
# The filters change only *how bold the choice* is. The network's knowledge is the same. Counted as "left" are tokens with more than one chance in 10,000: at $\tau = 2$ there are hundreds of these, each hopeless by itself, and *together* they are drawn often. One such note leads the network where it has never been. That is why people cut off the tail with top-k or top-p when they raise the temperature.
#
# </details>

# %% [markdown] id="agree-intro"
# The course's filters do the same; `generate` applies them inside one compiled loop. It also **carries the state**: to draw token number 100 it does not read the 99 before it again. Stepping and reading at once must agree:

# %% id="agree"
from musegen_edu.sampling import filtered_probabilities

options = {"temperature": 1.3, "top_k": 12, "top_p": 0.9}
gap = np.abs(choose(logits, **options) - filtered_probabilities(logits, **options)).max()
print("our filters and the course's agree:", bool(gap < 1e-6))

state = trained.initial_state(batch=1)
for token in prompt:
    stepped, state = trained.step(np.array([token]), state)
gap = np.abs(np.array(stepped)[0] - logits).max()
print("stepping with a carried state agrees with reading all at once:", bool(gap < 1e-4))
n = 200
print(f"for {n} tokens: {n} steps with the state carried, {n * (n + 1) // 2:,} without")

# %% [markdown] id="playground-intro"
# ### The sampling playground
#
# Here the network says its 708 numbers aloud, on a keyboard and as bars. **First play its part yourself**: switch on *What would you play next?*, choose a key, and only then see what the network thinks. Afterwards move the sliders, step, veto, undo.
#
# - *Find a place where the network is nearly sure, and one where it hesitates. Where in the bar are they?*
# - *At which temperature does the first note come that makes you frown?*

# %% id="playground"
from musegen_edu.widgets.sampling_playground import SamplingPlayground

SamplingPlayground(trained, start, seed=3)

# %% [markdown] id="hesitate-intro"
# Was your impression right? Measure: on forty test tunes in 4/4, the **entropy** (lesson 01) of the network's distribution before each note, sorted by where in the bar the note falls.

# %% id="hesitate"
def ticks_of(word):
    head, _, ticks = word.partition(":")
    return int(ticks) if head.isdigit() or head in ("r", "~") else 0

in_four = [tune for tune in folk.test if tune.meter == (4, 4) and tune.n_bars <= 16][:40]
doubt = {eighth: [] for eighth in range(8)}
for line in map(codec.encode, in_four):
    place = 0  # ticks since the bar line
    p = softmax(np.array(trained(line[None, :-1]), float)[0])  # (time, n_tokens): before each token
    bits = -(p * np.log2(p + 1e-12)).sum(axis=1)
    for word, following, b in zip(codec.vocabulary.words(line), codec.vocabulary.words(line[1:]), bits):
        place = 0 if word.startswith("|") else place + ticks_of(word)
        if following[0].isdigit() and place % 12 == 0 and place < 96:
            doubt[place // 12].append(b)
means = [np.mean(values) for values in doubt.values()]

# %% id="hesitate-figure"
ax = plt.subplots(figsize=(8, 2.6), dpi=110, layout="constrained")[1]
ax.bar(range(8), means, color=[PALETTE[1] if eighth % 2 == 0 else PALETTE[0] for eighth in range(8)])
ax.set_xticks(range(8), ["1", "and", "2", "and", "3", "and", "4", "and"])
surest = ["1", "the and of 1", "2", "the and of 2", "3", "the and of 3", "4", "the and of 4"][int(np.argmin(means))]
title = f"It hesitates most on 1 ({means[0]:.1f} bits) and is surest on {surest} ({min(means):.1f})"
ax = dress(ax, title=title, x="where the note falls in the bar", y="entropy (bits)")

# %% [markdown] id="playground-explained"
# <details><summary>What to notice</summary>
#
# On the first note of a bar a new idea may begin; between the beats the fingers usually go on as they were going. Good players are predictable in the same places. Nobody told the network what a beat is: there are only bar lines and lengths in its tokens, and it has learnt to add them up.
#
# </details>

# %% [markdown] id="temperature-intro"
# ### What the temperature does to a tune
#
# One tune proves nothing. So compose twelve at each of five temperatures, with no filter, and measure: does it stay in a scale? Does it copy? Does it say anything twice?

# %% id="temperature-run"
from musegen_edu.metrics import CorpusIndex, groove_consistency, ngram_novelty, scale_consistency

corpus = CorpusIndex(folk.train)
WARMTHS = (0.4, 0.7, 1.0, 1.3, 1.6)
made = {t: [compose(trained, bars=8, seed=seed, temperature=t, candidates=1) for seed in range(12)] for t in WARMTHS}
measures = {
    "in one scale": lambda tunes: np.mean([scale_consistency(tune) for tune in tunes]),
    "new runs of 8 notes": lambda tunes: ngram_novelty(tunes, corpus),
    "rhythm like the bar before": lambda tunes: np.mean([groove_consistency(tune) for tune in tunes]),
}
curves = {name: [measure(tunes) for tunes in made.values()] for name, measure in measures.items()}
eight = [tune.slice_bars(1, 8) for tune in folk.test if tune.n_bars >= 8]
real = {name: measure(eight) for name, measure in measures.items()}

# %% id="temperature-figure"
figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), dpi=110, layout="constrained")
for ax, (name, values) in zip(axes, curves.items()):
    ax.plot(WARMTHS, values, "o-", color=PALETTE[0])
    ax.axhline(real[name], color=PALETTE[1], linestyle="--")
    nearest = WARMTHS[int(np.abs(np.array(values) - real[name]).argmin())]
    dress(ax, title=f"Most like real music at {nearest:g}", x="temperature", y=name)
axes[0].text(0.4, real["in one scale"], "real tunes", color=PALETTE[1], va="bottom")

# %% [markdown] id="temperature-explained"
# <details><summary>What happened, and why</summary>
#
# Cold music is safe and stiff: it stays in the scale, repeats its rhythm, and copies more, because the likeliest way on is the way that many tunes went. Hot music is new, and wrong. There is no single best temperature; each measure has another one. The dashed lines of real music are the goal, not the ends of the axes.
#
# </details>

# %% id="temperature-cold"
made[0.4][2].replace(title="Cold: temperature 0.4")

# %% id="temperature-hot"
made[1.6][2].replace(title="Hot: temperature 1.6")

# %% [markdown] id="own-intro"
# ## 6 · Your melody goes on
#
# Type a melody as letters, or draw one in the editor, or play it on a MIDI keyboard (the editor's record button). The network reads it and goes on. The notes that you wrote stay as they are.
#
# In letters: `C D E F G A B` are quarter notes, each as near as possible to the one before; `G5` names the octave (C4 is middle C), `F#`, `Bb`; `C:2` lasts two quarters, `C:1/2` an eighth; `r` is a rest, `-` holds the note before.

# %% id="own-letters"
mine = letters_to_score("C D E F G A B", key="C major", bpm=140, programs=(73,))
compose(trained, start=mine, bars=8, seed=2, title="C D E F G A B, and on")

# %% id="own-editor"
from musegen_edu import PianoRollEditor

letters = "E5:1/2 D#5:1/2 E5:1/2 D#5:1/2 E5:1/2 B4:1/2 D5:1/2 C5:1/2 A4:2"
editor = PianoRollEditor(letters_to_score(letters, key="A minor", bpm=110))
editor

# %% [markdown] id="own-editor-next"
# Change the notes above as you like (one voice, no chords), then run the next cell. Another `seed` gives another continuation.

# %% id="own-continue"
compose(trained, start=editor.score, bars=8, seed=1, temperature=0.9, title="Yours, and on")

# %% [markdown] id="scorecard-intro"
# ## 7 · The scorecard
#
# As in lesson 01: the same measures for chance, the chains, the network and real tunes that no model has seen. All compose eight bars of 4/4, unaided (one try each). **Predict.** *In which column will the network beat the chain of order 3 most clearly? In which will both still be far from real music?*

# %% id="scorecard-contestants"
seeds = range(24)
rng = np.random.default_rng(0)
chance = [Score.from_melody(rng.integers(55, 85, 60).tolist(), rng.choice([6, 12, 24], 60).tolist()) for _ in seeds]
contestants = {"chance": chance}
for order in (1, 2, 3):
    walker = MarkovModel(order=order, n_tokens=n_tokens).fit(train)
    contestants[f"Markov, order {order}"] = [compose(walker, codec=codec, bars=8, seed=s, candidates=1) for s in seeds]
contestants["RNN, quick"] = [compose(learner, codec=codec, bars=8, seed=s, candidates=1) for s in seeds]
contestants["RNN, trained"] = [compose(trained, bars=8, seed=s, candidates=1) for s in seeds]

def in_even_time(tunes):
    return [tune for tune in tunes if tune.meter in {(4, 4), (2, 2)} and tune.n_bars >= 8]

contestants["real music"] = [tune.slice_bars(1, 8) for tune in in_even_time(folk.test)][:24]

# %% id="scorecard"
from musegen_edu.metrics import scorecard

card = scorecard(contestants, corpus, reference=in_even_time(folk.valid))
card

# %% id="scorecard-figure"
from musegen_edu.plots import plot_scorecard

SHOWN = ["scale consistency", "groove consistency", "new runs of 8 notes", "longest copy (mean)"]
rows = {name: {measure: values[measure] for measure in SHOWN} for name, values in card.rows.items()}
groove = {name: row["groove consistency"] for name, row in rows.items()}
off = {name: abs(value - groove["real music"]) for name, value in groove.items()}
title = f"Groove: the trained RNN is off by {off['RNN, trained']:.2f}, order 3 by {off['Markov, order 3']:.2f}"
axes = plot_scorecard(rows, title=title)

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - The **chains** have the steps and note lengths of real music, because that is what they count.
# - The **trained network** is nearer to real music wherever more than three tokens matter: its rhythm goes on as it began.
# - **New runs**: the network invents more than real tunes do. Real tunes share scales, turns and endings with one another, and they repeat themselves; it does not dare to repeat. The **longest copy** shows that no tune was taken over.
# - No row reaches real music's groove. That needs a longer memory, and later a plan.
#
# </details>

# %% [markdown] id="exercise-clip"
# ## 8 · Exercises
#
# ### Exercise 1 · Clip the gradient (fill in, 7 min)
#
# Write `clip(found, limit)`. `found` is what `bptt` returns: a dictionary from a name to an array of slopes. The length of the whole gradient is $\sqrt{\sum g^2}$ over *all* numbers of *all* arrays. Where it is more than `limit`, return a new dictionary with every array
# shortened by the same factor, so that the length becomes `limit`; else return the slopes as they are. Do not change the arrays that you were given.
#
# *Why must the factor be the same for all arrays?*

# %% id="exercise-clip-code"
def clip(found, limit):
    """The same slopes, shortened together to at most `limit`."""
    # solution: the length over all arrays, one factor, a new dictionary
    length = np.sqrt(sum((slopes**2).sum() for slopes in found.values()))
    factor = min(1.0, limit / length) if length > 0 else 1.0
    return {name: factor * slopes for name, slopes in found.items()}
    # end solution

# %% id="exercise-clip-check"
from musegen_edu.checks.recurrent_networks import check_clip

check_clip(clip)

# %% [markdown] id="exercise-clip-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-clip-code}}
#
# With one factor the step is shorter but goes *in the same direction*, downhill. Clipping every number by itself would turn the direction: the largest slopes would be cut and the smallest kept.
#
# </details>

# %% [markdown] id="exercise-scale"
# ### Exercise 2 · Only these notes (modify, 8 min)
#
# Change `choose` into `choose_allowed(y, allowed, temperature)`. `allowed` is an array of truth values, one a token. Tokens that are not allowed get the probability 0; **among the others, the ratios stay as they were**; the sum is 1.
#
# Then the network improvises on the five notes of the pentatonic scale. *What does it do at places where it would have liked another note?*

# %% id="exercise-scale-code"
def choose_allowed(y, allowed, temperature=1.0):
    """Probabilities (n_tokens,) of the allowed tokens only."""
    # solution: logits of minus infinity become probabilities of exactly 0
    return softmax(np.where(allowed, y / temperature, -np.inf))
    # end solution

# %% id="exercise-scale-check"
from musegen_edu.checks.recurrent_networks import check_allowed

check_allowed(choose_allowed)

# %% id="exercise-scale-listen"
PENTATONIC = {0, 2, 4, 7, 9}  # semitones above the tonic
is_note = np.array([symbol[:1].isdigit() for symbol in codec.vocabulary.symbols])
allowed = np.array([not note or int(symbol.split(":")[0]) % 12 in PENTATONIC
                    for note, symbol in zip(is_note, codec.vocabulary.symbols)])  # fmt: skip

def improvise(n, seed):
    rng, tokens = np.random.default_rng(seed), list(codec.header((4, 4), "major", 8))
    state = trained.initial_state(batch=1)
    for i in range(len(tokens) + n):
        y, state = trained.step(np.array([tokens[i]]), state)
        if i + 1 == len(tokens):
            tokens.append(rng.choice(n_tokens, p=choose_allowed(np.array(y)[0].astype(float), allowed)))
    return codec.decode(tokens, key="G major", bpm=150, programs=(46,), title="Five notes").slice_bars(1, 8)

improvise(72, seed=5) if check_allowed(choose_allowed) else None

# %% [markdown] id="exercise-scale-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-scale-code}}
#
# The softmax comes *after* the taking away, so what is left adds up to 1 and keeps its ratios. Setting forbidden logits to 0 would be wrong: $e^0 = 1$ is not nothing. The course's `Guide` works like this, and changes `allowed` after every token: `bar_guide` allows only what still fits into the bar.
#
# </details>

# %% [markdown] id="exercise-tune"
# ### Exercise 3 · A tune of yours and the network's (open, 10 min)
#
# Write a start of at least four notes, and let the network go on to a tune of at least eight bars. Choose the settings, the seed, the model's luck: make as many as you like and keep the best. The check wants your notes at the beginning, an end on the tonic, at most one note in ten outside the key,
# and no more than twelve notes in a row taken from a training tune.
#
# Then one sentence (at least eight words): which **setting** did you change, and what could you *hear*?

# %% id="exercise-tune-code"
# solution: several seeds at a slightly lower temperature; keep the one with the steadiest rhythm
# stub: my_start = ...
# stub: my_tune = ...
# stub: my_sentence = "..."
my_start = letters_to_score("D4:1/2 G:1/2 B:1/2 A:1/2 G B:1/2 A:1/2", key="G major", bpm=150, programs=(73,))
attempts = [compose(trained, start=my_start, bars=8, seed=seed, temperature=0.85) for seed in range(6)]
my_tune = max(attempts, key=groove_consistency).replace(title="My start, its end")
my_sentence = "A temperature of 0.85 kept the rhythm steadier, and I could hear the first bar come back."
# end solution

# %% id="exercise-tune-check"
from musegen_edu.checks.recurrent_networks import check_tune

check_tune(my_start, my_tune, my_sentence, folk.train)

# %% id="exercise-tune-listen"
my_tune

# %% [markdown] id="exercise-tune-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-tune-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: most clip each array by itself; the check says so. Exercise 2: forbidden logits set to 0 instead of minus infinity, or probabilities that no longer add up to 1; both are worth a minute on the blackboard. Exercise 3 makes a good concert: each pair plays its tune, the others guess where
# the network took over. Whoever chose among fifty attempts has done what every composer does, and should say so.

# %% [markdown] id="quiz-intro"
# ## 9 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.recurrent_networks import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You computed a recurrent network by hand: its hidden state is a summary of everything so far, in which the recent weighs more.
# 2. You wrote back-propagation through time, proved it right, and saw corrections vanish and explode with the distance; clipping tames the one, nothing here cures the other.
# 3. You trained a recurrent network on real tunes; on tunes that nobody had looked at it was less surprised than every Markov chain.
# 4. You drew notes with temperature, top-k and top-p, saw what each does to the music, and let the network go on from your own melody.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | the loss jumps up, or becomes `nan` | an exploding gradient | clip (`global_clipnorm=1.0`), a smaller learning rate |
# | the loss falls a little, then not at all | corrections vanish before they arrive | a rotation as first $W_h$ (Keras' `"orthogonal"`), shorter lines, or lesson 06 |
# | *found 0 songs*, and nothing is learnt | every file failed to parse, and nobody looked | count what was read before you train, and print it |
# | the same note for ever | temperature near 0: the likeliest note leads back to itself | a temperature of about 1, or top-p 0.9 |
# | wild notes out of nowhere | the tail of the distribution at a high temperature | top-p 0.9, then raise the temperature |
# | every run sounds different | no seed | give `seed=`; the same seed gives the same tune |
# | generating takes minutes | `model.predict` for each note, reading everything again | one step a note with a carried state, as `generate` does |
# | other notes after a restart of the kernel | the vocabulary was made from `set(...)`, whose order changes | a sorted vocabulary, stored with the weights |
# | `expected ndim=3, found ndim=2` | a recurrent layer wants (batch, time, numbers) | an Embedding before it, or `x[..., None]` |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. J. L. Elman, "Finding structure in time", *Cognitive Science* 14(2), 1990, 179–211, [doi:10.1207/s15516709cog1402_1](https://doi.org/10.1207/s15516709cog1402_1).
# 2. P. M. Todd, "A connectionist approach to algorithmic composition", *Computer Music Journal* 13(4), 1989, 27–43, [doi:10.2307/3679551](https://doi.org/10.2307/3679551).
# 3. P. J. Werbos, "Backpropagation through time: what it does and how to do it", *Proceedings of the IEEE* 78(10), 1990, 1550–1560, [doi:10.1109/5.58337](https://doi.org/10.1109/5.58337).
# 4. S. Hochreiter, *Untersuchungen zu dynamischen neuronalen Netzen*, diploma thesis, Technische Universität München, 1991.
# 5. Y. Bengio, P. Simard and P. Frasconi, "Learning long-term dependencies with gradient descent is difficult", *IEEE Transactions on Neural Networks* 5(2), 1994, 157–166, [doi:10.1109/72.279181](https://doi.org/10.1109/72.279181).
# 6. R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, [arXiv:1211.5063](https://arxiv.org/abs/1211.5063).
# 7. A. Holtzman, J. Buys, L. Du, M. Forbes and Y. Choi, "The curious case of neural text degeneration", ICLR 2020, [arXiv:1904.09751](https://arxiv.org/abs/1904.09751).
# 8. B. L. Sturm, J. F. Santos, O. Ben-Tal and I. Korshunova, "Music transcription modelling and composition using deep learning", 2016, [arXiv:1604.08723](https://arxiv.org/abs/1604.08723): folk-rnn, the best-known network for tunes of this kind.
# 9. A. Karpathy, "The unreasonable effectiveness of recurrent neural networks", 2015, [karpathy.github.io](https://karpathy.github.io/2015/05/21/rnn-effectiveness/).

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.letters_to_score` · `musegen_edu.compose` (`start=`) · `musegen_edu.fit` · `musegen_edu.Profile` · `musegen_edu.load_pretrained` · `musegen_edu.models.recurrent.MelodyRNN` · `musegen_edu.batching.nats_per_token` ·
# `musegen_edu.sampling` (`generate`, `temperature`, `top_k`, `top_p`, `filtered_probabilities`) · `musegen_edu.guides.bar_guide` · `musegen_edu.metrics` (`scorecard`, `ngram_novelty`, `groove_consistency`) ·
# `musegen_edu.widgets` (`TrainingMonitor`, `SamplingPlayground`, `PianoRollEditor`). In a cell, write a name with a question mark, such as `compose?`, and run it: the description appears, with its source.
