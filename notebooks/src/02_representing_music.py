# ---
# jupyter:
#   kernelspec: {display_name: Python 3, language: python, name: python3}
#   musegen:
#     lesson: "02"
#     title: Representing music
#     prerequisites: ["01_what_is_generated_music"]
#     minutes: {read: 35, run: 5, exercise: 30}
#     cpu_seconds: 25
# ---

# %% [markdown] id="title"
# # 02 · Representing music
#
# *Reading {{read}} min · running {{run}} min · exercises {{exercise}} min · {{cpu_seconds}} CPU seconds, measured.*
# *Before this: [01 What is generated music?](01_what_is_generated_music.ipynb). Nothing is trained in this lesson, so there is nothing for a GPU to do.*

# %% [markdown] id="goals"
# ## What you will be able to do
#
# 1. Take one tune through MIDI, MusicXML, tokens and a piano roll and back, and say from a measurement what each of them loses.
# 2. Choose a grid for rhythm, a sample rate and a bit depth, and predict what you will hear when they are too coarse.
# 3. Compute STFT, mel spectrogram, MFCC and chroma in a few lines of NumPy, and choose a window for what you want to see.
# 4. Turn a picture of sound back into sound with Griffin-Lim, and say how wrong it is.

# %% [markdown] id="teacher-plan" tags=["teacher"]
# **Plan for two lessons (2 × 45 min).** First lesson, *notes*: listen 5 min · MIDI and notation 12 min · tokens and roll 13 min · editor 5 min · the grid 10 min.
# Second lesson, *sound*: sampling and bits 12 min · STFT and window 13 min · mel, MFCC, chroma 10 min · back to sound 7 min · quiz 3 min. Exercises are homework; number 4 makes a good competition.
# Bring headphones or a real loudspeaker: laptop speakers hide bit depth and aliasing below 300 Hz. The best moment for a show of hands is *before* the aliased sweep is played ("what
# will happen at 4 kHz?"). Ask in each section: *who decided that this may be thrown away, and for which music would it be the wrong thing?* A class that has singers, drummers and players of
# non-keyboard instruments will find answers that this page does not have.

# %% [markdown] id="listen-intro"
# ## Listen first
#
# A computer cannot hold music. It can hold *numbers that stand for* music, and whoever chooses the numbers chooses what is lost. Here is one tune, three times:
#
# 1. as it was put in: the first four bars of *If a Body meet a Body*, printed in Glasgow around 1800, which you may know as *Comin' thro' the Rye*;
# 2. after a trip through a carelessly made **piano roll**;
# 3. after a trip through a **mel spectrogram**, the picture of sound that many networks are trained on (the player below has both, under A and B).
#
# Listen to the first two notes. *What is missing in the second version? And what in the third?*

# %% id="listen-tune"
import numpy as np

from musegen_edu import Score, load_dataset, score_to_audio

folk = load_dataset("folk")
found = next(tune for tune in folk.train if tune.title == "If a Body meet a Body")
# The old book gives no loudness: we play higher notes louder, and stress each beat.
notes = found.notes.copy()
notes["velocity"] = 50 + 3 * (notes["pitch"] - 62) + 12 * (notes["onset"] % 24 == 0)
tune = found.replace(notes=notes, programs=(0,))  # on the piano
four_bars = tune.slice_bars(1, 4)
four_bars

# %% id="listen-roll"
from musegen_edu import pianoroll_to_score, score_to_pianoroll

STEP = 2  # ticks; a quarter note has 24
careless = score_to_pianoroll(four_bars, grid=STEP)[..., 0]  # keep only *which key is down*
title = "Through a careless piano roll"
pianoroll_to_score(careless, grid=STEP, bpm=80, key="G major", title=title)

# %% id="listen-mel"
from musegen_edu import SpectrogramPlayer, audio_to_mel, mel_to_audio

RATE = 22_050  # samples a second

def render(score):
    """The sound of a score, one channel, (n_samples,)."""
    return score_to_audio(score, sample_rate=RATE).mean(axis=0)

sound = render(four_bars)
two_bars = slice(0, 6 * RATE)  # six seconds
through_mel = mel_to_audio(audio_to_mel(sound, RATE), RATE, length=len(sound))
labels = "the sound", "through mel and back"
SpectrogramPlayer(sound[two_bars], RATE, other=through_mel[two_bars], labels=labels)

# %% [markdown] id="listen-explained"
# <details><summary>What most people say</summary>
#
# In the second version the tune has lost its "Gin a": two short notes of the same pitch have run into one long one, and so have others. It is also flatter, though not a single loudness was
# changed: where two notes became one, the accent of the second is gone. The third version has every note, and sounds as if it were played behind a curtain of metal.
#
# Both losses can be measured, and both can be repaired or at least understood. That is this lesson.
#
# </details>

# %% [markdown] id="midi-intro"
# ## 1 · The tune as notes
#
# In this course a tune is a `Score`, and its notes are a table: when does a note begin (**onset**), how long is it (**duration**), how high (**pitch**), how hard was the key
# struck (**velocity**, 1 to 127)? Time is counted in **ticks**, 24 to the quarter note.

# %% id="note-table"
from musegen_edu.keys import pitch_to_name

print("onset  duration  pitch  velocity")
for note in four_bars.notes[:8]:
    name = pitch_to_name(int(note["pitch"]), four_bars.key)
    print(f"{note['onset']:5d} {note['duration']:9d} {note['pitch']:6d} {note['velocity']:9d}   {name}")

# %% [markdown] id="predict-midi"
# ### MIDI: what the fingers did
#
# A **MIDI file** (MIDI dates from 1983 [1]) is a list of events: *wait so long; key 62 down, velocity 62; wait; key 62 up*. It says nothing about how it sounds, and nothing about how
# it looks on paper.
#
# **Predict.** A CD stores 44,100 samples a second, two bytes each, in two channels: 176,400 bytes. *How many bytes does one second of our tune take as MIDI? Ten thousand, one thousand, one hundred, ten?*

# %% id="midi-bytes"
from musegen_edu import midi_to_score, score_to_midi

data = score_to_midi(tune)
print(f"{len(data)} bytes for {tune.seconds:.0f} seconds: {len(data) / tune.seconds:.0f} bytes a second")
first = data.index(0x90)  # 0x90 means "key down, channel 1"
print("the first events, in hexadecimal:", data[first - 1 : first + 13].hex(" "))
print(f"0x3e is {0x3E}, which is {pitch_to_name(0x3E)};  the second byte after 90 is the velocity")
print("back again, every field equal:", midi_to_score(data) == tune)

# %% [markdown] id="midi-explained"
# <details><summary>What happened, and why</summary>
#
# Some twenty-four bytes: more than seven thousand times fewer than a CD. The listing reads: `00` wait nothing · `90 3e 3e` key 62 down with velocity 62 · `78` wait 120 of 480 ticks, a sixteenth · `80 3e 40` key 62 up · `00` ·
# `90 3e 32` the same key again, softer · `82 68` wait 360 (two bytes, seven bits each).
#
# The two D's at the beginning are two events, so nothing can run together. The file is small because it leaves the *instrument* to the synthesiser: what a MIDI file sounds like depends on who plays it.
#
# </details>

# %% [markdown] id="predict-wild"
# A MIDI file from the wild may hold more than a list of notes. We add three things that pianists, guitarists and conductors do: the **pedal** goes down, a note is **bent** upwards, and in bar 3 the **tempo** halves. Then the file goes through our `Score` and becomes a file again. **Predict.** *Which of the three will survive?*

# %% id="midi-wild"
import warnings

import symusic  # the library that reads MIDI files for this course

wild = symusic.Score.from_midi(score_to_midi(four_bars))  # 480 ticks to the quarter note
wild.tracks[0].controls.append(symusic.ControlChange(0, 64, 127))  # controller 64 is the pedal
wild.tracks[0].pitch_bends.append(symusic.PitchBend(240, 4096))
wild.tempos.append(symusic.Tempo(4 * 960, 40))
with warnings.catch_warnings(record=True) as said:
    tamed = midi_to_score(wild.dumps_midi())
print("the reader says:", *(warning.message for warning in said))
for name, file in (("before", wild), ("after", symusic.Score.from_midi(score_to_midi(tamed)))):
    track = file.tracks[0]
    print(f"{name:7s} notes {len(track.notes)}, pedal {len(track.controls)}, bends {len(track.pitch_bends)}, tempos {len(file.tempos)}")

# %% [markdown] id="wild-explained"
# <details><summary>What happened, and why</summary>
#
# None of them. Every note is there, but pedal and bend have no place in our table, and a `Score` has one tempo. The reader says which tempo it took, because that changes the whole piece. For a fiddle tune from a book, nothing is missing. For a recording of Chopin or of a blues guitar, the best part is.
#
# </details>

# %% [markdown] id="predict-musicxml"
# ### MusicXML: what the page says
#
# **MusicXML** [2] writes down the *page*: this note is a dotted eighth on the second line, with a beam to the next, and the singer sings "bo-" on it. We print the page, write the words under it, put
# a slur over the first two notes, a dot over the third and a fermata over the thirteenth. Then the page goes through our `Score` and comes back.
#
# **Predict.** *Which of these will come back: the notes, the words, the slur, the dots of the dotted eighths?* And: the tune is now in D major, and somebody has written its F♯ as G♭. *Will it still be a G♭?*

# %% id="musicxml-page"
import xml.etree.ElementTree as ET

from musegen_edu import musicxml_to_score, score_to_musicxml

text = score_to_musicxml(four_bars.transpose(7))
print(f"{len(text):,} characters for four bars; MIDI needs {len(score_to_midi(four_bars))} bytes")
print("back again, every field equal:", musicxml_to_score(text) == four_bars.transpose(7))
page = ET.fromstring(text)
written = list(page.iter("note"))
for note, word in zip(written, "Gin a bo- dy meet a bo- dy com- in' thro' the rye".split()):
    ET.SubElement(ET.SubElement(note, "lyric"), "text").text = word
for index, sign in [(0, "slur"), (1, "slur"), (2, "staccato"), (12, "fermata")]:
    marks = ET.SubElement(written[index], "notations")
    inside = ET.SubElement(marks, "articulations") if sign == "staccato" else marks
    ET.SubElement(inside, sign, {"type": "start" if index == 0 else "stop"} if sign == "slur" else {})

