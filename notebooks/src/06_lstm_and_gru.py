# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "06"
#     title: LSTM and GRU
#     prerequisites: ["05_recurrent_networks"]
#     minutes: {read: 30, run: 6, exercise: 25}
#     cpu_seconds: 120
# ---

# %% [markdown] id="title"
# # 06 · LSTM and GRU
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [05 Recurrent networks](05_recurrent_networks.ipynb).*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Write the LSTM and the GRU in a few lines of NumPy that agree with Keras, and say what each gate is for.
# 2. Show, by measuring, why their memory lasts longer than that of a plain recurrent network, and when it does not.
# 3. Look into a trained network and see what it keeps of a tune while it plays.
# 4. Let networks compose, continue and harmonise in four voices, and compare their voice leading with Bach's.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for one double lesson (90 min).** Listening 5 min · the safe, on the blackboard 10 min · LSTM and GRU line by line 20 min · the memory test 15 min · the gate viewer on the projector 10 min · chorales 20 min · quiz 5 min. Exercises are homework.
# In a single lesson (45 min): listening, the safe, the two figures of section 2, the gate viewer, and one soprano of the class harmonised. Leave out the equations of the GRU and the last section. The memory test has a surprise in it (the LSTM fails!); let the class think about it before you go on.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Two chorales in four voices. One is by Johann Sebastian Bach, one by the network of section 5. Each of the network's notes was chosen by an LSTM that heard the same four voices up to there.
#
# **Write down**: which is which? Listen to the *inner* voices, and to the ends of the lines.

# %% id="listen-prepare"
import matplotlib.pyplot as plt
import numpy as np

from musegen_edu import Score, compose, letters_to_score, load_dataset, load_pretrained
from musegen_edu.plots.style import LINES, PALETTE, add_legend, dress

folk, bach = load_dataset("folk"), load_dataset("chorales")

# %% id="listen-one"
from musegen_edu import compose_chorale

compose_chorale(phrases=2, key="G major", seed=5, title="Number 1")

# %% id="listen-two"
in_g = [piece for piece in bach.test if piece.key == "G major" and piece.meter == (4, 4) and piece.pickup == 24]
in_g[0].slice_bars(0, 4).replace(title="Number 2")

# %% [markdown] id="listen-explained"
# <details><summary>The answers</summary>
#
# Number 1 is the network, number 2 is Bach. Chord by chord the network is hard to catch. Listen to a single inner voice: Bach's tenor is a melody that one would like to sing; the network's goes where it must. And Bach's lines are going *somewhere*: each has a highest point, and a reason for it.
#
# </details>

# %% [markdown] id="safe-intro"
# ## 1 · A memory with three doors
#
# The plain network of lesson 05 writes over its memory at every note. The **LSTM** (*long short-term memory*, Hochreiter and Schmidhuber, 1997 [1]) keeps a second row of numbers, the **cell state** $c_t$, and guards it with **gates**. A gate is a number between 0 (shut) and 1 (open), made by a sigmoid.
#
# **The picture.** A safe with three doors:
#
# ```
#            forget gate f          input gate i            output gate o
#   cₜ₋₁ ───────[ × ]──────────────────( + )────────────┬──────────────────► cₜ   kept for later
#                                        ▲              │
#                            new idea g ─[ × ]          tanh ──[ × ]───────► hₜ   said now
# ```
#
# - **forget** $f_t$: how much of what is in the safe stays? (1 keeps all; the name is the wrong way round.)
# - **input** $i_t$: how much of the new idea $g_t$ is put in?
# - **output** $o_t$: how much of what is inside is shown?
#
# $$i_t = \sigma(W_i x_t + U_i h_{t-1} + b_i) \qquad f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f) \qquad o_t = \sigma(W_o x_t + U_o h_{t-1} + b_o)$$
#
# $$g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g) \qquad c_t = f_t \odot c_{t-1} + i_t \odot g_t \qquad h_t = o_t \odot \tanh(c_t)$$
#
# $x_t$ is the input at note $t$, $h_{t-1}$ what the layer said at the note before, $W$ and $U$ are tables of weights, $b$ biases, $\sigma$ the sigmoid, $\odot$ multiplies number by number. The forget gate was not in the first version; Gers, Schmidhuber and Cummins added it in 2000 [2].
#
# **By hand.** One cell. A stroke puts 0.76 in ($i = 1$, $g = 0.76$). Then nothing more shall come in ($i = 0$), and the forget gate stands at $f$. After $k$ notes, $f^k \cdot 0.76$ is left: with $f = 0.5$ nothing remains after ten notes, with $f = 0.99$ after fifty notes still 60 %, with $f = 1$ all of it, for ever.
# And the gates are *not fixed*: they are computed from the music. The network can learn to open the safe at a bar line, and to shut it in between.

# %% id="safe"
ax = plt.subplots(figsize=(8, 2.8), dpi=110, layout="constrained")[1]
stroke, forget_at = 2, 18
for number, (name, f) in enumerate({"f = 0.5": 0.5, "f = 0.9": 0.9, "f = 1, and 0 at step 18": 1.0}.items()):
    c, cell = 0.0, []
    for t in range(24):
        gate = 0.0 if f == 1.0 and t == forget_at else f
        c = gate * c + (0.76 if t == stroke else 0.0)
        cell.append(c)
    ax.plot(cell, LINES[number], color=PALETTE[number], linewidth=2, label=name)
