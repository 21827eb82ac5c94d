# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "10"
#     title: Generative adversarial networks
#     prerequisites: ["07_convolutional_networks", "09_variational_autoencoders"]
#     minutes: {read: 45, run: 7, exercise: 40}
#     cpu_seconds: 125
# ---

# %% [markdown] id="title"
# # 10 · Generative adversarial networks
#
# ### A forger and a judge
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [07 Convolutional networks](07_convolutional_networks.ipynb) and [09 Variational autoencoders](09_variational_autoencoders.ipynb).*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Write down the game of generator and judge with every symbol, derive the best judge, and say what the generator makes small when it plays against it.
# 2. Say why the first loss stalls and what a Wasserstein judge measures instead, and build the game in Keras with one class and plain `fit`.
# 3. Provoke, count and cure mode collapse, and recognise four mistakes of the tutorials by their symptoms.
# 4. Forge four bars of music with choices that have a gradient, and judge them: beside chance, a Markov chain, an LSTM, a VAE and real tunes.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for two double lessons (2 × 90 min).** First: the game played by people 15 min · value and best judge on the blackboard 25 min · the choir in the monitor 15 min · why it stalls, two distances 25 min · quiz questions 2 to 4 10 min. Second: the drummer, collapse and cures 25 min · two of the four mistakes 20 min · choices with a gradient 10 min · four bars, scorecard, listening 25 min · quiz 10 min. Exercises are homework.
# **The game played by people** (no computer): one learner is the judge and knows a tune that the class does not; one is the forger, and taps rhythms of four bars. The judge only says a number from −5 to 5. The class watches whether the forger gets nearer, and how he gets stuck: with a judge who always says −5 he learns nothing (section 4); with one he fools once, he taps the same rhythm for ever (section 6).
# In a single lesson (45 min): that game, the figure of the best judge, the choir in the monitor with *judge only* and *generator only*, the collapsed drummer, the scorecard.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Four tunes of four bars. **Two stand in old books; two have been made by a network that has never seen a tune.** It was never shown a note, never told a right answer, never asked to continue anything. All that it ever got to know is how much *another* network believed it.
#
# **Write down**: which two are real? What gave the others away: the rhythm, the steps, or that nobody would end there?

# %% id="listen-prepare"
import matplotlib.pyplot as plt
import numpy as np

from musegen_edu import forged_scores, join, load_card, load_dataset, load_pretrained
from musegen_edu.four_bars import folk_windows
from musegen_edu.plots.style import INK, LINES, MARKERS, PALETTE, add_legend, dress

AS_FIDDLE = {"key": "D major", "bpm": 160, "programs": (40,)}
forger = load_pretrained("four_bar_gan")
windows = {split: folk_windows(split) for split in ("train", "valid", "test")}
codec = forger.codec
books = [codec.decode(windows["test"].symbols[place], **AS_FIDDLE) for place in (16, 204)]
forgeries = forged_scores(forger, 4, seed=2, **AS_FIDDLE)[2:]

# %% id="listen-a"
join([books[0], forgeries[0]]).replace(title="Numbers 1 and 2")

# %% id="listen-b"
join([forgeries[1], books[1]]).replace(title="Numbers 3 and 4")

# %% [markdown] id="listen-explained"
# <details><summary>The answers</summary>
#
# Numbers 1 and 4 stand in books; 2 and 3 are forged. If you found them: by what? Most people hear it in the *whole*, not in a step: a real tune asks and answers, and something comes back. If you did not find them, you know now what a judge of this lesson is up against.
#
# </details>

# %% [markdown] id="game-intro"
# ## 1 · A forger and a judge
#
# **The picture.** A forger paints, a judge looks at one picture at a time and says how likely it is to be real. The judge learns from seeing real pictures and forgeries. The forger *never sees a real picture*; all it ever learns is what the judge thinks of its own. Both get better; in the end the judge can only toss a coin. That is a **generative adversarial network**, GAN (Goodfellow and others, 2014 [1]).
#
# ```
#   noise z  ──►  generator  ──►  forged x  ──┐
#                                             ├──►  judge  ──►  score d:  real, or forged?
#                    data    ──►  real x    ──┘
# ```
#
# No right answers are shown to the generator, no notes are hidden, nothing is given back. It is the first model of this course whose *loss is another network*.
#
# Before tunes, something that one can see whole: **a choir that sings one note**. It means to sing E, four semitones above C. Nobody hits it exactly, so the real pitches form a bell curve around 4. The forger has a choir of its own, which begins somewhere around D sharp, 3, and spreads too widely.

# %% id="game-choir"
rng = np.random.default_rng(0)

def bell(x, mean, spread):
    """Density of a normal distribution."""
    return np.exp(-(((x - mean) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))

def choir(mean, spread, n=2000):
    """n sung pitches, in semitones above C: (n, 1)."""
    return rng.normal(mean, spread, (n, 1)).astype("float32")

real, forged = choir(4, 0.5), choir(3, 1.0)
pitches = np.linspace(-1, 7, 801)  # semitones above C
p, q = bell(pitches, 4, 0.5), bell(pitches, 3, 1.0)  # where real and forged pitches lie

# %% [markdown] id="value-intro"
# **The symbols.** $p$ is the distribution of the real examples, $q$ that of the forged ones. $z$ is noise, some normally distributed numbers; the **generator** $G$ turns noise into an example, $x = G(z)$, so $q$ is what becomes of the noise. The **judge** $D$ turns an example into a probability $D(x)$, between 0 and 1, that it is real. Its network gives a score $d(x)$, any number, above 0 for "real"; $D = \sigma(d) = 1 / (1 + e^{-d})$ makes a probability of it.
#
# The judge wants $D$ near 1 on real examples and near 0 on forged ones. How well it does is the **value** of the game:
#
# $$V(D, G) = \mathbb E_{x \sim p}\big[\ln D(x)\big] + \mathbb E_{z}\big[\ln (1 - D(G(z)))\big]$$
#
# $\mathbb E_{x \sim p}$ is the mean over real examples, $\mathbb E_z$ the mean over noise. Both logarithms are at most 0: the best value that a judge could dream of is 0. The judge makes $V$ large, the generator makes it small:
#
# $$\min_G \max_D V(D, G)$$
#
# With scores it is easier to compute, and never takes the logarithm of 0: $\ln D = -\mathrm{softplus}(-d)$ and $\ln(1 - D) = -\mathrm{softplus}(d)$, where $\mathrm{softplus}(a) = \ln(1 + e^a)$. It is lesson 03's cross-entropy with two classes, with its sign turned round.
#
# **Predict.** *What is the value for a judge that has no idea and always says ½? What for one that listens whether the pitch lies above 3.4?*

# %% id="value"
def softplus(a):
    return np.logaddexp(0, a)  # ln(1 + e^a), without overflow

def value(score):
    """V, for a judge's score d(x): a function of pitches."""
    return -softplus(-score(real)).mean() - softplus(score(forged)).mean()

for name, judge in {
    "always one half": lambda x: 0 * x,
    "above 3.4 is real": lambda x: 4 * (x - 3.4),
    "the same, and very sure": lambda x: 40 * (x - 3.4),
    "the wrong way round": lambda x: 4 * (3.4 - x),
}.items():
    print(f"{name:24s} V = {value(judge):7.3f}")

# %% [markdown] id="value-explained"
# <details><summary>What happened, and why</summary>
#
# Who knows nothing says ½ and has $2 \ln \tfrac12 = -2 \ln 2 \approx -1.386$. Remember that number: with the losses turned round, **1.386 is the judge's loss when it has given up**, and 0.693 is half of it. A threshold does better. The very sure judge does *worse than none*: where the two choirs overlap it is sometimes wrong, and being sure and wrong costs without limit.
#
# </details>

# %% [markdown] id="best-intro"
# ## 2 · The best judge there is
#
# Let the generator hold still. Which judge is the best? Write the means as sums over all pitches (an integral is a sum over very fine steps):
#
# $$V(D) = \int \Big( p(x) \ln D(x) + q(x) \ln\big(1 - D(x)\big) \Big)\, \mathrm dx$$
#
# The judge may choose $D$ at each pitch $x$ freely, so it may look at each pitch alone. At one pitch, write $a = p(x)$, $b = q(x)$, $y = D(x)$, and look for the top of $a \ln y + b \ln(1 - y)$. Its slope is
#
# $$\frac{a}{y} - \frac{b}{1 - y} = 0 \quad\Longrightarrow\quad a (1 - y) = b\, y \quad\Longrightarrow\quad y = \frac{a}{a + b}$$
#
# and it is a top, for both logarithms are bent downwards. So the **best judge** is
#
# $$D^*(x) = \frac{p(x)}{p(x) + q(x)}, \qquad d^*(x) = \ln \frac{p(x)}{q(x)}$$
#
# Where real pitches are three times as frequent as forged ones, it says ¾. It need not be told what music is; it need only know *which is more frequent here*. Check it twice: by trying 999 values of $y$ at each pitch, and by a network that is trained against a generator that holds still (learning rate 0).

# %% id="best-check"
from musegen_edu import AdversarialPair, TwoSpeedAdam
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops
best = p / (p + q)
y = np.linspace(0.001, 0.999, 999)[:, None]
tried = y[(p * np.log(y) + q * np.log(1 - y)).argmax(axis=0), 0]
print(f"999 values tried at each pitch: never further than {np.abs(tried - best).max():.4f} from p / (p + q)")

def network(*sizes, seed):
    """Dense layers of the given widths, the last without an activation."""
    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(size, "tanh") for size in sizes[1:-1]]
    return keras.Sequential([keras.Input((sizes[0],)), *hidden, layers.Dense(sizes[-1])])

# %% id="best-train"
def choirmaster(seed):
    """A generator of one layer: pitch = 1.0 * z + 3.0."""
    generator = network(1, 1, seed=seed)
    generator.set_weights([np.array([[1.0]]), np.array([3.0])])
    return generator

still = AdversarialPair(choirmaster(0), network(1, 24, 24, 1, seed=1), noise=1, loss="saturating")
still.compile(TwoSpeedAdam(0.0, 1e-2, beta_1=0.9, beta_2=0.999), steps_per_execution=50)
still.fit(choir(4, 0.5, 400_000), batch_size=200, verbose=0)
learnt = 1 / (1 + np.exp(-np.array(still.judge(pitches[:, None]))[:, 0]))

# %% id="best-figure"
ax = plt.subplots(figsize=(8, 3.6), dpi=110, layout="constrained")[1]
ax.fill_between(pitches, p, color=PALETTE[0], alpha=0.25, label="real choir, p")
ax.fill_between(pitches, q, color=PALETTE[1], alpha=0.25, label="forged choir, q")
ax.plot(pitches, best, color=PALETTE[2], linewidth=3, label="best judge, p / (p + q)")
ax.plot(pitches, learnt, "--", color=PALETTE[3], linewidth=2, label="trained judge")
off = (np.abs(learnt - best) * (p + q)).sum() / (p + q).sum()  # where pitches are sung
title = f"The trained judge is off by {off:.3f} from the best one, where anybody sings"
dress(ax, title=title, x="pitch (semitones above C)", y="probability of “real”; density")
_ = add_legend(ax, loc="upper left")

# %% [markdown] id="best-explained"
# <details><summary>What happened, and why</summary>
#
# The judge is surest around 4⅓, *not* at the middle of the real choir: the forger sings flat, so a little sharp is safer still. And far above it says "forged" again, because the forger's wide choir reaches there and the real one does not. Outside of what anybody sings, the trained judge may say whatever it likes: nothing in its training asked.
#
# </details>

