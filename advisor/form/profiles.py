"""Starter profiles: first drafts of the answers. What differs from one reader to the next is left open."""

from dataclasses import dataclass

from ..recommendation.values import Answers


@dataclass(frozen=True, slots=True)
class Profile:
    id: str
    title: str
    text: str
    answers: Answers


PROFILES = (
    Profile(
        "laptop",
        "Just me, on my own computer",
        "A coding assistant or a chat window beside your work.",
        {
            "goal": "runtime",
            "callers": "me",
            "stage": "individual",
            "front_ends": "local_tools",
            "load": "occasional",
            "scaling": ("none",),
            "workflow": "quick_start",
            "priority": "setup",
        },
    ),
    Profile(
        "small_team",
        "A small team tries things out",
        "A few people, a prototype, perhaps one box with a GPU.",
        {
            "goal": "runtime",
            "callers": "small_local",
            "stage": "prototype",
            "front_ends": "both",
            "load": "some",
            "scaling": ("none",),
            "workflow": "quick_start",
        },
    ),
    Profile(
        "platform",
        "A shared platform for many applications",
        "Servers with GPUs, one endpoint, many callers at once.",
        {
            "goal": "serving",
            "callers": "many",
            "stage": "product",
            "front_ends": "own_app",
            "machines": ("linux_server",),
            "api": "contract",
            "load": "many",
            "workflow": "server_setup",
            "priority": "architecture",
        },
    ),
    Profile(
        "both",
        "People's laptops and a shared service",
        "Developers work locally, and applications call one endpoint.",
        {
            "goal": "both",
            "callers": "both",
            "stage": "growing_api",
            "front_ends": "both",
            "api": "both",
            "load": "many",
            "workflow": "both",
            "priority": "both",
        },
    ),
)