add_legend(ax, loc="center right")
ax = dress(ax, title="A safe keeps what it has, until a gate says otherwise", x="step t", y="cell state c")

# %% [markdown] id="lstm-intro"
# ### The LSTM in six lines
#
# Keras keeps the four tables side by side, in the order $i, f, g, o$: `W` is (inputs, 4 × units), `U` is (units, 4 × units).

# %% id="lstm-numpy"
def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def rnn_step(x, state, W, U, b):
    (h,) = state
    return (np.tanh(x @ W + h @ U + b),)

def lstm_step(x, state, W, U, b):
    h, c = state
    i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c

# %% [markdown] id="gru-intro"
# ### The GRU: two doors, no safe
#
# The **gated recurrent unit** (Cho and others, 2014 [3]) does without a cell state. One **update gate** $z_t$ decides between old and new, one **reset gate** $r_t$ decides how much of the old is looked at when the new is made up:
#
# $$z_t = \sigma(W_z x_t + U_z h_{t-1} + b_z) \qquad r_t = \sigma(W_r x_t + U_r h_{t-1} + b_r)$$
#
# $$g_t = \tanh\!\big(W_g x_t + b_g + r_t \odot (U_g h_{t-1} + b'_g)\big) \qquad h_t = z_t \odot h_{t-1} + (1 - z_t) \odot g_t$$
#
# **Said plainly: there are two GRUs.** In the first paper the reset gate is applied *before* the product, $U_g (r_t \odot h_{t-1})$. Keras, and the fast kernels of GPUs, apply it *after* the product, as above (`reset_after=True`), which takes a second bias $b'$. The two are different networks, and weights of one do not fit the other. Some papers also
# exchange $z$ and $1 - z$. Look before you copy an equation.

# %% id="gru-numpy"
def gru_step(x, state, W, U, b):
    (h,) = state
    from_x = np.split(x @ W + b[0], 3, axis=-1)  # Keras' order: z, r, g
    from_h = np.split(h @ U + b[1], 3, axis=-1)
    z, r = sigmoid(from_x[0] + from_h[0]), sigmoid(from_x[1] + from_h[1])
    g = np.tanh(from_x[2] + r * from_h[2])
    return (z * h + (1 - z) * g,)

STEPS = {"RNN": (rnn_step, 1), "LSTM": (lstm_step, 2), "GRU": (gru_step, 1)}  # name -> step, arrays in the state

# %% id="keras-agrees"
from musegen_edu.quiet_keras import keras

LAYERS = {"RNN": keras.layers.SimpleRNN, "LSTM": keras.layers.LSTM, "GRU": keras.layers.GRU}
rng = np.random.default_rng(0)
x = rng.normal(size=(3, 50, 7)).astype("float32")  # 3 melodies, 50 notes, 7 numbers a note
for name, (step, n_arrays) in STEPS.items():
    layer = LAYERS[name](16, return_sequences=True)
    layer.build(x.shape)
    layer.set_weights([rng.normal(scale=0.3, size=w.shape) for w in layer.get_weights()])  # biases, too
    state, said = (np.zeros((3, 16)),) * n_arrays, []
    for t in range(50):
        state = step(x[:, t], state, *layer.get_weights())
        said.append(state[0])
    gap = np.abs(np.swapaxes(said, 0, 1) - np.array(layer(x))).max()
    print(f"{name:4s} {layer.count_params():5d} weights; agrees with Keras to within 0.00001: {bool(gap < 1e-5)}")

# %% [markdown] id="keras-explained"
# <details><summary>What to notice</summary>
#
# At 16 units the LSTM has four times as many weights as the plain network, the GRU a little over three times as many. A comparison at equal *units* would be unfair; from here on we compare at equal numbers of *weights*.
#
# </details>

# %% [markdown] id="memory-intro"
# ## 2 · How long does it last?
#
# ### A nudge in the past
#
# In lesson 05 a correction travelled back and faded. The same product of slopes can be measured *forwards*: nudge the memory a tiny bit, $k$ notes before the end, and see how far the memory *at the end* has moved. If a nudge arrives at full length, a correction can travel back at full length, too.
#
# We do all $k$ at once: eighty copies of the network read the same tune, and copy $k$ is nudged $k$ tokens before the end. The networks are the trained ones of the course, all three with about as many weights, on test tunes.
#
# **Predict.** *Draw three lines, RNN, LSTM and GRU, before you run the cell: distance from 0 to 80, on a logarithmic scale.*

# %% id="memory-nudge"
def nudge_lengths(model, name, tokens, reach=80, size=1e-5):
    """How far a nudge of length 1 in the memory, 0 to reach - 1 tokens before the end, has moved the memory at the end."""
    table, W, U, b, *_ = (weights.astype(float) for weights in model.get_weights())
    step, n_arrays = STEPS[name]
    nudge = np.random.default_rng(0).normal(size=(n_arrays, U.shape[0]))
    nudge *= size / np.linalg.norm(nudge)
    state = tuple(np.zeros((reach + 1, U.shape[0])) for _ in range(n_arrays))  # the last copy is left alone
    for t, token in enumerate(tokens):
        state = step(table[[token]], state, W, U, b)
        k = len(tokens) - 1 - t
        if k < reach:
            for array, by in zip(state, nudge):
                array[k] += by
    return np.sqrt(sum(((array[:-1] - array[-1]) ** 2).sum(axis=1) for array in state)) / size

