"""What watching costs: a fit with the training monitor against the same fit without, in seconds of the processor.

The network and the batches are those of the quick profile, on the folk tunes of the course. The two fits take turns in one process.
What goes to the page is packed and signed as a kernel does it. The claim: the monitor takes less than 2 % of the processor's time,
counted in the thread that trains, by the calls of the monitor itself; the two totals stand beside it.

usage: python benchmarks/training_monitor.py [--repeats 5] [--tunes 400]
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from typing import Any

# Before the backend loads: its start-up notes would drown the table.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

CLAIM = 0.02


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds; the median counts")
    parser.add_argument("--tunes", type=int, default=400)
    options = parser.parse_args()

    import comm
    import numpy as np
    from jupyter_client.session import Session

    from musegen_edu.datasets import load_dataset
    from musegen_edu.models.recurrent import MelodyLSTM
    from musegen_edu.quiet_keras import keras
    from musegen_edu.tokens import EventCodec
    from musegen_edu.training import Profile, fit
    from musegen_edu.widgets import TrainingMonitor

    session, sent = Session(key=b"key"), [0]

    class PackingComm(comm.DummyComm):
        """Does all that a kernel does with a message short of handing it to the network."""

        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
        ) -> None:
            content = {"data": data or {}, "comm_id": self.comm_id, **keys}
            sent[0] += sum(map(len, session.serialize(session.msg(msg_type, content=content, metadata=metadata))))

    comm.create_comm = PackingComm

    folk = load_dataset("folk")
    codec = EventCodec.fit(folk.train, min_count=20)
    train = [codec.encode(tune) for tune in folk.train[: options.tunes]]
    valid = [codec.encode(tune) for tune in folk.valid[:40]]
    profile = dataclasses.replace(Profile.named("quick"), epochs=1)

    inside = [0.0]  # seconds of this thread's processor time spent in the monitor

    class Timed(TrainingMonitor):
        """A monitor that counts what its own calls take."""

    def timed(name: str) -> Any:
        method = getattr(TrainingMonitor, name)

        def call(self: Any, *arguments: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return method(self, *arguments, **named)
            finally:
                inside[0] += time.thread_time() - began

        return call

    for name in ("begin", "begin_epoch", "after_batch", "after_epoch", "end"):
        setattr(Timed, name, timed(name))

    def seconds(monitor: Any) -> float:
        model = MelodyLSTM(
            len(codec.vocabulary), embedding=profile.embedding, units=profile.units, depth=profile.depth, seed=0
        )
        began = time.process_time()
        fit(model, train, valid, profile=profile, seed=0, verbose=0, monitor=monitor)
        return time.process_time() - began

    seconds(None)  # loads what is loaded once
    plain, watched, own = [], [], []
    for index in range(options.repeats):
        for with_monitor in (False, True) if index % 2 else (True, False):
            if not with_monitor:
                plain.append(seconds(None))
                continue
            monitor = Timed()
            inside[0], sent[0] = 0.0, 0
            watched.append(seconds(monitor))
            own.append(inside[0] / watched[-1])
    share = float(np.median(own))
    print(
        f"{options.tunes} tunes, 1 epoch of the quick profile, Keras {keras.__version__} on {keras.backend.backend()}"
    )
    print(f"without the monitor {np.median(plain):7.2f} s of the processor (from {min(plain):.2f} to {max(plain):.2f})")
    print(
        f"with the monitor    {np.median(watched):7.2f} s of the processor (from {min(watched):.2f} to {max(watched):.2f})"
    )
    print(f"sent to the page    {sent[0] / 1024:7.0f} KiB")
    print(f"inside the monitor  {share:7.2%} of it (at most {max(own):.2%})")
    print(f"claim: less than {CLAIM:.0%} of the processor's time: {'kept' if share < CLAIM else 'NOT KEPT'}")
    return 0 if share < CLAIM else 1


if __name__ == "__main__":
    sys.exit(main())
