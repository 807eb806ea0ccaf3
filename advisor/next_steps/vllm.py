"""Setting up vLLM, by accelerator.

Read in the 0.33.0 release of vllm-project/vllm, 2 November 2026. Two things of it make careless commands dangerous: it
listens on all interfaces unless it is given a host, and it starts without a key, and without a warning, when the key is
empty. So each command that starts it names loopback, and refuses an empty key in the same command: on a line of its own
such a guard ends a script, but not what is pasted into a shell.
"""

from ..recommendation.values import Answers, chosen
from .plan import Command, Plan, Step, client
from .proxy import ADDRESS, LETS_THROUGH, new_key, nginx

VERSION = "0.33.0"
MODEL = "Qwen/Qwen3-8B"
METAL_MODEL = "mlx-community/Qwen2.5-0.5B-Instruct-4bit"
KEY = "VLLM_API_KEY"
PORT = 8000
GUARD = f'{KEY}="${{{KEY}:?set a key first}}"'
RELEASES = f"https://github.com/vllm-project/vllm/releases/download/v{VERSION}"
ROCM = f"https://wheels.vllm.ai/rocm/{VERSION}/rocm100"
ENVIRONMENT = "uv venv --python 3.12 --seed && . .venv/bin/activate &&\n "

INSTALL = {
    "NVIDIA GPUs": f"{ENVIRONMENT} uv pip install vllm=={VERSION} --torch-backend=auto &&\n  vllm download-kernels",
    "AMD GPUs": f"{ENVIRONMENT} uv pip install vllm=={VERSION} --extra-index-url {ROCM}",
    "CPU only (x86-64)": f"{ENVIRONMENT} uv pip install --torch-backend cpu"
    f' "{RELEASES}/vllm-{VERSION}+cpu-cp38-abi3-manylinux_2_34_x86_64.whl"\n'
    'export LD_PRELOAD="$(find "$PWD/.venv" -name libiomp5.so | head -n 1)"',
    "Google TPU": f"{ENVIRONMENT} uv pip install vllm-tpu",
}
"""For each accelerator with a package of its own: the commands for Linux."""

IMAGES = {
    "NVIDIA GPUs": ("vllm/vllm-openai", "--gpus all --ipc=host"),
    "AMD GPUs": (
        "vllm/vllm-openai-rocm",
        "--device /dev/kfd --device /dev/dri --group-add=video --cap-add=SYS_PTRACE "
        "--security-opt seccomp=unconfined --ipc=host",
    ),
    "Intel GPUs": (
        "vllm/vllm-openai-xpu",
        "--device /dev/dri:/dev/dri -v /dev/dri/by-path:/dev/dri/by-path --privileged --ipc=host",
    ),
    "CPU only (x86-64)": ("vllm/vllm-openai-cpu", "--shm-size=4g"),
}
"""For each accelerator with an image of its own: its name, and what docker has to hand to it."""


def plan(outcome: str, answers: Answers) -> Plan:
    """The steps for the accelerators that were named; NVIDIA, AMD and Intel where a GPU or nothing was."""
    local = outcome != "split" and answers.get("callers") in ("me", "small_local")
    return Plan(
        "vllm",
        "Set up vLLM",
        "S07",
        (
            Step(
                "Stand up a server",
                "vLLM needs Linux with Python 3.11 to 3.14, and 3.12 for AMD; uv, from docs.astral.sh/uv, brings one. "
                "It starts once the model is loaded, which can take minutes. Started with an empty key it asks nobody "
                "for one, and without --host it listens on all interfaces: these commands refuse the one and set the "
                "other. Its own ports between processes can be on all interfaces too, so have a firewall."
                + _about_systems(answers),
                _start(answers),
            ),
            _deploy(answers),
            _fit(answers),
            *(() if local else (_open(),)),
            _connect(answers, local),
        ),
    )


def serve(model: str = MODEL, flags: str = "") -> str:
    """The command that starts vLLM on this machine's loopback, and only with a key."""
    return f"{GUARD} vllm serve {model} --host 127.0.0.1{flags}"


def _accelerators(answers: Answers) -> list[str]:
    named = chosen(answers, "accelerator")
    gpus = ["NVIDIA GPUs", "AMD GPUs", "Intel GPUs"]
    others = {"apple": "Apple silicon", "cpu": "CPU only (x86-64)", "tpu": "Google TPU"}
    labels = [label for option, label in others.items() if option in named]
    return gpus + labels if named & {"one_gpu", "multi_gpu"} or not labels else labels


def _about_systems(answers: Answers) -> str:
    text = ""
    if "windows" in chosen(answers, "machines"):
        text += (
            " On Windows it runs inside WSL. With WSL's default network (NAT) other machines do not reach it: set "
            "networkingMode=mirrored under [wsl2] in .wslconfig (Windows 11), or forward a port to the proxy."
        )
    if "tpu" in chosen(answers, "accelerator"):
        text += (
            " The pages for TPUs are at docs.vllm.ai/projects/tpu. Other accelerators, such as Gaudi and Ascend, have "
            "a plugin with pages of its own."
        )
    if "multi_node" in chosen(answers, "scaling"):
        text += " Traffic between nodes is neither encrypted nor authenticated: give them a private network."
    return text