# %% id="memory-nudge-run"
networks = {name: load_pretrained(f"melody_{name.lower()}") for name in STEPS}
codec = networks["LSTM"].codec
lines = [line for line in map(codec.encode, folk.test) if len(line) > 110][:4]
travelled = {name: np.exp(np.mean([np.log(nudge_lengths(model, name, line[:110])) for line in lines], axis=0))
             for name, model in networks.items()}  # fmt: skip
for name, model in networks.items():
    print(f"{name:4s} {model.count_params():,} weights; after 50 tokens {travelled[name][50]:.3g} of a nudge is left")

# %% id="memory-nudge-figure"
ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")[1]
for i, (name, values) in enumerate(travelled.items()):
    ax.semilogy(values, LINES[i], color=PALETTE[i], linewidth=2.5, label=name)
add_legend(ax, loc="lower left")
ratio = travelled["LSTM"][50] / travelled["RNN"][50]
title = f"After 50 tokens, {ratio / 1e6:,.1f} million times more of a nudge is left in the LSTM"
ax = dress(ax, title=title, x="distance (tokens)", y="length of the nudge")

# %% [markdown] id="memory-nudge-explained"
# <details><summary>What happened, and why</summary>
#
# In the plain network everything has to pass through all the weights and a $\tanh$ at every token. In the LSTM the main road goes through the cell state, where a step is only *times the forget gate*. Where the gate is near 1, a nudge passes on undiminished. That is the whole trick. In the GRU the road is $z_t \odot h_{t-1}$.
#
# </details>

# %% [markdown] id="predict-memory"
# ### The memory test again
#
# A key, then $g$ notes drawn by dice, then a question mark: *which key was it?* Now in Keras, with the optimiser Adam, 200 steps, and four contestants with equal numbers of weights. The fourth and fifth differ from the second and third in **one detail of the first weights**, which we shall come to.
#
# **Predict.** *A gap of 10, a gap of 160: who will get it?*

# %% id="memory-task"
UNITS = {"RNN": 70, "LSTM": 32, "GRU": 37}

def memory_batch(gap, rng, n=32):
    """Symbols (n, gap + 2): one of four keys, `gap` notes, a question mark; and the keys (n,)."""
    key = rng.integers(0, 4, n)
    symbols = rng.integers(4, 8, (n, gap + 2))
    symbols[:, 0], symbols[:, -1] = key, 8
    return symbols.astype("int32"), key

def memory_network(name, seed):
    keras.utils.set_random_seed(seed)
    recurrent = LAYERS[name](UNITS[name])
    ends = keras.layers.Embedding(9, 16), keras.layers.Dense(4)
    net = keras.Sequential([keras.Input((None,), dtype="int32"), ends[0], recurrent, ends[1]])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.Adam(0.01, global_clipnorm=1.0), loss)
    return net

# %% id="memory-open"
def open_gates(net, name, gap, seed):
    """Start with gates that keep: on average for about as many notes as the gap is long."""
    W, U, b = net.layers[1].get_weights()
    units = U.shape[0]
    keep = np.log(np.random.default_rng(seed).uniform(1, gap, units))  # sigmoid(log n) = n / (n + 1)
    if name == "LSTM":
        b[:units], b[units : 2 * units] = -keep, keep  # input gate nearly shut, forget gate nearly 1
    if name == "GRU":
        b[0, :units] = keep  # update gate: keep the old
    net.layers[1].set_weights([W, U, b])

# %% id="memory-run"
GAPS = (10, 160)
CONTESTANTS = {"RNN": ("RNN", False), "LSTM": ("LSTM", False), "GRU": ("GRU", False),
               "LSTM, gates open": ("LSTM", True), "GRU, gates open": ("GRU", True)}  # fmt: skip
surprise = {label: [] for label in CONTESTANTS}
for label, (name, is_open) in CONTESTANTS.items():
    for gap in GAPS:
        net, rng = memory_network(name, seed=1), np.random.default_rng(5)
        if is_open:
            open_gates(net, name, gap, seed=1)
        losses = [float(net.train_on_batch(*memory_batch(gap, rng))) for _ in range(200)]
        surprise[label].append(np.mean(losses[-30:]))
    left = "  ".join(f"gap {gap}: {value:.2f}" for gap, value in zip(GAPS, surprise[label]))
    print(f"{label:17s} {net.count_params():,} weights   {left}")

# %% [markdown] id="memory-explained"
# <details><summary>What happened, and why</summary>
#
# Guessing has a surprise of $\ln 4 = 1.39$. The plain network masters the short gap and not the long one. So far, so expected.
#
# But the LSTM and the GRU *as Keras makes them* are no better than the plain network! The LSTM's forget gates begin at $\sigma(1) = 0.73$. Over 40 notes already, $0.73^{40}$ leaves four parts in a million: the safe is open, and whatever is put in is gone long before the question comes. Nothing arrives that could be learnt from. The GRU's update gates begin at $\sigma(0) = 0.5$.
#
# With gates that *start* nearly open for keeping, both learn every gap, without one weight more. Tallec and Ollivier proposed this start in 2018 [4]; that the bias of the forget gate matters was already in [2] and was measured by Józefowicz and others in 2015 [5]. **An architecture can only use what training can reach.** Tutorials that say "an LSTM remembers long" leave out this half.
#
# On tunes it matters less: a tune reminds the network of its key at every bar. There the default start does well, as you will see next.
#
# </details>

