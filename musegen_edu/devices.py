"""What this machine has for training: backend, devices, cores, memory."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class DeviceReport:
    """The machine as Keras sees it; `str` gives it in a line.

    `devices` are named as Keras names them (`"gpu:0"`); `memory_gib` is None where the system does not tell.
    """

    backend: str
    keras_version: str
    devices: tuple[str, ...]
    cores: int
    memory_gib: float | None
    system: str

    @property
    def has_gpu(self) -> bool:
        """Whether Keras can compute on something other than the processor."""
        return any(not device.startswith("cpu") for device in self.devices)

    def __str__(self) -> str:
        memory = "" if self.memory_gib is None else f", {self.memory_gib:.0f} GiB of memory"
        return (
            f"Keras {self.keras_version} on {self.backend}: {', '.join(self.devices)}; "
            f"{self.cores} cores{memory}, {self.system}"
        )


def device_report() -> DeviceReport:
    """Return what there is to train on.

    Examples
    --------
    >>> device_report().cores >= 1
    True

    Lesson: 00 start_here.
    """
    from musegen_edu.quiet_keras import keras

    try:
        devices = tuple(sorted(str(device).lower() for device in keras.distribution.list_devices()))
    except AttributeError:  # Keras lists no devices on PyTorch; where it puts a number tells the one it uses
        devices = (str(keras.ops.zeros(()).device).lower(),)
    return DeviceReport(
        backend=keras.backend.backend(),
        keras_version=keras.__version__,
        devices=devices or ("cpu:0",),
        cores=_usable_cores(),
        memory_gib=_memory_gib(),
        system=f"{platform.system()} {platform.machine()}",
    )


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory_gib() -> float | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return None
