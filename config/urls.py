"""Every address of the site: each app has its own list."""

from django.urls import include, path

from . import health_pages

urlpatterns = [
    path("health/live", health_pages.live, name="health-live"),
    path("health/ready", health_pages.ready, name="health-ready"),
    path("", include("teams.urls")),
    path("", include("fleet.urls")),
    path("", include("advisor.urls")),
]

handler403 = "teams.views.errors.forbidden"
handler404 = "teams.views.errors.not_found"
handler500 = "teams.views.errors.broken"
