"""The advisor's pages."""

from django.urls import URLPattern, path

from .views import decisions, form, guide, requirements, result

urlpatterns: list[URLPattern] = [
    path("advisor/", form.form, name="advisor"),
    path("advisor/preview/", form.preview, name="advisor-preview"),
    path("advisor/check/", form.check, name="advisor-check"),
    path("advisor/result/", result.result_page, name="advisor-result"),
    path("advisor/result.md", result.result_markdown, name="advisor-markdown"),
    path("advisor/result.json", result.result_json, name="advisor-json"),
    path("advisor/requirements/new/", requirements.new, name="requirement-new"),
    path("advisor/requirements/<int:pk>/", requirements.requirement, name="requirement"),
    path("advisor/requirements/<int:pk>.md", requirements.as_markdown, name="requirement-markdown"),
    path("advisor/requirements/<int:pk>.json", requirements.as_json, name="requirement-json"),
    path("advisor/requirements/<int:pk>/edit/", requirements.edit, name="requirement-edit"),
    path("advisor/requirements/<int:pk>/autosave/", requirements.autosave, name="requirement-autosave"),
    path("advisor/requirements/<int:pk>/share/", requirements.share, name="requirement-share"),
    path("advisor/requirements/<int:pk>/withdraw/", requirements.withdraw, name="requirement-withdraw"),
    path("advisor/shared/<str:token>/", requirements.shared, name="requirement-shared"),
    path("guide/", guide.index, name="guide"),
    path("guide/search/", guide.search, name="guide-search"),
    path("guide/<slug:slug>/", guide.page, name="guide-page"),
    path("decisions/", decisions.log, name="decisions"),
    path("decisions/new/", decisions.new, name="decision-new"),
    path("decisions/export.zip", decisions.export, name="decisions-export"),
    path("decisions/<int:pk>/", decisions.decision, name="decision"),
    path("decisions/<int:pk>.md", decisions.markdown, name="decision-markdown"),
    path("decisions/<int:pk>/edit/", decisions.edit, name="decision-edit"),
    path("decisions/<int:pk>/move/", decisions.move, name="decision-move"),
    path("decisions/<int:pk>/reviewed/", decisions.reviewed, name="decision-reviewed"),
    path("decisions/<int:pk>/evidence/<int:row>/", decisions.evidence, name="decision-evidence"),
    path("decisions/<int:pk>/again/", decisions.again, name="decision-again"),
]
