"""A script that repeats a training without the workbench, with transformers alone."""

from dataclasses import asdict
from pathlib import Path

from services.modelling.settings import EncoderSettings

FILE_NAME = "train_plain.py"
_TEMPLATE = Path(__file__).with_name("plain_training.txt")
_PLACE = "SETTINGS = {}\n"


def plain_script(config: EncoderSettings) -> str:
    """Python that trains with these settings and nothing of ours.

    On the rows of the same snapshot and on the CPU of the same machine its weights are those of our training.
    """
    lines = [f"    {name!r}: {value!r},\n" for name, value in asdict(config).items()]
    return _TEMPLATE.read_text(encoding="utf-8").replace(_PLACE, f"SETTINGS = {{\n{''.join(lines)}}}\n", 1)
