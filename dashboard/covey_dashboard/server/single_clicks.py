"""A middleware that makes every click count once."""

from __future__ import annotations

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg

_TRIGGERS = {"trigger_value", "string_trigger_value", "json_trigger_value", "chat_input_value"}


class SingleClickMiddleware:
    """Takes the clicks out of those requests that a browser sends by itself every few seconds.

    Streamlit's page notes a click, and sends it as soon as the browser is idle. If the clock of a fragment that runs
    every few seconds strikes in between, its request holds the click too, which then acts twice: undoes two actions.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""

        async def receive_once() -> Message:
            message = await receive()
            if content := message.get("bytes"):
                message["bytes"] = drop_early_clicks(content)
            return message

        await self._app(scope, receive_once if scope["type"] == "websocket" else receive, send)


def drop_early_clicks(content: bytes) -> bytes:
    """Return a message of Streamlit's page without the clicks that it holds though a clock has sent it."""
    try:
        message = BackMsg.FromString(content)
    except DecodeError:  # Streamlit answers it
        return content
    states = message.rerun_script.widget_states.widgets
    other_states = [state for state in states if state.WhichOneof("value") not in _TRIGGERS]
    if not message.rerun_script.is_auto_rerun or len(other_states) == len(states):
        return content
    del states[:]
    states.extend(other_states)
    return bytes(message.SerializeToString())
