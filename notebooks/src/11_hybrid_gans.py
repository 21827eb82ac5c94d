# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "11"
#     title: Hybrid GANs
#     prerequisites: ["10_generative_adversarial_networks"]
#     minutes: {read: 40, run: 6, exercise: 35}
#     cpu_seconds: 90
# ---

# %% [markdown] id="title"
# # 11 · Hybrid GANs
#
# ### Several players, several judges
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [10 Generative adversarial networks](10_generative_adversarial_networks.ipynb).*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Let several generators play together, through a shared seed and by listening to one another; show by freezing who reads what, and test by a swap whether they agree.
# 2. Set several judges over them, measure what each judge's weight does, and compute MuseGAN's measures by hand.
# 3. Have a band accompany your own melody, put a band beside chance, Markov chains and real music, and hear what a judge adds to a VAE.
# 4. Translate between two styles with a cycle, say what the cycle guarantees and what it does not, and measure style and content against simpler rivals.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for a double lesson (90 min).** Listening 10 min · the band without a conductor (section 1), played in class, 20 min · the judges' weights 10 min · the small band, with the monitor on the projector, 15 min · MuseGAN's measures at the blackboard 15 min · the 27 translators 15 min · quiz 5 min. Exercises are homework.
# In a single lesson (45 min): listening, section 1, the swap of section 3, the 27 translators.
# **To begin with, without a computer:** two learners sit back to back, each with three cards C, F, G. On a sign both hold one up. How often do they agree? Now a third person holds up one, two or three fingers where both can see them. That is a shared seed, and nobody in the room needs a formula for it.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Two bands, four bars each: flute, clarinet, double bass and drums. In both, *every player by itself* plays music that was written by Bach (and drums that a rule has added). But in one of them the double bass plays from **another piece**. **Write down**: which one? After how many notes were you sure? And what gave it away, since no single part is wrong?

# %% id="listen-first"
from IPython.display import display

from musegen_edu.bands import band_windows
from musegen_edu.tokens.band_codec import PARTS, BandCodec

codec = BandCodec()
windows = {split: band_windows(split) for split in ("train", "test")}
own = windows["test"].tables[40]
strange = own.copy()
strange[:, 2] = windows["test"].tables[87][:, 2]  # the bass of another chorale, in the same key
for name, table in (("A", strange), ("B", own)):
    display(codec.decode(table, title=f"Band {name}"))

# %% [markdown] id="listen-explained"
# <details><summary>The answer</summary>
#
# In band A the bass is a stranger. You heard it without looking at a single note: parts have to *agree*, and agreement lies in no part. A generator that plays one part well is lesson 10. This lesson is about what lies between the parts, and between the styles.
#
# </details>

# %% [markdown] id="together-intro"
# ## 1 · Two players, one song
#
# Lesson 10 had one generator. A band has several players, and each has their own instrument. The new question is not how one of them plays well. It is: **how can they agree?**
#
# The smallest band there is. In each bar the *bass* plays one of three roots, C, F or G; the *tune* plays one of seven white keys. In real songs of this little world all three chords are equally common, and the tune's note is always one of the chord, each equally often: C with C E G, F with F A C, G with G B D. So there are 3 × 7 = 21 bars that one could play, and 9 of them are real.
#
# Dong and others (MuseGAN, 2018 [1]) name three ways to build such a band out of generators:
#
# - **composer**: one generator writes all parts, as if it were one instrument;
# - **jamming**: a generator for each part, each with a seed of its own, which nobody else knows;
# - **hybrid**: a generator for each part, and each reads *two* seeds: one that all of them share, and one of its own.
#
# We give each player a table of probabilities instead of a network: row $s$ says how likely it plays each note when the shared seed is $s$. Its own seed is the die with which it then draws its note. With one row only, no seed is shared: jamming. With eight rows it is a hybrid. So both play together with the probability
#
# $$q(a, b) = \frac{1}{S} \sum_{s=1}^{S} q_1(a \mid s)\; q_2(b \mid s)$$
#
# $a$ is the bass's root, $b$ the tune's note, $S$ the number of shared seeds, $q_1$ and $q_2$ are the two tables.

# %% id="together-real"
import matplotlib.pyplot as plt
import numpy as np

from musegen_edu.plots.style import INK, LINES, MARKERS, PALETTE, add_legend, dress

ROOTS, NOTES = "C F G".split(), "C D E F G A B".split()
real = np.zeros((3, 7))  # how likely each bar is in real songs
for row, chord in enumerate(("C E G", "F A C", "G B D")):
    real[row, [NOTES.index(note) for note in chord.split()]] = 1 / 9
chords = real > 0
print("the tune's notes by themselves:", dict(zip(NOTES, real.sum(axis=0).round(2).tolist())))

# %% [markdown] id="together-judges"
# **The judges.** One hears the bass alone, one the tune alone, one hears both together, and each has a weight $w$. To keep training out of the way we take *perfect* judges. Lesson 10 showed what they say: $D^*(x) = p(x) / (p(x) + q(x))$, with $p$ the real music; and what a generator then minimises is, up to constants, the Jensen–Shannon divergence between $p$ and $q$. Its slope in $q$ is $\tfrac12 \ln \frac{2q}{p + q}$, which is $\tfrac12 \ln\big(2\,(1 - D^*)\big)$. So the players go down the sum of three such slopes, times their weights:

# %% id="together-play"
def softmax(logits):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)

def slope(p, q):
    return 0.5 * np.log(2 * q / (p + q))

def learn(shared, bass, tune, both, steps=4000, rate=5.0, seed=0):
    """Return the tables of two players with so many shared seeds, against three judges with these weights."""
    first, second = (np.random.default_rng(seed).normal(0, 0.5, (shared, n)) for n in (3, 7))
    for _ in range(steps):
        q1, q2 = softmax(first), softmax(second)
        q = q1.T @ q2 / shared
        g = both * slope(real, q) + bass * slope(real.sum(1), q.sum(1))[:, None] + tune * slope(real.sum(0), q.sum(0))
        for logits, player, told in ((first, q1, q2 @ g.T), (second, q2, q1 @ g)):
            logits -= rate / shared * player * (told - (player * told).sum(axis=1, keepdims=True))
    return q1, q2

# %% [markdown] id="predict-together"
# **Predict.** Three bands learn until nothing changes any more:
#
# 1. *jamming*: no shared seed, all three judges;
# 2. eight shared seeds, but only the two judges that hear *one* part each;
# 3. *hybrid*: eight shared seeds, all three judges.
#
# *In how many bars of a hundred will the tune fit the bass, in each of the three?*

# %% id="together"
players = {
    "jamming": learn(shared=1, bass=1, tune=1, both=1),
    "shared seed, nobody hears both": learn(shared=8, bass=1, tune=1, both=0),
    "hybrid": learn(shared=8, bass=1, tune=1, both=1),
}
bands = {name: q1.T @ q2 / len(q1) for name, (q1, q2) in players.items()}  # what they play together
by_chance = np.outer(real.sum(1), real.sum(0))[chords].sum()
print(f"{'two strangers, each right by itself':36s} {by_chance:.0%} of the bars fit")
for name, q in bands.items():
    print(f"{name:36s} {q[chords].sum():.0%} of the bars fit; each part alone is off by at most "
          f"{max(abs(q.sum(1) - real.sum(1)).max(), abs(q.sum(0) - real.sum(0)).max()):.2f}")  # fmt: skip
often = [["".join(np.array(names)[row > 0.05]) for row in q] for names, q in zip((ROOTS, NOTES), players["hybrid"])]
print("the hybrid, for each of the eight shared seeds, bass: tune ", "   ".join(f"{a}: {b}" for a, b in zip(*often)))

# %% id="together-figure"
figure, axes = plt.subplots(1, 4, figsize=(12, 2.9), dpi=110, sharey=True, layout="constrained")
for ax, (name, q) in zip(axes, {"real songs": real, **bands}.items()):
    ax.imshow(q, cmap="Greys", vmin=-0.04, vmax=0.16, aspect="auto")
    for a, b in np.ndindex(q.shape):
        if q[a, b] > 0.005:
            color = "white" if q[a, b] > 0.07 else "black"
            ax.text(b, a, f"{100 * q[a, b]:.0f}", ha="center", va="center", fontsize=10, color=color)
    for a, b in np.argwhere(chords):
        ax.add_patch(plt.Rectangle((b - 0.5, a - 0.5), 1, 1, fill=False, color=PALETTE[1], linewidth=1.5))
    ax.set(xticks=range(7), xticklabels=NOTES, yticks=range(3), yticklabels=ROOTS)
    short = name.split(", ")[-1].capitalize()
    dress(ax, title=f"{short}: {q[chords].sum():.0%} fit", x="note of the tune", y="root of the bass" if ax is axes[0] else "")
    ax.title.set_fontsize(11)

# %% [markdown] id="together-explained"
# <details><summary>What happened, and why</summary>
#
# The numbers are per cent of all bars, orange frames are the real ones.
#
# - **Jamming** cannot agree, however well it is judged. Without a shared seed the two dice are independent, so $q(a, b) = q_1(a)\, q_2(b)$, and about half of the bars fit, as with strangers. The third judge says "wrong!" all the time; but no player can see what the other has drawn.
# - **A shared seed that nobody asks for** is not used. Each part by itself is perfect, and no judge hears that they do not fit.
# - **The hybrid** has both: a way to agree, and somebody who insists. Most of the shared seeds have become a *chord* (the last line; where the bass wavers between two roots, the tune stays on the note that both chords have). Nobody told the band what a chord is. And each player is still free to choose among what fits.
#
# That is the whole idea. In MuseGAN, and in our band below, seeds are numbers instead of rows of a table, and players are networks.
#
# </details>

# %% [markdown] id="in-turn-intro"
# ### A fourth way: listen
#
# Players can agree without any seed at all, if they play **in turn**: the bass throws its die, and the tune *hears* what has fallen before it throws its own. The tune's table then has a row for each root that it may have heard:
#
# $$q(a, b) = q_1(a)\; q_2(b \mid a)$$
#
# As before, $q_1(a)$ is how likely the bass plays $a$; $q_2(b \mid a)$ is how likely the tune plays $b$ *after it has heard* $a$. That is lesson 06's chain rule of probability, with players in place of the voices of a chord, and every $q(a, b)$ can be written like that. **Predict.** *How many bars fit now? And what does it cost, that a shared seed does not?*

# %% id="in-turn"
def learn_in_turn(steps=4000, rate=5.0, seed=0):
    """Return the table of the bass and that of a tune who hears it, against all three judges with weight 1."""
    rng = np.random.default_rng(seed)
    first, second = rng.normal(0, 0.5, 3), rng.normal(0, 0.5, (3, 7))
    for _ in range(steps):
        q1, q2 = softmax(first), softmax(second)
        q = q1[:, None] * q2
        g = slope(real, q) + slope(real.sum(1), q.sum(1))[:, None] + slope(real.sum(0), q.sum(0))
        for logits, player, told in ((first, q1, (g * q2).sum(axis=1)), (second, q2, g * q1[:, None])):
            logits -= rate * player * (told - (player * told).sum(axis=-1, keepdims=True))
    return q1, q2

