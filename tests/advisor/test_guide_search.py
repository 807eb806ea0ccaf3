"""Search in the guide: the words people use, typing errors, other names, and nothing at all."""

import re
from html import unescape

import pytest
from django.test import Client

from advisor.guide.search import search
from advisor.guide.vocabulary import stem, terms

ASKED = {
    "how-many-users": (
        "how many users", "how many users can ollama handle", "ollama max concurrent users",
        "when is ollama too small", "number of people on one ollama", "ollama 50 users",
        "how many poeple can use ollama", "ollama user limit", "does ollama scale to 20 employees",
        "when do I outgrow Ollama?", "concurrent usres ollama", "how many concurrent requests can ollama serve",
        "ollama for a team of 10", "max number of users", "ollama maximum load", "how big a team can share ollama",
        "simultaneous users", "ollama concurrency limit", "ollama concurency", "capacity of ollama",
        "how many peple", "can ollama handle 100 users", "how many simultaneous chats", "maximum users per GPU",
        "ollama too many users", "user capacity", "how many developers can share one ollama server",
        "team size for ollama",
    ),
    "faster-for-one": (
        "which is faster", "is vllm faster than ollama", "ollama vs vllm speed", "performance for a single user",
        "tokens per second one user", "benchmark ollama vllm", "fastr for one person",
        "vllm slower than ollama single user", "speed comparison", "which one is quicker for one person", "speed",
        "is ollama slow", "ollama or vllm for single user performance", "who is faster vllm or ollama",
        "tok/s ollama vs vllm", "ollama vs vllm benchmarks", "latency single user", "is vllm worth it for one user",
        "ollama slower than vllm?", "single-user speed", "which engine has better performance",
        "faster inference alone", "tokens per sec ollama", "speed diffrence ollama vllm",
    ),
    "one-after-the-other": (
        "requests run one after the other", "why does ollama queue requests", "parallel requests ollama",
        "ollama sequential", "OLLAMA_NUM_PARALLEL", "ollama handles only one request at a time",
        "requests are serialized", "paralel requests", "concurrent requests ollama", "requests wait for each other",
        "num parallel", "ollama one request at a time", "ollama blocks second request", "requests queued",
        "how to enable parallel in ollama", "ollama parallelism setting", "why are my calls waiting",
        "ollama batch requests", "sequentially processed requests", "ollama processes one prompt at a time",
        "my requests are queued", "ollama does not run in parallel", "second request waits", "OLLAMA_NUM_PARALEL",
        "increase parallel requests", "why does ollama handle requests sequentially", "simultaneous requests ollama",
    ),
    "cost": (
        "price", "cost", "what does it cost", "is self-hosting worth it", "self hosting cheaper than api", "costs",
        "how expensive is it", "budget", "is it worth the money", "cheeper than openai",
        "how much does self hosting cost", "TCO", "cheaper than OpenAI API?", "hardware costs", "expensive",
        "electricity cost", "self-hosted vs api cost", "return on investment", "pricing",
        "is it cheaper to self host", "how much money", "cost of self-hosting an llm", "what would it cost us",
        "save money", "gpu price", "expences",
    ),
    "production": (
        "ollama in production", "can I use ollama in prod", "is ollama production ready", "ollama for enterprise",
        "prodution ollama", "run ollama live for customers", "ollama production",
        "use ollama in production environment", "production ready?", "ollama prod",
        "should i use ollama for production", "is ollama good enough for production", "ollama production use",
        "can ollama be used in production", "is it ok to run ollama for our customers in production",
        "ollama in prduction", "productive use of ollama",
    ),
    "several-models": (
        "several models on one vllm", "multiple models vllm", "can vllm serve two models", "vllm multi model",
        "load more than one model in vllm", "vllm switch models", "mutliple models one server",
        "serve 2 models vllm", "two models one vllm instance", "vllm more than one model",
        "vllm host multiple models at once", "run several llms with vllm", "many models single vllm server",
        "swap models vllm", "host several models in vllm", "two models on same vllm",
        "vllm multiple models one port", "does vllm support multiple models", "vllm model switching",
        "multi-model vllm",
    ),
    "several-gpus": (
        "ollama multi gpu", "does ollama use several gpus", "ollama two graphics cards", "multiple gpus ollama",
        "ollama with 2 gpus", "ollama second gpu not used", "mulitple gpu ollama", "split model across gpus ollama",
        "ollama multi-gpu", "ollama multigpu", "use both gpus with ollama", "ollama only uses one gpu",
        "dual gpu ollama", "2 gpu ollama", "ollama multiple gpu support", "ollama with two gpus",
        "distribute model over gpus ollama", "second GPU idle ollama", "ollama sever gpus", "ollama 4 gpus",
    ),
    "key-on-ollama": (
        "ollama api key", "password for ollama", "how to secure ollama with a key", "ollama authentication",
        "ollama login", "ollama auth", "authentification ollama", "protect ollama with a token",
        "bearer token ollama", "add api key to ollama", "ollama password", "ollama api token", "secure ollama",
        "ollama basic auth", "how do I protect my ollama server", "ollama api-key",
        "how to add authentication to ollama", "ollama with api key", "set password ollama",
        "is there an api key for ollama", "restrict access to ollama", "ollama apikey",
    ),
    "open-webui-with-vllm": (
        "open webui vllm", "openwebui with vllm", "connect open-webui to vllm", "web ui vllm",
        "Open WebUI instead of Ollama", "openwebui vlm", "use open web ui with vllm", "openwebui vllm backend",
        "how to add vllm to open webui", "vllm as backend for open-webui", "OpenWebUI", "vllm web interface",
        "openwebui + vllm", "can open webui use vllm", "point open webui at vllm", "open-webui openai connection",
        "webui for vllm",
    ),
    "how-to-move": (
        "move from ollama to vllm", "migrate ollama to vllm", "migration", "switch from ollama to vllm",
        "replace ollama with vllm", "migrating to vllm what changes", "moving to vllm", "migrat to vllm",
        "ollama to vllm migration", "switching to vllm", "how hard is it to migrate", "change from ollama to vllm",
        "migration guide", "convert ollama to vllm setup", "transition to vllm", "moving from ollama to vllm",
        "how to migrate from ollama to vllm", "replacing ollama by vllm", "what changes when switching to vllm",
        "migartion ollama vllm", "port from ollama to vllm",
    ),
    "vllm-on-mac": (
        "vllm mac", "does vllm run on a mac", "vllm macbook", "vllm on apple silicon", "vllm macos", "vllm m3",
        "install vllm on mac", "vllm metal", "vllm aple silicon", "mac", "vllm macos support",
        "can i use vllm on my mac studio", "vllm m4 max", "vllm apple gpu", "mac mini vllm", "does vllm work on mac",
        "vllm mac os", "vllm on m1", "vllm for macbook pro", "apple silicon vllm support",
        "is vllm available for macos",
    ),
    "vllm-on-windows": (
        "vllm windows", "does vllm run on windows", "vllm on windows 11", "install vllm windows", "vllm wsl",
        "windws vllm", "vllm native windows support", "run vllm in wsl2", "windows", "vllm windows 10",
        "is windows supported by vllm", "vllm on wsl", "vllm windows install", "windoes vllm",
        "can I install vllm on windows", "vllm windows support", "vllm for windows", "vllm wsl2 setup",
        "vllm on win11",
    ),
    "gguf-in-vllm": (
        "vllm gguf", "can vllm load gguf", "use ollama models in vllm", "gguf files vllm", "ggfu vllm",
        "load my ollama models with vllm", "vllm guff", "run gguf with vllm", "gguf", "does vllm support gguf",
        "vllm quantized gguf model", "load gguf in vllm", "gguf vs safetensors", "run ollama model file in vllm",
        "gguf support in vllm", "run gguf models on vllm", "reuse ollama models in vllm", "vllm load ollama model",
        "quantized gguf vllm", "use my gguf with vllm",
    ),
    "amd": (
        "amd", "amd gpu", "radeon", "rocm", "does it work with amd cards", "radeon 7900 vllm", "ollama amd",
        "radoen", "AMD Instinct", "vllm rocm", "AMD support", "amd graphics card", "rx 7900 xtx", "ollama radeon",
        "MI300", "strix halo amd", "vllm amd gpu", "rcom", "does ollama support amd", "amd radeon support",
        "vllm on amd", "rocm support", "mi300x vllm", "amd gpus",
    ),
    "agent-forgets": (
        "coding agent forgets", "context length ollama", "agent can't call tools", "tool calling ollama not working",
        "ollama context window too small", "cline ollama forgets", "num_ctx", "opencode ollama", "contxt length",
        "copilot loses context", "ollama truncates prompt", "tools don't work on ollama",
        "agent forgets what I said", "function calling ollama", "ollama default context 4096",
        "increase context ollama", "claude code with ollama forgets", "tool calls fail", "ollama num_ctx openai api",
        "context windw", "coding assistant loses track", "my agent forgets the beginning",
        "ollama context too small", "tool calls not working with ollama", "function calls fail",
        "coding assistant forgets context", "ollama context lenght", "opencode tools not called",
        "agent loses memory",
    ),
    "leave-network": (
        "does anything leave my network", "telemetry", "privacy", "does ollama send data", "phone home",
        "is my data private", "usage statistics", "does vllm send data home", "privcy", "data leaves the company",
        "does ollama call home", "does data leave my machine", "gdpr", "is ollama private", "vllm telemetry",
        "disable telemetry", "usage stats opt out", "offline", "air gap", "is my prompt sent to the cloud",
        "does data leave our network", "does ollama phone home", "does vllm collect telemetry", "data protection",
        "privacy of prompts", "will my prompts be sent to the internet", "confidential data",
    ),
}  # fmt: skip
"""The sixteen questions of the page, by their place there, in words that people type."""

