# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "00"
#     title: Start here
#     prerequisites: []
#     minutes: {read: 12, run: 5, exercise: 10}
#     cpu_seconds: 12
# ---

# %% [markdown] id="title"
# # 00 · Start here
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
#
# Click on the grey cell below and press **Shift + Enter**. It takes a few seconds. Then press the play button, and listen.

# %% id="first-tune"
from musegen_edu import compose, load_pretrained

network = load_pretrained("melody_lstm")
tune = compose(network, bars=16, seed=16, key="G major")
tune

# %% [markdown] id="first-tune-explained"
# Nobody wrote this tune. A small neural network made it just now, note by note, on your machine. Before that, it had read 2,638
# old tunes from Scotland, Ireland, England and America, again and again, and at each note it had to guess the next.
#
# To be honest: `compose` helps a little. It sees to it that every bar is full, lets the network write twelve tunes at once, keeps
# the one with the fewest faults (no proper end, a last note that is not home), and mends what is left. And number 16 is one of
# the better tunes; you will soon hear others.
#
# **What you see.** The notes as a musician reads them. The same notes as a *piano roll*: time runs to the right, high notes are
# high up. Below, the player: play and pause, tempo, instrument, loop; click into the notes to hear them from there. Three buttons
# save the tune as MIDI, WAV or MusicXML, so you can open it in any other music program.

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Make the network compose another tune: in your key, as long as you like, tame or wild.
# 2. Tell by ear what chance, counting, a neural network and people do differently.
# 3. Work through a lesson: predict, run, explain; exercises with hints; a quiz; and your own progress.
# 4. Check that your machine has what the course needs.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan (30 min).** First tune 3 min · blind test 10 min · knobs 7 min · exercises 8 min · quiz 2 min. Run the first cell before the
# class comes in: the first start loads the network. Put the loudspeaker on. For the blind test, let the class vote by raising hands *after each*
# tune and write the votes on the board before you open the answer. Machines without sound still show everything.

# %% [markdown] id="machine-intro"
# ## Is your machine ready?
#
# The next cell looks at your installation. A line that is not in order says what to do. No graphics card? You do
# not need one: everything in this lesson and the next runs on an ordinary processor in seconds.

# %% id="machine" tags=["volatile"]
from musegen_edu.doctor import check_machine

check_machine()

# %% [markdown] id="blind-intro"
# ## Four composers, one blind test
#
# The course works with four kinds of composer so far:
#
# - **chance**: every note drawn from a hat;
# - **a Markov chain**: a table that has counted which note follows which (you will build one in lesson 01);
# - **a neural network**: the one that composed the tune above;
# - **people**: a tune from a printed collection, which neither the chain nor the network has ever seen.

# %% [markdown] id="predict-blind"
# **Predict.** Below are eight bars by each of them, called A, B, C and D, in shuffled order. *Write down who is who before you open the answer.*
# Listen for three things: does one note lead to the next? Is there a home note? Does anything come back?

# %% id="blind-prepare" tags=["hide-input"]
import numpy as np

from musegen_edu import EventCodec, MarkovModel, Score, load_dataset

folk = load_dataset("folk")
rng = np.random.default_rng(1)
codec = EventCodec.fit(folk.train)
lines = [codec.encode(tune) for tune in folk.train]
chain = MarkovModel(order=3, n_tokens=len(codec.vocabulary)).fit(lines)
reels = [tune for tune in folk.test if tune.meter == (4, 4) and tune.key == "G major"]
pitches, ticks = rng.integers(55, 85, 60), rng.choice([6, 12, 24], 60)

composers = {
    "chance": Score.from_melody(pitches.tolist(), ticks.tolist()),
    "a Markov chain": compose(chain, codec=codec, bars=8, seed=1, key="G major"),
    "the network": compose(network, bars=8, seed=2, key="G major"),
    "people": next(tune for tune in reels if not tune.pickup),
}

# %% id="blind-shuffle" tags=["hide-input"]
who = dict(zip("ABCD", rng.permutation(list(composers)).tolist()))

def blind(letter):
    """The tune behind a letter: same instrument, tempo and key signature for all four."""
    tune = composers[who[letter]].slice_bars(1, 8)
    return tune.replace(title=f"Composer {letter}", key="G major", bpm=160, programs=(40,))

# %% id="blind-a"
blind("A")

# %% id="blind-b"
blind("B")

# %% id="blind-c"
blind("C")

# %% id="blind-d"
blind("D")

# %% [markdown] id="blind-answer-intro"
# Written down? Then run the next cell.

# %% id="blind-answer"
for letter, name in who.items():
    print(letter, "was", name)
print("The tune by people:", composers["people"].title)

