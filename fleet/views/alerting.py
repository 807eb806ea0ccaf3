"""A team's notifications: their page, test messages, and its recipients."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.mail_addresses import same
from core.tags import read_tags, split
from teams import confirmations
from teams.access import allows, person, team_of, teams_of
from teams.models import Role, Team
from teams.views.addresses import ask_new

from ..alerts import policy, recipients, test_messages
from ..alerts.forms import AlertingForm
from ..endpoints.tags import in_use
from ..models import AlertPolicy, Channel, Endpoint
from ..queries.alerting import not_alerted, people


@require_GET
def choose(request: HttpRequest) -> HttpResponse:
    """To the alert settings of a team: the one that `team` names, else the first that the person is a member of."""
    user, slug = person(request), request.GET.get("team", "")
    if slug:
        return redirect("alerting", team_of(request, slug).slug)
    team = teams_of(user).filter(memberships__user=user).first() or teams_of(user).first()
    return redirect("alerting", team.slug) if team else render(request, "fleet/alerting_none.html")


@never_cache
@sensitive_post_parameters("apprise_url", "webhook_url")
@require_http_methods(["GET", "POST"])
def alerting(request: HttpRequest, slug: str) -> HttpResponse:
    """The team's rules; owners change them. A new secret is in the answer to the POST that made it, nowhere else."""
    team = team_of(request, slug, Role.OWNER if request.method == "POST" else Role.VIEWER)
    rules = policy.policy_of(team)
    form = AlertingForm(request.POST or None, policy=rules)
    if request.method != "POST" or not form.is_valid():
        return _page(request, team, form, rules)
    secret = policy.save(form.changed_policy())
    messages.success(request, "Saved.")
    ask_new(request, team)
    if not secret:
        return redirect("alerting", team.slug)
    return _page(request, team, AlertingForm(policy=policy.policy_of(team)), rules, secret)


def _page(request: HttpRequest, team: Team, form: AlertingForm, rules: AlertPolicy, secret: str = "") -> HttpResponse:
    pending = confirmations.pending(team)
    waiting = {row.address for row in pending}
    shown = {
        "team": team,
        "teams": list(teams_of(person(request)).values_list("slug", "name")),
        "form": form,
        "people": [one for one in people(team, rules) if same(one.address) not in waiting],
        "not_alerted": not_alerted(team, rules),
        "tags": in_use(Endpoint.objects.filter(team=team)),
        "pending": pending,
        "apprise": bool(rules.apprise_url),
        "webhook": bool(rules.webhook_url),
        "secret": secret,
        "mail_works": settings.EMAIL_CONFIGURED,
        "may_change": allows(person(request), team, Role.OWNER),
    }
    return render(request, "fleet/alerting.html", shown)


@require_POST
def alerting_test(request: HttpRequest, slug: str) -> HttpResponse:
    """Sends a test by one channel and shows the result. Takes up to 10 seconds."""
    team = team_of(request, slug, Role.OWNER)
    channel = request.POST.get("channel", "")
    if channel not in Channel.values:
        raise Http404("There is no such channel.")
    if not test_messages.allowed(person(request).pk, team.pk):
        messages.warning(request, test_messages.REFUSED)
        return redirect("alerting", team.slug)
    tried = test_messages.mail(team) if channel == Channel.MAIL else [test_messages.call(team, Channel(channel))]
    for one in tried:
        messages.add_message(request, messages.SUCCESS if one.taken else messages.ERROR, one.sentence)
    return redirect("alerting", team.slug)


@require_POST
def alerting_recipient(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes back that an address unsubscribed or bounced, or limits it to tags."""
    team = team_of(request, slug, Role.OWNER)
    address = request.POST.get("address", "")
    wanted = request.POST.get("act", "")
    act = {"subscribe": recipients.subscribe, "clear": recipients.clear}.get(wanted)
    if (act is None and wanted != "tags") or same(address) not in confirmations.on_lists(team):
        raise Http404("The team has no such address.")
    if act is None:
        return _tags(request, team, address)
    act(team, address)
    messages.success(request, f"{address} gets the team's mails.")
    return redirect("alerting", team.slug)


def _tags(request: HttpRequest, team: Team, address: str) -> HttpResponse:
    try:
        tags = read_tags(split(request.POST.get("tags", "")))
    except ValueError as error:
        messages.error(request, f"Nothing was changed. {error}")
    else:
        recipients.choose_tags(team, address, tags)
        about = f"endpoints tagged {' or '.join(tags)}" if tags else "all endpoints"
        messages.success(request, f"{address} gets alerts about {about} of {team}.")
    return redirect("alerting", team.slug)
