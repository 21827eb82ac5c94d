# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "09"
#     title: Variational autoencoders
#     prerequisites: ["06_lstm_and_gru"]
#     minutes: {read: 45, run: 6, exercise: 30}
#     cpu_seconds: 88
# ---

# %% [markdown] id="title"
# # 09 · Variational autoencoders
#
# ### Four bars in sixteen numbers
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [06 LSTM and GRU](06_lstm_and_gru.ipynb).*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Build an autoencoder and a variational autoencoder in a few lines of Keras, and derive the loss of the second, symbol by symbol.
# 2. Read rate and distortion apart, choose beta, and recognise and cure the mistakes and the collapse that every such model is prone to.
# 3. Walk from one melody to another, pull a melody along one quality, change its style by adding and subtracting, and measure what *else* changed.
# 4. Judge such a model: what its numbers keep of a tune, what comes out where no tune was, and whether it copies.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for two double lessons (2 × 90 min).** First: listening 5 min · a bar in two numbers 15 min · cloud instead of point, KL and the bound on the blackboard 30 min · rate and distortion 10 min · the three mistakes 15 min · the decoder that does not listen 15 min. Second: four bars in sixteen numbers 20 min · walking, with the explorer on the projector 25 min · qualities and style 20 min · sounds 10 min · scorecard and quiz 15 min. Exercises are homework.
# In a single lesson (45 min): listening, the two maps of section 1 and 2, the figure of rate and distortion, the explorer, and one quality pulled. Leave out the derivation, but do say what the two terms *cost* and *buy*: a letter with a price on every word.
# The best question of the lesson comes before the maths: *"I may send you two numbers, and you must whistle my bar. What do we agree on beforehand?"* Let pairs of learners invent a code for eight bars on the board.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Twenty bars. They begin near one old dance tune and end near another, and every four bars a network has walked a quarter of the way. Nobody wrote what lies between. **Write down**: at which bar does the first tune stop being the first tune? And is there a bar that sounds like *nothing*?

# %% id="listen-prepare"
import matplotlib.pyplot as plt
import numpy as np

from musegen_edu import join, load_dataset, load_pretrained
from musegen_edu.four_bars import folk_windows
from musegen_edu.latent import latents_to_scores, lerp, scores_to_latents, slerp
from musegen_edu.plots.style import INK, LINES, MARKERS, PALETTE, add_legend, dress

folk, trained = load_dataset("folk"), load_pretrained("melody_vae")
windows = {split: folk_windows(split, hop=4) for split in ("train", "valid", "test")}
print({split: len(found) for split, found in windows.items()}, "pieces of four bars, each 64 symbols")

# %% id="listen-walk"
AS_FIDDLE = {"key": "D major", "bpm": 160, "programs": (40,)}
first, last = (windows["test"].score(place) for place in (4, 60))
codes = scores_to_latents(trained, [first, last])  # (2, 16): sixteen numbers each
walk = latents_to_scores(trained, slerp(codes[0], codes[1], np.linspace(0, 1, 5)), **AS_FIDDLE)
join(walk).replace(title=f"From “{first.title}” to “{last.title}”")

# %% [markdown] id="listen-explained"
# <details><summary>What you have heard</summary>
#
# Each of the five pieces was made from **sixteen numbers**, and the sixteen numbers went along a curve from one tune's to the other's. There is no border: rhythm and line change by and by. That something sensible lies between two tunes is not a matter of course. This lesson is about what it takes.
#
# </details>

# %% [markdown] id="squeeze-intro"
# ## 1 · A bar in two numbers
#
# **The picture.** You whistle a bar to a friend, but the line lets only *two numbers* through. You have agreed beforehand how to turn a bar into two numbers (the **encoder**) and two numbers into a bar (the **decoder**). The two numbers are the bar's **code**, also called *latent*, "hidden", because nobody says what they mean.
#
# ```
#   bar x  ──►  encoder  ──►  code z  ──►  decoder  ──►  bar x̂
#   8 symbols                 2 numbers                  8 symbols, as like x as possible
# ```
#
# Nobody has to invent the code: train both networks together, with the bar itself as the right answer. That is an **autoencoder**.
#
# For a start, single bars of eight eighths, from folk tunes that were all moved to C. A symbol is a pitch that begins, `HOLD` (the note goes on) or `REST`.

# %% id="squeeze-bars"
from musegen_edu.tokens.four_bar_codec import HOLD, N_SYMBOLS, REST, FourBarCodec

codec, rng = FourBarCodec(), np.random.default_rng(0)

def windows_to_bars(symbols):
    """Bars of eight eighths, (n, 8), of those that begin with a note and have nothing shorter than an eighth."""
    bars = symbols.reshape(-1, 16)
    return bars[(bars[:, 1::2] == HOLD).all(axis=1) & (bars[:, 0] > REST)][:, ::2]

def bars_to_score(bars, **fields):
    """Four bars (4, 8), one after another."""
    symbols = np.full((4, 16), HOLD)
    symbols[:, ::2] = bars
    return codec.decode(symbols.ravel(), **{**AS_FIDDLE, **fields})

bars = {split: rng.permutation(windows_to_bars(found.symbols)) for split, found in windows.items()}
bars["train"] = bars["train"][:8000]

# %% id="squeeze-build"
from musegen_edu.quiet_keras import keras

layers, ops = keras.layers, keras.ops

def bar_encoder(n_numbers):
    inner = [layers.Embedding(N_SYMBOLS, 16), layers.Flatten(), layers.Dense(128, activation="relu")]
    return keras.Sequential([keras.Input((8,), dtype="int32"), *inner, layers.Dense(n_numbers)])

def bar_decoder(n_numbers):
    inner = [layers.Dense(128, activation="relu"), layers.Dense(8 * N_SYMBOLS), layers.Reshape((8, N_SYMBOLS))]
    return keras.Sequential([keras.Input((n_numbers,)), *inner])

keras.utils.set_random_seed(0)
encoder, decoder = bar_encoder(2), bar_decoder(2)
autoencoder = keras.Sequential([encoder, decoder])

# %% [markdown] id="predict-squeeze"
# **Predict.** Eight symbols, two numbers. If one always says `HOLD`, about one step in five is right. *How many will be right after training? And how many with the best straight lines there are, two principal components (PCA)?*

# %% id="squeeze-train"
STEP_LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
autoencoder.compile(keras.optimizers.Adam(5e-3), STEP_LOSS, jit_compile=False)
autoencoder.fit(bars["train"], bars["train"], batch_size=256, epochs=8, verbose=0)

def hot(rows):
    return np.eye(N_SYMBOLS)[rows].reshape(len(rows), -1)  # (n, 8 * 47) zeros and ones

centre = hot(bars["train"]).mean(axis=0)
axes = np.linalg.eigh(np.cov(hot(bars["train"]).T))[1][:, -2:]  # (8 * 47, 2): where the bars vary most
flat = ((hot(bars["valid"]) - centre) @ axes @ axes.T + centre).reshape(-1, 8, N_SYMBOLS).argmax(axis=2)
back = np.array(autoencoder(bars["valid"])).argmax(axis=2)  # (n, 8)
for name, told in (("always HOLD", np.full_like(back, HOLD)), ("PCA", flat), ("autoencoder", back)):
    print(f"{name:12s} {(told == bars['valid']).mean():.1%} of the steps right, in bars that nobody has trained on")

# %% id="squeeze-listen"
given = bars_to_score(bars["valid"][:4], title="Four bars, as they are")
given

# %% id="squeeze-listen-back"
bars_to_score(back[:4], title="The same four bars, through two numbers each")

# %% [markdown] id="squeeze-explained"
# <details><summary>What happened, and why</summary>
#
# Two numbers cannot hold a bar; what comes back is a *typical* bar of the same kind: high or low, rising or falling, many notes or few. That is what a squeeze is good for: it must decide what matters. The autoencoder beats the straight lines because its code may bend.
#
# </details>

# %% [markdown] id="gaps-intro"
# ### Does it compose?
#
# If codes make bars, new codes make new bars. **Predict.** *Take codes at random from the region where the real ones lie. Will the bars be as good as those that came back?* We give the autoencoder eight numbers now, so that it knows its bars well, and ask somebody neutral: a Markov chain of order 2 (lesson 01) that has read the training bars and says how *surprised* it is, in nats a bar. Real bars surprise it, too; much more than real bars means nonsense.

# %% id="gaps"
from musegen_edu import MarkovModel

def with_start(rows):
    return [np.concatenate([[N_SYMBOLS], row]) for row in rows]

chain = MarkovModel(order=2, n_tokens=N_SYMBOLS + 1).fit(with_start(bars["train"]))

def surprise(rows):
    """Nats a bar by the Markov chain."""
    return 8 * chain.nats_per_token(with_start(rows))

keras.utils.set_random_seed(0)
wide = keras.Sequential([bar_encoder(8), bar_decoder(8)])
wide.compile(keras.optimizers.Adam(5e-3), STEP_LOSS, jit_compile=False)
_ = wide.fit(bars["train"], bars["train"], batch_size=256, epochs=8, verbose=0)

# %% id="gaps-run"
real_codes = np.array(wide.layers[0](bars["valid"]))  # (n, 8)
random_codes = rng.multivariate_normal(real_codes.mean(axis=0), np.cov(real_codes.T), size=500)
back = np.array(wide(bars["valid"])).argmax(axis=2)
made = np.array(wide.layers[1](random_codes)).argmax(axis=2)
print(f"through eight numbers, {(back == bars['valid']).mean():.1%} of the steps come back right")
for name, rows in (("real bars", bars["valid"]), ("the same, given back", back), ("from random codes", made)):
    print(f"{name:21s} {surprise(rows):5.1f} nats a bar")

# %% [markdown] id="gaps-explained"
# <details><summary>What happened, and why</summary>
#
# What it has seen it gives back well. What it makes up is worse, by several nats in every bar, although we drew from a cloud with the same centre and the same spread as the real codes. The autoencoder was never asked what lies *between* its codes, so anything may lie there: its space is an archive with gaps, not a map.
#
# </details>

# %% [markdown] id="cloud-intro"
# ## 2 · A cloud instead of a point
#
# **The idea** (Kingma and Welling [1], and at the same time Rezende, Mohamed and Wierstra [2], 2014). The encoder no longer names a point but a **cloud**: a mean $\mu$ (mu) and a deviation $\sigma$ (sigma) for each number of the code. The code is *drawn* from the cloud. The decoder must do with any point of it, so the neighbours of a code have to mean nearly the same. And every cloud pays for being far away or small. So all clouds move together into one region, and fill it.
#
# Three questions: how does one train through a throw of dice? What does a cloud cost? And why is that the right thing to pay?
#
# ### Dice outside
#
# Training needs a slope: how does the result change when $\mu$ changes a little? Through a throw of dice no slope passes. So one throws *before*: draw noise $\varepsilon$ (epsilon) from a standard normal distribution, mean 0 and deviation 1, and set
#
# $$z = \mu + \sigma\, \varepsilon$$
#
# It is the same distribution; but now $z$ hangs smoothly on $\mu$ and $\sigma$: $\mathrm dz / \mathrm d\mu = 1$ and $\mathrm dz / \mathrm d\sigma = \varepsilon$. That is the **reparameterisation**. There is another way to a slope, which needs no such trick: multiply the result by how much likelier a small step of $\mu$ would have made *this* $z$, $(z - \mu) / \sigma^2$. It is right as well, on average.
#
# **Predict.** *For $f(z) = (z - 3)^2$ the slope of the mean is $2(\mu - 3)$. Which of the two ways comes nearer to it with 100 throws?*

