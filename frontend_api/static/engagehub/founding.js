/* The form of a new community: the browser's time zone, and an address that follows the name until somebody writes one. */
(function () {
  "use strict";
  var form = document.getElementById("new-form");
  if (!form) return;

  var zone = form.querySelector("[data-zone]");
  if (zone && !zone.value) {
    try {
      zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    } catch (error) { /* the person writes it */ }
  }

  function touched() { form.querySelector("[data-touched]").value = "1"; }

  form.addEventListener("input", function (event) {
    if (event.target.matches("[data-slug]")) touched();
  });
  form.addEventListener("click", function (event) {
    var button = event.target.closest("[data-use-slug]");
    if (!button) return;
    var input = form.querySelector("[data-slug]");
    input.value = button.dataset.useSlug;
    touched();
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  /* A second press sends nothing; the form's own key would make it harmless anyway. */
  form.addEventListener("submit", function () {
    window.setTimeout(function () {
      form.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = true; });
    }, 0);
  });
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) form.querySelectorAll("button[type=submit]").forEach(function (button) { button.disabled = false; });
  });
})();
