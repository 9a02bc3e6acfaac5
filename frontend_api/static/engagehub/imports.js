/* A file that is too large is said so before it is sent; what is being sent is said too. Everything works without it. */
(function () {
  "use strict";
  var file = document.querySelector("input[type=file][data-most]");
  if (!file) return;
  var said = document.getElementById("file-error");

  function check() {
    var chosen = file.files[0];
    var large = chosen && chosen.size > Number(file.dataset.most);
    said.textContent = large
      ? "This file is larger than " + Math.floor(file.dataset.most / 1048576) + " MB. Leave out whoever has no XP, or bring it in two parts."
      : "";
    if (large) file.setAttribute("aria-invalid", "true");
    else file.removeAttribute("aria-invalid");
    return !large;
  }

  file.addEventListener("change", check);
  file.form.addEventListener("submit", function (event) {
    if (!check()) {
      event.preventDefault();
      event.stopPropagation();
      file.focus();
      return;
    }
    file.form.querySelector("button[type=submit]").setAttribute("aria-busy", "true");
  });
})();
