/* The dashboard's frame: palette, ticked rows, unsaved changes, focus on errors. Everything works without it, only slower. */
(function () {
  "use strict";

  /* --- the palette: a dialog with an ARIA combobox --- */
  var dialog = document.getElementById("palette");
  var box = document.getElementById("palette-text");
  var found = document.getElementById("palette-found");
  var timer = 0;
  var asked = 0;

  function options() {
    return Array.prototype.slice.call(found.querySelectorAll("a[role=option]"));
  }

  function choose(option) {
    options().forEach(function (one) { one.setAttribute("aria-selected", String(one === option)); });
    if (!option) {
      box.removeAttribute("aria-activedescendant");
      return;
    }
    box.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function chosen() {
    return found.querySelector("[role=option][aria-selected=true]");
  }

  function ask() {
    var mine = ++asked;
    fetch(dialog.dataset.palette + "?q=" + encodeURIComponent(box.value), { headers: { "HX-Request": "true" } })
      .then(function (answer) {
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.text();
      })
      .then(function (html) {
        if (mine !== asked) return; // a later question was faster
        found.innerHTML = html;
        choose(options()[0]);
      })
      .catch(function () {
        if (mine === asked) found.textContent = "We could not search just now. Try again in a moment.";
      });
  }

  function openPalette() {
    if (!dialog || dialog.open) return;
    dialog.showModal();
    box.value = "";
    box.focus();
    ask();
  }

  function isTyping(element) {
    return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName);
  }

  function move(step) {
    var all = options();
    if (!all.length) return;
    var at = all.indexOf(chosen());
    choose(all[(at + step + all.length) % all.length]);
  }

  if (dialog && dialog.showModal) {
    document.addEventListener("keydown", function (event) {
      var wanted = (event.key === "k" && (event.ctrlKey || event.metaKey)) ||
        (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target));
      if (!wanted) return;
      event.preventDefault();
      openPalette();
    });
    document.querySelectorAll("[data-palette-open]").forEach(function (button) {
      button.addEventListener("click", function (event) {
        event.preventDefault();
        openPalette();
      });
    });
    dialog.querySelector("[data-palette-close]").addEventListener("click", function () { dialog.close(); });
    dialog.addEventListener("click", function (event) { if (event.target === dialog) dialog.close(); });
    box.addEventListener("input", function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(ask, 120);
    });
    box.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown") move(1);
      else if (event.key === "ArrowUp") move(-1);
      else if (event.key === "Home" && event.ctrlKey) choose(options()[0]);
      else if (event.key === "End" && event.ctrlKey) choose(options().pop());
      else if (event.key === "Enter") {
        if (chosen()) chosen().click();
      } else return;
      event.preventDefault();
    });
    found.addEventListener("mousemove", function (event) {
      var option = event.target.closest("a[role=option]");
      if (option && option !== chosen()) choose(option);
    });
  }

  /* --- ticked rows and the bar of what can be done with them --- */
  function countTicks(scope) {
    var bar = scope.querySelector("[data-bulk-bar]");
    if (!bar) return;
    var ones = Array.prototype.slice.call(scope.querySelectorAll("[data-bulk-one]"));
    var ticked = ones.filter(function (one) { return one.checked; }).length;
    var all = scope.querySelector("[data-bulk-all]");
    var page = scope.querySelector("[data-bulk-page]");
    var everything = Boolean(all && all.checked);
    bar.hidden = !ticked && !everything;
    bar.querySelector("[data-bulk-count]").textContent = everything ? "All that match" : ticked + " ticked";
    if (page) {
      page.checked = ticked > 0 && ticked === ones.length;
      page.indeterminate = ticked > 0 && ticked < ones.length;
    }
  }

  function countAll() {
    document.querySelectorAll("[data-bulk-scope]").forEach(countTicks);
  }

  document.addEventListener("change", function (event) {
    var scope = event.target.closest("[data-bulk-scope]");
    if (!scope) return;
    if (event.target.matches("[data-bulk-page]")) {
      scope.querySelectorAll("[data-bulk-one]").forEach(function (one) { one.checked = event.target.checked; });
    }
    countTicks(scope);
  });

  /* --- unsaved changes: a bar that stays in sight, and a question before the page is left --- */
  function written(form) {
    var pairs = [];
    new FormData(form).forEach(function (value, name) {
      pairs.push(name + "=" + (value instanceof File ? value.name + value.size : value));
    });
    return pairs.join("&");
  }

  function isUnsaved(form) {
    return form.dataset.sent !== "1" && form.dataset.written !== written(form);
  }

  function showUnsaved(form) {
    var bar = form.querySelector("[data-unsaved-bar]");
    if (!bar) return;
    var unsaved = isUnsaved(form);
    bar.classList.toggle("is-unsaved", unsaved);
    bar.querySelector("[data-unsaved-text]").textContent = unsaved ? "You have unsaved changes." : "";
  }

  function watch(form) {
    if (form.dataset.written !== undefined) return;
    form.dataset.written = form.hasAttribute("data-unsaved-now") ? "" : written(form);
    showUnsaved(form);
    form.addEventListener("input", function () { showUnsaved(form); });
    form.addEventListener("change", function () { showUnsaved(form); });
    form.addEventListener("reset", function () { window.setTimeout(function () { showUnsaved(form); }, 0); });
    form.addEventListener("submit", function () { form.dataset.sent = "1"; });
  }

  window.addEventListener("beforeunload", function (event) {
    var forms = Array.prototype.slice.call(document.querySelectorAll("form[data-unsaved]"));
    if (forms.some(isUnsaved)) event.preventDefault();
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-unsaved]").forEach(function (form) { delete form.dataset.sent; });
  });

  /* --- a form sent twice by a nervous finger is sent once --- */
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (!form.matches("form[data-once]")) return;
    if (form.dataset.going === "1") {
      event.preventDefault();
      return;
    }
    form.dataset.going = "1";
    window.setTimeout(function () { delete form.dataset.going; }, 8000);
  });

  /* --- what was done a moment ago and is told to others soon: how long it can be taken back unseen --- */
  function countDown() {
    var waiting = false;
    document.querySelectorAll("[data-until]").forEach(function (line) {
      var left = (new Date(line.dataset.until) - Date.now()) / 1000;
      waiting = waiting || left > 0;
      line.querySelector("[data-until-clock]").value = Math.max(0, left);
      line.querySelector("[data-until-left]").textContent = left > 0 ? "Sent in " + Math.ceil(left) + " s." : "Sent.";
      if (left < -4 && !line.contains(document.activeElement)) line.remove();
      else waiting = true;
    });
    if (waiting) window.setTimeout(countDown, 200);
  }

  function begin(scope) {
    countAll();
    scope.querySelectorAll("form[data-unsaved]").forEach(watch);
    var problem = scope.querySelector("[data-focus]");
    if (problem) problem.focus();
  }
  document.addEventListener("htmx:afterSettle", function (event) { begin(event.target.parentElement || document); });
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (event.detail.target && event.detail.target.id === "list") event.detail.target.setAttribute("aria-busy", "true");
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", function () { begin(document); });
  else begin(document);

  countDown();

  /* --- on a phone tabs and steps scroll sideways: begin with the current one in sight --- */
  document.querySelectorAll(".section-tabs [aria-current], .setup-steps [aria-current]").forEach(function (line) {
    var strip = line.closest("nav.tabs, ol");
    if (strip && strip.scrollWidth > strip.clientWidth) {
      strip.scrollLeft += line.getBoundingClientRect().left - strip.getBoundingClientRect().left - 48;
    }
  });
})();
