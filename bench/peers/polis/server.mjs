// A SCIM endpoint made of Ory Polis' npm library, as its own product makes one: a path with the directory's id, the
// bearer token and the query handed to `directorySync.requests.handle`, with a callback that takes every event.
// Reads PEER_PORT and PEER_DATABASE from the environment, and writes where the endpoint is and its token to PEER_FACTS,
// since the library chooses both.
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import jackson from "@boxyhq/saml-jackson";

const { PEER_PORT, PEER_DATABASE, PEER_FACTS } = process.env;
const PATH = "/api/scim/v2.0/";
const { directorySyncController: directorySync } = await jackson.default({
    externalUrl: `http://127.0.0.1:${PEER_PORT}`,
    samlPath: "/api/oauth/saml",
    scimPath: PATH.slice(0, -1),
    noAnalytics: true,
    // A page of 100 has to fit. totalResults is the length of what one page can hold, whatever the limit is.
    db: { engine: "sql", type: "postgres", url: PEER_DATABASE, pageLimit: 100 },
    logger: { info() {}, warn() {}, error: console.error },
});
const { data: directory, error } = await directorySync.directories.create({
    name: "Okta", tenant: "acme", product: "benchmark", type: "okta-scim-v2",
});
if (error) throw new Error(error.message);

async function handle(request) {
    const url = new URL(request.url, "http://127.0.0.1");
    const [directoryId, resourceType, resourceId] = url.pathname.slice(PATH.length).split("/");
    const number = (name) => (url.searchParams.has(name) ? Number(url.searchParams.get(name)) : undefined);
    const parts = [];
    for await (const part of request) parts.push(part);
    const text = Buffer.concat(parts).toString();
    return directorySync.requests.handle({
        method: request.method,
        directoryId,
        resourceType,
        resourceId,
        apiSecret: request.headers.authorization?.replace(/^Bearer /, ""),
        body: text ? JSON.parse(text) : undefined,
        query: {
            count: number("count"),
            startIndex: number("startIndex"),
            filter: url.searchParams.get("filter") ?? undefined,
        },
    }, async () => {});
}

createServer(async (request, response) => {
    let answer;
    try {
        answer = await handle(request);
    } catch (failure) {
        console.error(failure);
        answer = { status: 500, data: { detail: String(failure) } };
    }
    const content = Buffer.from(JSON.stringify(answer.data));
    response.writeHead(answer.status, { "Content-Type": "application/scim+json", "Content-Length": content.length });
    response.end(content);
}).listen(Number(PEER_PORT), "127.0.0.1", () => {
    writeFileSync(PEER_FACTS, JSON.stringify({ root: `${PATH}${directory.id}`, token: directory.scim.secret }));
});