# %% id="musicxml-lost"
from collections import Counter

f_sharp = next(pitch for pitch in page.iter("pitch") if pitch.findtext("step") == "F")
f_sharp.find("step").text, f_sharp.find("alter").text = "G", "-1"  # the same key on the piano

again = ET.fromstring(score_to_musicxml(musicxml_to_score(ET.tostring(page))))
before, after = (Counter(element.tag for element in each.iter()) for each in (page, again))
print("lost on the way:", dict(before - after))
for name, each in (("written", page), ("came back", again)):
    altered = [pitch for pitch in each.iter("pitch") if pitch.find("alter") is not None]
    spelled = dict(Counter(pitch.findtext("step") for pitch in altered))
    print(f"{name:10s} altered notes: {spelled};  dots: {sum(1 for _ in each.iter('dot'))}")

# %% [markdown] id="musicxml-explained"
# <details><summary>What happened, and why</summary>
#
# Everything that *sounds* in the table of notes came back, and the dots too, because `score_to_musicxml` works them out again from the durations, as a copyist would. The words, the slur, the staccato and the fermata are gone: our `Score` has no field for them. And the G♭
# became an F♯: a `Score`, like MIDI, stores key number 66, and 66 has no name. The name was chosen anew from the key.
#
# So the *file format* MusicXML keeps spelling, words and slurs; our in-between form does not. For a network that composes dance tunes that is a fair price. For one that sets poems to music it would be absurd.
#
# </details>

# %% [markdown] id="predict-tokens"
# ### Tokens: music as a line of words
#
# A language model reads words from a fixed **vocabulary**; the number of a word is its **token**. There are many ways to write a tune in words. Two of them:
#
# - **`MelodyCodec`**: one word for each step of a clock. A number begins that pitch, `_` holds it, `r` is silence (the idea is in Todd, 1989 [3]);
# - **`EventCodec`**: one word for each *note*, such as `67:12` (pitch and ticks), between numbered bar lines, and all tunes as if their home note were C.
#
# **Predict.** *Which of the two needs fewer words for our tune? Which notices it when the tempo of the dance is halved, so that each note is twice as long?*

# %% id="tokens"
from musegen_edu import EventCodec, MelodyCodec, score_to_tokens, tokens_to_score

by_clock, by_note = MelodyCodec(grid=STEP), EventCodec.fit(folk.train)
for name, codec in (("clock", by_clock), ("note", by_note)):
    tokens = score_to_tokens(tune, codec)
    words = codec.vocabulary.words(tokens)
    print(f"one word a {name}: {len(tokens)} tokens of a vocabulary of {len(codec.vocabulary)}")
    print("   ", " ".join(words[:15]), "…")
    print("   ", tokens[:15].tolist(), "…")
    back = tokens_to_score(tokens, codec, key=tune.key).notes
    kept = [name for name in ("onset", "duration", "pitch", "velocity") if (back[name] == tune.notes[name]).all()]
    print("    equal after the way back:", ", ".join(kept))

# %% id="tokens-listen"
tokens = score_to_tokens(four_bars, by_note)
tokens_to_score(tokens, by_note, bpm=80, key="G major", title="Through tokens and back")

# %% [markdown] id="tokens-explained"
# <details><summary>What happened, and why</summary>
#
# The clock writes a word every two ticks, whether anything happens or not; most of them say "go on". Twice as long notes would cost it twice as many words. The other codec writes one word a note, however long, so a tune is short, and the network's memory reaches further back. In
# exchange its vocabulary is larger: every pitch with every length.
#
# Both lost the **loudness**: every note now has velocity 80. Listen once more to the first version of this lesson and then to this one. Nobody forces a codec to forget that; a vocabulary with velocities would be larger, and its words rarer. (And `EventCodec` must be told the key on the way back: it has moved every tune to C, so
# that a network need not learn each tune in twelve keys.)
#
# </details>

# %% [markdown] id="predict-roll"
# ### The piano roll: music as a picture
#
# A **piano roll** is a grid: one row a pitch, one column a time step, and a cell is filled while the key is down. A network that is good at pictures can read it.
#
# The careless roll from the beginning stored only *which key is down*. **Predict.** *How many of the tune's notes disappear in it? Under which condition does a note disappear?* Look at the table of notes above before you answer.

# %% id="roll"
from musegen_edu.pianoroll import ONSET, SOUNDING

roll = score_to_pianoroll(tune, grid=STEP)
print(f"shape (parts, steps, pitches, layers): {roll.shape};  not 0: {(roll > 0).mean():.2%} of the cells")
with_onsets = pianoroll_to_score(roll, grid=STEP)
without = pianoroll_to_score(roll[..., SOUNDING], grid=STEP)
same_pitch = np.diff(tune.notes["pitch"]) == 0
touching = tune.notes["onset"][1:] == (tune.notes["onset"] + tune.notes["duration"])[:-1]
print(f"{len(tune)} notes;  with a layer for onsets {len(with_onsets)},  without {len(without)}")
print("repeated notes that touch:", int((same_pitch & touching).sum()))

# %% id="roll-figure"
import matplotlib.pyplot as plt

from musegen_edu.plots.style import INK, PALETTE, dress

figure, axes = plt.subplots(2, 1, figsize=(9, 4.6), dpi=110, layout="constrained", sharex=True)
steps = 96 // STEP * 2  # two bars
for ax, layer, what in zip(axes, (SOUNDING, ONSET), ("which key is down", "where notes begin")):
    picture = roll[0, :steps, 60:76, layer].T.astype(float)  # (pitches, steps)
    blocks = (np.diff(picture > 0, axis=1, prepend=0) > 0).sum()  # each begins after an empty cell
    ax.pcolormesh(np.where(picture > 0, picture, np.nan), cmap="viridis_r", edgecolors="none")
    named = [62, 64, 67, 69, 71, 74]
    ax.set_yticks(np.array(named) - 59.5, [pitch_to_name(pitch) for pitch in named])
    ax.set_xticks(range(0, steps + 1, 12), range(0, steps + 1, 12))
    dress(ax, title=f"Layer {layer}, {what}: {blocks} blocks", y="pitch")
_ = ax.set_xlabel(f"step of {STEP} ticks", color=INK)

# %% [markdown] id="roll-explained"
# <details><summary>What happened, and why</summary>
#
# A note disappears where the same pitch is struck again the moment it ends: in the first layer there is no gap, and six steps of D followed by nine steps of D are fifteen steps of D. This tune is full of repeated notes; that is why it was chosen. A second layer, the **onsets**, saves all of them. The piano
# rolls with which Boulanger-Lewandowski, Bengio and Vincent [16] compared models in 2012, and many others since, have no such layer. (Some people leave a gap of one step instead, which cuts every note short.)
#
# The price of a picture: hardly a cell is filled, and the shortest note dictates the width of all columns. The roll also forgets tempo, key and title. The instrument, too: that is a matter of who reads it.
#
# </details>

# %% [markdown] id="editor-intro"
# ### Now your own tune
#
# Draw a tune: a drag in the grid makes a note, a drag of its end stretches it; the button `?` has the rest. Or press *Record* and play on the letters A S D F… What you draw is a `Score` in Python, `editor.score`, and it is kept on your disk.
#
# Then run the cell below it. Draw two notes of one pitch that touch, and two notes at the same time. *Which representation refuses, and which goes wrong without a word?*

# %% id="editor"
from musegen_edu import PianoRollEditor

start = four_bars.slice_bars(1, 2).replace(title="My tune", programs=(0,))
editor = PianoRollEditor(start, name="lesson 02", bars=2)
editor

# %% id="forms"
def read_roll(cells):
    return pianoroll_to_score(cells, grid=STEP)

FORMS = {  # name: (there, back)
    "MIDI": (score_to_midi, midi_to_score),
    "MusicXML": (score_to_musicxml, musicxml_to_score),
    "tokens, one a step": (by_clock.encode, by_clock.decode),
    "tokens, one a note": (by_note.encode, by_note.decode),
    "roll with onsets": (lambda score: score_to_pianoroll(score, grid=STEP), read_roll),
    "roll without onsets": (lambda score: score_to_pianoroll(score, grid=STEP)[..., SOUNDING], read_roll),
}

# %% id="forms-function"
def n_bytes(code):
    return code.nbytes if isinstance(code, np.ndarray) else len(code)

def in_every_form(score):
    """Print the size of a score in each representation, and how many notes come back out of it."""
    for name, (there, back) in FORMS.items():
        try:
            code = there(score)
            print(f"{name:20s}{n_bytes(code):9,} bytes, {len(back(code))} of {len(score)} notes back")
        except ValueError as reason:
            print(f"{name:20s}refuses: {reason}")

# %% id="editor-forms"
in_every_form(editor.score)

# %% [markdown] id="editor-explained"
# <details><summary>What to notice</summary>
#
# Both codecs write *one voice*, and refuse two notes at once rather than drop one. The roll takes chords without a murmur, and merges touching notes without a word. A refusal is annoying; a silent loss is dangerous. When you choose a representation, find out *before* training which of the two it does.
#
# </details>

# %% [markdown] id="grid-intro"
# ## 2 · The grid
#
# Every form of section 1 but the sound itself puts time on a **grid**: nothing may happen between two lines. Moving each onset to its nearest line is **quantisation**. Write $t$ for the onset, $\Delta$ (delta) for the distance between two lines, and $\text{round}$ for the nearest whole number:
#
# $$Q(t) = \Delta \cdot \text{round}(t / \Delta)$$
#
# $$e = Q(t) - t \qquad -\tfrac{\Delta}{2} \le e \le \tfrac{\Delta}{2}$$
#
# $e$ is the error. If onsets fell anywhere with equal chance, the root of the mean of $e^2$ would be $\Delta / \sqrt{12}$, because $\frac1\Delta \int_{-\Delta/2}^{\Delta/2} e^2\, de = \Delta^2 / 12$. Keep this formula: it comes back in section 3 as the noise of a cheap recording.

