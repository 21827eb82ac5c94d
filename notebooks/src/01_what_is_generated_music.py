# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "01"
#     title: What is generated music?
#     prerequisites: ["00_start_here"]
#     minutes: {read: 32, run: 8, exercise: 25}
#     cpu_seconds: 18
# ---

# %% [markdown] id="title"
# # 01 · What is generated music?
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [00 Start here](00_start_here.ipynb). No GPU needed: nothing in this lesson takes longer to train than a blink.*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Take a tune apart into pitch, rhythm, melody and harmony, and say what your ear gets from each.
# 2. Name the five steps that every music generator goes through, and place the main inventions since 1757 on a time line.
# 3. Build two generators in plain Python: a dice game, and a Markov chain that remembers one, two or three notes.
# 4. Measure what a generator is worth: how surprised it is, how much it copies, and how near it comes to real music.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for one double lesson (90 min).** Listening and elements 20 min · purposes, steps, history 15 min · dice game 10 min ·
# Markov chains 20 min · copying 10 min · exercise 1 in class 10 min · quiz 5 min. Exercises 2 and 3 are homework.
# In a single lesson (45 min): play "Listen first", skip the history, do the dice game on paper with real dice, run the
# Markov cells on the projector, and end on the copying figure. Everything on screen is made on the spot: change a seed in
# front of the class, so that nobody thinks the examples were picked.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# Two tunes. The first is a reel from a collection printed in Boston in 1883. The second was put together by a **Markov
# chain**, the machine that you will build in this lesson. It has read several hundred tunes like the first, and remembers only
# **three** notes or bar lines at a time.
#
# Listen for the *ends of the lines*. Does the music seem to know where it is going?

# %% id="listen-real"
import numpy as np

from musegen_edu import Score, load_dataset, stack
from musegen_edu.keys import name_to_pitch, parse_key

def in_even_time(tunes):
    """Keep reels, hornpipes, marches: four beats (or two halves) a bar, and a major key."""
    return [tune for tune in tunes if tune.meter in {(4, 4), (2, 2)} and tune.key.endswith("major")]

folk = load_dataset("folk")
dances = in_even_time(folk.train)
dances[7].slice_bars(1, 8)

# %% [markdown] id="listen-generated-intro"
# And now the machine, with the same kind of tune:

# %% id="listen-generated"
from musegen_edu import EventCodec, MarkovModel, compose

codec = EventCodec.fit(dances)  # writes tunes as lines of symbols
lines = [codec.encode(tune) for tune in dances]
chain = MarkovModel(order=3, n_tokens=len(codec.vocabulary)).fit(lines)
compose(chain, codec=codec, bars=8, seed=3, key="D major", bpm=200, title="Composed by counting")

# %% [markdown] id="listen-explained"
# <details><summary>What most people say</summary>
#
# Each small group of notes in the second tune sounds right: it is the way fiddlers really move their fingers. But the tune
# wanders. A real tune asks a question and answers it, says something twice, and comes home. A memory of three notes is too
# short for that. By the end of this lesson you will be able to put numbers on both halves of this answer.
#
# </details>

# %% [markdown] id="elements-intro"
# ## 1 · Four elements
#
# Before a machine can make music, somebody must decide what music *is* to the machine. Let us take a tune apart. You know
# this one: Beethoven wrote it for his Ninth Symphony (1824).
#
# | element | in a word | on a page | in this course |
# |---|---|---|---|
# | **pitch** | how high | the height of a note head | a MIDI number: 60 is middle C, one more is one semitone up |
# | **rhythm** | when, and how long | the shape of a note | ticks: 24 to the quarter note |
# | **melody** | pitch and rhythm, one note after another | one line of notes | a list of (pitch, duration) |
# | **harmony** | pitches at the same time | notes stacked up | several parts in one score |

# %% [markdown] id="predict-elements"
# **Predict.** You are about to hear the tune twice, each time with one element missing. First with its rhythm but only one
# pitch, then with its pitches but all notes equally long. *Which of the two would you still recognise, if nobody had told you
# the name?*

# %% id="elements-rhythm"
names = "E E F G G F E D C C D E E D D   E E F G G F E D C C D E D C C".split()
pitches = [name_to_pitch(name + "4") for name in names]
ticks = ([24] * 12 + [36, 12, 48]) * 2  # a quarter note lasts 24 ticks

rhythm_only = Score.from_melody([67] * len(ticks), ticks, title="Rhythm, without pitch")
rhythm_only

# %% id="elements-pitch"
pitch_only = Score.from_melody(pitches, 24, title="Pitch, without rhythm")
pitch_only

# %% [markdown] id="teacher-elements" tags=["teacher"]
# **5 min.** Play the rhythm first and let the class sing what they think it is; write the guesses down. Only then the pitches. Ask for
# a tune that people *do* know by its rhythm alone, and clap it.

# %% [markdown] id="elements-explained"
# <details><summary>What happened, and why</summary>
#
# Almost everybody names the tune from the pitches, and almost nobody from the rhythm: most of its notes are equally long, so
# the rhythm alone could belong to a hundred tunes. That is a fact about *this* tune. Clap the rhythm of "We Will Rock You"
# and people know it at once. A generator therefore has to get both right.
#
# </details>

# %% [markdown] id="elements-melody-intro"
# Put the two together and you have the **melody**. Listen for the one place where the rhythm is *not* even: the long-short
# before the end of each line. Then look at the figure: time runs to the right, pitch upwards.

# %% id="elements-melody"
ode = Score.from_melody(pitches, ticks, key="C major", title="Ode to Joy (Beethoven, 1824)")
ode

# %% id="elements-melody-figure"
from musegen_edu.plots import plot_pianoroll

moves = np.abs(np.diff(pitches))  # in semitones
title = f"{(moves <= 2).sum()} of its {len(moves)} moves are a repeat or a step to a neighbour"
ax = plot_pianoroll(ode, title=title)

# %% [markdown] id="elements-harmony-intro"
# **Harmony** is what happens when pitches sound together. Below, the same melody twice, over two different rows of chords. Not a
# note of the melody changes. Listen for the *mood* of the first bar, and for how much the last chord sounds like an end.

# %% id="elements-harmony"
CHORDS = {"C": (48, 52, 55), "G": (43, 47, 50), "Am": (45, 48, 52), "Em": (40, 43, 47)}

def with_chords(melody, chord_names, title):
    """Put one chord under every half bar (48 ticks) of a melody."""
    notes = []  # onset, ticks, pitch, loudness
    for half_bar, name in enumerate(chord_names.split()):
        notes += [(48 * half_bar, 48, pitch, 60) for pitch in CHORDS[name]]
    return stack([melody, Score.from_notes(notes)]).replace(title=title)

with_chords(ode, "C C G G C C C G  C C G G C C G C", title="Over bright chords")

# %% id="elements-harmony-dark"
with_chords(ode, "Am Am Em Em Am Am Am G  Am Am Em Em Am Am G Am", title="Over dark chords")