q1, q2 = learn_in_turn()
in_turn = q1[:, None] * q2
print(f"in turn: {in_turn[chords].sum():.0%} of the bars fit; no bar's probability is off by more than {abs(in_turn - real).max():.3f}")

# %% [markdown] id="in-turn-explained"
# <details><summary>What happened, and why</summary>
#
# Nearly all of them, and each real bar as often as it should be, without a wavering row. Whatever the bass has thrown, the tune can answer it; with a shared seed it can only rely on what was agreed *before* anybody threw.
#
# The cost: somebody must wait. Parts are no longer forged at once but one after the other, and they are not free of one another any more: draw the bass's own seed anew, and the tune has to change as well. The band below has **both**: a shared seed for the plan, and players who listen.
#
# </details>

# %% id="together-listen"
from musegen_edu import Score, join

def play(q, title, halves=16, seed=3):
    """Bass and tune in half notes, each pair drawn from q."""
    drawn = np.random.default_rng(seed).choice(21, size=halves, p=q.ravel() / q.sum())
    roots, notes = np.array([36, 41, 43])[drawn // 7], np.array([72, 74, 76, 77, 79, 81, 71])[drawn % 7]
    rows = [(48 * i, 48, pitch, 90, part) for part, line in enumerate((notes, roots)) for i, pitch in enumerate(line.tolist())]
    return Score.from_notes(rows, key="C major", bpm=100, programs=(73, 32), title=title)

join([play(bands[name], "Eight bars of jamming, eight bars of the hybrid") for name in ("jamming", "hybrid")])

# %% [markdown] id="weights-intro"
# ## 2 · Several judges, and what they weigh
#
# The hybrid could please all three judges at once. Then their weights hardly matter: whatever you multiply, the sum is smallest at the same place. **Weights decide where not everybody can be pleased**, because the players are too small, or train too briefly, or know too little of one another. Let us make them poor: *two* shared seeds for three chords.
#
# **Predict.** *The weight of the judge who hears both goes from 0 to 8, the other two keep 1. What is gained, and who pays?*

# %% id="weights-sweep"
WEIGHTS = (0, 0.25, 0.5, 1, 2, 4, 8)
seeds = range(5)  # players begin elsewhere each time: the mean of five
fits, apart = [], []
for weight in WEIGHTS:
    tables = [learn(shared=2, bass=1, tune=1, both=weight, seed=seed, rate=5 / (1 + weight / 4)) for seed in seeds]
    found = [q1.T @ q2 / 2 for q1, q2 in tables]
    fits.append(np.mean([q[chords].sum() for q in found]))
    apart.append(np.mean([abs(q.sum(1) - real.sum(1)).sum() / 2 + abs(q.sum(0) - real.sum(0)).sum() / 2 for q in found]))
print("weight   bars that fit   each part by itself off by (bass + tune)")
for weight, fit, off in zip(WEIGHTS, fits, apart):
    print(f"{weight:6g}   {fit:13.0%}   {off:10.2f}")

# %% id="weights-figure"
figure, axes = plt.subplots(1, 2, figsize=(11, 3.2), dpi=110, layout="constrained")
places = np.arange(len(WEIGHTS))
for i, (ax, values, y) in enumerate(zip(axes, (fits, apart), ("share of bars that fit", "off in probability, bass + tune"))):
    ax.plot(places, values, LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, markersize=8)
    ax.set_xticks(places, [f"{weight:g}" for weight in WEIGHTS])
    ax.set_ylim(0, 1.15 * max(values))
    fit, off = f"from {fits[0]:.0%} to {fits[-1]:.0%}", f"from {apart[0]:.2f} off to {apart[-1]:.2f}"
    dress(ax, title=f"Each part by itself: {off}" if i else f"Bars that fit: {fit}", x="weight of the judge who hears both (the others have 1)", y=y)

# %% [markdown] id="weights-explained"
# <details><summary>What happened, and why</summary>
#
# With two seeds one can agree on two chords. The judge who hears both would like the third one to be played less; the bass's own judge wants all three equally often. The weight settles the argument: the more the ensemble counts, the more bars fit, and the further each part drifts from what it would play by itself.
#
# So there is no "right" weight. There is a curve of what can be had, as with $\beta$ in lesson 09, and somebody has to choose a point on it, *by measuring what they care about*. Only ratios count: if all weights are doubled, nothing changes but the length of the steps. Our `BandGAN` divides by the sum of the weights for that reason.
#
# </details>

# %% [markdown] id="band-intro"
# ## 3 · A band of four networks
#
# Now with networks. Our band plays four bars of 4/4 on a grid of sixteenths: **soprano, alto and bass** learn from Bach's chorales, all moved to keys without sharps and flats. Bach wrote no **drums**, so a rule adds them to the training music: the busier the voices, the busier the groove, and a fill where a line of the hymn ends. (Made-up drums, therefore; real drummers are in `fetch_dataset("groove")`.)
#
# ```
#   shared seed ──►  plan, beat by beat ──┬──► 1 soprano's network ◄── soprano's own seed
#   (for the phrase, and for each bar)    │        │ heard by 2, 3, 4
#                                         ├──► 2 bass's network    ◄── bass's own seed
#                                         │        │ heard by 3, 4
#                                         ├──► 3 alto's network    ◄── alto's own seed
#                                         │        │ heard by 4
#                                         └──► 4 drums' network    ◄── drums' own seed
#                                                  │
#                          rhythm judge (when?)   harmony judge (which notes together?)   judge of the whole
# ```
#
# They play in turn: the outer voices first, then the alto who fills in between, then the drums. (MuseGAN's players [1] do not hear one another. Section 5 shows what that changes.)
#
# The **rhythm judge** sees when notes and strokes begin, and no pitch. The **harmony judge** sees which note names sound together, and which of them make up the bar; neither octave nor drums. The third sees all.

# %% id="band-data"
print({split: len(found) for split, found in windows.items()}, "windows of four bars;", "parts:", ", ".join(PARTS))
begins = {part: int((windows["train"].tables[..., i] > 2).sum()) for i, part in enumerate(PARTS[:3])}
strokes = int(windows["train"].tables[..., 3:].sum())
print("notes that begin in the training windows:", begins, "and", strokes, "strokes")
windows["test"].score(2)

# %% [markdown] id="open-intro"
# ### The players, in the open
#
# Nothing in them is new. A plan is unfolded from the shared seed, bars first, then beats (transposed convolutions, as in lesson 10); each player reads the plan and its own seed, hears what has been played before it, and unfolds all that into sixteenths: for each of them a logit for each symbol, or for each drum. From the logits it *throws* what it plays; the throws are its own, too. Lesson 10's straight-through choice lets a judge's complaint pass back through a throw. So it reaches even those who were only *heard*: a soprano that leaves the bass no good note is told so. At the end we compare the shapes of all weights with those of the class that is trained below.

# %% id="open-plan"
from musegen_edu.models.band_layers import PART_WIDTHS
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops

def smooth(x):
    return ops.relu(layers.LayerNormalization(center=False, scale=False)(x))

def open_plan(row, shared, bar, units):
    """Seed rows (n, noise) to a plan (n, 16 beats, units): everybody reads it."""
    phrase = ops.repeat(row[:, None, :shared], 4, axis=1)  # the same numbers in each bar
    bars = ops.concatenate([phrase, ops.reshape(row[:, shared : shared + 4 * bar], (-1, 4, bar))], axis=-1)
    x = smooth(layers.Conv1D(2 * units, 1)(bars))
    x = smooth(layers.Conv1D(2 * units, 3, padding="same")(x))  # neighbouring bars agree
    x = smooth(layers.Conv1DTranspose(units, 4, 4)(x))  # each bar becomes four beats
    return smooth(layers.Conv1D(units, 3, padding="same")(x))

# %% id="open-hear"
from musegen_edu.models.band_layers import ORDER, VoiceRoll
from musegen_edu.models.gan_layers import straight_through

def hear(logits):
    """What the others hear of a voice, (n, 64, 60): whether a note begins, and which of 59 pitches sounds."""
    roll = VoiceRoll()(straight_through(logits, 1.0))  # (n, 64, pitch, (begins, sounds)) of the symbols that are chosen
    return ops.concatenate([ops.sum(roll[..., 0], axis=-1, keepdims=True), roll[..., 1]], axis=-1)

print("they play in this order:", ", ".join(ORDER))

# %% id="open-player"
def open_player(plan, mine, heard, units, channels):
    """A plan (n, 16, units), a player's own seed (n, 4, own) and the voices it hears to what it plays: logits (n, 64, channels)."""
    told = [plan, ops.repeat(mine, 4, axis=1)]
    if heard:  # nobody has played before the first
        heard = ops.concatenate(heard, axis=-1) if len(heard) > 1 else heard[0]
        told.append(smooth(layers.Conv1D(units, 4, 4)(heard)))  # beat by beat
    y = smooth(layers.Conv1D(units, 3, padding="same")(ops.concatenate(told, axis=-1)))
    y = smooth(layers.Conv1DTranspose(units, 4, 4)(y))  # each beat becomes four sixteenths
    if len(told) > 2:
        y = ops.concatenate([y, heard], axis=-1)  # and sixteenth by sixteenth
    y = smooth(layers.Conv1D(units, 3, padding="same")(y))
    return layers.Conv1D(channels, 1)(y)

# %% id="open-band"
def open_band(shared, bar, own, units):
    first = shared + 4 * bar
    row = keras.Input((first + 4 * 4 * own,))
    plan, mine = open_plan(row, shared, bar, units), ops.reshape(row[:, first:], (-1, 4, 4, own))  # (n, part, bar, own)
    played, heard = {}, []
    for part in ORDER:
        played[part] = open_player(plan, mine[:, PARTS.index(part)], heard, units, PART_WIDTHS[part])
        if part != "drums":
            heard.append(hear(played[part]))
    return keras.Model(row, ops.concatenate([played[part] for part in PARTS], axis=-1))

# %% [markdown] id="train-intro"
# ### Train a small one
#
# Less than a minute is enough for a groove, not for Bach. The monitor of lesson 10 keeps what the band plays, so that you can go back in time and hear it. **Predict.** *What comes first, the groove or the harmony?*

# %% id="train-quick"
from musegen_edu import BandGAN, GanMonitor, TwoSpeedAdam

band = BandGAN({"rhythm": 1.0, "harmony": 1.0, "whole": 1.0}, units=24, filters=8, average=0.95, seed=0)
band.compile(TwoSpeedAdam(2e-3, 2e-3))
first = band.generate_tables(96, seed=1)

def forge(n, seed):
    return band.generate_tables(n, seed=seed)

def verdicts(examples):
    """What each judge makes of bands, given as tables or as the judges read them: name -> (n,)."""
    shown = band.prepare(examples) if examples.shape[-1] == 13 else ops.convert_to_tensor(examples)
    scores = ops.convert_to_numpy(band.judge(shown))  # (n, judges, 16 beats and 4 bars)
    return {judge: scores[:, i].mean(axis=1) for i, judge in enumerate(("rhythm", "harmony", "whole"))}

# %% id="train-monitor"
monitor = GanMonitor(band, windows["train"].tables, show=codec.decode, forge=forge, score=verdicts, every=20, title="A small band")
_ = band.fit(windows["train"].tables, batch_size=32, epochs=3, verbose=0, callbacks=[monitor.callback])

# %% id="train-measured"
from musegen_edu.metrics.ensemble import ensemble_row

stages = {"before": first, "after": band.generate_tables(96, seed=1), "real music": windows["test"].tables}
found = {name: ensemble_row(tables) for name, tables in stages.items()}
for key in ("notes a bar, soprano", "notes a bar, drums", "beginnings on a beat", "beats on a chord"):
    print(f"{key:22s}" + "   ".join(f"{name} {row[key]:6.2f}" for name, row in found.items()))

# %% [markdown] id="train-explained"
# <details><summary>What happened, and why</summary>
#
# How often to play and on which beats comes first: a judge sees that in a single bar, and each player can mend it alone. Whether three voices sound a chord is another kind of fault: to mend it, players have to know of one another. Look at the last line, and at the judges' scores in the monitor.
#
# </details>

# %% id="train-listen"
codec.decode(stages["after"][0], title="The small band")

# %% id="open-same"
sizes = {name: band.get_config()[name] for name in ("shared", "bar", "own", "units")}
ours = open_band(**sizes)
shapes = [sorted(tuple(weight.shape) for weight in model.trainable_weights) for model in (ours, band.generator)]
print(f"{ours.count_params():,} numbers; the same shapes as the trained players: {shapes[0] == shapes[1]}")
print(f"a seed has {band.noise} numbers; all read {len(band.seed_places())} of them, each player {len(band.seed_places('bass'))} more")

# %% [markdown] id="predict-swap"
# ### Do they agree?
#
# The riddle from the beginning is a test as well. Swap: leave three players where they are, and take the bass from *another* piece of the same band. What can be lost by that? The **chords**: on how many beats do the three voices sound a major, minor or diminished triad, or part of one? (Three notes drawn evenly: on 15 % of the beats.) **Predict.** *How much do Bach's pieces lose by the swap? And the band's?*

# %% id="swap"
def swapped(tables):
    other = tables.copy()
    other[..., 2] = np.roll(tables[..., 2], 1, axis=0)  # the bass of the piece before
    return other

for name, tables in {"real music": windows["test"].tables, "the small band": band.generate_tables(192, seed=4)}.items():
    own, other = (ensemble_row(found)["beats on a chord"] for found in (tables, swapped(tables)))
    print(f"{name:14s} on a chord: {own:.0%} of the beats; with the bass of another piece {other:.0%}")

# %% [markdown] id="swap-explained"
# <details><summary>What happened, and why</summary>
#
# Bach's pieces lose a large part of their chords: the bass belonged to *this* melody. (Not all of them are lost. Everything here is in a key without accidentals, so that a stranger, too, plays mostly notes that occur in the chords.) The small band loses next to nothing, for there is nothing to lose: after three passes it has found how often to play, and on which beats; each part by itself. **It does not agree yet.** The plan and the ears that could carry an agreement are there, but the judges still have easier faults to complain of.
#
# So look at what *can* be lost before you praise what is there. A number such as "beats on a chord" needs two others beside it: that of real music, and that of the swap.
#
# </details>

# %% [markdown] id="train-full-intro"
# With a GPU, or with patience, the full profile trains the large band for 40 passes, with the table of what each judge's weight does, and writes into your own folder.

# %% id="train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

for name in ("band_gan", "band_accompanist", "vae_gan", "style_cycle"):
    print(train_by_recipe(name, profile="full", seed=0, verbose=2))

# %% [markdown] id="predict-freeze"
# ### What is shared, what is a player's own
#
# From here on the course's band plays: the same players and judges, wider, and trained for longer. Take a seed, keep all of its numbers but some, and draw those anew. The dice that the players throw for each note stay as they fell. **Predict** the whole table before you run it: *five rows (which numbers are drawn anew: the shared ones, or one player's own), four columns (by how much each part changes), both in the order in which they play. Which fields will be exactly 0?*

# %% id="freeze"
from musegen_edu import load_pretrained

band = load_pretrained("band_gan")

def redraw(seeds, part, seed):
    """Seed rows with one player's own numbers drawn anew; the shared ones if part is None."""
    fresh, places = seeds.copy(), band.seed_places(part)
    fresh[:, places] = band.draw_seeds(len(seeds), seed=seed)[:, places]
    return fresh

COLUMNS = {part: [i] if i < 3 else list(range(3, 13)) for i, part in enumerate(PARTS)}  # where a part stands in a table
seeds = band.draw_seeds(48, seed=1)
before = band.seeds_to_tables(seeds)
changed = np.zeros((5, 4))
for row, part in enumerate((None, *ORDER)):
    after = band.seeds_to_tables(redraw(seeds, part, seed=2))
    for column, name in enumerate(ORDER):
        changed[row, column] = (after[..., COLUMNS[name]] != before[..., COLUMNS[name]]).any(axis=-1).mean()

# %% id="freeze-figure"
ax = plt.subplots(figsize=(7.5, 3.6), dpi=110, layout="constrained")[1]
ax.imshow(changed, cmap="Greys", vmin=-0.05, vmax=max(0.6, changed.max()), aspect="auto")
for row, column in np.ndindex(changed.shape):
    dark = changed[row, column] > 0.3
    ax.text(column, row, f"{changed[row, column]:.0%}", ha="center", va="center", color="white" if dark else "black", fontsize=11)
rows = ["the shared seed", *(f"the {part}'s own" for part in ORDER)]
ax.set(xticks=range(4), xticklabels=ORDER, yticks=range(5), yticklabels=rows)
own, later, earlier = np.diag(changed[1:]), changed[1:][np.triu_indices(4, 1)], changed[1:][np.tril_indices(4, -1)]
title = f"Own seed: {own.mean():.0%} of one's own part, {later.mean():.0%} of later ones, {earlier.max():.0%} of earlier ones"
dress(ax, x="share of the sixteenths at which this part plays something else")
_ = ax.figure.suptitle(title, color=INK, fontsize=12, fontweight="bold", x=0.0, ha="left")

# %% [markdown] id="freeze-listen-intro"
# Now with your ears. First one piece four times, each time with a new seed **for the drums alone**. What stays?

# %% id="freeze-listen-drums"
one = np.repeat(seeds[:1], 4, axis=0)

def played(rows, title):
    """Each row with the same throws of the dice."""
    return join([codec.decode(band.seeds_to_tables(row[None])[0]) for row in rows]).replace(title=title)

new_drums = np.concatenate([one[:1], redraw(one, "drums", seed=3)[1:]])
played(new_drums, "One piece, four drummers")

# %% [markdown] id="freeze-listen-shared-intro"
# And the other way round: all four players keep their own seeds, and **only the shared one** is drawn anew. How much stays the same now?

# %% id="freeze-listen-shared"
new_song = np.concatenate([one[:1], redraw(one, None, seed=3)[1:]])
played(new_song, "Four plans, the same players and dice")

# %% id="swap-trained"
from musegen_edu.recipes.band_baselines import markov_bands

groups = {"real music": windows["test"].tables, "the small band": stages["after"], "the course's band": band.generate_tables(192, seed=4),
          "Markov chains": markov_bands(windows["train"].tables, 96, seed=0)}  # fmt: skip
for name, tables in groups.items():
    own, other = (ensemble_row(found)["beats on a chord"] for found in (tables, swapped(tables)))
    print(f"{name:18s} on a chord: {own:.0%} of the beats; with the bass of another piece {other:.0%}")

# %% [markdown] id="freeze-explained"
# <details><summary>What happened, and why</summary>
#
# The zeros of the table are exact: nobody reads another player's own seed, and nobody hears those who play later. So a new drummer moves nobody, and you have heard four of them over the same three voices. Above the diagonal is what *listening* does: a new soprano is heard by all others, and they answer. The shared seed moves everybody, but less than one might think: the dice are left as they fell, and they decide most. So it is by ear that these players agree, more than by the plan.
#
# And the swap? The voices of the course's band are on a chord about as often as Bach's are, and with the bass of another piece they lose about as much as Bach's do: **they agree**, on something that holds for this piece alone. Markov chains lose nothing, for there is nothing to lose. The large band, trained for a few minutes more, has learnt what the small one had not begun with. Section 5 shows whether the plan or the ears did it.
#
# </details>

# %% [markdown] id="measures-intro"
# ## 4 · Five measures, by hand
#
# "It sounds better" is not a measurement. MuseGAN's authors [1] judge bands by five numbers. None of them says *good*; each says *how much*, and the question is always: as much as in real music? Here is a band so small that you can do all of it on paper: two bars of 4/4 for flute, double bass and drums.

# %% id="measures-tiny"
from musegen_edu import letters_to_score
from musegen_edu.score import DRUMS, stack

flute = letters_to_score("C5 E5 G5 E5 | D5:2 - r", key="C major", programs=(73,))
bass = letters_to_score("C3:2 G3:2", key="C major", programs=(32,))  # silent in bar 2
strokes = [(0, 36), (12, 42), (24, 38), (36, 42), (48, 36), (60, 42), (72, 38), (78, 42), (96, 36)]
kit = Score.from_notes([(onset, 6, drum) for onset, drum in strokes], key="C major", programs=(DRUMS,))
tiny = stack([flute, bass, kit]).replace(title="A tiny band")
tiny

# %% [markdown] id="predict-measures"
# | measure | what is counted |
# |---|---|
# | **EB**, empty bars | share of a part's bars in which it is silent |
# | **UPC**, used pitch classes | how many different note names a part has in a bar, on average over the bars in which it plays |
# | **QN**, qualified notes | share of a part's notes that are no crumbs: at least a 32nd long |
# | **DP**, drum pattern | share of the drum strokes on the eighths of the bar (or on its sixteenths) |
# | **TD**, tonal distance | how far apart two parts are in harmony, on average over the quarters in which both sound |
#
# **Predict**, with pencil and paper. *EB of the bass? UPC of the flute: bar 1 has C, E, G and again E; bar 2 has D alone? DP of the drums on eighths, where an eighth is 12 ticks? (A stroke that is off by one tick would count a little; here none is.)*

# %% id="measures-by-hand"
from musegen_edu.metrics import empty_bars, notes_in_drum_pattern, qualified_notes, tonal_distance, used_pitch_classes

pitches = [{60 % 12, 64 % 12, 67 % 12}, {62 % 12}]  # the flute's note names in bar 1 and in bar 2
on_eighths = [onset for onset, _ in strokes if onset % 12 == 0]
lengths = flute.notes["duration"]  # ticks; a 32nd has 3
by_hand = {
    "EB, bass": (1 / 2, empty_bars(tiny, 1)),
    "UPC, flute": ((len(pitches[0]) + len(pitches[1])) / 2, used_pitch_classes(tiny, 0)),
    "QN, flute": ((lengths >= 3).sum() / len(lengths), qualified_notes(tiny, 0)),
    "DP on eighths": (len(on_eighths) / len(strokes), notes_in_drum_pattern(tiny, 2, beats=8)),
}
for name, (ours, theirs) in by_hand.items():
    print(f"{name:14s} by hand {ours:.3f}, by the function {theirs:.3f}")

# %% [markdown] id="tonal-intro"
# ### Tonal distance
#
# The fifth one needs a picture. How far is one chord from another? Counting semitones is no good: C and G are seven apart and near relatives, C and C sharp are neighbours and strangers. Harte, Sandler and Gasser [2] lay the twelve note names on **three circles**. Going up by a semitone turns by $7\pi/6$ on the first, by $3\pi/2$ on the second and by $2\pi/3$ on the third. So on the first circle *fifths* are neighbours: seven semitones turn by $49\pi/6$, four whole turns and a twelfth. On the second, notes a *minor third* apart are a quarter turn from one another (and those a major third apart fall together); on the third, notes a *major third* apart are a third of a turn from one another (and those a minor third apart fall together). Name $l$ (0 is C, 11 is B) has the six numbers
#
# $$\phi(l) = \Big(\sin\tfrac{7\pi l}{6},\ \cos\tfrac{7\pi l}{6},\ \sin\tfrac{3\pi l}{2},\ \cos\tfrac{3\pi l}{2},\ \tfrac12\sin\tfrac{2\pi l}{3},\ \tfrac12\cos\tfrac{2\pi l}{3}\Big)$$
#
# A chord is the mean of its notes' points, each weighted by how long it sounds: its **tonal centroid**. The tonal distance of two parts is the straight line between their centroids, quarter by quarter. Here are the circles:

# %% id="tonal-places"
from musegen_edu.metrics import tonal_centroid

NAMES = "C C# D Eb E F F# G Ab A Bb B".split()
six = np.array([tonal_centroid(np.eye(12)[name]) for name in range(12)])  # (12, 6): each name's six numbers

def by_place(x, y):
    """The names that fall together on a circle: place -> names."""
    found = {}
    for name, place in zip(NAMES, zip(x.round(6) + 0.0, y.round(6) + 0.0)):
        found.setdefault(place, []).append(name)
    return found

# %% id="tonal-figure"
figure, axes = plt.subplots(1, 3, figsize=(12, 3.0), dpi=110, layout="constrained")
for i, (ax, circle) in enumerate(zip(axes, ("Fifths", "Minor thirds", "Major thirds"))):
    x, y = six[:, 2 * i], six[:, 2 * i + 1]
    radius, places = np.hypot(x, y).max(), by_place(x, y)
    ax.add_patch(plt.Circle((0, 0), radius, fill=False, color=INK, linewidth=0.8, linestyle=":"))
    ax.plot(x, y, "o", color=PALETTE[i], markersize=7)
    for place, names in places.items():
        side = "center" if abs(place[0]) < 0.3 else "left" if place[0] > 0 else "right"
        outwards = np.array(place) / radius * 10  # points
        ax.annotate(" ".join(names), place, xytext=outwards, textcoords="offset points", color=INK, ha=side, va="center")
    ax.set(xlim=(-2.1, 2.1), ylim=(-1.35, 1.35), xticks=[], yticks=[], aspect="equal")
    dress(ax, title=f"{circle}: {len(places)} places, radius {radius:g}")
    ax.spines[:].set_visible(False)

# %% [markdown] id="predict-tonal"
# **Predict.** *Put these in order, from the nearest to C major to the furthest: G major, F sharp major, A minor, C sharp major, and C major played an octave higher.*

# %% id="tonal-chords"
CHORDS = {"C major": (60, 64, 67), "the same, higher": (72, 76, 79), "A minor": (57, 60, 64), "G major": (55, 59, 62),
          "C sharp major": (61, 65, 68), "F sharp major": (54, 58, 61)}  # fmt: skip

def held(pitches):
    return Score.from_notes([(0, 96, pitch) for pitch in pitches])

gaps = {name: tonal_distance(stack([held(CHORDS["C major"]), held(chord)]), 0, 1) for name, chord in CHORDS.items()}
for name, gap in sorted(gaps.items(), key=lambda item: item[1]):
    print(f"C major to {name:17s} {gap:.2f}")

# %% [markdown] id="measures-real-intro"
# ### Real music first
#
# A number alone is nothing. So: the same measures for four-bar windows of Bach's chorales that no model has seen, and for the *floor*. The floor says how far two groups of real windows are from each other, each from one half of the chorales, drawn at random. No model can be expected to come nearer to real music than real music does.
#
# **Predict.** *In which measures will the floor be 0?*

# %% id="measures-real"
from musegen_edu.metrics import multitrack_row, real_to_real

held_out = windows["test"].scores()
real_row = multitrack_row(held_out, names=PARTS, n_bars=4)
floor = real_to_real(held_out, seed=0, pieces=windows["test"].piece, names=PARTS, n_bars=4)
print(f"{'':32s} real music   floor")
for name, value in real_row.items():
    print(f"{name:32s} {value:10.3f}   {floor[name]:5.3f}")

# %% [markdown] id="measures-real-explained"
# <details><summary>How to read it</summary>
#
# - **Floor 0** means that real music never differs there. On our grid no note can be shorter than a sixteenth and every stroke lies on a sixteenth, so qualified notes and the 16-beat pattern are 1 whoever plays. A measure that the *representation* fulfils by itself praises nobody. And no part of a chorale is ever silent for a bar.
# - **Tonal distance** between single voices is large, 1.4 to 1.7: at a given moment a voice has one note only, and two notes of one chord lie further apart than two chords. The number means something beside that of real music, and nowhere else.
#
# </details>

# %% [markdown] id="crumbs-intro"
# ### What qualified notes are good for: a mistake
#
# Take a network that gives a *probability* for each cell of a piano roll: each pitch at each sixteenth. That is what a last layer `Dense(128, activation="sigmoid")` does, and many listings do. How do notes come of it? **Predict.** *You toss a coin for each cell, with its probability. What will a held note of four sixteenths, 90 % each, become?*
#
# Here the probabilities are better than any network's: 0.9 where Bach's soprano really sounds, and 0.002 everywhere else.

# %% id="crumbs"
soprano = windows["test"].score(1).part(0)
roll = np.zeros((64, 128), bool)  # sixteenths, pitches
for onset, duration, pitch in soprano.notes[["onset", "duration", "pitch"]].tolist():
    roll[onset // 6 : (onset + duration) // 6, pitch] = True
chance = np.where(roll, 0.9, 0.002)

def cells_to_score(cells, title):
    """Every run of cells becomes a note, as piano rolls without onsets are read."""
    edges = np.diff(np.pad(cells, ((1, 1), (0, 0))).astype(int), axis=0)  # 1 where a run begins, -1 where it has ended
    begins, ends = (np.argwhere(cells.T).tolist() for cells in (edges > 0, edges < 0))  # sorted by pitch, so that they pair
    notes = [(6 * start, 6 * (stop - start), pitch) for (pitch, start), (_, stop) in zip(begins, ends)]
    return Score.from_notes(notes, key=soprano.key, programs=(73,), bpm=96, title=title)

# %% id="crumbs-measured"
read = {"a threshold at 0.5": chance > 0.5, "a coin for each cell": np.random.default_rng(0).random(chance.shape) < chance}
print(f"{'Bach, read off his roll':24s} QN (an eighth or longer) {qualified_notes(cells_to_score(roll, ''), 0, shortest=12):.2f}")
for name, cells in read.items():
    found = cells_to_score(cells, name)
    print(f"{name:24s} QN (an eighth or longer) {qualified_notes(found, 0, shortest=12):.2f}, {len(found)} notes")
cells_to_score(read["a coin for each cell"], "A coin for each cell")

# %% [markdown] id="crumbs-explained"
# <details><summary>What happened, and why</summary>
#
# Each cell throws for itself, so each note of four sixteenths stays whole with probability $0.9^4 = 0.66$; and two thousandths of 128 pitches are a wrong dot every four sixteenths. With the threshold nothing breaks here, because our probabilities are so good; a network's are not, and where it is undecided between two notes, 0.4 each, the threshold plays neither.
#
# Two ways out. One is the course's: make each voice choose *one* symbol, a pitch, `HOLD` or `REST` (lesson 10's straight-through choice). The other keeps the roll, and lets the network decide for good *while it is trained*, with neurons that are 0 or 1; so the judge hears the crumbs and forbids them (Dong and Yang 2018 [3]). Our band does the first for its voices and the second for its drums.
#
# </details>

# %% [markdown] id="judges-intro"
# ## 5 · What each judge is for
#
# Back to section 2, with networks. Each line of the table is the mean of two small trainings with two seeds, made for the model card of the course's band: the same sizes, the same number of steps; only the judges' weights differ. In the last line but two the weights are equal and **nobody listens**: four players who share nothing but the plan, as in MuseGAN. Beside MuseGAN's measures stand a few of our own, such as the share of the beats on which the three voices sound a major, minor or diminished triad (three notes drawn evenly: 15 %), the same with the bass of another piece, and the share of the voices' notes that begin on a beat.
#
# **Predict.** *The rhythm judge sees no pitch, the harmony judge no beginnings. If one of them has weight 0, what gets worse? Does weight 3 make better what weight 1 made good? And what will be missing where nobody listens?*

# %% id="judges-table"
from musegen_edu import load_card

facts = load_card("band_gan")["metrics"]
runs = {name: {key: np.array(values, float) for key, values in rows.items()} for name, rows in facts["weights"].items()}  # a value a seed
means = {name: {key: values.mean() for key, values in rows.items()} for name, rows in runs.items()}
real_row, floor = facts["real"], facts["floor"]
real_row["beats on a chord, bass exchanged"] = facts["beats on a chord, bass exchanged"]["held-out music"]
SHOWN = {"beats on a chord": "on a chord", "beats on a chord, bass exchanged": "bass exch.", "tonal distance, soprano-bass": "TD sop-bass",
         "beginnings on a beat": "on a beat", "beginnings together": "together", "pitch classes a bar, bass": "UPC bass"}  # fmt: skip
print(f"{'':32s}" + "".join(f"{short:>13s}" for short in SHOWN.values()))
for name, row in {**means, "real music": real_row, "floor": floor}.items():
    print(f"{name:32s}" + "".join(f"{row.get(key, np.nan):13.3f}" for key in SHOWN))

# %% id="judges-floors"
GROUPS = {"rhythm": ("beginnings on a beat", "beginnings together"), "harmony": ("beats on a chord", "tonal distance, soprano-bass")}
SETTINGS = {"rhythm": "rhythm {}, harmony 1, whole 1", "harmony": "rhythm 1, harmony {}, whole 1"}

def floors_off(setting, group):
    """How many floors the measures of a group are from real music, for each weight and seed: (3, seeds)."""
    some = [runs[setting.format(weight)] for weight in (0, 1, 3)]
    gaps = [[abs(rows[key] - real_row[key]) / floor[key] for key in GROUPS[group]] for rows in some]
    return np.array(gaps).mean(axis=1)

for judge, setting in SETTINGS.items():
    print(f"weight of the {judge} judge 0, 1, 3: {judge} {floors_off(setting, judge).mean(axis=1).round(1)} floors off")

# %% id="judges-figure"
figure, axes = plt.subplots(1, 2, figsize=(11, 3.4), dpi=110, sharey=True, layout="constrained")
for ax, (judge, setting) in zip(axes, SETTINGS.items()):
    for i, group in enumerate(GROUPS):
        off = floors_off(setting, group)
        ax.fill_between((0, 1, 3), off.min(axis=1), off.max(axis=1), color=PALETTE[i], alpha=0.2, linewidth=0)
        look = {"marker": MARKERS[i], "color": PALETTE[i], "linewidth": 2, "markersize": 8}
        ax.plot((0, 1, 3), off.mean(axis=1), LINES[i], label=f"measures of {group}", **look)
    ax.set_xticks((0, 1, 3))
    before, after = floors_off(setting, judge).mean(axis=1)[[0, 2]]
    title = f"Measures of {judge}: from {before:.0f} to {after:.0f} floors off"
    dress(ax, title=title, x=f"weight of the {judge} judge (shaded: its seeds)", y="floors from real music" if judge == "rhythm" else "")
axes[0].set_ylim(0)
add_legend(axes[0], loc="best")

# %% [markdown] id="judges-explained"
# <details><summary>How to read it</summary>
#
# - **The harmony judge is needed.** Without it clearly fewer beats are on a chord. The judge of the whole could hear the same, but has much else to complain of. Weight 3 adds little to weight 1: what was asked for has been learnt.
# - **The rhythm judge is hardly missed.** When notes begin is heard by the judge of the whole as well, and it is the first thing that is learnt. With weight 3 more notes begin together than in real music.
# - **Where nobody listens**, more beats are on a chord than chance has. But look at the next column: with a stranger's bass they are *as many*. The players have learnt to prefer notes that go with most others, and have agreed on nothing. The plan that could carry an agreement is there, as in section 1; but what the dice throw for one voice no plan knows. With ears the same number of steps is enough.
#
# Two trainings a line are few. Where the shaded bands overlap, nothing has been shown; which setting is *best* is the question of Exercise 3.
#
# </details>

# %% [markdown] id="accompany-intro"
# ## 6 · Accompany a melody
#
# A band that plays what it likes is one thing; a band that plays *with you* is another. It takes one change: the soprano is no longer forged. It is **given**, as the pitch was given to the sounds of lesson 10: the three other players read it, beside their seeds, and the judges see the whole band, the real melody included. "Does this bass fit *this* melody?" is now the question of the judges. (MuseGAN's authors call it track-conditional generation.)
#
# **Predict.** *Three seeds, one melody. What will stay the same in all three accompaniments?*

# %% id="accompany"
from musegen_edu import accompany, load_pretrained

TUNE = "A4 C5 B4 A4 | G4:1/2 A4:1/2 B4 C5:2 | D5 C5 B4 A4 | G4 A4:1/2 B4:1/2 A4:2"
melody = letters_to_score(TUNE, key="A minor", bpm=96, programs=(73,))
with_band = [accompany(melody, seed=seed) for seed in range(3)]
with_band[0].replace(title="A melody, accompanied")

# %% id="accompany-again"
join([setting.replace(title="") for setting in with_band[1:]]).replace(title="The same melody, two other seeds")

# %% [markdown] id="predict-listens"
# ### Does it listen?
#
# An accompaniment that suits *every* melody a little has not listened. The test is the swap of section 3: **Predict.** *Give each melody of 64 test pieces the accompaniment that was made for another one. How many beats are still on a chord?*

# %% id="accompany-swap"
accompanist = load_pretrained("band_accompanist")
given = windows["test"].tables[::4][:64]
played = accompanist.generate_tables(len(given), melodies=given[..., 0], seed=0)
for name, tables in (("Bach's own voices", given), ("the accompanist", played)):
    exchanged = tables.copy()
    exchanged[..., 0] = np.roll(tables[..., 0], 1, axis=0)
    own, other = (ensemble_row(found)["beats on a chord"] for found in (tables, exchanged))
    print(f"{name:18s} {own:.0%} of the beats on a chord; under another melody {other:.0%}")

# %% [markdown] id="accompany-explained"
# <details><summary>What happened, and why</summary>
#
# Under the melody that it was made for, most beats of the accompaniment are on a chord, if not as many as with Bach; under a stranger's melody it loses as much as Bach's own voices do. **It has listened.** The measure is no praise by itself: more chords than Bach would not be better than Bach, who writes passing notes and suspensions.
#
# For the players it is the task they know from section 3: bass, alto and drums answer a soprano. The judges are shown the melody, too, and since it is always a real one, whatever does not fit is the others' fault.
#
# </details>

# %% [markdown] id="scorecard-intro"
# ## 7 · The scorecard
#
# MuseGAN's measures and ours for: **random** (every cell of every part drawn for itself, as often as the training music has it), **Markov** (each part a chain of order 3 that knows nothing of the others), the **band**, **training music**, and **held-out music**, other chorales that nobody has learnt from. The last two are both real; the distance between them is what remains if one does everything right.
#
# **Predict.** *The Markov chains have learnt each part by itself, and know nothing of one another. In which columns will that show, and in which not at all?*

# %% id="scorecard"
from musegen_edu.metrics.scorecards import Scorecard
from musegen_edu.recipes.band_baselines import random_bands
from musegen_edu.recipes.band_judging import band_row

known = windows["train"].tables
groups = {"random": random_bands(known, 96, seed=0), "Markov": markov_bands(known, 96, seed=0), "band": band.generate_tables(96, seed=0),
          "training music": known[:: len(known) // 96][:96], "held-out music": windows["test"].tables}  # fmt: skip
rows = {name: band_row(tables) for name, tables in groups.items()}
told = [key for key in rows["band"] if floor.get(key)]  # where real music differs from itself at all
Scorecard({name: {key: row[key] for key in told} for name, row in rows.items()}, {})

# %% id="scorecard-figure"
held = rows["held-out music"]
times = {name: {key: abs(row[key] - held[key]) / floor[key] for key in told} for name, row in rows.items() if name != "held-out music"}
figure, ax = plt.subplots(figsize=(9.5, 0.9 + 0.3 * len(told)), dpi=110, layout="constrained")
for i, (name, row) in enumerate(times.items()):
    ax.plot([max(row[key], 0.1) for key in told], np.arange(len(told)), MARKERS[i], color=PALETTE[i], markersize=8, label=name)
ax.axvspan(0.08, 2, color=PALETTE[4], alpha=0.2)
ax.set(xscale="log", yticks=range(len(told)), yticklabels=told, xlim=(0.08, None))
ax.invert_yaxis()
inside = {name: sum(row[key] <= 2 for key in told) for name, row in times.items()}
counts = ", ".join(f"{name} {inside[name]}" for name in ("band", "Markov", "training music"))
title = f"Within twice the floor (grey): {counts} of {len(told)} rows"
add_legend(dress(ax, x="distance from held-out music, in floors (0.1 and less at the edge)"), ncols=4, loc=(0, -0.16))
_ = figure.suptitle(title, color=INK, fontsize=12.5, fontweight="bold", x=0.0, ha="left")

# %% [markdown] id="copies-intro"
# **Does it copy?** The share of its bars whose three voices stand together in a training window, and the share of runs of eight notes that no training voice has, from the model card; beside it the same for held-out chorales, who cannot have copied.

# %% id="copies"
for name, row in facts["novelty"].items():
    print(f"{name:16s} bars known {row['voice bars known']:6.1%}   windows known {row['windows known']:.0f}   "
          f"new runs of 8 notes {row['new runs of 8 notes']:.0%}")  # fmt: skip
print(f"bars of the band that come once or are the first of their kind: {rows['band']['distinct bars']:.0%}")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - Markov chains come near in some rows, and in a few nearer than the band. Look at *which*: these rows hear **one part at a time**, and a chain that copies each part's habits cannot fail there.
# - The rows that hear parts *together* (beats on a chord, beginnings together, voices crossed) are where the chains are no better than chance. There the band is near real music, in chords as near as training music is; its voices still cross too often.
# - **Scale consistency**: the band leaves its scale a little more often than Bach does, and a little more often than the chains do. Its judges hear what sounds in a bar, and no longer; a sharp that fits its own chord passes. The accompanist, whose melody comes from Bach, stays in its scale.
# - Even training music is not within twice the floor everywhere. The floor is strict, and the held-out chorales are other pieces.
#
# </details>

# %% [markdown] id="vaegan-intro"
# ## 8 · A judge inside a VAE
#
# Lesson 09's spectrogram VAE told a note with eight numbers, and what came back was blurred. Why? Its error goes value by value, in decibels. Where a partial may lie a little higher or a little lower, the smallest error is made by painting *the mean of both*: half a partial in two places. A real note never looks like that, and a judge would notice at once.
#
# Larsen and others (2016 [4]) let the judge measure. A picture goes through the judge's convolutions; what its third one has found there are **features**: edges, partials, onsets. The closeness of two pictures is measured in features instead of decibels:
#
# - the **encoder** minimises closeness + $\beta$ · KL, as before;
# - the **decoder**, who is the *generator* as well, minimises closeness + $\gamma$ (gamma) · the generator's loss of lesson 10;
# - the **judge** learns as ever to tell painted notes from real ones.
#
# $$\text{closeness}(x, \hat x) = \frac{\lVert f(x) - f(\hat x) \rVert^2}{\text{variance of } f \text{ over the real notes}}$$
#
# $x$ is the real note, $\hat x$ ("x hat") what comes back from its code, $f$ the features. Three players, one `compute_loss`.
#
# **Predict.** *Which of the two gives back more exactly, in decibels? Which looks and sounds sharper? Can one model be better in both?*

# %% id="vaegan-back"
from musegen_edu import load_dataset
from musegen_edu.metrics.note_pictures import flicker, partial_contrast
from musegen_edu.recipes.note_games import Notes

notes = Notes.of(load_dataset("timbre").test).once()  # pitches that neither model was trained on
painters = {"VAE": load_pretrained("spectrogram_vae"), "VAE and judge": load_pretrained("vae_gan")}
painted = {"real": notes.mels}
for name, painter in painters.items():
    painted[name] = painter.decode(painter.encode(notes.mels, notes.pitches)[0], notes.pitches)
print(f"{len(notes)} notes")
for name, mels in painted.items():
    error = np.sqrt(((mels - notes.mels) ** 2).mean())
    print(f"{name:14s} error {error:4.1f} dB   contrast of the partials {partial_contrast(mels).mean():.2f} dB   "
          f"flicker {flicker(mels).mean():.2f} dB a frame")  # fmt: skip

# %% id="vaegan-figure"
instruments = load_dataset("timbre").class_names
place = int(np.flatnonzero((notes.instruments == instruments.index("Trumpet")) & (notes.pitches == 60))[0])
figure, axes = plt.subplots(1, 3, figsize=(11.5, 3.2), dpi=110, sharey=True, layout="constrained")
for ax, (name, mels) in zip(axes, painted.items()):
    ax.imshow(mels[place], origin="lower", aspect="auto", cmap="magma", vmin=-80, vmax=0, extent=(0, 1, 0, 128))
    share = partial_contrast(mels).mean() / partial_contrast(notes.mels).mean()
    title = "A real note" if name == "real" else f"{name}: {share:.0%} of the contrast"
    dress(ax, title=title, x="seconds", y="mel band" if ax is axes[0] else "")

# %% [markdown] id="vaegan-listen-intro"
# Some notes that neither model has been trained on, one an instrument: listen to the one, then switch to the other. The last player has the real notes.

# %% id="vaegan-listen"
from musegen_edu import SpectrogramPlayer
from musegen_edu.models.note_painter import SAMPLE_RATE
from musegen_edu.timbre_morphing import mel_to_sound

WANTED = [name for name in ("Recorder", "Trumpet", "Violin", "Cello", "Clarinet", "Piano") if name in instruments]
five = [int(np.flatnonzero((notes.instruments == instruments.index(name)) & (notes.pitches >= 55))[0]) for name in WANTED]
sound = {name: np.concatenate([mel_to_sound(mels[i]) for i in five]) for name, mels in painted.items()}
both = ("VAE", "VAE and judge")
SpectrogramPlayer(sound["VAE"], SAMPLE_RATE, other=sound["VAE and judge"], labels=both, title="The same notes, twice")

# %% id="vaegan-listen-real"
SpectrogramPlayer(sound["real"], SAMPLE_RATE, title="The real notes, through Griffin and Lim as well")

# %% [markdown] id="vaegan-card-intro"
# By ear alone, one hears what one hopes for. The model card has the rest: is the pitch right, to within half a semitone? Does lesson 07's listener recognise the instrument? And what about notes from *drawn* codes?

# %% id="vaegan-card"
table = load_card("vae_gan")["metrics"]["rows"]
KEYS = {"test_error_db": "error (dB)", "within_50_cents": "pitch right", "instrument_told": "instrument told", "partial_contrast": "contrast",
        "flicker": "flicker", "kl_nats": "rate (nats)"}  # fmt: skip
print(f"{'':14s}" + "".join(f"{short:>17s}" for short in KEYS.values()))
for name, row in table.items():
    print(f"{name:14s}" + "".join(f"{row[key]:17.2f}" if key in row else " " * 17 for key in KEYS))
for name in ("vae", "vae_gan"):
    print(f"{name:8s} from drawn codes: {table[name]['drawn']['partial_contrast']:.0%} of the real notes' contrast, "
          f"{table[name]['drawn']['flicker']:.0%} of their flicker")  # fmt: skip

# %% [markdown] id="vaegan-explained"
# <details><summary>What happened, and why</summary>
#
# - **Exact or alive, not both.** In decibels the VAE is nearer: it was trained for just that. With the judge the partials stand out more clearly, and the picture flickers nearly as much as a real note's: breath, bow and noise are back. Most of all it shows in notes from *drawn* codes, which the VAE paints pale.
# - **Alive is not right.** The pitch is right a little less often, and lesson 07's listener recognises the instrument in far fewer notes. The judge asks "could this be a note?", not "is it *this* note, on *this* instrument?". The features say roughly which; roughly is not enough for that listener.
# - So measure what you need. Whoever wants to give a sound back takes the VAE; whoever wants sounds that nobody has heard, and that do not sound like a blur, may prefer the other. (Its $\gamma$, and a share of plain decibels in the closeness, are the knobs between the two: `game` and `plain`.)
#
# </details>

# %% [markdown] id="cycle-intro"
# ## 9 · There and back: translating between styles
#
# Tell a reel as a chorale, and a chorale as a reel. If we had each tune in both styles, it would be a task like any other: an example, and the right answer. Nobody has. We have a heap of reels, and a heap of chorale melodies, and no tune lies in both. Zhu and others (CycleGAN, 2017 [5]) showed how far one can come with two heaps. In music, Brunner and others (2018 [6]) did it for genres.
#
# - $x$ is a tune of the first style, $y$ one of the second.
# - $G$ translates from the first style to the second: $G(x)$ should sound like a $y$. $F$ translates the other way.
# - $D_Y$ judges whether something is a real tune of the second style, $D_X$ of the first.
#
# Two generators, two judges. **Is that enough?** Let us look at it where everything can be counted: each style has three tunes. The quick style has a *rising* one, a *falling* one and an *arch*; the slow style has the same three.

# %% id="cycle-world"
SHAPES = {"rising": (60, 62, 64, 67), "falling": (67, 65, 62, 60), "arch": (60, 64, 67, 64)}
quick = [Score.from_melody(shape, 12, key="C major", bpm=100) for shape in SHAPES.values()]
slow = [Score.from_melody(shape, 48, key="C major", bpm=100) for shape in SHAPES.values()]
translators = [(a, b, c) for a in range(3) for b in range(3) for c in range(3)]  # tune 0 becomes tune a, 1 becomes b, 2 becomes c
pairs = [(to_slow, to_quick) for to_slow in translators for to_quick in translators]
print(f"{len(translators)} translators each way, {len(pairs)} pairs of them")

# %% [markdown] id="predict-cycle"
# **Predict.** *Of the 729 pairs:*
#
# 1. *In how many does every translation belong to the wanted style? (A judge that looks at one tune at a time cannot ask for more.)*
# 2. *In how many do the translations, taken together, have the wanted style's distribution, every tune equally often? (That is what the perfect judge of lesson 10 asks for.)*
# 3. *In how many of those does every tune come home: $F(G(x)) = x$ and $G(F(y)) = y$?*
# 4. *And in how many is the rising tune still a rising tune?*

# %% id="cycle-count"
like_the_style = [(g, f) for g, f in pairs if sorted(g) == sorted(f) == [0, 1, 2]]
come_home = [(g, f) for g, f in like_the_style if all(f[g[k]] == k and g[f[k]] == k for k in range(3))]
keep_the_tune = [(g, f) for g, f in come_home if g == (0, 1, 2)]
print(f"each translation belongs to the style:      {len(pairs)}")
print(f"... and together they are like the style:   {len(like_the_style)}")
print(f"... and every tune comes home (the cycle):  {len(come_home)}")
print(f"... and each tune is still itself:          {len(keep_the_tune)}")
g, f = come_home[3]
names = list(SHAPES)
print("content with both judges and with the cycle:", ", ".join(f"{names[k]} becomes {names[g[k]]}" for k in range(3)))

# %% id="cycle-listen"
there_and_back = [quick[0], slow[g[0]], quick[f[g[0]]]]
join(there_and_back).replace(title="A tune, its translation, and the way back")

# %% [markdown] id="cycle-explained"
# <details><summary>What happened, and why</summary>
#
# - A judge sees whether a tune belongs to its style; it does not know *which* tune was to be translated. To write the same beautiful chorale for every reel would please a judge that looks at one tune at a time.
# - The **cycle** asks that nothing be lost: two tunes may not have the same translation, else one of them could not come home. From 36 it leaves 6. **It does not ask that the tune be kept.** A translator that turns tunes upside down, with another that turns them back, costs nothing.
# - What makes one of the six the likely one? Not the loss of the cycle. It is the **identity loss** (a tune that has the wanted style already should be left alone, so the translator learns to change little), and the fact that small networks that look at a few notes at a time find it easier to keep a contour than to turn it round. Nobody has proved that it must be so. That is why we *measure* the content.
#
# There is a second way to cheat the cycle, and it was seen in pictures (Chu, Zhmoginov and Sandler 2017 [7]): the translation hides the old picture in shades too small to see, and the way back reads it from there. Our translators choose whole symbols, so there are no shades to hide in.
#
# </details>

# %% [markdown] id="cycle-formula"
# ### The loss, with every symbol
#
# $$\mathcal L = \underbrace{\mathcal L_{\text{game}}(G, D_Y) + \mathcal L_{\text{game}}(F, D_X)}_{\text{both judges, as in lesson 10}} + \lambda\, \underbrace{\Big(\mathbb E_x\, d\big(F(G(x)), x\big) + \mathbb E_y\, d\big(G(F(y)), y\big)\Big)}_{\text{cycle loss}} + \mu\, \underbrace{\Big(\mathbb E_y\, d\big(G(y), y\big) + \mathbb E_x\, d\big(F(x), x\big)\Big)}_{\text{identity loss}}$$
#
# $\mathbb E_x$ is the mean over tunes $x$ of the first style, $d$ says how different two tunes are, $\lambda$ (lambda) and $\mu$ (mu) are the weights of cycle and identity. In pictures $d$ is the mean absolute difference. Ours are symbols, so $d$ is the cross-entropy: how surprised the translator, as it tells the tune that has come home, is by the real one, in nats a sixteenth. In *Exercise 2* you write it for pitches.

# %% [markdown] id="styles-intro"
# ### Reels and chorales
#
# A **reel** runs in eighths; a **chorale** walks in quarters, and its lines move mostly by steps. Why these two? Because a classifier like lesson 04's tells them apart by their rhythm alone *and* by their pitches alone. If it could not, "translated" would be an empty word.
#
# Who sees what: the translators learn from training tunes; the classifier that gives the **style score** learns from *validation* tunes, so that it owes nothing to the translators; everything is measured on *test* tunes.

# %% id="styles-judge"
from musegen_edu.metrics.content import content_kept
from musegen_edu.style_judging import train_style_judge
from musegen_edu.style_windows import style_windows

STYLES = ("reel", "chorale")
tunes = {style: style_windows(style, "test") for style in STYLES}
style_judge = train_style_judge(seed=0)
for style in STYLES:
    print(f"{len(tunes[style])} windows of {style}s: {style_judge.share(tunes[style].symbols, style):.0%} are recognised")

# %% [markdown] id="transfer-listen-intro"
# A reel as it is, and told as a chorale; then a chorale's melody, and told as a reel. *Which notes have stayed?*

# %% id="transfer-listen"
from musegen_edu import transfer_style

def side_by_side(style, place, to):
    tune = tunes[style].score(place).replace(bpm=100, programs=(40,))
    return join([tune, *transfer_style([tune], to=to)]).replace(title=f"As a {style}, then as a {to}")

side_by_side("reel", 12, "chorale")

# %% id="transfer-listen-back"
side_by_side("chorale", 12, "reel")

# %% [markdown] id="predict-transfer"
# ### Two scores, and three that need no cycle
#
# The **style score** is the share of the translated tunes that the classifier takes for the wanted style. The **content score** is the mean of three: how many *onsets* are shared, how alike the ways up and down from beat to beat are (*contour*), and how much of each half bar lies on the same *note names*. Each is 1 for the tune itself. It is not 0 for strangers, so there is a row for them.
#
# The rivals:
#
# - **moved**: the tune transposed to where the other style lies. The least one can do.
# - **a rule**: to a chorale, keep what sounds on each beat; to a reel, fill the eighths with steps on the way.
# - **latent arithmetic** (lesson 09): minus the mean code of the one style, plus that of the other.
# - **the cycle**.
#
# **Predict.** *Which has the best style? Which the best content? Can anything have both?*

# %% id="transfer-measure"
from musegen_edu.style_baselines import beat_rule, latent_arithmetic, transposed_to_register
from musegen_edu.tokens.four_bar_codec import FourBarCodec

cycle, vae, four_bars = load_pretrained("style_cycle"), load_pretrained("melody_vae"), FourBarCodec()
train_tunes = {style: style_windows(style, "train").symbols[::4] for style in STYLES}
tried = {style: tunes[style].symbols[:200] for style in STYLES}

def translations(source, to):
    """What each rival makes of the tried tunes of one style: name -> symbols (n, 64)."""
    start = tried[source]
    scores = {style: [four_bars.decode(row, key="C major") for row in tried[style]] for style in STYLES}
    moved = np.array([four_bars.encode(score) for score in transposed_to_register(scores[source], scores[to])])
    added = latent_arithmetic(vae, start, train_tunes[source], train_tunes[to])
    strangers = np.resize(tried[to], start.shape)
    return {"as it is": start, "moved": moved, "a rule": beat_rule(start, to), "latent arithmetic": added,
            "the cycle": cycle.transfer(start, to), "another tune of that style": strangers}  # fmt: skip

# %% id="transfer-table"
transfer = {}
for source, to in (STYLES, STYLES[::-1]):
    print(f"{source} to {to:29s} style   rhythm  contour  chroma   content")
    for name, rows in translations(source, to).items():
        kept = {key: values.mean() for key, values in content_kept(rows, tried[source]).items()}
        transfer[source, name] = style_judge.share(rows, to), kept["content"]
        print(f"  {name:32s} {transfer[source, name][0]:8.0%} " + "".join(f"{kept[key]:8.2f}" for key in kept))

# %% id="transfer-figure"
figure, axes = plt.subplots(1, 2, figsize=(11.5, 3.8), dpi=110, sharey=True, layout="constrained")
names = [name for source, name in transfer if source == "reel"]
signs = "osD^v*"
for ax, (source, to) in zip(axes, (STYLES, STYLES[::-1])):
    for i, name in enumerate(names):
        ax.plot(*transfer[source, name], signs[i], color=(*PALETTE, INK)[i], markersize=(15, *[10] * 5)[i], linestyle="none", label=name)
    ax.set(xlim=(-0.05, 1.08), ylim=(0.2, 1.05))
    style, content = transfer[source, "the cycle"]
    title = f"{source} to {to}: the cycle {style:.0%} in style, content {content:.2f}"
    dress(ax, title=title, x="style score: taken for the wanted style", y="content score" if ax is axes[0] else "")
handles = axes[0].get_legend_handles_labels()
_ = figure.legend(*handles, loc="outside lower center", ncols=6, frameon=False, labelcolor=INK)

# %% [markdown] id="transfer-explained"
# <details><summary>How to read it</summary>
#
# Up and to the right is where one wants to be: in the new style, and still the same tune.
#
# - **Moved** changes nothing. The classifier counts pitches from the tonic, as lesson 04's did, and so does the content: a style is not a key.
# - **The rule** keeps every beat, so it has the most content of all that change anything, and its rhythm is right. But its *pitches* are still those of the old style, and the classifier is not so easily fooled.
# - **Latent arithmetic** gets far into the new style, above all towards reels. What it loses are the note names: its *chroma* is hardly better than that of a stranger. It knows where reels lie, on average, and nothing of this tune.
# - **The cycle** is the only one with much of both. Compare its chroma with that of latent arithmetic, and its style with that of the rule.
#
# And one direction is harder, for a reason. A chorale has about half as many notes as a reel. A reel that has been told as a *true* chorale cannot come home: half of its notes are gone. So the cycle asks the translator to keep what a chorale should drop, and the translator gives both judges a little less than they want.
#
# </details>

# %% [markdown] id="transfer-suspicious"
# **Be suspicious of a good style score.** A classifier looks at a few things only. So the card asks more: would the tune pass by its pitches alone, by its rhythm alone? How much of it lies in one scale? And how large are its steps?

# %% id="transfer-card"
style_facts = load_card("style_cycle")["metrics"]
ASKED = {"style by pitches": "by pitches", "style by rhythm": "by rhythm", "scale_consistency": "in one scale", "mean_step": "step (semitones)"}
for way in ("reel to chorale", "chorale to reel"):
    print(f"{way:20s}" + "".join(f"{short:>18s}" for short in ASKED.values()))
    for name, short in {"rule": "a rule", "latent 1": "latent arithmetic", "cycle": "the cycle", "another": "real tunes of it"}.items():
        print(f"  {short:18s}" + "".join(f"{style_facts[way][name][key]:18.2f}" for key in ASKED))
    came_home = style_facts[way]["back again"]
    kept = ", ".join(f"{key} {came_home[key]:.2f}" for key in ("rhythm", "contour", "chroma"))
    print(f"  there and back by the cycle: {kept}")

# %% [markdown] id="transfer-card-explained"
# <details><summary>How to read it</summary>
#
# The cycle leaves the scale more often than real tunes do, and its chorales leap where a choir would walk. Neither judge of the game has forbidden it strictly enough. And the way there and back is not perfect: the cycle loss is a wish with a weight, not a law.
#
# </details>

# %% [markdown] id="predict-weight"
# **The weight of the cycle.** Shorter trainings from the card, with other weights $\lambda$ of the cycle, judged on validation tunes. **Predict.** *What becomes of the content at $\lambda = 0$, where nobody asks for the tune to come home?*

# %% id="weight-of-cycle"
figure, axes = plt.subplots(1, 2, figsize=(11.5, 3.4), dpi=110, sharey=True, layout="constrained")
places = np.arange(len(style_facts["curve"]))
for ax, way in zip(axes, ("reel to chorale", "chorale to reel")):
    for i, (key, label) in enumerate({"style": "style score", "content": "content score"}.items()):
        values = [point[way][key] for point in style_facts["curve"]]
        ax.plot(places, values, LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, markersize=8, label=label)
    ax.axhline(style_facts[way]["another"]["content"], color=PALETTE[4], linestyle=":", label="content of a stranger")
    ax.set_xticks(places, [f"{point['cycle']:g}" for point in style_facts["curve"]])
    ax.set_ylim(0, 1.05)
    title = f"{way}: content from {values[0]:.2f} to {values[-1]:.2f}"
    dress(ax, title=title, x="weight of the cycle loss", y="score" if ax is axes[0] else "")
handles = axes[0].get_legend_handles_labels()
_ = figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False, labelcolor=INK)

# %% [markdown] id="weight-of-cycle-explained"
# <details><summary>What happened, and why</summary>
#
# Without the cycle the judges are pleased, and nothing holds the tune: towards reels hardly more is left of it than a stranger has. That is the second line of our count, in networks. With a heavy cycle the tune stays, and the style suffers where the way back is hard. The course's model was trained longer, with weight 1.
#
# </details>

# %% [markdown] id="cost-intro"
# ## 10 · What a hybrid costs, and when not to use it
#
# Every further player and judge has to be trained, weighed and watched. The cards know the processor time of the trainings that made the stored weights (without all that was tried before), and how many numbers are stored, with the running averages of those that play games. **Predict.** *Does a game with four or six networks take much longer than one network alone?*

# %% id="cost"
MODELS = {
    "chorale_lstm": "chorale LSTM (06): one network",
    "melody_vae": "VAE (09): encoder, decoder",
    "four_bar_gan": "GAN (10): generator, judge",
    "band_gan": "band: 4 players, 3 judges",
    "band_accompanist": "accompanist: 3 players, 3 judges",
    "vae_gan": "VAE and judge: 3 networks",
    "style_cycle": "cycle: 2 translators, 2 judges",
}
for name, short in MODELS.items():
    card = load_card(name)
    print(f"{short:34s} {card['cpu_seconds'] / 60:5.1f} CPU minutes, {card['model']['parameters']:9,d} numbers")

# %% [markdown] id="cost-explained"
# <details><summary>When not to use one</summary>
#
# The trainings themselves take about as long as those of a single network. The cost is where no table shows it: each weight, each rate and each judge is one more thing to choose; no loss says whether a choice was good, so each needs a training and a measurement of its own; and games end differently each time.
#
# So, when *not*:
#
# - **A single part, and right answers at hand?** Then cross-entropy is enough (lessons 05 to 08): it trains steadily, and its loss says how good it is. No game does.
# - **Right answers for a whole band?** Lesson 06's chorale network writes four voices, and each of them sees what the others have written. It needs no judge. What a game adds is a whole band from one seed, and players that can be varied alone.
# - **A rule that comes near?** Measure it first. It is in this lesson's tables as a rival.
# - **Little data?** The judge over-fits first (see the questions below), and takes the players with it.
#
# A hybrid is worth its cost where there is *no right answer to copy*: two heaps without pairs, a band for a melody that never had one.
#
# </details>

# %% [markdown] id="exercise-tonal"
# ## 11 · Exercises
#
# ### Exercise 1 · Tonal distance by hand (fill in, 10 min)
#
# Write the distance of section 4 without the package: `first` and `second` are twelve numbers each, from C upwards, that say how much of each note name there is. Mind that a chord twice as loud is the same chord.

# %% id="exercise-tonal-code"
def tonal_gap(first, second):
    """Straight line between the tonal centroids of two mixtures of note names."""
    # solution: points on three circles, their weighted means, the straight line
    # stub: angles = np.outer([7 / 6, 3 / 2, 2 / 3], np.arange(12)) * np.pi  # (3 circles, 12 names)
    # stub: ...
    angles = np.outer([7 / 6, 3 / 2, 2 / 3], np.arange(12)) * np.pi  # (3 circles, 12 names)
    radii = np.array([[1], [1], [0.5]])
    points = np.concatenate([radii * np.sin(angles), radii * np.cos(angles)])  # (6, 12)
    places = [points @ weights / weights.sum() for weights in (first, second)]
    return np.sqrt(((places[0] - places[1]) ** 2).sum())
    # end solution

# %% id="exercise-tonal-check"
from musegen_edu.checks.hybrid_gans import check_tonal

check_tonal(tonal_gap)

# %% [markdown] id="exercise-tonal-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-tonal-code}}
#
# </details>

# %% [markdown] id="exercise-cycle"
# ### Exercise 2 · A cycle loss (fill in, 8 min)
#
# Tunes as rows of pitches, `tunes_a` (n, notes) and `tunes_b` (m, notes), and two translators, functions that take such rows and return as many. Write the cycle loss with $d$ as the mean absolute difference: *by how many semitones a note does a tune miss its old place when it comes home?* Both ways, added. Before you run it: what do "up a fifth" and "down a fourth" cost together?

# %% id="exercise-cycle-code"
def cycle_loss(tunes_a, tunes_b, to_b, to_a):
    """Semitones a note by which tunes miss their old place after the way there and back, both ways added."""
    # solution: there and back from either side, compared with what set out
    home_a = to_a(to_b(tunes_a))
    home_b = to_b(to_a(tunes_b))
    return np.abs(home_a - tunes_a).mean() + np.abs(home_b - tunes_b).mean()
    # end solution

# %% id="exercise-cycle-check"
from musegen_edu.checks.hybrid_gans import check_cycle

check_cycle(cycle_loss)

# %% [markdown] id="exercise-cycle-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-cycle-code}}
#
# Up a fifth and down a fourth leave every tune two semitones too high, on either way: 4. A translator pair that turns all tunes upside down costs nothing. Try it.
#
# </details>

# %% [markdown] id="exercise-weight"
# ### Exercise 3 · Choose a judge's weight by measurement (modify, 10 min)
#
# The table of section 5 again: `weight_rows` has all measures for each setting of the judges' weights (means of two seeds), `real_row` those of real music, `floor` how far real music is from itself. Write one number for a setting: for each measure its distance from real music, *in units of the floor*; then the mean. Leave out measures whose floor is 0. And think of a band whose bass has fallen silent: what does `nan` (not a number) stand for, and how near to real music is that? Then choose.

# %% id="exercise-weight-rows"
weight_rows = {name: row for name, row in means.items() if name.startswith("rhythm")}
print(*weight_rows, sep="\n")

# %% id="exercise-weight-code"
def strangeness(row, real, floor):
    """Mean distance from real music in units of the floor; infinite where a measure is missing."""
    # solution: your measure
    # gaps in floors, infinite if one of them is nan, then their mean
    gaps = [abs(row[name] - real[name]) / floor[name] for name in floor if floor[name] > 0]
    return np.inf if np.isnan(gaps).any() else np.mean(gaps)
    # end solution

# %% id="exercise-weight-choice"
# solution: the setting with the smallest strangeness
# stub: my_choice = ...  # the name of a setting
my_choice = min(weight_rows, key=lambda name: strangeness(weight_rows[name], real_row, floor))
# end solution

# %% id="exercise-weight-check"
from musegen_edu.checks.hybrid_bands import check_weight

check_weight(strangeness, my_choice, weight_rows, real_row, floor)

# %% [markdown] id="exercise-weight-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-weight-code}}
#
# {{solution: exercise-weight-choice}}
#
# It is *one* answer to the question what "near to real music" means: all measures count alike. Whoever dances will want to weigh the drums. And the settings were trained twice each; look at the shaded bands of the figure before you believe in half a floor.
#
# </details>

# %% [markdown] id="exercise-band"
# ### Exercise 4 · A band for a tune of your own (open, 12 min)
#
# Draw or play four bars of 4/4 into the editor (it can be played on a MIDI keyboard, too), or write them in letters, and let the band accompany them. Listen to several seeds, and keep the one that you like best. The check wants your tune note by note, three others who really play, and voices that are in *your* key: it moves them to all the other keys and looks whether they would suit your tune better there.

# %% id="exercise-band-editor"
from musegen_edu import PianoRollEditor

start = "G4 A4 B4 D5 | C5:1/2 B4:1/2 A4 G4:2 | E4 G4 C5 B4 | A4 F#4 G4:2"
editor = PianoRollEditor(letters_to_score(start, key="G major", bpm=96))
editor

# %% id="exercise-band-code"
# solution: accompany the tune in the editor, with a seed that was chosen by ear
# stub: my_tune = editor.score  # or letters_to_score("...", key="...")
# stub: my_band = ...  # accompany(...)
my_tune = editor.score
my_band = accompany(my_tune, seed=0)
# end solution

# %% id="exercise-band-check"
from musegen_edu.checks.hybrid_bands import check_band

check_band(my_tune, my_band)

# %% id="exercise-band-listen"
if my_band is not ...:
    display(my_band.replace(title="My band"))

# %% [markdown] id="exercise-band-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-band-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: the mean is forgotten (a chord of four notes lies "further out"), or the radius of the third circle. Exercise 2: many compare a tune with its translation instead of with what comes home; ask what a good *translation* would then be. Exercise 3: `np.nanmean` is the reflex, and rewards the silent bass. Exercise 4: let the class vote between two seeds *before* the check is run; it measures keys, not taste.

# %% [markdown] id="quiz-intro"
# ## 12 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.hybrid_gans import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You let players agree through a shared seed and by ear, froze and drew what each of them reads, and tested by swapping whether anything had been agreed.
# 2. You set judges with narrow views over a band, read from a table what their weights settle, and computed MuseGAN's measures by hand.
# 3. You had a band accompany a melody of yours, put another beside chance, Markov chains and real music in units of the floor, and heard a VAE that has a judge: livelier, and less exact.
# 4. You counted what a cycle guarantees, translated between reels and chorales, and measured style and content beside transposition, a rule and latent arithmetic.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | each part is fine, together they do not fit | every player has only a seed of its own, or no judge hears them together | let players hear one another, or a shared seed, *and* a judge who hears them together; test by swapping parts |
# | all parts move in the same rhythm, always | all chance is shared, nothing is a player's own | larger own seeds; draw one player's own numbers anew (`seed_places`) and see what changes |
# | one judge wins at once, its score is all that moves | its task is the easiest; or its loss is a *sum* over cells, the others' a mean | means everywhere; lower its weight, or its learning rate; look at each judge's share of right verdicts |
# | doubling all weights changes nothing | only their ratios count | change one of them |
# | notes break into crumbs | a coin for each cell of a roll | one symbol for each voice and step, or binary neurons that are trained (section 4) |
# | a measure is perfect for every model | the representation fulfils it by itself | another measure, or a stricter border |
# | the accompaniment never changes with the melody | the players ignore the condition, and the judges do not see it | show the condition to both sides; test by swapping |
# | translated tunes are all alike | no cycle loss, or a tiny one | raise its weight; count distinct translations |
# | translated tunes are the old ones | cycle or identity weigh too much: to change nothing costs nothing there | lower them; look at the style score |
# | the way back is perfect, the translation sounds like neither | the old tune is hidden in the translation | choose whole symbols; noise on the way |
# | it worked yesterday, with another seed | games end differently each time | several seeds, the running average of the weights, the measures before the ears |

# %% [markdown] id="questions"
# ### Questions that are often asked
#
# <details><summary>Which model when?</summary>
#
# Ask what you *want to hold in your hand*. To go on from a beginning: a recurrent network (lessons 05 and 06); it is also the easiest to train. To walk between pieces and pull at qualities: a VAE (09). To sharpen what comes out blurred: a judge (10). Several parts that can be varied one by one: players with shared and own seeds. Two heaps without pairs: a cycle. And if a rule of ten lines does it, take the rule: measure it as a rival of your network; sometimes it wins.
#
# </details>
#
# <details><summary>I have too little memory. What goes first?</summary>
#
# The batch: halve it (and look at the losses anew, for small batches are noisier; halve the learning rates, too). Then the *length*: two bars instead of four cost half. Then the width of the judges, who need more memory than the players because they see every example twice, real and forged. A cycle holds four networks and two passes through each translator; so halve its translators before anything else.
#
# </details>
#
# <details><summary>How do I notice over-fitting, when there is no validation loss?</summary>
#
# Two ways. The *judge* over-fits: show it real pieces that it was not trained on; if it calls them forged, it has learnt the training pieces by heart, and tells the players only how these differ from everything else. And the *players* copy: look for the longest run that stands in a training piece, and compare with the same number for real held-out music (section 7). Cures: more music (transposition, shifting by a bar), a smaller judge, noise on what it sees.
#
# </details>
#
# <details><summary>When do I stop?</summary>
#
# Not when a loss is low: the losses of a game say who is winning, not how good the music is. Keep the weights every few epochs, compute the measures for each (held-out music and its floor beside them), and take the epoch that comes nearest; then listen to *that*. If the measures have not moved for a third of the training, stop.
#
# </details>
#
# <details><summary>Why not one judge that hears everything?</summary>
#
# It could find every fault by itself, in principle. In practice it learns the easiest difference first, say the drums, and tells the players about nothing else for a long time. Judges with narrow views cannot avoid their subject. Whether that helps is to be measured each time, as in section 5, not argued.
#
# </details>

# %% [markdown] id="reading"
# ### Further reading
#
# 1. H.-W. Dong, W.-Y. Hsiao, L.-C. Yang and Y.-H. Yang, "MuseGAN: multi-track sequential generative adversarial networks for symbolic music generation and accompaniment", AAAI 2018, [arXiv:1709.06298](https://arxiv.org/abs/1709.06298).
# 2. C. Harte, M. Sandler and M. Gasser, "Detecting harmonic change in musical audio", ACM workshop on audio and music computing for multimedia 2006, [doi:10.1145/1178723.1178727](https://doi.org/10.1145/1178723.1178727): the tonal centroid.
# 3. H.-W. Dong and Y.-H. Yang, "Convolutional generative adversarial networks with binary neurons for polyphonic music generation", ISMIR 2018, [arXiv:1804.09399](https://arxiv.org/abs/1804.09399).
# 4. A. B. L. Larsen, S. K. Sønderby, H. Larochelle and O. Winther, "Autoencoding beyond pixels using a learned similarity metric", ICML 2016, [arXiv:1512.09300](https://arxiv.org/abs/1512.09300): VAE and GAN in one.
# 5. J.-Y. Zhu, T. Park, P. Isola and A. A. Efros, "Unpaired image-to-image translation using cycle-consistent adversarial networks", ICCV 2017, [arXiv:1703.10593](https://arxiv.org/abs/1703.10593).
# 6. G. Brunner, Y. Wang, R. Wattenhofer and S. Zhao, "Symbolic music genre transfer with CycleGAN", ICTAI 2018, [arXiv:1809.07575](https://arxiv.org/abs/1809.07575).
# 7. C. Chu, A. Zhmoginov and M. Sandler, "CycleGAN, a master of steganography", 2017, [arXiv:1712.02950](https://arxiv.org/abs/1712.02950).

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.models.band_gan.BandGAN` · `musegen_edu.tokens.band_codec.BandCodec` · `musegen_edu.bands.band_windows` · `musegen_edu.metrics` (`empty_bars`, `used_pitch_classes`, `qualified_notes`, `notes_in_drum_pattern`, `tonal_distance`, `tonal_centroid`, `multitrack_row`, `real_to_real`) · `musegen_edu.metrics.ensemble.ensemble_row` · `musegen_edu.accompany` · `musegen_edu.GanMonitor` · `musegen_edu.SpectrogramVAEGAN` · `musegen_edu.metrics.note_pictures` · `musegen_edu.transfer_style` · `musegen_edu.models.style_cycle.StyleCycle` · `musegen_edu.metrics.content.content_kept` · `musegen_edu.style_judging.train_style_judge` · `musegen_edu.style_baselines`.
# In a cell, write a name with a question mark, such as `accompany?`, and run it: the description appears, with its source.
