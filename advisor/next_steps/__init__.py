"""What to do after a result: commands for the engines, and when to look again. Pure: no Django.

Commands were looked up in the projects' documentation in November 2026: Ollama 0.33, vLLM 0.33, LM Studio 0.4.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from .recommendation.values import Answers

REVIEW_MONTHS = 3
OLLAMA_MODEL = "qwen3:8b"
VLLM_MODEL = "Qwen/Qwen3-8B"


@dataclass(frozen=True, slots=True)
class Command:
    """Something to copy."""

    where: str  # "macOS or Linux", "any shell": said above it
    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a workflow."""

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


def plans(outcome: str, answers: Answers) -> tuple[Plan, ...]:
    """The workflows to follow for an outcome, in order."""
    return tuple(make(answers) for make in _PLANS[outcome])


def review_on(on: date) -> date:
    """The proposed date to look again: three months later, or the last day of that month."""
    months = on.month - 1 + REVIEW_MONTHS
    year, month = on.year + months // 12, months % 12 + 1
    return date(year, month, min(on.day, monthrange(year, month)[1]))


def _ollama(answers: Answers) -> Plan:
    return Plan(
        "ollama",
        "Set up Ollama",
        "S07",
        (
            Step(
                "Install it",
                "The app or the script also starts it in the background.",
                _ollama_install(answers),
            ),
            Step(
                "Pull a model",
                "An example: choose one that fits your memory. The last line tells whether it runs on the GPU.",
                (Command("Any shell", f"ollama pull {OLLAMA_MODEL}\nollama run {OLLAMA_MODEL} 'Hello'\nollama ps"),),
            ),
            _ollama_expose(answers),
            Step(
                "Connect your tool",
                "Give it this base URL, with any key: Ollama does not ask for one.",
                (_client("http://localhost:11434/v1", OLLAMA_MODEL, "ollama"),),
            ),
        ),
    )


def _ollama_install(answers: Answers) -> tuple[Command, ...]:
    machines = _chosen(answers, "machines")
    unix = Command("macOS or Linux", "curl -fsSL https://ollama.com/install.sh | sh")
    windows = Command("Windows, PowerShell", "irm https://ollama.com/install.ps1 | iex")
    if machines == {"windows"}:
        return (windows,)
    return (unix, windows) if "windows" in machines or not machines else (unix,)


def _ollama_expose(answers: Answers) -> Step:
    if answers.get("callers") in (None, "me"):
        return Step(
            "Keep it local",
            "It listens on localhost:11434 and nowhere else. If it does not run yet, start it yourself.",
            (Command("Any shell", "ollama serve"),),
        )
    return Step(
        "Open it to the team",
        "By default only this machine may call it, and one request per model is worked on at a time. "
        "It has no keys of its own: put a proxy with access control in front of it. "
        "Where it runs as a Linux service, set these with: sudo systemctl edit ollama.",
        (
            Command(
                "macOS or Linux",
                "OLLAMA_HOST=0.0.0.0:11434 OLLAMA_NUM_PARALLEL=4 OLLAMA_KEEP_ALIVE=30m ollama serve",
            ),
        ),
    )


def _vllm(answers: Answers) -> Plan:
    return Plan(
        "vllm",
        "Set up vLLM",
        "S07",
        (
            Step(
                "Stand up a server",
                "On Linux, with Python 3.11 or newer. It listens once the model is loaded, which can take minutes.",
                _vllm_start(answers),
            ),
            Step(
                "Choose how to deploy it",
                "A package is easy to try; the image is easier to keep the same everywhere.",
                (_vllm_docker(answers),),
            ),
            _vllm_topology(answers),
            Step(
                "Open it to your clients",
                "The key guards /v1 only. Keep the other routes behind your network or a proxy.",
                (
                    _client("http://gpu-host:8000/v1", VLLM_MODEL, ""),
                    Command("Does it work?", "curl -f http://gpu-host:8000/health\ncurl http://gpu-host:8000/metrics"),
                ),
            ),
        ),
    )


