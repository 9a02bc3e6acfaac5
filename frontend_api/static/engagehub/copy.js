/* Copies what stands in a field that is shown once. Without it the field can be marked and copied by hand. */
(function () {
  "use strict";
  document.querySelectorAll("[data-copy]").forEach(function (button) {
    var field = document.getElementById(button.dataset.copy);
    var text = button.querySelector("[data-copy-text]");
    field.addEventListener("focus", function () { field.select(); });
    button.addEventListener("click", function () {
      field.select();
      navigator.clipboard.writeText(field.value).then(
        function () { text.textContent = "Copied"; },
        function () { text.textContent = "Press Ctrl-C"; }
      );
    });
  });
})();
