// What the page knows: the world as the server tells it, and what is being looked at.

export const world = {
  users: new Map(),
  guilds: new Map(),
  dms: [],
  application: {},
  sessions: [],
  faults: {},
  traffic: {},
  violations: 0,
};
export const view = { guild: null, channel: null, user: null, visible: new Set(), unread: new Map(), replyTo: null };
export const DIRECT = "@me";

/** Calls the control API; an error becomes a toast and null. */
export async function call(method, path, body) {
  try {
    const response = await fetch(`/sandbox/${path}`, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error || answer.message || `Error ${response.status}`);
    return answer;
  } catch (error) {
    toast(
      error.message === "Failed to fetch" ? "The local Discord does not answer. Is it still running?" : error.message,
    );
    return null;
  }
}

/** Reads everything but messages. */
export async function refresh() {
  const state = await call("GET", "state");
  if (!state) return false;
  world.users = new Map(state.users.map((user) => [user.id, user]));
  world.guilds = new Map(state.guilds.map((guild) => [guild.id, index(guild)]));
  Object.assign(world, {
    dms: state.dms,
    application: state.application,
    sessions: state.sessions,
    faults: state.faults,
    traffic: state.traffic,
    violations: state.violations,
  });
  return true;
}

function index(guild) {
  guild.channelOf = new Map(guild.channels.map((channel) => [channel.id, channel]));
  guild.memberOf = new Map(guild.members.map((member) => [member.user_id, member]));
  guild.roleOf = new Map(guild.roles.map((role) => [role.id, role]));
  return guild;
}

export const guildNow = () => world.guilds.get(view.guild);
export const channelNow = () =>
  guildNow() ? guildNow().channelOf.get(view.channel) : world.dms.find((dm) => dm.id === view.channel);

export function nameOf(userId, guild = guildNow()) {
  const user = world.users.get(userId);
  const nick = guild?.memberOf.get(userId)?.nick;
  return nick || user?.global_name || user?.username || "Somebody";
}

export function colourOf(userId, guild = guildNow()) {
  const roles = (guild?.memberOf.get(userId)?.roles || [])
    .map((id) => guild.roleOf.get(id))
    .filter((role) => role && role.color);
  if (!roles.length) return "";
  const top = roles.sort((a, b) => b.position - a.position)[0];
  const hex = `#${top.color.toString(16).padStart(6, "0")}`;
  return document.documentElement.dataset.theme === "dark" ? `color-mix(in srgb, ${hex} 55%, white)` : hex;
}

/** A DOM node: h("button", { class: "x", onclick }, "text", node, …). Text is never parsed as HTML. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style" && typeof value === "object")
      for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else if (key in node && key !== "list" && key !== "style") node[key] = value;
    else node.setAttribute(key === "class" ? "class" : key, value === true ? "" : value);
  }
  if (props?.class) node.className = props.class;
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const avatar = (userId, size = 40) =>
  h("img", { class: "avatar", src: `/avatars/${userId}/x.png`, alt: "", width: size, height: size, loading: "lazy" });
export const $ = (id) => document.getElementById(id);

export function toast(text) {
  const node = h("div", { class: "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.remove(), 6000);
}

/** Opens the pop-up near an element, inside the window. */
export function pop(anchor, ...children) {
  const box = $("pop");
  box.replaceChildren(...children.flat().filter(Boolean));
  box.hidden = false;
  $("veil").hidden = false;
  const near = anchor.getBoundingClientRect(),
    size = box.getBoundingClientRect();
  const left = Math.min(Math.max(8, near.left), innerWidth - size.width - 8);
  let top = near.bottom + 6;
  if (top + size.height > innerHeight - 8) top = Math.max(8, near.top - size.height - 6);
  Object.assign(box.style, { left: `${left}px`, top: `${top}px` });
  box.querySelector("input, button")?.focus();
}

export function closePop() {
  $("pop").hidden = true;
  $("veil").hidden = true;
  document.body.classList.remove("open");
}