# %% [markdown] id="elements-harmony-explained"
# <details><summary>Why the same note can sound different</summary>
#
# The first note, E, is the *third* of C major (C–E–G) but the *fifth* of A minor (A–C–E). The ear hears a note in its company. The
# last C is the root of C major, the most settled place there is; over A minor it is only the third, and the tune seems to look
# back over its shoulder. In [lesson 06](06_lstm_and_gru.ipynb) a network learns to choose such chords.
#
# </details>

# %% [markdown] id="purposes"
# ## 2 · What is it for, and how is it done?
#
# **Generated music** is music where a person wrote a *procedure*, and the procedure chose the notes. People want such procedures
# for very different reasons, and the reason decides what "good" means.
#
# | purpose | an example to look up | what matters most |
# |---|---|---|
# | **entertainment** | the musical dice games of the 18th century: a party game in which anybody could "compose" [1] | surprise, within a style |
# | **education** | Google's Bach Doodle (2019): you write two bars, a network adds three voices; 55 million tries in three days [2] | clear, quick, correct |
# | **art** | Brian Eno's *Generative Music 1* (1996): an album on a floppy disk, different at every hearing [3] | an idea worth hearing |
# | **therapy** | a steady beat is used to train walking after a stroke; a review of the trials finds that music may help, and asks for more and better trials [4]. A generator could follow the patient's own tempo | safe, adjustable, a therapist beside it |
# | **games and film** | *No Man's Sky* (2016): a program recombines fragments recorded by the band 65daysofstatic while you play [5] | any length, no seams |
#
# Look at the third column. A network that is perfect for a game may be useless as art. There is no single score for "good music";
# that is why this course measures several things, and always asks you to listen as well.

# %% [markdown] id="five-steps"
# ### Five steps, every time
#
# Whatever the purpose, and whatever the machine, the work has the same five steps.
#
# ```
#  1 collect   ──►  2 prepare   ──►  3 train    ──►  4 generate   ──►  5 judge
#  music            turn it          find what       choose,           listen,
#  to learn from    into numbers     is usual        again and again   measure, compare
#      ▲                                                                  │
#      └──────────────────────── and once more, better ───────────────────┘
# ```
#
# | step | the dice game (section 3) | the Markov chain (section 4) | a neural network (lesson 00, and later) |
# |---|---|---|---|
# | **collect** | a composer writes bars | load some hundred folk tunes | the same tunes |
# | **prepare** | sort the bars so that neighbours fit | move every tune to the same home note; a note becomes (pitch, duration) | the same, then numbers |
# | **train** | nothing: the composer's head did it | count | adjust weights until the guesses get better |
# | **generate** | roll a die for every bar | walk through the table of counts | draw the next note from the network's guess |
# | **judge** | your ear | your ear and the scorecard (section 6) | the same |

# %% [markdown] id="history-intro"
# ### Two and a half centuries in one picture
#
# Before you run the next cell: *when, do you think, was the first piece composed with a computer performed?* And how long before
# that did people already let chance choose notes?

# %% id="history" tags=["hide-input"]
from musegen_edu.plots import plot_timeline

CHANCE, RULES, COUNTING = "chance", "rules", "counting"
NOTES, SOUND = "networks for notes", "networks for sound"
EVENTS = [
    (1757, "Kirnberger's dice game", CHANCE), (1793, "dice game under Mozart's name", CHANCE),
    (1913, "Markov counts letters", COUNTING), (1957, "Illiac Suite", RULES), (1957, "hymn tunes from chains", COUNTING),
    (1986, "CHORAL", RULES), (1989, "Todd's network", NOTES), (1991, "HARMONET", NOTES), (1997, "LSTM", NOTES),
    (2002, "LSTM plays the blues", NOTES), (2012, "RNN-RBM", NOTES), (2016, "WaveNet", SOUND), (2017, "DeepBach", NOTES),
    (2018, "MusicVAE", NOTES), (2018, "Music Transformer", NOTES), (2019, "MuseNet", NOTES), (2020, "Jukebox", SOUND),
    (2023, "MusicLM", SOUND), (2023, "MusicGen", SOUND),
]
years = [year for year, _, _ in EVENTS]
recent = sum(year >= 2016 for year in years)
title = f"{1957 - years[0]} years from dice to computer; {recent} of {len(years)} steps since 2016"
ax = plot_timeline(EVENTS, title=title)

# %% [markdown] id="history-table"
# <details><summary>The same dates as a table, with what was new each time</summary>
#
# | year | what | what was new |
# |---|---|---|
# | 1757 | Kirnberger's *Ever-Ready Composer of Polonaises and Minuets* | the first published dice game: chance picks, a composer has seen to it that everything fits [1] |
# | 1793 | a waltz game printed under Mozart's name | 2 dice, 11 choices a bar. That Mozart wrote it is doubtful: it appeared after his death and his own catalogue does not list it [1] |
# | 1913 | Markov counts 20,000 letters of *Eugene Onegin* | the probability of a letter depends on the letter before: the first chain, and it was about text [6] |
# | 1957 | *Illiac Suite*, Hiller and Isaacson, University of Illinois | a string quartet composed with a computer: rules reject bad notes, the last movement uses chains. Three movements were played on 9 August 1956; the score followed in 1957 [7] |
# | 1957 | Brooks, Hopkins, Neumann and Wright | hymn tunes composed by chains that remember one note, then two, then more [8] |
# | 1986 | CHORAL, Ebcioğlu | harmonises chorales in Bach's manner by some 270 hand-written rules [9] |
# | 1989 | Todd's network | a recurrent neural network learns melodies and makes new ones [10] |
# | 1991 | HARMONET, Hild, Feulner and Menzel | networks plus rules harmonise chorales; learnt from examples [11] |
# | 1997 | LSTM, Hochreiter and Schmidhuber | a memory cell that keeps a thing in mind for long: lesson 06 [12] |
# | 2002 | Eck and Schmidhuber | an LSTM improvises over a blues and keeps the form [13] |
# | 2012 | RNN-RBM, Boulanger-Lewandowski, Bengio and Vincent | many notes at once, as one joint choice [14] |
# | 2016 | WaveNet, van den Oord and others | no notes at all: sound itself, sample by sample [15] |
# | 2017 | DeepBach, Hadjeres, Pachet and Nielsen | chorales that a user can steer [16] |
# | 2018 | MusicVAE, Roberts and others | a space of melodies in which you can walk: lesson 09 [17] |
# | 2018 | Music Transformer, Huang and others | attention: any note can look at any earlier one: lesson 15 [18] |
# | 2019 | MuseNet, Payne | one large transformer, ten instruments, many styles [19] |
# | 2020 | Jukebox, Dhariwal and others | whole songs with singing, as sound [20] |
# | 2023 | MusicLM (Agostinelli and others), MusicGen (Copet and others) | sound from a written description [21, 22] |
#
# </details>

