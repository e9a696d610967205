"""Uploads one job after the other; every outcome has its place.

Uploaded: cleared away. Storage away: everybody waits. Refused, or not to be read now:
tried again by itself. Changed: given back. Nobody can tell: a person is told.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared import journal
from shared.stores.border import DeniedError, StorageError

from . import claim as claims
from .book import BookError
from .claim import ChangedError
from .config import Folder
from .depot import RefusedError
from .job import Job
from .merge import MergeError, MergeStoppedError
from .sight import Sight
from .upload import ProblemError

if TYPE_CHECKING:
    from .agent import Agent

TAKE_SECONDS = 10.0


@dataclass(slots=True)
class Sender:
    """Sends for one agent, in several threads."""

    agent: Agent

    def run(self, end: threading.Event) -> None:
        """Upload what is in line until told to end."""
        while not end.is_set():
            job = self.agent.line.take(TAKE_SECONDS)
            if job is not None:
                self.upload(job)

    def upload(self, job: Job) -> None:
        """Upload one; every outcome has its place."""
        folder = self.agent.folders[job.folder]
        try:
            entry = self.agent.uploader.upload(job)
        except (StorageError, BookError) as exc:
            self._away(job, exc)
        except (ProblemError, MergeError) as exc:
            self.agent.desk.put_job(folder, job, str(exc))
            self.agent.line.drop(job)
        except ChangedError as exc:
            self._give_back(folder, job, str(exc))
            self.agent.line.drop(job)
        except FileNotFoundError as exc:
            _warn("edge_gone", folder, f"{job.path}: {exc.strerror}")
            # After a kill it may have had no files: they may come back as well.
            self.agent.known.forget([job.job_id])
            self.agent.forget(folder, job.members)
            self.agent.line.drop(job)
        except (OSError, MergeStoppedError, RefusedError) as exc:
            self._again(folder, job, exc)
        except Exception as exc:  # noqa: BLE001 (one file must not hold up the others)
            journal.LOGGER.exception("%s", journal.line("edge_failed", {}))
            self._again(folder, job, exc)
        else:
            left = job.is_left_over
            self.agent.tender.clear(folder, entry, job.members, left=left)
            self.agent.line.done(job)

    def _away(self, job: Job, exc: Exception) -> None:
        why = str(exc)
        if isinstance(exc, DeniedError):
            why = f"{why} {self.agent.skew()}".strip()
        seconds = self.agent.line.away(job, why)
        waiting = str(len(self.agent.line))
        fields = {"why": why, "again_s": f"{seconds:g}", "waiting": waiting}
        if isinstance(exc, BookError):
            journal.warn("edge_not_written", fields)
        else:
            journal.warn("edge_storage_away", fields)

    def _again(self, folder: Folder, job: Job, exc: Exception) -> None:
        why = str(exc)
        seconds = self.agent.line.again(job, why)
        _warn("edge_waits", folder, f"{job.path}: {why} (again in {seconds:g} s)")

    def _give_back(self, folder: Folder, job: Job, why: str) -> None:
        """Its writer was not done: it is looked at again under its name."""
        _warn("edge_changed", folder, f"{job.path}: {why}")
        for each in job.members:
            try:
                path = claims.give_back(each)
            except OSError as exc:
                is_gone = isinstance(exc, FileNotFoundError)
                event = "edge_gone" if is_gone else "edge_not_given_back"
                _warn(event, folder, f"{each.path}: {exc.strerror}")
                self.agent.forget(folder, [each])
            else:
                self.agent.known.drop([each.claim_id])
                self.agent.agenda.add(Sight(each.place, path))


def _warn(event: str, folder: Folder, why: str) -> None:
    journal.warn(event, {"folder": str(folder.path), "why": why})
