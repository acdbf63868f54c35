"""Finds, checks, lists and builds plugins; the only package that owns a plugin manager."""

from __future__ import annotations

from stackcore.registry.finding import ANSWER_LIMIT_S, DISABLE_VARIABLE
from stackcore.registry.plugins import Registry
from stackcore.registry.records import PluginRecord, State
from stackcore.registry.tracing import TRACE_VARIABLE

__all__ = ["ANSWER_LIMIT_S", "DISABLE_VARIABLE", "TRACE_VARIABLE", "PluginRecord", "Registry", "State"]
