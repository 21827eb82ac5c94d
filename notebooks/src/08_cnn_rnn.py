# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "08"
#     title: CNN and RNN together
#     prerequisites: ["06_lstm_and_gru", "07_convolutional_networks"]
#     minutes: {read: 30, run: 6, exercise: 25}
#     cpu_seconds: 90
# ---

# %% [markdown] id="title"
# # 08 · CNN and RNN together
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [06 LSTM and GRU](06_lstm_and_gru.ipynb) and [07 Convolutional networks](07_convolutional_networks.ipynb).*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Join a convolution and a recurrent layer with the right shapes, and read the errors that come from the wrong ones.
# 2. Train a network that hears which instruments play when, and judge it on pieces and notes that it has never heard.
# 3. Say what each of the two parts is good for, from a comparison at equal numbers of weights.
# 4. Let a network read three bars and write the next, and judge it against chance, Markov chains, plain repetition and real music.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for one double lesson (90 min).** Listening 5 min · shapes, on the blackboard 10 min · the tutorial listing 15 min · mixtures and training 20 min · who hears how far 10 min · the next bar 20 min · quiz 5 min. Exercises are homework.
# In a single lesson (45 min): listening, the tutorial listing, the figure with the hills, one next bar of the class. The most useful ten minutes are those with the listing: let the class read each error message aloud *before* anybody explains it, and let them find that the fourth version runs without an error and is the worst of all.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Six seconds of a chorale by Bach. Up to three instruments play, and they come and go. **Write down** who plays, and at which second each of them begins and stops. You may listen as often as you like; look at the spectrogram while it plays. Of these six: piano, vibraphone, guitar, violin, trumpet, clarinet.

# %% id="listen-prepare"
import matplotlib.pyplot as plt
import numpy as np

from musegen_edu import letters_to_score, load_dataset, load_pretrained
from musegen_edu.mixtures import HOP_LENGTH, INSTRUMENTS, N_FRAMES, N_MELS, SAMPLE_RATE, load_mixtures
from musegen_edu.plots.style import LINES, PALETTE, add_legend, dress
from musegen_edu.widgets import SpectrogramPlayer

test = load_mixtures("test", 60)  # rendered from the test chorales, and kept in the cache for the next time
riddle = 2

# %% id="listen-mixture"
SpectrogramPlayer(test.audio(riddle), SAMPLE_RATE, title="Who plays, and when?")

# %% [markdown] id="listen-answer-intro"
# Now the network of section 3. The hills say how sure it is at each moment; the thick lines are the truth.

# %% id="listen-answer"
from musegen_edu.metrics.tagging import tag_changes, tag_scores
from musegen_edu.plots.tags import plot_tags

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

NAMES = {"cnn": "instrument_tagger_cnn", "rnn": "instrument_tagger_rnn", "crnn": "instrument_tagger"}
trained = {kind: load_pretrained(name) for kind, name in NAMES.items()}
hills = sigmoid(trained["crnn"].predict_on_batch(test.mels[[riddle]]))[0]  # (128 frames, 6 instruments)
right = ((hills > 0.5) == test.labels[riddle]).mean()
SHOWN = {"instruments": INSTRUMENTS, "seconds_a_frame": HOP_LENGTH / SAMPLE_RATE}
title = f"The network is right in {right:.0%} of its answers"
axes = plot_tags(test.scores[riddle], hills, test.labels[riddle], **SHOWN, title=title)

# %% [markdown] id="listen-explained"
# <details><summary>Who did better, you or the network?</summary>
#
# Compare your notes with the thick lines. You probably had the instruments and were a little late with the seconds. The network was told 128 times 6 truths for each of its training mixtures and never heard a violin outside of this course; a musician hears the violin in any room, on any recording. Keep that in mind when you read its score.
#
# And one more thing to listen to: the first three bars of an old tune, then five more. In one of the two versions they are by a network that looks at *a picture* of the last three bars. **Which one?**
#
# </details>

# %% id="listen-tune-one"
from musegen_edu.next_bars import symbols_to_score, write_bars
from musegen_edu.recipes.next_bar import eight_bars

folk = load_dataset("folk")
lines, keys = eight_bars(folk.test)  # bars 1 to 8 of the test tunes as symbols, (n, 128): 16 a bar
tunes = [symbols_to_score(line, key=key, bpm=130, programs=(73,)) for line, key in zip(lines, keys)]
choice = 3
write_bars(tunes[choice].slice_bars(1, 3), bars=5, seed=1, temperature=0.8).replace(title="Version 1")

# %% id="listen-tune-two"
tunes[choice].replace(title="Version 2")

# %% [markdown] id="listen-tune-explained"
# <details><summary>The answer</summary>
#
# Version 1 is the network's. It takes up rhythm and key; what it lacks is a plan for eight bars, because at any moment it sees no more than three.
#
# </details>

# %% [markdown] id="shapes-intro"
# ## 1 · Convolution reads, recurrence remembers
#
# **The picture.** A musician who sight-reads does two things at once. The *eyes* take in a small patch of the page: an interval, a chord, a rhythm, wherever on the page it stands. The *memory* keeps what came before: we are in G, the clarinet began two bars ago. A convolution (lesson 07) is the eyes: the same small filter at every place. A recurrent layer (lessons 05 and 06) is the memory: one state that is carried from moment to moment. A **CRNN** puts the one behind the other.
#
# The only difficulty is the seam between the two. A 2-D convolution gives *maps*: for each mixture an array of **frames × bands × channels**. A recurrent layer wants, for each mixture, **frames × numbers**. So bands and channels must become one axis, and time must stay what it is:
#
# ```
#    mel spectrogram          after the convolutions            laid side by side              after the recurrent layer
#    (frames, mels, 1)        (frames, bands, channels)         (frames, bands × channels)     (frames, units)
#
#    bands ▲ ░▒▓░░▒            ▲ ░▒▓░   ▲ ▓░░▒                   ▲ ░▒▓░
#          │ ▒░░▓░░            │ ▒░░▓   │ ░░▒▓      ...          │ ▒░░▓
#          └──────► time       └────►   └────►                   │ ▓░░▒        →   →   →   →   h₁ h₂ h₃ h₄
#                             one map a channel                  │ ░░▒▓
#                                                                └────► time
# ```
#
# In Keras this is `Reshape((-1, bands * channels))`, where -1 means "as many frames as there are", or `TimeDistributed(Flatten())`: *flatten, at each moment by itself*. Both do the same here.
#
# **Pool over pitch, not over time.** We want an answer for every frame. So pooling may take four neighbouring *bands* together, `MaxPooling2D((1, 4))`, but no frames.

