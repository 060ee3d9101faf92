"""Models kept in `st.session_state`."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound=BaseModel)


class SessionModel:
    """Reads and writes a Pydantic model as keys of `st.session_state` with the names of its fields."""

    def __init__(self, st: Any, *, extra: Literal["ignore", "forbid"] = "ignore") -> None:
        self._state = st.session_state
        self._extra = extra

    def read_into(self, model_type: type[ModelT]) -> ModelT:
        """The model from what is there; what is absent has its default.

        Raises:
            pydantic.ValidationError: when what is there does not fit.
        """
        known = {name: self._state[name] for name in model_type.model_fields if name in self._state}
        return model_type.model_validate(known)

    def write_from(self, model: BaseModel) -> None:
        """Writes every field.

        Raises:
            ValueError: when the model carries extra values and they are forbidden.
        """
        values = model.model_dump()
        unexpected = sorted(set(values) - set(type(model).model_fields))
        if unexpected and self._extra == "forbid":
            raise ValueError(f"fields the model does not declare: {', '.join(unexpected)}")
        for name, value in values.items():
            self._state[name] = value