# %% [markdown] id="jensen-intro"
# ### What the generator really makes small
#
# Put the best judge into $V$. Let $m = \tfrac12 (p + q)$ be the mixture of both choirs; then $D^* = p / 2m$ and $1 - D^* = q / 2m$, so
#
# $$V(D^*, G) = \mathbb E_p\Big[\ln \frac{p}{m}\Big] + \mathbb E_q\Big[\ln \frac{q}{m}\Big] - 2 \ln 2 = 2\, \mathrm{JS}(p, q) - 2 \ln 2$$
#
# $\mathrm{JS}(p, q) = \tfrac12 \mathrm{KL}(p \,\|\, m) + \tfrac12 \mathrm{KL}(q \,\|\, m)$ is the **Jensen–Shannon divergence** (KL is lesson 09's): 0 if the two choirs are the same, and never more than $\ln 2 \approx 0.693$, when they have no pitch in common. Against the best judge, then, the generator makes a *distance between two distributions* small, and the only way to 0 is $q = p$. Nobody has written that distance down; the judge **is** the distance.

# %% id="jensen-check"
step = pitches[1] - pitches[0]

def kl(one, other):
    return (one * np.log(one / other)).sum() * step

def jensen_shannon(one, other):
    return (kl(one, (one + other) / 2) + kl(other, (one + other) / 2)) / 2

by_formula = 2 * jensen_shannon(p, q) - 2 * np.log(2)
by_judge = (p * np.log(best) + q * np.log(1 - best)).sum() * step
print(f"JS = {jensen_shannon(p, q):.4f} nats; 2 JS - 2 ln 2 = {by_formula:.4f}; V of the best judge = {by_judge:.4f}")
print(f"V of the trained judge, on 2,000 pitches of each choir: {value(lambda x: np.array(still.judge(x))):.4f}")

# %% [markdown] id="play-intro"
# ## 3 · The game, played
#
# Now both move. In Keras it takes one class. Each player has a loss of its own, and must not touch the other's weights:
#
# - in the **judge's** loss, forgeries are held fixed: `ops.stop_gradient`;
# - in the **generator's** loss, the judge's weights are held fixed: the same judge, called with copies that pass no gradient.
#
# Then the two losses can simply be added, and plain `fit` trains both at once. (`stateless_call` runs a network with weights that one hands in. Why the generator's loss is `softplus(-d)` and not $-\mathrm{softplus}(d)$, as the value says, is for section 4.)

# %% id="play-open"
class Game(keras.Model):
    """A generator and a judge, trained against each other by `fit`."""

    def __init__(self, generator, judge):
        super().__init__()
        self.generator, self.judge, self.seeds = generator, judge, keras.random.SeedGenerator(0)

    def call(self, real):
        return self.generator(keras.random.normal((ops.shape(real)[0], 1), seed=self.seeds))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        d_real, d_forged = self.judge(x), self.judge(ops.stop_gradient(y_pred))
        judge_loss = ops.mean(ops.softplus(-d_real)) + ops.mean(ops.softplus(d_forged))
        held = [ops.stop_gradient(weight.value) for weight in self.judge.trainable_variables]
        d_felt, _ = self.judge.stateless_call(held, [], y_pred)  # the gradient goes through, to the generator
        return judge_loss + ops.mean(ops.softplus(-d_felt))

# %% id="play-open-run"
game = Game(choirmaster(0), network(1, 24, 24, 1, seed=1))
game.compile(keras.optimizers.Adam(1e-2, beta_1=0.5), jit_compile=False)
at_first = float(game.compute_loss(x=real, y_pred=ops.convert_to_tensor(forged)))
_ = game.fit(choir(4, 0.5, 40_000), batch_size=200, verbose=0)
width, middle = (float(np.ravel(weight)[0]) for weight in game.generator.get_weights())
print(f"the forged choir now sings {middle:.2f} semitones above C, spread {abs(width):.2f}")

same = AdversarialPair(choirmaster(0), network(1, 24, 24, 1, seed=1), noise=1, loss="non_saturating")
difference = at_first - float(same.compute_loss(x=real, y_pred=ops.convert_to_tensor(forged)))
print(f"the course's AdversarialPair has the same loss, to within {abs(difference):.0e}")

# %% [markdown] id="predict-play"
# `AdversarialPair` is this class with a choice of losses, and with an optimiser that has **two learning rates**, one a player. Watch it play from further away: the forged choir begins a fifth too low. The curve is the judge's opinion, dashed is the best judge's.
#
# **Predict.** *How will the forged choir move: straight to the real one? And what will the judge's curve look like at the end?* Then drag the time slider; press *One step* with *judge only*, then with *generator only*.

# %% id="play"
from musegen_edu import GanMonitor

def play_choir(loss="non_saturating", start=-3.0, optimizer=None, at_once=1):
    """A forged choir of spread 1 around `start`, and its judge; outside, only every `at_once`-th step is seen."""
    pair = AdversarialPair(choirmaster(0), network(1, 24, 24, 1, seed=0), noise=1, loss=loss)
    pair.generator.set_weights([np.array([[1.0]]), np.array([start])])
    pair.compile(TwoSpeedAdam(2e-2, 2e-2, beta_1=0.5) if optimizer is None else optimizer, steps_per_execution=at_once)
    return pair

choirs, song = play_choir(), choir(4, 0.5, 64_000)
monitor = GanMonitor(choirs, song, show="points", every=8, batch_size=128, title="Two choirs and a judge")
_ = choirs.fit(song, batch_size=128, verbose=0, callbacks=[monitor.callback])

# %% id="play-read"
kept = monitor.kept
middles = np.array([np.mean(monitor.forged(step)) for step in kept])
there = kept[int(np.argmax(np.abs(middles - 4) < 0.25))]
print(f"steps until the forged choir sings within a quarter of a semitone of E: {there}")
spreads = np.array([np.std(monitor.forged(step)) for step in kept])
print(f"its spread: {spreads[0]:.1f} semitones at first, {spreads.max():.1f} at the widest, "
      f"{spreads[-1]:.1f} in the end (the real choir's: 0.5)")  # fmt: skip
print(f"furthest from E after that: {np.abs(middles[np.array(kept) >= there] - 4).max():.2f} semitones")
right = [np.mean(monitor.history[f"{which}_right"][-100:]) for which in ("real", "forged")]
print(f"in the end the judge is right about {np.mean(right):.0%} of all pitches; a coin is right about 50%")

# %% [markdown] id="play-explained"
# <details><summary>What happened, and why</summary>
#
# The judge first learns which side the forgeries come from, and its curve becomes a slope. The generator *follows that slope*: it never sees a real pitch, only in which direction the judge's score rises. When it arrives, the judge's old opinion is wrong, and has to turn round; until it has, the forger goes too far, in pitch or in spread, and is called back. Two players can circle like that for a long time. No training you have met so far did that: there the loss was a landscape that stood still. Here each player's landscape moves when the other does.
#
# When the choirs agree, the best judge says ½ wherever anybody sings and has no slope left: its guesses are tosses. *A GAN is done when all that its judge has ever learnt is of no use any more.*
#
# </details>

# %% [markdown] id="stall-intro"
# ## 4 · Why the first loss stalls
#
# The value says that the generator should make $\ln(1 - D) = -\mathrm{softplus}(d)$ small. Goodfellow and his colleagues wrote it down and, in the same paper [1], advised against it. Look at what the generator feels: the slope of its loss as the judge's score $d$ of a forgery changes.
#
# | name | generator's loss | its slope |
# |---|---|---|
# | saturating: the value itself | $-\mathrm{softplus}(d)$ | $-\sigma(d)$ |
# | non-saturating | $\mathrm{softplus}(-d)$ | $-(1 - \sigma(d))$ |
# | hinge [7], Wasserstein [3] | $-d$ | $-1$ |
#
# **Predict.** *At the beginning the judge has it easy: its score of a forgery is, say, −8. Which of the three forgers learns from that?*

# %% id="stall-slopes"
d = np.linspace(-10, 10, 401)
sigmoid = 1 / (1 + np.exp(-d))
slopes = {"saturating": sigmoid, "non-saturating": 1 - sigmoid, "hinge, Wasserstein": np.ones_like(d)}
ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")[1]
for i, (name, slope) in enumerate(slopes.items()):
    ax.plot(d, slope, LINES[i], color=PALETTE[i], linewidth=2.5, label=name)
ax.axvline(-8, color=INK, linewidth=1)
at = {name: slope[np.argmin(np.abs(d + 8))] for name, slope in slopes.items()}
told = ", ".join(f"{name} {at[name]:.4f}" for name in ("saturating", "non-saturating"))
title = f"Size of the slope at a score of −8: {told}"
add_legend(dress(ax, title=title, x="judge's score d of a forgery", y="size of the slope"), loc="center right")

# %% [markdown] id="predict-stall"
# Now the same in a game. The judge gets a head start: it trains alone until it is sure. Then both go on, with **plain gradient descent**. (Adam divides each gradient by its usual size, which hides a small one for a while. It cannot hide that a small one is mostly noise.)
#
# **Predict.** *After 300 steps: how far has each forger come on the seven semitones to E?*

# %% id="stall-run"
def race(loss, steps=300):
    """The forged choir's mean pitch after each step, and the first score by a judge that had a head start."""
    pair = play_choir(loss, optimizer=TwoSpeedAdam(0.0, 1e-2, beta_1=0.5))
    pair.fit(song[:25_600], batch_size=128, verbose=0)  # the judge alone
    scores = np.array(pair.judge(pair.generate(500)))
    pair.compile(keras.optimizers.SGD(0.05))
    middle = pair.generator.layers[-1].bias
    course = [float(middle.value[0])]
    keep = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: course.append(float(middle.value[0])))
    pair.fit(song[: 128 * steps], batch_size=128, verbose=0, callbacks=[keep])
    return np.array(course), scores.mean()

courses = {loss: race(loss) for loss in ("saturating", "non_saturating", "hinge")}

# %% id="stall-figure"
ax = plt.subplots(figsize=(8, 3.4), dpi=110, layout="constrained")[1]
for i, (loss, (course, _)) in enumerate(courses.items()):
    ax.plot(course, LINES[i], color=PALETTE[i], linewidth=2.5, label=loss.replace("_", "-"))
ax.axhline(4, color=INK, linewidth=1)
went = {loss: course[-1] - course[0] for loss, (course, _) in courses.items()}
told = ", ".join(f"{loss.replace('_', '-')} {semitones:.2g}" for loss, semitones in went.items())
title = f"Semitones gone in {len(course) - 1} steps: {told}"
add_legend(dress(ax, title=title, x="step", y="mean forged pitch (semitones)"), loc="center right")
print(f"The judge's mean score of the first forgeries (saturating): {courses['saturating'][1]:.1f}")

# %% [markdown] id="stall-explained"
# <details><summary>What happened, and why</summary>
#
# The better the judge, the less the saturating forger learns: it is told *that* it fails, and not *how to fail less*. That is the **vanishing gradient** of GANs; lesson 05's had other causes, and felt the same. The non-saturating loss has the same goal (both fall as $d$ rises) and turns the slope round: steepest where the forger is worst. (That it goes past E, if it does, is section 3's circling: the judge's old opinion has to turn round first.)
#
# That is a repair of the symptom. The next section shows the cause.
#
# </details>

# %% [markdown] id="distances-intro"
# ## 5 · Two distances between choirs
#
# Two choirs sing, one $\theta$ (theta) semitones above the other. How different are they? **Jensen–Shannon** asks how well one can tell them apart. **Wasserstein** asks how far one has to move everybody: imagine $p$ and $q$ as heaps of earth, and carry one into the shape of the other; $W$ is the mean distance that a grain travels, on the best plan. On a line the best plan is simple: lowest to lowest, next to next, highest to highest.
#
# **Predict.** *Let θ go from 0 to 6 semitones. What will each of the two curves look like? On which of them would you send a generator downhill?*