OTHERS = {
    "concurrency": "questions#load",
    "calls at the same time": "questions#load",
    "tensor-paralel": "scaling#tensor-parallelism",
    "tensor parallelization": "scaling#tensor-parallelism",
    "quantization": "glossary#quantisation",
    "quantized": "glossary#quantisation",
    "kv cache": "glossary#kv-cache",
    "kvcache": "glossary#kv-cache",
    "paged attention": "glossary#pagedattention",
    "time to first token": "glossary#ttft-time-to-first-token",
    "ttft": "glossary#ttft-time-to-first-token",
    "native windows limit": "criteria#g1",
    "G1": "criteria#g1",
    "K35": "criteria#k35",
    "previous_response_id": "api#state-in-the-responses-api",
    "reverse proxy": "glossary#reverse-proxy",
    "nginx": "security#a-proxy-with-a-key",
    "will it fit in vram": "memory#will-it-fit",
    "litelm": "gateway#one-address-for-both-with-litellm",
    "lmstudio": "alternatives#lm-studio",
    "one-page summary": "meeting#",
    "measure": "capacity#measure-your-own",
    "going back to ollama": "moving#from-vllm-to-ollama",
}
"""What else people search for, and what should be among the first five."""


def places(query: str) -> list[str]:
    return [f"{hit.passage.page.slug}#{hit.passage.anchor}" for hit in search(query).hits]


