"""Mails per second through one session of the SMTP transport, and by a plain loop.

`python -m tests.bench.rate SIZE COUNT`. Prints both rates of interleaved rounds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from shared import transports
from shared.compose import compose
from shared.works import utc_now
from tests.bench.baselines import message, send_by_smtplib
from tests.makers import a_mail, a_row

ROUNDS = 5


class Content:
    """The same bytes again and again, in pieces."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def pieces(self) -> Iterator[bytes]:
        """Yield pieces as storage gives them."""
        for start in range(0, self.size, 65536):
            yield self._data[start : start + 65536]


def per_second(count: int, send: Callable[[], object]) -> float:
    """Time a round."""
    start = time.perf_counter()
    for _ in range(count):
        send()
    return count / (time.perf_counter() - start)


def main(size: int, count: int) -> None:
    """Interleave rounds of both, and print the rates."""
    data = os.urandom(size)
    hve = transports.build("hve", os.environ, utc_now)
    mail = replace(a_mail(), sender=hve.senders[0])
    ready = compose(a_row(size=size), mail, shows_name=True)
    content = Content(data)

    def ours() -> None:
        hve.send(ready, content, utc_now() + timedelta(minutes=5))

    def plain() -> None:
        send_by_smtplib(message(data))

    ours()
    plain()
    rounds = [
        (per_second(count, ours), per_second(max(5, count // 5), plain))
        for _ in range(ROUNDS)
    ]
    hve.close()
    print(json.dumps(rounds))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