# %% [markdown] id="blind-explained"
# <details><summary>What gives them away</summary>
#
# - **Chance** leaps about: any note may follow any other, there is no home, and no rhythm settles. Nobody misses it.
# - **The Markov chain** gets each small step right, because it has counted them. But it forgets at once, so nothing comes back.
# - **The network** keeps to a home note, a range and a rhythm, and brings its lines to an end. It is the hardest to tell from
#   people. But it hardly ever says the same bar twice.
# - **People** plan: a phrase asks, another answers, and bars return on purpose. In real tunes of 16 bars, about every fourth bar was
#   there before.
#
# Mixed up the network and the people? Over eight bars that is easily done. Over a whole tune, listen for what comes back.
#
# </details>

# %% [markdown] id="map"
# ## The map of the course
#
# These are the composers that you can hear *today*. Each later lesson is planned to add something of its own. A lesson without a link is not
# written yet.
#
# | | lesson | what it adds |
# |---|---|---|
# | 00 | **Start here** | you are here |
# | 01 | [What is generated music?](01_what_is_generated_music.ipynb) | a dice game and a Markov chain that you write yourself |
# | 02 | [Representing music](02_representing_music.ipynb) | notes, tokens, piano rolls, sound; what each of them loses |
# | 03 | [Neural networks from scratch](03_neural_networks_from_scratch.ipynb) | a network in plain NumPy that hears major and minor |
# | 04 | [Deep learning with Keras](04_deep_learning_with_keras.ipynb) | a network that tells styles apart |
# | 05 | [Recurrent networks](05_recurrent_networks.ipynb) | your first neural melody; your own melody continued |
# | 06 | [LSTM and GRU](06_lstm_and_gru.ipynb) | chorales in four voices |
# | 07 | [Convolutional networks](07_convolutional_networks.ipynb) | filling holes in a chorale; a small WaveNet |
# | 08 | [CNN and RNN together](08_cnn_rnn.ipynb) | who plays when in a recording; the next bar of your tune |
# | 09 | [Variational autoencoders](09_variational_autoencoders.ipynb) | a plane of melodies to walk in |
# | 10 | [Generative adversarial networks](10_generative_adversarial_networks.ipynb) | a forger and a judge |
# | 11 | [Hybrid GANs](11_hybrid_gans.ipynb) | a band that plays along with your tune; a reel told as a chorale |
# | 12 | A project from end to end | your own music as the teacher |
# | 13 | Evaluation and improvement | how to tell better from worse |
# | 14 | Creative applications | a partner to play with |
# | 15 | The frontier | attention, and what comes after |

# %% [markdown] id="how-intro"
# ## How a lesson works
#
# Three steps, over and over:
#
# 1. **Predict.** A question stands before the cell. Answer it, in your head or on paper. A wrong guess teaches more than no guess.
# 2. **Run.** Shift + Enter.
# 3. **Explain.** The answer is folded away below the cell. Say it in your own words first, then open it.
#
# Let us do it once.

# %% [markdown] id="predict-temperature"
# **Predict.** At every step the network gives each possible next note a probability, and a note is drawn. The **temperature** bends these
# probabilities before the draw. At 1.0 they stay as learnt. Below 1, likely notes become likelier still. Above 1, rare notes get a better
# chance. *You will hear the same seed at 0.3 and at 1.6. Which of the two will keep an even rhythm? Which will leave the scale?*

# %% id="temperature-cold"
compose(network, bars=8, seed=16, key="G major", temperature=0.3, title="Cold: 0.3")

# %% id="temperature-hot"
compose(network, bars=8, seed=16, key="G major", temperature=1.6, title="Hot: 1.6")

# %% [markdown] id="temperature-explained"
# <details><summary>What happened, and why</summary>
#
# Cold plays safe. It takes the likeliest road nearly every time: one even note after another, all of them in the scale. Hot is
# daring. Notes that the network thought unlikely are drawn anyway, odd lengths and foreign notes among them, and each leads to a place that it
# has hardly ever seen. Somewhere in between it is worth listening to; where, is a matter of taste. There is a formula behind
# this; [lesson 05](05_recurrent_networks.ipynb) has it.
#
# </details>

# %% [markdown] id="knobs-intro"
# ## Turn the knobs
#
# Change one number at a time and run the cell again. The **seed** is the number of the dice throw: the same seed always gives the
# same tune, another seed gives another tune. *What happens to the notes when you change only the key?*

# %% id="knobs"
SEED = 11  # any whole number
KEY = "D major"  # for example "A minor", "Bb major", "E dorian"
BARS = 8  # how long
TEMPERATURE = 0.9  # 0.2 (tame) to 2.0 (wild)

compose(network, bars=BARS, seed=SEED, key=KEY, temperature=TEMPERATURE)

# %% [markdown] id="knobs-explained"
# <details><summary>And the key?</summary>
#
# From G major to D major: nothing but the height. The network always writes as if home were C, and `compose` moves the result to
# the key you asked for, so the same seed gives the same tune, higher or lower. From major to *minor* or *dorian* the tune itself
# changes: the network is told the mode before the first note, and has learnt that each mode moves in its own way.
#
# </details>

