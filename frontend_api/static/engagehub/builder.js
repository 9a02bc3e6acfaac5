/* The builder of a form: rows are added, moved and removed; each shows only what its kind of answer asks for.
   Without it blank rows stand ready, and a row's place is a number. */
(function () {
  "use strict";

  function changed(line) {
    line.closest("form").dispatchEvent(new Event("engagehub:rows", { bubbles: true }));
    line.closest("form").dispatchEvent(new Event("change", { bubbles: true }));
  }

  function fit(line) {
    var kind = line.querySelector("[data-builder-kind]");
    if (!kind) return;
    line.querySelectorAll("[data-for]").forEach(function (part) {
      part.hidden = part.dataset.for.split(" ").indexOf(kind.value) < 0;
    });
    if (kind.value === "choice" && !line.querySelector("[name=f-choices]").value) line.querySelector("details").open = true;
  }

  function count(box) {
    var lines = box.querySelectorAll("[data-builder-line]");
    lines.forEach(function (line, at) {
      line.querySelectorAll("[aria-label]").forEach(function (part) {
        part.setAttribute("aria-label", part.getAttribute("aria-label").replace(/\d+/, String(at + 1)));
      });
      var label = line.querySelector(".builder-main label");
      label.firstChild.textContent = label.firstChild.textContent.replace(/\d+/, String(at + 1));
      line.querySelector("[name$='-place']").value = String(at + 1);
      line.querySelector("[data-builder-up]").disabled = at === 0;
      line.querySelector("[data-builder-down]").disabled = at === lines.length - 1;
    });
    box.querySelector("[data-builder-add]").disabled = lines.length >= Number(box.dataset.most);
  }

  document.querySelectorAll("[data-builder]").forEach(function (box) {
    var list = box.querySelector(".builder-lines");
    var add = box.querySelector("[data-builder-add]");
    var said = box.querySelector("[data-builder-said]");
    var blank = list.querySelector(".is-blank");
    if (!blank) { // no room for another one: made of the last, emptied
      blank = list.lastElementChild.cloneNode(true);
      blank.querySelectorAll("input, textarea").forEach(function (input) { input.value = ""; });
    }
    var spare = blank.cloneNode(true);
    list.querySelectorAll(".is-blank").forEach(function (line) { line.remove(); });
    list.querySelectorAll("[data-builder-line]").forEach(fit);
    count(box);

    add.addEventListener("click", function () {
      var line = spare.cloneNode(true);
      line.classList.remove("is-blank");
      list.appendChild(line);
      fit(line);
      count(box);
      line.querySelector(".builder-main input").focus();
      changed(line);
    });
    box.addEventListener("change", function (event) {
      if (event.target.matches("[data-builder-kind]")) fit(event.target.closest("[data-builder-line]"));
    });
    box.addEventListener("click", function (event) {
      var button = event.target.closest("[data-builder-up], [data-builder-down], [data-builder-remove]");
      if (!button) return;
      var line = button.closest("[data-builder-line]");
      var name = line.querySelector(".builder-main input").value;
      if (button.matches("[data-builder-remove]")) {
        var next = line.nextElementSibling || line.previousElementSibling;
        line.remove();
        count(box);
        (next ? next.querySelector(".builder-main input") : add).focus();
        said.textContent = "Removed: " + name;
        changed(list);
        return;
      }
      if (button.matches("[data-builder-up]") && line.previousElementSibling) list.insertBefore(line, line.previousElementSibling);
      if (button.matches("[data-builder-down]") && line.nextElementSibling) list.insertBefore(line.nextElementSibling, line);
      count(box);
      (button.disabled ? line.querySelector("[data-builder-up]:not(:disabled), [data-builder-down]:not(:disabled)") : button).focus();
      said.textContent = name + " is now number " + (Array.prototype.indexOf.call(list.children, line) + 1);
      changed(list);
    });
  });

  var award = document.querySelector("[name=award_kind]");
  function fitAward() {
    document.querySelectorAll("[data-award-for]").forEach(function (part) { part.hidden = part.dataset.awardFor !== award.value; });
  }
  if (award) {
    award.addEventListener("change", fitAward);
    fitAward();
  }
})();
