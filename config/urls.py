"""Every address of the site: each app has its own list."""

from django.urls import include, path

urlpatterns = [
    path("health/", include("ops.urls")),
    path("", include("teams.urls")),
    path("", include("fleet.urls")),
    path("", include("advisor.urls")),
]

handler403 = "teams.views.errors.forbidden"
handler404 = "teams.views.errors.not_found"
handler500 = "teams.views.errors.broken"