# %% id="distances"
def wasserstein(one, other):
    """Mean distance between two samples of the same size on a line, paired in order."""
    return np.abs(np.sort(one, axis=0) - np.sort(other, axis=0)).mean()

wide = np.linspace(-5, 15, 4001)
step = wide[1] - wide[0]
shifts, spreads = np.linspace(0, 6, 25), (0.5, 0.1)
js = {
    spread: [jensen_shannon(*(bell(wide, m, spread) + 1e-300 for m in (4, 4 + shift))) for shift in shifts]
    for spread in spreads
}
earth = [wasserstein(choir(4, 0.5), choir(4 + shift, 0.5)) for shift in shifts]

# %% id="distances-figure"
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), dpi=110, layout="constrained")
for i, spread in enumerate(spreads):
    look = {"marker": MARKERS[i], "color": PALETTE[i], "linewidth": 2, "label": f"each choir spreads by {spread}"}
    left.plot(shifts, js[spread], LINES[i], **look)
left.axhline(np.log(2), color=INK, linewidth=1)
flat = shifts[int(np.argmax(np.array(js[0.5]) > 0.99 * np.log(2)))]
dress(left, title=f"JS: flat at ln 2 from {flat:.1f} semitones on", x="shift θ (semitones)", y="JS (nats)")
add_legend(left, loc="lower right")
right.plot(shifts, earth, "-", marker="o", color=PALETTE[2], linewidth=2)
slope = np.polyfit(shifts, earth, 1)[0]
title = f"Wasserstein: {slope:.2f} semitones a semitone, all the way"
_ = dress(right, title=title, x="shift θ (semitones)", y="W (semitones)")

# %% [markdown] id="distances-explained"
# <details><summary>What happened, and why</summary>
#
# Once the choirs hardly overlap, they can be told apart perfectly, and *more than perfectly does not exist*: whether θ is 3 or 300, $p / m = 2$ wherever anybody real sings, $q / m = 2$ wherever the forger does, and JS is ½ ln 2 + ½ ln 2 = ln 2. A flat landscape has no downhill. The narrower the choirs, the sooner; and tunes among all the rows of 64 symbols are *very* narrow. Arjovsky and Bottou (2017 [2]) show that with pictures and the like this is what one has to expect, not the exception.
#
# The Wasserstein distance knows how far. That is the cause of section 4, and the idea of its cure: let the judge measure *how far*, not *whether*.
#
# </details>

# %% [markdown] id="slope-intro"
# ### A judge that measures how far
#
# How can a network measure the moving of earth? By a theorem of Kantorovich and Rubinstein:
#
# $$W(p, q) = \max_{d:\ |d(a) - d(b)| \le |a - b|} \; \mathbb E_p[d(x)] - \mathbb E_q[d(x)]$$
#
# ($a$ and $b$ are any two pitches.) In words: among all scores **whose slope is nowhere above 1**, take the one with the widest gap between real and forged. No sigmoid, no logarithm: the judge has become a *ruler*, and the bound on its slope is what its centimetres are. Without the bound it would simply shout.
#
# How to bound a network's slope? Three ways, all in use:
#
# - **a penalty** for slopes above 1. WGAN-GP (Gulrajani and others, 2017 [4]) takes the judge's gradient at points between real and forged, and punishes whatever is not 1. Ours takes the slope between *two near points* on that way and punishes only what is above 1, as Petzka and others advise (2018 [5]); that needs no gradient inside the loss, and so runs unchanged on each of Keras's backends;
# - **spectral normalisation** (Miyato and others, 2018 [6]): each layer is divided by its largest singular value, the most by which it can stretch anything. With activations of slope 1 or below, a judge of dense layers cannot stretch anything at all (for convolutions that holds roughly);
# - **clipping the weights**, as the first Wasserstein GAN did [3], and called "clearly terrible" by its own authors.
#
# **Predict.** *A judge with a penalty, against a choir that holds still, θ semitones away: what will its gap be?*

# %% id="slope-run"
for shift in (1.0, 3.0, 7.0):
    ruler = play_choir("wasserstein", start=4 - shift, optimizer=TwoSpeedAdam(0.0, 5e-3), at_once=50)
    ruler.fit(song[:51_200], batch_size=128, verbose=0)
    low = ruler.generate(2000)
    gap = float(np.mean(ruler.judge(real)) - np.mean(ruler.judge(low)))
    carried = wasserstein(real, low)
    print(f"choirs {shift:.0f} apart: carried by hand {carried:.2f} semitones; the judge's gap {gap:5.2f}, "
          f"so its slope is {gap / carried:.2f} (by the account below, {1 + carried / 20:.2f})")  # fmt: skip

# %% [markdown] id="slope-explained"
# <details><summary>What happened, and why</summary>
#
# The judge has become a tuning device that says how many semitones the choir is off. It reads too much, and one can say why: a penalty forbids nothing, it only costs. With the slope $s$ and the distance $W$ the judge gains $W s$ and pays $\lambda (s - 1)^2$ (lambda, the penalty's weight, is 10 here); that is best at $s = 1 + W / 2 \lambda$. So the ruler's centimetres are a little short, the more so the further away; nearby they are right. And now the loss *means* something: it is minus a distance, and going towards 0 is going home. Of the losses of section 4 one cannot say that.
#
# </details>

# %% [markdown] id="ring-intro"
# ## 6 · Mode collapse
#
# The second way to lose the game is sadder, for its losses may look fine. Here is a game with eight right answers.
#
# **The picture.** A bar of eight eighths, drawn as a clock: 12 o'clock is the beginning of the bar, 3 o'clock its second quarter. A stroke of a drummer is a point: its *direction* says when it falls, its *distance from the middle* how loud it is. The drummer strikes all eight eighths equally often, and almost exactly. Eight small heaps on a ring: eight **modes**, as statisticians call the peaks of a distribution. (Without the drummer, a ring of eight heaps is an old test for GANs, used in [9].)
#
# To be *heard*, strokes fill four bars, eight strokes a bar, taken at random from all; a deep drum marks where each bar begins.

# %% id="ring-drummer"
from musegen_edu import Score
from musegen_edu.score import DRUMS

HI_HAT, BASS_DRUM, BAR = 42, 36, 96  # two General MIDI drums; ticks in a bar of 4/4
EIGHTHS = 2 * np.pi * np.arange(8) / 8
CLOCK = np.stack([np.sin(EIGHTHS), np.cos(EIGHTHS)], axis=1)  # (8, 2): where the eight eighths lie on the clock

def drummer(n, seed=0):
    """Strokes as points on the clock, (n, 2)."""
    dice = np.random.default_rng(seed)
    return (CLOCK[dice.integers(0, 8, n)] + 0.06 * dice.normal(size=(n, 2))).astype("float32")

strokes = drummer(76_800)

# %% id="ring-listen"
def strokes_to_score(points, **fields):
    """Four bars, eight strokes each, and a deep drum at each bar's beginning."""
    ticks = np.round(np.arctan2(*points[:32].T) / (2 * np.pi) * BAR).astype(int) % BAR + np.arange(32) // 8 * BAR
    loud = np.clip(90 * np.linalg.norm(points[:32], axis=1), 1, 127).astype(int)
    strokes = dict(zip(ticks.tolist(), loud.tolist()))  # of two strokes at once, one
    notes = [(tick, 6, HI_HAT, velocity) for tick, velocity in strokes.items()]
    notes += [(bar * BAR, 6, BASS_DRUM, 100) for bar in range(4)]
    return Score.from_notes(notes, programs=(DRUMS,), bpm=100, **fields)

strokes_to_score(strokes, title="The real drummer")

# %% [markdown] id="ring-count-intro"
# **Counting.** A forged stroke is *clean* if it lies within 0.18 of an eighth (three of the drummer's own deviations). An eighth counts as *found* if at least one stroke in fifty is a clean one there. So there are two numbers: how many of the eight are found, and how many strokes are clean. A forger needs both: who strikes *anywhere* in the bar finds all eight as well.

# %% id="ring-count"
def modes_found(points):
    """How many of the eight eighths get at least 2 % of the strokes."""
    distance = np.linalg.norm(np.asarray(points)[:, None] - CLOCK, axis=2)  # (n, 8)
    clean = distance.min(axis=1) < 0.18
    return int((np.bincount(distance.argmin(axis=1)[clean], minlength=8) >= 0.02 * len(points)).sum())

def share_clean(points):
    return float((np.linalg.norm(np.asarray(points)[:, None] - CLOCK, axis=2).min(axis=1) < 0.18).mean())

angle = rng.uniform(0, 2 * np.pi, 2000)
anywhere = np.stack([np.sin(angle), np.cos(angle)], axis=1) + 0.06 * rng.normal(size=(2000, 2))
for name, points in (("the drummer", strokes[:2000]), ("anywhere in the bar", anywhere)):
    print(f"{name:20s} {modes_found(points)} of 8 found, {share_clean(points):.0%} clean")

# %% [markdown] id="predict-collapse"
# Now a pair with the logarithmic loss of section 4, non-saturating, in which the **generator learns five times as fast as the judge**.
#
# **Predict.** *What will the quick forger do to a slow judge? Where will its strokes lie after 1,000 steps, and where 100 steps before?*

# %% id="collapse-pair"
from musegen_edu.models.gan_layers import SpectralDense
from musegen_edu.models.tune_judges import BatchMoments

def player(n_in, n_out, dense=layers.Dense, compares=False):
    """Three dense layers; a judge that compares sees mean and spread over the batch as well."""
    hidden = [dense(48), layers.LeakyReLU(0.2), dense(48), layers.LeakyReLU(0.2)]
    hidden += [BatchMoments(), dense(24), layers.LeakyReLU(0.2)] if compares else []
    return keras.Sequential([keras.Input((n_in,)), *hidden, dense(n_out)])

def play_drums(loss, *, rates, dense=layers.Dense, compares=False, smoothing=0.0, beta_1=0.5, judge_steps=1, at_once=1):
    """A forger of strokes and its judge; `at_once` steps go by between two looks from outside."""
    keras.utils.set_random_seed(0)
    players = player(2, 2), player(2, 1, dense, compares)
    pair = AdversarialPair(*players, noise=2, loss=loss, smoothing=smoothing)
    pair.compile(TwoSpeedAdam(*rates, beta_1=beta_1, judge_steps=judge_steps), steps_per_execution=at_once)
    return pair

# %% id="collapse-run"
STEPS, BATCH = 1000, 64
QUICK_FORGER = (5e-3, 1e-3)  # learning rates: generator, judge
collapsed = play_drums("non_saturating", rates=QUICK_FORGER)
shown = {"show": "points", "every": 10, "diversity": modes_found}
monitor = GanMonitor(collapsed, strokes, **shown, title="A quick forger, a slow judge")
_ = collapsed.fit(strokes[: STEPS * BATCH], batch_size=BATCH, verbose=0, callbacks=[monitor.callback])

# %% id="collapse-listen"
heap = collapsed.generate(2000, seed=1)
print(f"{modes_found(heap)} of 8 found, {share_clean(heap):.0%} clean")
strokes_to_score(heap, title="A forger that has found one answer")

# %% [markdown] id="collapse-explained"
# <details><summary>What happened, and why</summary>
#
# There is one place where the judge is a little too trusting just now. The quick generator sends *everything* there: for each single stroke that is the best it can do, for nobody asks a stroke to be different from the one before. Soon the judge notices, and distrusts the place. Then the whole heap moves on, to the next one, and round the clock. Each stroke by itself may pass for real; together they are a fraud. That is **mode collapse**. Drag the slider of the monitor back and watch the heap travel.
#
# A judge who looks at one example at a time cannot see it. And look at the losses: after a while they lie near $2 \ln 2$ and $\ln 2$, just where the theory puts the happy end. *Nothing in them says "one of eight".* Count.
#
# </details>

