"""What each command of the next steps rests on. "Run" means: by test_real_commands.py, with the real program."""

OLLAMA = "ollama/ollama v0.33.0-rc2, 21 August 2026: "
LM_STUDIO = "lmstudio-ai/docs, 29 April 2026: "
VLLM = "vllm 0.33.0, 2 November 2026: docs/"
INSTALLATION = f"{VLLM}getting_started/installation/"
PYTHON = "Python, after: pip install openai"

SOURCES = {
    ("ollama", "macOS or Linux"): f"{OLLAMA}README.md, scripts/install.sh",
    ("ollama", "Windows, PowerShell"): f"{OLLAMA}README.md (install.ps1), docs/faq.mdx (its port)",
    ("ollama", "Any shell"): f"{OLLAMA}README.md, docs/faq.mdx (ollama ps)",
    ("ollama", "macOS"): f"{OLLAMA}docs/faq.mdx (binds 127.0.0.1:11434); lsof(8)",
    ("ollama", "Linux"): f"{OLLAMA}docs/faq.mdx (binds 127.0.0.1:11434); ss(8). Run",
    ("ollama", "macOS, then quit the app and open it again"): f"{OLLAMA}docs/faq.mdx (variables on Mac)",
    ("ollama", "Linux, where it runs as a service"): f"{OLLAMA}docs/faq.mdx (variables on Linux)",
    ("ollama", "Windows, then quit the app and open it again"): f"{OLLAMA}docs/faq.mdx (variables on Windows); setx",
    ("ollama", "Linux or macOS: a key"): "openssl-rand(1)",
    ("ollama", "Linux with nginx"): f"{OLLAMA}docs/faq.mdx (proxy server, Host localhost:11434). Run",
    ("ollama", PYTHON): f"{OLLAMA}docs/api/openai-compatibility.mdx",
    ("lm_studio", "Any shell"): f"{LM_STUDIO}3_cli/0_local-models, 3_cli/1_serve/server-start.md",
    ("lm_studio", PYTHON): f"{LM_STUDIO}OpenAI compatibility",
    ("vllm", "Linux, NVIDIA GPUs"): f"{INSTALLATION}gpu.cuda.inc.md (download-kernels)",
    ("vllm", "Linux, AMD GPUs"): f"{INSTALLATION}gpu.rocm.inc.md (Python 3.12 only)",
    ("vllm", "Linux, CPU only (x86-64)"): f"{INSTALLATION}cpu.x86.inc.md (wheel, LD_PRELOAD)",
    ("vllm", "Linux, Google TPU"): f"{VLLM}getting_started/quickstart.md",
    ("vllm", "macOS, Apple silicon: the community plugin vLLM-Metal"): "vllm-project/vllm-metal: README.md",
    ("vllm", "macOS: start it, with a model in MLX's format"): f"{INSTALLATION}gpu.apple.inc.md",
    ("vllm", "Windows, PowerShell: a Linux inside it first"): f"{INSTALLATION}gpu.md (points to WSL)",
    ("vllm", "Windows, PowerShell: a key"): "Microsoft's reference for RandomNumberGenerator; not run",
    ("vllm", "Windows, PowerShell with Docker Desktop (WSL 2), NVIDIA GPUs"): f"{INSTALLATION}gpu.cuda.inc.md; not run",
    ("vllm", "Linux or macOS: a key"): "openssl-rand(1). Run",
    ("vllm", "Linux: start it"): f"{VLLM}serving/online_serving/openai_compatible_server.md, usage/security.md. Run",
    ("vllm", "Linux with Docker, NVIDIA GPUs"): f"{INSTALLATION}gpu.cuda.inc.md",
    ("vllm", "Linux with Docker, AMD GPUs"): f"{INSTALLATION}gpu.rocm.inc.md",
    ("vllm", "Linux with Docker, Intel GPUs"): f"{INSTALLATION}gpu.xpu.inc.md, without its --network=host",
    ("vllm", "Linux with Docker, CPU only (x86-64)"): f"{INSTALLATION}cpu.x86.inc.md",
    ("vllm", "A shorter context, if it does not fit"): f"{VLLM}configuration/conserving_memory.md",
    ("vllm", "Linux: one model over two GPUs"): f"{VLLM}serving/parallelism_scaling.md",
    ("vllm", "Linux: two copies, for more requests"): f"{VLLM}serving/data_parallel_deployment.md",
    ("vllm", "Linux with nginx"): f"{VLLM}deployment/nginx.md, usage/security.md (allow routes one by one). Run",
    ("vllm", "Linux or macOS: does it work?"): f"{VLLM}usage/security.md (what the key guards). Run",
    ("vllm", PYTHON): f"{VLLM}getting_started/quickstart.md",
}
"""(plan, where the command is for) -> where it was read."""