# %% [markdown] id="tunes-intro"
# ## 3 · The same tunes, three cells
#
# Now real music, and a fair race: the same tunes, the same tokens, the same training (28 passes at most), about 556,000 weights each. The plain network gets 425 units for them, the GRU 288, the LSTM 256. Trained once, on two cores of a laptop-like machine; the numbers come from the **model cards** that lie beside the weights.
#
# **Predict.** *Which has the smallest surprise on the test tunes? Which was trained fastest?*

# %% id="tunes-cards"
from musegen_edu.pretrained import load_card

cards = {name: load_card(f"melody_{name.lower()}") for name in STEPS}
markov = cards["LSTM"]["metrics"]["markov_test_nats_per_token"]
best = min(markov, key=markov.get)
print(f"guessing {np.log(len(codec.vocabulary)):.2f}, best Markov chain (order {best}) {markov[best]:.2f} nats a token")
for name, card in cards.items():
    facts = card["metrics"]
    time = f"{card['cpu_seconds']} CPU seconds" if "cpu_seconds" in card else f"{card['seconds']} s by the clock"
    print(f"{name:4s} {card['model']['parameters']:,} weights  {facts['test_nats_per_token']:.3f} nats a token  "
          f"trained in {time}  new runs of 8 notes {facts['novelty_of_8_note_runs']:.1%}")  # fmt: skip

# %% [markdown] id="tunes-explained"
# <details><summary>What happened, and why</summary>
#
# The two gated cells are close together and well ahead of the plain one. (The LSTM was trained before the course counted processor seconds, so its time is by the clock, on two cores that had other work as well: do not compare it.) Which of them wins differs from task to task: Chung and others (2014 [6]) compared them on polyphonic music and found no winner either. The gap to the plain network is the price of forgetting.
#
# </details>

# %% [markdown] id="train-intro"
# ### Train one yourself
#
# A small GRU, three passes. Listen to the sample after each. In lesson 05 a plain network of 128 units did the same and got to about 2.7 nats a token. **Predict.** *Where will this one be?*

# %% id="train-quick"
from musegen_edu import Profile, fit
from musegen_edu.batching import nats_per_token
from musegen_edu.models.recurrent import MelodyGRU
from musegen_edu.widgets.training_monitor import TrainingMonitor

def four_bars(model, epoch):
    return compose(model, codec=codec, bars=4, seed=1, key="D major", candidates=1, title=f"After epoch {epoch}")

train, valid, test = ([codec.encode(tune) for tune in tunes] for tunes in (folk.train, folk.valid, folk.test))
quick = Profile.named("quick")
learner = MelodyGRU(len(codec.vocabulary), embedding=quick.embedding, units=quick.units, depth=quick.depth, seed=0)
monitor = TrainingMonitor(title="A small GRU reads 2,638 tunes", sample=four_bars)
reports = fit(learner, train, valid, profile=quick, seed=0, verbose=0, monitor=monitor)
print(f"on the test tunes: {nats_per_token(learner, test):.2f} nats a token")

# %% [markdown] id="train-full-intro"
# With a GPU, or with patience, the full profile; it writes into your own folder. **Mixed precision** (16-bit numbers where they suffice) makes large networks faster on GPUs. Ours are small, and 16-bit gradients can vanish by themselves; so it stays off here.

# %% id="train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

for name in ("melody_lstm", "melody_gru", "chorale_lstm"):
    print(train_by_recipe(name, profile="full", seed=0, verbose=2))

# %% [markdown] id="gates-intro"
# ## 4 · Look into the safe
#
# What does a trained LSTM keep? The viewer reads a tune with it and draws gates and cell state under the notes: one row a unit, time from left to right. Click a note to hear it and to read what changed.
#
# - **Predict.** *Where will the forget gates shut: at each note, at each bar line, or at the end of a phrase?*
# - Sort the units by how much they go with the *beat*. Is there a unit that counts? Look at its line.
# - Compare with the GRU's update gate and with the plain network, which has no gate at all.

# %% id="gates"
from musegen_edu.widgets.gate_viewer import GateViewer

tune = next(tune for tune in folk.test if tune.meter == (6, 8) and tune.n_bars >= 8).slice_bars(1, 8)
GateViewer(tune, models=networks)

# %% [markdown] id="gates-explained"
# <details><summary>What to notice</summary>
#
# Many forget gates stand near 1 most of the time: the default is to keep. Sort by the number of *bars to come* and look at unit 93 of the LSTM: its cell state goes down with the bars like a counter, and its forget gate is open nearly always. Others swing with the place in the bar. Nobody asked for a metronome; to be less surprised, the network had to build one. The plain network's units jump about: they have no place where something can stay.
#
# Do not read too much into a single unit: most of what the network knows is spread over many of them. The viewer says how large a correlation chance alone would give.
#
# </details>