# %% [markdown] id="history-explained"
# <details><summary>What to notice</summary>
#
# Chance came first, then rules, then learning. No idea on the list ever died: networks still *roll dice* at every note (that is
# what a seed is for), the newest systems still use rules for what must never happen, and counting is still the yardstick that a
# network has to beat. The later systems also changed *what* is generated: first notes, then sound. This course follows notes most of
# the way, because a laptop can do it and because you can read the result.
#
# </details>

# %% [markdown] id="dice-intro"
# ## 3 · A dice game
#
# A dice game is a table. Each **column** is a place in the tune, each **row** a face of the die. The bars in a column all
# sit on the same chord, so any of them fits there. Roll eight times, put the eight bars in a row, and you have a minuet.
#
# The bars below were written for this lesson, in the manner of the old games. One word is one beat, `-` splits a beat in two, `~` holds
# the note one beat longer.

# %% id="dice-table"
MELODY = [  # one line a column of the table: six bars that may stand at this place
    ["E5 G5 C6", "C5 E5 G5", "G5 E5 C5", "E5-F5 G5 E5", "G5 ~ E5", "C5-D5 E5 G5"],  # C major
    ["D5 F5 D5", "B4 D5 F5", "F5-E5 D5 B4", "D5-E5 F5 D5", "G5 F5 D5", "F5 ~ D5"],  # G major
    ["E5 C5 E5", "C5-E5 G5 E5", "E5-D5 C5 E5", "G5-E5 C5 E5", "C5 ~ E5", "E5 G5-F5 E5"],  # C major
    ["D5 ~ ~", "B4 D5 ~", "D5-C5 B4 ~", "G5 D5 ~", "D5-E5 D5 ~", "B4-C5 D5 ~"],  # G major, a stop half-way
    ["C5 E5 G5", "C6 G5 E5", "E5-G5 C6 G5", "G5 C6 G5", "G5-E5 C5-E5 G5", "C5-E5 G5 C6"],  # C major
    ["A5 F5 A5", "A5 ~ F5", "F5-A5 C6 A5", "C6 A5 F5", "A5-G5 F5 A5", "F5 A5-G5 F5"],  # F major
    ["E5 D5 B4", "G5-E5 D5 B4", "E5-C5 D5 B4", "E5 D5-C5 B4", "G5 F5-E5 D5", "E5-F5 D5 B4"],  # C, then G major
    ["C5 ~ ~", "C5 E5 C5", "E5-D5 C5 ~", "C5-E5 C5 ~", "C5 G4 C5", "D5-B4 C5 ~"],  # C major, the end
]
BASS = ["C3 G3 E3", "B2 G3 D3", "C3 G3 E3", "G2 D3 B2", "C3 E3 G3", "F3 A3 C3", "G3 G3 G2", "C3 G2 C3"]

# %% [markdown] id="dice-rolling"
# Two small functions are the whole generator. `read_bar` turns a bar's text into notes. `roll_minuet` rolls and puts together.
# The **seed** fixes the rolls: the same seed always gives the same minuet, so that you can show it to a friend.

