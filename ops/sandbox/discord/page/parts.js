// The parts of a message beside its text: attachments, embeds, and components to press and choose from.

import { answered } from "./dialogs.js";
import { icon } from "./icons.js";
import { call, guildNow, h, nameOf, toast, view } from "./store.js";
import { markup } from "./text.js";

export function attachment(file) {
  if (file.content_type?.startsWith("image/"))
    return h(
      "a",
      { class: "attachment", href: file.url, target: "_blank" },
      h("img", {
        src: file.url,
        alt: file.description || file.filename,
        width: file.width,
        height: file.height,
        style: { "max-width": "min(450px, 100%)", height: "auto" },
      }),
    );
  return h("a", { class: "attachment", href: file.url, target: "_blank" }, icon("file", 16), " ", file.filename);
}

/** Pictures that a client addresses at Discord's own CDN are served here. */
const local = (address) => address.replace(/^https:\/\/cdn\.discordapp\.com\//, "/");

const hex = (colour) => (colour ? `#${colour.toString(16).padStart(6, "0")}` : "");

export function embed(data) {
  const by =
    data.author &&
    h(
      "div",
      { class: "by" },
      data.author.icon_url
        ? h("img", { class: "avatar", src: local(data.author.icon_url), alt: "", width: 22, height: 22 })
        : null,
      data.author.name,
    );
  const title =
    data.title &&
    h(
      "h3",
      {},
      data.url
        ? h("a", { href: data.url, target: "_blank", rel: "noopener noreferrer" }, data.title)
        : markup(data.title),
    );
  const fields =
    data.fields?.length &&
    h(
      "div",
      { class: "fields" },
      data.fields.map((field) =>
        h(
          "div",
          { class: `field${field.inline ? " inline" : ""}` },
          h("b", {}, ...markup(field.name)),
          h("div", { class: "text" }, ...markup(field.value)),
        ),
      ),
    );
  const foot = [
    data.footer?.text,
    data.timestamp && new Date(data.timestamp).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }),
  ]
    .filter(Boolean)
    .join(" · ");
  return h(
    "article",
    { class: "embed", style: { "--stripe": hex(data.color) } },
    by,
    title,
    data.description ? h("div", { class: "text" }, ...markup(data.description)) : null,
    fields || null,
    data.thumbnail ? h("img", { class: "thumb", src: local(data.thumbnail.url), alt: "" }) : null,
    data.image ? h("img", { class: "picture", src: local(data.image.url), alt: data.image.description || "" }) : null,
    foot ? h("footer", {}, foot) : null,
  );
}

// --- components ---

export function component(message, data) {
  switch (data.type) {
    case 1:
      return h(
        "div",
        { class: "controls" },
        data.components.map((child) => component(message, child)),
      );
    case 2:
      return button(message, data);
    case 3:
    case 5:
    case 6:
    case 7:
    case 8:
      return select(message, data);
    case 9:
      return h(
        "div",
        { class: "section" },
        h(
          "div",
          {},
          data.components.map((child) => component(message, child)),
        ),
        component(message, data.accessory),
      );
    case 10:
      return h("div", { class: "text" }, ...markup(data.content));
    case 11:
      return h("img", {
        src: local(data.media.url),
        alt: data.description || "",
        width: 80,
        style: { "border-radius": "8px" },
      });
    case 12:
      return h(
        "div",
        { class: "chips" },
        data.items.map((item) =>
          h("img", { src: local(item.media.url), alt: item.description || "", style: { "max-width": "240px" } }),
        ),
      );
    case 14:
      return h("hr");
    case 17:
      return h(
        "div",
        { class: "box", style: { "--stripe": hex(data.accent_color) } },
        data.components.map((child) => component(message, child)),
      );
    default:
      return h("div", { class: "note" }, `A component of type ${data.type}`);
  }
}

function button(message, data) {
  const label = [data.emoji?.name, data.label].filter(Boolean).join(" ");
  if (data.style === 5)
    return h(
      "a",
      { class: "press", href: data.url, target: "_blank", rel: "noopener noreferrer" },
      `${label} `,
      icon("out", 13),
    );
  return h(
    "button",
    {
      class: `press s${data.style}`,
      disabled: Boolean(data.disabled),
      onclick: async (event) => {
        if (!view.user) return toast("Choose who you are first.");
        event.currentTarget.disabled = true;
        answered(await call("POST", "buttons", { message: message.id, member: view.user, button: data.custom_id }));
        event.target.disabled = Boolean(data.disabled);
      },
    },
    label,
  );
}

function select(message, data) {
  const guild = guildNow();
  const choices =
    data.type === 3
      ? data.options.map((o) => [o.value, [o.emoji?.name, o.label].filter(Boolean).join(" "), o.default])
      : data.type === 5
        ? (guild?.members || []).map((m) => [m.user_id, nameOf(m.user_id)])
        : data.type === 6
          ? (guild?.roles || []).map((r) => [r.id, r.name])
          : data.type === 8
            ? (guild?.channels || [])
                .filter((c) => !data.channel_types?.length || data.channel_types.includes(c.type))
                .map((c) => [c.id, `#${c.name}`])
            : [
                ...(guild?.members || []).map((m) => [m.user_id, nameOf(m.user_id)]),
                ...(guild?.roles || []).map((r) => [r.id, `@${r.name}`]),
              ];
  const many = (data.max_values || 1) > 1;
  const send = async (values) =>
    answered(await call("POST", "selects", { message: message.id, member: view.user, select: data.custom_id, values }));
  const field = h(
    "select",
    {
      disabled: Boolean(data.disabled),
      multiple: many,
      "aria-label": data.placeholder || "Choose",
      onchange: (event) => many || (event.target.value && send([event.target.value])),
    },
    many ? null : h("option", { value: "" }, data.placeholder || "Make a selection"),
    choices.map(([value, label, chosen]) => h("option", { value, selected: Boolean(chosen) }, label)),
  );
  if (!many) return field;
  return h(
    "span",
    {},
    field,
    h(
      "button",
      { class: "press", onclick: () => send([...field.selectedOptions].map((option) => option.value)) },
      "Choose",
    ),
  );
}