def _start(answers: Answers) -> tuple[Command, ...]:
    labels = _accelerators(answers)
    commands = []
    if "windows" in chosen(answers, "machines"):
        commands.append(Command("Windows, PowerShell: a Linux inside it first", "wsl --install"))
    commands += [Command(f"Linux, {label}", INSTALL[label]) for label in labels if label in INSTALL]
    if "Apple silicon" in labels:
        script = "https://raw.githubusercontent.com/vllm-project/vllm-metal/main/install.sh"
        commands.append(
            Command(
                "macOS, Apple silicon: the community plugin vLLM-Metal",
                f"curl -fsSL {script} | bash\n. ~/.venv-vllm-metal/bin/activate",
            )
        )
    commands.append(new_key(KEY))
    if any(label in INSTALL for label in labels):
        commands.append(Command("Linux: start it", serve()))
    if "Apple silicon" in labels:
        commands.append(Command("macOS: start it, with a model in MLX's format", serve(METAL_MODEL)))
    return tuple(commands)


def _deploy(answers: Answers) -> Step:
    commands = _docker(answers)
    text = "The pages of the plugin say how: vLLM's own have no image for this accelerator."
    if commands:
        text = (
            "A package is easy to try; the pinned image is easier to keep the same everywhere. The volume keeps the "
            "model, so that it is not downloaded at each start. Docker before version 28 lets machines of the same "
            "network segment reach ports that are published on 127.0.0.1."
        )
    return Step("Choose how to deploy it", text, commands)


def _docker(answers: Answers) -> tuple[Command, ...]:
    flags = _parallel(answers)
    needs = f", {2 ** flags.count('-parallel-size')} of them" if flags else ""
    commands = []
    for label in _accelerators(answers):
        if label not in IMAGES:
            continue
        image, devices = IMAGES[label]
        tag = f"v{VERSION}-x86_64" if label.startswith("CPU") else f"v{VERSION}"
        gpus = label.endswith("GPUs")
        commands.append(
            Command(
                f"Linux with Docker, {label}{needs if gpus else ''}",
                f"{GUARD} docker run --rm -e {KEY} -p 127.0.0.1:{PORT}:{PORT} \\\n"
                f"  {devices} \\\n"
                "  -v ~/.cache/huggingface:/root/.cache/huggingface \\\n"
                f"  {image}:{tag} {MODEL}{flags if gpus else ''}",
            )
        )
        if label == "NVIDIA GPUs" and "windows" in chosen(answers, "machines"):
            commands += _powershell(f"{image}:{tag} {MODEL}{flags}", devices)
    return tuple(commands)


def _powershell(run: str, devices: str) -> list[Command]:
    """The same for Docker Desktop. The condition is the key itself: zsh knows this form of `if`, and finds it false."""
    return [
        Command(
            "Windows, PowerShell: a key",
            "$bytes = [byte[]]::new(24)\n"
            "[Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($bytes)\n"
            f"($env:{KEY} = [BitConverter]::ToString($bytes).Replace('-', ''))",
        ),
        Command(
            "Windows, PowerShell with Docker Desktop (WSL 2), NVIDIA GPUs",
            f"if ($env:{KEY}) {{ docker run --rm -e {KEY} -p 127.0.0.1:{PORT}:{PORT} {devices} "
            f'-v "$HOME/.cache/huggingface:/root/.cache/huggingface" {run} }} '
            "else { throw 'set a key first' }",
        ),
    ]


def _parallel(answers: Answers) -> str:
    wanted = {"tensor_parallel": " --tensor-parallel-size 2", "data_parallel": " --data-parallel-size 2"}
    return "".join(flag for option, flag in wanted.items() if option in chosen(answers, "scaling"))


def _fit(answers: Answers) -> Step:
    """What to change first. `--max-num-seqs` is not it: its default is higher than most would set on a large GPU."""
    commands = [Command("A shorter context, if it does not fit", serve(_model(answers), " --max-model-len 32768"))]
    title = "Fit the model and its context into memory"
    if "multi_gpu" in chosen(answers, "accelerator") or _parallel(answers):
        title = "Lay out GPUs and parallelism"
        commands += [
            Command("Linux: one model over two GPUs", serve(flags=" --tensor-parallel-size 2")),
            Command("Linux: two copies, for more requests", serve(flags=" --data-parallel-size 2")),
        ]
    return Step(
        title,
        "vLLM reserves memory for the model's whole context and does not start where that is too long: --max-model-len "
        "shortens it. Prefix caching is on by default. Change one thing at a time and measure.",
        tuple(commands),
    )


def _open() -> Step:
    return Step(
        "Open it to your clients",
        "The key guards /v1, /v2, /inference and /cohere. /invocations runs the model without it, and /tokenize, "
        "/scale_elastic_ep and others answer too, so leave vLLM on 127.0.0.1 and put a proxy on the same machine in "
        f"front. {LETS_THROUGH}",
        (nginx(f"127.0.0.1:{PORT}", KEY),),
    )


def _model(answers: Answers) -> str:
    return METAL_MODEL if _accelerators(answers) == ["Apple silicon"] else MODEL


def _connect(answers: Answers, local: bool) -> Step:
    base_url = f"http://127.0.0.1:{PORT}/v1" if local else ADDRESS
    return Step(
        "Connect your clients",
        "The first line succeeds once the model is loaded. The second sends no key and must print 401: if it prints "
        "200, stop the server, it runs without one.",
        (
            Command(
                "Linux or macOS: does it work?",
                f"curl -f http://127.0.0.1:{PORT}/health\n"
                f"curl -s -o /dev/null -w '%{{http_code}}' http://127.0.0.1:{PORT}/v1/models",
            ),
            client(base_url, _model(answers), f'os.environ["{KEY}"]'),
        ),
    )
