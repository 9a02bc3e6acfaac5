/* Runs before the first paint, so that nobody who chose dark sees a white flash. Loaded without defer. */
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return window.localStorage.getItem("theme") || "system";
    } catch (error) {
      return "system"; // Storage is blocked: follow the system.
    }
  }

  function apply() {
    var choice = chosen();
    root.dataset.themeChoice = choice;
    root.dataset.bsTheme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
  }

  window.engagehubTheme = {
    chosen: chosen,
    choose: function (choice) {
      try {
        window.localStorage.setItem("theme", choice);
      } catch (error) {
        root.dataset.themeChoice = choice; // It holds for this page only.
      }
      apply();
    },
  };
  dark.addEventListener("change", apply);
  root.classList.add("js");
  apply();
})();