# %% [markdown] id="predict-grid"
# **Predict.** Three rhythms that divide a beat: the **Scotch snap** of our tune (6 + 18 ticks, short-long), **triplets** (8 + 8 + 8) and **swing** (16 + 8). *Which grids fit all three exactly: 2, 4, 6, 8 or 12 ticks? And what will triplets sound like on a grid of sixteenths (6 ticks)? Sing it before you run the cells.*

# %% id="grid-errors"
RHYTHMS = {"Scotch snap": (6, 18), "triplets": (8, 8, 8), "swing": (16, 8)}
GRIDS = (1, 2, 3, 4, 6, 8, 12)

def in_rhythm(lengths, beats=4, **fields):
    """A little tune in one rhythm: up and down the chord of G."""
    ticks = list(lengths) * beats
    pitches = [(67, 71, 74, 71, 67, 74)[i % 6] for i in range(len(ticks))]
    return Score.from_melody(pitches, ticks, bpm=90, **fields)

def errors_ms(score, grid):
    """How far quantize(grid) moves each onset, in milliseconds."""
    return (score.quantize(grid).notes["onset"] - score.notes["onset"]) * score.ticks_to_seconds(1) * 1000

# %% id="grid-figure"
from musegen_edu.plots.style import LINES, MARKERS, add_legend, make_axes

ax = make_axes(None, 8, 3)
error = {}
for i, (name, ticks) in enumerate(RHYTHMS.items()):
    values = error[name] = [np.abs(errors_ms(in_rhythm(ticks), grid)).mean() for grid in GRIDS]
    ax.plot(GRIDS, values, LINES[i], marker=MARKERS[i], color=PALETTE[i], label=name)
fits = [grid for k, grid in enumerate(GRIDS) if not any(values[k] for values in error.values())]
ax.set_xticks(GRIDS, [str(grid) for grid in GRIDS])
title = f"Only grids of {' and '.join(map(str, fits))} ticks fit all three rhythms"
dress(ax, title=title, x="grid (ticks; a quarter note has 24)", y="mean error (ms)")
add_legend(ax)

# %% id="grid-listen"
from musegen_edu import join

title = "Triplets: as written, on sixteenths (bar 2), on eighths (bar 3)"
triplets = in_rhythm((8, 8, 8), key="G major", title=title)
join([triplets, triplets.quantize(6), triplets.quantize(12)])

# %% id="grid-listen-tune"
on_eighths = four_bars.quantize(12)
lost = len(four_bars) - len(np.unique(on_eighths.notes["onset"]))
print(f"{lost} of {len(four_bars)} notes now begin together with another note")
on_eighths.replace(title="Our tune on a grid of eighths")

# %% [markdown] id="grid-explained"
# <details><summary>What happened, and why</summary>
#
# On sixteenths a triplet (0, 8, 16) becomes (0, 6, 18): short, long, short. The dance limps. On eighths two of the three notes land on the same line, and a melody becomes a chord. Swing on sixteenths turns into dotted notes, a march. Our tune on eighths loses the very thing that
# makes it Scottish.
#
# The grid of 24 ticks to the quarter is fine because 24 = 2 · 2 · 2 · 3 can be divided by 3 *and* by 8. A grid of 16 steps a bar, as MusicVAE [17] and many others use it, cannot write a single triplet. Quintuplets, on the other hand, do not fit ours either: 24 is not a multiple of 5.
#
# </details>

# %% [markdown] id="predict-human"
# ### People are not on the grid
#
# No player hits the line exactly. The next cell plays our tune as a person might: each note early or late by some 15 ms, and a second time with **rubato**, where the whole beat slows down and hurries on by up to 0.15 s. To write this down, it uses a clock ten times as fast.
#
# **Predict.** The first player's onsets are put on grids of 1, 6 and 12 ticks. *On which grid is the printed rhythm restored best: the finest one? And for the player with rubato?*

# %% id="human"
FINE = 10  # a clock ten times as fast: 240 ticks to the quarter

def played(score, jitter_ms, rubato_ms, seed=0):
    """The score with onsets moved as a player might, in fine ticks; each note lasts until the next begins."""
    late = np.random.default_rng(seed).normal(0, jitter_ms, len(score))
    late += rubato_ms * np.sin(2 * np.pi * score.notes["onset"] / score.duration)
    fine_ms = score.ticks_to_seconds(1) * 1000 / FINE
    onset = np.maximum(0, np.rint(FINE * score.notes["onset"] + late / fine_ms)).astype(int)
    notes = score.notes.copy()
    notes["onset"], notes["duration"] = onset, np.maximum(1, np.diff(onset, append=FINE * score.duration))
    return score.replace(notes=notes, bpm=FINE * score.bpm)

# %% id="human-grids"
print(f"{'player':14s}grid  error, ms  formula  onsets as printed, of {len(tune)}")
for name, rubato in (("steady, ±15 ms", 0), ("with rubato", 150)):
    take = played(tune, 15, rubato)
    for grid in (1, 6, 12):
        rms = np.sqrt((errors_ms(take, FINE * grid) ** 2).mean())
        formula = tune.ticks_to_seconds(grid) * 1000 / np.sqrt(12)
        right = take.quantize(FINE * grid).notes["onset"] == FINE * tune.notes["onset"]
        print(f"{name:14s}{grid:4d}{rms:11.1f}{formula:9.1f}{right.sum():19d}")

# %% id="human-listen"
take = render(played(four_bars, 15, 150))
tidied = render(played(four_bars, 15, 150).quantize(6 * FINE))
labels = "played with rubato", "forced onto sixteenths"
SpectrogramPlayer(take, RATE, other=tidied, labels=labels, view="waveform")

# %% [markdown] id="human-explained"
# <details><summary>What happened, and why</summary>
#
# For the finest grid the formula is right to a few per cent: a player's jitter is much larger than the grid, so the errors are spread evenly. But the finest grid keeps the jitter, and many a note stands beside its printed place. The grid of sixteenths takes the jitter away, because no error reaches half a
# sixteenth (94 ms here). The few notes that are still wrong were never sixteenths: bar 7 has a 4 + 12 + 8. The grid of eighths destroys the snaps.
#
# With rubato the sixteenths fail, too: up to 150 ms is more than half a sixteenth. (The eighths do no worse than before, but they could not write the tune in the first place.) Where the beat itself moves, one must first find the beat (*beat tracking*) and quantise afterwards. And ask whether you want to: the rubato was the music.
#
# </details>

# %% [markdown] id="sampling-intro"
# ## 3 · Sound as numbers
#
# Now the other road: no notes at all. Sound is a pressure that changes in time, $x(t)$. A recorder measures it $f_s$ times a second (the **sample rate**, in hertz, Hz) and stores each value with $B$ bits (the **bit depth**):
#
# $$x[n] = x(n / f_s) \qquad n = 0, 1, 2, \ldots$$
#
# $n$ counts the samples. Nyquist (1928 [4]) and Shannon (1949 [5]): *if $x$ holds no frequency of $f_s / 2$ or above, the samples determine it completely.* Not nearly: completely. $f_s / 2$ is called the **Nyquist frequency**.
#
# And if it does hold higher ones? A tone of $f$ Hz gives *exactly the same samples* as a tone of
#
# $$f_\text{alias} = \big|\, f - f_s \cdot \text{round}(f / f_s) \,\big|$$
#
# so nothing in the world can tell them apart afterwards. The high tone comes back under a false name, as an **alias**.

# %% id="aliases"
def strongest(audio, rate):
    """The strongest frequency of a sound, in Hz."""
    return np.abs(np.fft.rfft(audio * np.hanning(len(audio)))).argmax() * rate / len(audio)

for f in (1000, 3000, 5000, 7000, 15_000):
    samples = np.sin(2 * np.pi * f * np.arange(8000) / 8000)  # one second, sampled at 8000 Hz
    formula = abs(f - 8000 * round(f / 8000))
    heard = strongest(samples, 8000)
    print(f"{f:6,} Hz at 8,000 samples a second: heard {heard:5,.0f} Hz, formula {formula:5,} Hz")

# %% [markdown] id="predict-sweep"
# **Predict.** A tone rises evenly from 0 to 8,000 Hz in four seconds. A is recorded at 16,000 samples a second. For B, *every second sample is simply dropped*, which leaves 8,000 a second. *Draw the pitch of B over time before you listen.*

# %% id="sweep"
import soxr

t = np.arange(4 * 16_000) / 16_000
sweep = 0.3 * np.sin(2 * np.pi * 1000 * t**2)  # the frequency at time t is 2000 t
dropped = soxr.resample(sweep[::2], 8000, 16_000)  # only to play both at the same rate
labels = "16,000 a second", "every second sample"
player = SpectrogramPlayer(sweep, 16_000, other=dropped, labels=labels, view="stft")
player.frequency_axis = "linear"
player

# %% [markdown] id="sweep-explained"
# <details><summary>What happened, and why</summary>
#
# Until the second second both rise together. At 4,000 Hz, the Nyquist frequency of B, the tone turns round and *falls*, though the real one goes on rising: 5,000 is heard as 3,000, 7,000 as 1,000. That is why every recorder filters out what lies above $f_s / 2$ *before* it samples. Too late is too late.
#
# </details>

# %% [markdown] id="teacher-sweep" tags=["teacher"]
# **Turn the volume down before the sweep**, and start with A only. Ask who still hears it at the end: hearing above 8 kHz is not at stake here, but small loudspeakers are. Let the class draw the pitch of B in the air while it sounds; nearly everybody's hand goes on rising after the turn, and stops in surprise.
# If there is time, show `sweep[::4]`: the curve goes up and down twice.

# %% [markdown] id="cymbal-intro"
# In music it is less obvious and just as wrong. Here is a **real recording** (dataset `one_shots`: drums and other sounds recorded by people, free of rights): an open cymbal, at 16,000 samples a second. Once the samples are dropped down to 4,000, once properly filtered first. *Which of the two has more energy? Which is the better cymbal?*

# %% id="cymbal"
one_shots = load_dataset("one_shots")

def recording(name):
    """One recording by its file name, (n_samples,), without the silence after it."""
    row = one_shots.labels["file"].tolist().index(name)
    n_samples = int(one_shots.labels["seconds"][row] * one_shots.sample_rate)
    return one_shots.steps[row, :n_samples] / 32768