# %% id="dice-functions"
def read_bar(text):
    """Read one bar, for example "E5-F5 G5 ~": a list of [pitch, ticks]."""
    notes = []
    for beat in text.split():
        if beat == "~":
            notes[-1][1] += 24  # hold the note before for one more quarter
        else:
            beat_names = beat.split("-")
            notes += [[name_to_pitch(name), 24 // len(beat_names)] for name in beat_names]
    return notes

def bars_to_score(bars, **fields):
    """Put bars of text in a row, in 3/4."""
    pitches, ticks = zip(*[note for bar in bars for note in read_bar(bar)])
    return Score.from_melody(pitches, ticks, meter=(3, 4), key="C major", bpm=120, **fields)

# %% id="dice-roll"
def roll_minuet(seed, melody=MELODY):
    """Roll a six-sided die for each of the eight columns."""
    rolls = np.random.default_rng(seed).integers(1, 7, size=8)
    bars = [column[roll - 1] for column, roll in zip(melody, rolls)]
    title = "Minuet " + "-".join(str(roll) for roll in rolls)
    return stack([bars_to_score(bars, title=title), bars_to_score(BASS)])

# %% [markdown] id="predict-dice"
# **Predict.** The next two cells roll two minuets. *What will be the same in both, what will differ? And how many different minuets are
# in the table?* Then listen for the rest half-way, at bar 4, and the close at bar 8.

# %% id="dice-first"
roll_minuet(seed=1)

# %% id="dice-second"
roll_minuet(seed=2)

# %% id="dice-count"
how_many = 6**8
seconds = roll_minuet(seed=1).seconds
days = how_many * seconds / (24 * 60 * 60)
print(f"{how_many:,} different minuets; to hear each once takes {days:.0f} days without sleep")

# %% [markdown] id="dice-explained"
# <details><summary>What happened, and why</summary>
#
# The length, the metre, the chords, the stop at bar 4 and the ending are always the same; the way from one to the next differs. Six
# choices at each of eight places make 6 × 6 × … × 6 = 6⁸ minuets, and *every one of them is correct*. That is not luck. All the
# knowledge is in the table: somebody who knew harmony made each column safe. The dice know nothing.
#
# That is also the limit. The game cannot play anything that nobody wrote down, and it cannot learn: give it a thousand folk tunes,
# and it will not change by a note.
#
# </details>

# %% [markdown] id="markov-intro"
# ## 4 · A machine that learns by counting
#
# Now the machine shall make its own table, out of music. The idea is from 1913. Andrei Markov took a novel in verse and asked of
# every letter: vowel or consonant? After a consonant, a vowel followed in 66 % of the cases; after a vowel, in 13 % [6]. What comes
# *next* depends on what was *just there*. Notes are no different.
#
# ### The picture
#
# Here is the start of *Frère Jacques*: **C D E C · C D E C · E F G · E F G**. Go through it with a finger and ask at each
# note: what follows?
#
# ```
#            next:  C  D  E  F  G
#   after C         1  2  1  .  .        C was followed once by C, twice by D, once by E
#   after D         .  .  2  .  .
#   after E         2  .  .  2  .
#   after F         .  .  .  .  2
#   after G         .  .  1  .  .        the last G has no follower
# ```
#
# That table is the whole model. To compose, start somewhere, look up the row, draw one of the followers (more often
# seen means more often drawn), and go on from there. A model that remembers only the last few notes is a **Markov chain**; the number
# of notes it remembers is its **order**.

# %% [markdown] id="teacher-markov" tags=["teacher"]
# **15 min, best at the board.** Let the class sing *Frère Jacques* and fill the table together, one pair at a time. Then compose with it
# by hand: slips of paper in a hat for each row. Stop after ten notes and sing the result. The usual mistakes: reading the table
# column by column (that answers "what came before?"), and forgetting that the row of C holds C itself, because the phrase is
# repeated.

# %% [markdown] id="markov-symbols"
# ### The symbols
#
# Write $x_t$ for note number $t$ of the tune: $x_1$ is the first note, $x_2$ the second. Let $a$ and $b$ stand for two notes,
# for example C and D, and let $N(a, b)$ be the number in the table: how often $b$ came right after $a$. Then
#
# $$p(x_t = b \mid x_{t-1} = a) \;=\; \frac{N(a, b)}{\sum_{c} N(a, c)}$$
#
# Read the left side aloud: *the probability that the next note is $b$, **given** that the last one was $a$*. The upright bar is the
# word "given". The right side says how to get it: the count for $b$, divided by the sum of the whole row ($c$ runs over all notes).
#
# **By hand.** After E came C twice and F twice. So $p(\text{C} \mid \text{E}) = 2 / (2 + 2) = 0.5$.
#
# **Predict.** *What is $p(\text{D} \mid \text{C})$? Which rows leave the machine no choice at all?*

# %% [markdown] id="markov-numpy-intro"
# The same thing in three lines of NumPy: make an empty table, count the pairs, divide each row by its sum.

# %% id="markov-numpy"
jacques = "C D E C C D E C E F G E F G".split()
letters = sorted(set(jacques))  # C D E F G
x = [letters.index(name) for name in jacques]

N = np.zeros((5, 5))
np.add.at(N, (x[:-1], x[1:]), 1)  # N[a, b]: how often b came right after a
P = N / N.sum(axis=1, keepdims=True)
for name, row in zip(letters, P):
    print("after", name, dict(zip(letters, row.tolist())))

# %% [markdown] id="markov-numpy-explained"
# <details><summary>The answers</summary>
#
# $p(\text{D} \mid \text{C}) = 2/4 = 0.5$: of the four times that something followed C, it was D twice. The rows of D, F and
# G hold a single 1.0: after D always E, after F always G, after G always E. There the machine can only repeat the song.
#
# </details>

# %% [markdown] id="markov-back-off"
# <details><summary>For the curious: what the course's own MarkovModel does with pairs that never came</summary>
#
# In *Frère Jacques* no G ever follows C, so our table says: impossible. A judge who calls something impossible, and then hears
# it, is infinitely surprised. So `MarkovModel` keeps a little probability back. Let $N(a)$ be the sum of row $a$, and $T(a)$ the number of
# *different* notes in it. Then (Witten and Bell, 1991)
#
# $$p(b \mid a) = \frac{N(a, b) + T(a)\, p(b)}{N(a) + T(a)}$$
#
# where $p(b)$ comes from the chain of order 0, made in the same way. It backs off to the shorter memory where the longer one knows
# little. The next cell does so in three lines, and agrees with the library to the last digit.
#
# </details>

# %% id="markov-agrees"
def keep_back(counts, shorter):
    """Counts to probabilities, with a share kept back for what the shorter memory expects."""
    kinds = (counts > 0).sum(axis=-1, keepdims=True)
    return (counts + kinds * shorter) / (counts.sum(axis=-1, keepdims=True) + kinds)

by_hand = keep_back(N, keep_back(np.bincount(x[1:], minlength=5), 1 / 5))
model = MarkovModel(order=1, n_tokens=5).fit([x])
library = [model.next_probabilities([note]) for note in range(5)]
print("after E, by hand:    ", by_hand[2].round(3))
print("after E, MarkovModel:", library[2].round(3))
print("agree:", np.allclose(by_hand, library))

# %% [markdown] id="prepare-intro"
# ### Prepare the tunes
#
# One nursery song is not much to learn from. We take the dance tunes in 4/4 and in a major key. They are in
# many keys, and a D in G major does another job than a D in D major. So move every tune to the same **home note**, C. A note becomes a
# pair: its pitch, and the ticks until the next note begins.

# %% id="prepare"
def to_notes(tune):
    """Write a tune as a list of (pitch, ticks until the next note), moved to the home note C."""
    home, _ = parse_key(tune.key)
    shift = -home if home <= 6 else 12 - home  # down to C, or up where that is nearer
    onsets = [*tune.notes["onset"].tolist(), tune.duration]
    pitches = tune.notes["pitch"].tolist()
    return [(pitch + shift, int(ticks)) for pitch, ticks in zip(pitches, np.diff(onsets))]

tunes = [to_notes(tune) for tune in dances]
every_note = [note for tune in tunes for note in tune]
print(f"{len(tunes)} tunes, {len(every_note):,} notes, {len(set(every_note))} kinds of note")

# %% [markdown] id="inside-intro"
# ### Look inside: the table
#
# **Predict.** In C major, the note B is the *leading note*: it lies one semitone below home. *Which note will most often follow
# B? And which squares of the table will be nearly empty?*
#
# In the picture, choose a row (the note that sounds now), then look along it for the squares with the most ink (what comes next).

# %% id="inside-matrix"
from musegen_edu.plots import plot_transition_matrix

CLASSES = "C C# D D# E F F# G G# A A# B".split()
steps = np.zeros((12, 12))
for tune in tunes:
    classes = [pitch % 12 for pitch, _ in tune]  # the same letter in every octave
    np.add.at(steps, (classes[:-1], classes[1:]), 1)
folk_table = steps / steps.sum(axis=1, keepdims=True)

title = f"After the leading note B, C comes in {folk_table[11, 0]:.0%} of all cases"
ax = plot_transition_matrix(np.where(folk_table < 0.01, 0, folk_table), CLASSES, title=title)

# %% [markdown] id="inside-explained"
# <details><summary>What the table knows about music</summary>
#
# Nobody told the machine about scales, yet here they are:
#
# - B leads home to C about every second time, and A pulls down to G.
# - The five columns with a sharp are nearly empty: tunes in C major rarely go there.
# - And if they do, they know the way out: C# climbs to D, F# to G, G# to A, each to the scale note just above it. Musicians call that
#   *resolving*. The exception proves the point: A# goes *down*, to A and G. On paper it is a B flat.
# - The rows of C, E and G, the notes of the home chord, are the most even. From there, a tune may go anywhere.
#
# What the table does *not* know: which octave, how long, on which beat, and what happened two notes ago.
#
# </details>

# %% [markdown] id="entropy-intro"
# ### How many surprises are left? Entropy
#
# A row with one dark square is easy to guess; an even row is hard. The number that says so is the **entropy**, $H$. For the row of
# note $a$:
#
# $$H(a) \;=\; -\sum_{b} p(b \mid a)\, \log_2 p(b \mid a)$$
#
# Its unit is the **bit**: the number of yes-or-no questions you need on average to find out the next note. A fair coin has 1
# bit, a fair die $\log_2 6 \approx 2.6$ bits, a sure thing 0 bits. (Where $p = 0$, the term counts as 0.)

# %% id="entropy"
def entropy(probabilities):
    """Average number of yes-or-no questions, in bits, to find out what was drawn."""
    p = probabilities[probabilities > 0]  # a thing that never happens asks no question
    return float(-(p * np.log2(p)).sum() + 0.0)

examples = {"a coin": [1 / 2] * 2, "a die": [1 / 6] * 6, "Frère Jacques, after E": P[2], "after F": P[3]}
for name, row in examples.items():
    print(f"{name:23} {entropy(np.array(row)):.2f} bits")

# %% [markdown] id="chain-intro"
# ### From one note to three
#
# A chain of order 2 looks at the last *two* notes, order 3 at the last three: $p(x_t \mid x_{t-3}, x_{t-2}, x_{t-1})$. Only
# the row's name gets longer. Here is the whole generator, for any order: one function counts, one walks. `START` and `END` mark where
# a tune begins and stops, so that the machine learns that, too.

# %% id="chain-count"
from collections import Counter, defaultdict

START, END = "start", "end"

def count_followers(tunes, order):
    """For each run of `order` notes: which notes followed it, and how often."""
    table = defaultdict(Counter)
    for tune in tunes:
        notes = [START] * order + tune + [END]
        for i in range(order, len(notes)):
            table[tuple(notes[i - order : i])][notes[i]] += 1
    return table

# %% id="chain-walk"
def walk(table, order, seed, longest=96):
    """Begin at START, draw each next note from the row of the last `order` notes, stop at END."""
    rng = np.random.default_rng(seed)
    notes = [START] * order
    while len(notes) < order + longest:
        row = table[tuple(notes[len(notes) - order :])]
        followers, counts = list(row), np.array(list(row.values()))
        follower = followers[rng.choice(len(followers), p=counts / counts.sum())]
        if follower == END:
            break
        notes.append(follower)
    return notes[order:]

def to_score(notes, title):
    pitches, ticks = zip(*notes)
    return Score.from_melody(pitches, ticks, key="C major", bpm=160, programs=(40,), title=title)

# %% [markdown] id="predict-order"
# **Predict.** You will hear order 1, order 2 and order 3. *What will get better as the memory grows? What will not?*
#
# Order 1 first. Listen to any two neighbouring notes: that step is always one that fiddlers use. Now listen to five.

# %% id="chain-order-1"
tables = {order: count_followers(tunes, order) for order in range(9)}
to_score(walk(tables[1], 1, seed=5), title="Order 1").slice_bars(1, 8)

# %% [markdown] id="chain-order-2-intro"
# Order 2. Listen for little turns and broken chords that sound *meant*.

# %% id="chain-order-2"
to_score(walk(tables[2], 2, seed=5), title="Order 2").slice_bars(1, 8)

# %% [markdown] id="chain-order-3-intro"
# Order 3. Listen for whole half-bars that could stand in a real reel, and for whether the second half answers the first.

# %% id="chain-order-3"
to_score(walk(tables[3], 3, seed=5), title="Order 3").slice_bars(1, 8)

# %% [markdown] id="chain-explained"
# <details><summary>What happened, and why</summary>
#
# With each order, the *neighbourhood* gets better: steps, then turns, then figures. What does not get better is the *plan*. A reel
# says its first two bars again in bars 5 and 6; a chain cannot, because by then bars 1 and 2 are long forgotten. It does not even know
# where the bar lines are, since nothing in the pairs says so.
#
# So why not order 8, or 20? Try it, in the next section.
#
# </details>

# %% [markdown] id="predict-explore"
# ### Look inside once more: walk through the table yourself
#
# Above, all octaves were one. Now every pitch of the tunes has a row of its own, and the table can be *played*.
#
# - Point at a cell, and read how often this step was counted. Click it, and hear the step: first the note of the row, then the note of the column.
# - On the right stands the whole row: everything that may come next, the likeliest first.
# - **Walk** starts at the row you have chosen and draws one note after the other. Watch the cell light up that the machine has drawn.
# - With the keyboard: arrow keys, Enter to hear, W to walk.
#
# **Predict.** *Click around near the diagonal of the table, and then far away from it. Why is nearly all of the ink near the diagonal?*
# Then choose "remembers 2 notes", then 3. *Will the rows get fuller or emptier?* Walk in each of the three tables from the row "start", and listen.

# %% id="explore"
from musegen_edu import TransitionExplorer
from musegen_edu.keys import pitch_to_name

pitches_used = sorted({pitch for pitch, _ in every_note})
number = {pitch: n for n, pitch in enumerate(pitches_used, start=1)}  # 0 stands for the start of a tune
rows_of_numbers = [[0] + [number[pitch] for pitch, _ in tune] for tune in tunes]
pitch_chain = MarkovModel(order=3, n_tokens=len(pitches_used) + 1).fit(rows_of_numbers)

def as_eighths(numbers):
    return Score.from_melody([pitches_used[n - 1] for n in numbers if n > 0], 12, bpm=160, programs=(40,))

names_of_states = ["start", *[pitch_to_name(pitch) for pitch in pitches_used]]
TransitionExplorer(pitch_chain, names_of_states, to_score=as_eighths, order=1, seed=5, title="What comes next?")

# %% [markdown] id="teacher-explore" tags=["teacher"]
# **5 min, on the projector.** Let the class choose the start and shout the next note before each click: they are walking the chain
# themselves. For a first look, put the extras away with `hide=["order", "scale", "measure", "zoom"]`; bring the order back for the second question.

# %% [markdown] id="explore-count-intro"
# Fuller or emptier? Count the rows, and in each row the different followers.

# %% id="explore-count"
for order in (1, 2, 3):
    contexts, counts = pitch_chain.counts(order)
    followers = (counts > 0).sum(axis=1)  # how many different notes each row offers
    single = (followers == 1).mean()
    print(f"order {order}: {len(contexts):5,} rows, {followers.mean():4.1f} followers a row, {single:.0%} of the rows have just one")

# %% [markdown] id="explore-explained"
# <details><summary>What happened, and why</summary>
#
# The diagonal of the table is where a note is *repeated*; one cell beside it is a semitone, two cells are a whole tone. Melodies go mostly by small
# steps, so the ink keeps close to the diagonal. You saw the same in *Ode to Joy*.
#
# With a longer memory there are many more rows, and each has fewer followers: **emptier**. The same notes of the same tunes are shared
# out among more rows. A row that was counted only once or twice hardly knows anything, and a row with a single follower leaves nothing to
# draw. The walk sounds more and more like a tune, and more and more of it is a tune that the machine has read. How much? That can be measured.
#
# </details>

# %% [markdown] id="copying-intro"
# ## 5 · The longer the memory, the more it steals
#
# **Predict.** *We raise the order from 0 to 8. Which will grow faster: how good the tunes are, or how much of them is copied?*
#
# To measure copying we need the **longest copied run**: the longest piece of a generated tune that stands, note for note (pitch and
# duration), somewhere in the training tunes. A trick makes it quick: give each kind of note a letter of its own. Then a tune is a
# word, and Python's `in` finds out in no time whether a word occurs in a text.

# %% id="copying-run"
kinds = sorted(set(every_note))
letter = {kind: chr(0x4E00 + i) for i, kind in enumerate(kinds)}  # a character a kind
training_text = "\n".join("".join(letter[note] for note in tune) for tune in tunes)

def longest_copied_run(tune):
    """Length, in notes, of the longest piece of a tune that stands in the training tunes."""
    word = "".join(letter.get(note, "?") for note in tune)
    longest = 0
    for i in range(len(word)):
        while i + longest < len(word) and word[i : i + longest + 1] in training_text:
            longest += 1
    return longest

# %% [markdown] id="copying-second-intro"
# The second measure is the **share of copied runs**. Cut a tune into all its runs of eight notes (they overlap), and ask of each: is it
# in the training tunes? You will write this one yourself in exercise 1; here, the course's `ngram_novelty` gives the share of *new* runs.
#
# One thing is easily forgotten. *Real* new tunes also share runs with old ones: scales, broken chords, the usual endings. So we
# measure tunes that the chain has never seen, too. That is the grey dashed line, and the fair goal.

# %% id="copying-measure"
from musegen_edu.metrics import CorpusIndex, ngram_novelty

known = CorpusIndex(dances)

def copying(tunes):
    """Longest copied run of a typical tune, and share of copied 8-note runs (first 96 notes)."""
    tunes = [tune[:96] for tune in tunes if len(tune) >= 24]
    longest = np.median([longest_copied_run(tune) for tune in tunes])
    return longest, 100 - 100 * ngram_novelty([to_score(tune, "") for tune in tunes], known, n=8)

orders = list(tables)
real_run, real_share = copying([to_notes(tune) for tune in in_even_time(folk.test)])
measured = [copying([walk(tables[order], order, seed) for seed in range(40)]) for order in orders]
runs, shares = zip(*measured)

# %% id="copying-bits"
def bits_left(table):
    """The entropy of a typical row: rows that are used more often count more."""
    rows = [np.array(list(row.values())) for row in table.values()]
    uses = [row.sum() for row in rows]
    return np.average([entropy(row / row.sum()) for row in rows], weights=uses)

bits = [bits_left(tables[order]) for order in orders]

# %% id="copying-figure"
import matplotlib.pyplot as plt

from musegen_edu.plots.style import INK, PALETTE, dress

figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), dpi=110, layout="constrained")
longer = f"Order 8 copies {runs[8]:g} notes\nin a row, order 3 only {runs[3]:g}"
more = f"and {shares[8]:.0f} % of all its runs,\norder 3 only {shares[3]:.0f} %"
why = f"for it has {bits[8]:.1f} bits of\nchoice left, order 3 has {bits[3]:.1f}"
labels = ["longest copied run (notes)", "copied 8-note runs (%)", "entropy (bits a note)"]
for ax, values, title, label in zip(panels, [runs, shares, bits], [longer, more, why], labels):
    ax.plot(orders, values, "o-", color=PALETTE[0])
    dress(ax, title=title, x="order (notes remembered)", y=label)
