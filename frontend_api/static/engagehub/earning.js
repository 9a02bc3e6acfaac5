/* Forms of rules, levels and settings: lines of a condition, pickers that can be searched, the colour as it is chosen.
   Everything works without it: blank lines stand ready, every name is listed. */
(function () {
  "use strict";

  /* --- lines of a condition --- */
  function fit(line) {
    var field = line.querySelector("[name=condition_field]");
    var operator = line.querySelector("[name=condition_operator]");
    var value = line.querySelector("[name=condition_value]");
    var kind = field.selectedOptions[0] ? field.selectedOptions[0].dataset.kind || "" : "";
    var first = null;
    Array.prototype.forEach.call(operator.options, function (option) {
      var fits = option.dataset.kind === kind;
      option.hidden = option.disabled = !fits;
      if (fits && !first) first = option;
    });
    var chosen = operator.selectedOptions[0];
    if (first && (!chosen || chosen.disabled)) {
      var same = Array.prototype.find.call(operator.options, function (option) {
        return !option.disabled && chosen && option.value === chosen.value;
      });
      operator.value = "";
      (same || first).selected = true;
    }
    var names = field.value === "parent" ? "channel" : field.value;
    if (document.getElementById("names-" + names)) value.setAttribute("list", "names-" + names);
    else value.removeAttribute("list");
    value.inputMode = kind === "number" && field.value !== "weekday" ? "numeric" : "text";
  }

  function count(box) {
    Array.prototype.forEach.call(box.querySelectorAll(".condition-line"), function (line, number) {
      var words = ["what to look at", "how to compare", "what to compare with"];
      line.querySelectorAll("select, input").forEach(function (input, place) {
        input.setAttribute("aria-label", "Line " + (number + 1) + ": " + words[place]);
      });
      line.querySelector("[data-condition-remove]").setAttribute("aria-label", "Remove line " + (number + 1));
    });
  }

  function changed(box) {
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.querySelectorAll("[data-condition]").forEach(function (box) {
    var lines = box.querySelector(".condition-lines");
    var add = box.querySelector("[data-condition-add]");
    var spare = lines.querySelector(".is-blank").cloneNode(true);
    lines.querySelectorAll(".is-blank").forEach(function (line) { line.remove(); });
    lines.querySelectorAll(".condition-line").forEach(fit);
    add.addEventListener("click", function () {
      var line = spare.cloneNode(true);
      line.classList.add("is-wanted");
      lines.appendChild(line);
      line.querySelector("[name=condition_field]").selectedIndex = 1;
      fit(line);
      count(box);
      line.querySelector("select").focus();
      changed(box);
    });
    box.addEventListener("change", function (event) {
      if (event.target.name === "condition_field") fit(event.target.closest(".condition-line"));
    });
    box.addEventListener("click", function (event) {
      var button = event.target.closest("[data-condition-remove]");
      if (!button) return;
      button.closest(".condition-line").remove();
      count(box);
      add.focus();
      changed(box);
    });
  });

  /* --- pickers --- */
  document.querySelectorAll("[data-picker]").forEach(function (picker) {
    var box = picker.querySelector("[data-picker-text]");
    var summary = picker.querySelector(".picker-summary");
    var none = picker.querySelector("input:checked") ? "nothing ticked" : summary.textContent;
    if (box) {
      box.addEventListener("input", function () {
        var wanted = box.value.trim().toLowerCase();
        picker.querySelectorAll(".picker-choices label").forEach(function (label) {
          label.hidden = label.textContent.toLowerCase().indexOf(wanted) < 0;
        });
      });
      box.addEventListener("keydown", function (event) { if (event.key === "Enter") event.preventDefault(); });
    }
    picker.addEventListener("change", function () {
      var names = Array.prototype.map.call(picker.querySelectorAll("input:checked"), function (tick) {
        return tick.closest("label").textContent.trim();
      });
      summary.textContent = names.length ? names.join(", ") : none;
    });
  });
})();
