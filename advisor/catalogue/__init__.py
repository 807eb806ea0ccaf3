"""The catalogue: every question, criterion, limit and dated fact, as data in the YAML files beside this one."""

from .load import CatalogueError, load
from .values import Catalogue, Fact, Item, Limit, Option, Outcome, Question, Section

__all__ = ["Catalogue", "CatalogueError", "Fact", "Item", "Limit", "Option", "Outcome", "Question", "Section", "load"]