# %% [markdown] id="continue-intro"
# ### "C D E F G A B"
#
# The oldest test of a melody machine: where does the scale lead? Each network goes on from the same seven notes.

# %% id="continue-lstm"
scale = letters_to_score("C D E F G A B", key="C major", bpm=140, programs=(73,))
compose(networks["LSTM"], start=scale, bars=8, seed=3, title="The LSTM goes on")

# %% id="continue-gru"
compose(networks["GRU"], start=scale, bars=8, seed=3, title="The GRU goes on")

# %% [markdown] id="chorales-intro"
# ## 5 · Four voices
#
# A chorale is four melodies at once, and they must agree. `chorale_lstm` writes them on a grid of sixteenths. At each step every voice either holds its note or begins a new one; meter, key and the **fermatas** (the ends of the lines) are given to it as inputs. One network invents a soprano; another *hears the whole soprano, forwards and backwards*,
# and then sets bass, alto and tenor, step by step, each hearing those that have already chosen at this step. It has read 221 chorales by Bach, in all keys that the voices can reach; 95 others were kept for testing.
#
# Three ways to use it: from nothing, from a start, or **under a melody that you give**:

# %% id="chorales-harmonise"
from musegen_edu import harmonise

soprano = letters_to_score("G4 | G4 A4 B4 G4 | C5 B4 A4:2 | B4 C5 D5 B4 | A4:1/2 G4:1/2 A4 G4:2",
                           key="G major", pickup=24, bpm=72, title="A new soprano")  # fmt: skip
harmonise(soprano, seed=4)

# %% [markdown] id="chorales-soprano"
# And a soprano by Bach that the network has never seen, with the network's lower voices, then with his own. **Predict.** *Where will the two differ most: in the chords, or in how the voices move?*

# %% id="chorales-set"
unseen = next(piece for piece in bach.test if piece.meter == (4, 4) and piece.n_bars <= 14)
harmonise(unseen.part(0), seed=1).replace(title="Bach's soprano, the network's alto, tenor and bass")

# %% id="chorales-real"
unseen

# %% [markdown] id="leading-intro"
# ### Are the rules kept?
#
# Teachers of harmony forbid **parallel fifths and octaves**: two voices that move from one perfect fifth to another, or from octave to octave, melt into one. Voices should not cross, and should stay where people can sing. Nobody told the network. Count, for the same twelve sopranos from Bach's test chorales: Bach's own settings; the network's, one draw each; and Bach's with the notes
# of each lower voice shuffled.
#
# **Predict.** *How many parallels has Bach, in a hundred chord changes? And has the network learnt to avoid them, just by reading him?*

# %% id="leading-contestants"
from musegen_edu.metrics import voice_leading

pieces = [piece for piece in bach.test if piece.meter in {(4, 4), (3, 4)}][:12]

def shuffled(piece, seed):
    """The same rhythm in every voice, but the pitches of each lower voice in another order."""
    rng, notes = np.random.default_rng(seed), piece.notes.copy()
    for part in range(1, 4):
        rows = notes["part"] == part
        notes["pitch"][rows] = rng.permutation(notes["pitch"][rows])
    return piece.replace(notes=notes)

contestants = {"voices shuffled": [shuffled(piece, 0) for piece in pieces], "Bach": pieces}

# %% id="leading-settings"
def network_settings(avoid_parallels):
    return [harmonise(piece.part(0), seed=0, candidates=1, avoid_parallels=avoid_parallels) for piece in pieces]

contestants["network by itself"] = network_settings(avoid_parallels=False)
contestants["network with a rule"] = network_settings(avoid_parallels=True)

# %% id="leading-count"
for name, scores in contestants.items():
    counts = voice_leading(scores)
    print(f"{name:20s} parallels per 100 changes {counts.parallels_per_100_changes:5.2f}   bars with crossed voices "
          f"{counts.crossed_share:5.1%}   notes out of range {counts.out_of_range / counts.notes:.1%}")  # fmt: skip

# %% [markdown] id="leading-explained"
# <details><summary>What happened, and why</summary>
#
# In all his chorales our count finds about one in four hundred changes, mostly passing notes and the seams between two lines; in these twelve, none. The network has learnt ranges, chords and cadences, and **not this rule**: it makes more parallels than even shuffled voices. Good chords one after another *invite* parallels; only a rule, or a very good ear, prevents them.
#
# Why did it not learn it? The loss is a mean over all notes. A rule that forbids one move in a hundred changes that mean by next to nothing, and obeying it takes knowing two voices at two moments at once. *The loss does not know what a teacher would mark in red.* Such networks need either much more data and size, or help.
#
# The last row is help: while drawing, notes that would make parallels are taken away, as `bar_guide` takes away notes that do not fit into the bar, and the network chooses among the rest. That is how `harmonise` works unless you say otherwise. Its several candidates, of which it keeps the one with the fewest faults, then bring the crossings down as well.
#
# The card of `chorale_lstm` (`load_card("chorale_lstm")`) has the same counts for music composed from nothing, for Markov chains and for dice, with the surprise in nats and the copy check.
#
# </details>

# %% [markdown] id="spell-intro"
# ## 6 · Spell the chord from the top
#
# The chorale network chooses one voice after another. Many papers, and many tutorials, do something simpler: 88 sigmoids, one for each key, all at once, *independent of one another*. What is lost?
#
# **The smallest example.** After a G major chord, let C major (C–E–G) and A minor (A–C–E) be equally likely. A perfect independent model says: C and E for certain, G one half, A one half. **Predict.** *What share of its chords will be one of the two?*