# %% id="dice-slopes"
mu, sigma = 1.0, 0.5
noise = rng.normal(size=(2000, 100))  # 2,000 attempts with 100 throws each
z = mu + sigma * noise
ways = {
    "dice outside": 2 * (z - 3),  # f'(z) * dz/dmu
    "dice inside": (z - 3) ** 2 * (z - mu) / sigma**2,
}
print(f"right: {2 * (mu - 3):.2f}")
spread = {}
for name, slopes in ways.items():
    attempts = slopes.mean(axis=1)
    spread[name] = attempts.std()
    print(f"{name}: {attempts.mean():5.2f} on average, an attempt is off by {spread[name]:.2f}")

# %% [markdown] id="dice-explained"
# <details><summary>What happened, and why</summary>
#
# Both are right on average. But the second way knows nothing of $f$ except its values; it has to find out by trial in which direction it goes down, and needs many more throws for the same accuracy (the square of the ratio of the two errors). The first looks at the slope of $f$ itself. Without the trick such networks would learn too slowly to be of use.
#
# </details>

# %% [markdown] id="kl-intro"
# ### What a cloud costs
#
# Sender and receiver agree on a region beforehand: the **prior** $p(z)$, standard normal in each number. The **Kullback–Leibler divergence** (KL) says how much more the cloud $q(z \mid x)$ of a bar $x$ tells than the prior did, in nats:
#
# $$\mathrm{KL}(q \,\|\, p) = \mathbb E_{z \sim q}\big[\ln q(z \mid x) - \ln p(z)\big]$$
#
# $\mathbb E_{z \sim q}$ is the mean over many $z$ drawn from $q$. For two normal distributions nobody has to draw. In one number,
# $\ln q = -\tfrac12 \ln 2\pi\sigma^2 - (z - \mu)^2 / 2\sigma^2$ and $\ln p = -\tfrac12 \ln 2\pi - z^2 / 2$. On average $(z - \mu)^2$ is $\sigma^2$, and $z^2$ is $\mu^2 + \sigma^2$. What remains:
#
# $$\mathrm{KL} = \tfrac12 \big(\mu^2 + \sigma^2 - 1 - \ln \sigma^2\big)$$
#
# and for several numbers, the sum. With $\mu = 0$ and $\sigma = 1$ it is 0: *to say nothing costs nothing*. The encoder gives out $\ln \sigma^2$, the **log variance**, which may be any number, so that $\sigma$ is never negative.

# %% id="kl-check"
mean, log_variance = np.array([1.2, -0.5, 0.0]), np.array([-3.0, 0.3, 0.0])  # three numbers of a code
each = (mean**2 + np.exp(log_variance) - 1 - log_variance) / 2
print("by the formula:", each.round(3), f"together {each.sum():.3f} nats")
for n in (100, 10_000, 1_000_000):
    z = mean + np.exp(log_variance / 2) * rng.normal(size=(n, 3))
    ln_q = -(np.log(2 * np.pi) + log_variance + (z - mean) ** 2 / np.exp(log_variance)) / 2
    ln_p = -(np.log(2 * np.pi) + z**2) / 2
    print(f"by {n:9,d} throws: {(ln_q - ln_p).sum(axis=1).mean():.3f} nats")

# %% [markdown] id="bound-intro"
# ### Why just this: the bound
#
# What do we want? A model under which real bars are *likely*: $\ln p(x)$ large. The model draws a code from the prior and then a bar, $p(x) = \int p(x \mid z)\, p(z)\, \mathrm dz$: over *all* codes, and that cannot be computed. So we go round it. $p(x \mid z)$ is the decoder, $q(z \mid x)$ the encoder; $p(z \mid x)$ would be the *right* encoder for this decoder, which we do not know.
#
# For **every** code $z$, by the definition of a conditional probability, $p(x)\, p(z \mid x) = p(x, z)$, so
#
# $$\ln p(x) = \ln p(x, z) - \ln p(z \mid x)$$
#
# The left side does not depend on $z$, so it stays what it is when we take the mean over codes drawn from $q(z \mid x)$. Add and subtract $\ln q(z \mid x)$, and write $p(x, z) = p(x \mid z)\, p(z)$:
#
# $$\ln p(x) = \underbrace{\mathbb E_q\big[\ln p(x \mid z)\big]}_{-\text{ distortion}} \;-\; \underbrace{\mathrm{KL}\big(q(z \mid x) \,\|\, p(z)\big)}_{\text{rate}} \;+\; \underbrace{\mathrm{KL}\big(q(z \mid x) \,\|\, p(z \mid x)\big)}_{\text{gap, never below } 0}$$
#
# The first two together are the **evidence lower bound**, ELBO ($p(x)$ is called the *evidence*). The gap is the only thing we cannot compute, and it is never negative: a KL is $-\mathbb E_q[\ln (p / q)] \ge -\ln \mathbb E_q[p / q] = -\ln 1 = 0$, for the logarithm is bent downwards (Jensen). So
#
# $$-\ln p(x) \;\le\; \text{distortion} + \text{rate}$$
#
# **In words.** The surprise about a bar is at most what its code costs (*rate*) plus what still has to be told once the code is known (*distortion*). Train both networks to make that sum small, and the bound comes down on the surprise from above.
#
# The smallest world in which all of it can be computed: three codes, two bars.

# %% id="bound-check"
prior = np.array([0.5, 0.3, 0.2])  # p(z) of three codes
likelihood = np.array([0.9, 0.5, 0.1])  # p(x | z) of the bar x that we look at
evidence = (prior * likelihood).sum()  # p(x)
right = prior * likelihood / evidence  # p(z | x)
for name, q in (("some encoder", np.array([0.4, 0.4, 0.2])), ("the right one", right)):
    distortion, rate = -(q * np.log(likelihood)).sum(), (q * np.log(q / prior)).sum()
    gap = (q * np.log(q / right)).sum()
    print(f"{name}: distortion {distortion:.3f} + rate {rate:.3f} - gap {gap:.3f} = {distortion + rate - gap:.3f}")
print(f"surprise -ln p(x): {-np.log(evidence):.3f}")

# %% [markdown] id="vae-intro"
# ### In Keras
#
# Three changes to the autoencoder: the encoder gives out twice as many numbers (means and log variances), a layer throws the dice, and the loss has its second term. `beta` is the price of a nat of rate; with `beta = 1` the loss is the bound. (`free` is for section 5; at 0 it does nothing.) The loss is a sum over the eight steps and over the numbers of the code, not a mean; you will see why.

# %% id="vae-dice"
class Dice(layers.Layer):
    """z = mean + deviation * noise: the noise comes from outside."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, mean, log_variance):
        noise = keras.random.normal(ops.shape(mean), seed=self.seeds)
        return mean + ops.exp(log_variance / 2) * noise

# %% id="vae-loss"
class VAE(keras.Model):
    """From bars (batch, 8) to logits (batch, 8, 47), mean and log variance (batch, latent)."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.beta, self.free = (keras.Variable(value, trainable=False) for value in (1.0, 0.0))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        logits, mean, log_variance = y_pred
        steps = ops.sparse_categorical_crossentropy(y, logits, from_logits=True)  # (batch, 8)
        distortion = ops.mean(ops.sum(steps, axis=1))
        rate = ops.mean(mean**2 + ops.exp(log_variance) - 1 - log_variance, axis=0) / 2  # (latent,)
        return distortion + self.beta * ops.sum(ops.maximum(rate, self.free))

# %% id="vae-build"
def build_vae(latent):
    keras.utils.set_random_seed(0)
    encoder, decoder = bar_encoder(2 * latent), bar_decoder(latent)
    bar = keras.Input((8,), dtype="int32")
    mean, log_variance = ops.split(encoder(bar), 2, axis=-1)
    vae = VAE(bar, [decoder(Dice()(mean, log_variance)), mean, log_variance])
    vae.decoder = decoder
    return vae

# %% [markdown] id="vae-prepare-intro"
# Two tools for the experiments to come. `prepare` compiles a model once, and gives back a function that trains it *from the same first weights each time*, with the knobs that we name. `terms` is the three lines of NumPy: distortion and rate of each bar.

# %% id="vae-prepare"
def prepare(vae):
    vae.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    vae.optimizer.build(vae.trainable_variables)
    variables = [*vae.variables, *vae.optimizer.variables]
    at_first = [variable.numpy() for variable in variables]

    def train(epochs=8, callbacks=(), **knobs):
        for variable, value in zip(variables, at_first):
            variable.assign(value)
        for name, value in knobs.items():
            getattr(vae, name).assign(value)
        vae.fit(bars["train"], bars["train"], batch_size=256, epochs=epochs, verbose=0, callbacks=list(callbacks))

    return train

# %% id="vae-terms"
def terms(vae, rows):
    """Distortion (n,), rate (n, latent) and mean (n, latent), in nats."""
    logits, mean, log_variance = (np.array(part, float) for part in vae(rows))
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))  # (n, 8, 47)
    distortion = -np.take_along_axis(log_p, rows[..., None], axis=-1)[..., 0].sum(axis=1)
    return distortion, (mean**2 + np.exp(log_variance) - 1 - log_variance) / 2, mean

plane = build_vae(2)
train_plane = prepare(plane)
train_plane(beta=1.0)
distortion, rate, map_of_means = terms(plane, bars["valid"])
ours, keras_says = (distortion + rate.sum(axis=1)).mean(), plane.evaluate(bars["valid"], bars["valid"], verbose=0)
print(f"distortion {distortion.mean():.2f} + rate {rate.sum(axis=1).mean():.2f} nats a bar")
print("Keras says the same, to within the noise of the dice:", abs(ours - keras_says) < 0.2)

# %% [markdown] id="predict-maps"
# **Predict.** Now draw both codes of the validation bars, the autoencoder's and the VAE's, as maps: one point a bar, its mark says how high the bar lies. *What will be different?*

# %% id="maps"
height = np.array([row[row > REST].mean() for row in bars["valid"]])  # mean pitch of each bar, in symbols
thirds = np.digitize(height, np.quantile(height, [1 / 3, 2 / 3]))  # 0 low, 1 middle, 2 high
maps = {"Autoencoder": np.array(encoder(bars["valid"])), "VAE": map_of_means}
figure, axes = plt.subplots(1, 2, figsize=(11, 4.6), dpi=110, layout="constrained")
for ax, (name, codes) in zip(axes, maps.items()):
    for third, label in enumerate(("low", "middle", "high")):
        here = codes[thirds == third][:250]
        ax.plot(*here.T, MARKERS[third], color=PALETTE[third], markersize=4, alpha=0.7, label=f"{label} bars")
    near = (np.linalg.norm(codes, axis=1) < 2).mean()
    ax.add_patch(plt.Circle((0, 0), 2, fill=False, color=INK, linewidth=1.5))
    ax.set_aspect("equal", "datalim")
    far = np.abs(codes).max()
    dress(ax, title=f"{name}: up to {far:.0f} away, {near:.0%} in the circle", x="first number", y="second number")
add_legend(axes[1], loc="upper right")