# %% [markdown] id="predict-cures"
# ### Five cures, counted
#
# - **Let the judge keep up**: a slow generator and a quick judge [8] (here 1 : 4 instead of 5 : 1), or several judge steps for one of the generator, as in the paper of 2014 [1].
# - **Label smoothing** [10]: tell the judge that real strokes are real *with 90 %*. It is never quite sure, and its score stays moderate. One-sided: the forgeries are forged with 100 %, otherwise they would be praised.
# - **Spectral normalisation and hinge loss** [6, 7]: no slope of the judge is above 1; it stops caring about examples that it already gets right by a margin of 1.
# - **Wasserstein with a penalty** [3–5]: section 5's ruler.
# - **Let the judge compare** [10]: it sees, besides a stroke, the mean and the spread of *the whole batch*. Now "all alike" is something it can see.
#
# **Predict.** *Which of them helps against the quick forger by itself? Which only together with a slower one?* (The first row of the table has no cure but that.)

# %% id="cures-named"
CURES = {
    "non-saturating": {"loss": "non_saturating"},
    "label smoothing": {"loss": "non_saturating", "smoothing": 0.1},
    "spectral norm, hinge": {"loss": "hinge", "dense": SpectralDense},
    "Wasserstein, penalty": {"loss": "wasserstein"},
    "a judge that compares": {"loss": "non_saturating", "compares": True},
}
TIMES = {"quick forger": {"rates": QUICK_FORGER}, "slow forger": {"rates": (1e-3, 4e-3), "beta_1": 0.0}}

# %% id="cures-run"
cured = {("non-saturating", "quick forger"): heap}  # that one has been played already
for cure, how in CURES.items():
    for time, rates in TIMES.items():
        if (cure, time) in cured:
            continue
        pair = play_drums(**how, **rates, at_once=50)
        pair.fit(strokes[: STEPS * BATCH], batch_size=BATCH, verbose=0)
        cured[cure, time] = pair.generate(2000, seed=1)

# %% id="cures-table"
print(" " * 22 + "".join(f"{time:>30s}" for time in TIMES))
for cure in CURES:
    pairs = [cured[cure, time] for time in TIMES]
    cells = [f"{modes_found(points)} of 8 found, {share_clean(points):4.0%} clean" for points in pairs]
    print(f"{cure:22s}" + "".join(f"{cell:>30s}" for cell in cells))

# %% id="cures-figure"
figure, axes = plt.subplots(2, 5, figsize=(12, 5.4), dpi=110, layout="constrained", sharex=True, sharey=True)
for row, time in zip(axes, TIMES):
    for ax, cure in zip(row, CURES):
        ax.plot(*CLOCK.T, "o", markersize=11, markerfacecolor="none", color=INK)
        ax.plot(*cured[cure, time][:600].T, ".", markersize=3, color=PALETTE[0], alpha=0.5)
        counted = f"{modes_found(cured[cure, time])} of 8, {share_clean(cured[cure, time]):.0%} clean"
        dress(ax, title=counted if row is axes[1] else f"{cure}\n{counted}")
        ax.title.set_fontsize(10.5)
        ax.set(aspect="equal", xlim=(-1.7, 1.7), ylim=(-1.7, 1.7))
    row[0].set_ylabel(time, color=INK, fontsize=11)
text = [f"{time} {np.mean([modes_found(cured[cure, time]) for cure in CURES]):.1f}" for time in TIMES]
_ = figure.suptitle(f"Eighths found, on average: {', '.join(text)}", color=INK, fontsize=13, fontweight="bold")

# %% [markdown] id="cures-explained"
# <details><summary>What happened, and why</summary>
#
# What decides here is **time**: a judge who keeps up finds all the eighths with almost any loss, and a judge who lags behind is fooled with almost any. A bounded slope alone does not replace that; what it buys is that the judge *may* keep up, however far ahead it gets, without the generator's gradient dying (section 4). Only a judge that *compares* is not fooled even then: "all alike" it sees at once. When all eighths are found, the second number counts; hold it against *anywhere in the bar* above. A judge with small slopes cannot rise steeply from gap to heap, and is content with strokes nearly all round the clock.
#
# Nobody should conclude from one toy and one seed which loss is "the best". Lucic and others (2018 [11]) gave seven of them the same budget for tuning, and found that most reach similar results; tuning and chance made more of a difference than the loss. So: count, with more than one seed, and change the rates before the loss.
#
# </details>

# %% id="cures-listen"
good = max(cured, key=lambda key: (modes_found(cured[key]), share_clean(cured[key])))
strokes_to_score(cured[good], title=f"Cured: {good[0]}, {good[1]}")

# %% [markdown] id="mistakes-intro"
# ## 7 · Four mistakes that stop a GAN
#
# Each of them is met in tutorials and in homework, and each *runs*. Learn their symptoms: with a GAN, "the loss goes down" tells you nothing.
#
# ### 7.1 `trainable`, on the wrong side of `compile`
#
# The old recipe has *two* compiled models: the judge, trained on real and forged examples with the labels 1 and 0; and generator and judge in a row, trained on noise with the label 1. In the second the judge must hold still, so one writes `judge.trainable = False`. **Where?** In the Keras for which many of those lines were written, `compile` took note of what was trainable at that moment, and the line stood between the two `compile`s. Keras 3 looks when training begins. The same lines now mean something else.
#
# **Predict.** *Three versions: the line where the tutorials have it; no such line at all; the flag set anew before every step of each player. Where will the forged choir end? What will the judge's loss be?* (A judge that tosses a coin has 0.693.)

# %% id="freeze-recipe"
import warnings
from types import SimpleNamespace

BCE = keras.losses.BinaryCrossentropy(from_logits=True)

def two_models():
    """A generator, its judge, and the two in a row: each of the last two is compiled."""
    generator, judge = choirmaster(0), network(1, 24, 24, 1, seed=1)
    both = keras.Sequential([keras.Input((1,)), generator, judge])
    return generator, judge, both

def compile_both(judge, both, *, freeze_between):
    judge.compile(keras.optimizers.Adam(1e-2, beta_1=0.5), BCE)
    if freeze_between:
        judge.trainable = False
    both.compile(keras.optimizers.Adam(1e-2, beta_1=0.5), BCE)

# %% id="freeze-run"
def old_recipe(title, *, freeze_between=False, toggle=False, steps=240):
    generator, judge, both = two_models()
    compile_both(judge, both, freeze_between=freeze_between)
    players = SimpleNamespace(generator=generator, judge=judge)
    monitor = GanMonitor(players, song[:2000], show="points", every=5, batch_size=None, title=title)
    for step in monitor.steps(steps):
        z = rng.normal(size=(128, 1)).astype("float32")
        shown = np.concatenate([song[128 * step : 128 * step + 128], np.array(generator(z))])
        judge.trainable = not freeze_between
        judge_loss = judge.train_on_batch(shown, np.repeat([[1.0], [0.0]], 128, axis=0))
        judge.trainable = not (freeze_between or toggle)
        generator_loss = both.train_on_batch(z, np.ones((128, 1)))
        monitor.record({"judge_loss": float(judge_loss), "generator_loss": float(generator_loss)})
    return monitor

# %% id="freeze-table"
VERSIONS = {
    "the line where the tutorials have it": {"freeze_between": True},
    "no such line": {},
    "the flag set before every step": {"toggle": True},
}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    monitors = {name: old_recipe(name, **how) for name, how in VERSIONS.items()}
for name, monitor in monitors.items():
    last, losses = monitor.forged(monitor.kept[-1]), monitor.history["judge_loss"]
    print(f"{name:37s} choir at {np.mean(last):5.2f}, spread {np.std(last):.2f}; "
          f"judge's loss {losses[0]:.2f}, then {losses[-1]:.2f}")  # fmt: skip
print("Keras has whispered:", {str(warning.message).split(".")[0] for warning in said})

# %% [markdown] id="freeze-explained"
# <details><summary>What happened, and why</summary>
#
# - **Where the tutorials have it**, the judge never learns at all. The forger follows the *accidental* slope of an untrained network, wherever it leads: its choir contracts, goes right through the real one, and on. Symptoms: the judge's *curve* in the monitor stands still from the first step to the last, all forgeries are nearly the same, and a warning that is easily overlooked.
# - **Without the line**, the second model trains the judge as well, to call *forgeries real*: it tears down at each step what it has just learnt. Symptom: the generator's loss looks fine, and yet its forgeries are wrong; look at the spread above, beside the real choir's 0.5.
# - **Set before every step** it works: each of the two models looks at the flag when its own training is first built. It hangs on an order of events that no line of the code shows.
#
# **The repair** is section 3's: one loss, two gradients that are kept apart *where they flow*, and no flag at all.
#
# </details>

# %% [markdown] id="predict-apart"
# ### 7.2 Compiled and fitted apart
#
# "Train the judge until it is good, then train the generator." Or, simpler still: `generator.fit(noise, strokes)`. Both run, with falling losses.
#
# **Predict.** *Where on the clock will the strokes lie in each case? Think of what each of the two generators is* asked.

# %% id="apart-run"
finished = play_drums("non_saturating", rates=(0.0, 2e-3))
finished.fit(strokes[:19_200], batch_size=BATCH, verbose=0)  # the judge alone, to the end
finished.optimizer.judge_rate.assign(0.0)
finished.optimizer.generator_rate.assign(2e-3)  # now the generator alone
monitor = GanMonitor(finished, strokes, show="points", every=5, diversity=modes_found, title="Against a finished judge")
_ = finished.fit(strokes[:19_200], batch_size=BATCH, verbose=0, callbacks=[monitor.callback])

copyist = play_drums("non_saturating", rates=QUICK_FORGER).generator  # a new one
copyist.compile(keras.optimizers.Adam(2e-3), "mse", jit_compile=False)
noise = rng.normal(size=(19_200, 2)).astype("float32")
_ = copyist.fit(noise, strokes[:19_200], batch_size=BATCH, verbose=0)

# %% id="apart-figure"
drawn = {"the drummer": strokes[:1000], "against a finished judge": finished.generate(1000, seed=1)}
drawn["fitted to strokes"] = np.array(copyist(noise[:1000]))
figure, axes = plt.subplots(1, 3, figsize=(11, 4.2), dpi=110, layout="constrained")
for ax, (name, points) in zip(axes, drawn.items()):
    ax.plot(*CLOCK.T, "o", markersize=14, markerfacecolor="none", color=INK)
    ax.plot(*points.T, ".", color=PALETTE[0], alpha=0.4)
    far = max(1.4, 1.05 * np.quantile(np.abs(points), 0.99))
    ax.set(aspect="equal", xlim=(-far, far), ylim=(-far, far))
    loud = np.median(np.linalg.norm(points, axis=1))
    title = f"{name}:\n{modes_found(points)} of 8, loudness {loud:.2g}"
    dress(ax, title=title, x="towards 3 o'clock", y="towards 12 o'clock" if ax is axes[0] else "")

# %% id="apart-scores"
for name, points in drawn.items():
    print(f"{name:25s} mean score by the finished judge {float(np.mean(finished.judge(points))):6.1f}")

# %% [markdown] id="apart-explained"
# <details><summary>What happened, and why</summary>
#
# - **Against a finished judge**: the generator finds whatever the judge *never looked at*, and goes there. Away from real and forged strokes alike its score was never corrected, and it may be higher than any real stroke's. Symptom: the forgeries score *better than the real thing*, and the judge, who is not allowed to learn, never objects. A judge is worth something only as long as it goes on judging.
# - **Fitted to strokes**: which stroke belongs to which noise? None. The best answer to "whichever it may be" with a squared error is the *mean* of all: the middle of the clock, loudness near 0. Symptom: grey mush; for tunes, one middling note. (That is why lesson 09 needed an encoder: it says which noise belongs to which tune.)
#
# </details>

