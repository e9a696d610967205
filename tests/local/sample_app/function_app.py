"""A small app with every trigger that the product uses; it logs what came."""

import json
import logging
import time

import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
LOGGER = logging.getLogger("sample")


def fields(msg: func.QueueMessage) -> str:
    """What the function learnt of its message, as JSON."""
    return json.dumps(
        {"body": msg.get_body().decode(), "id": msg.id, "count": msg.dequeue_count}
    )


@app.queue_trigger("msg", "%WORK_QUEUE%", "SAMPLE_STORAGE")
def work(msg: func.QueueMessage) -> None:
    """Do as the message says: `fail`, `sleep SECONDS`, or nothing."""
    words = msg.get_body().decode().split()
    if words[:1] == ["fail"]:
        LOGGER.info("failing %s", fields(msg))
        message = "first line\nsecond line"
        raise ValueError(message)
    if words[:1] == ["sleep"]:
        LOGGER.info("sleeping %s", fields(msg))
        time.sleep(float(words[1]))
    LOGGER.info("worked %s", fields(msg))


@app.queue_trigger("msg", "%WORK_QUEUE%-poison", "SAMPLE_STORAGE")
def abandon(msg: func.QueueMessage) -> None:
    """Say what was given up."""
    LOGGER.info("abandoned %s", fields(msg))


@app.timer_trigger("timer", schedule="%TICK%")
def tick(timer: func.TimerRequest) -> None:
    """Say that it is time."""
    LOGGER.info("ticked %s", timer.past_due)


@app.route("open/{word?}", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
def answer(req: func.HttpRequest) -> func.HttpResponse:
    """Echo the route's parameter and a query parameter."""
    said = f"{req.route_params.get('word')} {req.params.get('q')}"
    return func.HttpResponse(said, headers={"x-said": "yes"}, status_code=202)


@app.route("closed", methods=["POST"])
def closed(req: func.HttpRequest) -> func.HttpResponse:
    """Echo the body, to whoever has the key."""
    return func.HttpResponse(req.get_body(), mimetype="application/octet-stream")


@app.route("broken", auth_level=func.AuthLevel.ANONYMOUS)
def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Fail."""
    raise ValueError(req.url)
