// Keeps every file of the site, so that it works without a network.

importScripts("./files.js"); // VERSION and FILES, by build.py

const NAME = `playground ${VERSION}`;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)));
});

self.addEventListener("activate", (event) => {
  const others = (name) => name.startsWith("playground ") && name !== NAME;
  event.waitUntil(
    caches.keys().then((names) => Promise.all(names.filter(others).map((name) => caches.delete(name)))),
  );
});

// A newer site comes from the network; what was kept is for when there is none.
self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !event.request.url.startsWith(self.registration.scope)) return;
  const kept = () => caches.match(event.request, { ignoreSearch: true, ignoreVary: true });
  event.respondWith(
    fetch(event.request).catch(async (error) => {
      const found = await kept();
      if (!found) throw error;
      return found;
    }),
  );
});