# %% [markdown] id="predict-reshape"
# ### 7.3 `Reshape` to sizes that do not fit
#
# Four bars are 64 steps of 47 symbols (lesson 09's codec): 3,008 numbers. **Predict.** *What happens in each of these two cells?*

# %% id="reshape-fails" tags=["raises-exception"]
keras.Sequential([keras.Input((32,)), layers.Dense(3000), layers.Reshape((64, 47))])

# %% id="reshape-runs"
from musegen_edu.tokens.four_bar_codec import HOLD, N_SYMBOLS, REST

rolls = np.eye(N_SYMBOLS, dtype="float32")[windows["test"].symbols[:300]]  # (n, 64, 47): time, symbol
by_pitch = rolls.transpose(0, 2, 1)  # (n, 47, 64): somebody's file has it this way round
reshaped = by_pitch.reshape(-1, 64, 47)  # fits: 47 * 64 = 64 * 47
print("shapes:", reshaped.shape, "wanted:", rolls.shape)
kept, single = (reshaped.argmax(axis=2) == rolls.argmax(axis=2)).mean(), (reshaped.sum(axis=2) == 1).mean()
print(f"symbols that are still where they were: {kept:.1%}; steps with exactly one symbol: {single:.1%}")

# %% id="reshape-listen"
codec.decode(rolls[10].argmax(axis=1), **AS_FIDDLE, title="A real tune, as the judge should see it")

# %% id="reshape-listen-wrong"
codec.decode(reshaped[10].argmax(axis=1), **AS_FIDDLE, title="The same tune, as the judge sees it now")

# %% [markdown] id="reshape-explained"
# <details><summary>What happened, and why</summary>
#
# The first cell fails, and that is the lucky case: 3,000 numbers cannot be 64 times 47. The second runs, and ruins everything. `reshape` does not turn a table round; it reads all numbers in a row and breaks the row at other places. `transpose` turns it. The GAN would then learn, with patience, to forge *torn-up* tunes, and its losses would look as always.
#
# **Symptom**: look at the *real* side of the monitor first. **Repair**: write the shape beside every line, `# (n, 64, 47)`, and count backwards from the end: 64 sixteenths ← 16 beats × 4 ← 4 bars × 4. A transposed convolution with stride 4 turns 4 steps into 16 and 16 into 64; then nothing need be reshaped.
#
# </details>

# %% id="reshape-monitor"
from musegen_edu import FourBarGAN

torn = reshaped.argmax(axis=2).astype("int32")
victim = FourBarGAN("convolutional", latent=8, units=16, filters=(8, 8))
victim.compile(TwoSpeedAdam(1e-3, 1e-3))
monitor = GanMonitor(victim, torn, show="tunes", every=8, batch_size=32, title="Look at the real side")
_ = victim.fit(torn, batch_size=32, epochs=4, verbose=0, callbacks=[monitor.callback])

# %% [markdown] id="predict-sigmoid"
# ### 7.4 One number as "music"
#
# The last layer of many a music GAN on the web is `Dense(1, activation="sigmoid")`: each step is one number between 0 and 1, times the number of symbols, rounded. It trains. **Predict.** *Symbol 1 is `HOLD`, 2 is `REST`, 3 to 46 are pitches from low to high. (0 stands for what the codec cannot write; no tune here has it.) What lies between `HOLD` and a high note? What share of the forged steps will be holds, compared with real ones?*

# %% id="sigmoid-build"
def number_pair(seed=0):
    """A forger of 64 numbers from 0 to 1, and a convolutional judge of them."""
    keras.utils.set_random_seed(seed)
    plan = [layers.Dense(64 * 8, "relu"), layers.Reshape((64, 8)), layers.Conv1D(32, 5, padding="same")]
    out = [layers.LeakyReLU(0.2), layers.Dense(1, activation="sigmoid")]
    forger = keras.Sequential([keras.Input((32,)), *plan, *out])  # (n, 64, 1)
    looks = [layer for width in (24, 32) for layer in (layers.Conv1D(width, 8, strides=4), layers.LeakyReLU(0.2))]
    judge = keras.Sequential([keras.Input((64, 1)), *looks, layers.Flatten(), layers.Dense(1)])
    pair = AdversarialPair(forger, judge, noise=32, loss="non_saturating", seed=seed)
    pair.compile(TwoSpeedAdam(5e-4, 5e-4, beta_1=0.5))
    return pair

def numbers_to_score(numbers, **fields):
    return codec.decode(np.round(np.ravel(numbers) * (N_SYMBOLS - 1)).astype(int), **{**AS_FIDDLE, **fields})

# %% id="sigmoid-run"
numbers = (windows["train"].symbols[..., None] / (N_SYMBOLS - 1)).astype("float32")  # (n, 64, 1)
one_number = number_pair()
monitor = GanMonitor(one_number, numbers, show=numbers_to_score, every=20, title="One number a step")
_ = one_number.fit(rng.permutation(numbers)[: 400 * BATCH], batch_size=BATCH, verbose=0, callbacks=[monitor.callback])

# %% id="sigmoid-figure"
guessed = np.round(one_number.generate(500, seed=1) * (N_SYMBOLS - 1)).astype(int)
shares = {name: np.bincount(np.ravel(found), minlength=N_SYMBOLS) / found.size for name, found in
          (("real tunes", windows["test"].symbols), ("forged numbers, rounded", guessed))}  # fmt: skip
ax = plt.subplots(figsize=(9, 3.2), dpi=110, layout="constrained")[1]
for i, (name, share) in enumerate(shares.items()):
    ax.bar(np.arange(N_SYMBOLS) + 0.4 * (i - 0.5), share, 0.4, color=PALETTE[i], label=name)
held = [share[HOLD] for share in shares.values()]
title = f"Holds: {held[0]:.0%} of real steps, {held[1]:.0%} of forged ones"
add_legend(dress(ax, title=title, x="symbol (1 hold, 2 rest, 3 to 46 pitches)", y="share of the steps"))

# %% id="sigmoid-listen"
numbers_to_score(one_number.generate(1, seed=3)[0], title="One number a step")

# %% [markdown] id="sigmoid-explained"
# <details><summary>What happened, and why</summary>
#
# To a network, number 25 lies between 24 and 26, and halfway from `HOLD` to a high note lies a low one. But symbols are *names*, not amounts. A generator that hesitates between "hold" and "high C" must say something between, and that is a wrong note; a generator of probabilities would say "half and half". Besides, real steps lie on 46 exact values and nowhere between. That is something a judge can look for, and a smooth number hardly ever hits one of them.
#
# So look at the monitor: the judge tells all real tunes from all forged ones, and its loss goes towards 0. And look where the forger has fled to: most of its numbers lie at the lower end of the sigmoid, at 0, which is no symbol of any tune. Out there a sigmoid has hardly any slope, so the forger does not come back; that is section 4 once more. What there is to hear is next to nothing.
#
# **Symptom**: the symbols pile up at one end, or in a hump, where a scale should be. **Repair**: one score (*logit*) for each of the 47 symbols, and then a *choice*. How to train through a choice is the next section.
#
# </details>

# %% [markdown] id="choice-intro"
# ## 8 · Four bars, forged
#
# A tune is 64 choices among 47 symbols (lesson 09's codec: a pitch that begins, `HOLD`, `REST`, as if every tune were in C). The generator ends in 64 × 47 logits; but the judge must not be shown logits. Real tunes are rows with *one* 1 and 46 zeros. Shown probabilities, it would learn one thing only: "no clear choice: forged".
#
# So the generator must **choose**. But through a choice no slope passes: a little more of a logit changes nothing at all, until it changes everything. Two tricks, one after the other.
#
# **Trick 1: dice outside**, as in lesson 09. To draw symbol $i$ with probability $\pi_i$ (pi), the softmax of the logits $\ell_i$, add to each logit its own *Gumbel* noise $g_i = -\ln(-\ln u_i)$, with $u_i$ drawn evenly between 0 and 1, and take the largest [12]. The noise comes from outside; the choice hangs on the logits only.
#
# **Predict.** *Take the logits 2, 1, 0. How often will the first be the largest, in 100,000 draws with noise? The softmax says 66.5 %.*

# %% id="choice-gumbel"
logits = np.array([2.0, 1.0, 0.0])
gumbel = -np.log(-np.log(rng.uniform(1e-9, 1, (100_000, 3))))
found = np.bincount((logits + gumbel).argmax(axis=1), minlength=3) / len(gumbel)
print("by softmax:", (np.exp(logits) / np.exp(logits).sum()).round(3))
print("by drawing:", found.round(3))

# %% [markdown] id="choice-straight"
# **Trick 2: straight through** (Bengio and others, 2013 [13]; with Gumbel noise: Jang and others, 2017 [12]). Forward, the judge is shown the hard choice. Backward, we *pretend* that the softmax at temperature $\tau$ (tau) had been shown: its slope is used. In Keras, with the noise already in `logits`, it takes three lines; the bracket in the last one is exactly 0, and has a slope all the same:
#
# ```python
# hard = ops.one_hot(ops.argmax(logits, axis=-1), 47)  # one row of 47 symbols for each step
# soft = ops.softmax(logits / tau)
# shown = ops.stop_gradient(hard) + (soft - ops.stop_gradient(soft))
# ```
#
# The slope is not the true one, which is 0 nearly everywhere. It is a useful lie: it points to where the choice *would* go. A low $\tau$ makes it truer and wilder, a high one smoother and more of a lie.

# %% id="choice-figure"
from musegen_edu.models.gan_layers import straight_through

logit = np.linspace(-4, 4, 161)
pairs = np.stack([logit, np.zeros_like(logit)], axis=1)  # two symbols; the second one's logit is 0
ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")[1]
hard = np.array(straight_through(pairs, 1.0))[:, 0]
ax.plot(logit, hard, color=INK, linewidth=2.5, label="what the judge is shown")
steepest = {}
for i, tau in enumerate((2.0, 0.7, 0.2)):
    soft = np.array(ops.softmax(pairs / tau))[:, 0]
    steepest[tau] = np.gradient(soft, logit).max()
    ax.plot(logit, soft, LINES[i], color=PALETTE[i], linewidth=2, label=f"whose slope is used, τ = {tau:g}")
title = f"The judge sees a step; the slope used is at most {steepest[2.0]:.2f} (τ = 2), {steepest[0.2]:.2f} (τ = 0.2)"
dress(ax, title=title, x="first symbol's logit above the second's, noise included", y="share of the first symbol")
_ = add_legend(ax, loc="upper left")

# %% [markdown] id="pair-intro"
# ### Two forgers and a judge
#
# - The **GRU generator** unfolds the noise into four bars, each bar into a plan of 16 steps, and then tells one symbol after another; it *hears* what it has told.
# - The **convolutional generator** unfolds 4 bars into 16 beats and 16 beats into 64 sixteenths with **transposed convolutions** (lesson 07's convolution run backwards: each number becomes several), and makes all its choices at once. It cannot hear itself.
# - The **judge** makes a roll of the symbols, what begins and what sounds, and reads it with convolutions over time that halve the 64 steps again and again. Every layer is spectrally normalised; the loss is the hinge. And it compares: it sees mean and spread of its features over the batch, as in section 6.
#
# **Predict.** *Which of the two forgers will have it easier with rhythm? Which with the melody's steps?* Here they are in the open; the shapes of all weights are compared with the class `FourBarGAN`'s.

# %% id="pair-generators"
from musegen_edu.models.gan_layers import SpectralConv1D, SymbolChoice, SymbolsToRoll, TellingCell
from musegen_edu.models.tune_judges import RollToSteps

