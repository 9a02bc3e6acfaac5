"""The site of a community that is suspended or deleted: whatever is called, one page says so."""

from django.urls import URLPattern, URLResolver, re_path

from frontend_api.site import closed

handler400 = "frontend_api.errors.handle_bad_request"
handler403 = "frontend_api.errors.handle_forbidden"
handler404 = "frontend_api.errors.handle_not_found"
handler500 = "frontend_api.errors.handle_failure"

urlpatterns: list[URLPattern | URLResolver] = [re_path(r"^", closed.show_closed, name="closed")]