for ax, real in zip(panels, [real_run, real_share]):
    ax.axhline(real, color=INK, linestyle="--")
    ax.text(8, real, f"real new tunes: {real:.0f}", ha="right", va="bottom", color=INK)

# %% [markdown] id="copying-explained"
# <details><summary>What happened, and why</summary>
#
# Up to order 3, the chain copies hardly more than real tunes borrow from one another. From order 4 on it copies longer and longer
# stretches, and at order 8 nearly all of a tune is quotation. On the right is the reason. Most runs of eight notes occur only
# once in the whole collection, so after them the table holds *one* follower. A machine without a choice can only go on as the
# old tune did.
#
# So a longer memory is not understanding. It sounds better *because* it copies. A composer must do something else: notice
# that two places are *similar* without being the same. That is what neural networks are for, and the reason for the rest of this course.
#
# </details>

# %% [markdown] id="teacher-copying" tags=["teacher"]
# **Discussion, 5 min.** "Is a tune with a copied run of 20 notes stolen?" There is no right answer. Useful pushes: Twenty notes of
# a scale? Twenty notes of the chorus? Do human fiddlers copy? (They do, and many name their source.) Papadopoulos, Roy and
# Pachet (2014), in the reading list, show how to forbid runs above a given length while generating. Lesson 15 is planned to
# come back to copyright.

