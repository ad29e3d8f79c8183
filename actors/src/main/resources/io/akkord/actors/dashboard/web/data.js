// Questions to this server, and the live stream. The token, where one is needed, is asked for; who wants to can put it
// into the address, as #token=…

let token = sessionStorage.getItem("akkord-token") || "";
const given = /[#&]token=([^&]+)/.exec(location.hash);
if (given) {
  token = decodeURIComponent(given[1]);
  sessionStorage.setItem("akkord-token", token);
  history.replaceState(null, "", location.pathname);
}

export function useToken(text) {
  token = text.trim();
  sessionStorage.setItem("akkord-token", token);
}

const headers = () => (token ? { "X-Akkord-Token": token } : {});

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) {
    const error = new Error(body.error || `the server answered ${response.status}`);
    error.status = response.status;
    throw error;
  }
  return body;
}

export async function get(path, query = {}) {
  const url = new URL("api/v1/" + path, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  let response;
  try {
    response = await fetch(url, { headers: headers() });
  } catch {
    throw new Error("the server does not answer; the run may have ended (akkord dashboard DIR shows it)");
  }
  return answer(response);
}

export async function post(path) {
  return answer(await fetch("api/v1/" + path, { method: "POST", headers: headers() }));
}

// Calls told.data with each overview, told.broken with what that throws, told.link with live | lost. Returns a function that ends it.
export function live(run, told) {
  const ended = new AbortController();
  let wait = 500;
  const listen = async () => {
    while (!ended.signal.aborted) {
      try {
        const response = await fetch("api/v1/live?run=" + encodeURIComponent(run), { headers: headers(), signal: ended.signal });
        if (!response.ok) await answer(response);
        told.link("live");
        wait = 500;
        await read(response.body.getReader(), told);
      } catch (error) {
        if (ended.signal.aborted) return;
        if (error.status === 401) told.locked();
      }
      if (ended.signal.aborted) return;
      told.link("lost");
      await new Promise((resolve) => setTimeout(resolve, wait));
      wait = Math.min(8000, wait * 2);
    }
  };
  listen();
  return () => ended.abort();
}

// Trouble with what was told is none of the connection.
function tell(told, news) {
  try {
    told.data(news);
  } catch (error) {
    console.error("live news could not be drawn", error);
    told.broken(error);
  }
}

async function read(reader, told) {
  const decoder = new TextDecoder();
  let pending = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    pending += decoder.decode(value, { stream: true });
    const frames = pending.split("\n\n");
    pending = frames.pop();
    for (const frame of frames) {
      const data = frame.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (data) tell(told, JSON.parse(data));
    }
  }
}
