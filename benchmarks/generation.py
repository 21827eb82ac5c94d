"""How many notes a second, one tune at a time: a loop of model.predict, a compiled step, the whole loop compiled.

The same untrained network of 256 LSTM units writes in all three ways. The claim: `sampling.generate` is at least 500 times
as fast as one `model.predict` a note. On JAX a fourth way joins them, the same network written by hand for `jax.lax.scan`, which gives
the same tokens; there the claim is that `generate`, with its filters and guides, takes at most twice as long.

usage: python benchmarks/generation.py [--repeats 5] [--units 256]
       KERAS_BACKEND=jax python benchmarks/generation.py
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from typing import Any

# Before the backend loads: its start-up notes would drown the table.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

N_TOKENS = 700  # as in melody_lstm
N_NOTES = 500
CLAIM = 500.0
CLAIM_AGAINST_SCAN = 0.5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds; the median of each way counts")
    parser.add_argument("--units", type=int, default=256)
    options = parser.parse_args()

    import numpy as np

    from musegen_edu.models.recurrent import MelodyLSTM
    from musegen_edu.quiet_keras import keras
    from musegen_edu.sampling import generate, gumbel_noise
    from musegen_edu.tokens import END, PAD, START

    model = MelodyLSTM(N_TOKENS, embedding=64, units=options.units, depth=1)
    # no tune may end early: <end> gets a logit that is never drawn
    bias = model.head.bias.numpy()
    bias[END] = -1e9
    model.head.bias.assign(bias)

    def predict_loop(n_notes: int) -> None:
        """The loop that one meets in tutorials: all so far in, the next token out."""
        rng = np.random.default_rng(0)
        line = [START]
        for _ in range(n_notes):
            logits = model.predict(np.array([line]), verbose=0)[0, -1]
            line.append(int(np.argmax(logits + rng.gumbel(size=N_TOKENS))))

    class Step(keras.Model):  # type: ignore[misc]  # Keras has no types
        """One step as a model, which is what Keras compiles."""

        def call(self, inputs: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
            tokens, h, c = inputs
            logits, [(h, c)] = model.step(tokens, [(h, c)])
            return logits, h, c

    step = Step()

    def step_loop(n_notes: int) -> None:
        """One compiled step, called from Python with the state it returned."""
        rng = np.random.default_rng(0)
        h = c = np.zeros((1, options.units), np.float32)
        token = START
        for _ in range(n_notes):
            logits, h, c = step.predict_on_batch((np.array([token]), h, c))
            token = int(np.argmax(logits[0] + rng.gumbel(size=N_TOKENS)))

    def whole_loop(n_notes: int) -> None:
        line = generate(model, n_steps=n_notes, seed=0)[0]
        assert len(line) == n_notes + 1

    ways: list[tuple[str, Callable[[int], object], int]] = [
        ("model.predict, one call a note", predict_loop, 30),
        ("one compiled step, called from Python", step_loop, 200),
        ("sampling.generate, the whole loop compiled", whole_loop, N_NOTES),
    ]
    if keras.backend.backend() == "jax":
        scan = scan_by_hand(model)

        def scan_loop(n_notes: int) -> list[int]:
            """The same network and the same dice, with nothing but what it takes."""
            noise = gumbel_noise(0, (1, n_notes + 1, N_TOKENS))[0, 1:]
            noise[:, [PAD, START]] = -np.inf
            return list(np.array(scan(noise)).tolist())

        if scan_loop(N_NOTES) != generate(model, n_steps=N_NOTES, seed=0)[0][1:].tolist():
            raise RuntimeError("jax.lax.scan and generate write different tunes: one of them is wrong")
        ways.append(("jax.lax.scan, written by hand", scan_loop, N_NOTES))

    rates: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    for _, way, n_notes in ways:
        way(n_notes)  # compiles
    for _ in range(options.repeats):  # the ways take turns, so that a busy machine slows all alike
        for name, way, n_notes in ways:
            began = time.perf_counter()
            way(n_notes)
            rates[name].append(n_notes / (time.perf_counter() - began))

    slowest = float(np.median(rates[ways[0][0]]))
    print(
        f"batch of 1, {options.units} units, {N_TOKENS} tokens, Keras {keras.__version__} on {keras.backend.backend()}"
    )
    print(f"{'way':<46}{'notes/s':>10}{'ratio':>9}")
    for name, _, _ in ways:
        rate = float(np.median(rates[name]))
        print(f"{name:<46}{rate:>10,.0f}{rate / slowest:>9,.0f}")
    ratio = float(np.median(rates[ways[2][0]])) / slowest
    if keras.backend.backend() == "jax":
        against = float(np.median(rates[ways[2][0]])) / float(np.median(rates[ways[3][0]]))
        kept = against >= CLAIM_AGAINST_SCAN
        print(
            f"claim: at least {CLAIM_AGAINST_SCAN} of lax.scan by hand: {'kept' if kept else 'NOT KEPT'} ({against:.2f})"
        )
        return 0 if kept else 1
    if keras.backend.backend() != "tensorflow":
        return 0  # the claim is about TensorFlow: predict costs less elsewhere
    print(f"claim: at least {CLAIM:.0f} times model.predict: {'kept' if ratio >= CLAIM else 'NOT KEPT'} ({ratio:,.0f})")
    return 0 if ratio >= CLAIM else 1


def scan_by_hand(model: Any) -> Callable[[Any], Any]:
    """Return the network as a function for JAX alone: from noise, (n_notes, n_tokens), to tokens, (n_notes,)."""
    import jax
    import jax.numpy as jnp

    from musegen_edu.tokens import START

    table, kernel, recurrent, bias, head, head_bias = (jnp.asarray(array) for array in model.get_weights())

    def one_note(state: tuple[Any, Any, Any], noise: Any) -> tuple[tuple[Any, Any, Any], Any]:
        token, h, c = state
        i, f, g, o = jnp.split(table[token] @ kernel + h @ recurrent + bias, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        token = jnp.argmax(h @ head + head_bias + noise).astype(jnp.int32)
        return (token, h, c), token

    def scan(noise: Any) -> Any:
        zeros = jnp.zeros(recurrent.shape[0])
        return jax.lax.scan(one_note, (jnp.int32(START), zeros, zeros), noise)[1]

    compiled: Callable[[Any], Any] = jax.jit(scan)
    return compiled


if __name__ == "__main__":
    sys.exit(main())
