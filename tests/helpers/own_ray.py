"""`python own_ray.py PLACE whole|early`: an engine that starts its own Ray does work in PLACE, in this process.

Prints as JSON what was done, and the processes there were meanwhile; `early` closes it while a task still runs.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import closing
from pathlib import Path

from helpers.clusters import below
from helpers.sleepers import Patient

from sanitizer.engines.engine import Need
from sanitizer.engines.ray import Ray
from sanitizer.errors import IncompleteError


def main() -> None:
    place, early = Path(sys.argv[1]), sys.argv[2] == "early"
    with closing(Ray(Need()).each(Patient(place), [0, 600 if early else 1])) as engine:
        try:
            done = [next(engine)]
        except IncompleteError as error:
            print(json.dumps({"failed": error.message}))
            return
        while early and not any(path.read_text() for path in place.glob("600-*/pid")):
            time.sleep(0.02)
        started = sorted(below(os.getpid()))
        if not early:
            done += engine
    print(json.dumps({"done": [[one.task, one.result[1], one.lost] for one in done], "started": started}))


if __name__ == "__main__":
    main()
