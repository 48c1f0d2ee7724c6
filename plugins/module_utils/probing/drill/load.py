# SPDX-License-Identifier: Apache-2.0
"""A few users that ask all the time, and what each of their requests came to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import StackError
from ...openai_api.client import Client
from ...openai_api.failures import HttpFailure
from ..answering_tier import UNKNOWN, who_answered
from .schedule import Stage

_TICK_S = 0.1


@dataclass(frozen=True)
class Reply:
    """One request. Times are seconds of one clock; ``begun`` is when the head of a stream came."""

    stage: str
    kind: str
    streamed: bool
    sent: float
    ended: float
    begun: float | None = None
    tier: str = UNKNOWN
    api_base: str = ""
    status: int = 0
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error

    @property
    def latency(self) -> float:
        return self.ended - self.sent


class Load:
    """Users who ask one question after the other. Use it in a ``with`` block."""

    def __init__(
        self,
        connect: Callable[[], Client],
        stage: Stage,
        question: Mapping[str, Any],
        tier_map: Mapping[str, str],
        users: int,
        pause: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect = connect
        self._stage = stage
        self._question = dict(question)
        self._tier_map = tier_map
        self._pause = pause
        self._clock = clock
        self._number = 0
        self._over = threading.Event()
        self._changed = threading.Condition()
        self._crash: BaseException | None = None
        self._users = [threading.Thread(target=self._run, daemon=True) for _ in range(users)]
        self.replies: list[Reply] = []

    def __enter__(self) -> Load:
        for user in self._users:
            user.start()
        return self

    def __exit__(self, *about: Any) -> None:
        self._over.set()

    def finish(self) -> None:
        """Stop asking, and wait for the answers that are under way."""
        self._over.set()
        for user in self._users:
            user.join()

    def enter(self, stage: Stage) -> None:
        with self._changed:
            self._stage, self._number = stage, 0

    def wait(self, done: Callable[[list[Reply]], bool], timeout: float) -> bool:
        """Whether the replies came to this in time."""
        end = self._clock() + timeout
        with self._changed:
            while not done(self.replies):
                if self._crash is not None:
                    raise self._crash
                if self._clock() >= end:
                    return False
                self._changed.wait(_TICK_S)
        return True

    def _run(self) -> None:
        try:
            with self._connect() as client:
                while not self._over.is_set():
                    reply = self._ask(client)
                    with self._changed:
                        self.replies.append(reply)
                        self._changed.notify_all()
                    self._over.wait(max(self._pause, self._stage.pause))
        except BaseException as error:
            # It is raised again where somebody waits.
            with self._changed:
                self._crash = error
                self._changed.notify_all()

    def _ask(self, client: Client) -> Reply:
        with self._changed:
            stage, number = self._stage, self._number
            self._number += 1
        kind, model, streamed = stage.question(number)
        request = {**self._question, "model": model}
        sent = self._clock()
        begun: float | None = None
        headers: Mapping[str, str] = {}
        status, error, generated = 200, "", False
        try:
            if streamed:
                with client.stream(request) as stream:
                    begun, headers = self._clock(), stream.headers
                    for chunk in stream:
                        generated = generated or chunk.has_token
            else:
                told = client.complete(request)
                headers, generated = told.headers, told.generated
            error = "" if generated else "it answered without a token"
        except HttpFailure as failure:
            status, error = failure.status, str(failure)
        except StackError as failure:
            status, error = (200 if begun is not None else 0), str(failure)
        origin = who_answered(headers, self._tier_map) if headers else None
        return Reply(
            stage=stage.name,
            kind=kind,
            streamed=streamed,
            sent=sent,
            ended=self._clock(),
            begun=begun,
            tier=origin.tier if origin else UNKNOWN,
            api_base=origin.api_base if origin else "",
            status=status,
            error=error,
        )
