from pathlib import Path
from typing import Any

import backsym as bs
from backsym.marking.reporting import prairielearn

marker = bs.Marker(bs.load(str(Path(__file__).parent / "layer.yaml")))


def parse(data: dict[str, Any]) -> None:
    prairielearn.parse(marker, data)


def grade(data: dict[str, Any]) -> None:
    prairielearn.grade(marker, data)
