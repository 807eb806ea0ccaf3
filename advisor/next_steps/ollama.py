"""Setting up Ollama. It has no key of its own, so no command makes it listen anywhere but on loopback.

Read in ollama/ollama at v0.33.0-rc2, 21 August 2026, the newest copy that could be had in November 2026.
"""

from ..recommendation.values import Answers, chosen
from .plan import Command, Plan, Step, client
from .proxy import ADDRESS, ELSEWHERE, LETS_THROUGH, new_key, nginx

MODEL = "qwen3:8b"
PORT = 11434
SETTINGS = {"OLLAMA_NUM_PARALLEL": "4", "OLLAMA_KEEP_ALIVE": "30m"}


def plan(outcome: str, answers: Answers) -> Plan:
    """The steps for a machine that people use themselves or, where many call it, for one behind a proxy."""
    shared = outcome != "split" and answers.get("callers") in ("many", "both")
    return Plan(
        "ollama",
        "Set up Ollama",
        "S07",
        (
            Step("Install it", "The app or the script also starts it in the background.", _install(answers)),
            Step(
                "Pull a model",
                "An example: choose one that fits your memory. The last line shows whether it runs on the GPU.",
                (Command("Any shell", f"ollama pull {MODEL}\nollama run {MODEL} Hello\nollama ps"),),
            ),
            *((_settings(answers), _proxy(answers)) if shared else (_local(answers),)),
            Step(
                "Connect your tool",
                "Give it this base URL. Clients have to send a key: the one that the proxy asks for."
                if shared
                else "Give it this base URL, with any key: Ollama does not ask for one.",
                (
                    client(ADDRESS, MODEL, 'os.environ["LLM_KEY"]')
                    if shared
                    else client(f"http://localhost:{PORT}/v1", MODEL, '"ollama"'),
                ),
            ),
        ),
    )


def _systems(answers: Answers) -> set[str]:
    """mac, linux, windows: those that were named, or all."""
    named = {machine.split("_")[0] for machine in chosen(answers, "machines")}
    return named or {"mac", "linux", "windows"}


def _install(answers: Answers) -> tuple[Command, ...]:
    systems = _systems(answers)
    unix = Command("macOS or Linux", "curl -fsSL https://ollama.com/install.sh | sh")
    windows = Command("Windows, PowerShell", "irm https://ollama.com/install.ps1 | iex")
    return (*((unix,) if systems & {"mac", "linux"} else ()), *((windows,) if "windows" in systems else ()))


def _local(answers: Answers) -> Step:
    commands = {
        "mac": Command("macOS", f"lsof -nP -iTCP:{PORT} -sTCP:LISTEN"),
        "linux": Command("Linux", f"ss -ltn 'sport = :{PORT}'"),
        "windows": Command("Windows, PowerShell", f"Get-NetTCPConnection -LocalPort {PORT} -State Listen"),
    }
    systems = _systems(answers)
    return Step(
        "Keep it local",
        f"It runs already, and listens on 127.0.0.1:{PORT} and nowhere else unless OLLAMA_HOST is set. This shows "
        "the address: anything but 127.0.0.1 or ::1 is open to your network, without a key. One machine that several "
        "people share needs a proxy with a key, as for many callers.",
        tuple(command for system, command in commands.items() if system in systems),
    )


def _settings(answers: Answers) -> Step:
    lines = "".join(f'Environment="{name}={value}"\\n' for name, value in SETTINGS.items())
    folder = "/etc/systemd/system/ollama.service.d"
    commands = {
        "mac": Command(
            "macOS, then quit the app and open it again",
            "\n".join(f"launchctl setenv {name} {value}" for name, value in SETTINGS.items()),
        ),
        "linux": Command(
            "Linux, where it runs as a service",
            f"sudo mkdir -p {folder}\n"
            f"printf '[Service]\\n{lines}' | sudo tee {folder}/parallel.conf\n"
            "sudo systemctl daemon-reload && sudo systemctl restart ollama",
        ),
        "windows": Command(
            "Windows, then quit the app and open it again",
            "\n".join(f"setx {name} {value}" for name, value in SETTINGS.items()),
        ),
    }
    systems = _systems(answers)
    return Step(
        "Let it work on several requests",
        "By default one request for each model is worked on at a time. Four at once take four times the memory for "
        "context. Models of some families, and all in the MLX engine, stay at one.",
        tuple(command for system, command in commands.items() if system in systems),
    )


def _proxy(answers: Answers) -> Step:
    elsewhere = ELSEWHERE if _systems(answers) & {"mac", "windows"} else ""
    headers = f'        proxy_set_header Host localhost:{PORT};\n        proxy_set_header Authorization "";\n'
    return Step(
        "Open it to the team, behind a key",
        "It has no keys of its own, so leave it on 127.0.0.1 and put a proxy on the same machine in front. The Host "
        "line matters: Ollama answers other host names with an empty 403. Do not set OLLAMA_HOST against that 403: "
        f"it opens the server to everybody. {LETS_THROUGH}{elsewhere}",
        (new_key("LLM_KEY"), nginx(f"127.0.0.1:{PORT}", "LLM_KEY", headers)),
    )
