// Sends what the browser shall remember to the server, which sets the cookies: scripts cannot read them. Each content
// is sent once; a page that is being left still sends it.

let sent = "";

export default function (component) {
  const { address, remembered } = component.data;
  const body = JSON.stringify(remembered);
  if (body === sent) return;
  sent = body;
  fetch(address, {
    method: "POST", credentials: "same-origin", keepalive: true, headers: { "Content-Type": "application/json" }, body,
  }).catch(() => (sent = ""));
}