# %% [markdown] id="surprise-intro"
# ## 6 · Judge
#
# ### How surprised is it by a real tune?
#
# A fair examination: play a model a real tune that it has *never* seen, stop before each note, and ask what it expects. If it gave the
# note that really comes the probability $p$, its **surprise** is $-\log_2 p$ bits. Take the mean over all notes of all test tunes. A model that knows
# how tunes go is surprised less.
#
# Bits are hard to imagine, so we say it in another way: $H$ bits of surprise are as much as choosing blindly among $2^H$ equally likely
# symbols, where a symbol is a note or a bar line. (This number is called *perplexity*.) It was measured once, when the network was
# trained, for it and for the back-off chains of orders 1 to 5, and stands on the network's **card**.
#
# **Predict.** *The table's own entropy falls with every order, as you saw. Will the chain's surprise at new tunes fall as well?*

# %% id="surprise"
from musegen_edu import load_card

measured = load_card("melody_lstm")["metrics"]  # in nats: bits times ln 2, so exp(nats) = 2**bits
chains = {int(order): np.exp(nats) for order, nats in measured["markov_test_nats_per_token"].items()}
network_choices = np.exp(measured["test_nats_per_token"])
best = min(chains, key=chains.get)

figure, ax = plt.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")
ax.plot(list(chains), list(chains.values()), "o-", color=PALETTE[0])
ax.axhline(network_choices, color=PALETTE[1], linestyle="--")
ax.text(1, network_choices + 0.4, f"the network: {network_choices:.1f}", color=PALETTE[1])
ax.set(xticks=list(chains), ylim=(0, None))
title = f"Order {best} is the best chain: {chains[best]:.1f} symbols; the network: {network_choices:.1f}"
ax = dress(ax, title=title, x="order of the chain (symbols remembered)", y="equally likely symbols")

# %% [markdown] id="surprise-explained"
# <details><summary>What happened, and why</summary>
#
# The surprise falls at first and then *rises* again. A long memory knows the training tunes better and better, and new tunes worse: most
# runs of four or five notes in a new tune were never counted, so the long rows are of no use there, and what they say is said with too
# much confidence. Learning the examples instead of the music is called **over-fitting**. It will come back in every lesson.
#
# The small network beats every chain by far. It does not look up what it has seen; it has learnt what is *similar*.
#
# </details>