# %% [markdown] id="maps-explained"
# <details><summary>What happened, and why</summary>
#
# The circle has radius 2; of points drawn from the prior, 86 % fall into it ($1 - e^{-2}$). The autoencoder spreads its codes as far as it likes, thick here and thin there; nobody told it where to stop. The VAE's clouds have to share one small region, and so bars that are alike come to lie beside one another: low ones in one part, high ones in another. Nobody told it what high is.
#
# </details>

# %% id="maps-listen"
corners = np.array([[-1.2, 1.2], [1.2, 1.2], [1.2, -1.2], [-1.2, -1.2]])  # once round the map
around = np.array(plane.decoder(corners)).argmax(axis=2)
bars_to_score(around, title="Once round the map, a bar from each corner")

# %% [markdown] id="rate-intro"
# ## 3 · Rate and distortion
#
# The two terms pull in opposite directions: to say more of a bar costs more. Never look at their sum alone. Eight numbers from here on; watch both while it trains, on validation bars.
#
# **Predict.** *Which of the two moves first? Which one rises?*

# %% id="rate-course"
class Course(keras.callbacks.Callback):
    """Keeps distortion and rate of 800 validation bars after each epoch."""

    def __init__(self):
        super().__init__()
        self.distortion, self.rate = [], []

    def on_epoch_end(self, epoch, logs=None):
        distortion, rate, _ = terms(self.model, bars["valid"][:800])
        self.distortion.append(distortion.mean())
        self.rate.append(rate.sum(axis=1).mean())

eight, course = build_vae(8), Course()
train_eight = prepare(eight)
train_eight(beta=1.0, callbacks=[course])

# %% id="rate-figure"
ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")[1]
epochs = np.arange(1, len(course.rate) + 1)
for i, (name, values) in enumerate({"distortion": course.distortion, "rate": course.rate}.items()):
    ax.plot(epochs, values, LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, label=name)
gained, paid = course.distortion[0] - course.distortion[-1], course.rate[-1] - course.rate[0]
ax.set_ylim(0)
title = f"From epoch 1 to {len(epochs)}: {paid:.1f} nats more of code save {gained:.1f} nats of telling"
add_legend(dress(ax, title=title, x="epoch", y="nats a bar"), loc="center right")

# %% [markdown] id="predict-beta"
# ### The price: beta
#
# Higgins and others (2017 [4]) put a factor $\beta$ (beta) before the rate: $\text{loss} = \text{distortion} + \beta \cdot \text{rate}$. At $\beta = 1$ it is the bound; above, a nat of code must save more than a nat of telling; below, less. **Predict.** *From 0.1 to 4: what becomes of the rate? Of the steps that come back right? Of bars drawn from the prior? And where is the sum of the two smallest?*

# %% id="beta-sweep"
prior_codes = rng.normal(size=(500, 8)).astype("float32")

def judge(vae, rows=bars["valid"]):
    """What a training has come to: both terms, steps given back right, surprise about bars from the prior."""
    distortion, rate, mean = terms(vae, rows)
    back, made = (np.array(vae.decoder(codes)).argmax(axis=2) for codes in (mean, prior_codes))
    return {"distortion": distortion.mean(), "rate": rate.sum(axis=1).mean(), "right": (back == rows).mean(),
            "surprise": surprise(made), "made": made}  # fmt: skip

# %% id="beta-table"
sweep = {1.0: judge(eight)}
for beta in (0.1, 0.3, 4.0):
    train_eight(beta=beta)
    sweep[beta] = judge(eight)
print(f"Real bars surprise the Markov chain by {surprise(bars['valid']):.1f} nats.")
for beta, row in sorted(sweep.items()):
    d, r = row["distortion"], row["rate"]
    print(f"beta {beta:3g}: distortion {d:5.2f} + rate {r:5.2f} = {d + r:5.2f}   steps right {row['right']:.1%}   "
          f"bars from the prior surprise the chain by {row['surprise']:.1f} nats")  # fmt: skip

# %% id="beta-figure"
ax = plt.subplots(figsize=(8, 3.6), dpi=110, layout="constrained")[1]
points = [(row["rate"], row["distortion"], beta) for beta, row in sorted(sweep.items())]
ax.plot([r for r, *_ in points], [d for _, d, _ in points], "o-", color=PALETTE[0], linewidth=2, markersize=8)
for r, d, beta in points:
    ax.annotate(f"β = {beta:g}", (r, d), xytext=(8, 6), textcoords="offset points", color=INK, fontsize=11)
best = min(points, key=lambda point: point[0] + point[1])
ax.set_ylim(0, 1.15 * max(d for _, d, _ in points))
title = f"The curve of what can be had; the bound is lowest at β = {best[2]:g}: {best[0] + best[1]:.1f} nats"
ax = dress(ax, title=title, x="rate: what the code says (nats a bar)", y="distortion: what is left to tell (nats)")

# %% [markdown] id="beta-explained"
# <details><summary>What happened, and why</summary>
#
# A dear nat is saved: at $\beta = 4$ hardly anything is said, every bar comes back as nearly the same. A cheap nat is spent: more comes back right, but the clouds shrink to points, and between them lie the gaps of section 1. No point of the curve is *the* right one. Whoever wants to give music back takes a small $\beta$; whoever wants to draw new music, one near 1. Alemi and others (2018 [6]) draw this curve for whole families of models: the sum alone does not say where on it one stands.
#
# </details>

# %% [markdown] id="mistakes-intro"
# ## 4 · Three mistakes that one meets
#
# Each of them trains without an error message, and each has been in published code. Learn to recognise them by their two terms.
#
# 1. **No KL term.** The loss is the distortion alone.
# 2. **The wrong sign.** `distortion - rate`, for "the ELBO has a minus in it".
# 3. **Twice the numbers.** The encoder's 2 × 8 numbers go into the decoder as they are. Nobody has split them, nobody has thrown the dice.
#
# **Predict.** *Which of them gives the bars back best? Which has the lowest sum of rate and distortion, and why should that make you suspicious?*

# %% id="mistakes-build"
def build_twice(latent):
    keras.utils.set_random_seed(0)
    encoder, decoder = bar_encoder(2 * latent), bar_decoder(2 * latent)  # here
    bar = keras.Input((8,), dtype="int32")
    both = encoder(bar)
    mean, log_variance = ops.split(both, 2, axis=-1)
    vae = VAE(bar, [decoder(both), mean, log_variance])  # and here
    vae.decoder = decoder
    return vae

twice = build_twice(8)
train_twice = prepare(twice)
train_twice(beta=1.0)

# %% id="mistakes-shape" tags=["raises-exception"]
twice.decoder(prior_codes)  # eight numbers drawn from the prior, as in every VAE

# %% [markdown] id="mistakes-shape-explained"
# That message is the lucky case: *the decoder wants 16 numbers for a code of 8*. The unlucky case is to "mend" it by drawing sixteen.

# %% id="mistakes-watch"
class Losses(keras.callbacks.Callback):
    """Keeps the mean loss so far, after each batch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(logs["loss"])

# %% id="mistakes-run"
found = {"right, beta 1": sweep[1.0]}
for name, beta, epochs in (("no KL term", 0.0, 8), ("wrong sign", -1.0, 1)):
    watched = Losses()
    train_eight(beta=beta, epochs=epochs, callbacks=[watched])
    found[name] = judge(eight)
print("wrong sign, the mean loss after 1, 5, 10, 15, 20 batches:", *(f"{watched.seen[n - 1]:.3g}" for n in (1, 5, 10, 15, 20)))
distortion, rate, _ = terms(twice, bars["valid"])
back = np.array(twice(bars["valid"])[0]).argmax(axis=2)
made = np.array(twice.decoder(rng.normal(size=(500, 16)).astype("float32"))).argmax(axis=2)
found["twice the numbers"] = {"distortion": distortion.mean(), "rate": rate.sum(axis=1).mean(),
                              "right": (back == bars["valid"]).mean(), "surprise": surprise(made), "made": made}  # fmt: skip
for name, row in found.items():
    d, r = row["distortion"], row["rate"]
    print(f"{name:18s} distortion {d:9.4g}   rate {r:9.4g}   sum {d + r:9.4g}   steps right {row['right']:6.1%}   "
          f"from the prior {row['surprise']:5.1f} nats")  # fmt: skip

# %% [markdown] id="mistakes-explained"
# <details><summary>What happened, and why</summary>
#
# - **No KL term**: the rate runs away, because it costs nothing; the clouds become points. A good autoencoder, a bad composer: what is drawn from the prior has little to do with music.
# - **Wrong sign**: the network is *paid* for rate, and goes where it is endless. The loss falls without end, until the numbers overflow and `nan` (*not a number*) is all that is left. A loss below 0 is the alarm: both terms are 0 or more.
# - **Twice the numbers**: the most dangerous, for the sum looks *splendid*. Without dice the decoder can read differences of a thousandth, so the network writes its bars in tiny digits that the KL formula believes to be nearly free. Nothing was drawn, so there is no $q$, and the sum is no bound on anything. **The alarm: too good.** Real bars carry about as many nats as the Markov chain says, give or take a few; a small network that claims a fraction of that has a leak. And what is drawn from the prior gives it away.
#
# So there are three numbers to look at, always: distortion, rate, and a judgement of samples from the prior. *Right* was in the first row.
#
# </details>

# %% id="mistakes-listen"
bars_to_score(found["no KL term"]["made"][:4], title="Drawn from the prior: no KL term")

# %% id="mistakes-listen-right"
bars_to_score(found["right, beta 1"]["made"][:4], title="Drawn from the prior: right")

# %% [markdown] id="collapse-intro"
# ## 5 · The decoder that does not listen
#
# So far the decoder wrote all eight symbols at once, from the code alone. Lesson 05's networks are better writers: they go *note by note*, and know what they have just written. Give the decoder that gift: a GRU that reads the symbols so far **and** the code.
#
# In training it reads the *true* symbols so far. While generating it reads its own.

# %% id="collapse-hide"
START, BLANK = N_SYMBOLS, 0  # two symbols that no bar has

class Hide(layers.Layer):
    """Word dropout: while training, replaces a share of the symbols with a blank."""

    def __init__(self):
        super().__init__()
        self.share, self.seeds = keras.Variable(0.0, trainable=False), keras.random.SeedGenerator(1)

    def call(self, symbols, training=False):
        if not training:
            return symbols
        hidden = keras.random.uniform(ops.shape(symbols), seed=self.seeds) < self.share
        return ops.where(hidden, BLANK, symbols)

# %% id="collapse-build"
def build_writer(latent=8, units=64):
    keras.utils.set_random_seed(0)
    bar, before, z = keras.Input((8,), dtype="int32"), keras.Input((8,), dtype="int32"), keras.Input((latent,))
    read = layers.Embedding(N_SYMBOLS + 1, 16)(before)  # (batch, 8, 16)
    read = ops.concatenate([read, layers.RepeatVector(8)(z)], axis=-1)  # the code at every step
    written = layers.GRU(units, return_sequences=True)(read)
    decoder = keras.Model([before, z], layers.Dense(N_SYMBOLS)(written))
    mean, log_variance = ops.split(bar_encoder(2 * latent)(bar), 2, axis=-1)
    hide = Hide()
    late = ops.concatenate([ops.full_like(bar[:, :1], START), hide(bar[:, :-1])], axis=1)  # a step late
    vae = VAE(bar, [decoder([late, Dice()(mean, log_variance)]), mean, log_variance])
    vae.decoder, vae.hidden = decoder, hide.share
    return vae

# %% id="collapse-write"
def write_bars(vae, codes):
    """All bars at once, a symbol a time, the likeliest each time: free-running."""
    written = np.full((len(codes), 9), START, "int32")
    for t in range(8):
        logits = np.array(vae.decoder([written[:, :8], codes.astype("float32")]))
        written[:, t + 1] = logits[:, t].argmax(axis=1)
    return written[:, 1:]

class Anneal(keras.callbacks.Callback):
    """KL annealing: beta grows from 0 to 1 in so many batches."""

    def __init__(self, batches):
        super().__init__()
        self.batches, self.seen = batches, 0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.beta.assign(min(1.0, self.seen / self.batches))
        self.seen += 1

# %% [markdown] id="predict-collapse"
# **Predict.** *The decoder can now do more than before. Will the code say more, or less? What will the rate be?*

# %% id="collapse-provoke"
writer = build_writer()
train_writer, courses = prepare(writer), {"strong decoder": Course()}
train_writer(epochs=6, callbacks=[courses["strong decoder"]])

def heard(vae, rows=bars["valid"]):
    """Steps right, free-running: with the bar's own code, and with the code of another bar."""
    mean = terms(vae, rows)[2]
    return [(write_bars(vae, codes) == rows).mean() for codes in (mean, np.roll(mean, 1, axis=0))]

