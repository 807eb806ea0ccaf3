"""The pages that proxies send of their own, in their words: with nothing behind them, and where they refuse."""

from .answers import HTML, Reply, page

NGINX_404 = Reply(404, "<html><head><title>404 Not Found</title></head><hr><center>nginx</center></html>", HTML)


def nginx(status: int, title: str) -> Reply:
    """An error page of nginx."""
    body = (
        f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {title}</h1></center>\r\n<hr><center>nginx/1.27.3</center>\r\n</body>\r\n</html>\r\n"
    )
    return Reply(status, body, {**HTML, "Server": "nginx/1.27.3"})


_APACHE = """<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p>
<hr><address>Apache/2.4.62 (Debian) Server at gpu.example.org Port 80</address></body></html>"""
_AWS = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
_ENVOY = "upstream connect error or disconnect/reset before headers. reset reason: connection failure"
_CLOUDFLARE = {**HTML, "Server": "cloudflare", "CF-RAY": "8f0a1b2c3d4e5f60-FRA"}
_GOOGLE = "<title>502 Server Error</title><h1>Error: Server Error</h1><h2>Please try again in 30 seconds.</h2>"


def apache(status: int, title: str, text: str = "") -> Reply:
    """An error page of Apache."""
    body = _APACHE.format(title=f"{status} {title}", text=text)
    return Reply(status, body, {**HTML, "Server": "Apache/2.4.62 (Debian)"})


def alb(status: int, title: str) -> Reply:
    """An error page of AWS's load balancer."""
    return Reply(status, _AWS.format(f"{status} {title}"), {**HTML, "Server": "awselb/2.0"})


NOTHING_BEHIND: dict[str, Reply] = {
    "nginx_502": nginx(502, "Bad Gateway"),
    "nginx_503": nginx(503, "Service Temporarily Unavailable"),
    "nginx_504": nginx(504, "Gateway Time-out"),
    "apache_502": apache(502, "Proxy Error", "The proxy server received an invalid response from an upstream server."),
    "apache_503": apache(503, "Service Unavailable", "Maintenance downtime or capacity problems. Try again later."),
    "haproxy_503": Reply(
        503, "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n", HTML
    ),
    "traefik_502": Reply(502, "Bad Gateway"),
    "traefik_503": Reply(503, "no available server\n"),
    "traefik_504": Reply(504, "Gateway Timeout"),
    "caddy_502": Reply(502, b"", {"Server": "Caddy"}),
    "caddy_503": Reply(503, b"", {"Server": "Caddy"}),
    "envoy_503": Reply(503, _ENVOY, {"Server": "envoy"}),
    "envoy_no_healthy_upstream": Reply(503, "no healthy upstream", {"Server": "envoy"}),
    "istio_503": Reply(503, "no healthy upstream", {"Server": "istio-envoy"}),
    "cloudflare_502": Reply(502, "<title>example.org | 502: Bad gateway</title>", _CLOUDFLARE),
    "cloudflare_520": Reply(520, "<title>example.org | 520: Web server is returning an error</title>", _CLOUDFLARE),
    "cloudflare_521": Reply(521, "error code: 521", {"Server": "cloudflare"}),
    "cloudflare_522": Reply(522, "error code: 522", {"Server": "cloudflare"}),
    "cloudflare_524": Reply(524, "error code: 524", {"Server": "cloudflare"}),
    "cloudflare_tunnel_1033": Reply(530, "error code: 1033", {"Server": "cloudflare"}),
    "alb_502": alb(502, "Bad Gateway"),
    "alb_503": alb(503, "Service Temporarily Unavailable"),
    "alb_504": alb(504, "Gateway Time-out"),
    "google_502": Reply(502, f"<html>{_GOOGLE}</html>", {**HTML, "Via": "1.1 google"}),
    "varnish_503": page("503 Backend fetch failed", 503, Server="Varnish", Via="1.1 varnish"),
    "squid_503": page("ERROR: The requested URL could not be retrieved", 503, Server="squid/6.6"),
    "openshift_503": page("Application is not available", 503),
    "kong_503": Reply(503, {"message": "failure to get a peer from the ring-balancer"}, {"Server": "kong/3.9.0"}),
    "aws_api_gateway_503": Reply(503, {"message": "Service Unavailable"}, {"apigw-requestid": "abc="}),
    "azure_api_management_503": Reply(503, {"statusCode": 503, "message": "Service unavailable"}),
    "tailscale_502": Reply(502),
    "cloudflared_502": Reply(502, "<title>502 Bad Gateway</title>Unable to reach the origin service.", _CLOUDFLARE),
    "yarp_503": Reply(503, b"", {"Server": "Kestrel"}),
    "http_sys_503": Reply(503, b"", {"Server": "Microsoft-HTTPAPI/2.0"}),
    "akamai_503": Reply(503, b"", {"Server": "AkamaiGHost"}),
    "linkerd_503": Reply(503, b"", {"l5d-proxy-error": "service in fail-fast"}),
    "cloudfront_503": page("ERROR: The request could not be satisfied", 503, Server="CloudFront"),
    "kubernetes_503": Reply(
        503, {"kind": "Status", "status": "Failure", "message": 'no endpoints available for service "vllm"'}
    ),
    "ngrok_404": Reply(
        404, "The endpoint gpu.ngrok.app is offline. ERR_NGROK_3200", {"ngrok-error-code": "ERR_NGROK_3200"}
    ),
    "ngrok_502": Reply(502, "ERR_NGROK_8012", {"ngrok-error-code": "ERR_NGROK_8012"}),
    "railway_404": Reply(404, {"status": "error", "code": 404, "message": "Application not found"}),
    "modal_404": Reply(404, "modal-http: app for invoked web endpoint is stopped"),
    "huggingface_400": Reply(400, {"error": "Bad Request: Endpoint is paused, ask a maintainer to restart it"}),
    "apisix_503": page("503 Service Temporarily Unavailable", 503, Server="APISIX/3.11.0"),
}
"""A proxy whose server is gone."""