# %% id="shapes-build"
from musegen_edu.quiet_keras import keras

layers = keras.layers
keras.utils.set_random_seed(0)  # of the first weights
MEAN, STD = -62.4, 18.9  # of the decibels in the training mixtures: section 3
crnn = keras.Sequential([
    keras.Input((N_FRAMES, N_MELS, 1)),  # a picture: 128 frames, 64 mel bands, one channel
    layers.Rescaling(1 / STD, offset=-MEAN / STD),
    layers.Conv2D(8, 3, padding="same", activation="relu"),
    layers.MaxPooling2D((1, 4)),
    layers.Conv2D(16, 3, padding="same", activation="relu"),
    layers.MaxPooling2D((1, 4)),
    layers.Reshape((-1, 4 * 16)),  # 4 bands and 16 channels, side by side
    layers.Bidirectional(layers.GRU(32, return_sequences=True)),
    layers.Dense(6),  # one logit an instrument, at each frame
])  # fmt: skip

# %% id="shapes-table"
from musegen_edu.models.crnn import InstrumentTagger

for layer in crnn.layers:
    print(f"{layer.__class__.__name__:14s} {layer.output.shape[1:]!s:16s} {layer.count_params():6,} weights")
ours = [tuple(w.shape) for w in crnn.weights]
like_ours = InstrumentTagger("crnn", channels=8, units=32)
theirs = [tuple(w.shape) for w in like_ours.weights if "seed" not in w.path]
print("the course's InstrumentTagger has the same arrays:", sorted(ours) == sorted(theirs))

# %% [markdown] id="predict-moment"
# **Predict.** We play silence, and at frame 40 alone a short noise in all bands. After the two convolutions and the reshape, *how many of the 128 columns will have changed? And after the recurrent layer?*

# %% id="moment"
silence = np.full((1, N_FRAMES, N_MELS, 1), -80.0, "float32")
noise = silence.copy()
noise[:, 40] = -20.0
columns = np.arange(N_FRAMES)
for name in ("after the reshape", "after the recurrent layer"):
    upto = keras.Model(crnn.inputs[0], crnn.layers[-3 if name == "after the reshape" else -2].output)
    moved = np.abs(upto(noise) - upto(silence))[0].max(axis=-1) > 1e-7
    print(f"{name:26s} {moved.sum():3d} columns, from {columns[moved].min()} to {columns[moved].max()}")

# %% [markdown] id="moment-explained"
# <details><summary>What happened, and why</summary>
#
# Each convolution looks at one frame on either side: two of them reach two frames, so five columns change. The eyes see a tenth of a second before and after. The recurrent layer runs forwards *and* backwards, so columns long after the noise change, and columns long before it. In principle all 128; in this layer, which has not been trained yet, the trace of the noise has faded below a ten-millionth somewhere on the way. How far *trained* layers hear is the question of section 4.
#
# </details>

# %% [markdown] id="maths-intro"
# ### The two new formulas, and Keras agrees
#
# **Both ways.** A **bidirectional** layer [1] is two recurrent layers. One reads $x_1, x_2, \ldots, x_T$ and says $\overrightarrow{h}_t$; the other reads $x_T, \ldots, x_1$ and says $\overleftarrow{h}_t$; the result is both side by side, $h_t = [\overrightarrow{h}_t, \overleftarrow{h}_t]$. It may only be used where the whole recording is there before the first answer is due: for listening, not for composing.
#
# **Many answers at once.** $z_{t,i}$ is the logit of instrument $i$ at frame $t$, $y_{t,i}$ the truth, 1 where it plays, else 0. Several may play at once, so each has a **sigmoid** of its own, $p_{t,i} = \sigma(z_{t,i})$, and the loss is the mean surprise over $T$ frames and $I$ instruments, the **binary cross-entropy**:
#
# $$\text{loss} = -\frac{1}{T I} \sum_{t=1}^{T} \sum_{i=1}^{I} \Big( y_{t,i} \ln p_{t,i} + (1 - y_{t,i}) \ln (1 - p_{t,i}) \Big)$$

# %% id="maths-numpy"
rng = np.random.default_rng(0)
x = rng.normal(size=(2, 30, 5)).astype("float32")  # 2 recordings, 30 frames, 5 numbers a frame
both = layers.Bidirectional(layers.GRU(4, return_sequences=True))
answer = np.asarray(both(x))
there = np.asarray(both.forward_layer(x))
back = np.asarray(both.backward_layer(x))[:, ::-1]  # it answers from the last frame to the first: turn that round
print("two layers side by side:", np.allclose(answer, np.concatenate([there, back], axis=-1), atol=1e-6))

y, z = rng.integers(0, 2, (2, 30, 6)), rng.normal(size=(2, 30, 6)).astype("float32")
p = sigmoid(z.astype(float))
by_hand = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()
theirs = float(keras.losses.BinaryCrossentropy(from_logits=True)(y, z))
print("the loss by hand and Keras' agree to within 0.00001:", bool(abs(by_hand - theirs) < 1e-5))

# %% [markdown] id="listing-intro"
# ## 2 · A listing that many have copied
#
# Search for "CNN RNN music generation" and you will find, in many places and with small differences, a model like this. The convolution goes straight into the LSTM, an LSTM is wrapped into an `RNN`, and one sigmoid at the end is to be "the notes". Let us run it, read what Keras says, and mend it, one error at a time. (An error in the next cells is what we want to see; the notebook goes on.)
#
# Of an error Python usually shows the whole way that led to it, here some fifty lines inside Keras. The *last* line is the one to read first, so we ask for it alone until the end of this section.

# %% id="listing-short-errors"
from IPython import get_ipython

get_ipython().InteractiveTB.set_mode("Minimal")

# %% [markdown] id="predict-listing"
# **Predict.** *Which line will Keras stop at, and what will it complain about?*