listened = {"strong decoder": (terms(writer, bars["valid"]), heard(writer))}
(distortion, rate, mean), (own, other) = listened["strong decoder"]
print(f"distortion {distortion.mean():.2f}, rate {rate.sum(axis=1).mean():.2f}")
print(f"steps right with its own code {own:.1%}, with another bar's code {other:.1%}")

# %% [markdown] id="collapse-explained"
# <details><summary>What happened, and why</summary>
#
# The rate goes to zero, and it makes no difference *whose* code the decoder gets: it writes the same bar for all. This is **posterior collapse**: $q(z \mid x)$ has become the prior. Nothing is broken! The network has found a good solution of the task that we gave it: it predicts each note from those before, and that alone is worth several nats. A code would have to be paid for in cash, at the very beginning of training, when the decoder cannot read it yet and it buys nothing. So the encoder learns to be silent, and a decoder that hears nothing learns not to listen.
#
# Its bound may even be *better* than that of section 3. If you only want a bar that sounds like a bar, take it. If you want to *steer*, you have nothing in your hands.
#
# </details>

# %% [markdown] id="predict-cures"
# ### Four cures
#
# - **Word dropout** (Bowman and others, 2016 [3]): hide half of the symbols that the decoder reads. It must ask the code.
# - **KL annealing** ([3] as well): begin with $\beta = 0$, when the code costs nothing, and raise it slowly.
# - **Free bits** (Kingma and others, 2016 [7]): each number of the code has, say, 0.5 nats for free. To save them wins nothing.
# - **A weaker decoder**: one that cannot do without. That was section 3.
#
# **Predict.** *Which one keeps the most? Does the distortion suffer?*

# %% id="collapse-cures"
CURES = {
    "word dropout": {"hidden": 0.5},
    "annealing": {"callbacks": [Anneal(120)]},
    "free bits": {"free": 0.5},
}
for name, knobs in CURES.items():
    courses[name] = Course()
    train_writer(epochs=6, **{**knobs, "callbacks": [courses[name], *knobs.get("callbacks", ())]})
    listened[name] = (terms(writer, bars["valid"]), heard(writer))
weak = sweep[1.0]

# %% id="collapse-table"
print("                 distortion   rate   active   steps right   with another bar's code")
for name, ((distortion, rate, mean), (own, other)) in listened.items():
    active = (mean.var(axis=0) > 0.01).sum()
    print(f"{name:16s}   {distortion.mean():6.2f}   {rate.sum(axis=1).mean():6.2f}   {active} of 8   {own:8.1%}   {other:12.1%}")
print(f"{'weaker decoder':16s}   {weak['distortion']:6.2f}   {weak['rate']:6.2f}   (section 3)   {weak['right']:.1%}")

# %% id="collapse-figure"
ax = plt.subplots(figsize=(8, 3.4), dpi=110, layout="constrained")[1]
for i, (name, kept) in enumerate(courses.items()):
    ax.plot(range(1, 7), kept.rate, LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, label=name)
most = max(courses, key=lambda name: courses[name].rate[-1])
title = f"Left alone the rate falls to {courses['strong decoder'].rate[-1]:.2f} nats; {most} keep {courses[most].rate[-1]:.1f}"
add_legend(dress(ax, title=title, x="epoch", y="rate (nats a bar)"), ncols=4, loc=(0, -0.42))

# %% [markdown] id="cures-explained"
# <details><summary>What happened, and why</summary>
#
# An **active** number is one whose mean differs from bar to bar: its variance over the bars is above 0.01 (the measure of Burda, Grosse and Salakhutdinov [8]). All cures keep the code alive, and each in its way. Annealing shows best what collapse is: the rate begins high while it is free, and *sinks* when the price comes. Word dropout makes the decoder worse on purpose, which a longer training pays back in part. Free bits name the amount.
#
# "With another bar's code" is the cheapest test of all, and it needs no formula: exchange the codes. If the output stays as good, nobody is listening.
#
# </details>

# %% [markdown] id="four-intro"
# ## 6 · Four bars in sixteen numbers
#
# Now the real thing: four bars of 4/4 on a grid of sixteenths, 64 symbols, in **16 numbers**. It is the same loss as in section 2, and a larger pair of networks.
#
# - The **encoder** is told every sixteenth (what sounds, and whether it begins just now), and folds four sixteenths into a beat, four beats into a bar, four bars into one row of numbers: convolutions whose windows do not overlap (lesson 07).
# - The **decoder** goes the same way back: from the code to a plan for each bar, from a bar to its beats, from a beat to its sixteenths. A network that plans a bar before its notes are told is called a **conductor**, as in MusicVAE (Roberts and others, 2018 [5]). It is what keeps the code alive here: the plan hears *nothing but* the code.
# - At the end a small GRU goes through the sixteenths and says the symbols, from the plan and from what it has said so far. While it is trained, part of its past is hidden from it (word dropout, section 5).
#
# First listen: a tune that the model has never seen, and what comes back out of sixteen numbers.

# %% id="four-given"
unseen = windows["test"].score(31)
unseen

# %% id="four-back"
from musegen_edu.metrics.reconstruction import active_units, kl_to_prior, note_f1, step_accuracy, symbol_note_f1

as_before = {"key": unseen.key, "bpm": unseen.bpm, "programs": unseen.programs}
code = scores_to_latents(trained, [unseen])
returned = latents_to_scores(trained, code, **as_before)[0]
print("the sixteen numbers:", code[0].round(1))
print(f"note F1 {note_f1(unseen, returned):.2f}")
returned.replace(title="The same, out of sixteen numbers")

# %% [markdown] id="predict-four"
# **How is that measured?** The **step accuracy** is the share of the 64 steps that have the same symbol. The **note F1** asks for notes: of all notes in both, how many stand at the same place with the same pitch? ($F_1 = 2m / (a + b)$ for $m$ notes in common, $a$ in the original, $b$ in the copy.) Always *free-running*: the decoder hears only what it has said itself.
#
# **Predict.** *Which of the two will be higher, and why is that no praise?*

# %% id="four-measure"
test = windows["test"].symbols
mean, log_variance = trained.encode(test)  # (614, 16) each
told = trained.decode(mean)
rates = kl_to_prior(mean, log_variance)
others = trained.decode(np.roll(mean, 1, axis=0))
print(f"{len(test)} pieces of four bars from test tunes")
for name, rows in (("its own code", told), ("another tune's", others)):
    print(f"{name:15s} note F1 {symbol_note_f1(test, rows):.2f}, step accuracy {step_accuracy(test, rows):.2f}")
print(f"rate {rates.sum():.1f} nats, {active_units(mean)} of {mean.shape[1]} numbers are active")

# %% [markdown] id="four-measure-explained"
# <details><summary>What happened, and why</summary>
#
# More than a third of the steps are holds, and holds are easy to guess: even with *another tune's* code more than half of the steps are "right", but hardly one note in five. The F1 is the honest one.
#
# So many notes exactly in their place: is that much? The next table says. Listen once more with this in mind: notes that are not the same are mostly *neighbours* of the right ones, or stand an eighth beside them.
#
# </details>

# %% [markdown] id="four-table-intro"
# Against what should that be held? From the **model card**, all on the same test tunes: **PCA** with as many numbers; the training piece **nearest by code** (by the principal components), and the one **nearest by its notes**, which only somebody can choose who knows the answer; the **plan alone**, before the GRU speaks; and what 64 numbers give.

# %% id="four-table"
from musegen_edu import load_card, pretrained_names

facts = load_card("melody_vae")["metrics"]
table = {
    "PCA, 16 numbers": facts["baselines"]["pca_16"],
    "nearest training piece by code": facts["baselines"]["nearest_by_code"],
    "nearest by notes (knows the answer)": facts["baselines"]["nearest_by_notes"],
    "VAE, 16 numbers: the plan alone": facts["plan_alone"],
    "VAE, 16 numbers: plan and GRU": facts["test"],
    "PCA, 64 numbers": facts["baselines"]["pca_64"],
}
if "melody_vae_64" in pretrained_names():
    table["VAE, 64 numbers"] = load_card("melody_vae_64")["metrics"]["test"]
for name, row in table.items():
    print(f"{name:36s} note F1 {row['note_f1']:.2f}   step accuracy {row['step_accuracy']:.2f}")

# %% [markdown] id="four-table-explained"
# <details><summary>How to read it</summary>
#
# The network does better than the best that *copying* could do: even somebody who knew the answer would find no training piece with as many notes in the same places. And its sixteen numbers give back about as much as 64 of PCA, since they may bend. The GRU adds little to the notes; what it adds is that they follow from one another.
#
# </details>

# %% [markdown] id="predict-curve"
# **The whole curve.** One can have more. **Predict.** *From 4 numbers to 64, and from a dear nat to a cheap one: how far does the note F1 go up?* Each point is a training of its own (ten passes, the plan alone, on the tunes as they are, judged on the validation tunes; so they lie below the table).

# %% id="four-curve"
ax = plt.subplots(figsize=(8, 3.8), dpi=110, layout="constrained")[1]
points = facts["curve"]
for i, (label, chosen) in enumerate({
    "16 numbers, β from 1 to 0.03": [point for point in points if point["latent"] == 16],
    "β = 0.1, 4 to 64 numbers": [point for point in points if point["beta"] == 0.1],
}.items()):  # fmt: skip
    line = sorted((point["rate"], point["note_f1"]) for point in chosen)
    ax.plot(*zip(*line), LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, markersize=8, label=label)
for point in points:
    name, up = (f"β = {point['beta']:g}", -14) if point["latent"] == 16 else (f"{point['latent']}", 8)
    ax.annotate(name, (point["rate"], point["note_f1"]), xytext=(5, up), textcoords="offset points", color=INK)
ours = next(point for point in points if (point["latent"], point["beta"]) == (16, 0.1))
ax.plot(ours["rate"], ours["note_f1"], "o", markersize=18, markerfacecolor="none", color=INK)
title = f"From {min(p['note_f1'] for p in points):.2f} to {max(p['note_f1'] for p in points):.2f}; circled: the explorer's point"
add_legend(dress(ax, title=title, x="rate (nats for four bars)", y="note F1, free-running"), loc="lower right")