def open_generator(kind, latent, units):
    z, noise = keras.Input((latent,)), keras.Input((64, N_SYMBOLS))
    bars = layers.Reshape((4, units))(layers.Dense(4 * units, "relu")(z))  # (n, 4, units)
    if kind == "gru":
        plan = layers.Dense(16 * (units // 4), "relu")(bars)  # a bar's 16 steps, still in one row
        plan = layers.Reshape((64, units // 4))(plan)
        plan = ops.concatenate([plan, noise], axis=-1)
        told = layers.RNN(TellingCell(units, 0.7, seed=0), return_sequences=True)(plan)
    else:
        beats = layers.Conv1DTranspose(units, 8, strides=4, padding="same", activation="relu")(bars)  # (n, 16, units)
        steps = layers.Conv1DTranspose(units, 8, strides=4, padding="same", activation="relu")(beats)  # (n, 64, units)
        told = SymbolChoice(0.7)(layers.Conv1D(N_SYMBOLS, 5, padding="same")(steps), noise)
    return keras.Model([z, noise], told)

# %% id="pair-judge"
def open_judge(filters):
    symbols = keras.Input((64, N_SYMBOLS))
    x = RollToSteps()(SymbolsToRoll()(symbols))  # (n, 64, 112): pitches and pitch classes that begin, and that sound
    for width in filters:
        x = ops.leaky_relu(SpectralConv1D(width, 4, strides=2, padding="same")(x), negative_slope=0.2)
    x = BatchMoments()(layers.Flatten()(x))
    x = ops.leaky_relu(SpectralDense(filters[-1])(x), negative_slope=0.2)
    return keras.Model(symbols, SpectralDense(1)(x))

# %% id="pair-same"
def shapes(network):
    return sorted(tuple(weight.shape) for weight in network.trainable_weights)

for kind in ("gru", "convolutional"):
    generator, judge = open_generator(kind, 32, 96), open_judge((48, 64, 96))
    theirs = FourBarGAN(kind, latent=32, units=96)
    same = shapes(generator) == shapes(theirs.generator) and shapes(judge) == shapes(theirs.judge)
    sizes = f"generator {generator.count_params():7,d} numbers, judge {judge.count_params():,}"
    print(f"{kind:13s} {sizes}; same shapes: {same}")

# %% [markdown] id="quick-intro"
# ### Train both, for a short while
#
# A few hundred steps on real tunes, each forger against a judge of its own. Slide back to the beginning, and listen your way forward. **Predict.** *What will the forgers get right first: the share of holds, the rhythm, the scale, or the line?*

# %% id="quick-run"
def four_bars(kind, steps, every, title):
    """A pair trained for some steps of 32 tunes, and its monitor."""
    pair = FourBarGAN(kind, average=0.98, seed=0)
    pair.compile(TwoSpeedAdam(5e-4, 1e-3))
    monitor = GanMonitor(pair, windows["train"].symbols, show="tunes", every=every, batch_size=32, title=title)
    order = np.random.default_rng(0).permutation(len(windows["train"].symbols))[: 32 * steps]
    pair.fit(windows["train"].symbols[order], batch_size=32, verbose=0, callbacks=[monitor.callback])
    return pair, monitor

conv_pair, _ = four_bars("convolutional", 200, 5, "All at once")

# %% id="quick-run-gru"
gru_pair, _ = four_bars("gru", 200, 5, "One after another")

# %% id="quick-measure"
def describe(symbols):
    """Share of holds, of notes outside C major, and of bars that are different from all others."""
    notes = symbols[symbols > REST]
    outside = np.isin((notes - 3 + 45) % 12, [1, 3, 6, 8, 10]).mean()
    bars = symbols.reshape(-1, 16)
    different = len(np.unique(bars, axis=0)) / len(bars)
    return f"holds {np.mean(symbols == HOLD):4.0%}, outside the scale {outside:4.0%}, different bars {different:4.0%}"

print(f"{'real tunes':22s}{describe(windows['test'].symbols[:256])}")
for name, pair in (("convolutional, short", conv_pair), ("GRU, short", gru_pair)):
    print(f"{name:22s}{describe(pair.generate_symbols(256, seed=1, averaged=True))}")
seen = 32 * 200 / len(windows["train"])  # tunes a step, steps
print(f"so far each judge has seen {seen:.0%} of the training tunes, and each of those once")

# %% [markdown] id="quick-explained"
# <details><summary>What happened, and why</summary>
#
# - In the beginning a forger chooses among 46 symbols as with dice. What it learns first is what all tunes have in common: how often a note begins, and which notes the scale has; compare its holds and its notes outside the scale with those of the real tunes. The *line*, which note follows which, comes last: in section 10, look at "steps as in real music" of the short trainings, beside that of the dice.
# - Look at *different bars*, and at the diversity in the two monitors. A forger that makes all its choices at once cannot hear that two of them do not fit together; a safe answer is few notes and long ones, and many holds. In the worst case it ends with a single note in every tune. That would be section 6's mode collapse, and now it is music. (The table above takes the *averaged* generator, which remembers better days; the monitor's last picture is the one of the last step.) Smaller rates and more judge steps help, and patience.
# - Two hundred steps are little: the last line says how much of the music the judges have seen.
#
# </details>

# %% [markdown] id="good-intro"
# ### Trained for long
#
# The forger that you heard at the beginning is the GRU generator against the judge above. Its card says how long it was trained, and on what. With a GPU, or with patience, you can make it anew.

# %% id="good-card"
facts = load_card("four_bar_gan")
print(f"{facts['profile']['name']} profile, {facts['epochs']} passes, {facts['cpu_seconds'] / 60:.0f} CPU minutes")
print(f"on {facts['machine']}")
for name, pair in (("GRU, short", gru_pair), ("GRU, for long", forger)):
    print(f"{name:22s}{describe(pair.generate_symbols(256, seed=1, averaged=True))}")

# %% id="good-listen"
forged_scores(forger, 1, seed=11, **AS_FIDDLE)[0].replace(title="Forged")

# %% id="train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

for name in ("four_bar_gan", "spectrogram_gan"):
    print(train_by_recipe(name, profile="full", seed=0, verbose=2))

# %% [markdown] id="sound-intro"
# ## 9 · Sounds, forged
#
# Nothing in the game was about notes. `SpectrogramGAN` forges one-second notes of the twelve instruments of `timbre` as mel spectrograms; both players are told pitch and instrument (a **conditional** GAN: the judge asks "is this a real *trumpet C4*?"). GANSynth [18] forges recorded notes in a similar way, told their pitch, on a far larger scale. Griffin and Lim's method (lesson 02) makes the picture audible.
#
# **Predict.** *Lesson 09's VAE, asked for a note, gives the mean of all that it might be. What will a judge have to say to that? And what, then, will the forger do differently?*

# %% id="sound-forge"
from IPython.display import Audio, display

from musegen_edu.metrics.note_pictures import unlikeness
from musegen_edu.timbre_morphing import mel_to_sound

foley, names = load_pretrained("spectrogram_gan"), load_dataset("timbre").class_names
asked = [("Trumpet", 60), ("Cello", 50), ("Vibraphone", 67)]
conditions = np.array([[pitch, names.index(name)] for name, pitch in asked])
mels = foley.generate(len(asked), condition=conditions, seed=0)  # (3, 128, 63) decibels
for (name, pitch), mel in zip(asked, mels):
    print(f"{name}, pitch {pitch}")
    display(Audio(mel_to_sound(mel), rate=16_000))

# %% id="sound-figure"
figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), dpi=110, sharey=True, layout="constrained")
for ax, (name, pitch), mel in zip(axes, asked, mels):
    ax.imshow(mel, origin="lower", aspect="auto", cmap="magma", extent=(0, 1, 0, 128), vmin=mel.max() - 80)
    dress(ax, title=f"{name}, pitch {pitch}", x="time (s)", y="mel band" if ax is axes[0] else "")
again = foley.generate(8, condition=np.repeat(conditions[:1], 8, axis=0), seed=1)  # eight times the same trumpet
apart = unlikeness(again[None])[0]
title = f"Two forgeries of the same trumpet differ by {apart:.1f} dB on average"
_ = figure.suptitle(title, color=INK, fontweight="bold")

# %% [markdown] id="sound-card-intro"
# From the card, on pitches that neither network was trained on: how many notes have the asked pitch, to within 50 cents; how far the partials stand out and how much the sound flickers from frame to frame, both as a share of what real notes have; and how many decibels it is to the nearest real take (root mean square over the whole picture). The last line compares two takes of the same note with each other.

# %% id="sound-card"
measured = load_card("spectrogram_gan")["metrics"]
sounds, unlike = measured["rows"], measured["unlikeness_db"]
for label, row in (("real notes", "real"), ("forged", "forged"), ("VAE of lesson 09", "vae")):
    found = sounds[row]
    print(f"{label:17s} right pitch {found['within_50_cents']:4.0%}   partials {found['partial_contrast']:4.0%}   "
          f"flicker {found['flicker']:4.0%}   nearest take {found['nearest_take_db']:4.1f} dB")  # fmt: skip
print(f"apart from one another: two real takes of a note {unlike['real_takes']:.1f} dB, "
      f"two forgeries {unlike['forged_draws']:.1f} dB")  # fmt: skip

# %% [markdown] id="sound-explained"
# <details><summary>What happened, and why</summary>
#
# A mean of many notes is blurred: compare the VAE's row with the real one. Its partials stand out less, and it flickers less from frame to frame. A judge sees blur at a glance, so the forger must *decide*, and its partials stand out nearly as in real notes. But it overdoes the liveliness, and it misses the asked pitch more often: nobody tells a forger *which* note would have been right, only that this one is not believed. The VAE has an example to copy, the GAN a critic to please. Then look at the last line, and at the title of the pictures: two forgeries of the same note differ less than two real takes of it. Told what to play, it has little use for its noise; that is a quiet kind of mode collapse. (A GAN also says nothing about how likely a sound is, nor where on a map a given one lies: it has no encoder.) [Lesson 11](11_hybrid_gans.ipynb) puts the two together.
#
# </details>

# %% [markdown] id="scorecard-intro"
# ## 10 · The scorecard
#
# Four bars each, one try, no choosing, all in C: dice (each sixteenth by itself, as often as the training tunes have it), a Markov chain over sixteenths, the LSTM of lesson 06, the VAE of lesson 09 from its prior, and the forgers. Beside them the **training tunes**, and as the reference real tunes that no model has seen.
#
# Some of the measures are those by which MuseGAN [17] was judged: *empty bars*, *pitch classes a bar*, *qualified notes* (none shorter than a 32nd; on our grid all are). Two are for forgers above all: **different bars**, among equally many bars of each group, and **whole copies**.
#
# How near is near? Split the real tunes into two halves at random, again and again: they differ, too. That is the **floor**. A star marks what is more than twice as far from real music as real music is from itself.
#
# The long columns were measured when the weights were made, with 300 tunes each, and stand in the model card; the two short trainings of section 8 are measured now. **Predict.** *In which rows will the GANs be good, and in which not? Who has the fewest stars?*

# %% id="scorecard-short"
from musegen_edu.metrics import CorpusIndex, forger_rows
from musegen_edu.metrics.forgeries import ForgeryTable

short = {"GAN, short": gru_pair, "conv, short": conv_pair}
tunes = {name: forged_scores(pair, 100, seed=0) for name, pair in short.items()}
corpus = CorpusIndex(load_dataset("folk").train)
measured = forger_rows(tunes, corpus, reference=[codec.decode(row) for row in windows["test"].symbols[:200]])

# %% id="scorecard"
stored = facts["metrics"]
rows = {name: {key: np.nan if value is None else value for key, value in row.items()}
        for name, row in stored["rows"].items()}  # fmt: skip
rows |= {name: measured.rows[name] for name in short}
order = ["random", "Markov", "LSTM", "VAE", "conv, short", "GAN, short", "GAN", "training music", "held-out music"]
card = ForgeryTable({name: rows[name] for name in order}, {}, rows["held-out music"], stored["real_to_real"])
card

# %% id="scorecard-figure"
stars = {name: len(card.outside(name)) for name in order[:-1]}
ax = plt.subplots(figsize=(8.5, 3.8), dpi=110, layout="constrained")[1]
colours = [PALETTE[1] if name in ("conv, short", *short, "GAN") else PALETTE[0] for name in stars]
bars = ax.barh(list(stars), list(stars.values()), color=colours)
ax.bar_label(bars, color=INK, padding=3)
ax.invert_yaxis()
fewest = min(list(stars.values())[:-1])
nearest = [name for name in list(stars)[:-1] if stars[name] == fewest]
verb = "comes" if len(nearest) == 1 else "come"
missed = f"{stars['GAN']} of {len(card.floor)} measures"
title = f"{' and '.join(nearest)} {verb} nearest to real music; the GAN misses {missed}"
_ = dress(ax, title=title, x="measures that are more than twice the floor away from real music")

# %% id="scorecard-away"
for name in ("Markov", "LSTM", "VAE", "GAN"):
    print(f"{name:8s} far from real music in: {', '.join(card.outside(name)) or 'nothing'}")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - Begin with the *training music*: it comes from other tunes than the reference, and its stars tell how strict this table is.
# - Then *different bars* and *whole copies*. A forger with one trick would be far *below* real music in the first. Those that are trained for long lie above it: no bar of theirs is like another, while real tunes share bars with one another.
# - *Repeated bars*: real tunes come back to what they have said, now and then even within four bars. The models hardly ever do. Nobody has told them that a listener remembers.
# - Chain and LSTM were trained to say the next symbol, and have a loss that says how well. A forger has only ever felt a judge's opinion, and on symbols that is a narrow window. A GAN that does *as well* on melodies has worked harder for it. Where GANs are at home, in sounds and pictures, there is no "next symbol" to be told.
#
# </details>

# %% id="scorecard-listen"
from musegen_edu import rival_scores

rival_scores("Markov", 1, seed=3)[0].replace(title="By the Markov chain", bpm=160, programs=(40,))

# %% id="scorecard-listen-gan"
forged_scores(forger, 1, seed=3, bpm=160, programs=(40,))[0].replace(title="By the forger")

# %% [markdown] id="exercise-doubt"
# ## 11 · Exercises
#
# ### Exercise 1 · A judge in doubt (derive, and fill in, 12 min)
#
# With one-sided label smoothing $s$ the judge is told that real examples are real with probability $1 - s$ only, and forged with $s$. For forged examples nothing changes.
#
# 1. Write the judge's **loss** from its scores `real` and `forged`. It is the cross-entropy of section 1 with $1 - s$ in place of 1: two terms for the real scores, one for the forged. Scores may be large; `np.logaddexp(0, d)` is a softplus that does not mind.
# 2. **Derive the best judge** as in section 2: at a place where real examples have the density $p$ and forged ones $q$, which probability $y$ makes the loss smallest?

# %% id="exercise-doubt-code"
def judge_loss(real, forged, s):
    """The judge's loss from its scores (n,) and (m,), with smoothing s: one number."""
    # solution: the real ones count as real with 1 - s and as forged with s
    doubt = (1 - s) * np.logaddexp(0, -real).mean() + s * np.logaddexp(0, real).mean()
    return doubt + np.logaddexp(0, forged).mean()
    # end solution

def best_judge(p, q, s):
    """The best judge's probability of "real", where the densities are p and q."""
    # solution: the slope of p ((1 - s) ln y + s ln(1 - y)) + q ln(1 - y) is 0
    return (1 - s) * p / (p + q)
    # end solution

# %% id="exercise-doubt-check"
from musegen_edu.checks.generative_adversarial_networks import check_doubt

check_doubt(judge_loss, best_judge)

# %% [markdown] id="exercise-doubt-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-doubt-code}}
#
# At one place, with $a = p$ and $b = q$: the slope of $a\big((1 - s) \ln y + s \ln(1 - y)\big) + b \ln(1 - y)$ is $a (1 - s) / y - (a s + b) / (1 - y)$. It is 0 where $a (1 - s)(1 - y) = (a s + b)\, y$, so $y = a (1 - s) / (a + b)$. Even where there is *nothing but* real examples the judge says $1 - s$ and no more: its score has a ceiling, and its slopes stay moderate. And why only one-sided? With forged examples smoothed as well, $p$ *and* $q$ would stand above the line: where only forgeries lie the judge would say $s$ instead of 0, and praise them.
#
# </details>

# %% [markdown] id="exercise-rhythms"
# ### Exercise 2 · Count what a forger knows (fill in, 8 min)
#
# On the drummer's clock we could count modes, because we knew where they are. With tunes nobody knows; but rhythms can be counted. A bar's **rhythm** is the pattern of its 16 steps: where does a note begin? (Symbols of 3 and above; holds, 1, and rests, 2, begin none.) Two bars with the same pattern have the same rhythm, whatever the pitches. Return **how many rhythms** have at least one bar in a hundred, and the **share of the commonest**.

# %% id="exercise-rhythms-code"
def rhythms_found(symbols):
    """Of tunes (n, 64): number of rhythms with at least 1 % of the bars, and the commonest one's share."""
    # solution: patterns of onsets, a row a bar; count the rows that are alike
    begins = symbols.reshape(-1, 16) >= 3
    counts = np.unique(begins, axis=0, return_counts=True)[1]
    return int((counts >= 0.01 * counts.sum()).sum()), counts.max() / counts.sum()
    # end solution

# %% id="exercise-rhythms-check"
from musegen_edu.checks.generative_adversarial_networks import check_rhythms

check_rhythms(rhythms_found)

# %% id="exercise-rhythms-compare"
if rhythms_found(windows["test"].symbols) is not None:
    forged_short = gru_pair.generate_symbols(256, seed=1)
    for name, symbols in (("real tunes", windows["test"].symbols), ("GRU, short", forged_short)):
        n, share = rhythms_found(symbols)
        print(f"{name:12s} {n:3d} rhythms, the commonest with {share:.0%} of the bars")

# %% [markdown] id="exercise-rhythms-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-rhythms-code}}
#
# Two numbers, not one: noise has *no* rhythm that comes back, a collapsed forger has one. Real music lies between, and that is the place to aim at.
#
# </details>

# %% [markdown] id="exercise-mend"
# ### Exercise 3 · Mend a broken training step (modify, 12 min)
#
# Here is the heart of a GAN as you may find it somewhere. It runs, and no message says that anything is wrong; but **three** things are. `judge` gives scores and learns; `fixed_judge` gives the same scores, but no gradient reaches its weights. The check takes one step with your loss, and tells you who moved, and how.

# %% id="exercise-mend-given"
def broken_loss(judge, fixed_judge, real, forged):
    d_real, d_forged = judge(real), judge(forged)
    judge_loss = ops.mean(ops.softplus(d_real)) + ops.mean(ops.softplus(-d_forged))
    generator_loss = ops.mean(ops.softplus(-judge(forged)))
    return judge_loss + generator_loss

# %% id="exercise-mend-code"
def game_loss(judge, fixed_judge, real, forged):
    """The sum of both players' losses; each weight is to feel its own player's loss only."""
    # solution: the same three lines, mended
    # forgeries held fixed for the judge; the right way round; the judge held fixed for the generator
    d_real, d_forged = judge(real), judge(ops.stop_gradient(forged))
    judge_loss = ops.mean(ops.softplus(-d_real)) + ops.mean(ops.softplus(d_forged))
    generator_loss = ops.mean(ops.softplus(-fixed_judge(forged)))
    return judge_loss + generator_loss
    # end solution

# %% id="exercise-mend-check"
from musegen_edu.checks.generative_adversarial_networks import check_mend

check_mend(game_loss)

# %% [markdown] id="exercise-mend-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-mend-code}}
#
# The check takes one step of gradient descent on a tiny game, and looks where the weights of each player have gone: by the wrong steps one can tell the mistakes. Do the same with a training of your own that does not work: *one* step, plain gradient descent, and look who has moved.
#
# </details>

# %% [markdown] id="exercise-groove"
# ### Exercise 4 · A groove of your own (musical, 12 min)
#
# Choose a groove: 3 to 8 strokes on the 16 sixteenths of a bar (0 to 15), each with a loudness from 0.5 to 1.3 (1 is the drummer's), and an accent: the loudest at least 0.2 above the softest. Then train a pair that forges it, with whatever you have learnt in section 6, until the check finds every stroke. Strokes that lie next to each other are the hardest: why?

# %% id="exercise-groove-code"
def groove_strokes(groove, n, seed=0):
    """n strokes of a groove as points on the clock, (n, 2), about as exact as the drummer's."""
    dice, places = np.random.default_rng(seed), np.array(list(groove))
    angle, loud = 2 * np.pi * places / 16, np.array(list(groove.values()))
    centres = np.stack([loud * np.sin(angle), loud * np.cos(angle)], axis=1)
    return (centres[dice.integers(0, len(places), n)] + 0.06 * dice.normal(size=(n, 2))).astype("float32")

# solution: a groove, and a pair that forges it
# stub: my_groove = ...  # such as {0: 1.0, 6: 0.7, 12: 0.7}: sixteenth -> loudness
# stub: my_pair = ...  # play_drums(...), and then fit it on groove_strokes(my_groove, ...)
my_groove = {0: 1.1, 3: 0.8, 6: 0.9, 10: 0.8, 12: 1.0}  # a son clave, forged against a judge that compares
my_pair = play_drums("non_saturating", rates=QUICK_FORGER, compares=True, at_once=20)
_ = my_pair.fit(groove_strokes(my_groove, STEPS * BATCH), batch_size=BATCH, verbose=0)
# end solution

# %% id="exercise-groove-check"
from musegen_edu.checks.generative_adversarial_networks import check_groove

check_groove(my_groove, my_pair)

# %% id="exercise-groove-listen"
if my_pair is not ...:
    display(strokes_to_score(my_pair.generate(32, seed=1), title="My groove, forged"))

# %% [markdown] id="exercise-groove-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-groove-code}}
#
# Neighbouring strokes: a generator is a *smooth* function of its noise. To serve two heaps it must stretch a thin bridge from one to the other, and what lies on the bridge is neither; between near heaps the judge sees hardly any slope that would tear them apart.
#
# </details>

# %% [markdown] id="exercise-album"
# ### Exercise 5 · Be the judge (project, 30 min and more)
#
# A forger makes tunes faster than anybody can listen; somebody must choose. Put together an **album of at least six forgeries** out of two hundred candidates, by a *taste* that you can defend.
#
# 1. Write `my_taste(score)`: one number, the more you like it the higher. Few leaps? A bar that returns? An ending on the tonic, C? Several things, weighed?
# 2. Choose by it, and by it alone. Listen. Where your ear disagrees with your taste, mend the taste and not the choice.
# 3. The check does not know your taste, and does not judge it. It wants to know whether it prefers real tunes to dice in three cases of four, as any musical taste should; whether you have really taken the best, and whether the album copies the training tunes or itself.
#
# Then give the album to somebody, together with six real pieces of four bars from `windows["test"]`, mixed. Do they find the forgeries? You have become the judge of a GAN; and you know now how it would be fooled.

# %% id="exercise-album-candidates"
candidates = forged_scores(forger, 200, seed=7, bpm=160, programs=(40,))

# %% id="exercise-album-code"
def my_taste(score):
    """One number for a tune: the more you like it, the higher."""
    # solution: what you like, as a number
    # mostly small steps, home at the end, and not too many different lengths
    pitches = score.notes["pitch"].astype(int)
    if len(pitches) < 8:
        return -1.0
    steps = (np.abs(np.diff(pitches)) <= 4).mean()
    home = 0.2 * (pitches[-1] % 12 in (0, 4, 7))
    return steps + home - 0.03 * len(set(score.notes["duration"].tolist()))
    # end solution

# solution: the six that please most
# stub: my_album = ...  # a list of at least six of the candidates
my_album = sorted(candidates, key=my_taste)[-6:]
# end solution

# %% id="exercise-album-check"
from musegen_edu.checks.generative_adversarial_networks import check_album

check_album(my_taste, candidates, my_album)

# %% id="exercise-album-listen"
if my_album is not ...:
    display(join(my_album).replace(title="My album of forgeries"))

# %% [markdown] id="exercise-album-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-album-code}}
#
# To draw many and keep few is an old and honest method; lesson 06's `compose` does it too. It changes what one has to say of a model, though: whoever shows six chosen tunes must say *out of how many*.
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: the derivation is quick once somebody sees that only the *weights* of the two logarithms have changed; the rest is section 2. Many smooth both sides: let them say what the judge then says where only forgeries lie. Exercise 3: nearly all find the labels, half find the missing `stop_gradient`, few the `judge` that should be `fixed_judge`; the check names what is left. Exercise 4: let a group with a collapsed pair play it aloud to the others before they mend it: what is missing is easier to hear than to see. Exercise 5 works best with a real blind test, in pairs of groups, with a tally on the board.

# %% [markdown] id="quiz-intro"
# ## 12 · Quiz
#
# Seven questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.generative_adversarial_networks import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You wrote down the value of the game, derived $p / (p + q)$, checked it by trying and by training, and know that against it the generator makes the Jensen–Shannon divergence small.
# 2. You saw the saturating loss stand still and the non-saturating one run, measured a distance that knows how far, and built the whole game in one Keras class.
# 3. You made a forger collapse, counted what it had lost, cured it, and saw four mistakes of the tutorials by what they leave behind.
# 4. You trained two forgers of four bars through choices that have no slope, and judged forgeries beside chance, chain, LSTM, VAE and real music.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | the judge's loss goes to 0, the forgeries stand still | it has won, and a saturating loss has no slope left | non-saturating or hinge; spectral norm or a penalty; a lower judge rate |
# | the judge's loss does not move at all | it is not trained: `trainable = False` in the wrong place (7.1) | one loss, gradients kept apart where they flow |
# | the generator's loss is wonderful, the forgeries are not | the second model trains the judge to be fooled (7.1); or the judge is finished and may not learn (7.2) | hold the judge's weights in the generator's loss; train both, always |
# | all forgeries are alike, or travel together | mode collapse: the judge lags behind, and sees one example at a time | more judge steps, a lower generator rate; a judge that compares |
# | grey mush, one middling note | a squared error where nobody says which noise belongs to which example (7.2) | a judge; or an encoder (lesson 09) |
# | the *real* examples in the monitor look wrong | a `reshape` that should be a `transpose` (7.3) | look at the real side first; shapes beside each line |
# | symbols pile up at one end or in a hump, with no scale in them | one number a step stands for a symbol (7.4) | one logit for each symbol, Gumbel noise, straight through |
# | the judge tells forged tunes at once, by nothing musical | it is shown probabilities, and real tunes are one-hot | choose before showing |
# | losses swing for ever, music as well | two players circle | smaller rates, momentum (β₁) at 0 or a half, the *averaged* generator |
# | the loss says nothing of the quality | it measures the other player | count, measure, listen: section 10 |

# %% [markdown] id="questions"
# ### Questions that are often asked
#
# <details><summary>How do I know when to stop?</summary>
#
# Not by the losses. Choose measures before you train (the scorecard's, say, and distinct bars), take them every few hundred steps with the *averaged* generator, beside the same measures for real music that nobody trains on, and keep the weights of the best. A rule of thumb, no law: stop when nothing has got better for the last quarter of the training, or when diversity begins to fall. With a Wasserstein judge, the distance it measures is a hint as well.
#
# </details>
#
# <details><summary>Which model when?</summary>
#
# *Going on from a beginning, or melodies as such*: LSTM, GRU or (lesson 15) a Transformer; they have a loss that means something, and draw symbol by symbol. *Walking between tunes, pulling at a quality, changing a style*: a VAE. *Sounds and pictures that must not be blurred, one step from noise to result*: a GAN. *Filling a hole in what is there*: lesson 07's inpainter. For symbols such as notes a GAN was the hardest way to a melody of all in this course: look at the table of section 10, and decide for yourself whether it was worth it.
#
# </details>
#
# <details><summary>I have too little memory. What first?</summary>
#
# A smaller batch (and then a lower rate; and a judge that compares needs something to compare: of four examples a spread says little); fewer filters in the judge before fewer units in the generator; windows of two bars instead of four. Memory is mostly taken by what the layers keep for the way back, which grows with batch × steps × width. On a GPU, `keras.mixed_precision` keeps most of that in 16 bits instead of 32; leave the judge's last layer and the spectral norm in 32.
#
# </details>
#
# <details><summary>Can a GAN over-fit?</summary>
#
# Yes, and it is the *judge* that does: with few tunes it learns them by heart, and calls every other tune forged, real ones as well. Show it real tunes that it was not trained on: if it scores them like forgeries, it has. The generator can then please it only by copying. What helps: more data, transposition or moves along the scale (lesson 09), a smaller judge, label smoothing, and stopping in time. Always count whole copies.
#
# </details>
#
# <details><summary>Why two learning rates?</summary>
#
# So that the judge can stay near its best while the generator moves slowly under it: the theory of section 2 holds for a judge who is nearly the best one. Heusel and others [8] call it the two time-scale rule, and the usual direction is judge faster than generator. It serves the same end as several judge steps for one of the generator.
#
# </details>
#
# <details><summary>Are GANs still in use, with diffusion models about?</summary>
#
# As composers of whole pieces hardly; as a *part*, yes. Networks that turn mel spectrograms or compressed sound back into a waveform, such as HiFi-GAN [19] and EnCodec [20], are trained with judges, because a judge hears what a squared error averages away. [Lesson 11](11_hybrid_gans.ipynb) puts a judge behind a VAE in just this way; lesson 15 is planned to look at diffusion.
#
# </details>

# %% [markdown] id="reading"
# ### Further reading
#
# 1. I. Goodfellow, J. Pouget-Abadie, M. Mirza, B. Xu, D. Warde-Farley, S. Ozair, A. Courville and Y. Bengio, "Generative adversarial nets", NIPS 2014, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661).
# 2. M. Arjovsky and L. Bottou, "Towards principled methods for training generative adversarial networks", ICLR 2017, [arXiv:1701.04862](https://arxiv.org/abs/1701.04862): why the gradient vanishes.
# 3. M. Arjovsky, S. Chintala and L. Bottou, "Wasserstein GAN", ICML 2017, [arXiv:1701.07875](https://arxiv.org/abs/1701.07875).
# 4. I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin and A. Courville, "Improved training of Wasserstein GANs", NIPS 2017, [arXiv:1704.00028](https://arxiv.org/abs/1704.00028): WGAN-GP.
# 5. H. Petzka, A. Fischer and D. Lukovnikov, "On the regularization of Wasserstein GANs", ICLR 2018, [arXiv:1709.08894](https://arxiv.org/abs/1709.08894): only slopes above 1 are punished.
# 6. T. Miyato, T. Kataoka, M. Koyama and Y. Yoshida, "Spectral normalization for generative adversarial networks", ICLR 2018, [arXiv:1802.05957](https://arxiv.org/abs/1802.05957).
# 7. J. H. Lim and J. C. Ye, "Geometric GAN", 2017, [arXiv:1705.02894](https://arxiv.org/abs/1705.02894): the hinge loss.
# 8. M. Heusel, H. Ramsauer, T. Unterthiner, B. Nessler and S. Hochreiter, "GANs trained by a two time-scale update rule converge to a local Nash equilibrium", NIPS 2017, [arXiv:1706.08500](https://arxiv.org/abs/1706.08500).
# 9. L. Metz, B. Poole, D. Pfau and J. Sohl-Dickstein, "Unrolled generative adversarial networks", ICLR 2017, [arXiv:1611.02163](https://arxiv.org/abs/1611.02163): a ring of eight heaps, and a collapse that travels round it.
# 10. T. Salimans, I. Goodfellow, W. Zaremba, V. Cheung, A. Radford and X. Chen, "Improved techniques for training GANs", NIPS 2016, [arXiv:1606.03498](https://arxiv.org/abs/1606.03498): one-sided label smoothing, and a judge that sees the whole batch.
# 11. M. Lucic, K. Kurach, M. Michalski, S. Gelly and O. Bousquet, "Are GANs created equal? A large-scale study", NeurIPS 2018, [arXiv:1711.10337](https://arxiv.org/abs/1711.10337).
# 12. E. Jang, S. Gu and B. Poole, "Categorical reparameterization with Gumbel-softmax", ICLR 2017, [arXiv:1611.01144](https://arxiv.org/abs/1611.01144).
# 13. Y. Bengio, N. Léonard and A. Courville, "Estimating or propagating gradients through stochastic neurons for conditional computation", 2013, [arXiv:1308.3432](https://arxiv.org/abs/1308.3432): straight through.
# 14. L.-C. Yang, S.-Y. Chou and Y.-H. Yang, "MidiNet: a convolutional generative adversarial network for symbolic-domain music generation", ISMIR 2017, [arXiv:1703.10847](https://arxiv.org/abs/1703.10847).
# 15. O. Mogren, "C-RNN-GAN: continuous recurrent neural networks with adversarial training", 2016, [arXiv:1611.09904](https://arxiv.org/abs/1611.09904): an early GAN for music, with a recurrent generator.
# 16. L. Yu, W. Zhang, J. Wang and Y. Yu, "SeqGAN: sequence generative adversarial nets with policy gradient", AAAI 2017, [arXiv:1609.05473](https://arxiv.org/abs/1609.05473): another way through a choice.
# 17. H.-W. Dong, W.-Y. Hsiao, L.-C. Yang and Y.-H. Yang, "MuseGAN: multi-track sequential generative adversarial networks for symbolic music generation and accompaniment", AAAI 2018, [arXiv:1709.06298](https://arxiv.org/abs/1709.06298).
# 18. J. Engel, K. K. Agrawal, S. Chen, I. Gulrajani, C. Donahue and A. Roberts, "GANSynth: adversarial neural audio synthesis", ICLR 2019, [arXiv:1902.08710](https://arxiv.org/abs/1902.08710): spectrograms of single notes.
# 19. J. Kong, J. Kim and J. Bae, "HiFi-GAN: generative adversarial networks for efficient and high fidelity speech synthesis", NeurIPS 2020, [arXiv:2010.05646](https://arxiv.org/abs/2010.05646): from mel spectrograms to waveforms.
# 20. A. Défossez, J. Copet, G. Synnaeve and Y. Adi, "High fidelity neural audio compression", 2022, [arXiv:2210.13438](https://arxiv.org/abs/2210.13438): EnCodec.

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.AdversarialPair` · `musegen_edu.TwoSpeedAdam` · `musegen_edu.FourBarGAN` · `musegen_edu.forged_scores` · `musegen_edu.GanMonitor` · `musegen_edu.models.gan_layers` (`SpectralDense`, `SpectralConv1D`, `straight_through`, `SymbolChoice`, `TellingCell`, `SymbolsToRoll`) · `musegen_edu.models.tune_judges` (`step_judge`, `roll_judge`, `BatchMoments`) · `musegen_edu.metrics.forger_rows`. In a cell, write a name with a question mark, such as `straight_through?`, and run it: the description appears, with its source.