REFUSED: dict[str, Reply] = {
    "nginx_403": nginx(403, "Forbidden"),
    "apache_403": apache(403, "Forbidden", "You don't have permission to access this resource."),
    "alb_403": alb(403, "Forbidden"),
    "cloudflare_challenge": page(
        "Just a moment...", 403, **{"Server": "cloudflare", "cf-mitigated": "challenge", "CF-RAY": "8f0a1b2c3d4e5f60"}
    ),
    "cloudflare_challenge_503": page("Just a moment...", 503, **{"Server": "cloudflare", "cf-mitigated": "challenge"}),
    "cloudflare_1020": Reply(403, "error code: 1020", {"Server": "cloudflare"}),
    "cloudflare_blocked": page("Attention Required! | Cloudflare", 403, Server="cloudflare"),
    "istio_rbac": Reply(403, "RBAC: access denied", {"Server": "istio-envoy"}),
    "caddy_empty_403": Reply(403, b"", {"Server": "Caddy"}),
    "by_address": Reply(403, {"message": "Your IP address is not allowed"}, {"Server": "kong/3.9.0"}),
    "waf": Reply(403, {"error": "Access denied by WAF"}, {"Server": "nginx"}),
    "haproxy_403": Reply(403, "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n", HTML),
}
"""A proxy or firewall that does not let us through; no API key would help."""

LOGIN_ELSEWHERE = {
    "oauth2_proxy": "https://login.example.org/oauth2/start?rd=https%3A%2F%2Fgpu.example.org%2F",
    "authelia": "https://auth.example.org/?rd=https%3A%2F%2Fgpu.example.org%2F&rm=GET",
    "authentik": "https://auth.example.org/application/o/authorize/?client_id=gpu&state=abc",
    "keycloak": "https://sso.example.org/realms/it/protocol/openid-connect/auth?client_id=gpu&state=abc",
    "cloudflare_access": "https://team.cloudflareaccess.com/cdn-cgi/access/login/gpu.example.org?kid=abc",
    "entra": "https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=abc",
    "google_iap": "https://accounts.google.com/o/oauth2/v2/auth?client_id=abc",
    "pangolin": "https://pangolin.example.org/auth/resource/3?redirect=https%3A%2F%2Fgpu.example.org",
}
LOGIN_HERE: dict[str, Reply] = {
    "oauth2_proxy": page("Sign In", 200),
    "oauth2_proxy_403": page("Sign In", 403),
    "authelia": Reply(
        401, '<a href="https://auth.example.org/?rd=https%3A%2F%2Fgpu.example.org">401 Unauthorized</a>', HTML
    ),
    "authentik": page("authentik", 200, Server="nginx", **{"X-Powered-By": "authentik"}),
    "keycloak": page("Sign in to it", 200),
    "jupyterhub": page("JupyterHub - Sign in", 200, Server="TornadoServer/6.4"),
    "ngrok": page("You are about to visit gpu.ngrok-free.app", 200, **{"ngrok-error-code": "ERR_NGROK_6024"}),
}
"""Pages for people in place of every answer."""

PLAIN_HTTP: dict[str, Reply] = {
    "go": Reply(400, "Client sent an HTTP request to an HTTPS server.\n"),
    "caddy": Reply(400, "Client sent an HTTP request to an HTTPS server.\n", {"Server": "Caddy"}),
    "nginx": Reply(
        400,
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head><body><center>"
        "<h1>400 Bad Request</h1></center><center>The plain HTTP request was sent to HTTPS port</center></body></html>",
        {**HTML, "Server": "nginx"},
    ),
    "apache": apache(
        400,
        "Bad Request",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />Instead use the HTTPS scheme.",
    ),
    "kong": Reply(426, {"message": "Please use HTTPS protocol"}, {"Server": "kong/3.9.0"}),
    "iis": Reply(403, "SSL required"),
    "tomcat": Reply(400, "Bad Request\r\nThis combination of host and port requires TLS.\r\n"),
}
HOST_REJECTED: dict[str, Reply] = {
    "ollama": Reply(403, b""),
    "ollama_behind_nginx": Reply(403, b"", {"Server": "nginx/1.27.3"}),  # nginx's own page is never empty
    "ollama_behind_caddy": Reply(403, b"", {"Via": "1.1 Caddy"}),
    "starlette": Reply(400, "Invalid host header"),
    "vite": Reply(403, 'Blocked request. This host ("gpu.example.org") is not allowed.\nTo allow this host, add it.'),
    "webpack": Reply(403, "Invalid Host header"),
    "asp_net": page("Bad Request - Invalid Hostname", 400, Server="Microsoft-HTTPAPI/2.0"),
    "werkzeug": Reply(400, "Host 'gpu.example.org' is not trusted."),
    "mcp": Reply(421, "Invalid Host header"),
    "django": page("DisallowedHost at /: Invalid HTTP_HOST header: 'gpu.example.org'", 400),
}
"""Servers that do not know the name they are called by."""