# %% id="spell-independent"
rng = np.random.default_rng(0)
p_keys = {"C": 1.0, "E": 1.0, "G": 0.5, "A": 0.5}
drawn = [" ".join(key for key, p in p_keys.items() if rng.random() < p) for _ in range(10_000)]
for chord in sorted(set(drawn)):
    print(f"{chord:8s} {drawn.count(chord) / len(drawn):.1%}")

# %% [markdown] id="spell-explained"
# <details><summary>What happened, and why</summary>
#
# Half of the chords are neither: C E alone, or C E G A with a clash of neighbours. And the best possible surprise of such a model is $2 \ln 2$ nats, where $\ln 2$ would do: it must pay for two coins, though the music has tossed only one.
#
# The cure is the **chain rule** of probability: a chord is spelled like a word, note by note from the top, and *each letter is told from those before it*:
#
# $$p(\text{chord}) = p(n_1)\; p(n_2 \mid n_1)\; p(n_3 \mid n_1, n_2) \cdots p(\text{end} \mid n_1, n_2, \ldots)$$
#
# Here: first A or G (a coin); after A, only E and C are left; after G as well. Nothing is approximate: the probabilities of *all possible chords* add up to exactly 1.
#
# </details>

# %% [markdown] id="spell-model-intro"
# `ChordSpeller` is that model: one LSTM reads the chords so far, and a small LSTM, started from what the first one knows, spells the next chord. Check the claim with a toy keyboard of four keys, on which there are $2^4 = 16$ chords:

# %% id="spell-exact"
from musegen_edu.models.chords import ChordSpeller
from musegen_edu.spelling import roll_to_spelling

speller = ChordSpeller(n_keys=4, units=8, depth=1, note_units=8, embedding=4)  # random weights: the claim needs no training
every = np.arange(16)[:, None] >> np.arange(4) & 1  # all chords on four keys, (16, 4)
chances = np.exp(speller.log_probabilities(roll_to_spelling(every)[:, None]))  # each as the first frame of a piece
print("likeliest chord", every[chances.argmax()], "unlikeliest", every[chances.argmin()])
print("all sixteen together make 1, to within 0.00001:", bool(abs(chances.sum() - 1) < 1e-5))

# %% [markdown] id="spell-table"
# On Bach's chorales as they are commonly used to compare models (*JSB Chorales* [8]: one frame a quarter note, 88 keys), `benchmarks/jsb.py` measures the surprise on the 76 validation pieces, in nats a frame:
#
# | an LSTM over the chords so far, and then ... | nats a frame |
# |---|---|
# | 88 independent sigmoids | 8.15 |
# | the chord spelled from the top | 4.55 |
# | the same, the piece read in all twelve keys and the twelve answers averaged | 4.41 |
# | the same, of three trainings | 4.35 |
#
# (Means of three trainings on a CPU; the benchmark's README has their spread and the literature's figures. An average of distributions is a distribution, so the last two rows are exact, too.) Independence costs three and a half nats *in every chord*: $e^{3.6}$ is more than thirty.

# %% [markdown] id="scorecard-intro"
# ## 7 · The scorecard
#
# The same measures as in lessons 01 and 05, now with all three cells: eight bars of 4/4 each, one try, and real tunes that no model has seen. **Predict.** *In which column do the gated networks come closer to real music than the plain one?*

# %% id="scorecard-contestants"
from musegen_edu import MarkovModel
from musegen_edu.metrics import CorpusIndex, scorecard

corpus, seeds = CorpusIndex(folk.train), range(24)
rng = np.random.default_rng(0)
chance = [Score.from_melody(rng.integers(55, 85, 60).tolist(), rng.choice([6, 12, 24], 60).tolist()) for _ in seeds]
contestants = {"chance": chance}
for order in (1, 2, 3):
    chain = MarkovModel(order=order, n_tokens=len(codec.vocabulary)).fit(train)
    contestants[f"Markov, order {order}"] = [compose(chain, codec=codec, bars=8, seed=s, candidates=1) for s in seeds]
for name, model in networks.items():
    contestants[name] = [compose(model, bars=8, seed=s, candidates=1) for s in seeds]

# %% id="scorecard-real"
def in_even_time(tunes):
    return [tune for tune in tunes if tune.meter in {(4, 4), (2, 2)} and tune.n_bars >= 8]

contestants["real music"] = [tune.slice_bars(1, 8) for tune in in_even_time(folk.test)][:24]

# %% id="scorecard"
card = scorecard(contestants, corpus, reference=in_even_time(folk.valid))
card

# %% id="scorecard-figure"
from musegen_edu.plots import plot_scorecard

