"""How others reach an engine: it stays on loopback, and nginx on the same machine asks for the key."""

from .plan import Command

ADDRESS = "https://llm.example.org/v1"
LETS_THROUGH = (
    "Only /v1 is passed on, everything else is a 404, so pulling, deleting and control routes stay local. The name, "
    "the certificate and its key are yours to fill in; nginx does not start without them. To watch it from elsewhere, "
    "pass on the routes that Plimsoll asks for, for Plimsoll's address alone."
)
ELSEWHERE = (
    " On macOS and Windows the lines between the EOFs go into nginx.conf, without the backslash and with your key in "
    "place of ${...}; until then nginx refuses them too."
)


def new_key(variable: str) -> Command:
    """Makes a random key and shows it, for the clients' owners."""
    return Command("Linux or macOS: a key", f'export {variable}="$(openssl rand -hex 24)"; echo "${variable}"')


def nginx(upstream: str, variable: str, headers: str = "") -> Command:
    """Writes nginx's configuration for an engine on this machine ("127.0.0.1:8000"), with the key in a variable.

    A shell that does not know the key writes no file. The key is asked for here even where the engine asks too, so that
    an engine that was once started without one is not open.
    """
    return Command(
        "Linux with nginx",
        "sudo tee /etc/nginx/conf.d/llm.conf > /dev/null <<EOF\n"
        "server {\n"
        "    listen 443 ssl;\n"
        "    server_name llm.example.org;\n"
        "    ssl_certificate /etc/ssl/certs/llm.pem;\n"
        "    ssl_certificate_key /etc/ssl/private/llm.key;\n"
        "    location / { return 404; }\n"
        "    location /v1/ {\n"
        f'        if (\\$http_authorization != "Bearer ${{{variable}:?set a key first}}") {{ return 401; }}\n'
        f"        proxy_pass http://{upstream};\n"
        f"{headers}"
        "        proxy_buffering off;\n"
        "        proxy_read_timeout 600s;\n"
        "        client_max_body_size 20m;\n"
        "    }\n"
        "}\n"
        "EOF\n"
        "sudo chmod 600 /etc/nginx/conf.d/llm.conf && sudo nginx -t && sudo systemctl reload nginx",
    )