# %% [markdown] id="scorecard-intro"
# ### The scorecard
#
# Now let them compose, and measure the result. On the stage are every generator of this lesson, pure chance, the small neural network of lesson 00, and real tunes that none of
# them has ever seen. All are measured alike:
#
# | measure | what it says | good is |
# |---|---|---|
# | scale consistency | share of the notes that fit one scale | as in real music |
# | steps (and note lengths) as in real music | how far the mix of melodic steps, or of note lengths, overlaps with that of other real tunes | near 1 |
# | groove consistency | how much the rhythm of a bar is like that of the next bar | as in real music |
# | new runs of 8 notes | 1 minus the share copied from the training tunes, in any key | as in real music |
# | longest copy | the longest passage shared with the *nearest training tune*, as a share of the tune: mean, and the worst case | as in real music |
#
# **Predict.** *Which of them will be most "original"? Is that a compliment?*

# %% id="scorecard-contestants"
from musegen_edu import load_pretrained

network = load_pretrained("melody_lstm")
seeds = range(30)

def at_random(seed):
    rng = np.random.default_rng(seed)
    return Score.from_melody(rng.integers(55, 85, 60).tolist(), rng.choice([6, 12, 24], 60).tolist())

contestants = {
    "chance": [at_random(seed) for seed in seeds],
    "dice game": [roll_minuet(seed).part(0) for seed in seeds],
}
for order in (1, 2, 3, 8):
    walks = [walk(tables[order], order, seed, longest=60) for seed in range(60)]
    contestants[f"Markov, order {order}"] = [to_score(notes, "") for notes in walks if len(notes) == 60][:30]
contestants["network"] = [compose(network, bars=8, seed=seed, candidates=1) for seed in seeds]
contestants["real music"] = [tune.slice_bars(1, 8) for tune in in_even_time(folk.test)[:30]]

# %% id="scorecard"
from musegen_edu.metrics import scorecard

card = scorecard(contestants, folk.train, reference=in_even_time(folk.valid))
card

# %% id="scorecard-figure"
from musegen_edu.plots import plot_scorecard

COPY = "longest copy (mean)"
shown = ["scale consistency", "groove consistency", "new runs of 8 notes", COPY]
rows = {name: {measure: values[measure] for measure in shown} for name, values in card.rows.items()}
worst = max(rows, key=lambda name: rows[name][COPY])
title = f"The worst copyist is {worst}: its longest copy is {rows[worst][COPY]:.0%} of a tune"
axes = plot_scorecard(rows, title=title)

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - **Chance** is the most original of all: hardly a run of its notes was ever heard before. It also fits no scale. Originality alone is no
#   compliment.
# - The **dice game** never leaves the scale, because a person saw to that. Its steps and note lengths are those of a minuet, not
#   of a reel: compare like with like.
# - The **chains** have the steps of real music from order 1 on: that is just what they count. The groove gets steadier with each
#   order, as longer figures hold together.
# - **Order 8** looks like real music in nearly every respect, and not one of its runs is new. Without the last two measures
#   you would have given it the prize. This is why a copy check belongs on every scorecard.
# - The **network** keeps the scale and the steps, and is *newer* than real tunes are. Its groove is still looser than that of people: it
#   does not yet plan. There is work left for the later lessons.
#
# No number here says "beautiful". Listen, too.
#
# </details>

# %% [markdown] id="exercise-copied"
# ## 7 · Exercises
#
# ### Exercise 1 · Count the copies (fill in, 8 min)
#
# Write `share_copied`. It gets a tune (a list of notes), a list of training tunes, and `n`. It returns the share, from 0.0 to
# 1.0, of the tune's runs of `n` notes that stand in one of the training tunes. A tune shorter than `n` notes has no runs: return 0.0.
#
# A run is `tuple(tune[i : i + n])`. *How many runs of 3 has a tune of 5 notes?* Count them on your fingers before you write `range`.

# %% id="exercise-copied-code"
def share_copied(tune, training, n):
    """Share of the tune's runs of n notes that stand in a training tune, 0.0 to 1.0."""
    # solution: collect the training tunes' runs in a set, then see which of the tune's runs are in it
    known = {tuple(old[i : i + n]) for old in training for i in range(len(old) - n + 1)}
    runs = [tuple(tune[i : i + n]) for i in range(len(tune) - n + 1)]
    return sum(run in known for run in runs) / len(runs) if runs else 0.0
    # end solution

# %% id="exercise-copied-check"
from musegen_edu.checks.generated_music import check_share_copied

check_share_copied(share_copied)

# %% [markdown] id="exercise-copied-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-copied-code}}
#
# </details>

# %% [markdown] id="exercise-column"
# ### Exercise 2 · Write your own bars (modify, 8 min)
#
# Replace the fifth column of the dice table (C major: the notes C, E and G are safe) with six bars of your own. Each bar must fill three beats.
# Use `-` and `~` as in the table. Begin each bar on a note of the chord: the left hand plays C–E–G below it.
#
# Write at least one bar that no well-behaved composer of 1793 would have written.

# %% id="exercise-column-code"
# solution: six bars of three beats over C major
# stub: my_bars = ...
my_bars = ["C5 G5 C6", "E5-D5 C5 G5", "G5 ~ G4", "C6-B5 C6-G5 E5", "E5 E5 E5", "G5-F#5 G5 C6"]
# end solution

# %% id="exercise-column-check"
from musegen_edu.checks.generated_music import check_column

check_column(my_bars)

# %% [markdown] id="exercise-column-listen"
# Passed? Then roll with your column. Change the seed until one of your wilder bars turns up at bar 5.

# %% id="exercise-column-roll"
minuet = roll_minuet(seed=3)
if check_column(my_bars):
    minuet = roll_minuet(seed=3, melody=MELODY[:4] + [my_bars] + MELODY[5:])
minuet

# %% [markdown] id="exercise-column-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-column-code}}
#
# </details>

# %% [markdown] id="exercise-honest"
# ### Exercise 3 · An honest reel (open, 10 min)
#
# Make the best tune you can, of 8 to 32 bars, with **no copied run of more than 12 notes**. Put it in `my_tune`, a `Score`. (The check looks
# for copies in every key, so it may find a note or two more than `longest_copied_run`.) Some ways to go:
#
# - try many seeds of one order, and keep those that pass (this is how the *Illiac Suite* worked: generate, test, throw away);
# - walk with order 3, but switch to order 1 for one note whenever the copied run gets too long;
# - build a form: generate four bars A and four bars B, and play A B A B with `+`;
# - train on something else: `folk.train` holds jigs in 6/8 and tunes in minor keys as well.
#
# Then write one sentence: which of the five steps did you change, and what did it do to the sound?

# %% id="exercise-honest-code"
# solution: many seeds of order 3, keep the first tune that is long enough and copies little
# stub: my_tune = ...
# stub: my_sentence = "..."
candidates = (walk(tables[3], 3, seed) for seed in range(200))
honest = next(notes for notes in candidates if len(notes) > 60 and longest_copied_run(notes) <= 8)
phrase = to_score(honest, title="An honest reel").slice_bars(1, 4)
my_tune = phrase + to_score(honest, title="").slice_bars(5, 8) + phrase
my_sentence = "I changed the judging: only tunes that copy little stay, and a repeat gives form."
# end solution

