"""
Calls of the hooks of bindings, by which each instance has a real container of its own.

A hook is a URL on loopback. It gets a POST for each event of a VM (emulator/group/vm_events.py) whose template mentions
the image of the binding:

    {"event": "start", "instance": NAME, "id": ID of the VM, "image": image of the binding, "template": NAME}

    start  The answer is {"url": health URL of the container}, which is probed from then on; {} is a container that
           never answers. Until the answer the instance is silent.
    stop   The answer means that the guest has shut down. The emulator waits for the answer, at most 90 s, in place of
           the times of the instance's profile.
    kill   No container of this VM may run any more, whether it has stopped or not.
    crash  The container ends now, without a signal to its processes that they could handle.

The events of an instance are sent in their order, each after the answer to the one before; only a `kill` does not wait
for the answer to a `stop`. A hook that does not answer with 200 is logged, and the rollout goes on: an instance without
a container stays silent.
"""

import asyncio
import json
import logging
from dataclasses import replace
from typing import Any, Final

import httpcore

from emulator.environment.bindings import Binding
from emulator.environment.environment import Environment
from emulator.group.instances import Instance
from emulator.group.members import Group, with_instance
from emulator.group.vm_events import Event, vm_events

# A guest has at least 90 s to shut down before its VM is switched off, on a best-effort basis
# (docs.cloud.google.com/compute/docs/shutdownscript, read 2026-11-25).
STOP_S: Final = 90.0
_ANSWER_S: Final = 60.0  # real; for the start of a container on a busy computer
_NO_ANSWER: Final = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.TimeoutException,
    TypeError,
    ValueError,
)  # fmt: skip
_LOG: Final = logging.getLogger("emulator")


class HookCalls:
    """
    The calls of an event loop.

    Args:
        environment: environment of the groups, with a clock that runs
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._started: dict[str, str] = {}  # id of the VM whose start was sent, by instance
        self._last: dict[str, tuple[Event, asyncio.Task[None]]] = {}
        environment.group_watchers.append(self._watch)

    def _watch(self, path: str, before: Group | None, after: Group) -> None:
        for event, instance in vm_events(before, after):
            binding = self._environment.instance_controls.image_binding(instance)
            if binding is None or not binding.hook or not binding.is_probed:
                continue
            if event == "start" and self._started.get(instance.name) == instance.id:
                continue
            self._begin(event, path, instance, binding)

    def _begin(self, event: Event, path: str, instance: Instance, binding: Binding) -> None:
        if event == "start":
            self._started[instance.name] = instance.id
        if event == "kill":
            self._started.pop(instance.name, None)
        previous, waited = self._last.get(instance.name, ("kill", None))
        if event == "kill" and previous == "stop":
            waited = None
        task = asyncio.get_running_loop().create_task(self._send(waited, event, path, instance, binding))
        self._last[instance.name] = (event, task)

    async def _send(
        self, waited: "asyncio.Task[None] | None", event: Event, path: str, instance: Instance, binding: Binding
    ) -> None:
        """Send an event after the one before, and act on the answer."""
        if event == "stop":
            self._set_stop_s(path, instance, STOP_S)
        if waited is not None:
            await asyncio.wait((waited,))
        body = {
            "event": event, "instance": instance.name, "id": instance.id, "image": binding.image,
            "template": instance.actual_template.rpartition("/")[2],
        }  # fmt: skip
        answer = await self._answer(binding.hook, body, self._environment.clock.real_s(STOP_S))
        controls = self._environment.instance_controls
        if event == "start" and answer and isinstance(answer.get("url"), str):
            self._environment.advance()
            self._environment.bind(
                Binding(binding.image, answer["url"], since_s=self._environment.now_s, instance=instance.name)
            )
        elif event == "stop":
            self._set_stop_s(path, instance, 0.0)
        elif event == "kill" and instance.name not in self._started:
            controls.unbind(instance.name)
            self._last.pop(instance.name, None)

    async def _answer(self, url: str, body: dict[str, Any], stop_s: float) -> dict[str, Any] | None:
        """Return the object that a hook answered; None without an answer."""
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), stop_s if body["event"] == "stop" else _ANSWER_S)
        try:
            async with httpcore.AsyncConnectionPool() as pool:
                headers = [("content-type", "application/json")]
                response = await pool.request(
                    "POST", url, headers=headers, content=json.dumps(body).encode(), extensions={"timeout": timeouts}
                )
            answer = json.loads(response.content or b"{}")
            if response.status == 200 and isinstance(answer, dict):
                return answer
            reason = f"status {response.status}: {response.content[:200]!r}"
        except _NO_ANSWER as error:
            reason = repr(error)
        _LOG.warning("hook %s: %s of %s: %s", url, body["event"], body["instance"], reason)
        return None

    def _set_stop_s(self, path: str, instance: Instance, seconds: float) -> None:
        """Let the shutdown of a VM take so long; no effect if the VM has shut down already."""
        environment = self._environment
        environment.advance()
        group = environment.view.groups.get(path)
        current = next((member for member in group.instances if member.name == instance.name), None) if group else None
        if group is None or current is None or current.id != instance.id or current.running_at_s >= 0:
            return
        profile = replace(current.profile, stop_s=seconds, delete_s=seconds)
        environment.set_group(
            path, replace(with_instance(group, replace(current, profile=profile)), at_s=environment.now_s)
        )
        environment.advance()
