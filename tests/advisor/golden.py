"""The golden cases as the method lists them: one line each, in the order of FIELDS; "-" is don't know."""

from typing import Any

FIELDS = (
    "goal", "callers", "machines", "linux_route", "os_floor", "accelerator", "api", "responses_state", "load",
    "scaling", "front_ends", "priority", "workflow", "pain", "stage", "growth",
)  # fmt: skip
CASES = {
    "GC-01": "runtime me mac - met apple swap not_needed occasional none local_tools setup quick_start access"
    " individual no",
    "GC-02": "runtime small_local windows native_only met one_gpu swap not_needed some none both setup quick_start"
    " access prototype no",
    "GC-03": "serving many linux_server - - multi_gpu contract not_needed many prefix_cache own_app architecture"
    " server_setup serving product yes",
    "GC-04": "runtime small_local linux_pc - met one_gpu contract not_needed some none both setup quick_start access"
    " prototype yes",
    "GC-05": "serving many windows native_only met multi_gpu contract not_needed many scheduling own_app architecture"
    " server_setup serving growing_api yes",
    "GC-06": "both both mac,linux_server - met multi_gpu both not_needed many prefix_cache both both both serving"
    " growing_api yes",
}
OUTCOMES = {
    "GC-01": "lm_studio_first",
    "GC-02": "ollama",
    "GC-03": "vllm",
    "GC-04": "start_with_ollama",
    "GC-05": "conflict",
    "GC-06": "split",
}
STRENGTHS = {"GC-02": "settled", "GC-03": "clear"}
"""Those that the method names."""


def answers(case: str) -> dict[str, Any]:
    """The answers of a case as a form would send them."""
    given = dict(zip(FIELDS, CASES[case].split(), strict=True))
    lists = {"machines", "scaling"}
    return {id: value.split(",") if id in lists else value for id, value in given.items() if value != "-"}
