"""Eight invented teams with all their answers. What the advisor makes of them is computed, never written down."""

from collections.abc import Mapping
from dataclasses import dataclass

from advisor.catalogue import Catalogue
from advisor.recommendation import Answers
from advisor.recommendation.answers import clean


@dataclass(frozen=True, slots=True)
class Example:
    """One team, in the words of the form."""

    id: str
    raw: Mapping[str, str | list[str]]

    def answers(self, catalogue: Catalogue) -> Answers:
        """Its answers. Raises ValueError when the form no longer has one of them."""
        answers, ignored = clean(self.raw, catalogue)
        if ignored:
            raise ValueError(f"Example {self.id}: {' '.join(ignored)}")
        return answers


_FIELDS = (
    "goal", "callers", "machines", "linux_route", "os_floor", "accelerator", "api", "responses_state", "load",
    "scaling", "front_ends", "priority", "workflow", "pain", "stage", "growth",
)  # fmt: skip
_ROWS = {
    "startup": "runtime small_local mac - met apple swap not_needed some none both setup quick_start access prototype"
    " yes",
    "gpu-box": "runtime many linux_server - - one_gpu contract not_needed some none local_tools setup server_setup none"
    " prototype no",
    "department": "runtime many windows native_only met one_gpu swap not_needed some none local_tools setup quick_start"
    " access prototype yes",
    "product": "serving many linux_server - - multi_gpu contract not_needed many prefix_cache,data_parallel own_app"
    " architecture server_setup serving product yes",
    "researcher": "runtime me linux_pc - - multi_gpu swap not_needed occasional tensor_parallel own_app setup"
    " quick_start none individual no",
    "mac-studio": "runtime many mac - met apple contract not_needed some none local_tools setup quick_start none"
    " prototype yes",
    "agents": "runtime small_local windows possible met one_gpu contract required some none both setup quick_start none"
    " growing_api yes",
    "laptops-and-tier": "both both mac,linux_server - met multi_gpu both not_needed many prefix_cache both both both"
    " none growing_api yes",
}


def _raw(row: str) -> dict[str, str | list[str]]:
    given = zip(_FIELDS, row.split(), strict=True)
    return {id: value.split(",") if "," in value else value for id, value in given if value != "-"}


EXAMPLES = {id: Example(id, _raw(row)) for id, row in _ROWS.items()}