def _vllm_start(answers: Answers) -> tuple[Command, ...]:
    install = "python3 -m venv vllm && . vllm/bin/activate\npip install vllm"
    serve = f'export VLLM_API_KEY="$(openssl rand -hex 24)"\nvllm serve {VLLM_MODEL} --api-key "$VLLM_API_KEY"'
    server = Command("Linux server", f"{install}\n{serve}")
    if "windows" in _chosen(answers, "machines") and "linux_server" not in _chosen(answers, "machines"):
        return (Command("Windows, PowerShell: a Linux inside it first", "wsl --install"), server)
    return (server,)


def _vllm_docker(answers: Answers) -> Command:
    flags = _parallel(answers)
    needs = f", {2 ** flags.count('-parallel-size')} of them" if flags else ""
    return Command(
        f"Linux server with Docker and NVIDIA GPUs{needs}",
        "docker run --gpus all --ipc=host -p 8000:8000 \\\n"
        "  -v ~/.cache/huggingface:/root/.cache/huggingface \\\n"
        f'  vllm/vllm-openai:latest --model {VLLM_MODEL} --api-key "$VLLM_API_KEY"{flags}',
    )


def _parallel(answers: Answers) -> str:
    flags = ""
    if "tensor_parallel" in _chosen(answers, "scaling"):
        flags += " \\\n  --tensor-parallel-size 2"
    if "data_parallel" in _chosen(answers, "scaling"):
        flags += " \\\n  --data-parallel-size 2"
    return flags


def _vllm_topology(answers: Answers) -> Step:
    start = f"vllm serve {VLLM_MODEL}"
    several = "multi_gpu" in _chosen(answers, "accelerator") or _parallel(answers)
    lines = [f"{start} --max-num-seqs 256   # requests worked on at once"]
    if several:
        lines = [
            f"{start} --tensor-parallel-size 2   # one model over two GPUs",
            f"{start} --data-parallel-size 2     # two copies, more requests",
        ]
    return Step(
        "Lay out GPUs and parallelism",
        "Prefix caching is on by default. Change one thing at a time and measure.",
        (Command("Linux server", "\n".join(lines)),),
    )


def _lm_studio(_: Answers) -> Plan:
    return Plan(
        "lm_studio",
        "Try LM Studio beside Ollama",
        "S00",
        (
            Step(
                "Install it and start it once",
                "The desktop app is at lmstudio.ai. It brings its command line tool, lms, along.",
            ),
            Step(
                "Fetch a model and serve it",
                "",
                (Command("Any shell", "lms get qwen/qwen3-8b\nlms load qwen/qwen3-8b\nlms server start"),),
            ),
            Step(
                "Point the same tool at it",
                "The same client works with both: only the port differs.",
                (_client("http://localhost:1234/v1", "qwen/qwen3-8b", "lm-studio"),),
            ),
            Step("Keep the one you like", "A day with each tells more than a table. Remove the other."),
        ),
    )


def _find_out(_: Answers) -> Plan:
    return Plan(
        "find_out",
        "First, answer what would settle it",
        "",
        (Step("Begin with the question that can change most", "Nothing is to be installed or decided before."),),
    )


def _agree(_: Answers) -> Plan:
    return Plan(
        "agree",
        "First, change one requirement",
        "",
        (
            Step("Take the ways out to the people who can decide", "Nothing is worth installing before one is chosen."),
            Step("Come back with the changed answer", "This page is then computed anew, with commands."),
        ),
    )


def _client(base_url: str, model: str, key: str) -> Command:
    shown = f'"{key}"' if key else 'os.environ["VLLM_API_KEY"]'
    imports = "" if key else "import os\n\n"
    return Command(
        "Python, after: pip install openai",
        f"{imports}from openai import OpenAI\n\n"
        f'client = OpenAI(base_url="{base_url}", api_key={shown})\n'
        "answer = client.chat.completions.create(\n"
        f'    model="{model}",\n'
        '    messages=[{"role": "user", "content": "Say hello"}],\n'
        ")\n"
        "print(answer.choices[0].message.content)",
    )


def _chosen(answers: Answers, question: str) -> set[str]:
    value = answers.get(question, ())
    return {value} if isinstance(value, str) else set(value)


_PLANS: dict[str, tuple[Callable[[Answers], Plan], ...]] = {
    "open": (_find_out,),
    "ollama": (_ollama,),
    "start_with_ollama": (_ollama,),
    "vllm": (_vllm,),
    "split": (_ollama, _vllm),
    "lm_studio_first": (_lm_studio, _ollama),
    "conflict": (_agree,),
}
