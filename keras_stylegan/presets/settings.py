"""`key=value` changes to a preset, and presets as JSON holds them."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Mapping

from keras_stylegan.choices import did_you_mean
from keras_stylegan.presets.base import SWITCHES, Preset

_WORDS = {"true": "1", "yes": "1", "on": "1", "false": "0", "no": "0", "off": "0"}
_SIZE = tuple[int, int]  # height and width


def with_settings(preset: Preset, settings: Iterable[str]) -> Preset:
    """Changes a preset by `key=value` texts.

    Tuples are written `0.5,1`, dicts `gram:1,sorted:0.5`, squares by their side alone (`size=64`), and 1 and 0 of a
    switch also as `yes` and `no`, or `true` and `false`.

    Raises:
        ValueError: for a text without `=`, an unknown key (the message lists all), or a value of the wrong type.
    """
    kinds = typing.get_type_hints(type(preset))
    fields = [field.name for field in dataclasses.fields(preset)]
    changes = {}
    for setting in settings:
        key, separator, text = setting.partition("=")
        if not separator:
            raise ValueError(f"`--set` must be key=value. Received: {setting}")
        if key not in fields:
            names = ", ".join(sorted(fields))
            raise ValueError(f"`--set` must name one of {names}. Received: {key}{did_you_mean(key, fields)}")
        try:
            changes[key] = _parse(kinds[key], _WORDS.get(text.lower(), text) if key in SWITCHES else text)
        except ValueError:
            rule = _describe(kinds[key]) + (", or one for both" if kinds[key] == _SIZE else "")
            raise ValueError(f"`{key}` must be {rule}. Received: {setting}") from None
    return dataclasses.replace(preset, **changes)


def as_dict(preset: Preset) -> dict[str, typing.Any]:
    """The settings as JSON holds them: tuples as lists."""
    return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(preset).items()}


def as_text(value: typing.Any) -> str:
    """A value of `as_dict`, or a tuple, as `--set` takes it."""
    if isinstance(value, dict):
        return ",".join(f"{key}:{number:g}" for key, number in value.items())
    if isinstance(value, list | tuple):
        return ",".join(map(as_text, value))
    return value if isinstance(value, str) else f"{value:.10g}"


def from_dict(preset: Preset, settings: Mapping[str, typing.Any]) -> Preset:
    """A preset with the settings that `as_dict` wrote for one of its system; names that it does not have are left out.

    Raises:
        ValueError: if a value breaks its rule or is none of its kind.
    """
    kinds, values = typing.get_type_hints(type(preset)), {}
    for field in dataclasses.fields(preset):
        if field.name in settings:
            value, kind = settings[field.name], kinds[field.name]
            values[field.name] = tuple(value) if isinstance(value, list) else value
            if not _is_of(kind, values[field.name]):
                raise ValueError(f"`{field.name}` must be {_describe(kind)}. Received: {value!r}")
    return dataclasses.replace(preset, **values)


def _is_of(kind, value):
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(_is_of, parts, value))
    if origin is dict:
        return isinstance(value, dict) and all(_is_of(parts[1], part) for part in value.values())
    return isinstance(value, (int, float) if kind is float else kind) and not isinstance(value, bool)


def _parse(kind, text):
    origin = typing.get_origin(kind)
    if origin is tuple:
        kinds, parts = typing.get_args(kind), text.split(",")
        if kind == _SIZE and len(parts) == 1:
            parts *= 2
        if len(parts) != len(kinds):
            raise ValueError
        return tuple(_parse(part_kind, part) for part_kind, part in zip(kinds, parts, strict=True))
    if origin is dict:
        _, value_kind = typing.get_args(kind)
        pairs = [part.rpartition(":") for part in text.split(",") if part]
        if not all(key and separator for key, separator, _ in pairs):
            raise ValueError
        return {key.strip(): _parse(value_kind, value) for key, _, value in pairs}
    if kind is int:
        return int(text.replace("_", ""))
    return kind(text)


def _describe(kind) -> str:
    origin = typing.get_origin(kind)
    if origin is tuple:
        return " and ".join(_describe(part) for part in typing.get_args(kind)) + ", with commas between"
    if origin is dict:
        return "name:number pairs with commas between"
    return {int: "a whole number", float: "a number", str: "text"}.get(kind, str(kind))
