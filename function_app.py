"""The cloud's door: one function per trigger, nothing else.

Settings are read when the host asks for the functions, not on import: a wrong
deployment fails there, before any message is touched.
"""

import functools
import logging
from collections.abc import Callable

import azure.functions as func

from shared.duty import Duty

STORAGE = "SCAN_STORAGE"
duty = functools.cache(Duty.from_environment)


class Scanpost(func.FunctionApp):
    """The app; it is wired when the host asks which functions there are."""

    def get_functions(self) -> list[func.Function]:
        """Wire everything first. Raises ConfigError, which the host shows."""
        duty()
        return list(super().get_functions())


app = Scanpost(http_auth_level=func.AuthLevel.FUNCTION)


def run[T](work: Callable[[], T]) -> T:
    """Do it; what nobody knows is logged, and raised for the host to bring back."""
    try:
        return work()
    except Exception:
        logging.getLogger("scanpost").exception("event=failed")
        raise


@app.queue_trigger("msg", "scan-events", STORAGE)
def receive(msg: func.QueueMessage) -> None:
    """Take on the file that an event speaks of."""
    run(lambda: duty().receive(msg.get_body()))


@app.queue_trigger("msg", "scan-retries", STORAGE)
def retry(msg: func.QueueMessage) -> None:
    """Go on with a scan that waited."""
    run(lambda: duty().retry(msg.get_body()))


@app.queue_trigger("msg", "delivery-reports", STORAGE)
def report(msg: func.QueueMessage) -> None:
    """Write down what became of a mail after it was accepted."""
    run(lambda: duty().report(msg.get_body()))


@app.timer_trigger("timer", schedule="%SWEEP_SCHEDULE%")
def sweep(timer: func.TimerRequest) -> None:  # noqa: ARG001 (the trigger wants it)
    """Find what nobody sent."""
    run(lambda: duty().sweep())


@app.queue_trigger("msg", "scan-events-poison", STORAGE)
def abandon_events(msg: func.QueueMessage) -> None:
    """Hold a scan whose event failed too often."""
    run(lambda: duty().abandon_events(msg.get_body()))


@app.queue_trigger("msg", "scan-retries-poison", STORAGE)
def abandon_retries(msg: func.QueueMessage) -> None:
    """Hold a scan whose retry failed too often."""
    run(lambda: duty().abandon_retries(msg.get_body()))


@app.queue_trigger("msg", "delivery-reports-poison", STORAGE)
def abandon_reports(msg: func.QueueMessage) -> None:
    """Say that a delivery report could not be read."""
    run(lambda: duty().abandon_reports(msg.get_body()))


@app.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 (as above)
    """Say ok or not ok, to anybody."""
    is_ok = run(lambda: duty().is_healthy())
    return func.HttpResponse(
        "ok" if is_ok else "not ok", status_code=200 if is_ok else 503
    )


@app.route("health_detail", methods=["GET"])
def health_detail(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 (as above)
    """Say what is wrong, to whoever has the function key."""
    text = run(lambda: duty().health_report())
    return func.HttpResponse(text, mimetype="application/json")
