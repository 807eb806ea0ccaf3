"""Every address of the site: each app has its own list."""

from django.urls import include, path

from . import health

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("", include("teams.urls")),
    path("", include("fleet.urls")),
    path("", include("advisor.urls")),
]

handler403 = "teams.views.errors.forbidden"
handler404 = "teams.views.errors.not_found"