# %% id="cymbal-aliased"
cymbal = recording("drum_cymbal_open.flac")
filtered = soxr.resample(cymbal, 16_000, 4000)
power = np.abs(np.fft.rfft(cymbal)) ** 2
above = power[np.fft.rfftfreq(len(cymbal), 1 / 16_000) > 2000].sum() / power.sum()
print(f"{above:.0%} of its energy lies above 2,000 Hz, the Nyquist frequency of 4,000 samples a second")
labels = "samples dropped", "filtered first"
SpectrogramPlayer(cymbal[::4], 4000, other=filtered, labels=labels, view="stft", n_fft=256, hop_length=64)

# %% [markdown] id="predict-bits"
# ### Bits: the grid once more, for loudness
#
# With $B$ bits there are $2^B$ steps between −1 and 1, at a distance of $\Delta = 2 / 2^B$. Rounding to a step is quantisation again, and its error has the power $\Delta^2 / 12$, as in section 2. A sine that fills the whole range has the power $1/2$. Their ratio, in **decibels** (dB, ten times the logarithm to base 10), is the **signal-to-noise ratio**:
#
# $$\text{SNR} = 10 \log_{10} \frac{1/2}{\Delta^2 / 12} = 10 \log_{10}\!\Big( \frac32 \cdot 4^{B} \Big) = 6.02\, B + 1.76 \text{ dB} \quad [6]$$
#
# **Predict.** A CD has 16 bits. *How many dB are that? Our tune is no full-scale sine; will its SNR be higher or lower?*

# %% id="bits"
def to_bits(audio, bits):
    """Round to as many steps as `bits` allow, the same number above and below 0."""
    steps = 2 ** (bits - 1) - 1
    return np.rint(audio * steps) / steps

def snr(clean, noisy):
    return 10 * np.log10(np.mean(clean**2) / np.mean((noisy - clean) ** 2))

sine = np.sin(2 * np.pi * 441.3 * np.arange(RATE) / RATE)
print("bits   formula   full-scale sine   our tune")
for bits in (4, 6, 8, 12, 16):
    of_sine, of_tune = (snr(clean, to_bits(clean, bits)) for clean in (sine, sound))
    print(f"{bits:4d} {6.02 * bits + 1.76:9.2f} {of_sine:17.2f} {of_tune:10.2f}")

# %% id="bits-listen"
eight, four = (to_bits(sound[two_bars], bits) for bits in (8, 4))
SpectrogramPlayer(eight, RATE, other=four, labels=("8 bits", "4 bits"))

# %% [markdown] id="bits-explained"
# <details><summary>What happened, and why</summary>
#
# The formula holds within a tenth of a decibel from 6 bits on (at 4 bits our rounding gives away one of only 16 steps to be the same above and below). 16 bits make 98 dB. The tune is below the line by about 15 dB at every depth, because most of the time it is much quieter than full scale: music never uses all the bits.
#
# Listen to the *ends* of notes at 4 bits: the hiss is not constant, it comes and goes with the tone, and the tail of a note crackles and then stops dead. That is the other half of the story: the error is not really noise. For a quiet tone it is *distortion*.
#
# </details>

# %% [markdown] id="predict-dither"
# **Dither.** Below: a tone that fades to nothing, at 5 bits. From some moment on it is quieter than half a step, and every sample is rounded to 0. B has a little random noise added *before* rounding: two random numbers, each up to half a step either way. **Predict.** *How can adding noise make the quiet tone come back?*

# %% id="dither"
def dithered(audio, bits, seed=0):
    """Add noise of up to one step either way, likeliest near 0, then round."""
    step = 1 / (2 ** (bits - 1) - 1)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, len(audio))).sum(axis=0)
    return to_bits(audio + step * noise, bits)

t = np.arange(3 * RATE) / RATE
fading = 0.08 * np.linspace(1, 0, len(t)) * np.sin(2 * np.pi * 441 * t)
plain, noisy = to_bits(fading, 5), dithered(fading, 5)
tail = slice(-RATE, None)  # the last second
for name, version in (("original", fading), ("rounded", plain), ("dithered", noisy)):
    found = 2 * np.mean(version[tail] * np.sin(2 * np.pi * 441 * t[tail]))  # how much of the tone is in it
    print(f"{name:9s} amplitude of the tone in the last second: {found:.5f}")
SpectrogramPlayer(plain, RATE, other=noisy, labels=("rounded", "dithered"), view="stft")

# %% [markdown] id="dither-explained"
# <details><summary>What happened, and why</summary>
#
# Without dither, the last second is pure silence: information lost. With dither a sample just below half a step is rounded up *sometimes*, and the more often the nearer it is; on average over many samples the tone is there. You hear a steady hiss with a clean tone in it, instead of crackling and then nothing. The theory is from Lipshitz, Wannamaker and Vanderkooy [7]; a careful CD master is made like this.
# (The pictures show it, too: A has *overtones that nobody played*, B has an even floor.)
#
# </details>

# %% [markdown] id="stft-intro"
# ## 4 · Pictures of sound
#
# Samples are complete, but no ear and no network sees a melody in them. So we ask at each moment: *how much of each frequency is in there?* Cut the sound into short overlapping pieces, fade each in and out with a **window**, and compare each with tones of all frequencies. That is the **short-time Fourier transform** (STFT) [8]:
#
# $$X[k, m] = \sum_{n=0}^{N-1} x[n + mH]\; w[n]\; e^{-2\pi i k n / N}$$
#
# | symbol | what it is | here |
# |---|---|---|
# | $x$ | the samples | |
# | $N$ | the length of a piece in samples (`n_fft`) | 1024, that is 46 ms |
# | $H$ | from one piece to the next (`hop_length`) | 256 |
# | $m$, $n$ | number of the piece; of the sample in it | |
# | $w$ | the window: Hann's, $w[n] = \frac12 - \frac12 \cos(2\pi n / N)$ | |
# | $k$ | number of the frequency, $k f_s / N$ Hz, from 0 to $N/2$ | 513 of them, 21.5 Hz apart |
# | $e^{-2\pi i k n/N}$ | a turning pointer: cosine and sine of frequency $k$ in one complex number ($i^2 = -1$) | |
# | $\lvert X[k, m] \rvert$ | how strong; the angle of $X$ is the **phase**: where in its swing | |

# %% [markdown] id="predict-stft"
# **Predict.** 12.4 seconds of sound are 273,512 samples. *Has the STFT more numbers than the sound, as many, or fewer?* (Each piece of 1024 samples gives 513 complex numbers, and a new one begins every 256 samples.)

# %% id="stft-by-hand"
import librosa

from musegen_edu import audio_to_stft