# %% id="listing-first" tags=["raises-exception"]
first = keras.Sequential([
    keras.Input((N_FRAMES, N_MELS, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.LSTM(64),
    layers.Dense(1, activation="sigmoid"),
])  # fmt: skip

# %% [markdown] id="listing-first-explained"
# <details><summary>Read it together: <code>expected ndim=3, found ndim=4</code></summary>
#
# It says it all. An LSTM wants three axes: (batch, time, numbers). It was given four, `(None, 63, 31, 16)`: batch, frames, bands, channels. (`None` is the batch: its size is not known yet.) 63 frames and 31 bands are left of 128 and 64, because the convolution without padding cuts one off on each side and the pooling halves what remains, *in time as well*.
#
# A shape in an error message is always worth reading aloud: "none, sixty-three, thirty-one, sixteen" tells you where you are.
#
# </details>

# %% [markdown] id="listing-second-intro"
# A popular "repair" is `Flatten`. Another wraps the LSTM: "the tutorial says CNN and *RNN*, so there must be an `RNN`".

# %% id="listing-flatten" tags=["raises-exception"]
flattened = keras.Sequential([
    keras.Input((N_FRAMES, N_MELS, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Flatten(),
    layers.LSTM(64),
])  # fmt: skip

# %% id="listing-wrapped" tags=["raises-exception"]
wrapped = keras.Sequential([keras.Input((N_FRAMES, N_MELS)), layers.RNN(layers.LSTM(64))])

# %% [markdown] id="listing-second-explained"
# <details><summary>Read them together</summary>
#
# - `expected ndim=3, found ndim=2. Full shape received: (None, 31248)`: `Flatten` has put *everything* into one row, time as well. 31,248 is 63 × 31 × 16. There is nothing left to go through step by step.
# - `Shapes used to initialize variables must be fully-defined ... shape=(None, 256)`: this message needs a translation. `RNN(...)` wants a **cell**, the rule for *one* step, such as `LSTMCell(64)`, and runs it over time. `LSTM` is a whole layer, which already has its own loop. So the outer loop hands single frames to a layer that waits for sequences, takes the batch for the time, and does not know how many numbers there are: `None`. Write `layers.LSTM(64)`, which *is* `layers.RNN(layers.LSTMCell(64))`.
#
# </details>

# %% [markdown] id="predict-silent"
# Now the repair that *runs*. Three axes are wanted, so `Reshape((-1, 16))` makes three axes. No error, training starts, the loss falls. **Predict.** *How many "time steps" will the LSTM see? And what lies at step 1 and at step 2?*

# %% id="listing-silent"
silent = keras.Sequential([
    keras.Input((N_FRAMES, N_MELS, 1)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(2),
    layers.Reshape((-1, 16)),
])  # fmt: skip
print("out of", silent.layers[-2].output.shape, "becomes", silent.layers[-1].output.shape)
moved = np.flatnonzero(np.abs(silent(noise) - silent(silence))[0].max(axis=-1) > 1e-7)
print(f"the noise at frame 40 alone now fills the steps {moved.min()} to {moved.max()}")

# %% [markdown] id="listing-silent-explained"
# <details><summary>What happened, and why</summary>
#
# The 63 frames of 31 bands have become 1,953 "steps": first the bands of frame 1 from low to high, then those of frame 2, and so on. One moment is stretched over 31 steps (the noise fills 62, because two pooled frames have seen it); what the LSTM carries along is a walk up and down the keyboard, thirty times slower than it need be. Nothing warns you. **A shape that fits is not yet a meaning that fits.** The test with the noise takes ten seconds: make one, for every seam that you build.
#
# Last, the end of the listing: `Dense(1, activation="sigmoid")`. After an LSTM *without* `return_sequences=True` that is **one number for the whole piece**. A number between 0 and 1 answers one question, yes or no. "The notes" are a question for every pitch at every step:
#
# | what is asked | last layer | at each step? | loss |
# |---|---|---|---|
# | does the piece have a violin in it? | `Dense(1)`, sigmoid | no | binary cross-entropy |
# | which instruments play now? | `Dense(6)`, a sigmoid each | yes | binary cross-entropy |
# | which *one* symbol comes next? | `Dense(47)`, softmax | yes | categorical cross-entropy |
# | which keys sound together? | not independent sigmoids: see lesson 06, *spell the chord* | yes | |
#
# In this course the last layer gives logits; sigmoid or softmax is part of the loss, which is more exact for very small and very large numbers.
#
# </details>

# %% id="listing-mended"
mended = keras.Sequential([
    keras.Input((N_FRAMES, N_MELS, 1)),
    layers.Conv2D(16, 3, padding="same", activation="relu"),  # "same": as many frames out as in
    layers.MaxPooling2D((1, 4)),  # bands, not frames
    layers.TimeDistributed(layers.Flatten()),  # each frame by itself: bands and channels side by side
    layers.LSTM(64, return_sequences=True),  # an answer at every frame
    layers.Dense(6),  # logits: one question an instrument
])  # fmt: skip
print(" -> ".join(str(layer.output.shape[1:]) for layer in mended.layers))
x = noise - silence
for layer in mended.layers[:3]:
    x = layer(x)
print("the noise at frame 40 is now in the frames", np.flatnonzero(np.abs(x)[0].max(axis=-1) > 1e-7))
get_ipython().InteractiveTB.set_mode("Context")  # errors in full again

# %% [markdown] id="teacher-listing" tags=["teacher"]
# **Ask.** "The silent version trains. How would you notice?" Good answers: print the shapes; the number of steps is not the number of frames; one epoch takes thirty times as long; the test with the noise. Bad answer: "from the loss" (it falls).
#
# Who has met `ValueError: Input 0 of layer ... is incompatible` before? Everybody. Let them say what they did then. (Most: added `Flatten` or `expand_dims` until it ran.)

# %% [markdown] id="mixtures-intro"
# ## 3 · Who plays, and when?
#
# ### Data with labels that cannot be wrong
#
# Nobody has to sit down with headphones and a stopwatch: we *make* the sound from notes, so we know who plays. `load_mixtures` takes some bars of a Bach chorale, gives one to three of its voices to different instruments, lets each come and go, renders 6.4 seconds with the course's SoundFont, and reads off the notes who sounds in which frame. Label 1 means "has a note"; what still rings afterwards does not count.
#
# Three rules keep the test honest:
#
# - the test mixtures come from **other chorales** (other hymn tunes, lesson 02);
# - one pitch in seven of *each instrument* is **never heard in training**: there are rests in its places. In the test it sounds, and we can count how often the network recognises an instrument on a note that it has never heard;
# - mean and spread of the decibels are measured **on the training mixtures alone**, and are part of the network from then on.
#
# What it is *not*: recordings. Every clarinet here is one clarinet, in a room without walls. A score on these mixtures says nothing about a record from your shelf.

# %% id="mixtures"
N_TRAIN = 120
train = load_mixtures("train", N_TRAIN)
print(f"{N_TRAIN} mixtures to train on, decibels: mean {train.mels.mean():.1f}, spread {train.mels.std():.1f}")
print(f"in the test, {test.unheard.sum() / test.labels.sum():.0%} of what is played are pitches never heard in training")
for column, name in enumerate(INSTRUMENTS.values()):
    print(f"  {name:13s} plays in {train.labels[..., column].mean():.0%} of the frames")

# %% [markdown] id="predict-baseline"
# **How to count.** Most answers are "no", and one could be right in three of four answers by always saying no. So we count as sound-event detection does [2]: of all tags *given*, how many were right (**precision**); of all that were *due*, how many were given (**recall**); and the **F-score**, $F_1 = 2 \cdot \text{hits} / (\text{given} + \text{due})$. Two more columns: "new pitches" is the recall on the pitches that training never had; "changes" is how often a tag is switched on or off in a mixture.
#
# Simple means first: "everybody plays all the time", and a linear model that hears one frame at a time (a window of an eighth of a second) and no context. **Predict.** *What F-score has "everybody always"? And how far does one get with a single frame?*

# %% id="baseline"
from musegen_edu.recipes.crnn import TAGGER_PROFILES, linear_tags, tagger, tags_of

def report(name, tags):
    scores, new = tag_scores(test.labels, tags), np.asarray(tags)[test.unheard].mean()
    print(f"{name:22s} F-score {scores.f1:.2f}  precision {scores.precision:.2f}  recall {scores.recall:.2f}  "
          f"on new pitches {new:.2f}  changes {tag_changes(tags):4.1f}")  # fmt: skip

report("everybody, always", np.ones_like(test.labels))
report("linear, frame by frame", linear_tags(train, test.mels))
print(f"in truth an instrument comes in or stops {tag_changes(test.labels):.1f} times a mixture")

# %% [markdown] id="baseline-explained"
# <details><summary>What happened, and why</summary>
#
# The linear model is no fool: overtones give much away in an eighth of a second. But look at two columns. On pitches that it has never heard, its recall falls: it has learnt "energy in band 31 means clarinet", one band at a time, and a new pitch puts its energy into other bands. And it **flickers**: it switches more than ten times as often as the music does, because it has no memory. The first is a task for convolution, the second one for recurrence.
#
# </details>

# %% [markdown] id="train-intro"
# ### CNN alone, RNN alone, both
#
# A fair race: the same mixtures, the same training, **as many weights** (about 20,000).
#
# - `cnn`: the two convolutions read; instead of the recurrent layer there are convolutions in time. It hears 0.3 s on either side.
# - `rnn`: no convolution; two bidirectional recurrent layers read the columns of the spectrogram as they are.
# - `crnn`: both, as in section 1.
#
# **Predict.** *Which one wins? Which one flickers least?*

# %% id="train-quick"
from musegen_edu import fit
from musegen_edu.crnn_batches import MixtureBatches, mixture_tables, nats_per_tag

valid = load_mixtures("valid", 30)
quick = TAGGER_PROFILES["quick"]
rows = {"train": mixture_tables(train.mels, train.labels), "valid": mixture_tables(valid.mels, valid.labels)}
taught, curves = {}, {}
for kind in ("cnn", "rnn", "crnn"):
    taught[kind] = tagger(kind, quick, train, seed=0)
    epochs = fit(taught[kind], list(rows["train"]), list(rows["valid"]), profile=quick, seed=0, verbose=0,
                 batches=MixtureBatches, loss=nats_per_tag)  # fmt: skip
    curves[kind] = [epoch.valid_loss for epoch in epochs]
    report(f"{kind}, {taught[kind].count_params():,} weights", tags_of(taught[kind], test.mels))

# %% id="train-curves"
ax = plt.subplots(figsize=(8, 2.9), dpi=110, layout="constrained")[1]
for i, (kind, losses) in enumerate(curves.items()):
    ax.plot(range(1, len(losses) + 1), losses, LINES[i], color=PALETTE[i], linewidth=2, label=kind)
add_legend(ax, loc="upper right")
lowest = [min(losses) for losses in curves.values()]
title = f"With {N_TRAIN} mixtures the three come within {max(lowest) - min(lowest):.3f} nats of each other"
ax = dress(ax, title=title, x="epoch", y="nats a tag (validation)")

# %% [markdown] id="train-cards-intro"
# The networks that come with the course had more mixtures and more time; their **model cards** say how they were trained and what they were measured to do, on 100 test mixtures:

# %% id="train-cards"
from musegen_edu.pretrained import load_card

cards = {kind: load_card(name) for kind, name in NAMES.items()}
print(f"{cards['crnn']['data']['train']} mixtures to train on, {cards['crnn']['data']['test']} to judge by")
for kind, card in cards.items():
    facts = card["metrics"]["test"]
    print(f"{kind:5s}{card['model']['parameters']:,} weights  F-score {facts['f1']:.3f}  recall {facts['recall']:.2f}, "
          f"on new pitches {facts['recall_of_unheard_pitches']:.2f}  changes {facts['changes']:.1f}  "
          f"trained in {card['cpu_seconds']} CPU s")  # fmt: skip
best = max(cards, key=lambda kind: cards[kind]["metrics"]["test"]["f1"])
worst = min(cards[best]["metrics"]["test"]["f1_by_instrument"].items(), key=lambda item: item[1])
print(f"hardest for the {best}: {worst[0]}, F-score {worst[1]:.2f}")

# %% [markdown] id="train-explained"
# <details><summary>What happened, and why</summary>
#
# With 120 mixtures and 14 passes the RNN is ahead by F-score, the surprise hardly differs, and none of them is good yet: that was too little to learn from. But look at the pitches that were never heard: already here it is the RNN alone that falls off. With 400 mixtures the picture is clear. Read it column by column; each part of the network has one of its own. (The figures below are those of the cards.)
#
# - **Recurrence remembers.** The two with a memory are level (F-scores of 0.87 and 0.88) and leave the CNN behind (0.78). What the CNN lacks is recall: a guitar or a piano dies away, and after 0.3 s the CNN no longer sees how the tone began. The other two still know.
# - **Convolution reads.** On pitches that were never heard, the two *with* convolutions lose little (0.86 → 0.83 and 0.70 → 0.67); the RNN without one loses more (0.86 → 0.76), and the linear model most (0.55 → 0.38). A filter that slides over the bands knows the pattern of a clarinet wherever it lies. Without it, each band has weights of its own, and a band that was always silent has learnt nothing.
#
# So "both" wins no race outright: it is level with the RNN on what it knows, and better on what is new. Said honestly: this is *one* training of each. A lead of 0.003 is no lead; lesson 13 is planned to say how many seeds one needs. And all three still switch two to four times as often as the music does. Exercise 2 does something about that.
#
# Çakır and others (2017 [3]) compared the three on recordings of everyday sounds and found both parts together clearly ahead. Choi and others (2017 [4]) set a CRNN against three CNNs, for tags of whole pieces, and found it strong for its number of parameters.
#
# </details>

# %% id="hills"
pick = 5
for kind in ("cnn", "crnn"):
    p = sigmoid(trained[kind].predict_on_batch(test.mels[[pick]]))[0]
    n, truth = (int(tag_changes(tags)) for tags in (p[None] > 0.5, test.labels[[pick]]))
    title = f"The {kind} switches {n} times; in truth it is {truth}"
    axes = plot_tags(test.scores[pick], p, test.labels[pick], **SHOWN, title=title)

# %% id="hills-listen"
SpectrogramPlayer(test.audio(pick), SAMPLE_RATE, title="The same mixture: follow the hills while it plays")

# %% [markdown] id="predict-scale"
# ### A mistake that is made every day: scaling train and test differently
#
# `MEAN` and `STD` were measured on the training mixtures and are applied to *everything* that the network ever hears. Three ways to get that wrong, with the trained CRNN:
#
# - scale **twice**: somebody has already scaled the data, and the network does it again;
# - scale each sound by **its own** mean and spread, "so that it is nicely centred";
# - a recording that is simply **softer**, here by 20 dB.
#
# **Predict.** *Which of the three does the most harm? Which the least?*

# %% id="scale"
network, own = trained["crnn"], test.mels
mean, std = network.get_config()["mean"], network.get_config()["std"]
each = (own - own.mean(axis=(1, 2), keepdims=True)) / own.std(axis=(1, 2), keepdims=True)
heard = {
    "as in training": own,
    "scaled twice": (own - mean) / std,
    "each by its own": each * std + mean,
    "20 dB softer": np.maximum(own - 20, -80),
}
for name, mels in heard.items():
    report(name, tags_of(network, mels))

# %% [markdown] id="scale-explained"
# <details><summary>What happened, and why</summary>
#
# Scaling twice destroys nearly everything: the network sees a grey picture at the far end of its range, and gives nearly the same answer always. There is no error message; a network always answers.
#
# 20 dB softer is the next worst, although nothing but the loudness has changed, and *you* would hardly notice. In training each mixture came up to 6 dB louder or softer; this is far outside. The cure is a wider range in training (`GAIN_DB`), not a trick at test time.
#
# "Each by its own" costs less, and is the most dangerous because it looks so reasonable. A mixture with long rests has another mean than a full one, so the same clarinet arrives at the network with another brightness, depending on what else happens in those six seconds. And in a live stream there is no "own mean" yet. **Measure on the training data, keep the two numbers with the weights, apply them to everything.**
#
# </details>

# %% [markdown] id="reach-intro"
# ## 4 · How far does each of them hear?
#
# The convolutions' reach can be counted: 0.3 s. The recurrent layers *may* hear the whole mixture; do they? Lesson 06 nudged a memory. Here we change what is *heard*: one frame in the middle is made 10 dB louder in all bands, and we measure how far the logits move, before and after it.
#
# **Predict.** *Draw three lines, from 3 s before to 3 s after the change.*

# %% id="reach"
reach, centre = {}, N_FRAMES // 2
louder = test.mels.copy()
louder[:, centre] += 10.0
for kind, network in trained.items():
    moved = np.abs(network.predict_on_batch(louder) - network.predict_on_batch(test.mels))
    reach[kind] = moved.mean(axis=(0, 2))  # over mixtures and instruments: (128,)
seconds = (np.arange(N_FRAMES) - centre) * HOP_LENGTH / SAMPLE_RATE
a_second_away = np.isclose(np.abs(seconds), 1.0)
share = {kind: moved[a_second_away].mean() / moved[centre] for kind, moved in reach.items()}

# %% id="reach-figure"
ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")[1]
for i, (kind, moved) in enumerate(reach.items()):
    ax.plot(seconds, moved, LINES[i], color=PALETTE[i], linewidth=2, label=kind)
ax.set_yscale("symlog", linthresh=1e-3)
add_legend(ax, loc="lower right")
title = f"A second away the crnn still moves {share['crnn']:.0%} as far as at the frame itself, the cnn {share['cnn']:.0%}"
ax = dress(ax, title=title, x="distance from the changed frame (s)", y="change of the logits")

# %% [markdown] id="reach-explained"
# <details><summary>What happened, and why</summary>
#
# The CNN's line falls to exactly zero outside of its window, as counted. The recurrent networks' lines go down and go on, in both directions: forwards because an instrument that plays now will probably go on playing, backwards because what follows tells what a soft beginning was. They reach further forwards (to the right) than backwards. Nobody told them how long to remember; they were only asked who plays.
#
# </details>

# %% [markdown] id="roll-intro"
# ## 5 · Read three bars, write the fourth
#
# The same idea, turned from listening to composing. A piano roll is a picture, too: 48 sixteenths × 44 pitches, with two layers (*a note begins here*; *a note sounds here*). Convolutions over time **and pitch** read it: a filter that has learnt "a third up, then a step down" knows it at every height. A roll gives this argument more clearly than a spectrogram does: on the mel axis, which is only partly logarithmic, the overtones of a higher note lie at other distances.
#
# The bar to come is written by a recurrent layer, sixteenth by sixteenth, from left to right only. (*Why not bidirectional?*) Its 47 symbols are those of `FourBarCodec`: a pitch begins, *hold*, or *rest*; all tunes in even time, moved to the key of C.
#
# **Where does the reshape come in?** The reader gives 64 numbers for each of the 48 sixteenths. The three bars are laid **on top of one another**, (48, 64) → (3, 16, 64) → (16, 3 × 64): so when beat 2 of the new bar is written, beat 2 of each of the last three bars is in view. A tune likes to do on beat 2 what it did on beat 2 before.

# %% id="roll"
from musegen_edu.models.next_bar import NextBar, symbols_to_roll

roll = np.asarray(symbols_to_roll(lines[[choice], :48]))[0]  # (48 sixteenths, 44 pitches, 2 layers)
ax = plt.subplots(figsize=(8, 2.9), dpi=110, layout="constrained")[1]
for layer, (name, color, height) in enumerate((("begins", PALETTE[1], 1.4), ("sounds", PALETTE[0], 0.8))):
    steps, pitches = np.nonzero(roll[..., layer])
    ax.broken_barh([(0, 0)], (0, 0), facecolors=color, label=name)
    for step, pitch in zip(steps, pitches):
        ax.broken_barh([(step, 0.95)], (pitch + 45 - height / 2, height), facecolors=color, zorder=2 - layer)
ax.set_ylim(44, 89)
ax.set_xticks(range(0, 49, 16), ["bar 1", "bar 2", "bar 3", "what comes?"])
add_legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
ax = dress(ax, title=f"What the network reads: {roll.shape[0]} × {roll.shape[1]} cells, two layers", x="", y="pitch (MIDI, in C)")

# %% id="roll-shapes"
writer = NextBar("crnn", channels=6, features=32, embedding=8, units=64)
for layer in writer.layers:
    if layer.name in "read_1 read_2 side_by_side features by_bar bars_on_top each_step write logits".split():
        print(f"{layer.name:13s} {layer.output.shape[1:]!s:16s} {layer.count_params():6,} weights")

# %% [markdown] id="predict-steps"
# **The simple means.** Before the network: how surprised is a **Markov chain** (lesson 01) that is told the last $n$ sixteenths? And where in the bar is it hard to guess? **Predict.** *Draw the surprise at each of the sixteen sixteenths of a bar.*

# %% id="bars-train"
from musegen_edu.crnn_batches import BarBatches, nats_per_step, step_losses
from musegen_edu.next_bars import chain_bars, chain_losses, fit_bar_chain, repeated_bars
from musegen_edu.recipes.next_bar import NEXT_BAR_PROFILES, four_bar_windows, next_bar_network
from musegen_edu.widgets.training_monitor import TrainingMonitor

small = NEXT_BAR_PROFILES["quick"]
some = list(four_bar_windows(folk.train[: small.n_tunes]))  # all runs of four bars in 400 tunes, (n, 64) symbols
watched = list(four_bar_windows(folk.valid[:60]))

def after_epoch(model, epoch):
    return write_bars(tunes[choice].slice_bars(1, 3), bars=2, model=model, seed=1).replace(title=f"After epoch {epoch}")

learner = next_bar_network("crnn", small, seed=0)
monitor = TrainingMonitor(title="A small CRNN learns to write bars", sample=after_epoch)
reports = fit(learner, some, watched, profile=small, seed=0, verbose=0,
              batches=BarBatches, loss=nats_per_step, monitor=monitor)  # fmt: skip

# %% id="bars-chain"
everything = list(four_bar_windows(folk.train))
judges = list(four_bar_windows(folk.test))[::4]  # every fourth window of the test tunes
chains = {order: fit_bar_chain(everything, order=order) for order in (0, 1, 2, 4, 6)}
surprise = {f"Markov, order {order}": chain_losses(chain, judges) for order, chain in chains.items()}
surprise["this small CRNN"] = step_losses(learner, judges)
writers = {kind: load_pretrained(f"next_bar{end}") for kind, end in {"cnn": "_cnn", "rnn": "_rnn", "crnn": ""}.items()}
surprise |= {f"trained {kind}": step_losses(model, judges) for kind, model in writers.items()}
print(f"{'guessing':18s} {np.log(46):.3f} nats a sixteenth")
for name, losses in surprise.items():
    print(f"{name:18s} {losses.mean():.3f}")

# %% id="bars-steps"
ax = plt.subplots(figsize=(8, 3.1), dpi=110, layout="constrained")[1]
for i, name in enumerate(("Markov, order 4", "trained crnn")):
    ax.plot(range(1, 17), surprise[name].mean(axis=0), LINES[i], marker="os"[i], color=PALETTE[i], linewidth=2, label=name)
ax.set_xticks(range(1, 17, 4), ["beat 1", "beat 2", "beat 3", "beat 4"])
add_legend(ax, loc="upper left", bbox_to_anchor=(1.0, 1.0))
by_step = surprise["trained crnn"].mean(axis=0)
hardest = int(by_step.argmax())
title = f"Most surprised at sixteenth {hardest + 1} of the bar: {by_step[hardest] / by_step.mean():.1f} times the mean"
ax = dress(ax, title=title, x="place in the bar", y="nats")

# %% [markdown] id="bars-explained"
# <details><summary>What happened, and why</summary>
#
# Where a sixteenth after an eighth is due, there is nearly always a *hold*: hardly any surprise. The surprise sits on the beats and on the eighths between them, where new notes come. The chain and the network agree about *where* it is hard; the network is less surprised everywhere, because it sees three bars and not four sixteenths.
#
# The small CRNN of this run has read 400 tunes twice, for a few seconds; it is not yet past the best chain, which has counted all 1,528. The three trained networks are far ahead of it (on all test windows 0.82 to 0.85 nats against 1.09; the cards have the exact figures). Between them there is little: the two that *write* with a recurrent layer are level, the one that writes with convolutions is 0.02 behind. Whether three bars are *read* by convolution or by recurrence made no difference here. Three bars of a single voice are a small picture; do not expect the same of an orchestra. And longer chains get worse, not better: nearly every run of six sixteenths with its notes is new to them (lesson 01).
#
# One thing mattered more than the choice of layers: the writer is told, at each step, **which note sounds**. The note before the bar line is not in the view of beat 1, and a network cannot use what it is not shown; without it, the steps from note to note come out wrong, whatever the architecture.
#
# </details>

# %% [markdown] id="bars-listen-intro"
# ### Hear it
#
# Three bars of a tune from the test set, then five bars each by the chain, by repetition and by the CRNN, from the same three bars.

# %% id="bars-listen-chain"
starts = lines[:, :48]

def heard_after(bars, index, title):
    """Three real bars and the ones that were written, as a score in the tune's own key."""
    line = np.concatenate([starts[index], bars[index]])
    return symbols_to_score(line, key=keys[index], bpm=130, programs=(73,), title=title)

written = {"Markov, order 4": chain_bars(chains[4], starts, n_bars=5, seed=1)}
heard_after(written["Markov, order 4"], choice, "Three real bars, five by a Markov chain")

# %% id="bars-listen-crnn"
from musegen_edu.bar_loop import draw_bars

written |= {kind: draw_bars(model, starts, n_bars=5, seed=1) for kind, model in writers.items()}
heard_after(written["crnn"], choice, "Three real bars, five by the CRNN")

# %% [markdown] id="scorecard-intro"
# ## 6 · The scorecard
#
# The five new bars alone, after three real bars of each of the test tunes: chance (notes drawn by their frequency), the chain, *the last bar again*, the three networks, and how the tunes really go on. **Predict.** *In which column will "the last bar again" be unbeatable? In which will it give itself away?*

# %% id="scorecard"
from musegen_edu.metrics import CorpusIndex, scorecard
from musegen_edu.tokens.four_bar_codec import in_four_four

written["chance"] = chain_bars(chains[0], starts, n_bars=5, seed=1)
written |= {"last bar again": repeated_bars(starts, n_bars=5), "real music": lines[:, 48:]}
order = ["chance", "Markov, order 4", "last bar again", "cnn", "rnn", "crnn", "real music"]
contestants = {name: [symbols_to_score(bar, key=key) for bar, key in zip(written[name], keys)] for name in order}
reference = [in_four_four(tune) for tune in folk.valid if tune.meter in {(4, 4), (2, 2), (2, 4)}]
corpus = CorpusIndex(folk.train)
card = scorecard(contestants, corpus, reference=reference)
card

# %% id="scorecard-figure"
from musegen_edu.plots import plot_scorecard

MEASURES = ["pitch-class entropy (bits)", "groove consistency", "steps as in real music", "new runs of 8 notes"]
rows = {name: {measure: values[measure] for measure in MEASURES} for name, values in card.rows.items()}
groove = {name: row["groove consistency"] for name, row in rows.items()}
title = f"Repeating has a groove of {groove['last bar again']:.2f}, the crnn {groove['crnn']:.2f}, real music {groove['real music']:.2f}"
axes = plot_scorecard(rows, title=title)

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - **Groove**: "the last bar again" is perfect, of course, and gives itself away in the **entropy**: it uses far fewer different notes than real tunes do. No single column can be trusted.
# - The **chain** makes the right steps from note to note and loses the rhythm: its groove lies well below that of real tunes.
# - The three **networks** are close to real music in all four columns, and hardly to be told apart. What these columns do not ask is whether the five bars *lead* anywhere. Play three of them to somebody, beside the real ones.
# - **Copies**: by "new runs of 8 notes" the networks are newer than the real tunes, which quote each other; "longest copy" in the table is no longer than that of real tunes. Nobody copies.
#
# </details>

# %% [markdown] id="full-intro"
# ### All of it, with a GPU or with patience
#
# The six networks of this lesson by their recipes, full profile. They are small: the full profile takes minutes on a CPU as well. The weights go into your own folder; `load_pretrained(name, folder)` loads them.

# %% id="train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

for name in ("instrument_tagger", "next_bar"):
    for end in ("", "_cnn", "_rnn"):
        print(train_by_recipe(name + end, profile="full", seed=0, verbose=2))

# %% [markdown] id="exercise-side-by-side"
# ## 7 · Exercises
#
# ### Exercise 1 · Side by side (fill in, 6 min)
#
# Write the seam between the two parts in NumPy: from maps of shape (mixtures, frames, bands, channels) to rows (mixtures, frames, bands × channels), for any sizes. Each frame must keep its own numbers, and all of them.

# %% id="exercise-side-by-side-code"
def side_by_side(maps):
    """Bands and channels of each frame as one row: (mixtures, frames, bands * channels)."""
    # solution: keep the first two axes, and let NumPy work out the third
    return maps.reshape(maps.shape[0], maps.shape[1], -1)
    # end solution

# %% id="exercise-side-by-side-check"
from musegen_edu.checks.cnn_rnn import check_side_by_side

check_side_by_side(side_by_side)

# %% [markdown] id="exercise-side-by-side-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-side-by-side-code}}
#
# `reshape` only reads the numbers in the order in which they lie and cuts them anew. The last axes lie closest together, so joining the *last two* keeps every frame in one piece. Joining any others would need `transpose` first.
#
# </details>

# %% [markdown] id="exercise-thresholds"
# ### Exercise 2 · Two thresholds against flicker (modify, 8 min)
#
# A probability that hovers around one half makes an instrument flicker. `one_threshold` switches at 0.5. Change it into `two_thresholds`: an instrument that is *silent* begins only when its probability rises **above `on`**; one that *plays* goes on as long as its probability is **at least `off`**. (Engineers call it hysteresis; your heating has it, too.)

# %% id="exercise-thresholds-given"
def one_threshold(probabilities, threshold=0.5):
    """A list of True and False, one a frame."""
    tags = []
    for p in probabilities:
        plays = p > threshold
        tags.append(plays)
    return tags

# %% id="exercise-thresholds-code"
def two_thresholds(probabilities, on=0.6, off=0.4):
    """The same, but what plays goes on down to `off`, and what is silent waits for `on`."""
    # solution: remember whether it plays, and choose the threshold by that
    plays, tags = False, []
    for p in probabilities:
        plays = p >= off if plays else p > on
        tags.append(plays)
    return tags
    # end solution

# %% id="exercise-thresholds-check"
from musegen_edu.checks.cnn_rnn import check_two_thresholds

check_two_thresholds(two_thresholds)

# %% [markdown] id="exercise-thresholds-effect-intro"
# When it passes, the next cell lets it work on the three networks:

# %% id="exercise-thresholds-effect"
if check_two_thresholds(two_thresholds):
    for kind, network in trained.items():
        p = sigmoid(network.predict_on_batch(test.mels))
        report(f"{kind}, one threshold", p > 0.5)
        report(f"{kind}, two thresholds", np.apply_along_axis(two_thresholds, 1, p, on=0.6, off=0.4))

# %% [markdown] id="exercise-thresholds-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-thresholds-code}}
#
# One variable that is carried from frame to frame, and a rule that depends on it: you have just written a recurrent cell by hand, with one unit. The CRNN has learnt sixty-four of them.
#
# </details>

# %% [markdown] id="exercise-next"
# ### Exercise 3 · Your three bars (open, 12 min)
#
# Write three bars of 4/4 (or take them from a tune that you know), and let the network write four more. Try seeds and temperatures, and keep the best. The check wants your bars unchanged, at least four new ones that are not all alike, no more than one new note in five outside the key, and nothing copied beyond twelve notes in a row.
#
# Then one sentence (at least eight words): what did the network take over from your three bars, and what not?

# %% id="exercise-next-code"
# solution: a start with a rhythm of its own, and the seed whose fourth bar takes it up
# stub: my_start = ...
# stub: my_tune = ...
# stub: my_sentence = "..."
my_start = letters_to_score("D4 F#4:1/2 G4:1/2 A4 A4 | B4 A4:1/2 G4:1/2 F#4:2 | E4 F#4:1/2 G4:1/2 A4 F#4",
                            key="D major", bpm=120, programs=(73,), title="Mine and the network's")  # fmt: skip
my_tune = write_bars(my_start, bars=4, seed=2, temperature=0.8)
my_sentence = "It took over the two quick notes on the second beat, but not the way home to D."
# end solution

# %% id="exercise-next-check"
from musegen_edu.checks.cnn_rnn import check_next_bars

check_next_bars(my_start, my_tune, my_sentence, corpus)

# %% id="exercise-next-listen"
my_tune

# %% [markdown] id="exercise-next-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-next-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: `maps.reshape(len(maps), -1, maps.shape[-1])`, the silent error of section 2; the check says what it means in music. Exercise 2: forgetting that `plays` must be set *before* the loop. Exercise 3: starts of two and a half bars; count with "|".
# **For the quick ones.** Make a mixture that the tagger gets wrong: `from musegen_edu.mixtures import score_to_mixture, audio_to_frames`, a score of your own with the programs 0, 11, 24, 40, 56, 71. A piano in the bass? A clarinet at the top of its range? A violin that repeats one note staccato?

# %% [markdown] id="quiz-intro"
# ## 8 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.cnn_rnn import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You joined convolution and recurrence with a reshape that leaves time alone, read three error messages, and found the fourth mistake, which has none, with a noise in one frame.
# 2. You trained taggers on mixtures whose labels come from the notes, and judged them by F-score on other chorales and on pitches that training never had.
# 3. You compared CNN, RNN and CRNN at equal weights, saw what each is good for, and measured how far each of them hears.
# 4. You let networks write the next bar from a picture of three, and saw on the scorecard what repetition, chains and networks get right.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | `expected ndim=3, found ndim=4` | a convolution's maps went straight into a recurrent layer | `Reshape((-1, bands * channels))` or `TimeDistributed(Flatten())` |
# | `expected ndim=3, found ndim=2` | `Flatten` threw time away, or the recurrent layer before it has no `return_sequences=True` | flatten each frame by itself; answer at every step |
# | `Shapes used to initialize variables must be fully-defined` | a layer where a cell belongs: `RNN(LSTM(...))` | `LSTM(...)`, or `RNN(LSTMCell(...))` |
# | it trains, thirty times too slowly, and learns little | the reshape laid bands into time | one loud frame: which steps move? |
# | fewer frames come out than went in | no padding, or pooling over time | `padding="same"`, pool `(1, n)` |
# | good in the notebook, bad on your recording | scaled by its own mean, or twice, or another loudness, or simply another room | the training's mean and spread inside the network; loudness varied in training; and modesty |
# | test scores too good to be true | the same pieces, or the same notes, on both sides | split by piece; keep pitches apart |
# | F-score 0, loss falls | the rare "yes" never gets above one half | look at precision and recall by themselves; move the threshold on *validation* data |
# | tags flicker | no memory | a recurrent layer, or two thresholds |
# | generated bars all sound like bar 3 | the bars on top of one another invite copying | a higher temperature; look at the copy column |
# | a bidirectional layer in a generator: splendid loss, useless music | it has seen the answer | recurrence in one direction, causal convolutions |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. M. Schuster and K. K. Paliwal, "Bidirectional recurrent neural networks", *IEEE Transactions on Signal Processing* 45(11), 1997, 2673–2681, [doi:10.1109/78.650093](https://doi.org/10.1109/78.650093).
# 2. A. Mesaros, T. Heittola and T. Virtanen, "Metrics for polyphonic sound event detection", *Applied Sciences* 6(6), 2016, article 162, [doi:10.3390/app6060162](https://doi.org/10.3390/app6060162).
# 3. E. Çakır, G. Parascandolo, T. Heittola, H. Huttunen and T. Virtanen, "Convolutional recurrent neural networks for polyphonic sound event detection", *IEEE/ACM Transactions on Audio, Speech, and Language Processing* 25(6), 2017, 1291–1303, [arXiv:1702.06286](https://arxiv.org/abs/1702.06286): CNN, RNN and CRNN compared on everyday sounds; our tagger is a small relative.
# 4. K. Choi, G. Fazekas, M. Sandler and K. Cho, "Convolutional recurrent neural networks for music classification", ICASSP 2017, [arXiv:1609.04243](https://arxiv.org/abs/1609.04243): tags for whole pieces, at controlled numbers of parameters.
# 5. G. Parascandolo, H. Huttunen and T. Virtanen, "Recurrent neural networks for polyphonic sound event detection in real life recordings", ICASSP 2016, [arXiv:1604.00861](https://arxiv.org/abs/1604.00861): recurrence without convolution.
# 6. L.-C. Yang, S.-Y. Chou and Y.-H. Yang, "MidiNet: a convolutional generative adversarial network for symbolic-domain music generation", ISMIR 2017, [arXiv:1703.10847](https://arxiv.org/abs/1703.10847): convolutions write bar after bar, with the bar before in view. Lesson 10 comes back to it.

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.mixtures` (`load_mixtures`, `orchestrate`, `score_to_labels`, `score_to_mixture`, `audio_to_frames`) · `musegen_edu.models.crnn.InstrumentTagger` · `musegen_edu.models.next_bar` (`NextBar`, `symbols_to_roll`) · `musegen_edu.next_bars` (`write_bars`, `symbols_to_score`, `fit_bar_chain`) · `musegen_edu.bar_loop.draw_bars` · `musegen_edu.metrics.tagging` (`tag_scores`, `tag_changes`) ·
# `musegen_edu.metrics.scorecard` · `musegen_edu.plots.tags.plot_tags` · `musegen_edu.widgets` (`SpectrogramPlayer`, `TrainingMonitor`). In a cell, write a name with a question mark, such as `write_bars?`, and run it: the description appears, with its source.
