"""How the installation itself is: for load balancers, service managers and every open page."""

from django.urls import path

from . import banner, health_pages

urlpatterns = [
    path("live", health_pages.live, name="health-live"),
    path("ready", health_pages.ready, name="health-ready"),
    path("banner/", banner.health_banner, name="health-banner"),
]