# %% [markdown] id="four-curve-explained"
# <details><summary>Why the explorer does not take the best point</summary>
#
# Look at the solid line first: at sixteen numbers a nat ten times cheaper buys next to nothing. There it is the *number* of latents that is scarce, and only more of them (dashed) help. With 64 numbers far more comes back. But the explorer is for what lies *between* tunes, and there the account is the other way round: the more the code says of each tune, the less its clouds overlap, and the more of the space between them was never decoded in training. At 16 numbers and $\beta = 0.1$ every number is in use, and about half of the notes come back, or more, now that it has been trained for long. It is a compromise, and the curve says what it costs.
#
# </details>

# %% [markdown] id="four-failed"
# ### What was tried, and failed
#
# The trained model has a history, and it is section 5 over again. All figures are note F1, free-running, on validation tunes, by one training each:
#
# | what | note F1 | what it taught |
# |---|---|---|
# | conductor and GRU trained together from the start, half of the past hidden, $\beta = 0.2$, 8 passes | 0.25 | told the *true* past it has 82 % of the steps right: the GRU leans on its own past, and left alone it loses its way |
# | no GRU at all, each step straight from the plan; the clouds begin small ($\ln \sigma^2 = -4$), 6 passes | 0.39 | better at once, at about the same rate (29 nats against 28): a decoder that *cannot* lean must read the code |
# | the same with a larger learning rate | 0.44 | patience is not everything |
# | the same, 40 passes, $\beta = 0.1$ | 0.51 | after 25 passes over-fitting begins; the best pass is kept |
# | then the GRU is added, with last weights of 0, so that at first it leaves the plan as it is | 0.53 | it cannot ignore a code that already carries the music; what is left to tell sinks from 40 to 36 nats |
# | over-fitting cured (lesson 04): half of the training pieces are moved by one to three steps along their scale, anew in each pass, and more weight decay; 40 passes, the plan alone | 0.59 | rhythm, contour and scale stay, the notes do not: more music for nothing. This is the plan of the course's model; its GRU is trained after it |
#
# Teacher-forced accuracy looks best exactly where the code is ignored. Measure the way in which you will use it.

# %% [markdown] id="open-intro"
# ### The same network, in the open
#
# Nothing in it is new. Here is the class `MelodyVAE` in three functions; the shapes of all weights are compared with the trained model's.