SHOWN = ["scale consistency", "groove consistency", "new runs of 8 notes", "longest copy (mean)"]
rows = {name: {measure: values[measure] for measure in SHOWN} for name, values in card.rows.items()}
off = {name: abs(row["groove consistency"] - rows["real music"]["groove consistency"]) for name, row in rows.items()}
del off["real music"]
nearest = min(off, key=off.get)
axes = plot_scorecard(rows, title=f"{nearest} comes nearest to the groove of real music, within {off[nearest]:.2f}")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - The surprise in nats (section 3) separates the cells clearly; these measures of *whole tunes* separate them less. Twenty-four tunes of eight bars are few, and a single number a tune hides a lot. Lesson 13 is planned to say how many one needs.
# - **New runs** and **longest copy** say that nobody copies. All networks are *newer* than real tunes, because real tunes repeat themselves and each other on purpose.
# - What a longer memory buys is heard rather than measured here: play one of each, and listen whether bar 5 knows bar 1.
#
# </details>

# %% [markdown] id="exercise-gru"
# ## 8 · Exercises
#
# ### Exercise 1 · The other GRU (fill in, 8 min)
#
# Write the GRU of the first paper, with the reset gate *before* the product. `W` is (inputs, 3 × units), `U` is (units, 3 × units), both in Keras' order $z, r, g$; there is only one bias `b`, (3 × units,). Return the new `h`.
#
# $$g_t = \tanh\!\big(W_g x_t + U_g (r_t \odot h_{t-1}) + b_g\big)$$
#
# *Why can the three products with $h$ no longer be done in one go?*

# %% id="exercise-gru-code"
def gru_before_step(x, h, W, U, b):
    """The new h, (batch, units), of a GRU whose reset gate comes before the product."""
    # solution: z and r as ever; for g, the old h goes through the reset gate first
    W_z, W_r, W_g = np.split(W, 3, axis=1)
    U_z, U_r, U_g = np.split(U, 3, axis=1)
    b_z, b_r, b_g = np.split(b, 3)
    z = sigmoid(x @ W_z + h @ U_z + b_z)
    r = sigmoid(x @ W_r + h @ U_r + b_r)
    g = np.tanh(x @ W_g + (r * h) @ U_g + b_g)
    return z * h + (1 - z) * g
    # end solution

# %% id="exercise-gru-check"
from musegen_edu.checks.lstm_and_gru import check_gru

check_gru(gru_before_step)

# %% [markdown] id="exercise-gru-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-gru-code}}
#
# $r_t$ must be known before $U_g$ can be applied, so there are two products one after the other. Applied afterwards, all three go at once, which is what fast kernels like.
#
# </details>

# %% [markdown] id="exercise-fifths"
# ### Exercise 2 · Hear the parallels (modify, 8 min)
#
# `parallel_octaves` counts the places where two voices move from one octave (or unison) to another octave. Change it into `parallel_fifths`. A fifth is 7 semitones; 19 is a fifth and an octave and counts as well. Two voices that *stay* do not move in parallel, and both must move in the **same direction**.

# %% id="exercise-fifths-given"
def parallel_octaves(upper, lower):
    """How often two voices, lists of MIDI pitches of equal length, move from octave to octave in the same direction."""
    count = 0
    for i in range(1, len(upper)):
        moves = (upper[i] - upper[i - 1], lower[i] - lower[i - 1])
        both = (upper[i] - lower[i]) % 12 == 0 and (upper[i - 1] - lower[i - 1]) % 12 == 0
        if both and moves[0] * moves[1] > 0:  # the product is above 0 where both go up, or both down
            count += 1
    return count

# %% id="exercise-fifths-code"
def parallel_fifths(upper, lower):
    """How often two voices move from fifth to fifth in the same direction."""
    # solution: only the remainder differs: a fifth leaves 7
    count = 0
    for i in range(1, len(upper)):
        moves = (upper[i] - upper[i - 1], lower[i] - lower[i - 1])
        both = (upper[i] - lower[i]) % 12 == 7 and (upper[i - 1] - lower[i - 1]) % 12 == 7
        if both and moves[0] * moves[1] > 0:
            count += 1
    return count
    # end solution

# %% id="exercise-fifths-check"
from musegen_edu.checks.lstm_and_gru import check_fifths

check_fifths(parallel_fifths)

# %% [markdown] id="exercise-fifths-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-fifths-code}}
#
# A trap: from G3–D4 to G2–D4 only the bass moves, and from a fifth to a twelfth in *contrary* motion is no parallel in our count (strict teachers forbid that as well).
#
# </details>

# %% [markdown] id="exercise-setting"
# ### Exercise 3 · Your melody in four voices (open, 12 min)
#
# Write a soprano of at least eight notes between A3 and A5, or take a tune that you know, and let the network set it. Try seeds and temperatures, and keep the best. The check wants your melody unchanged on top, four voices in range, no more than one bar in ten with crossed voices, no more than twice Bach's rate of parallels (one is always allowed), and the tonic in the bass at the end.
#
# Then one sentence (at least eight words): at **which place** would you have chosen another chord, or why would you not?

# %% id="exercise-setting-code"
# solution: a short hymn, and the setting with the fewest faults of several
# stub: my_soprano = ...
# stub: my_setting = ...
# stub: my_sentence = "..."
my_soprano = letters_to_score("D4 | G4 F#4 G4 A4 | B4 A4 G4 B4 | C5 B4 A4 G4 | A4 F#4 G4:2",
                              key="G major", pickup=24, bpm=76, title="My hymn")  # fmt: skip
settings = [harmonise(my_soprano, seed=seed) for seed in range(4)]
my_setting = min(settings, key=lambda setting: voice_leading(setting).faults)
my_sentence = "In the second bar I would have gone to E minor, to keep the tonic for the end."
# end solution