# %% [markdown] id="exercise-fifth"
# ## Exercises
#
# ### Exercise 1 · Up a fifth (fill in, 3 min)
#
# A clarinettist and a singer want the tune higher: by a **perfect fifth**, the distance from C up to G. `tune.transpose(n)` moves a tune up by `n`
# semitones. Replace the dots.
#
# Stuck? Run the cell below with a wrong answer: it gives you a hint, not a telling-off.

# %% id="exercise-fifth-code"
# solution: count the semitones from C to G: C#, D, D#, E, F, F#, G
# stub: higher = ...  # tune.transpose(?)
higher = tune.transpose(7)
# end solution

# %% id="exercise-fifth-check"
from musegen_edu.checks.start_here import check_fifth

check_fifth(higher, tune)

# %% [markdown] id="exercise-fifth-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-fifth-code}}
#
# </details>

# %% [markdown] id="exercise-commission"
# ### Exercise 2 · A commission (modify, 4 min)
#
# A ceilidh band orders a tune: **eight bars of a jig, in 6/8 and in D major, with no note below D4 or above B5**, because it is for the
# tin whistle. (D4 is pitch 62, B5 is pitch 83.) The network knows nothing about whistles. Change the cell until it delivers: first bars, key and
# meter, then the seed, by hand or with a loop.

# %% id="exercise-commission-code"
# solution: set bars, key and meter; then try one seed after another until all notes fit the whistle
# stub: order = compose(network, bars=4, seed=1, key="G major", meter=(4, 4))
for seed in range(1, 100):
    order = compose(network, bars=8, seed=seed, key="D major", meter=(6, 8))
    if order.notes["pitch"].min() >= 62 and order.notes["pitch"].max() <= 83:
        break
# end solution

# %% id="exercise-commission-check"
from musegen_edu.checks.start_here import check_commission

check_commission(order)

# %% [markdown] id="exercise-commission-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-commission-code}}
#
# </details>

# %% [markdown] id="exercise-favourite"
# ### Exercise 3 · Your favourite (open, 3 min)
#
# Find a tune that you would play to somebody. Put it in `favourite`, and say in one sentence *what you hear* that makes it good.
# "It is nice" is not yet an answer: name a bar, a leap, a rhythm, a return.

# %% id="exercise-favourite-code"
# solution: any tune, and a sentence about what can be heard
# stub: favourite = ...
# stub: because = "..."
favourite = compose(network, bars=8, seed=3, key="A minor", temperature=0.8)
because = "The last two bars move down by step and come to rest, so it sounds finished."
# end solution

# %% id="exercise-favourite-check"
from musegen_edu.checks.start_here import check_favourite

check_favourite(favourite, because)

# %% [markdown] id="exercise-favourite-answer"
# <details><summary>Show an example</summary>
#
# {{solution: exercise-favourite-code}}
#
# </details>

# %% [markdown] id="quiz-intro"
# ## A short quiz
#
# Three questions. Every answer, right or wrong, comes with its reason. Nothing leaves your machine.

# %% id="quiz-start" tags=["hide-input"]
from musegen_edu.checks.start_here import quiz_start

quiz_start()

# %% [markdown] id="progress-intro"
# ## Your progress
#
# Passed exercises and quizzes are kept in a small file on your machine, and only there. This cell shows where you stand. Come back to it whenever you like.

# %% id="progress" tags=["volatile"]
from musegen_edu.checks import show_progress

show_progress()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You made the network compose, and changed its seed, key, length and temperature.
# 2. You told four composers apart by ear: chance has no direction, a chain no plan; the network has a good deal of both, but only people come back to what they said.
# 3. You predicted, ran and explained, met hints and a quiz, and saw where your progress is kept.
# 4. You checked your machine, and know what to do if a line is not in order.
#
# Next: [01 What is generated music?](01_what_is_generated_music.ipynb), where you take a tune apart and build the Markov chain yourself.

# %% [markdown] id="failures"
# ### If something does not work
#
# | what you see | why | what to do |
# |---|---|---|
# | nothing sounds | the browser waits for a click before it lets a page play; or the machine is muted | click play again; check the volume; try headphones |
# | `NameError: name 'network' is not defined` | a cell above was not run, or the notebook was restarted | menu *Run → Run All Above* |
# | the tune looks like a still picture | the notebook was opened but not run | run the cell |
# | a line under "Is your machine ready?" is not in order | something is missing or damaged | do what the line says, then restart the kernel |

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.compose` · `musegen_edu.load_pretrained` · `musegen_edu.load_dataset` · `musegen_edu.Score` (`transpose`, `slice_bars`, `replace`) ·
# `musegen_edu.MarkovModel` · `musegen_edu.EventCodec` · `musegen_edu.doctor.check_machine`. In a cell, write a name with a
# question mark, such as `compose?`, and run it: the description appears.
