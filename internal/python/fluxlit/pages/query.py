"""The query of a page's address as a Pydantic model."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)


class Query:
    """A description of a parameter, for the manifest."""

    def __init__(self, *, description: str = "") -> None:
        self.description = description


def parse_query_params(st: Any, model: type[ModelT], *, strict: bool = False) -> ModelT:
    """The query as `model`. When it does not fit, the page says so and stops; with `strict` the error is raised.

    Raises:
        pydantic.ValidationError: with `strict`.
    """
    result: ModelT = parse_query_params_adapter(st, TypeAdapter(model), strict=strict)
    return result


def parse_query_params_adapter(st: Any, adapter: TypeAdapter[Any], *, strict: bool = False) -> Any:
    """`parse_query_params` for anything a TypeAdapter can be made of."""
    try:
        return adapter.validate_python(_values(st))
    except ValidationError as error:
        if strict:
            raise
        # Without what was typed: it is shown to whoever follows the link.
        places = (".".join(map(str, problem["loc"])) + ": " + problem["msg"] for problem in error.errors())
        st.error("The address of this page cannot be used. " + "; ".join(places))
        st.stop()
        raise


def _values(st: Any) -> dict[str, Any]:
    params = getattr(st, "query_params", {})
    many = getattr(params, "get_all", None)
    values: dict[str, Any] = {}
    for name in list(params.keys()):
        found = many(name) if many is not None else params[name]
        values[str(name)] = found[0] if isinstance(found, list) and len(found) == 1 else found
    return values