# %% id="exercise-setting-check"
from musegen_edu.checks.lstm_and_gru import check_setting

check_setting(my_soprano, my_setting, my_sentence)

# %% id="exercise-setting-listen"
my_setting

# %% [markdown] id="exercise-setting-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-setting-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: `r * (h @ U_g)` instead of `(r * h) @ U_g`: that is Keras' own GRU, and the check says so. Exercise 2: counting fifths that merely *stay*; let somebody sing both. Exercise 3 is worth singing: print the setting from the player's menu as MusicXML and hand it out.

# %% [markdown] id="quiz-intro"
# ## 9 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.lstm_and_gru import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You wrote LSTM and GRU in NumPy, in agreement with Keras, and can say what forget, input, output, update and reset gates do; and that there are two GRUs.
# 2. You measured how far a nudge travels in trained networks, and saw that gates which start half open forget as well.
# 3. You looked into a trained network and found a unit that counts the bars, though nobody told it to.
# 4. You let networks go on from a scale and set a melody in four voices, counted parallels against Bach's own, and saw that a loss does not know every rule.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | the LSTM learns nothing over long gaps | forget gates begin at 0.73, input gates at 0.5: the memory leaks | start them open (section 2), or give reminders in the data |
# | weights of a GRU do not fit, or fit and play nonsense | `reset_after`, or another order of the gates | compare shapes: a bias (2, 3 × units) is Keras', (3 × units,) the paper's |
# | training on a GPU is suddenly slow | an activation other than tanh, or `recurrent_dropout`, switches the fast kernel off | keep the defaults |
# | `expected ndim=3, found ndim=2` | a recurrent layer wants (batch, time, numbers) | an Embedding before it, or `x[..., None]` |
# | the second LSTM of a stack complains | the first returned only its last output | `return_sequences=True` on all but the last |
# | parallel fifths everywhere | a mean loss hardly notices a rule for one move in a hundred | rule them out while drawing, as `harmonise` does |
# | the music stays on one chord | each voice repeats "hold" | a little more temperature, or look at how often real music holds |
# | chords with a stray neighbour note | independent sigmoids (section 6) | spell the chord |
# | every chorale ends like the training ones | it does: cadences are formulas | count copies *before* the cadence, too |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. S. Hochreiter and J. Schmidhuber, "Long short-term memory", *Neural Computation* 9(8), 1997, 1735–1780, [doi:10.1162/neco.1997.9.8.1735](https://doi.org/10.1162/neco.1997.9.8.1735).
# 2. F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget: continual prediction with LSTM", *Neural Computation* 12(10), 2000, 2451–2471, [doi:10.1162/089976600300015015](https://doi.org/10.1162/089976600300015015).
# 3. K. Cho and others, "Learning phrase representations using RNN encoder-decoder for statistical machine translation", EMNLP 2014, [arXiv:1406.1078](https://arxiv.org/abs/1406.1078).
# 4. C. Tallec and Y. Ollivier, "Can recurrent neural networks warp time?", ICLR 2018, [arXiv:1804.11188](https://arxiv.org/abs/1804.11188).
# 5. R. Józefowicz, W. Zaremba and I. Sutskever, "An empirical exploration of recurrent network architectures", ICML 2015, [proceedings.mlr.press/v37/jozefowicz15](https://proceedings.mlr.press/v37/jozefowicz15.html).
# 6. J. Chung, C. Gulcehre, K. Cho and Y. Bengio, "Empirical evaluation of gated recurrent neural networks on sequence modeling", 2014, [arXiv:1412.3555](https://arxiv.org/abs/1412.3555).
# 7. D. Eck and J. Schmidhuber, "Finding temporal structure in music: blues improvisation with LSTM recurrent networks", NNSP 2002, 747–756, [doi:10.1109/NNSP.2002.1030094](https://doi.org/10.1109/NNSP.2002.1030094): the first LSTM that made music.
# 8. N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, "Modeling temporal dependencies in high-dimensional sequences", ICML 2012, [arXiv:1206.6392](https://arxiv.org/abs/1206.6392): the chorales as a benchmark, and why independence costs.
# 9. F. Liang, M. Gotham, M. Johnson and J. Shotton, "Automatic stylistic composition of Bach chorales with deep LSTM", ISMIR 2017 (BachBot).
# 10. G. Hadjeres, F. Pachet and F. Nielsen, "DeepBach: a steerable model for Bach chorales generation", ICML 2017, [arXiv:1612.01010](https://arxiv.org/abs/1612.01010).

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.harmonise`, `compose_chorale`, `continue_chorale` · `musegen_edu.compose` (`start=`) · `musegen_edu.letters_to_score` · `musegen_edu.models.recurrent` (`MelodyRNN`, `MelodyLSTM`, `MelodyGRU`) · `musegen_edu.models.chorale.ChoraleLSTM` · `musegen_edu.models.chords.ChordSpeller` · `musegen_edu.spelling` (`roll_to_spelling`) ·
# `musegen_edu.metrics` (`voice_leading`, `scorecard`) · `musegen_edu.widgets` (`GateViewer`, `TrainingMonitor`). In a cell, write a name with a question mark, such as `harmonise?`, and run it: the description appears, with its source.