N, H = 1024, 256
window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(N) / N)
padded = np.pad(sound, N // 2)  # so that piece m is centred on sample m H
pieces = np.lib.stride_tricks.sliding_window_view(padded, N)[::H] * window  # (frames, N)
stft = np.fft.rfft(pieces, axis=1).T  # (1 + N / 2, frames): the sum above, by the fast Fourier transform

k, n = np.arange(N // 2 + 1)[:, None], np.arange(N)
by_the_formula = np.exp(-2j * np.pi * k * n / N) @ pieces[40]  # piece 40, the slow way: a matrix of pointers
print("the formula and rfft agree:", np.allclose(by_the_formula, stft[:, 40]))
theirs = librosa.stft(sound, n_fft=N, hop_length=H, pad_mode="constant")
print("librosa agrees:", np.allclose(stft, theirs, atol=1e-4))
print("musegen_edu agrees:", np.allclose(stft, audio_to_stft(sound, n_fft=N, hop_length=H), atol=1e-4))
print(f"{sound.size:,} samples, {stft.size:,} complex numbers")

# %% id="stft-player"
SpectrogramPlayer(sound[two_bars], RATE, view="stft", n_fft=2048, hop_length=256, title="Look and listen")

# %% [markdown] id="stft-explained"
# <details><summary>What happened, and why; and what to look for in the player</summary>
#
# Neighbouring pieces overlap by three quarters, so everything is looked at four times: 548,397 complex numbers are two numbers each. An STFT *with* its phase holds the sound several times over, and gives it back exactly.
#
# In the player: each note is a ladder of bright lines, its **partials**, at 1, 2, 3, … times its frequency. The two D's of "Gin a" are two ladders one after the other, with a vertical line where the hammer strikes. Point at the lowest line of a note: its name stands below. Change the *window* in the menu to 512 and to 8192, and look at both the lines and the strokes.
#
# </details>

# %% [markdown] id="predict-window"
# ### You cannot have both
#
# Here is a sound with two riddles in it. First **two tones** a semitone apart, A (440 Hz) and B♭ (466 Hz). Then **two clicks**, 20 ms apart. **Predict.** *Which window shows two tones: 512 samples (23 ms) or 4096 (186 ms)? Which shows two clicks? Is there one that shows both?*

# %% id="window-sound"
t = np.arange(RATE) / RATE
tones = 0.3 * np.sin(2 * np.pi * 440 * t) + 0.3 * np.sin(2 * np.pi * 466.16 * t)
clicks = np.zeros(RATE)
clicks[[RATE // 2, RATE // 2 + RATE // 50]] = 0.9  # 20 ms apart
riddles = np.concatenate([tones, clicks])
SpectrogramPlayer(riddles, RATE, view="stft", n_fft=512, hop_length=64, title="Two tones, two clicks")

# %% id="window-measure"
def dip_db(levels):
    """How deep the valley between two hills is, in dB; 0 where there is a single hill."""
    levels = np.asarray(levels)
    inside = levels[1:-1]
    peaks = 1 + np.flatnonzero((inside > levels[:-2]) & (inside >= levels[2:]))
    if len(peaks) < 2:
        return 0.0
    a, b = sorted(peaks[np.argsort(levels[peaks])[-2:]])  # the two highest
    return 20 * np.log10(min(levels[a], levels[b]) / max(levels[a:b].min(), 1e-9))

# %% id="window-dips"
dips = {}
for n_fft in (256, 512, 1024, 2048, 4096, 8192):
    low, high = (int(f * n_fft / RATE) for f in (390, 520))
    tone_levels = np.abs(audio_to_stft(tones, n_fft=n_fft, hop_length=64))[low : high + 2].mean(axis=1)
    click_levels = np.abs(audio_to_stft(clicks, n_fft=n_fft, hop_length=16)).mean(axis=0)
    dips[n_fft] = min(dip_db(tone_levels), 60), min(dip_db(click_levels), 60)

# %% id="window-figure"
ax = make_axes(None, 8, 3)
for i, name in enumerate(("two tones, 26 Hz apart", "two clicks, 20 ms apart")):
    valleys = [pair[i] for pair in dips.values()]
    ax.plot(range(len(dips)), valleys, LINES[i], marker=MARKERS[i], color=PALETTE[i], label=name)
ax.set_xticks(range(len(dips)), [f"{n}\n{1000 * n / RATE:.0f} ms\n{RATE / n:.0f} Hz" for n in dips])
both = [n for n, (a, b) in dips.items() if min(a, b) > 3]
title = f"A window of {both[0]} samples shows both" if both else "No window shows both two tones and two clicks"
dress(ax, title=title, x="window: samples, length, distance of its frequencies", y="valley between (dB)")
add_legend(ax)

# %% [markdown] id="window-explained"
# <details><summary>What happened, and why</summary>
#
# A window of $N$ samples looks at $N / f_s$ seconds at once and separates frequencies about $2 f_s / N$ apart (the hill that Hann's window makes out of a pure tone is four frequencies wide, from valley to valley). The product of the two does not depend on $N$: what you win in one you lose in the other. It is no fault of
# the method. Gabor showed in 1946 that *no* method can do better than a certain product [9]; it is the same mathematics as Heisenberg's uncertainty. (A window shaped to a task, or two pictures with two windows, are ways to live with it. The CQT in the player's menu takes long windows for low notes and short ones for high notes, as the ear roughly does.)
#
# And your ear? It hears the two tones as one that *beats* 26 times a second, and the two clicks as one rough click. It has the same problem.
#
# </details>

# %% [markdown] id="mel-intro"
# ### Mel: fewer rows, spaced like hearing
#
# 513 rows are many, and most are wasted: for the ear, the step from 100 to 200 Hz is large (an octave), from 10,000 to 10,100 Hz it is hardly anything. Stevens, Volkmann and Newman (1937 [10]) asked listeners for equal steps in pitch and called the unit **mel**. There are several formulas; this course uses Slaney's [11], which is librosa's: straight up to 1,000 Hz, logarithmic above.
#
# $$m(f) = \begin{cases} 3 f / 200 & f < 1000 \text{ Hz} \\[2pt] 15 + 27\, \dfrac{\ln (f / 1000)}{\ln 6.4} & f \ge 1000 \text{ Hz} \end{cases}$$
#
# $$S[b, m] = 10 \log_{10} \sum_{k} M_b[k] \left( \frac{\lvert X[k, m] \rvert}{N / 4} \right)^{2}$$
#
# $f$ is a frequency, $m(f)$ its place on the scale; $b$ numbers the $B = 80$ **bands**; $M_b$ is a triangle that is 1 in the middle of band $b$ and 0 in the middle of its neighbours, which are equally far apart in mel; $N / 4$ is what $\lvert X \rvert$ reaches for a full-scale sine under Hann's window, so that 0 dB is the loudest possible tone. Values below −80 dB count as −80.
#
# **Predict.** *How many of the 80 bands lie below 1,000 Hz, out of 11,025?*

# %% id="mel-by-hand"
def hz_to_mel(f):
    return np.where(f < 1000, 3 * f / 200, 15 + 27 * np.log(np.maximum(f, 1000) / 1000) / np.log(6.4))

def mel_to_hz(m):
    return np.where(m < 15, 200 * m / 3, 1000 * 6.4 ** ((m - 15) / 27))

BANDS = 80
edges = mel_to_hz(np.linspace(0, hz_to_mel(RATE / 2), BANDS + 2))  # the middles, and one more at each end
frequencies = np.arange(N // 2 + 1) * RATE / N
triangles = np.array([np.interp(frequencies, edges[b : b + 3], [0, 1, 0]) for b in range(BANDS)])  # (80, 513)
mel = 10 * np.log10(np.maximum(triangles @ (np.abs(stft) / (N / 4)) ** 2, 1e-8))
print("audio_to_mel agrees:", np.allclose(mel, audio_to_mel(sound, RATE), atol=1e-3))
print(f"{(edges[1:-1] < 1000).sum()} of {BANDS} bands have their middle below 1,000 Hz")

# %% [markdown] id="mfcc-intro"
# ### MFCC: the shape of a spectrum in 20 numbers
#
# A mel column is a curve: hills where the partials are. **Mel-frequency cepstral coefficients** (Davis and Mermelstein, 1980 [12]) say how much of a slow bend, a faster bend, … is in that curve. It is a **discrete cosine transform** over the bands:
#
# $$c[q, m] = a_q \sum_{b=0}^{B-1} S[b, m] \cos\!\Big( \frac{\pi q}{B} \big( b + \tfrac12 \big) \Big)$$
#
# $$a_0 = \sqrt{1 / B} \qquad a_q = \sqrt{2 / B} \text{ for } q > 0$$
#
# $q$ counts the bends, from 0 (the mean: loudness) to 19. The slow bends describe *timbre*: whose voice is it? The fast ones, which would show single partials and so the pitch, are left out.
#
# ### Chroma: twelve numbers, whatever the octave
#
# The other way round: forget timbre and octave, keep the pitch class [13]. $p$ goes from 0 (C) to 11 (B), and the sum runs over the frequencies whose nearest piano key has the name $p$:
#
# $$C[p, m] = \sum_{k\,:\; p(k) = p} \lvert X[k, m] \rvert^2$$
#
# $$p(k) = \text{round}\Big( 69 + 12 \log_2 \frac{k f_s / N}{440} \Big) \bmod 12$$
#
# 69 is the MIDI number of A, 440 Hz; *mod 12* is the remainder after division by 12.

# %% id="mfcc-chroma-by-hand"
from musegen_edu import audio_to_chroma, audio_to_mfcc

q = np.arange(20)[:, None]
cosines = np.sqrt(2 / BANDS) * np.cos(np.pi * q / BANDS * (np.arange(BANDS) + 0.5))  # (20, 80)
cosines[0] /= np.sqrt(2)
mfcc = cosines @ mel
print("audio_to_mfcc agrees:", np.allclose(mfcc, audio_to_mfcc(sound, RATE), atol=1e-2))

power = np.abs(audio_to_stft(sound, n_fft=4096, hop_length=1024)) ** 2  # low semitones need the long window
k = np.arange(2, 2049)  # below k = 2, 10.8 Hz, there is no music
key = np.rint(69 + 12 * np.log2(k * RATE / 4096 / 440)).astype(int) % 12
chroma = np.array([power[k][key == p].sum(axis=0) for p in range(12)])
chroma /= np.maximum(chroma.max(axis=0), 1e-9)
same = chroma.argmax(axis=0) == audio_to_chroma(sound, RATE).argmax(axis=0)
print(f"audio_to_chroma (softer edges) names the same strongest pitch class in {same.mean():.0%} of the frames")

# %% [markdown] id="predict-pictures"
# **Predict.** Below are the first two bars in all four pictures. *In which one could you read off the tune? In which one could you tell a piano from a violin? In which one neither?*

# %% id="pictures"
shown = int(2 * 96 * tune.ticks_to_seconds(1) * RATE)  # two bars, in samples
decibels = 20 * np.log10(np.abs(stft) / (N / 4) + 1e-4)
pictures = [(f"STFT: {len(stft)} rows, the lowest 140 shown", "frequency k", decibels[:140], H),
            (f"mel: {len(mel)} rows", "band b", mel, H), (f"MFCC: {len(mfcc)} rows, without c[0]", "bend q", mfcc[1:], H),
            (f"chroma: {len(chroma)} rows", "pitch class", chroma, 1024)]  # fmt: skip
figure, axes = plt.subplots(2, 2, figsize=(9, 4.8), dpi=100, layout="constrained")
for ax, (title, y, picture, hop) in zip(axes.flat, pictures):
    picture, first = picture[:, : shown // hop], 1 if "MFCC" in title else 0
    extent = (0, shown / RATE, first - 0.5, first + len(picture) - 0.5)
    ax.imshow(picture, origin="lower", aspect="auto", cmap="magma", extent=extent, interpolation="nearest")
    dress(ax, title=title, x="time (s)", y=y)
_ = axes[1, 1].set_yticks(range(12), "C C♯ D E♭ E F F♯ G A♭ A B♭ B".split(), fontsize=8)

# %% id="chroma-reads"
ticks = np.arange(chroma.shape[1]) * 1024 / RATE / four_bars.ticks_to_seconds(1)  # of each frame
playing = np.searchsorted(four_bars.notes["onset"], ticks, side="right") - 1
in_tune = ticks < four_bars.duration
right = chroma.argmax(axis=0)[in_tune] == four_bars.notes["pitch"][playing[in_tune]] % 12
print(f"the strongest pitch class is that of the note being played in {right.mean():.0%} of the frames")

# %% [markdown] id="pictures-explained"
# <details><summary>What happened, and why</summary>
#
# The tune can be read in the STFT and the mel picture as the lowest bright lines (the STFT is cut off at row 140, 3,000 Hz), and in chroma without its octaves: a piano note is so clear that the strongest pitch class is nearly always the right one. With chords and singers it is harder. Timbre is in STFT, mel and MFCC; chroma has almost none. The MFCC picture shows *when* something happens, and hardly *what*; the arch in its fast bends is a faint shadow of the melody. A classifier of instruments likes it.
#
# Each picture is an *opinion* about what matters. Choosing one is the first decision in building a network for sound.
#
# </details>

# %% [markdown] id="predict-mean"
# ### A trap: the mean of a tune
#
# Many introductions to music classification boil a whole recording down to *one* vector: the mean of its MFCC over time. Then two recordings are compared by the distance of their vectors. Our tune is compared with
#
# - its own four bars, cut into quarter-beats and **shuffled**;
# - three **other tunes** on the same piano;
# - **the same tune** on a violin.
#
# **Predict.** *Sort the three by their distance from our tune.*

# %% id="mean-mfcc"
def mean_mfcc(audio):
    return audio_to_mfcc(audio, RATE)[1:].mean(axis=1)  # 19 numbers for the whole recording; c[0] is only loudness

quarter = RATE * 3 // 16  # a quarter of a beat at 80 bpm, in samples
order = np.random.default_rng(0).permutation(len(sound) // quarter)
shuffled = sound[: len(order) * quarter].reshape(-1, quarter)[order].ravel()
sounds = {"our tune, shuffled": shuffled}
alike = [other for other in folk.train if (other.key, other.meter, other.pickup) == ("G major", (4, 4), 0)]
for other in alike[:3]:
    sounds[f"{other.title[:24]}, piano"] = render(other.slice_bars(1, 4).replace(bpm=80, programs=(0,)))
sounds["our tune, violin"] = render(four_bars.replace(programs=(40,)))
for name, audio in sounds.items():
    print(f"{name:34s} distance {np.linalg.norm(mean_mfcc(audio) - mean_mfcc(sound)):5.1f}")
frames = audio_to_mfcc(sound, RATE)
backwards = frames[:, ::-1]
print("frames from back to front, mean equal:", np.allclose(frames.mean(axis=1), backwards.mean(axis=1), atol=1e-2))

# %% id="mean-listen"
SpectrogramPlayer(sound[two_bars], RATE, other=shuffled[two_bars], labels=("our tune", "shuffled"))

# %% [markdown] id="mean-explained"
# <details><summary>What happened, and why</summary>
#
# For the mean, the shuffled tune *is* our tune. If whole frames are shuffled (or played backwards, as in the last line), the mean is the same to the last digit: a sum does not care about order. But melody and rhythm **are** order. What the mean does tell apart is the instrument.
#
# So a network that is given one mean vector a song can learn who plays, how loud and how bright. It cannot learn the tune, however deep it is. It will still reach a good accuracy if all songs of one style were recorded with the same instruments, and everybody will believe that it understands style. [Lesson 04](04_deep_learning_with_keras.ipynb) comes back to this.
#
# </details>

# %% [markdown] id="phase-intro"
# ## 5 · Back to sound
#
# From a whole STFT, sound comes back exactly. But networks nearly always work on magnitudes, $\lvert X \rvert$: the phase is thrown away, because it looks like noise. To hear the result, somebody must invent a phase.
#
# Not just any will do. Pieces overlap, so the true phases *agree* with each other; a made-up STFT is usually the STFT of no sound at all. **Griffin and Lim** (1984 [14]) turn this into a method. Begin with random phase; then again and again:
#
# 1. make sound of what you have (the pieces will disagree, take the best compromise);
# 2. take the STFT of that sound: its phases do agree;
# 3. keep these phases, and put the wanted magnitudes back.
#
# How wrong it still is, is measured by the **spectral convergence** $E$. $A$ is the wanted magnitude, $\hat X$ the STFT of the sound we have made, and the sums run over all $k$ and $m$:
#
# $$E = \frac{\sqrt{\sum \big( \lvert \hat X[k, m] \rvert - A[k, m] \big)^2}}{\sqrt{\sum A[k, m]^2}}$$
#
# 0 is perfect, 1 is as bad as silence. The method never makes $E$ larger.
#
# **Predict.** *Roughly how many rounds until the ear stops noticing: 1, 5, 30, 200?*

# %% id="phase-kept"
from musegen_edu import stft_to_audio
from musegen_edu.spectrogram import griffin_lim, spectral_convergence

exact = stft_to_audio(stft, hop_length=H, length=len(sound))
print("with the true phase, every sample comes back to within 0.000001:", np.abs(exact - sound).max() < 1e-6)

# %% id="griffin-lim"
wanted = np.abs(stft)
phase = np.exp(2j * np.pi * np.random.default_rng(0).random(wanted.shape))  # a random angle for each number
errors, kept = [], {}
for turn in range(1, 61):
    guess = stft_to_audio(wanted * phase, hop_length=H, length=len(sound))  # 1
    heard = audio_to_stft(guess, n_fft=N, hop_length=H)  # 2
    phase = heard / np.maximum(np.abs(heard), 1e-9)  # 3
    errors.append(spectral_convergence(wanted, np.abs(heard)))
    kept[turn] = guess if turn in (1, 60) else None
fast = griffin_lim(wanted, hop_length=H, n_iter=60, length=len(sound))
fast_error = spectral_convergence(wanted, np.abs(audio_to_stft(fast, n_fft=N, hop_length=H)))
print("the error never rose:", bool((np.diff(errors) <= 0).all()))

# %% id="griffin-lim-figure"
ax = make_axes(None, 8, 3)
ax.plot(range(1, 61), errors, color=PALETTE[0], label="ours, plain")
ax.plot([60], [fast_error], MARKERS[1], color=PALETTE[1], label="with momentum")
ax.set_yscale("log")
ax.set_yticks([0.05, 0.1, 0.2, 0.4], ["0.05", "0.1", "0.2", "0.4"])
ax.minorticks_off()
title = f"60 rounds bring the error from {errors[0]:.2f} to {errors[-1]:.2f}; with momentum to {fast_error:.2f}"
dress(ax, title=title, x="round", y="spectral convergence E")
add_legend(ax)

# %% id="griffin-lim-listen"
labels = "random phase", "60 rounds"
SpectrogramPlayer(kept[1][two_bars], RATE, other=kept[60][two_bars], labels=labels)

# %% [markdown] id="griffin-lim-explained"
# <details><summary>What happened, and why</summary>
#
# The first rounds bring most; afterwards it creeps. With random phase the piano sounds as if in a tiled swimming bath, and its hammers are blurred: *sharp attacks are made of phases that agree*. The fast variant (Perraudin, Balazs and Søndergaard, 2013 [15]) adds momentum, the trick that you will meet again in the optimisers of lesson 04; `griffin_lim` of this course uses it.
#
# Griffin-Lim finds *a* sound with that picture; there may be others, and it can get stuck. Many of today's systems train a network for this last step, a *vocoder*.
#
# </details>

# %% [markdown] id="predict-ladder"
# Now a whole ladder of sounds, each from a picture with fewer numbers than the one before: magnitude, mel (80 rows), MFCC (20 rows). From MFCC we go back to mel with the same cosines, the other way round. **Predict.** *Which of them still has the tune? Which still has the piano?*

# %% id="ladder"
from_mfcc = mel_to_audio(cosines.T @ mfcc, RATE, length=len(sound))
ladder = {"magnitude": (wanted, fast), "mel": (mel, through_mel), "MFCC": (mfcc, from_mfcc)}
print(f"{'from':12s}{'numbers a bar':>14s}{'E':>8s}{'right pitch class':>20s}")
for name, (picture, audio) in ladder.items():
    error = spectral_convergence(wanted, np.abs(audio_to_stft(audio, n_fft=N, hop_length=H)))
    found = audio_to_chroma(audio, RATE).argmax(axis=0)[in_tune]
    right = (found == four_bars.notes["pitch"][playing[in_tune]] % 12).mean()
    print(f"{name:12s}{picture.size // 4:14,}{error:8.2f}{right:20.0%}")
truth = four_bars.notes["pitch"][playing[in_tune]] % 12
print(f"{'whoever always guesses D':34s}{(truth == 2).mean():20.0%}")
labels = "from mel", "from MFCC"
SpectrogramPlayer(through_mel[two_bars], RATE, other=from_mfcc[two_bars], labels=labels)

# %% [markdown] id="ladder-explained"
# <details><summary>What happened, and why</summary>
#
# From the magnitude nearly everything comes back. From mel, the tune is all there, and the sound is rough: a band says how much energy is in it, but not at which frequency. From twenty MFCC the tune is gone, or nearly: the right pitch class is found hardly more often than by guessing the commonest one every time. What is left is the *rhythm* and a breathing outline of a timbre: a whisper of the piano.
#
# Now you have heard what the table of section 4 says. A classifier on MFCC cannot tell tunes apart, because the tunes are not in there.
#
# </details>

# %% [markdown] id="own-intro"
# ## 6 · Your own music
#
# Put a file of yours beside this notebook (drag it into JupyterLab's file list), and write its name between quotation marks in the next cell: a MIDI or MusicXML file for `MY_NOTES`, a recording (WAV, FLAC, MP3, Ogg, AIFF) for `MY_SOUND`. Leave `None`, and the course's own music is taken: our tune, and a **real** tabla stroke. A file of the wrong kind gets a message that says what it is and what would be right.

# %% id="own-files"
from pathlib import Path

from musegen_edu import read_midi, read_musicxml, read_wav

MY_NOTES = None  # for example "my_song.mid" or "my_song.musicxml"
MY_SOUND = None  # for example "my_voice.wav"

my_score = four_bars
if MY_NOTES is not None:
    read = read_musicxml if Path(MY_NOTES).suffix.lower() in (".musicxml", ".xml", ".mxl") else read_midi
    my_score = read(MY_NOTES)
my_sound, my_rate = recording("tabla_na_o.flac"), one_shots.sample_rate
if MY_SOUND is not None:
    channels, my_rate = read_wav(MY_SOUND)
    my_sound = channels.mean(axis=0)[: 20 * my_rate]  # one channel, at most 20 seconds

# %% id="own-notes"
in_every_form(my_score)
for grid in (2, 6, 12):
    error = np.abs(errors_ms(my_score, grid))
    print(f"grid of {grid:2d} ticks: onsets move by {error.mean():.1f} ms on average, {error.max():.0f} ms at most")

# %% id="own-sound"
print(f"{len(my_sound) / my_rate:.2f} s at {my_rate:,} Hz")
for bits in (12, 8, 4):
    ratio = snr(my_sound, to_bits(my_sound, bits))
    print(f"at {bits:2d} bits: SNR {ratio:5.1f} dB (full-scale sine: {6.02 * bits + 1.76:.1f})")
my_stft = np.abs(audio_to_stft(my_sound, n_fft=N, hop_length=H))
my_copy = mel_to_audio(audio_to_mel(my_sound, my_rate), my_rate, length=len(my_sound))
error = spectral_convergence(my_stft, np.abs(audio_to_stft(my_copy, n_fft=N, hop_length=H)))
print(f"through mel and back: E = {error:.2f}")
SpectrogramPlayer(my_sound, my_rate, other=np.clip(my_copy, -1, 1), labels=("original", "through mel"))

# %% [markdown] id="own-explained"
# <details><summary>What to listen for</summary>
#
# A drum stroke comes back from mel better than a violin: much of it is noise, and noise does not mind a new phase. The stroke itself, the first few milliseconds, is smeared. Voices come back hoarse. Try your own: what is the worst sound you can find for the way through mel?
#
# </details>

# %% [markdown] id="scorecard-intro"
# ## 7 · The scorecard
#
# There is no model in this lesson; what we compare are the representations. Each gets the same four bars, and must bring them back *without any help*: no key, no tempo from outside. Then we look at which fields are still equal, and listen with a ruler: what comes back is rendered, and its mel spectrogram compared with the original's. "dB off" is the mean difference over all
# bands and frames, where everything below −60 dB counts as silence.
#
# **Predict.** *Which representation is the smallest? Which is the largest for what it gives?*

# %% id="scorecard-notes"
def audible(audio):
    audio = np.pad(audio, (0, max(0, len(sound) - len(audio))))[: len(sound)]
    return np.maximum(audio_to_mel(audio, RATE), -60)

def db_off(audio):
    return float(np.abs(audible(audio) - audible(sound)).mean())

x = four_bars
there_and_back = {name: (n_bytes(there(x)), back(there(x))) for name, (there, back) in FORMS.items()}

# %% id="scorecard-notes-table"
def same(back, column):
    """Is this column of the notes what it was?"""
    return len(back) == len(x) and bool((back.notes[column] == x.notes[column]).all())

TESTS = {"intervals": lambda s: np.array_equal(np.diff(s.notes["pitch"]), np.diff(x.notes["pitch"])),
         "pitch": lambda s: same(s, "pitch"), "onset": lambda s: same(s, "onset"), "length": lambda s: same(s, "duration"),
         "loudness": lambda s: same(s, "velocity"), "tempo": lambda s: s.bpm == x.bpm,
         "key": lambda s: s.key == x.key, "title": lambda s: s.title == x.title}  # fmt: skip

# %% id="scorecard-notes-shown"
from IPython.display import Markdown

scorecard = {}
lines = ["| | bytes a bar | dB off | " + " | ".join(TESTS) + " |", "|---|" + "---:|" * 2 + ":-:|" * len(TESTS)]
for name, (size, back) in there_and_back.items():
    scorecard[name] = size / 4, db_off(render(back.replace(bpm=x.bpm)))  # the tempo helps, for the dB only
    marks = " | ".join("yes" if test(back) else "**lost**" for test in TESTS.values())
    lines.append(f"| {name} | {scorecard[name][0]:,.0f} | {scorecard[name][1]:.1f} | {marks} |")
Markdown("\n".join(lines))

# %% id="scorecard-sounds"
import io

import soundfile

from musegen_edu import audio_to_mp3, audio_to_wav

mp3 = audio_to_mp3(sound, RATE)
low_rate = soxr.resample(soxr.resample(sound, RATE, 8000), 8000, RATE)

def float_bytes(picture):
    return picture.size * (8 if np.iscomplexobj(picture) else 4)  # single precision

sounds = {
    "WAV, 16 bits": (len(audio_to_wav(sound, RATE)), to_bits(sound, 16)), "8 bits": (sound.size, to_bits(sound, 8)),
    "WAV, 8,000 Hz": (2 * len(sound) * 8000 // RATE, low_rate), "MP3": (len(mp3), soundfile.read(io.BytesIO(mp3))[0]),
    "STFT": (float_bytes(stft), exact), "magnitude": (float_bytes(wanted), fast),
    "mel": (float_bytes(mel), through_mel), "MFCC": (float_bytes(mfcc), from_mfcc),
}  # fmt: skip

# %% id="scorecard-sounds-table"
for name, (size, back) in sounds.items():
    scorecard[name] = size / 4, db_off(back)
    print(f"{name:14s}{scorecard[name][0]:10,.0f} bytes a bar{scorecard[name][1]:5.1f} dB off")

# %% id="scorecard-figure"
ax = make_axes(None, 9, 4)
ranked = sorted(scorecard, key=lambda name: scorecard[name][0])
for i, (names, kind) in enumerate(((there_and_back, "notes"), (sounds, "sound"))):
    rows = [ranked.index(name) for name in names]
    ax.plot([scorecard[name][0] for name in names], rows, MARKERS[i], color=PALETTE[i], markersize=8, label=kind)
for row, name in enumerate(ranked):
    size, error = scorecard[name]
    ax.annotate(f"{error:.1f} dB off", (size, row), (10, -4), textcoords="offset points", color=INK)
ax.set_xscale("log")
ax.set_xlim(right=2e7)
ax.set_yticks(range(len(ranked)), ranked)
ratio = scorecard["STFT"][0] / scorecard["MIDI"][0]
dress(ax, title=f"The same four bars: an STFT takes {ratio:,.0f} times the room of MIDI", x="bytes a bar")
add_legend(ax, loc="upper left")

# %% [markdown] id="scorecard-explained"
# <details><summary>How to read it</summary>
#
# - **MIDI and MusicXML** bring everything back that a `Score` has. That is what they were made for.
# - **Tokens** lose loudness, tempo, key and title. `EventCodec` without its key keeps the *intervals* and loses the height.
# - **The roll** with onsets keeps all four columns of the table of notes, at more than a hundred times the size of MIDI.
# - **Sound** keeps what no note form has: the very piano, the room, the player. It costs more than a thousand times as much as MIDI, and there is no "note" in it any more. Pitch and key are not lost; they must be *found*, as chroma found the pitch class.
# - **Beware of the ruler.** To it, the same tune in another key (tokens, one a note) is further off than the whisper that MFCC leave, though every listener would say the opposite. No number replaces listening; it only tells you where to listen.
#
# And what does *none* of them keep? How the fiddler leaned into the snap; the dancers; why the tune was played that night.
#
# </details>

# %% [markdown] id="exercise-roll"
# ## 8 · Exercises
#
# ### Exercise 1 · Read a roll (fill in, 8 min)
#
# Write the way back from a piano roll. `sounding` and `onset` have the shape (steps, 128): in each step, is the key down, and does a note begin there? Return a list of notes `(step, length, pitch)`, lengths in steps. Repeated notes must not run together, and the last note must not be forgotten.

# %% id="exercise-roll-code"
def roll_to_notes(sounding, onset):
    """Notes as (first step, length in steps, pitch); both layers have shape (steps, 128)."""
    notes = []
    # solution: for each 1 in the onset layer, go on until the key is up or a new note of the pitch begins
    for step, pitch in zip(*np.nonzero(onset)):
        stop = step + 1
        while stop < len(sounding) and sounding[stop, pitch] and not onset[stop, pitch]:
            stop += 1
        notes.append((int(step), int(stop - step), int(pitch)))
    # end solution
    return notes

# %% id="exercise-roll-check"
from musegen_edu.checks.representing_music import check_roll_to_notes

check_roll_to_notes(roll_to_notes)

# %% [markdown] id="exercise-roll-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-roll-code}}
#
# </details>

# %% [markdown] id="exercise-alias"
# ### Exercise 2 · Under a false name (fill in, 5 min)
#
# A synthesiser sampled at `rate` plays a pure tone of `frequency` Hz without any filter. Return the frequency that is *heard*. Then look at the second cell: A6 (1760 Hz) of a bright synthesiser with 30 partials. *Which of its partials are false at 22,050 Hz, and are they in tune with the note?*

# %% id="exercise-alias-code"
def heard_as(frequency, rate):
    """The frequency, from 0 to rate / 2, that a tone of `frequency` Hz has after sampling."""
    # solution: the distance to the nearest whole multiple of the sample rate
    # stub: return ...
    return abs(frequency - rate * round(frequency / rate))
    # end solution

# %% id="exercise-alias-check"
from musegen_edu.checks.representing_music import check_heard_as

check_heard_as(heard_as)

# %% id="exercise-alias-listen"
from IPython.display import display

if check_heard_as(heard_as):
    t = np.arange(2 * RATE) / RATE
    partials = 1760 * np.arange(1, 31)
    naive = sum(np.sin(2 * np.pi * f * t) / k for k, f in enumerate(partials, 1)) / 4
    right = partials[partials < RATE / 2]
    honest = sum(np.sin(2 * np.pi * f * t) / k for k, f in enumerate(right, 1)) / 4
    false = [f"{heard_as(f, RATE):.0f}" for f in partials[len(right) :]]
    print(f"{len(false)} false partials, heard at {', '.join(false[:8])} … Hz")
    labels = "all 30 partials", "those below Nyquist"
    player = SpectrogramPlayer(naive, RATE, other=honest, labels=labels, view="stft")
    player.frequency_axis = "linear"
    display(player)

# %% [markdown] id="exercise-alias-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-alias-code}}
#
# The false partials are no multiples of 1760, so they do not melt into the tone: a cold, bell-like shimmer. A synthesiser that takes the simple way sounds like this on high notes; good ones go to some length to avoid it. Lesson 14 is planned to build one.
#
# </details>

# %% [markdown] id="exercise-beat"
# ### Exercise 3 · A grid for each beat (modify, 8 min)
#
# A player mixes sixteenths and triplets, as jazz musicians do. The function below puts the onsets of *one beat* (in ticks, 0 to 23, not quite exact) on sixteenths, and so bends every triplet. Change it: try the grid of 6 **and** the grid of 8, and keep the one that needs to move the onsets less, all together. If both need the same, keep sixteenths.

# %% id="exercise-beat-code"
# solution: quantise twice, compare the sums of the distances
# stub: def quantize_beat(onsets):
# stub:     """Onsets of one beat, in ticks, moved onto a grid of sixteenths."""
# stub:     return [6 * round(onset / 6) for onset in onsets]  # change this
def quantize_beat(onsets):
    """Onsets of one beat, in ticks, moved onto sixteenths or triplets, whichever is nearer."""
    def on(grid):
        return [grid * round(onset / grid) for onset in onsets]

    def moved(grid):
        return sum(abs(new - old) for new, old in zip(on(grid), onsets))

    return on(8) if moved(8) < moved(6) else on(6)
# end solution

# %% id="exercise-beat-check"
from musegen_edu.checks.representing_music import check_quantize_beat

check_quantize_beat(quantize_beat)

# %% [markdown] id="exercise-beat-answer"
# <details><summary>Show a solution</summary>
#
# {{solution: exercise-beat-code}}
#
# A beat with a single onset at its beginning fits both grids. Real notation programs look at the neighbouring beats, too: one triplet among sixteenths is less likely than a row of them.
#
# </details>

# %% [markdown] id="exercise-codec"
# ### Exercise 4 · The smallest tune (open, 10 min)
#
# Invent your own representation. `encode(score)` gets a one-voice tune and returns `bytes`; `decode(data)` gets these bytes *and nothing else* and returns a `Score` with the same pitches, onsets and durations. The check tries it on twelve tunes that it does not show you, and tells you how many bytes a bar you need, against MIDI. Can you do with half of MIDI? With a tenth?
#
# Then one sentence: *what does your representation throw away, and for which music would that be wrong?*
#
# Useful: `bytes([67, 12])` makes two bytes, `list(data)` gives numbers again; `zlib.compress(data)` and `zlib.decompress(data)` squeeze what repeats; `Score.from_melody(pitches, durations)` takes `None` for a rest. A byte holds 0 to 255, and a rest may be longer.

# %% id="exercise-codec-code"
# solution: from notes to bytes
# stub: encode = ...
import zlib

def encode(score):
    data, now = [], 0
    for onset, duration, pitch in score.notes[["onset", "duration", "pitch"]].tolist():
        for length, name in ((onset - now, 128), (duration, pitch)):  # 128 is a rest, 129 holds on
            while length > 0:
                data += [name, min(length, 255)]
                length, name = length - 255, (name if name == 128 else 129)
        now = onset + duration
    return zlib.compress(bytes(data), 9)
# end solution

# %% id="exercise-codec-decode"
# solution: from bytes back to notes
# stub: decode = ...
# stub: my_sentence = "..."
def decode(data):
    notes, now, numbers = [], 0, list(zlib.decompress(data))
    for name, length in zip(numbers[::2], numbers[1::2]):
        if name < 128:
            notes.append([now, length, name])
        elif name == 129:
            notes[-1][1] += length
        now += length
    return Score.from_notes(notes)

my_sentence = "It forgets loudness, tempo and key, which would be wrong for a piano sonata full of dynamics."
# end solution

# %% id="exercise-codec-check"
from musegen_edu.checks.representing_music import check_codec

check_codec(encode, decode, my_sentence)

# %% [markdown] id="exercise-codec-answer"
# <details><summary>Show one of many solutions</summary>
#
# {{solution: exercise-codec-code}}
#
# {{solution: exercise-codec-decode}}
#
# Lesson 01 measured surprise: a model that predicts the next note well needs few bits for it. So a good composer is a good compressor, and the other way round. That idea returns with every model of this course.
#
# </details>

# %% [markdown] id="teacher-exercises" tags=["teacher"]
# **What goes wrong in class.** Exercise 1: most lose the last note or merge the repeats, which are the two classic faults of published roll code; the check names both. Exercise 2: many write `rate - frequency`, which is right only up to the sample rate. Exercise 3: Python's `round` goes to the even
# neighbour at a tie; the check avoids ties. Let the class clap beat 3 of the check, [1, 8, 17], before and after. Exercise 4: the first idea is `str(list).encode()`; it works, and is larger than MIDI. Hold a league table. A class with Python experience gets below 12 bytes a bar by differences of pitch and a table of common lengths. The question after it, *what did you throw away?*, matters more than the table.

# %% [markdown] id="quiz-intro"
# ## 9 · Quiz
#
# Seven questions. Every answer, right or wrong, comes with its reason. Nothing is sent anywhere.

# %% id="quiz-recap" tags=["hide-input"]
from musegen_edu.checks.representing_music import quiz_recap

quiz_recap()

# %% [markdown] id="recap"
# ## What you can do now
#
# 1. You sent one tune through MIDI, MusicXML, two kinds of tokens and a roll; you measured that tokens lose loudness, a roll without onsets the repeated notes, and every `Score` the spelling and the words.
# 2. You heard triplets limp on sixteenths, a sweep turn round at the Nyquist frequency, and a tone vanish at 5 bits and come back with dither; and you know Δ/√12 and 6.02 B + 1.76 dB.
# 3. You computed STFT, mel, MFCC and chroma with NumPy, equal to the library's, and saw that a window shows two tones or two clicks but not both.
# 4. You let Griffin-Lim invent a phase, measured how the error falls, and heard what is left of a tune in mel and in MFCC.
#
# Next: [03 Neural networks from scratch](03_neural_networks_from_scratch.ipynb), where chroma is the input of your first network.

# %% [markdown] id="failures"
# ### When it goes wrong, and why
#
# | what you see or hear | why | what to do |
# |---|---|---|
# | `off the grid` | a note lies between two grid lines | `score.quantize(6)`, after listening to what it does; or a finer grid |
# | repeated notes have become long ones | a roll without an onset layer | keep both layers |
# | generated notes are all equally loud | tokens or roll without velocity | expected; lesson 14 is planned to add expression |
# | a whistling that was not in the music | samples dropped without a filter | `soxr.resample`, never `audio[::2]` |
# | everything sounds too fast and too high | played at another sample rate than recorded | carry the sample rate with the sound, always |
# | `audio has shape (2, n)` | stereo where one channel is wanted | `audio.mean(axis=0)` |
# | Griffin-Lim gives noise | decibels instead of magnitudes, or another `hop_length` than on the way in | convert back; keep N and H together with the picture |
# | a classifier of songs is "right" too often | one mean vector a song: it hears the recording, not the music | keep the order of time; split by recording |

# %% [markdown] id="reading"
# ### Further reading
#
# 1. MIDI Manufacturers Association, *MIDI 1.0 Detailed Specification* (first published 1983) and *Standard MIDI Files 1.0*, RP-001, [midi.org/specifications](https://midi.org/specifications).
# 2. W3C Music Notation Community Group, *MusicXML 4.0*, 2021, [w3.org/2021/06/musicxml40](https://www.w3.org/2021/06/musicxml40/).
# 3. P. M. Todd, "A connectionist approach to algorithmic composition", *Computer Music Journal* 13(4), 1989, 27–43.
# 4. H. Nyquist, "Certain topics in telegraph transmission theory", *Transactions of the AIEE* 47(2), 1928, 617–644.
# 5. C. E. Shannon, "Communication in the presence of noise", *Proceedings of the IRE* 37(1), 1949, 10–21.
# 6. W. R. Bennett, "Spectra of quantized signals", *Bell System Technical Journal* 27(3), 1948, 446–472.
# 7. S. P. Lipshitz, R. A. Wannamaker and J. Vanderkooy, "Quantization and dither: a theoretical survey", *Journal of the Audio Engineering Society* 40(5), 1992, 355–375.
# 8. J. B. Allen and L. R. Rabiner, "A unified approach to short-time Fourier analysis and synthesis", *Proceedings of the IEEE* 65(11), 1977, 1558–1564.
# 9. D. Gabor, "Theory of communication", *Journal of the IEE* 93(26), 1946, 429–457.
# 10. S. S. Stevens, J. Volkmann and E. B. Newman, "A scale for the measurement of the psychological magnitude pitch", *Journal of the Acoustical Society of America* 8(3), 1937, 185–190.
# 11. M. Slaney, *Auditory Toolbox, Version 2*, Technical Report 1998-010, Interval Research Corporation, 1998.
# 12. S. B. Davis and P. Mermelstein, "Comparison of parametric representations for monosyllabic word recognition in continuously spoken sentences", *IEEE Transactions on ASSP* 28(4), 1980, 357–366.
# 13. T. Fujishima, "Realtime chord recognition of musical sound: a system using Common Lisp Music", ICMC 1999, 464–467.
# 14. D. W. Griffin and J. S. Lim, "Signal estimation from modified short-time Fourier transform", *IEEE Transactions on ASSP* 32(2), 1984, 236–243.
# 15. N. Perraudin, P. Balazs and P. L. Søndergaard, "A fast Griffin-Lim algorithm", WASPAA 2013.
# 16. N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, "Modeling temporal dependencies in high-dimensional sequences", ICML 2012, [arXiv:1206.6392](https://arxiv.org/abs/1206.6392).
# 17. A. Roberts and others, "A hierarchical latent vector model for learning long-term structure in music", ICML 2018, [arXiv:1803.05428](https://arxiv.org/abs/1803.05428).
# 18. M. Müller, *Fundamentals of Music Processing*, 2nd edition, Springer, 2021: a whole book on section 4, with notebooks.
#
# The tune is from J. Aird, *A Selection of Scotch, English, Irish and Foreign Airs*, Glasgow 1778–1801, transcribed by Jack Campin. The words that we wrote under it are by Robert Burns. The cymbal and the tabla have their makers and sources in `one_shots.card`.

# %% [markdown] id="functions"
# ### The functions used here
#
# `musegen_edu.Score` (`quantize`, `slice_bars`) · `score_to_midi`, `midi_to_score`, `read_midi` · `score_to_musicxml`, `musicxml_to_score`, `read_musicxml` · `MelodyCodec`, `EventCodec`, `score_to_tokens`, `tokens_to_score` · `score_to_pianoroll`, `pianoroll_to_score` ·
# `PianoRollEditor` · `score_to_audio`, `read_wav`, `audio_to_wav`, `audio_to_mp3` · `SpectrogramPlayer` · `audio_to_stft`, `stft_to_audio`, `audio_to_mel`, `mel_to_audio`, `audio_to_mfcc`, `audio_to_chroma` · `musegen_edu.spectrogram` (`griffin_lim`, `spectral_convergence`) · `load_dataset`.
# In a cell, write a name with a question mark, such as `audio_to_mel?`, and run it: the description appears, with its source.