@pytest.mark.parametrize(("anchor", "query"), [(anchor, query) for anchor, all in ASKED.items() for query in all])
def test_a_question_is_among_the_first_three_in_the_words_people_use(anchor: str, query: str):
    assert f"faq#{anchor}" in places(query)[:3], places(query)[:5]


@pytest.mark.parametrize(("query", "place"), OTHERS.items())
def test_questions_criteria_glossary_and_pages_are_among_the_first_five(query: str, place: str):
    found = places(query)[:5]
    assert any(one == place or (place.endswith("#") and one.startswith(place)) for one in found), found


def test_endings_and_spellings_of_a_word_are_one_term():
    assert len({stem(word) for word in ("quantisation", "quantization", "quantised", "quantize")}) == 1
    assert len({stem(word) for word in ("serving", "serves", "server", "serve")}) == 1
    assert terms("The KV-cache of the Café") == terms("kv cache cafe")


def test_a_wrongly_typed_word_is_found_and_the_page_shows_how_it_was_read():
    found = search("windwos")
    assert [word for _, word in found.read_as] == ["windows"]
    assert found.hits


def test_a_word_that_nothing_resembles_is_left_out_and_named():
    found = search("prefix xylophone caching")
    assert found.missing == ("xylophone",)
    assert found.hits[0].passage.anchor == "prefix-caching"


@pytest.mark.parametrize("query", ["", "  ", "?!", "the of and", "xylophone zzzzqqq", "日本語", "%00", "' OR 1=1 --"])
def test_a_query_without_a_word_of_the_guide_finds_nothing_and_does_not_fail(query: str):
    assert isinstance(search(query).hits, tuple)
    if query != "' OR 1=1 --":
        assert search(query).hits == ()


@pytest.mark.django_db
def test_without_a_result_the_page_states_it_and_offers_the_contents(client: Client):
    html = unescape(client.get("/guide/search/", {"q": "xylophone"}).content.decode())
    assert "The guide has nothing for “xylophone”" in html
    assert html.count('href="/guide/faq/"') and html.count('href="/guide/glossary/"')


@pytest.mark.django_db
def test_the_search_page_shows_hits_links_them_and_repeats_the_words_harmlessly(client: Client):
    html = client.get("/guide/search/", {"q": "prefix caching"}).content.decode()
    assert 'href="/guide/scaling/#prefix-caching"' in html and "<mark>prefix</mark>" in html
    html = client.get("/guide/search/", {"q": "<script>alert(1)</script>"}).content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;" in html


def test_an_excerpt_shows_quotes_and_brackets_as_text():
    excerpts = [re.sub("</?mark>", "", hit.excerpt) for hit in search("answered stronger").hits]
    assert any("&quot;" in excerpt or "&#x27;" in excerpt for excerpt in excerpts)
    assert not any(re.search("[<>\"']", excerpt) for excerpt in excerpts)


def test_a_word_finds_the_longer_words_it_begins():
    assert "scaling#tensor-parallelism" in places("tens paral")