# %% id="exercise-honest-check"
from musegen_edu.checks.generated_music import check_honest_tune

check_honest_tune(my_tune, my_sentence, dances)

# %% [markdown] id="exercise-honest-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-honest-code}}
#
# </details>

# %% [markdown] id="quiz-intro"
# ## 8 · Quiz
#
# Six questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.generated_music import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You took a tune apart: pitch, rhythm, both together as melody, and harmony, which changed the mood without touching the melody.
# 2. You named the five steps (collect, prepare, train, generate, judge) and saw chance, rules and learning follow one another from 1757 to 2023.
# 3. You built a dice game, whose knowledge is in a table that a person wrote, and a Markov chain, which makes its own table by counting.
# 4. You measured entropy and copying, and found that a longer memory sounds better mostly because it repeats what it has read.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see or hear | why | what to do |
# |---|---|---|
# | the tune stops after a few notes | the chain drew `END` early; it knows no minimum length | another seed |
# | every seed gives almost the same tune | the order is too high: most rows hold one follower | a lower order, or more tunes |
# | the tune changes key or scale in the middle | tunes in several keys went into one table | move all tunes to one home note first |
# | rhythm against the bar lines | the pairs do not say where in the bar a note stands | make the bar line a symbol, too, as the chain in "Listen first" does |
# | copying seems to be 0 % | durations or octaves differ by a transposition or a rounding | compare after the same preparation |
# | `ZeroDivisionError` or `nan` in a row | a note that never had a follower: its row sums to 0 | give it a follower (`END`), or leave the row out |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. S. A. Hedges, "Dice music in the eighteenth century", *Music & Letters* 59(2), 1978, 180–187. On the doubtful authorship of the game sold as Mozart's see also H. Noguchi, "Mozart: Musical game in C K. 516f".
# 2. C.-Z. A. Huang and others, "The Bach Doodle: approachable music composition with machine learning at scale", ISMIR 2019, [arXiv:1907.06637](https://arxiv.org/abs/1907.06637).
# 3. B. Eno, *Generative Music 1*, Opal Music and SSEYO, 1996; and his talk "Generative music", San Francisco, 8 June 1996 (In Motion Magazine).
# 4. W. L. Magee and others, "Music interventions for acquired brain injury", *Cochrane Database of Systematic Reviews*, 2017, [doi:10.1002/14651858.CD006787.pub3](https://doi.org/10.1002/14651858.CD006787.pub3).
# 5. *No Man's Sky*, Hello Games, 2016; music by 65daysofstatic, audio direction by Paul Weir.
# 6. A. A. Markov, "An example of statistical investigation of the text *Eugene Onegin* concerning the connection of samples in chains", lecture of 1913, English in *Science in Context* 19(4), 2006, 591–600, [doi:10.1017/S0269889706001074](https://doi.org/10.1017/S0269889706001074).
# 7. L. A. Hiller and L. M. Isaacson, *Experimental Music: Composition with an Electronic Computer*, McGraw-Hill, 1959. On the first performance: T. Funk, *Leonardo Music Journal* 28, 2018, [doi:10.1162/lmj_a_01037](https://doi.org/10.1162/lmj_a_01037).
# 8. F. P. Brooks, A. L. Hopkins, P. G. Neumann and W. V. Wright, "An experiment in musical composition", *IRE Transactions on Electronic Computers* EC-6, 1957, 175–182.
# 9. K. Ebcioğlu, "An expert system for chorale harmonization", AAAI-86, 784–788.
# 10. P. M. Todd, "A connectionist approach to algorithmic composition", *Computer Music Journal* 13(4), 1989, 27–43.
# 11. H. Hild, J. Feulner and W. Menzel, "HARMONET: a neural net for harmonizing chorales in the style of J. S. Bach", [NIPS 4, 1991](https://papers.nips.cc/paper/1991/hash/a7aeed74714116f3b292a982238f83d2-Abstract.html), 267–274.
# 12. S. Hochreiter and J. Schmidhuber, "Long short-term memory", *Neural Computation* 9(8), 1997, 1735–1780.
# 13. D. Eck and J. Schmidhuber, "Finding temporal structure in music: blues improvisation with LSTM recurrent networks", IEEE NNSP 2002, 747–756.
# 14. N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, "Modeling temporal dependencies in high-dimensional sequences", ICML 2012, [arXiv:1206.6392](https://arxiv.org/abs/1206.6392).
# 15. A. van den Oord and others, "WaveNet: a generative model for raw audio", 2016, [arXiv:1609.03499](https://arxiv.org/abs/1609.03499).
# 16. G. Hadjeres, F. Pachet and F. Nielsen, "DeepBach: a steerable model for Bach chorales generation", ICML 2017, [arXiv:1612.01010](https://arxiv.org/abs/1612.01010).
# 17. A. Roberts and others, "A hierarchical latent vector model for learning long-term structure in music", ICML 2018, [arXiv:1803.05428](https://arxiv.org/abs/1803.05428).
# 18. C.-Z. A. Huang and others, "Music Transformer", 2018, [arXiv:1809.04281](https://arxiv.org/abs/1809.04281).
# 19. C. Payne, "MuseNet", OpenAI, 25 April 2019, [openai.com/index/musenet](https://openai.com/index/musenet/).
# 20. P. Dhariwal and others, "Jukebox: a generative model for music", 2020, [arXiv:2005.00341](https://arxiv.org/abs/2005.00341).
# 21. A. Agostinelli and others, "MusicLM: generating music from text", 2023, [arXiv:2301.11325](https://arxiv.org/abs/2301.11325).
# 22. J. Copet and others, "Simple and controllable music generation" (MusicGen), NeurIPS 2023, [arXiv:2306.05284](https://arxiv.org/abs/2306.05284).
# 23. A. Papadopoulos, P. Roy and F. Pachet, "Avoiding plagiarism in Markov sequence generation", AAAI 2014, [doi:10.1609/aaai.v28i1.9126](https://doi.org/10.1609/aaai.v28i1.9126).
# 24. B. L. Sturm, J. F. Santos, O. Ben-Tal and I. Korshunova, "Music transcription modelling and composition using deep learning", 2016, [arXiv:1604.08723](https://arxiv.org/abs/1604.08723): folk tunes from an LSTM, the nearest relative of this course's small network.

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.load_dataset` · `musegen_edu.Score` (`from_melody`, `from_notes`, `slice_bars`, `replace`) · `musegen_edu.stack` ·
# `musegen_edu.MarkovModel` · `musegen_edu.TransitionExplorer` · `musegen_edu.EventCodec` · `musegen_edu.compose` · `musegen_edu.keys` (`name_to_pitch`, `parse_key`) ·
# `musegen_edu.plots` · `musegen_edu.metrics`. In a cell, write a name with a question mark, such as `MarkovModel?`, and run it:
# the description appears, with its source.
