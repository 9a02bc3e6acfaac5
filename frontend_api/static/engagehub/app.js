/* What every page shares: the theme button, relative times that stay true, avatars that fail, htmx's errors. */
(function () {
  "use strict";
  var CHOICES = ["system", "light", "dark"];
  var NAMES = { system: "as your device", light: "light", dark: "dark" };

  function say(text) {
    var region = document.getElementById("notice");
    if (!region) return;
    region.textContent = text;
    region.hidden = !text;
  }

  function showTheme() {
    var choice = window.engagehubTheme.chosen();
    document.querySelectorAll("[data-theme-button]").forEach(function (button) {
      button.setAttribute("aria-label", "Colours: " + NAMES[choice] + ". Change");
      button.title = "Colours: " + NAMES[choice];
    });
  }

  /* --- times --- */
  var STEPS = [
    [60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [604800, "day", 86400],
    [2629800, "week", 604800], [31557600, "month", 2629800], [Infinity, "year", 31557600],
  ];
  var relative = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto" });
  var exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

  function showTime(element) {
    var moment = new Date(element.dateTime);
    var seconds = (moment - Date.now()) / 1000;
    var size = Math.abs(seconds);
    element.title = exact.format(moment);
    if (size < 10) {
      element.textContent = "just now";
      return;
    }
    var step = STEPS.find(function (candidate) { return size < candidate[0]; });
    element.textContent = relative.format(Math.round(seconds / step[2]), step[1]);
  }

  function showTimes(scope) {
    scope.querySelectorAll("time[data-ago]").forEach(showTime);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-theme-button]");
    if (button) {
      var next = CHOICES[(CHOICES.indexOf(window.engagehubTheme.chosen()) + 1) % CHOICES.length];
      window.engagehubTheme.choose(next);
      showTheme();
    }
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details[data-menu][open]").forEach(function (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
  /* An avatar that is gone uncovers the initials beneath it. Errors of images do not bubble: hence capture. */
  document.addEventListener("error", function (event) {
    if (event.target.matches && event.target.matches(".avatar-face img")) event.target.remove();
  }, true);

  document.addEventListener("htmx:afterSwap", function (event) {
    showTimes(event.target);
    say("");
  });
  document.addEventListener("engagehub:swapped", function (event) { showTimes(event.target); });
  document.addEventListener("htmx:responseError", function (event) {
    var text = event.detail.xhr.getResponseHeader("X-Error");
    say(text ? decodeURIComponent(text) : "That did not work. Reload the page and try again.");
  });
  document.addEventListener("htmx:sendError", function () {
    say("We could not reach the server. Check your connection; we will try again by ourselves.");
  });

  function begin() {
    showTheme();
    showTimes(document);
    document.querySelectorAll("img").forEach(function (image) {
      if (image.matches(".avatar-face img") && image.complete && !image.naturalWidth) image.remove();
    });
    window.setInterval(function () { showTimes(document); }, 30000);
  }
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
