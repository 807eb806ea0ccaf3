"""What the plans for the engines are made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """Something to copy. Pasted into another shell than the one it is for, it fails and starts nothing."""

    where: str  # "macOS or Linux", "Windows, PowerShell": shown above it
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    text: str = ""
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The four steps for one engine, or what to do where there is no engine yet."""

    id: str
    title: str
    section: str  # of the article that the workflow follows; "" where it is ours
    steps: tuple[Step, ...]


def client(base_url: str, model: str, key: str) -> Command:
    """A first call in Python. `key` is Python for the key: a text, or a look-up that fails where none is set."""
    imports = "import os\n\n" if "os." in key else ""
    return Command(
        "Python, after: pip install openai",
        f"{imports}from openai import OpenAI\n\n"
        f'client = OpenAI(base_url="{base_url}", api_key={key})\n'
        "answer = client.chat.completions.create(\n"
        f'    model="{model}",\n'
        '    messages=[{"role": "user", "content": "Say hello"}],\n'
        ")\n"
        "print(answer.choices[0].message.content)",
    )
