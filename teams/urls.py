"""The pages about people and teams."""

from django.contrib.auth import views as auth
from django.urls import path

from . import views
from .forms import SignInForm

urlpatterns = [
    path("start/<str:token>/", views.start, name="start"),
    path("sign-in/", auth.LoginView.as_view(authentication_form=SignInForm), name="sign-in"),
    path("sign-out/", auth.LogoutView.as_view(), name="sign-out"),
    path(
        "password/<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(success_url="/sign-in/"),
        name="password_reset_confirm",
    ),
    path("teams/", views.teams, name="teams"),
    path("teams/<slug:slug>/", views.team, name="team"),
]