# %% id="open-encoder"
def open_encoder(latent, units, hidden):
    """Sixteenths into beats, beats into bars, bars into mean and log variance."""
    sounds, begins = (keras.Input((64,), dtype="int32") for _ in range(2))  # what sounds; whether it begins just now
    heard = layers.Embedding(N_SYMBOLS, units // 4)(sounds) + layers.Embedding(2, units // 4)(begins)
    beats = layers.Conv1D(units // 2, 4, strides=4, activation="relu")(heard)  # (n, 16, units // 2)
    whole = layers.Conv1D(units, 4, strides=4, activation="relu")(beats)  # (n, 4, units): four bars
    whole = layers.Dense(hidden, activation="relu")(layers.Flatten()(whole))
    return [sounds, begins], heard, layers.Dense(latent)(whole), layers.Dense(latent)(whole)

# %% id="open-decoder"
def open_plan(z, units, hidden):
    """One code into four bars, each into four beats, each into four sixteenths."""
    x = layers.Dense(hidden, activation="relu")(z)
    x = x + layers.Dense(hidden, activation="relu")(x)
    x = layers.Reshape((4, units))(layers.Dense(4 * units, activation="relu")(x))  # the conductor
    x = layers.Reshape((16, units // 2))(layers.Dense(2 * units, activation="relu")(x))
    return layers.Reshape((64, units // 4))(layers.Dense(units, activation="relu")(x))

def open_teller(plan, heard, decoder_units):
    """The plan's logits, corrected by a GRU that goes through the sixteenths and knows what it has said."""
    before = ops.pad(heard[:, :-1], [[0, 0], [1, 0], [0, 0]])  # a step late; here word dropout would hide some of it
    told = layers.GRU(decoder_units, return_sequences=True)(ops.concatenate([plan, before], axis=-1))
    return layers.Dense(N_SYMBOLS)(plan) + layers.Dense(N_SYMBOLS, use_bias=False)(told)

# %% id="open-same"
def open_vae(latent, units, hidden, decoder_units):
    inputs, heard, mean, log_variance = open_encoder(latent, units, hidden)
    logits = open_teller(open_plan(Dice()(mean, log_variance), units, hidden), heard, decoder_units)
    return keras.Model(inputs, [logits, mean, log_variance])

sizes = {name: trained.get_config()[name] for name in ("latent", "units", "hidden", "decoder_units")}
ours = open_vae(**sizes)
shapes = [sorted(tuple(weight.shape) for weight in model.trainable_weights) for model in (ours, trained)]
print(f"{ours.count_params():,} numbers; the same shapes as the trained model: {shapes[0] == shapes[1]}")

# %% [markdown] id="train-intro"
# ### Train one yourself
#
# The plan alone, a quarter of the size, a few passes over a part of the tunes. After each pass the monitor lets you hear what has become of the tune above: **Predict.** *What will be right first, the rhythm or the notes?*

# %% id="train-quick"
from dataclasses import replace

from musegen_edu.recipes.melody_vae import PLAN_PROFILES, train_plan
from musegen_edu.widgets.training_monitor import TrainingMonitor

def given_back(model, epoch):
    return latents_to_scores(model, scores_to_latents(model, [unseen]), **as_before, title=f"After epoch {epoch}")[0]

quick = replace(PLAN_PROFILES["quick"], epochs=4, batch_size=32)
monitor = TrainingMonitor(title="Four bars in sixteen numbers", sample=given_back)
learner, reports = train_plan(windows["train"].symbols, windows["valid"].symbols, profile=quick, verbose=0, monitor=monitor)
mine = learner.decode(learner.encode(windows["valid"].symbols)[0])
print(f"note F1 on validation tunes: {symbol_note_f1(windows['valid'].symbols, mine):.2f}")

# %% [markdown] id="train-full-intro"
# With a GPU, or with patience, the full profile. It trains the curve and the model of the course anew, and writes into your own folder.

# %% id="train-full" tags=["gpu"]
from musegen_edu import train as train_by_recipe

for name in ("melody_vae", "melody_vae_64", "spectrogram_vae"):
    print(train_by_recipe(name, profile="full", seed=0, verbose=2))

# %% [markdown] id="predict-prior"
# ### Tunes that nobody asked for
#
# Draw codes from the prior, and decode. **Predict.** *How many of a hundred draws will have as many notes a bar, and as much of one scale, as real tunes have? Real tunes themselves lie in the range of 90 % of the real tunes ... in how many of a hundred cases?*

# %% id="prior-draws"
from musegen_edu.metrics import note_density, scale_consistency
from musegen_edu.metrics.reconstruction import share_in_range

draws = [codec.decode(row) for row in trained.decode(rng.normal(size=(100, 16)))]
real = [codec.decode(row) for row in test]
for name, measure in (("notes a bar", note_density), ("in one scale", scale_consistency)):
    drawn, usual = ([measure(score) for score in scores] for scores in (draws, real))
    inside = [share_in_range(found, usual) for found in (drawn, usual)]
    print(f"{name:12s}: drawn {np.nanmean(drawn):.2f}, real {np.mean(usual):.2f}; "
          f"in the real range: {inside[0]:.0%} of the drawn, {inside[1]:.0%} of the real ones")  # fmt: skip
new_runs = facts["prior"]["novelty_of_8_note_runs"], facts["prior"]["novelty_of_8_note_runs_in_held_out"]
print(f"copied as a whole from the training tunes: {facts['prior']['whole_windows_copied']} of 256 draws")
print(f"runs of 8 notes that no training tune has: drawn {new_runs[0]:.0%}, real tunes never seen {new_runs[1]:.0%}")

# %% [markdown] id="walk-intro"
# ## 7 · Walking between tunes
#
# Between two codes lies a path, and every point of it is music. Which path? The obvious one is the straight line, **lerp** (*linear interpolation*), $(1 - t)\, a + t\, b$ for $t$ from 0 to 1. But a space of sixteen numbers is not like a sheet of paper:
#
# **Predict.** *Draw 1,000 points from the prior, sixteen standard normal numbers each. How far from the origin do they lie? How many of them are nearer than 2?*

# %% id="walk-lengths"
for n in (1, 2, 16, 64):
    lengths = np.linalg.norm(rng.normal(size=(1000, n)), axis=1)
    print(f"{n:2d} numbers: mean distance {lengths.mean():.2f} (square root of {n}: {n**0.5:.2f}), "
          f"nearer than half of that: {(lengths < lengths.mean() / 2).mean():.1%}")  # fmt: skip

# %% [markdown] id="walk-lengths-explained"
# <details><summary>What happened, and why</summary>
#
# The squares of sixteen numbers add up to about 16, and hardly ever to 4: with every further number it gets less likely that *all* are small at once. Nearly everything lies in a thin **shell** around the origin, and the origin itself, though the single most likely point, is a place where nobody ever is.
#
# The straight line between two points of the shell takes a short cut through its inside. **slerp** (*spherical linear interpolation*; Shoemake 1985 [10], for latent spaces White 2016 [11]) walks along the shell: it turns the direction evenly. With the angle $\Omega$ (omega) between $a$ and $b$:
#
# $$\mathrm{slerp}(a, b, t) = \frac{\sin((1 - t)\,\Omega)}{\sin \Omega}\, a + \frac{\sin(t\,\Omega)}{\sin \Omega}\, b$$
#
# </details>

# %% id="walk-paths"
pairs = rng.permutation(len(mean))[:80].reshape(40, 2)
shares = np.linspace(0, 1, 9)
WAYS = {"lerp": lerp, "slerp": slerp}
paths = {name: np.array([way(mean[i], mean[j], shares) for i, j in pairs]) for name, way in WAYS.items()}
ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")[1]
low, high = np.percentile(np.linalg.norm(mean, axis=1), [5, 95])
ax.axhspan(low, high, color=PALETTE[4], alpha=0.25, label="nine in ten real tunes")
for i, (name, points) in enumerate(paths.items()):
    distance = np.linalg.norm(points, axis=2).mean(axis=0)
    ax.plot(shares, distance, LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, label=name)
middle = {name: np.linalg.norm(points[:, 4], axis=1).mean() for name, points in paths.items()}
ax.set_ylim(0)
title = f"Halfway, lerp is {middle['lerp']:.1f} from the origin, slerp {middle['slerp']:.1f}; real tunes {low:.1f} to {high:.1f}"
add_legend(dress(ax, title=title, x="share of the way", y="distance from the origin"), loc="lower left", ncols=3)

# %% [markdown] id="predict-walk"
# **Is it better music?** The shell is an argument, not a measurement. So measure, for forty pairs of test tunes, nine steps each: by how much does the largest jump change the music (share of the 64 steps)? How much longer is the whole path than the straight change from the first piece to the last (the *detour*)? And does the middle have as many notes as its ends, and as much of one scale? As a yardstick a **cross-fade** without any model: step $k$ takes each sixteenth from the second tune with probability $k / 8$.
#
# **Predict.** *Which is smoothest? Which one leaves the scale?*

# %% id="walk-measure"
from musegen_edu.metrics.reconstruction import detour, morph_steps

told = {name: trained.decode(points.reshape(-1, 16)).reshape(40, 9, 64) for name, points in paths.items()}
from_last = rng.random((40, 1, 64)) < shares[None, :, None]
ends = told["slerp"][:, [0, -1]]
told["cross-fade"] = np.where(from_last, ends[:, 1:], ends[:, :1])

def describe(lines):
    """Notes a bar, share in one scale, and share of the steps larger than a fourth."""
    scores = [codec.decode(line) for line in lines]
    leaps = np.concatenate([np.abs(np.diff(score.notes["pitch"].astype(int))) > 5 for score in scores])
    found = [np.mean([measure(score) for score in scores]) for measure in (note_density, scale_consistency)]
    return f"{found[0]:.1f} notes a bar, {found[1]:.1%} in one scale, {leaps.mean():.1%} leaps"

# %% id="walk-table"
for name, symbols in told.items():
    jump, way = np.mean([morph_steps(path).max() for path in symbols]), np.mean([detour(path) for path in symbols])
    print(f"{name:10s} largest jump {jump:.2f}   detour {way:.2f}   halfway: {describe(symbols[:, 4])}")
print(f"{'the ends':41s} {describe(ends.reshape(-1, 64))}")

# %% [markdown] id="walk-explained"
# <details><summary>What happened, and why</summary>
#
# The cross-fade wins both measures of smoothness: it changes only what must be changed, a few sixteenths at a time. And halfway it is a *hotch-potch*, with notes of two tunes in turn: look at its leaps. **Smooth is not yet musical.** The model makes a detour, for it writes a sensible tune at every place of the way, and changes what must fit together at the same time.
#
# Between line and arc the difference is there, and small: compare the notes a bar halfway with those of the ends, and the largest jumps. The line goes no nearer to the origin than a few real tunes lie, so the decoder still knows its way. In a space whose codes fill a shell, slerp is the better habit; it is no miracle. (The card has the same measured over 64 pairs.)
#
# </details>

# %% [markdown] id="explorer-intro"
# ### The explorer
#
# Four melodies in the corners, and a plane of codes between them, all of it decoded in one go. **Drag the puck**: what you hear changes at the next bar and never stops. Draw a *path* and let it walk by itself; change a corner in the editor, or take another from the corpus; pull the sliders (section 8 says what they do); keep what you like, and save it as MIDI. A corner sounds exactly as you entered it, as long as the sliders stand at 0.
#
# - *Find the place where the tune in the upper left corner stops being itself. Is it halfway?*
# - *Draw a corner of your own. Does the plane know it, or does it give you back something more usual?*

# %% id="explorer"
from musegen_edu import LatentExplorer

LatentExplorer(trained, seed=0)

# %% [markdown] id="explorer-explained"
# <details><summary>What to notice</summary>
#
# Rhythm mostly changes in other places than pitch. And your own corner is the hard test: the corner itself is your notes, exactly; its neighbour, one step away, is what sixteen numbers have kept of them. The jump between the two is the distortion, made audible.
#
# </details>

# %% [markdown] id="pull-intro"
# ## 8 · Pulling at one quality
#
# If alike lies beside alike, there should be *directions*: more notes, a wider range, more off the beat, upwards, major. The simplest way to find one (Roberts and others [5]): the mean code of tunes with much of it, minus the mean code of tunes with little.

# %% id="pull-means"
from musegen_edu.attributes import ATTRIBUTES, attribute_values, attribute_vector

sample = windows["train"].take(rng.permutation(len(windows["train"]))[:1200])
known = [sample.score(place) for place in range(len(sample))]
known_codes = trained.encode(sample.symbols)[0]  # (1200, 16)
values = attribute_values(known)  # name -> (1200,)
density = values["density"]
low, high = np.quantile(density, [1 / 3, 2 / 3])
many_notes = known_codes[density >= high].mean(axis=0) - known_codes[density <= low].mean(axis=0)

# %% [markdown] id="pull-formula"
# The course's `attribute_vector` uses all values instead of two heaps: it fits $z \approx c + v \cdot \text{value}$ by least squares, and gives back $v$, how the code changes with *one unit more*. We measure every quality in **deviations** over the training tunes, so that notes and semitones can be compared: *density*, notes a bar; *range*, semitones from the lowest note to the highest; *syncopation*, what begins off the beat and is held over it; *contour*, how much the tune rises; *majorness*, major thirds against minor ones.
#
# Is one direction enough? To widen the range, high notes must go up and low ones down, and which bars are high differs from tune to tune. So here is a second way, `attribute_surface`: it fits a *curved* surface, $\text{value} \approx c + w \cdot z + z^{\mathsf T} Q z$ ($w$ has 16 numbers, $Q$ 16 × 16), and `moved_points` goes up its steepest slope, which is another one at each point, until the surface is higher by as much as was asked for.

# %% id="pull-ways"
from musegen_edu.attributes import attribute_surface, moved_points

spread = {name: np.nanstd(found) for name, found in values.items()}
ways = {
    "one vector": {name: attribute_vector(trained, known, found, latents=known_codes) for name, found in values.items()},
    "curved surface": {name: attribute_surface(known_codes, found) for name, found in values.items()},
}
vector = ways["one vector"]["density"]
cosine = vector @ many_notes / np.linalg.norm(vector) / np.linalg.norm(many_notes)
print(f"two heaps and least squares agree about density: cosine {cosine:.2f}")
amounts = np.array([-2, 0, 2]) * spread["density"]
pulled = moved_points(np.repeat(code, 3, axis=0), ways["curved surface"]["density"], amounts)
join(latents_to_scores(trained, pulled, **as_before)).replace(title="Fewer notes, as it is, more notes")

# %% [markdown] id="predict-pull"
# **Predict.** *We pull 80 test tunes by −2, −1, 0, 1, 2 deviations, both ways, and measure what came out. Which quality follows best? Which worst? And what moves along although nobody asked?*

# %% id="pull-measure"
AMOUNTS, NAMES = np.arange(-2, 3), list(ATTRIBUTES)
chosen = rng.permutation(len(mean))[:80]

def pull(name, quality):
    """How much each quality of the tunes changed, in deviations: (amounts, tunes, qualities)."""
    points = [moved_points(mean[chosen], quality, amount * spread[name]) for amount in AMOUNTS]
    found = attribute_values([codec.decode(row) for row in trained.decode(np.concatenate(points))])
    table = np.stack([found[other] / spread[other] for other in NAMES], axis=-1)
    table = table.reshape(len(AMOUNTS), len(chosen), len(NAMES))
    return table - table[2]  # against what came out without pulling

changes = {way: {name: pull(name, quality) for name, quality in found.items()} for way, found in ways.items()}

# %% id="pull-figure"
def follows(change):
    """Correlation of what was meant with what was measured, over all tunes and amounts."""
    meant, known = np.broadcast_to(AMOUNTS[:, None], change.shape), np.isfinite(change)
    return np.corrcoef(meant[known], change[known])[0, 1]

r = {way: {name: follows(found[name][..., i]) for i, name in enumerate(NAMES)} for way, found in changes.items()}
figure, axes = plt.subplots(1, 5, figsize=(12.5, 3.4), dpi=110, sharey=True, layout="constrained")
for i, (ax, name) in enumerate(zip(axes, NAMES)):
    ax.plot(AMOUNTS, AMOUNTS, color=INK, linewidth=1, linestyle=":", label="as asked")
    for k, (way, found) in enumerate(changes.items()):
        course = np.nanmean(found[name][..., i], axis=1)
        ax.plot(AMOUNTS, course, LINES[1 - k], marker=MARKERS[k], color=PALETTE[k], label=way)
    title = f"{name}\nr = {r['one vector'][name]:.2f}, {r['curved surface'][name]:.2f}"
    dress(ax, title=title, x="asked for", y="" if i else "measured (deviations)")
handles = axes[0].get_legend_handles_labels()
_ = figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False, labelcolor=INK)

# %% id="pull-table"
best = max(NAMES, key=lambda name: r["curved surface"][name])
print(f"{best} follows best (r = {r['curved surface'][best]:.2f})")
print("asked for 1 more   " + "  ".join(f"{name:>11s}" for name in NAMES) + "   (measured, in deviations; curved surface)")
for name in NAMES:
    change = np.nanmean(changes["curved surface"][name][3] - changes["curved surface"][name][1], axis=0) / 2
    print(f"{name:17s}  " + "  ".join(f"{value:11.2f}" for value in change))

# %% [markdown] id="pull-explained"
# <details><summary>What happened, and why</summary>
#
# - The vector goes the right way and **not far enough**: it says how codes of tunes with more of it differ *on average*, and where a quality shows in the code only a little, as range does, that is little. The surface asks the other way round, how far one has to go until the quality has risen by one, and gets there.
# - **Nothing moves alone.** The rows of the table are what was pulled, the columns what moved. A tune with more notes also reaches a little further; that is so in the songbooks, and the code has learnt it from there.
# - **Syncopation hardly follows.** Few of our tunes have any, so the sixteen numbers have kept little of it, and what a code does not hold cannot be pulled at.
# - Some qualities cannot go on for ever: most of our tunes are in major already, and cannot become more so.
#
# </details>

# %% [markdown] id="style-intro"
# ### Adding and subtracting styles
#
# The same arithmetic with *kinds of tunes*: mean code of the strathspeys minus mean code of the reels, added to a reel. (A **reel** runs in even eighths; a **strathspey** is a slow Scottish dance full of dotted pairs, long–short and short–long.) And with *moods*: minor minus major.
#
# Two judges. **Style**: a classifier like lesson 04's, on the same features (pitch classes and steps, note lengths), trained on training tunes that no VAE has touched. **Content**: the share of the sixteenths on which the pitch that sounds is at most a semitone away from the reconstruction; for comparison the same with *another* tune of the wanted style.

# %% id="style-judge"
def features(symbols):
    """Lesson 04's features: 12 pitch classes from the tonic, 25 steps, 8 note lengths, as shares: (n, 45)."""
    rows = []
    for line in symbols:
        starts = np.flatnonzero(line != HOLD)
        pitch, lengths = line[line > REST].astype(int), np.diff(np.append(starts, 64))
        steps = np.clip(np.diff(pitch), -12, 12) + 12
        lengths = np.searchsorted([1, 2, 3, 4, 6, 8, 16], lengths)
        shares = [np.bincount(v, minlength=n) / max(1, len(v)) for v, n in ((pitch % 12, 12), (steps, 25), (lengths, 8))]
        rows.append(np.concatenate(shares))
    return np.array(rows, "float32")

def members(split, kinds=(), modes=()):
    """Whether each window's tune is of one of these kinds, or in one of these modes: (n,)."""
    rows = [windows[split].row(place) for place in range(len(windows[split]))]
    return np.array([row.kind in kinds or row.key.split()[1] in modes for row in rows])

# %% id="style-train"
TASKS = {"reel to strathspey": ({"kinds": ("reel",)}, {"kinds": ("strathspey",)}),
         "major to minor": ({"modes": ("major",)}, {"modes": ("minor", "dorian")})}  # fmt: skip

def train_judge(groups):
    """A network that says which of two groups, rows of features, a tune belongs to; both groups count alike."""
    keras.utils.set_random_seed(0)
    inner = [layers.Normalization(), layers.Dense(32, activation="relu"), layers.Dense(2)]
    inner[0].adapt(train_features)
    network = keras.Sequential([keras.Input((45,)), *inner])
    network.compile(keras.optimizers.Adam(5e-3), STEP_LOSS, jit_compile=False)
    labels = np.repeat([0, 1], [len(group) for group in groups])
    weights = {k: len(labels) / 2 / len(group) for k, group in enumerate(groups)}
    network.fit(np.concatenate(groups), labels, batch_size=64, epochs=8, class_weight=weights, verbose=0)
    return lambda rows: np.array(network(features(rows))).argmax(axis=1)

# %% id="style-judges"
judges, train_features = {}, features(windows["train"].symbols)
for task, sides in TASKS.items():
    judges[task] = train_judge([train_features[members("train", **side)] for side in sides])
    right = [(judges[task](test[members("test", **side)]) == k).mean() for k, side in enumerate(sides)]
    print(f"{task}: of real test tunes, {right[0]:.0%} and {right[1]:.0%} are recognised")

# %% [markdown] id="style-judge-explained"
# A judge that overlooks some real strathspeys will overlook some of ours as well: what it calls "new" is a lower bound, not the truth.

# %% [markdown] id="predict-style"
# **Predict.** *How much of the vector has to be added until the judge hears the new style: half, all of it, twice? And how much of the tune will be left by then?*

# %% id="style-transfer"
def sounding(symbols):
    """What sounds on each sixteenth, (n, 64): the latest symbol that is no HOLD."""
    places = np.maximum.accumulate(np.where(symbols != HOLD, np.arange(64), 0), axis=1)
    return np.take_along_axis(symbols, places, axis=1).astype(int)

def kept(symbols, original):
    return (np.abs(sounding(symbols) - sounding(original)) <= 1).mean()

train_codes = trained.encode(windows["train"].symbols)[0]
transfer = {}
for task, (source, target) in TASKS.items():
    vector = train_codes[members("train", **target)].mean(axis=0) - train_codes[members("train", **source)].mean(axis=0)
    start = mean[members("test", **source)][:100]
    original = trained.decode(start)
    moved = {amount: trained.decode(start + amount * vector) for amount in (0, 0.5, 1, 1.5, 2)}
    transfer[task] = {amount: (judges[task](rows).mean(), kept(rows, original)) for amount, rows in moved.items()}

# %% id="style-figure"
figure, axes = plt.subplots(1, 2, figsize=(11, 3.2), dpi=110, sharey=True, layout="constrained")
for ax, (task, rows) in zip(axes, transfer.items()):
    for i, name in enumerate(("judged to be the new style", "sixteenths within a semitone")):
        course = [row[i] for row in rows.values()]
        ax.plot(list(rows), course, LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, label=name)
    target = test[members("test", **TASKS[task][1])]
    another = kept(rng.permutation(np.resize(target, test[:100].shape)), test[:100])
    ax.axhline(another, color=PALETTE[4], linestyle=":", label="content: another tune of that style")
    ax.set_ylim(0, 1.02)
    title = f"{task}: at 1, {rows[1][0]:.0%} new, {rows[1][1]:.0%} kept"
    dress(ax, title=title, x="how much of the vector is added", y="share" if ax is axes[0] else "")
handles = axes[0].get_legend_handles_labels()
_ = figure.legend(*handles, loc="outside lower center", ncols=3, frameon=False, labelcolor=INK)

# %% [markdown] id="style-explained"
# <details><summary>What happened, and why</summary>
#
# The more is added, the more tunes are heard as the new style, and the less is left of them; but even at the full vector much more is left than two different tunes share by chance (dotted line). Between half and one and a half lies what one would call an *arrangement*. The vector is the same for all tunes: it knows what strathspeys have and reels have not, on average, and nothing of this tune.
#
# </details>

# %% id="style-listen"
source, target = TASKS["major to minor"]
darker = train_codes[members("train", **target)].mean(axis=0) - train_codes[members("train", **source)].mean(axis=0)
both = scores_to_latents(trained, [unseen]) + np.outer([0, 1.5], darker)
join(latents_to_scores(trained, both, **as_before)).replace(title="As it is, then with minor added")

# %% [markdown] id="sound-intro"
# ## 9 · A space of sounds
#
# Nothing in the derivation was about notes. Take *sound*: one-second notes of the twelve instruments of `timbre` (lesson 02), as mel spectrograms, 63 frames of 128 bands. `SpectrogramVAE` squeezes each into eight numbers: convolutions look, a GRU paints the picture again, frame by frame. The pitch is told to encoder and decoder alike, so the code need not hold it; what is left is *timbre*. Griffin and Lim's method (lesson 02, [9]) makes the picture audible.
#
# Both notes below are of a pitch that the network has never been trained on. **Predict.** *Halfway between a recorder and a trumpet: will you hear one instrument, or two at once?*

# %% id="sound-walk"
from musegen_edu import SpectrogramPlayer
from musegen_edu.models.spectrogram_vae import SAMPLE_RATE
from musegen_edu.timbre_morphing import latents_to_sounds, note_mels, sounds_to_latents, spectral_centroid

painter, timbre = load_pretrained("spectrogram_vae"), load_dataset("timbre")
labels = timbre.test.labels
wanted = (labels["pitch"] == 60) & (labels["velocity"] == 85)
ends = np.array([timbre.test.audio[wanted & (labels["instrument"] == name)][0] for name in ("Recorder", "Trumpet")])
shares = np.linspace(0, 1, 5)
sound_codes = sounds_to_latents(painter, ends, np.array([60, 60]))  # (2, 8)
sounds = latents_to_sounds(painter, lerp(*sound_codes, shares), np.full(5, 60))
mixed = np.array([(1 - share) * ends[0] + share * ends[1] for share in shares])
both_ways = ("through eight numbers", "faded over")
SpectrogramPlayer(sounds.ravel(), SAMPLE_RATE, other=mixed.ravel(), labels=both_ways, title="Recorder to trumpet, five notes")

# %% id="sound-figure"
bright = {name: spectral_centroid(note_mels(found)) for name, found in zip(both_ways, (sounds, mixed))}
ax = plt.subplots(figsize=(8, 2.8), dpi=110, layout="constrained")[1]
for i, (name, hertz) in enumerate(bright.items()):
    ax.plot(shares, hertz, LINES[i], marker=MARKERS[i], color=PALETTE[i], linewidth=2, label=name)
ours, faded = ((hertz[2] - hertz[0]) / (hertz[-1] - hertz[0]) for hertz in bright.values())
title = f"Halfway, brightness has gone {ours:.0%} of its way through the code, {faded:.0%} when faded over"
add_legend(dress(ax, title=title, x="share of the way from recorder to trumpet", y="brightness (Hz)"))

# %% id="sound-tune"
from IPython.display import Audio

pitches = np.array([60, 62, 64, 67, 69, 67, 64, 60])
halfway = np.repeat(lerp(*sound_codes, 0.5)[None], len(pitches), axis=0)
played = latents_to_sounds(painter, halfway, pitches)[:, : SAMPLE_RATE // 2]  # half a second of each note
Audio(played.ravel(), rate=SAMPLE_RATE)

# %% id="sound-card"
errors = load_card("spectrogram_vae")["metrics"]["test_error_db"]
for name, value in errors.items():
    print(f"{name.replace('_', ' '):20s} off by {value:.1f} dB (root mean square, notes of pitches never trained on)")

# %% [markdown] id="sound-explained"
# <details><summary>What happened, and why</summary>
#
# Faded over you hear a recorder *and* a trumpet. Through the code you hear *one* note, with an attack and a brightness of its own, which no instrument in the data has: the network has learnt what the twelve have in common, and goes from one to the other along that. The price is heard, too: a blur, from the squeeze, and a metallic shimmer, from Griffin and Lim's guess at the phases. And because the pitch is told separately, the instrument that does not exist can play a tune.
#
# </details>

# %% [markdown] id="scorecard-intro"
# ## 10 · The scorecard
#
# Four bars each, one try, no choosing: dice, a Markov chain, the LSTM of lesson 06, the VAE from codes that were drawn from the prior, and real tunes that no model has seen. **Predict.** *The LSTM tells a melody from its beginning; the VAE knows all four bars before the first note. In which column should that show?*

# %% id="scorecard-contestants"
from musegen_edu import Score, compose
from musegen_edu.metrics import CorpusIndex, scorecard

corpus, seeds = CorpusIndex(folk.train), range(24)
lstm, dice = load_pretrained("melody_lstm"), np.random.default_rng(0)
noise = [(dice.integers(55, 85, 32).tolist(), dice.choice([6, 12, 24], 32).tolist()) for _ in seeds]
contestants = {"random": [Score.from_melody(*melody).slice_bars(1, 4) for melody in noise]}
chain_lines = [lstm.codec.encode(tune) for tune in folk.train]
walker = MarkovModel(order=3, n_tokens=len(lstm.codec.vocabulary)).fit(chain_lines)
contestants["Markov, order 3"] = [compose(walker, codec=lstm.codec, bars=4, seed=s, candidates=1) for s in seeds]
contestants["LSTM"] = [compose(lstm, bars=4, seed=s, candidates=1) for s in seeds]
drawn = rng.normal(size=(24, 16))
contestants["VAE"] = latents_to_scores(trained, drawn, **AS_FIDDLE)
contestants["real music"] = [windows["test"].score(place) for place in rng.permutation(len(test))[:24]]

# %% id="scorecard"
card = scorecard(contestants, corpus, reference=[windows["valid"].score(place) for place in range(200)])
card

# %% id="scorecard-figure"
from musegen_edu.plots import plot_scorecard

SHOWN = ["scale consistency", "groove consistency", "notes a bar", "longest copy (mean)"]
rows = {name: {measure: found[measure] for measure in SHOWN} for name, found in card.rows.items()}
off = {name: abs(row["groove consistency"] - rows["real music"]["groove consistency"]) for name, row in rows.items()}
del off["real music"]
nearest = min(off, key=off.get)
axes = plot_scorecard(rows, title=f"{nearest} comes nearest to the groove of real music, within {off[nearest]:.2f}")

# %% id="scorecard-listen"
contestants["VAE"][0].replace(title="Drawn from the prior")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - Look at each row of the table from *random* to *real music*, and ask where on that way a model stands.
# - **New runs** and **longest copy** say whether it copies. Four bars are short: a run that two tunes share by chance is soon a large part of them, as the column of the real tunes shows.
# - What this table does *not* show is what the VAE is for. Chain and LSTM can only go on; the VAE can go *from here to there*. For that, look at the measurements of sections 6 to 8.
#
# </details>

# %% [markdown] id="exercise-elbo"
# ## 11 · Exercises
#
# ### Exercise 1 · Repair a broken loss (fill in, 10 min)
#
# Somebody's VAE gives beautiful losses and no music. Here are the two terms as they stand in the code: **three** things in it are wrong. Repair them. `logits` is (batch, 8, 47), `bars` (batch, 8), `mean` and `log_variance` (batch, latent). Distortion and rate, (batch,) each, are wanted in nats *a bar*.
#
# First think of cases that you know by heart: what should a code cost that says nothing? What does a bar cost if each of its eight symbols is tossed evenly?

# %% id="exercise-elbo-given"
def broken_terms(logits, bars, mean, log_variance):
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    told = np.take_along_axis(log_p, bars[..., None], axis=-1)[..., 0]  # (batch, 8)
    distortion = -told.mean(axis=1)
    each = 1 + log_variance - mean**2 - np.exp(log_variance / 2)
    rate = each.sum(axis=1) / 2
    return distortion, rate

nothing = np.zeros((1, 2))
for name, term in zip(("distortion", "rate"), broken_terms(np.zeros((1, 8, 47)), np.ones((1, 8), int), nothing, nothing + 1)):
    print(f"{name}: {term[0]:.2f} nats a bar")

# %% id="exercise-elbo-code"
def loss_terms(logits, bars, mean, log_variance):
    """Distortion and rate of each bar, (batch,) each, in nats."""
    # solution: a sum over the steps; the rate turned round, with the variance in it, not the deviation
    log_p = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    told = np.take_along_axis(log_p, bars[..., None], axis=-1)[..., 0]  # (batch, 8)
    distortion = -told.sum(axis=1)
    each = mean**2 + np.exp(log_variance) - 1 - log_variance
    rate = each.sum(axis=1) / 2
    return distortion, rate
    # end solution

# %% id="exercise-elbo-check"
from musegen_edu.checks.variational_autoencoders import check_elbo

check_elbo(loss_terms)

# %% [markdown] id="exercise-elbo-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-elbo-code}}
#
# The mean over the steps is the sneakiest: it trains, and gives a rate near 0. Against a distortion that is eight times too small, every nat of code is eight times too dear: $\beta = 8$ without anybody having chosen it.
#
# </details>

# %% [markdown] id="exercise-attribute"
# ### Exercise 2 · A vector of your own (modify, 12 min)
#
# Find a quality that the lesson has not pulled at: the share of leaps, of long notes, of repeated notes, how high the tune lies, how alike its first bar and its third are ... Write it as a function of a Score, and find its vector, by heaps or by least squares. `known`, `known_codes` and the models of section 8 are there. The check pulls tunes that nobody has trained on by −2 to 2 times your vector: the quality must rise, and nowhere fall back.

# %% id="exercise-attribute-code"
def my_measure(score):
    """One number for a score: the more of your quality, the larger."""
    # solution: share of the steps from note to note that are larger than a whole tone
    steps = np.abs(np.diff(score.notes["pitch"].astype(int)))
    return float((steps > 2).mean()) if len(steps) else 0.0
    # end solution

# solution: mean code of the third with most, minus mean code of the third with least
# stub: my_vector = ...  # (16,)
found = np.array([my_measure(score) for score in known])
low, high = np.quantile(found, [1 / 3, 2 / 3])
my_vector = known_codes[found >= high].mean(axis=0) - known_codes[found <= low].mean(axis=0)
# end solution

# %% id="exercise-attribute-check"
from musegen_edu.checks.variational_autoencoders import check_attribute

check_attribute(my_measure, my_vector)

# %% [markdown] id="exercise-attribute-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-attribute-code}}
#
# A quality that sixteen numbers do not keep cannot be pulled at. That is not your mistake: it tells you what the code has thrown away.
#
# </details>

# %% [markdown] id="exercise-morph"
# ### Exercise 3 · A morph between two tunes of yours (open, 12 min)
#
# Draw two tunes of four bars of 4/4 (the editors below can be played on a MIDI keyboard, too), or write them in letters, and let the model walk from one to the other in at least five steps. The first and the last step are to be **your notes, exactly**; the steps between come from the model. The check wants a walk: nowhere a jump as wide as from one tune to the other, and each step nearer to the second tune than the one before, roughly.

# %% id="exercise-morph-editors"
from IPython.display import display

from musegen_edu import PianoRollEditor, letters_to_score

one = "D4 F#4 A4 F#4 | G4:1/2 F#4:1/2 E4 A3:2 | D4 F#4 A4 D5 | C#5:1/2 B4:1/2 A4 D4:2"
other = "A4 B4:1/2 A4:1/2 F#4 D4 | E4:1/2 F#4:1/2 G4:1/2 E4:1/2 F#4 D4 | A4 C#5:1/2 D5:1/2 E5 D5 | F#4 A4:1/2 G4:1/2 D4:2"
editors = [PianoRollEditor(letters_to_score(line, key="D major", bpm=160)) for line in (one, other)]
display(*editors)

# %% id="exercise-morph-code"
# solution: the codes of both tunes, the way between them, and the tunes themselves at its ends
# stub: my_first, my_last = editors[0].score, editors[1].score
# stub: my_morph = ...  # a list of Scores
my_first, my_last = editors[0].score, editors[1].score
a, b = scores_to_latents(trained, [my_first, my_last])
between = latents_to_scores(trained, slerp(a, b, np.linspace(0, 1, 7)), key=my_first.key, bpm=my_first.bpm)
my_morph = [my_first, *between, my_last]
# end solution

# %% id="exercise-morph-check"
from musegen_edu.checks.variational_autoencoders import check_morph

check_morph(my_first, my_last, my_morph)

# %% id="exercise-morph-listen"
if my_morph is not ...:
    display(join(my_morph).replace(title="My morph"))

# %% [markdown] id="exercise-morph-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-morph-code}}
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: most find the sign at once and the mean last; ask what $\beta$ that mean amounts to. Exercise 2: qualities that hang on a single note (does it end on the tonic?) are hardly in the code; let the class guess before they measure. A vector found on *test* tunes passes the check and is still cheating: talk about it. Exercise 3: drawings full of sixteenths far from the tonic come back as something else; that is the distortion, not a bug. Let somebody play both tunes, and the class raise hands when the first has become the second.

# %% [markdown] id="quiz-intro"
# ## 12 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.variational_autoencoders import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You built an autoencoder and a VAE, derived the bound, checked the KL by throwing dice, and know why the dice stand outside.
# 2. You read rate and distortion apart, saw what beta buys, recognised three mistakes by their two terms, and woke a decoder that did not listen.
# 3. You walked between melodies by line and by arc, pulled at qualities, added styles and moods, and measured what moved along.
# 4. You judged a model of four bars: by what comes back free-running, by what comes from the prior, and by whether it copies.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see | why | what to do |
# |---|---|---|
# | the loss falls below 0 | the sign of the KL term | both terms are 0 or more: add them |
# | the rate is 0.0, and all outputs are alike | posterior collapse | word dropout, annealing, free bits, a weaker decoder (section 5) |
# | the same, with a plain decoder | the distortion is a *mean* over steps, so that a nat of code is too dear | sums over steps and over latent numbers, then a mean over the batch |
# | wonderful reconstruction, nonsense from the prior | no KL term, a tiny beta, or no dice | look at the rate; draw from the prior after every training |
# | the sum of both terms is too good to be true | the decoder reads the means without noise, or mean *and* log variance | draw z; the decoder's input is as wide as the code |
# | `nan` after a few steps | exp of a large log variance | smaller learning rate, clipped gradients; start the log variances at 0 or below |
# | teacher-forced accuracy is high, free-running low | in training the decoder leans on the true past | measure free-running always; hide its past |
# | halfway between two tunes nothing happens, or mush | the straight line leaves the shell, or the codes are far apart | slerp; more steps; beta a little higher |
# | a vector moves several things at once | they go together in the corpus | least squares with the others held (`steady=`), or other data |
# | your own melody comes back as another | it is unlike what the model was trained on | that is its distortion; corners and ends can be kept as they are |

# %% [markdown] id="questions"
# ### Questions that are often asked
#
# <details><summary>Why sixteen numbers, and not sixty-four?</summary>
#
# More numbers give more back, and make the space larger than the music in it: between two tunes lie more places where no tune was. Section 6 has the whole curve.
#
# </details>
#
# <details><summary>What does number 7 of the code mean?</summary>
#
# Nothing in particular. The prior looks the same from all sides, so nothing keeps the network from turning its space: a quality lies along some direction, seldom along an axis. Look for directions (section 8), not for axes.
#
# </details>
#
# <details><summary>Is a melody from between two tunes new? Whose is it?</summary>
#
# Measured as in section 10: no longer passage of it stands in a training tune than in any other tune of its length. Whose it is, is a question for people. Our tunes are in the public domain; with other music you would have to ask.
#
# </details>
#
# <details><summary>Do people still use VAEs?</summary>
#
# Yes, mostly as a part: many systems that generate sound or pictures first squeeze them with an autoencoder of this family and do the composing on the codes. Lesson 15 is planned to come back to that.
#
# </details>

# %% [markdown] id="reading"
# ### Further reading
#
# 1. D. P. Kingma and M. Welling, "Auto-encoding variational Bayes", ICLR 2014, [arXiv:1312.6114](https://arxiv.org/abs/1312.6114).
# 2. D. J. Rezende, S. Mohamed and D. Wierstra, "Stochastic backpropagation and approximate inference in deep generative models", ICML 2014, [arXiv:1401.4082](https://arxiv.org/abs/1401.4082).
# 3. S. R. Bowman, L. Vilnis, O. Vinyals, A. M. Dai, R. Józefowicz and S. Bengio, "Generating sentences from a continuous space", CoNLL 2016, [arXiv:1511.06349](https://arxiv.org/abs/1511.06349): the collapse, word dropout and annealing.
# 4. I. Higgins and others, "beta-VAE: learning basic visual concepts with a constrained variational framework", ICLR 2017, [openreview.net/forum?id=Sy2fzU9gl](https://openreview.net/forum?id=Sy2fzU9gl).
# 5. A. Roberts, J. Engel, C. Raffel, C. Hawthorne and D. Eck, "A hierarchical latent vector model for learning long-term structure in music", ICML 2018, PMLR 80, 4364–4373, [proceedings.mlr.press/v80/roberts18a](https://proceedings.mlr.press/v80/roberts18a.html): MusicVAE.
# 6. A. A. Alemi and others, "Fixing a broken ELBO", ICML 2018, [arXiv:1711.00464](https://arxiv.org/abs/1711.00464): rate and distortion as a plane.
# 7. D. P. Kingma and others, "Improving variational inference with inverse autoregressive flow", NIPS 2016, [arXiv:1606.04934](https://arxiv.org/abs/1606.04934): free bits.
# 8. Y. Burda, R. Grosse and R. Salakhutdinov, "Importance weighted autoencoders", ICLR 2016, [arXiv:1509.00519](https://arxiv.org/abs/1509.00519): active units.
# 9. D. W. Griffin and J. S. Lim, "Signal estimation from modified short-time Fourier transform", *IEEE Transactions on Acoustics, Speech, and Signal Processing* 32(2), 1984, 236–243, [doi:10.1109/TASSP.1984.1164317](https://doi.org/10.1109/TASSP.1984.1164317).
# 10. K. Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985, 245–254, [doi:10.1145/325165.325242](https://doi.org/10.1145/325165.325242): slerp.
# 11. T. White, "Sampling generative networks", 2016, [arXiv:1609.04468](https://arxiv.org/abs/1609.04468): slerp in latent spaces.

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.models.vae.MelodyVAE` · `musegen_edu.models.spectrogram_vae.SpectrogramVAE` · `musegen_edu.tokens.four_bar_codec.FourBarCodec` · `musegen_edu.four_bars.folk_windows` · `musegen_edu.latent` (`scores_to_latents`, `latents_to_scores`, `lerp`, `slerp`, `latent_plane`) ·
# `musegen_edu.attributes` (`attribute_values`, `attribute_vector`, `move`) · `musegen_edu.metrics.reconstruction` (`note_f1`, `step_accuracy`, `kl_to_prior`, `active_units`, `detour`) · `musegen_edu.LatentExplorer`. In a cell, write a name with a question mark, such as `slerp?`, and run it: the description appears, with its source.
