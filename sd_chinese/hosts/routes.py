"""Routes that a host's app gets at the first request that may be for them: to build them takes longer than a start may.

FastAPI copies every model of every route.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.routing import BaseRoute, Match, NoMatchFound


class RoutesOnDemand(BaseRoute):
    """Stands first among an app's routes, matches nothing, and adds others at its end.

    Args:
        build: makes them; called once.
        prefix: begins the paths of all of them.
    """

    def __init__(self, app: Any, prefix: str, build: Callable[[], Sequence[BaseRoute]]) -> None:
        self._app = app
        self._build = build
        self._paths = (prefix, app.openapi_url or prefix)  # the list of all routes names ours
        self._added = False

    def matches(self, scope: Any) -> tuple[Match, Any]:
        if not self._added and scope.get("path", "").startswith(self._paths):
            self._added = True
            self._app.router.routes.extend(self._build())
        return Match.NONE, {}

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        raise NoMatchFound(name, path_params)


def is_closing() -> bool:
    """Whether the host has told its server to end, as "Reload UI" does: it waits for every answer under way.

    Source: webui.py of the host, `close` of gradio's `Blocks`.
    """
    from modules import shared

    return bool(getattr(getattr(shared.demo, "server", None), "should_exit", False))


def add_on_demand(app: Any, prefix: str, build: Callable[[], Sequence[BaseRoute]]) -> None:
    """Let a started app answer below ``prefix`` with the routes that ``build`` makes."""
    app.router.routes.insert(0, RoutesOnDemand(app, prefix, build))
